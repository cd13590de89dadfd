package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

type customersSetOptions struct {
	passwordSync string
	convert      bool
	newPeople    string
	dryRun       bool
}

func newCustomersSetCmd(a *app) *cobra.Command {
	var o customersSetOptions
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Choose a customer's password sync mode, and how refreshes go",
		Long: `Chooses the password sync mode before the first import. Once the customer has
accounts the mode is fixed, but for --convert, which changes it together with the
accounts: they keep their ids, addresses set by hand, and what was decided by hand.
To on, each waits for its mailbox; to off, each gives its mailbox up and has the
address of its AD user. --dry-run shows first what becomes of each.
` + passwordSyncHelp + `

--new-people says what a refresh does with who newly fits the selection: list them, or
import them.` + exits(11, 12, 15),
		Example: `  qpimport customers set Contoso --password-sync on
  qpimport customers set Contoso --password-sync off --convert --dry-run
  qpimport customers set Contoso --new-people import`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.passwordSync, "password-sync", "", "`MODE`: on or off")
	f.BoolVar(&o.convert, "convert", false, "with --password-sync: change the accounts with the mode")
	f.StringVar(&o.newPeople, "new-people", "", "what a refresh does with new people: `list|import`")
	f.BoolVar(&o.dryRun, "dry-run", false, "with --convert: show the result and write nothing")
	return cmd
}

// passwordSyncHelp explains the choice.
const passwordSyncHelp = `
  off  accounts come from one directory, Active Directory or Microsoft 365, and
       nothing is matched; the e-mail address comes from that directory
  on   accounts come from Active Directory and each waits for its mailbox
       ("match"); the e-mail address comes from Microsoft 365`

func (o customersSetOptions) run(ctx context.Context, a *app, name string) error {
	mode, err := parseMode(o.passwordSync)
	if err != nil {
		return err
	}
	switch {
	case mode == "" && o.newPeople == "":
		return usage.Errorf("nothing to set: give --password-sync on or off, or --new-people")
	case mode != "" && o.newPeople != "":
		return usage.Errorf("set the mode or --new-people, one at a time")
	case mode == "" && o.convert, !o.convert && o.dryRun:
		return usage.Errorf("--convert goes with --password-sync, --dry-run with --convert")
	case o.newPeople != "" && o.newPeople != "list" && o.newPeople != registry.ImportNew:
		return usage.Errorf("--new-people %q: use list or import", o.newPeople)
	case o.newPeople != "":
		c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
			return im.SetNewPeople(ctx, name, o.newPeople == registry.ImportNew)
		})
		if err != nil {
			return err
		}
		return a.render(customerSentence(c, "a refresh of %s will %s new people", c.Name, o.newPeople))
	case o.convert:
		result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.ConvertResult, error) {
			return im.Convert(ctx, name, mode, o.dryRun)
		})
		if err != nil {
			return err
		}
		return a.render(convertView(result))
	}
	c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.SetPasswordSync(ctx, name, mode)
	})
	if err != nil {
		return err
	}
	return a.render(customerSentence(c, "password sync of %s is %s", c.Name, c.PasswordSync))
}

func convertView(r importer.ConvertResult) output.View {
	v := output.View{Document: r, Items: output.Items(r.Changes), Rows: func() [][]string { return output.Rows(accountChangeColumns(), r.Changes) }}
	v.Page = func(p *output.Page) {
		verb := "is"
		if !r.Applied {
			verb = "would be"
		}
		p.Line("password sync of %s %s %s, %s changed with it", r.Customer, verb, r.PasswordSync, output.Count(len(r.Changes), "account"))
		if len(r.Changes) > 0 {
			p.Blank()
			output.TableOf(p, accountChangeColumns(), r.Changes)
		}
	}
	return v
}

// parseMode reads --password-sync, "" where it was not given.
func parseMode(s string) (registry.Mode, error) {
	switch mode := registry.Mode(s); mode {
	case "", registry.ModeOn, registry.ModeOff:
		return mode, nil
	}
	return "", usage.Errorf("--password-sync %q: use on or off", s)
}
