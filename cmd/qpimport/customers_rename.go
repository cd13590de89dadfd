package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/importer"
)

func newCustomersRenameCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "rename NAME NEW",
		Short:   "Rename a customer",
		Long:    "Gives a customer another name. Its id, directories and accounts stay." + exits(11, 12, 15),
		Example: `  qpimport customers rename Contoso "Contoso Europe"`,
		Args:    cobra.ExactArgs(2),
		RunE: a.command(func(ctx context.Context, args []string) error {
			c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
				return im.RenameCustomer(ctx, args[0], args[1])
			})
			if err != nil {
				return err
			}
			return a.render(customerSentence(c, "the customer is now called %s", c.Name))
		}),
	}
}
