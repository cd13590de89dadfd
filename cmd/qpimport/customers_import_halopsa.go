package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/source/halopsa"
)

type importHaloPSAOptions struct {
	listOptions
	authURL    string
	tenant     string
	clientID   string
	secretFrom string
	scope      string
	noTenants  bool
}

func newCustomersImportHaloPSACmd(a *app) *cobra.Command {
	var o importHaloPSAOptions
	cmd := &cobra.Command{
		Use:   "halopsa",
		Short: "Import customers from HaloPSA",
		Long: `Imports the clients of HaloPSA as customers, their ids as external_ids.halopsa. The
API application signs in with a client id and secret (Services), and needs to read
customers.

HaloPSA's Microsoft integration knows which tenant is whose: it becomes
external_ids.m365, by which a customer is the same as one of "customers import
m365-partner", whatever the two are called. A tenant that HaloPSA has for several
clients, or a client with several tenants, gets none, and that is said. Where the
application may not read it, nothing is imported; --no-tenants does without.

Taken are clients that are not inactive. --top-level takes those of a top level alone;
--status Inactive takes the inactive ones.

It is made from the documentation of HaloPSA, and was not tried on a live one.
` + customersListHelp + "\n" + secret.Help + exits(3, 13, 14, 15),
		Example: `  qpimport customers import halopsa --url https://msp.halopsa.com --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d \
      --client-secret-from env:HALO_SECRET --dry-run`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "url", "", "`URL` of HaloPSA, as people open it")
	f.StringVar(&o.authURL, "auth-url", "", "`URL` of the authorisation server (default: /auth below --url)")
	f.StringVar(&o.tenant, "tenant", "", "`NAME` of the instance, where several share a server")
	f.StringVar(&o.clientID, "client-id", "", "`ID` of the API application")
	f.StringVar(&o.secretFrom, "client-secret-from", "", "`REF` to the API application's secret")
	f.StringVar(&o.scope, "scope", "all", "`SCOPE` to sign in for, such as read:customers")
	f.StringArrayVar(&o.types, "top-level", nil, "clients of the top level `NAME` (repeatable)")
	o.addStatuses(f, "clients")
	f.BoolVar(&o.noTenants, "no-tenants", false, "leave out which tenant is whose")
	o.addDryRun(f)
	return cmd
}

func (o importHaloPSAOptions) check() error {
	found := checkAddress("url", o.url)
	if o.authURL != "" {
		found = append(found, checkAddress("auth-url", o.authURL)...)
	}
	if o.clientID == "" {
		found = append(found, "--client-id is missing")
	}
	return usage.Join(append(found, checkReference("client-secret-from", o.secretFrom)...))
}

func (o importHaloPSAOptions) run(ctx context.Context, a *app) error {
	if err := o.check(); err != nil {
		return err
	}
	s, err := a.secrets().Resolve(ctx, o.secretFrom)
	if err != nil {
		return err
	}
	list, err := halopsa.Clients(ctx, halopsa.Config{
		URL: o.url, AuthURL: o.authURL, Tenant: o.tenant, ClientID: o.clientID, ClientSecret: s, Scope: o.scope,
		TopLevels: o.types, Statuses: o.statuses, NoTenants: o.noTenants, Options: a.listReading(),
	})
	if err != nil {
		return err
	}
	return a.importList(ctx, halopsa.System, list, o.dryRun)
}
