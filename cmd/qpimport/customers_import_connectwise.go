package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/source/connectwise"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

func newCustomersImportConnectWiseCmd(a *app) *cobra.Command {
	var cfg connectwise.Config
	l := newListImport(a, &cobra.Command{
		Use:   connectwise.System,
		Short: "Import customers from ConnectWise PSA",
		Long: `Imports the companies of ConnectWise PSA (Manage) as customers, their ids as
external_ids.connectwise. The keys are an API member's, who may be allowed to inquire
companies and nothing else; the client id is the one that you registered with
ConnectWise for your own integration. --company is what one gives at the login.

Taken are companies of status Active that have the type Customer; --status and --type
name others, and --type any takes every type. Where nobody is a Customer, nobody is
taken, and the types are listed. Deleted companies are never taken.

It is made from the documentation of ConnectWise PSA, and was not tried on a live one.`,
		Example: `  qpimport customers import connectwise --url https://api-na.myconnectwise.net --company lighthouse \
      --public-key-from env:CW_PUBLIC --private-key-from env:CW_PRIVATE --client-id-from env:CW_CLIENT_ID --dry-run`,
	})
	l.addURL(&cfg.URL, "`URL` of ConnectWise's API, such as https://api-na.myconnectwise.net, or of your own server")
	l.cmd.Flags().StringVar(&cfg.Company, "company", "", "`NAME` of the company at the login")
	l.addSecret(&cfg.PublicKey, "public-key-from", "the API member's public key")
	l.addSecret(&cfg.PrivateKey, "private-key-from", "the API member's private key")
	l.addSecret(&cfg.ClientID, "client-id-from", "the client id of the integration")
	l.addTypes(&cfg.Types, "companies")
	l.addStatuses(&cfg.Statuses, "companies")
	return l.command(func() []string {
		if cfg.Company == "" {
			return []string{"--company is missing"}
		}
		return nil
	}, func(ctx context.Context, o weblist.Options) (weblist.Customers, error) {
		cfg.Options = o
		return connectwise.Companies(ctx, cfg)
	})
}
