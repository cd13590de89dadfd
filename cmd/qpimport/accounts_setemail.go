package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
)

type accountsSetEmailOptions struct {
	file string
}

func newAccountsSetEmailCmd(a *app) *cobra.Command {
	var o accountsSetEmailOptions
	cmd := &cobra.Command{
		Use:   "set-email SEL ADDRESS",
		Short: "Set the e-mail address of accounts",
		Long: `Sets the e-mail address of an account by hand, or of many from a CSV file with the
columns account (a SEL) and email; its header may be missing. All are set or none.
An address set by hand stays through later imports.

What "accounts -o csv" wrote will do as well, with the addresses filled in: id stands
for account, and a line without an email does not count.` + exits(11, 12, 15),
		Example: `  qpimport accounts set-email -c Contoso kiosk1 kiosk@contoso.example
  qpimport accounts set-email -c Contoso --file emails.csv
  qpimport accounts -c Contoso --state needs_email -o csv > todo.csv`,
		Args: cobra.MaximumNArgs(2),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args) }),
	}
	cmd.Flags().StringVar(&o.file, "file", "", "set what `FILE` lists, CSV account,email; - is standard input")
	return cmd
}

func (o accountsSetEmailOptions) run(ctx context.Context, a *app, args []string) error {
	changes, err := o.changes(ctx, a, args)
	if err != nil {
		return err
	}
	result, err := writing(ctx, a, func(im *importer.Importer) (importer.AccountsResult, error) {
		return im.SetEmails(ctx, a.settings.Customer, changes)
	})
	if err != nil {
		return err
	}
	return a.render(accountsView(result, func(p *output.Page) {
		if result.Run == nil {
			p.Line("nothing to change")
		}
		for _, acc := range result.Accounts {
			p.Line("%s: %s (%s): %s, %s", acc.Customer, output.OrDash(acc.DisplayName), output.OrDash(acc.Username), emailText(acc), acc.State)
		}
	}))
}

func (o accountsSetEmailOptions) changes(ctx context.Context, a *app, args []string) ([]importer.EmailChange, error) {
	switch {
	case o.file != "" && len(args) > 0:
		return nil, usage.Errorf("give SEL and ADDRESS, or --file, not both")
	case o.file == "" && len(args) != 2:
		return nil, usage.Errorf("give SEL and ADDRESS, or --file")
	case o.file == "":
		return []importer.EmailChange{{Account: args[0], Email: args[1]}}, nil
	}
	f, err := input.Read(ctx, a.in, o.file)
	if err != nil {
		return nil, err
	}
	lines, unfilled, err := f.Pairs(input.Column{"account", "id"}, input.Column{"email"})
	if err != nil {
		return nil, err
	}
	if unfilled > 0 {
		a.notice("%s: left out without an email: %s", f.Name, output.Count(unfilled, "line"))
	}
	changes := make([]importer.EmailChange, len(lines))
	for i, l := range lines {
		changes[i] = importer.EmailChange{Account: l.Cells[0], Email: l.Cells[1]}
	}
	return changes, nil
}
