package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

func newPasswordsCheckCmd(a *app) *cobra.Command {
	trigger := false
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Find whose password was reset in Active Directory",
		Long: `Finds whose password was set in Active Directory since the last check, by anybody but
this program. The first check only takes note of how far Active Directory has come; so
does the first one at another domain controller, or at one that was restored.

With password sync on they are out of step then, but for those whom Microsoft 365 has
from Active Directory: "status" says so, and "passwords reset --all-pending" resets them
in both. With AD Connect, --trigger-sync has it run one cycle for all of them.

It is meant for a schedule of minutes: only those are read who changed, and a check that
finds nothing takes a few requests, whatever the size of the domain.` + exits(11, 12, 13, 14, 15),
		Example: `  qpimport passwords check -c Contoso
  qpimport passwords check -c Fabrikam --trigger-sync`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			name, err := a.customer()
			if err != nil {
				return err
			}
			r, err := writing(ctx, a, func(im *importer.Importer) (importer.PasswordCheckResult, error) {
				return im.CheckPasswords(ctx, name, trigger)
			})
			if err != nil {
				return err
			}
			a.notes(r.Notes)
			if err := a.render(passwordCheckView(r)); err != nil || r.Sync == nil {
				return errors.Join(r.SyncError, err)
			}
			return syncVerdict(*r.Sync)
		}),
	}
	cmd.Flags().BoolVar(&trigger, "trigger-sync", false, "have AD Connect run a cycle where somebody was reset")
	return cmd
}

func passwordCheckView(r importer.PasswordCheckResult) output.View {
	type row = importer.PasswordReset
	columns := []output.Column[row]{
		{Key: "account", Text: func(x row) string { return x.Account }},
		{Key: "display_name", Title: "Name", Text: func(x row) string { return x.DisplayName }},
		{Key: "username", Title: "User name", Rank: 1, Text: func(x row) string { return x.Username }},
		{Key: "set_at", Title: "Set in AD", Rank: 2, Text: func(x row) string { return whenText(x.SetAt) }},
		{Title: "What", Text: func(x row) string {
			switch {
			case !x.Certain:
				return "reset, or only to be changed"
			case x.OutOfStep:
				return "out of step"
			}
			return "reset"
		}},
	}
	return output.View{
		Document: r,
		Items:    output.Items(r.Accounts),
		Rows:     func() [][]string { return output.Rows(columns, r.Accounts) },
		Page: func(p *output.Page) {
			switch {
			case r.Began:
				p.Line("%s: taken note of Active Directory as it is now; the next check compares", r.Customer)
			default:
				p.Line("%s: %s reset in Active Directory since %s", r.Customer, output.Count(len(r.Accounts), "account"), whenText(r.Since))
			}
			if r.Others > 0 {
				p.Line("and %d people without an account", r.Others)
			}
			if len(r.Accounts) > 0 {
				p.Blank()
				output.TableOf(p, columns, r.Accounts)
			}
			if r.Sync != nil {
				p.Blank()
				syncPage(p, *r.Sync)
			}
		},
	}
}
