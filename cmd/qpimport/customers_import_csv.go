package main

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source/customercsv"
)

func newCustomersImportCSVCmd(a *app) *cobra.Command {
	var dryRun bool
	cmd := &cobra.Command{
		Use:   "csv FILE",
		Short: "Import customers from a CSV file",
		Long: `Imports customers from a CSV file, or from standard input for "-". The first line
names the columns: name, and for each further column the system whose ids it holds,
as in

  name,itglue,m365
  Contoso,4711,9a3c2c2e-0000-4000-8000-6d3f8c1b2a90

Columns are separated by comma, semicolon or tab; the text is UTF-8, UTF-16 or
Windows-1252, as spreadsheets save it. What is wrong is reported for all lines at
once, and then nobody is imported. A customer that has another name here keeps it.
` + customersImportHelp + exits(3, 15),
		Example: `  qpimport customers import csv customers.csv --dry-run
  qpimport customers import csv - --dry-run -o json`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			f, err := input.Read(ctx, a.in, args[0])
			if err != nil {
				return err
			}
			customers, err := customercsv.Read(bytes.NewReader(f.Data), f.Name)
			if err != nil {
				return err
			}
			rows := make([]importer.CustomerRow, len(customers))
			for i, c := range customers {
				rows[i] = importer.CustomerRow{Name: c.Name, ExternalIDs: c.ExternalIDs}
			}
			return a.importCustomers(ctx, importer.CustomerImportRequest{Source: "csv", Customers: rows, DryRun: dryRun})
		}),
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}
