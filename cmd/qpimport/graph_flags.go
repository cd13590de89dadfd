package main

import (
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/m365"
)

// graphFlags are the flags that say how Microsoft Graph is reached, and as whom.
type graphFlags struct{ conn source.Connection }

func (g *graphFlags) add(f *pflag.FlagSet) {
	f.StringVar(&g.conn.Tenant, "tenant", "", "`TENANT`: its id or one of its domains")
	f.StringVar(&g.conn.ClientID, "client-id", "", "`ID` of the app registration")
	f.StringVar(&g.conn.ClientSecretFrom, "client-secret-from", "", "`REF` to its client secret")
	f.StringVar(&g.conn.CertificateFrom, "certificate-from", "", "`REF` to its certificate and key")
	f.StringVar(&g.conn.AccessTokenFrom, "access-token-from", "", "`REF` to a ready token")
	f.StringVar(&g.conn.Cloud, "cloud", "", "`CLOUD`: "+strings.Join(clouds(), ", ")+" (default global)")
	f.StringVar(&g.conn.GraphURL, "graph-url", "", "`URL` of a private Graph endpoint")
	f.StringVar(&g.conn.AuthorityURL, "authority-url", "", "`URL` of a private sign-in endpoint")
}

func clouds() []string { return []string{"global", "usgov", "usgov-dod", "china"} }

func (g *graphFlags) values() []flagValue {
	c := g.conn
	return []flagValue{
		{"--tenant", c.Tenant}, {"--client-id", c.ClientID}, {"--client-secret-from", c.ClientSecretFrom},
		{"--certificate-from", c.CertificateFrom}, {"--access-token-from", c.AccessTokenFrom},
		{"--cloud", c.Cloud}, {"--graph-url", c.GraphURL}, {"--authority-url", c.AuthorityURL},
	}
}

// none says that no flag was given.
func (g *graphFlags) none() bool { return allEmpty(g.values()) }

// connection makes a connection of the flags, or says all that is wrong with them.
func (g *graphFlags) connection() (source.Connection, error) {
	c := g.conn
	c.Kind = source.M365
	c.Transport = source.TransportGraph
	var found []string
	add := func(problem string) {
		if problem != "" {
			found = append(found, problem)
		}
	}
	given := 0
	for _, ref := range []struct {
		flag  string
		value *string
	}{
		{"--client-secret-from", &c.ClientSecretFrom},
		{"--certificate-from", &c.CertificateFrom},
		{"--access-token-from", &c.AccessTokenFrom},
	} {
		if *ref.value == "" {
			continue
		}
		given++
		var problem string
		*ref.value, problem = checkReference(ref.flag, *ref.value)
		add(problem)
	}
	if given != 1 {
		add("give one of --client-secret-from, --certificate-from and --access-token-from")
	}
	ready := g.conn.AccessTokenFrom != "" // a ready token names tenant and app itself
	switch {
	case c.Tenant == "" && !ready:
		add("--tenant is missing")
	case c.Tenant != "" && !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.-]*$`).MatchString(c.Tenant):
		add("--tenant: not the id or a domain of a tenant")
	}
	switch {
	case c.ClientID == "" && !ready:
		add("--client-id is missing")
	case c.ClientID != "" && !regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`).MatchString(c.ClientID):
		add("--client-id: not the id of an app registration, such as 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d")
	}
	if c.Cloud != "" && !slices.Contains(clouds(), c.Cloud) {
		add("--cloud: use one of " + strings.Join(clouds(), ", "))
	}
	for _, u := range []struct {
		flag string
		conn source.Connection
	}{{"--graph-url", source.Connection{GraphURL: c.GraphURL}}, {"--authority-url", source.Connection{AuthorityURL: c.AuthorityURL}}} {
		if err := m365.CheckEndpoint(u.conn); err != nil {
			add(u.flag + ": " + err.Error())
		}
	}
	return c, problems(found)
}
