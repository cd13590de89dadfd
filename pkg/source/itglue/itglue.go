// Package itglue reads an MSP's customers from IT Glue's organizations. It asks
// for organizations and nothing else, above all never for passwords: a key
// without password access is enough.
package itglue

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// TopicRefusedKey is that the region refused the API key.
const TopicRefusedKey source.Topic = "refused_key"

// System names IT Glue in [source.Organization] and in external ids.
const System = "itglue"

const product = "IT Glue"

// Config says where and as whom to read, and which organizations are customers.
type Config struct {
	// Region is us, eu or au; "" is us. A key is good in its own region only.
	Region string
	// URL overrides the region's address, for a gateway: https, or http on loopback.
	URL string
	Key source.Secret
	// Types and Statuses are names of organization types and statuses. Where
	// they are given they replace the default of [Organizations].
	Types, Statuses []string

	weblist.Options
}

// Organizations reads all organizations, whole, and picks
// the customers among them ([weblist.Choice.Pick]): those of the type "Customer",
// unless Types are given.
func Organizations(ctx context.Context, cfg Config) (weblist.Customers, error) {
	c, err := newClient(cfg)
	if err != nil {
		return weblist.Customers{}, err
	}
	return c.Customers(ctx, list(c, cfg))
}

func newClient(cfg Config) (*weblist.Client, error) {
	address, ok := regionURL(cfg.Region)
	if !ok {
		return nil, &source.Error{Code: source.CodeUsage, Message: "IT Glue has no region of that name", Hint: "use us, eu or au"}
	}
	base, err := weblist.Address(product, cmp.Or(cfg.URL, address), address)
	if err != nil {
		return nil, err
	}
	if err := weblist.CheckSecret(cfg.Key, "API key of IT Glue", "api-key-from"); err != nil {
		return nil, err
	}
	where := "region " + strings.ToLower(cmp.Or(cfg.Region, "us"))
	if cfg.URL != "" {
		where = base.Host
	}
	const media = "application/vnd.api+json"
	return weblist.NewClient(weblist.API{
		Name: product, Where: where, Base: base,
		Header: http.Header{"Accept": {media}, "Content-Type": {media}},
		Authorize: func(_ context.Context, h http.Header) error {
			h.Set("X-Api-Key", cfg.Key.Reveal())
			return nil
		},
		Secrets: []source.Secret{cfg.Key},
		Refused: TopicRefusedKey,
	}, cfg.Options), nil
}

// regionURL is the address of a region of IT Glue.
func regionURL(region string) (string, bool) {
	switch strings.ToLower(region) {
	case "", "us":
		return "https://api.itglue.com", true
	case "eu":
		return "https://api.eu.itglue.com", true
	case "au":
		return "https://api.au.itglue.com", true
	}
	return "", false
}
