package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

func newCustomersShowCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a customer",
		Long:  "Shows one customer, by name or id: its mode, its directories and its account counts." + exits(11, 15),
		Example: `  qpimport customers show Contoso
  qpimport customers show Contoso -o json`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			c, err := reading(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
				return im.Customer(ctx, args[0])
			})
			if err != nil {
				return err
			}
			return a.render(output.Item(c, customerColumns(), customerPage(c)))
		}),
	}
}
