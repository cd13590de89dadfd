package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/source/halopsa"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

func newCustomersImportHaloPSACmd(a *app) *cobra.Command {
	var cfg halopsa.Config
	l := newListImport(a, &cobra.Command{
		Use:   halopsa.System,
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

It is made from the documentation of HaloPSA, and was not tried on a live one.`,
		Example: `  qpimport customers import halopsa --url https://msp.halopsa.com --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d \
      --client-secret-from env:HALO_SECRET --dry-run`,
	})
	f := l.cmd.Flags()
	l.addURL(&cfg.URL, "`URL` of HaloPSA, as people open it")
	f.StringVar(&cfg.AuthURL, "auth-url", "", "`URL` of the authorisation server (default: /auth below --url)")
	f.StringVar(&cfg.Tenant, "tenant", "", "`NAME` of the instance, where several share a server")
	f.StringVar(&cfg.ClientID, "client-id", "", "`ID` of the API application")
	l.addSecret(&cfg.ClientSecret, "client-secret-from", "the API application's secret")
	f.StringVar(&cfg.Scope, "scope", "all", "`SCOPE` to sign in for, such as read:customers")
	f.StringArrayVar(&cfg.TopLevels, "top-level", nil, "clients of the top level `NAME` (repeatable)")
	l.addStatuses(&cfg.Statuses, "clients")
	f.BoolVar(&cfg.NoTenants, "no-tenants", false, "leave out which tenant is whose")
	return l.command(func() []string {
		var found []string
		if cfg.AuthURL != "" {
			found = checkAddress("auth-url", cfg.AuthURL)
		}
		if cfg.ClientID == "" {
			found = append(found, "--client-id is missing")
		}
		return found
	}, func(ctx context.Context, o weblist.Options) (weblist.Customers, error) {
		cfg.Options = o
		return halopsa.Clients(ctx, cfg)
	})
}
