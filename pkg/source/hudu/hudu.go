// Package hudu reads an MSP's customers from the companies of Hudu, as its API is
// documented.
package hudu

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// TopicRefusedKey is that Hudu refused the API key.
const TopicRefusedKey source.Topic = "hudu_refused_key"

// System names Hudu in [source.Organization] and in external ids.
const System = "hudu"

const (
	product = "Hudu"
	api     = "api/v1"
)

// Config says where and as whom to read, and which companies are customers.
type Config struct {
	// URL is where Hudu is: https, or http on loopback.
	URL string
	Key source.Secret
	// Headers are what a gateway before Hudu asks for, by name.
	Headers map[string]source.Secret
	// Types are names of company types; none takes companies of every type. Statuses
	// are Active and Archived; none is Active.
	Types, Statuses []string

	weblist.Options
}

// Companies reads all companies, whole, and picks the
// customers among them ([weblist.Choice.Pick]): those that are not archived, unless
// Statuses or Types say otherwise.
func Companies(ctx context.Context, cfg Config) (weblist.Customers, error) {
	c, err := newClient(cfg)
	if err != nil {
		return weblist.Customers{}, err
	}
	return c.Customers(ctx, list(c, cfg))
}

func newClient(cfg Config) (*weblist.Client, error) {
	base, err := weblist.Address(product, cfg.URL, "https://msp.huducloud.com")
	if err != nil {
		return nil, err
	}
	if err := weblist.CheckSecret(cfg.Key, "API key of Hudu", "api-key-from"); err != nil {
		return nil, err
	}
	secrets := []source.Secret{cfg.Key}
	for name, value := range cfg.Headers {
		if !mayBeSent(name) {
			return nil, &source.Error{Code: source.CodeUsage, Message: "a header of the gateway before Hudu has a name that none has, or that is not the gateway's"}
		}
		if err := weblist.CheckSecret(value, "value of the header "+name, "header"); err != nil {
			return nil, err
		}
		secrets = append(secrets, value)
	}
	return weblist.NewClient(weblist.API{
		Name: product, Where: base.Host, Base: weblist.Site(base, api).JoinPath(api),
		Authorize: func(_ context.Context, h http.Header) error {
			for name, value := range cfg.Headers {
				h.Set(name, value.Reveal())
			}
			h.Set("X-Api-Key", cfg.Key.Reveal())
			return nil
		},
		Secrets: secrets,
		Refused: TopicRefusedKey,
	}, cfg.Options), nil
}

// mayBeSent says whether a header's name can be one of a gateway's, and not one by
// which the request itself would be another.
func mayBeSent(name string) bool {
	if strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
		return false
	}
	switch http.CanonicalHeaderKey(name) {
	case "", "X-Api-Key", "Host", "Accept", "Accept-Encoding", "Connection", "Content-Length", "Content-Type", "Transfer-Encoding", "User-Agent":
		return false
	}
	return true
}

// list is the list of companies. Hudu says neither how many there are nor which
// page is the last, and versions differ in how many a page may have: the end is
// the page that is empty.
func list(c *weblist.Client, cfg Config) weblist.List {
	request := func(number int) weblist.Request {
		return weblist.Request{Path: "companies", Query: url.Values{
			"page": {strconv.Itoa(number)}, "page_size": {c.PageSize()},
		}}
	}
	return weblist.List{
		Choice: weblist.Choice{Noun: "company", Kind: "type", Types: cfg.Types, Statuses: cfg.Statuses},
		What:   "companies", First: request(1),
		Parse: func(a weblist.Answer, number int) (weblist.Page, error) {
			p := weblist.Page{Total: weblist.Uncounted}
			var doc struct {
				Companies *[]company `json:"companies"`
			}
			if err := c.Decode(a.Body, jsontext.KindBeginObject, &doc); err != nil {
				return p, err
			}
			if doc.Companies == nil {
				return p, errors.New(`"companies" is missing` + c.Said(a.Body))
			}
			var err error
			if p.Organizations, err = weblist.Organizations(*doc.Companies, company.organization); err != nil {
				return p, err
			}
			if next := request(number + 1); len(p.Organizations) > 0 {
				p.Next = &next
			}
			return p, nil
		},
	}
}

type company struct {
	ID       jsontext.Value `json:"id"`
	Name     string         `json:"name"`
	Type     string         `json:"company_type"`
	Archived jsontext.Value `json:"archived"`
}

func (c company) organization() (source.Organization, error) {
	o, err := weblist.Numbered(System, c.ID, c.Name)
	if err != nil {
		return o, err
	}
	o.Types = weblist.Names(c.Type)
	return o, weblist.Retire(&o, "archived", c.Archived, "Archived")
}
