// Package connectwise reads an MSP's customers from the companies of ConnectWise
// PSA, as its API is documented.
package connectwise

import (
	"context"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// TopicRefusedKeys is that ConnectWise refused the company, its keys or the client id.
const TopicRefusedKeys source.Topic = "connectwise_refused_keys"

// System names ConnectWise PSA in [source.Organization] and in external ids.
const System = "connectwise"

const (
	product = "ConnectWise PSA"
	release = "v4_6_release/apis/3.0"
)

// Config says where and as whom to read, and which companies are customers.
type Config struct {
	// URL is where ConnectWise PSA is: https, or http on loopback. The API's own path
	// is added where it does not end in /apis/3.0.
	URL string
	// Company is what one gives at the login.
	Company string
	// PublicKey and PrivateKey are an API member's; ClientID names the integration.
	PublicKey, PrivateKey, ClientID source.Secret
	// Types and Statuses are names of company types and statuses. Where they are
	// given they replace the default of [Companies].
	Types, Statuses []string

	weblist.Options
}

// Companies reads all companies that are not deleted, whole,
// and picks the customers among them ([weblist.Choice.Pick]): those that have the
// type "Customer", unless Types are given.
func Companies(ctx context.Context, cfg Config) (weblist.Customers, error) {
	c, err := newClient(cfg)
	if err != nil {
		return weblist.Customers{}, err
	}
	return c.Customers(ctx, list(c, cfg))
}

func newClient(cfg Config) (*weblist.Client, error) {
	base, err := weblist.Address(product, cfg.URL, "https://api-na.myconnectwise.net")
	if err != nil {
		return nil, err
	}
	where := base.Host
	// Newer servers have a release of their own before the version.
	if !strings.HasSuffix(strings.TrimSuffix(base.Path, "/"), "/apis/3.0") {
		base = base.JoinPath(release)
	}
	for _, s := range []struct {
		value         source.Secret
		name, subject string
	}{
		{cfg.PublicKey, "public key of ConnectWise", "public-key-from"},
		{cfg.PrivateKey, "private key of ConnectWise", "private-key-from"},
		{cfg.ClientID, "client id of ConnectWise", "client-id-from"},
	} {
		if err := weblist.CheckSecret(s.value, s.name, s.subject); err != nil {
			return nil, err
		}
	}
	// A colon in the name would make another password of the rest.
	if !weblist.IsWord(cfg.Company) || strings.ContainsAny(cfg.Company, ":+") || strings.Contains(cfg.PublicKey.Reveal(), ":") {
		return nil, &source.Error{Code: source.CodeUsage, Message: "the company or the public key of ConnectWise holds characters that none has"}
	}
	login := base64.StdEncoding.EncodeToString([]byte(cfg.Company + "+" + cfg.PublicKey.Reveal() + ":" + cfg.PrivateKey.Reveal()))
	return weblist.NewClient(weblist.API{
		Name: product, Where: where, Base: base,
		// Pages by id: what is added or deleted meanwhile moves nothing.
		Header: http.Header{"Pagination-Type": {"forward-only"}},
		Authorize: func(_ context.Context, h http.Header) error {
			h.Set("Authorization", "Basic "+login)
			h.Set("clientId", cfg.ClientID.Reveal())
			return nil
		},
		Secrets: []source.Secret{cfg.PrivateKey, cfg.PublicKey, cfg.ClientID, source.NewSecret(login)},
		Refused: TopicRefusedKeys,
	}, cfg.Options), nil
}

// list is the list of companies. Which page comes next is said by a link, how many
// companies there are by a question of its own.
func list(c *weblist.Client, cfg Config) weblist.List {
	const notDeleted = "deletedFlag=false"
	return weblist.List{
		Choice: weblist.Choice{Noun: "company", Kind: "type", Types: cfg.Types, Statuses: cfg.Statuses, DefaultType: "Customer"},
		What:   "companies",
		ByID:   true,
		First: weblist.Request{Path: "company/companies", Query: url.Values{
			"conditions": {notDeleted}, "pageSize": {c.PageSize()},
		}},
		Count: func(ctx context.Context) (int, error) {
			a, err := c.Ask(ctx, weblist.Request{Path: "company/companies/count", Query: url.Values{"conditions": {notDeleted}}})
			if err != nil {
				return 0, err
			}
			var doc struct {
				Count jsontext.Value `json:"count"`
			}
			n := 0
			if err = c.Decode(a.Body, jsontext.KindBeginObject, &doc); err == nil {
				n, err = weblist.Count(doc.Count)
			}
			if err != nil {
				return 0, c.Damaged("ConnectWise's count of companies is not what it should be"+c.Said(a.Body), err)
			}
			return n, nil
		},
		Parse: func(a weblist.Answer, _ int) (weblist.Page, error) {
			p := weblist.Page{Total: weblist.Uncounted}
			var companies []company
			if err := c.Decode(a.Body, jsontext.KindBeginArray, &companies); err != nil {
				return p, err
			}
			var err error
			if p.Organizations, err = weblist.Organizations(companies, company.organization); err != nil {
				return p, err
			}
			next, err := weblist.NextLink(a)
			if next != nil {
				p.Next = &weblist.Request{Link: next}
			}
			return p, err
		},
	}
}

type named struct {
	Name string `json:"name"`
}

// Newer versions give a company several types, older ones one.
type company struct {
	ID      jsontext.Value `json:"id"`
	Name    string         `json:"name"`
	Status  *named         `json:"status"`
	Type    *named         `json:"type"`
	Types   []named        `json:"types"`
	Deleted jsontext.Value `json:"deletedFlag"`
}

func (c company) organization() (source.Organization, error) {
	o, err := weblist.Numbered(System, c.ID, c.Name)
	if err != nil {
		return o, err
	}
	deleted, err := weblist.Flag(c.Deleted)
	switch {
	case err != nil:
		return o, fmt.Errorf("number %s: deletedFlag: %w", o.ID, err)
	case deleted:
		return o, fmt.Errorf("number %s is deleted, which was not asked for", o.ID)
	}
	o.Status = ""
	if c.Status != nil {
		o.Status = c.Status.Name
	}
	if c.Type != nil {
		o.Types = weblist.Names(c.Type.Name)
	}
	for _, t := range c.Types {
		o.Types = append(o.Types, weblist.Names(t.Name)...)
	}
	return o, nil
}
