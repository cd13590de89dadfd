package main

import (
	"context"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

func newAccountsShowCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "show SEL",
		Short: "Show an account",
		Long: `Shows one account: by its id, or the DN, user principal name, sAMAccountName or
e-mail. Where more than one fits, all are listed and the exit status is 11; -c
narrows the search to a customer.` + exits(11, 15),
		Example: `  qpimport accounts show jdoe -c Contoso
  qpimport accounts show john.doe@contoso.example -o json`,
		Args: cobra.ExactArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			acc, err := reading(ctx, a, func(im *importer.Importer) (importer.Account, error) {
				return im.Account(ctx, a.settings.Customer, args[0])
			})
			if err != nil {
				return err
			}
			return a.render(output.Item(acc, accountColumns(true), accountPage(acc)))
		}),
	}
}

func accountPage(acc importer.Account) func(*output.Page) {
	return func(p *output.Page) {
		p.Fields([][]string{
			{"Account", acc.DisplayName},
			{"Id", acc.ID},
			{"Customer", acc.Customer},
			{"Given name", acc.GivenName},
			{"Surname", acc.Surname},
			{"User name", acc.Username},
			{"UPN", acc.UPN},
			{"E-mail", emailText(acc)},
			{"E-mail from", text(acc.EmailSource)},
			{"In the directory", text(acc.DirectoryEmail)},
			{"State", string(acc.State)},
			{"AD", linkText(adLink(acc).DN, adLink(acc).LinkStatus)},
			{"Microsoft 365", linkText(m365Link(acc).UPN, m365Link(acc).LinkStatus)},
			{"Imported", timeText(acc.ImportedAt)},
			{"Updated", timeText(acc.UpdatedAt)},
		})
	}
}

// privilegedBy are the ways in which the users of an account hold power over a
// directory, in words; "" for none.
func privilegedBy(acc importer.Account) string {
	var ways []string
	for _, way := range []*string{adLink(acc).Privileged, m365Link(acc).Privileged} {
		if way != nil {
			ways = append(ways, *way)
		}
	}
	return strings.Join(ways, "; ")
}

func linkText(name string, s importer.LinkStatus) string {
	var said []string
	say := func(what string, since *time.Time) {
		if since != nil {
			what += " since " + since.UTC().Format(time.DateOnly)
		}
		said = append(said, what)
	}
	if s.Status != "" && s.Status != registry.StatusOK {
		say(strings.ReplaceAll(s.Status, "_", " "), s.Since)
	}
	if s.Privileged != nil {
		say("privileged by "+*s.Privileged, s.PrivilegedSince)
	}
	if len(said) == 0 {
		return name
	}
	return name + " (" + strings.Join(said, "; ") + ")"
}
