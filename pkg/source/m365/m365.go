// Package m365 reads the users of a Microsoft 365 tenant from Microsoft Graph, and
// through a [Resetter] sets passwords there.
//
// Of Microsoft's SDK it uses the request adapter, the middleware, the typed
// errors and the sign-in; pages are followed and checked here, because an
// importer must tell a complete read from a short one.
package m365

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

const (
	pageSize    = 999     // the most that Graph gives
	maxPages    = 100_000 // of a read; more is a server that never ends
	maxRestarts = 3       // of a read whose page links expire
)

// Config says which tenant is read and how. Of the three secrets one at most is set,
// as the connection has it; each is resolved when it is first needed.
type Config struct {
	// Connection is one of Microsoft 365 that is live.
	Connection source.Connection
	// ClientSecret of the application.
	ClientSecret func(context.Context) (source.Secret, error)
	// Certificate with its private key: PEM, or PFX without password as it is or
	// in base64.
	Certificate func(context.Context) (source.Secret, error)
	// AccessToken is a token for Graph that somebody else obtained.
	AccessToken func(context.Context) (source.Secret, error)

	// Assertion is the token of another identity service, for a federated sign-in;
	// nil takes the one of the GitHub job.
	Assertion func(context.Context) (source.Secret, error)
	// Getenv reads what Kubernetes and GitHub put into the environment.
	Getenv func(string) string
	// Prompt shows a person where to type a code; nil where nobody is there.
	Prompt func(message string)

	UserAgent string
	// Announce tells people about waits of some seconds; nil tells nobody.
	Announce func(format string, args ...any)
	// Retried is told of each wait before a request is made again; nil tells nobody.
	Retried func(format string, args ...any)
	// Log gets a line for each request; nil logs nothing.
	Log func(format string, args ...any)

	// tune changes the limits and the clock, for tests.
	tune func(*limits)
}

// Directory is a tenant. It is safe for concurrent use.
type Directory struct {
	client       *client
	exchange     *client // nil where the connection does not ask for it
	tenant       string
	mailboxTypes string // one of the ways of [source.Graph]
}

var (
	_ source.Directory = (*Directory)(nil)
	_ source.Finder    = (*Directory)(nil)
	_ source.Examiner  = (*Directory)(nil)
)

// Open checks the settings; the network is first used by Users and Info. A
// setting that cannot work is a [source.CodeUsage] error.
func Open(_ context.Context, config Config) (*Directory, error) {
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	conn := config.Connection.Normalize("")
	d := &Directory{client: client, tenant: conn.Tenant, mailboxTypes: conn.MailboxTypes}
	if d.mailboxTypes == source.MailboxTypesExchange {
		if d.exchange, err = newExchangeClient(config); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// Close drops the connections.
func (d *Directory) Close() error {
	d.client.close()
	if d.exchange != nil {
		d.exchange.close()
	}
	return nil
}

// Users yields every user of the tenant once. Users have no OUs here, so that
// a scope with a base is a [source.CodeUsage] error.
func (d *Directory) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		if scope.Base != "" {
			yield(source.User{}, &source.Error{
				Code:    source.CodeUsage,
				Message: "a Microsoft 365 tenant has no OUs to read below",
			})
			return
		}
		selected, top := graphuser.Select, pageSize
		if scope.Brief {
			selected = "id"
		}
		if scope.Limit > 0 {
			top = min(top, scope.Limit)
		}
		first := d.client.url("users", url.Values{"$select": {selected}, "$top": {strconv.Itoa(top)}})

		// A link can expire in the middle of a long read, which then begins anew;
		// who was yielded before is not yielded again.
		seen := map[string]struct{}{}
		for restarts := 0; ; restarts++ {
			var err error
			for users, failure := range readPages(ctx, d.client, first, graphuser.Read) {
				if err = failure; err != nil {
					break
				}
				for _, u := range users {
					if _, ok := seen[u.ID]; ok {
						continue
					}
					seen[u.ID] = struct{}{}
					if !yield(u, nil) || len(seen) == scope.Limit {
						return
					}
				}
			}
			if err == nil {
				return
			}
			if !errors.Is(err, errPageExpired) || restarts == maxRestarts {
				yield(source.User{}, err)
				return
			}
			d.client.log("the page link expired: the read begins anew")
		}
	}
}

