package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

type customersDeleteOptions struct {
	yes, withAccounts bool
}

func newCustomersDeleteCmd(a *app) *cobra.Command {
	var o customersDeleteOptions
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a customer",
		Long: `Deletes a customer and its connections from the registry. Refused while it has
accounts, unless --with-accounts says that they go as well. The directories are
not touched. "undo" brings the customer back.` + exits(11, 12, 15),
		Example: `  qpimport customers delete Contoso --yes
  qpimport customers delete Contoso --with-accounts --yes`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	cmd.Flags().BoolVar(&o.yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&o.withAccounts, "with-accounts", false, "delete its accounts as well")
	return cmd
}

func (o customersDeleteOptions) run(ctx context.Context, a *app, name string) error {
	if err := a.confirmDeletion(ctx, o.yes, "deleting customer "+name, importer.DeleteRequest{Customer: name, All: true}); err != nil {
		return err
	}
	c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.DeleteCustomer(ctx, name, o.withAccounts)
	})
	if err != nil {
		return err
	}
	return a.render(customerSentence(c, "customer %s was deleted, with %s", c.Name, output.Count(c.Accounts.Total, "account")))
}
