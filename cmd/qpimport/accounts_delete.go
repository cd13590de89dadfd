package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type accountsDeleteOptions struct {
	all, yes   bool
	missingFor string
	dryRun     bool
}

func newAccountsDeleteCmd(a *app) *cobra.Command {
	var o accountsDeleteOptions
	cmd := &cobra.Command{
		Use:   "delete SEL… | --all | --missing-for AGE",
		Short: "Delete accounts",
		Long: `Deletes accounts from the registry, or with --all every account of a customer,
after which its password sync mode can be chosen anew. All that are named are
deleted or none. The directories are not touched. "undo" brings them back.

An account that was named does not come back with the next import of everybody, until
its user is named there. --missing-for deletes those whose user is gone for so long
(see "refresh").` + exits(11, 12, 15),
		Example: `  qpimport accounts delete -c Contoso jdoe asmith
  qpimport accounts delete -c Contoso --missing-for 30d --dry-run
  qpimport accounts delete -c Contoso --all --yes`,
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args) }),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "every account of the customer")
	cmd.Flags().StringVar(&o.missingFor, "missing-for", "", "those whose user is gone for `AGE`, such as 30d")
	cmd.Flags().BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	cmd.Flags().BoolVar(&o.yes, "yes", false, "with --all and --missing-for: do not ask")
	return cmd
}

func (o accountsDeleteOptions) run(ctx context.Context, a *app, args []string) error {
	req := importer.DeleteRequest{Customer: a.settings.Customer, Accounts: args, All: o.all, DryRun: o.dryRun}
	ways := 0
	for _, given := range []bool{o.all, len(args) > 0, o.missingFor != ""} {
		if given {
			ways++
		}
	}
	switch {
	case ways == 0:
		return usage.Errorf("say which accounts: SEL…, --missing-for AGE or --all")
	case ways > 1:
		return usage.Errorf("name accounts, or give --missing-for or --all, one of them")
	}
	what := "all accounts of "
	if o.missingFor != "" {
		age, err := input.Age(o.missingFor)
		if err != nil {
			return usage.Errorf("--missing-for: %v", err)
		}
		req.MissingFor = age
		what = "the accounts without a user of "
	}
	if len(args) == 0 {
		name, err := a.customer() // never everybody's
		if err != nil {
			return err
		}
		if !o.dryRun {
			if err := a.confirmDeletion(ctx, o.yes, "deleting "+what+name, req); err != nil {
				return err
			}
		}
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.AccountsResult, error) { return im.DeleteAccounts(ctx, req) })
	if err != nil {
		return err
	}
	verb := "deleted"
	if o.dryRun {
		verb = "would be deleted"
	}
	return a.render(accountsView(result, func(p *output.Page) {
		p.Line("%s: %s", verb, output.Count(len(result.Accounts), "account"))
		for _, acc := range result.Accounts {
			p.Line("  %s: %s (%s)", acc.Customer, output.OrDash(acc.DisplayName), output.OrDash(acc.Username))
		}
	}))
}

// confirmDeletion asks before accounts are deleted, and says how many and how many
// pairs that takes. Where nobody is asked nothing is counted.
func (a *app) confirmDeletion(ctx context.Context, yes bool, what string, req importer.DeleteRequest) error {
	if !yes && !a.settings.NoInput && a.inTerminal {
		req.DryRun = true
		found, err := reading(ctx, a, func(im *importer.Importer) (importer.AccountsResult, error) { return im.DeleteAccounts(ctx, req) })
		if err != nil {
			return err
		}
		pairs := 0
		for _, acc := range found.Accounts {
			if acc.AD != nil && acc.M365 != nil {
				pairs++
			}
		}
		what += ", which takes " + output.Count(len(found.Accounts), "account") + " and " + output.Count(pairs, "pair")
	}
	return a.confirm(ctx, yes, what)
}
