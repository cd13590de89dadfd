package main

import (
	"context"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/connectwise"
)

type importConnectWiseOptions struct {
	listOptions
	company                               string
	publicFrom, privateFrom, clientIDFrom string
}

func newCustomersImportConnectWiseCmd(a *app) *cobra.Command {
	var o importConnectWiseOptions
	cmd := &cobra.Command{
		Use:   "connectwise",
		Short: "Import customers from ConnectWise PSA",
		Long: `Imports the companies of ConnectWise PSA (Manage) as customers, their ids as
external_ids.connectwise. The keys are an API member's, who may be allowed to inquire
companies and nothing else; the client id is the one that you registered with
ConnectWise for your own integration. --company is what one gives at the login.

Taken are companies of status Active that have the type Customer; --status and --type
name others, and --type any takes every type. Where nobody is a Customer, nobody is
taken, and the types are listed. Deleted companies are never taken.

It is made from the documentation of ConnectWise PSA, and was not tried on a live one.
` + customersListHelp + "\n" + secret.Help + exits(3, 13, 14, 15),
		Example: `  qpimport customers import connectwise --url https://api-na.myconnectwise.net --company lighthouse \
      --public-key-from env:CW_PUBLIC --private-key-from env:CW_PRIVATE --client-id-from env:CW_CLIENT_ID --dry-run`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "url", "", "`URL` of ConnectWise's API, such as https://api-na.myconnectwise.net, or of your own server")
	f.StringVar(&o.company, "company", "", "`NAME` of the company at the login")
	f.StringVar(&o.publicFrom, "public-key-from", "", "`REF` to the API member's public key")
	f.StringVar(&o.privateFrom, "private-key-from", "", "`REF` to the API member's private key")
	f.StringVar(&o.clientIDFrom, "client-id-from", "", "`REF` to the client id of the integration")
	o.addTypes(f, "companies")
	o.addStatuses(f, "companies")
	o.addDryRun(f)
	return cmd
}

func (o importConnectWiseOptions) check() error {
	found := checkAddress("url", o.url)
	if o.company == "" {
		found = append(found, "--company is missing")
	}
	return usage.Join(slices.Concat(found, checkReference("public-key-from", o.publicFrom),
		checkReference("private-key-from", o.privateFrom), checkReference("client-id-from", o.clientIDFrom)))
}

func (o importConnectWiseOptions) run(ctx context.Context, a *app) error {
	if err := o.check(); err != nil {
		return err
	}
	cfg := connectwise.Config{URL: o.url, Company: o.company, Types: o.types, Statuses: o.statuses, Options: a.listReading()}
	for _, s := range []struct {
		into *source.Secret
		ref  string
	}{{&cfg.PublicKey, o.publicFrom}, {&cfg.PrivateKey, o.privateFrom}, {&cfg.ClientID, o.clientIDFrom}} {
		var err error
		if *s.into, err = a.secrets().Resolve(ctx, s.ref); err != nil {
			return err
		}
	}
	list, err := connectwise.Companies(ctx, cfg)
	if err != nil {
		return err
	}
	return a.importList(ctx, connectwise.System, list, o.dryRun)
}
