// Package halopsa reads an MSP's customers from the clients of HaloPSA, and which
// Microsoft 365 tenant is whose, as its API is documented.
package halopsa

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// What errors are about: HaloPSA refused the application; it does not tell it the
// tenants of its clients.
const (
	TopicRefused   source.Topic = "halopsa_refused"
	TopicNoTenants source.Topic = "halopsa_no_tenants"
)

// System names HaloPSA in [source.Organization] and in external ids.
const System = "halopsa"

const (
	product = "HaloPSA"
	api     = "api"
)

// Config says where and as whom to read, and which clients are customers.
type Config struct {
	// URL is where HaloPSA is: https, or http on loopback. Its API is below /api.
	URL string
	// AuthURL is its authorisation server; "" is /auth below URL.
	AuthURL string
	// Tenant names the instance where several share a server; "" names none.
	Tenant string
	// ClientID, ClientSecret and Scope are an API application's; "" asks for the
	// scope all.
	ClientID     string
	ClientSecret source.Secret
	Scope        string
	// TopLevels are names of top levels; none takes the clients of all. Statuses are
	// Active and Inactive; none is Active.
	TopLevels, Statuses []string
	// NoTenants leaves out which tenant is whose.
	NoTenants bool

	weblist.Options
}

// Clients reads all clients, whole, and picks the customers
// among them ([weblist.Choice.Pick]): those that are not inactive, unless Statuses
// or TopLevels say otherwise. Each has the id of its tenant, where HaloPSA knows
// one tenant of that client and one client of that tenant.
func Clients(ctx context.Context, cfg Config) (weblist.Customers, error) {
	c, err := newClient(cfg)
	if err != nil {
		return weblist.Customers{}, err
	}
	return c.Customers(ctx, list(c, cfg))
}

func newClient(cfg Config) (*weblist.Client, error) {
	const example = "https://msp.halopsa.com"
	base, err := weblist.Address(product, cfg.URL, example)
	if err != nil {
		return nil, err
	}
	base = weblist.Site(base, api)
	auth := base.JoinPath("auth")
	if cfg.AuthURL != "" {
		if auth, err = weblist.Address(product+"'s authorisation server", cfg.AuthURL, example+"/auth"); err != nil {
			return nil, err
		}
	}
	if !weblist.IsWord(cfg.ClientID) {
		return nil, &source.Error{Code: source.CodeUsage, Message: "the client id of HaloPSA is empty or holds characters that none has"}
	}
	if err := weblist.CheckSecret(cfg.ClientSecret, "client secret of HaloPSA", "client-secret-from"); err != nil {
		return nil, err
	}
	secrets := []source.Secret{cfg.ClientSecret}
	l := &login{cfg: cfg, client: weblist.NewClient(weblist.API{
		Name: product, Where: auth.Host, Base: auth, Secrets: secrets, Refused: TopicRefused,
		Refusals: []int{http.StatusBadRequest}, // RFC 6749, 5.2
	}, cfg.Options)}
	c := weblist.NewClient(weblist.API{
		Name: product, Where: base.Host, Base: base.JoinPath(api), Secrets: secrets, Refused: TopicRefused, Authorize: l.authorize, Forget: l.forget,
	}, cfg.Options)
	l.learn = func(token source.Secret) { c.Secrets = append(c.Secrets, token) }
	return c, nil
}

// list is the list of clients.
func list(c *weblist.Client, cfg Config) weblist.List {
	request := func(number int) weblist.Request {
		return weblist.Request{Path: "Client", Query: url.Values{
			"pageinate": {"true"}, // their spelling
			"page_no":   {strconv.Itoa(number)}, "page_size": {c.PageSize()},
			"order": {"id"}, "includeactive": {"true"}, "includeinactive": {"true"},
		}}
	}
	return weblist.List{
		Choice: weblist.Choice{Noun: "client", Kind: "top level", Types: cfg.TopLevels, Statuses: cfg.Statuses},
		What:   "clients", First: request(1),
		Complete: func(ctx context.Context, all []source.Organization) error {
			if cfg.NoTenants {
				return nil
			}
			t, err := readTenants(ctx, c)
			if err == nil {
				t.join(all)
			}
			return err
		},
		Parse: func(a weblist.Answer, number int) (weblist.Page, error) {
			var p weblist.Page
			var doc struct {
				Count   jsontext.Value `json:"record_count"`
				Clients *[]client      `json:"clients"`
			}
			err := c.Decode(a.Body, jsontext.KindBeginObject, &doc)
			switch {
			case err != nil:
				return p, err
			case doc.Clients == nil:
				return p, errors.New(`"clients" is missing` + c.Said(a.Body))
			}
			if p.Total, err = weblist.Count(doc.Count); err != nil {
				return p, fmt.Errorf("record_count: %w", err)
			}
			if p.Organizations, err = weblist.Organizations(*doc.Clients, client.organization); err != nil {
				return p, err
			}
			// Servers may give fewer at once than were asked for: the end is the page
			// that is empty, and the count tells whether it came too early.
			if next := request(number + 1); len(p.Organizations) > 0 {
				p.Next = &next
			}
			return p, nil
		},
	}
}

type client struct {
	ID       jsontext.Value `json:"id"`
	Name     string         `json:"name"`
	TopLevel string         `json:"toplevel_name"`
	Inactive jsontext.Value `json:"inactive"`
}

func (c client) organization() (source.Organization, error) {
	o, err := weblist.Numbered(System, c.ID, c.Name)
	if err != nil {
		return o, err
	}
	o.Types = weblist.Names(c.TopLevel)
	return o, weblist.Retire(&o, "inactive", c.Inactive, "Inactive")
}
