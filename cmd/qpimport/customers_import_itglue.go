package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/source/itglue"
)

type importITGlueOptions struct {
	listOptions
	region  string
	keyFrom string
}

func newCustomersImportITGlueCmd(a *app) *cobra.Command {
	var o importITGlueOptions
	cmd := &cobra.Command{
		Use:   "itglue",
		Short: "Import customers from IT Glue",
		Long: `Imports the organizations of IT Glue as customers, their ids as external_ids.itglue.
The API key needs no access to passwords; it is good in its own region alone.

Taken are organizations of status Active and of type Customer; --status and --type
name others, and --type any takes every type. Where nobody is a Customer, nobody is
taken, and the types are listed. The primary organization, you yourself, is never
taken.
` + customersListHelp + "\n" + secret.Help + exits(3, 13, 14, 15),
		Example: `  qpimport customers import itglue --region eu --api-key-from env:ITGLUE_KEY --dry-run
  qpimport customers import itglue --api-key-from file:/run/secrets/itglue --type Customer --type "Co-managed"`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.region, "region", "us", "`REGION` of the account: us, eu or au")
	f.StringVar(&o.keyFrom, "api-key-from", "", "`REF` to the API key")
	f.StringVar(&o.url, "url", "", "`URL` of a gateway in place of the region's")
	o.addTypes(f, "organizations")
	o.addStatuses(f, "organizations")
	o.addDryRun(f)
	return cmd
}

func (o importITGlueOptions) check() error {
	var found []string
	if !slices.Contains([]string{"us", "eu", "au"}, o.region) {
		found = append(found, fmt.Sprintf("--region %q: use us, eu or au", o.region))
	}
	found = append(found, checkReference("api-key-from", o.keyFrom)...)
	if o.url != "" {
		found = append(found, checkAddress("url", o.url)...)
	}
	return usage.Join(found)
}

func (o importITGlueOptions) run(ctx context.Context, a *app) error {
	if err := o.check(); err != nil {
		return err
	}
	key, err := a.secrets().Resolve(ctx, o.keyFrom)
	if err != nil {
		return err
	}
	list, err := itglue.Organizations(ctx, itglue.Config{
		Region: o.region, URL: o.url, Key: key, Types: o.types, Statuses: o.statuses, Options: a.listReading(),
	})
	if err != nil {
		return err
	}
	return a.importList(ctx, itglue.System, list, o.dryRun)
}
