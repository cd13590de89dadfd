package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// customersImportHelp is what every import of customers keeps to.
const customersImportHelp = `
A customer that is here by its external id is the same customer, whatever it is
called there; one that is here by name alone is given the external id (linked).
Of two customers of one name neither is taken, unless it is the one that is here by
its id; nothing is merged and nothing is deleted. Whoever is left out is listed with
the reason, and where a name or an id is in conflict the exit status is 3: all others
are imported. The same import again changes nothing.`

func newCustomersImportCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import customers from where they are kept already",
		Long: `Imports customers from IT Glue, Hudu, ConnectWise PSA or HaloPSA, from a CSV file, or
from the contracts of a Microsoft partner. Whoever is not on a list is left alone.
` + customersImportHelp + exits(3, 13, 14, 15),
		Example: `  qpimport customers import itglue --api-key-from env:ITGLUE_KEY --dry-run
  qpimport customers import csv customers.csv`,
		Args: subcommand,
		RunE: chooseSubcommand,
	}
	cmd.AddCommand(newCustomersImportITGlueCmd(a), newCustomersImportHuduCmd(a), newCustomersImportConnectWiseCmd(a), newCustomersImportHaloPSACmd(a),
		newCustomersImportCSVCmd(a), newCustomersImportPartnerCmd(a))
	return cmd
}

// importCustomers takes a list into the registry and shows what became of each.
func (a *app) importCustomers(ctx context.Context, r importer.CustomerImportRequest) error {
	result, err := with(ctx, a, r.DryRun, func(im *importer.Importer) (importer.CustomerImportResult, error) {
		return im.ImportCustomers(ctx, r)
	})
	if err != nil {
		return err
	}
	if err := a.render(customersImportView(result)); err != nil {
		return err
	}
	n := result.Counts
	if !result.Applied && n.Created+n.Linked+n.Renamed > 0 {
		a.notice("a dry run: nothing was written")
	}
	if n.Conflicts > 0 {
		return &source.Error{
			Code:    codePartial,
			Message: "not imported, because of a name or an id: " + output.Count(n.Conflicts, "customer"),
			Hint:    "settle it there, or here with `qpimport customers rename`, and import again",
		}
	}
	return nil
}

func customersImportView(r importer.CustomerImportResult) output.View {
	return output.View{
		Document: r,
		Items:    output.Items(r.Customers),
		Rows:     func() [][]string { return output.Rows(importedCustomerColumns(), r.Customers) },
		Page:     func(p *output.Page) { customersImportPage(p, r) },
	}
}

func importedCustomerColumns() []output.Column[importer.ImportedCustomer] {
	type customer = importer.ImportedCustomer
	return []output.Column[customer]{
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(c customer) string { return c.Outcome }},
		{Key: "id", Text: func(c customer) string { return c.ID }},
		{Key: "name", Title: "Customer", Text: func(c customer) string { return c.Name }},
		{Key: "external_ids", Title: "External ids", Text: func(c customer) string { return externalIDs(c.ExternalIDs) }},
		{Key: "detail", Title: "Detail", Text: func(c customer) string { return c.Detail }},
	}
}

func customersImportPage(p *output.Page, r importer.CustomerImportResult) {
	n, created := r.Counts, "created"
	if !r.Applied {
		created = "would be created"
	}
	p.Line("%s: %s listed, %d %s, %d linked, %d renamed, %d unchanged, %d skipped, %d in conflict",
		r.Source, output.Count(n.Listed, "customer"), n.Created, created, n.Linked, n.Renamed, n.Unchanged, n.Skipped, n.Conflicts)
	var shown []importer.ImportedCustomer
	for _, c := range r.Customers {
		if c.Outcome != importer.OutcomeUnchanged || c.Detail != "" {
			shown = append(shown, c)
		}
	}
	if len(shown) > 0 {
		p.Blank()
		output.TableOf(p, importedCustomerColumns(), shown)
	}
}
