package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/source/itglue"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

func newCustomersImportITGlueCmd(a *app) *cobra.Command {
	var cfg itglue.Config
	l := newListImport(a, &cobra.Command{
		Use:   itglue.System,
		Short: "Import customers from IT Glue",
		Long: `Imports the organizations of IT Glue as customers, their ids as external_ids.itglue.
The API key needs no access to passwords; it is good in its own region alone.

Taken are organizations of status Active and of type Customer; --status and --type
name others, and --type any takes every type. Where nobody is a Customer, nobody is
taken, and the types are listed. The primary organization, you yourself, is never
taken.`,
		Example: `  qpimport customers import itglue --region eu --api-key-from env:ITGLUE_KEY --dry-run
  qpimport customers import itglue --api-key-from file:/run/secrets/itglue --type Customer --type "Co-managed"`,
	})
	l.cmd.Flags().StringVar(&cfg.Region, "region", "us", "`REGION` of the account: us, eu or au")
	l.addSecret(&cfg.Key, "api-key-from", "the API key")
	l.addURL(&cfg.URL, "`URL` of a gateway in place of the region's")
	l.noURL = true
	l.addTypes(&cfg.Types, "organizations")
	l.addStatuses(&cfg.Statuses, "organizations")
	return l.command(func() []string {
		if !slices.Contains([]string{"us", "eu", "au"}, cfg.Region) {
			return []string{fmt.Sprintf("--region %q: use us, eu or au", cfg.Region)}
		}
		return nil
	}, func(ctx context.Context, o weblist.Options) (weblist.Customers, error) {
		cfg.Options = o
		return itglue.Organizations(ctx, cfg)
	})
}
