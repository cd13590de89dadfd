package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

type customersSetOptions struct {
	passwordSync string
}

func newCustomersSetCmd(a *app) *cobra.Command {
	var o customersSetOptions
	cmd := &cobra.Command{
		Use:   "set NAME",
		Short: "Choose a customer's password sync mode",
		Long: `Chooses the password sync mode before the first import. Once the customer has
accounts the mode is fixed: to change it, delete the accounts and import again.
` + passwordSyncHelp + exits(11, 12, 15),
		Example: `  qpimport customers set Contoso --password-sync on`,
		Args:    cobra.ExactArgs(1),
		RunE:    a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args[0]) }),
	}
	cmd.Flags().StringVar(&o.passwordSync, "password-sync", "", "`MODE`: on or off")
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
	if mode == "" {
		return usage.Errorf("nothing to set: give --password-sync on or off")
	}
	c, err := writing(ctx, a, func(im *importer.Importer) (importer.Customer, error) {
		return im.SetPasswordSync(ctx, name, mode)
	})
	if err != nil {
		return err
	}
	return a.render(customerSentence(c, "password sync of %s is %s", c.Name, c.PasswordSync))
}

// parseMode reads --password-sync, "" where it was not given.
func parseMode(s string) (registry.Mode, error) {
	switch mode := registry.Mode(s); mode {
	case "", registry.ModeOn, registry.ModeOff:
		return mode, nil
	}
	return "", usage.Errorf("--password-sync %q: use on or off", s)
}