// Info reads which tenant this is. Where the organization may not be read, or is
// not served, the result says so in a note.
func (d *Directory) Info(ctx context.Context) (source.Info, error) {
	info := source.Info{Kind: source.M365, Server: d.client.root.Host}
	link := d.client.url("organization", url.Values{
		"$select": {"id,displayName,verifiedDomains,onPremisesSyncEnabled,onPremisesLastSyncDateTime"},
	})
	var found []organization
	for page, err := range readPages(ctx, d.client, link, decodeOrganization) {
		unknown := ""
		switch {
		case source.CodeOf(err) == source.CodePermission:
			unknown = "the application may not read the organization (Organization.Read.All would let it)"
		case notServed(err):
			unknown = "this Graph serves no organization"
		case err != nil:
			return source.Info{}, err
		}
		if unknown != "" {
			info.Name = d.tenant
			if id, parseErr := uuid.Parse(d.tenant); parseErr == nil {
				info.ID = id.String()
				if of := d.client.tokens.tenant(); of != "" && of != info.ID {
					return source.Info{}, d.otherTenant(of)
				}
			}
			info.Notes = append(info.Notes, unknown+": name, domains and synchronisation of the tenant are unknown")
			return info, nil
		}
		found = append(found, page...)
	}
	if len(found) != 1 {
		return source.Info{}, incomplete(fmt.Errorf("%d organizations where one was expected", len(found)))
	}
	o := found[0]
	info.ID = strings.ToLower(o.ID)
	info.Name = o.DisplayName
	for _, domain := range o.VerifiedDomains {
		info.Domains = append(info.Domains, domain.Name)
	}
	if _, err := uuid.Parse(d.tenant); d.tenant != "" && (err == nil && d.tenant != info.ID || err != nil && !isDomainOf(d.tenant, info.Domains)) {
		return source.Info{}, d.otherTenant(info.ID)
	}
	if o.OnPremisesSyncEnabled != nil {
		info.Synced = source.FlagOf(*o.OnPremisesSyncEnabled)
	}
	if o.OnPremisesLastSyncDateTime != nil {
		info.LastSync = o.OnPremisesLastSyncDateTime.UTC()
	}
	return info, nil
}

// isDomainOf says whether a domain is one of a tenant's, as far as that is known: names
// beyond ASCII are written in more than one way.
func isDomainOf(domain string, domains []string) bool {
	return len(domains) == 0 || strings.Contains(domain, "xn--") ||
		slices.ContainsFunc(domains, func(d string) bool { return strings.EqualFold(d, domain) })
}

// otherTenant says that the sign-in leads to another tenant than the one of the
// connection: a token, a managed identity and the Azure CLI are each for their own.
func (d *Directory) otherTenant(id string) error {
	return &source.Error{
		Code: source.CodeUsage, Message: fmt.Sprintf("the sign-in is for the tenant %.40q and not for %s, which the connection names", id, d.tenant),
		Hint: "a ready token and a managed identity are for one tenant: mend the tenant, or sign in another way",
	}
}

// organization is what is read of Graph's resource of that name.
type organization struct {
	ID              string `json:"id"`
	DisplayName     string `json:"displayName"`
	VerifiedDomains []struct {
		Name string `json:"name"`
	} `json:"verifiedDomains"`
	OnPremisesSyncEnabled      *bool      `json:"onPremisesSyncEnabled"`
	OnPremisesLastSyncDateTime *time.Time `json:"onPremisesLastSyncDateTime"`
}

// Contracts lists the customers of a partner tenant. The application needs the
// permission Directory.Read.All there.
func Contracts(ctx context.Context, config Config) ([]source.Organization, error) {
	client, err := newClient(config)
	if err != nil {
		return nil, err
	}
	defer client.close()
	var out []source.Organization
	seen := map[string]bool{}
	for contracts, err := range readPages(ctx, client, client.url("contracts", nil), decodeContract) {
		if err != nil {
			return nil, err
		}
		for _, c := range contracts {
			if !seen[c.ID] {
				seen[c.ID] = true
				out = append(out, c)
			}
		}
	}
	return out, nil
}
