package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/itglue"
)

type importITGlueOptions struct {
	region   string
	url      string
	keyFrom  string
	types    []string
	statuses []string
	dryRun   bool
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
taken. A customer that IT Glue renamed is renamed here.
` + customersImportHelp + "\n" + secret.Help + exits(3, 13, 14, 15),
		Example: `  qpimport customers import itglue --region eu --api-key-from env:ITGLUE_KEY --dry-run
  qpimport customers import itglue --api-key-from file:/run/secrets/itglue --type Customer --type "Co-managed"`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.region, "region", "us", "`REGION` of the account: us, eu or au")
	f.StringVar(&o.keyFrom, "api-key-from", "", "`REF` to the API key")
	f.StringArrayVar(&o.types, "type", nil, "organizations of the type `NAME`, or any (repeatable)")
	f.StringArrayVar(&o.statuses, "status", nil, "organizations of the status `NAME` (repeatable)")
	f.StringVar(&o.url, "url", "", "`URL` of a gateway in place of the region's")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

func (o importITGlueOptions) check() error {
	var found []string
	if !slices.Contains([]string{"us", "eu", "au"}, o.region) {
		found = append(found, fmt.Sprintf("--region %q: use us, eu or au", o.region))
	}
	if o.keyFrom == "" {
		found = append(found, "--api-key-from is missing")
	} else if _, err := source.ParseReference(o.keyFrom); err != nil {
		found = append(found, "--api-key-from: "+err.Error())
	}
	if o.url != "" {
		if err := source.CheckWebAddress(o.url); err != nil {
			found = append(found, "--url: "+err.Error())
		}
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
		Region: o.region, URL: o.url, Key: key, Types: o.types, Statuses: o.statuses,
		UserAgent: userAgent(), Announce: a.notice,
	})
	if err != nil {
		return err
	}
	rows := organizationRows(list.Organizations)
	for _, s := range list.Skipped {
		rows = append(rows, importer.CustomerRow{
			Name: s.Name, ExternalIDs: map[string]string{itglue.System: s.ID}, Skip: skippedOrganization(s),
		})
	}
	return a.importCustomers(ctx, importer.CustomerImportRequest{
		Source: itglue.System, Customers: rows, Renamers: []string{itglue.System}, DryRun: o.dryRun,
	})
}

// skippedOrganization says in words why an organization is no customer.
func skippedOrganization(s itglue.Skipped) string {
	switch s.Reason {
	case itglue.SkipPrimary:
		return "the primary organization"
	case itglue.SkipStatus:
		return "status " + output.OrDash(s.Status)
	case itglue.SkipType:
		return "type " + output.OrDash(s.Type)
	}
	return s.Reason
}
