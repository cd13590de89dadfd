package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type accountsDeleteOptions struct {
	all, yes bool
}

func newAccountsDeleteCmd(a *app) *cobra.Command {
	var o accountsDeleteOptions
	cmd := &cobra.Command{
		Use:   "delete SEL… | --all",
		Short: "Delete accounts",
		Long: `Deletes accounts from the registry, or with --all every account of a customer,
after which its password sync mode can be chosen anew. All that are named are
deleted or none. The directories are not touched.` + exits(11, 12, 15),
		Example: `  qpimport accounts delete -c Contoso jdoe asmith
  qpimport accounts delete -c Contoso --all --yes`,
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args) }),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "every account of the customer")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "with --all: do not ask")
	return cmd
}

func (o accountsDeleteOptions) run(ctx context.Context, a *app, args []string) error {
	switch {
	case o.all && len(args) > 0:
		return usage.Errorf("name accounts, or give --all, not both")
	case !o.all && len(args) == 0:
		return usage.Errorf("say which accounts: SEL…, or --all")
	}
	if o.all {
		name, err := a.customer() // never everybody's
		if err != nil {
			return err
		}
		if err := a.confirm(ctx, o.yes, "deleting all accounts of "+name); err != nil {
			return err
		}
	}
	result, err := writing(ctx, a, func(im *importer.Importer) (importer.AccountsResult, error) {
		return im.DeleteAccounts(ctx, a.settings.Customer, args, o.all)
	})
	if err != nil {
		return err
	}
	return a.render(accountsView(result, func(p *output.Page) {
		p.Line("deleted: %s", output.Count(len(result.Accounts), "account"))
		for _, acc := range result.Accounts {
			p.Line("  %s: %s (%s)", acc.Customer, output.OrDash(acc.DisplayName), output.OrDash(acc.Username))
		}
	}))
}
