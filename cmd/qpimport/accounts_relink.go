package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type accountsRelinkOptions struct {
	ad, m365 string
	dryRun   bool
}

func newAccountsRelinkCmd(a *app) *cobra.Command {
	var o accountsRelinkOptions
	cmd := &cobra.Command{
		Use:   "relink SEL --ad SEL | --m365 SEL",
		Short: "Give an account the user of a person who came back",
		Long: `Gives an account another user of a directory: that of a person who came back under
another id, as after a deletion and a new start. "refresh" shows such an account as
replaced, and leaves it to a person to say that the two are one. The account keeps its
id, an address that was set by hand, and what was decided by hand.

The directory is read. The user must not be that of another account.` + exits(11, 12, 13, 14, 15),
		Example: `  qpimport accounts relink jdoe --ad jdoe2 -c Contoso
  qpimport accounts relink jdoe --m365 john.doe@contoso.example -c Contoso --dry-run`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.ad, "ad", "", "the AD user `SEL`")
	f.StringVar(&o.m365, "m365", "", "the Microsoft 365 user `SEL`")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

func (o accountsRelinkOptions) run(ctx context.Context, a *app, account string) error {
	if (o.ad == "") == (o.m365 == "") {
		return usage.Errorf("say which user: --ad SEL or --m365 SEL, one of them")
	}
	r := importer.RelinkRequest{Customer: a.settings.Customer, Account: account, Kind: source.AD, User: o.ad, DryRun: o.dryRun}
	if o.m365 != "" {
		r.Kind, r.User = source.M365, o.m365
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.AccountsResult, error) { return im.Relink(ctx, r) })
	if err != nil {
		return err
	}
	for _, acc := range result.Accounts {
		if ways := privilegedBy(acc); ways != "" {
			a.warnPrivileged(acc.DisplayName, ways)
		}
	}
	return a.render(accountsView(result, func(p *output.Page) {
		verb := "has"
		if o.dryRun {
			verb = "would have"
		}
		for _, acc := range result.Accounts {
			p.Line("%s: %s %s the user %s of %s", acc.Customer, output.OrDash(acc.DisplayName), verb, r.User, r.Kind)
		}
	}))
}
