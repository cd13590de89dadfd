package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/m365"
)

type importPartnerOptions struct {
	graph  source.Graph
	dryRun bool
}

func newCustomersImportPartnerCmd(a *app) *cobra.Command {
	var o importPartnerOptions
	cmd := &cobra.Command{
		Use:   "m365-partner",
		Short: "Import customers from a Microsoft partner's contracts",
		Long: `Imports the customers of your own partner tenant, over Microsoft Graph's contracts;
a customer's tenant id becomes external_ids.m365. The app registration lies in your
tenant and needs the application permission Directory.Read.All with admin consent.

Microsoft keeps the names as they were when the relation began. A customer that has
another name here keeps it, and the difference is shown (name_differs).
` + customersImportHelp + "\n" + secret.Help + exits(3, 13, 14, 15),
		Example: `  qpimport customers import m365-partner --tenant msp.onmicrosoft.example \
      --client-id 8c1f2a34-0000-4000-8000-5e6f7a8b9c0d --client-secret-from env:PARTNER_SECRET --dry-run`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	addGraphFlags(f, &o.graph)
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

func (o importPartnerOptions) run(ctx context.Context, a *app) error {
	if o.graph == (source.Graph{}) {
		return usage.Errorf("say which tenant is yours: --tenant, --client-id and its credentials")
	}
	conn, err := connectionOf(source.Connection{Kind: source.M365, Graph: o.graph})
	if err != nil {
		return err
	}
	contracts, err := m365.Contracts(ctx, a.graphConfig(conn))
	if err != nil {
		return err
	}
	rows := make([]importer.CustomerRow, len(contracts))
	for i, c := range contracts {
		rows[i] = customerRow(c)
	}
	return a.importCustomers(ctx, importer.CustomerImportRequest{Source: "m365-partner", Customers: rows, DryRun: o.dryRun})
}
