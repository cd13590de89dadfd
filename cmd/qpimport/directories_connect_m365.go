package main

import (
	"context"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/source"
)

type connectM365Options struct {
	conn source.Connection
}

func newConnectM365Cmd(a *app) *cobra.Command {
	var o connectM365Options
	cmd := &cobra.Command{
		Use:     "m365",
		Aliases: []string{"o365", "entra"},
		Short:   "Connect Microsoft 365",
		Long: `Connects a customer's Microsoft 365 tenant over Microsoft Graph, or an export on
disk (Graph JSON, JSON lines or CSV; the content tells which). The app registration
needs the application permission User.Read.All, and Organization.Read.All to name
the tenant, both with admin consent.

The credentials are not stored, only where they lie. --certificate-from leads to a
PEM or PFX file with certificate and key.` + "\n" + refHelp + exits(11, 12, 15),
		Example: `  qpimport directories connect m365 -c Contoso --tenant contoso.onmicrosoft.example \
      --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d --client-secret-from env:CONTOSO_M365
  qpimport directories connect m365 -c Contoso --file contoso-users.json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			conn, err := o.connection()
			if err != nil {
				return err
			}
			return a.connect(ctx, conn)
		}),
	}
	f := cmd.Flags()
	f.StringVar(&o.conn.Tenant, "tenant", "", "`TENANT`: its id or one of its domains")
	f.StringVar(&o.conn.ClientID, "client-id", "", "`ID` of the app registration")
	f.StringVar(&o.conn.ClientSecretFrom, "client-secret-from", "", "`REF` to its client secret")
	f.StringVar(&o.conn.CertificateFrom, "certificate-from", "", "`REF` to its certificate and key")
	f.StringVar(&o.conn.AccessTokenFrom, "access-token-from", "", "`REF` to a ready token")
	f.StringVar(&o.conn.Cloud, "cloud", "", "`CLOUD`: "+strings.Join(clouds(), ", ")+" (default global)")
	f.StringVar(&o.conn.GraphURL, "graph-url", "", "`URL` of a private Graph endpoint")
	f.StringVar(&o.conn.AuthorityURL, "authority-url", "", "`URL` of a private sign-in endpoint")
	f.StringVar(&o.conn.File, "file", "", "export `FILE` in place of a live directory")
	return cmd
}

func clouds() []string { return []string{"global", "usgov", "usgov-dod", "china"} }

// connection makes a connection of the flags, or says all that is wrong with them.
func (o connectM365Options) connection() (source.Connection, error) {
	c := o.conn
	c.Kind = source.M365
	live := []flagValue{
		{"--tenant", c.Tenant}, {"--client-id", c.ClientID}, {"--client-secret-from", c.ClientSecretFrom},
		{"--certificate-from", c.CertificateFrom}, {"--access-token-from", c.AccessTokenFrom},
		{"--cloud", c.Cloud}, {"--graph-url", c.GraphURL}, {"--authority-url", c.AuthorityURL},
	}
	if c.File != "" {
		return fileConnection(c, live)
	}
	if allEmpty(live) {
		return c, usagef("say where the directory is: --tenant and its credentials (live) or --file (an export)")
	}
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
	ready := o.conn.AccessTokenFrom != "" // a ready token names tenant and app itself
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
	for _, u := range []flagValue{{"--graph-url", c.GraphURL}, {"--authority-url", c.AuthorityURL}} {
		if u.value != "" {
			_, problem := parseURL(u.flag, u.value, "https", "http")
			add(problem)
		}
	}
	return c, problems(found)
}
