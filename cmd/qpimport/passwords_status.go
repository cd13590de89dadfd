package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

func newPasswordsStatusCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show when passwords were last set, and whether they are in step",
		Long: `Reads both directories and shows for each account when its password was last set in
either, and whether the two are in step. That is yes or no where it is a fact, and open
where nobody can know:

  - with password sync on: yes where both have the password of the same reset of this
    program and it was not set since; no where only one has it, or it was set since
  - of a user whom AD Connect keeps in step: by Microsoft 365's time, which follows that
    of Active Directory; open where the password has to be changed, which hides its time` + exits(11, 13, 14, 15),
		Example: `  qpimport passwords status -c Contoso
  qpimport passwords status -c Contoso -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			name, err := a.customer()
			if err != nil {
				return err
			}
			r, err := reading(ctx, a, func(im *importer.Importer) (importer.PasswordStatusList, error) {
				return im.PasswordStatuses(ctx, name)
			})
			if err != nil {
				return err
			}
			a.notes(r.Notes)
			return a.render(output.List("accounts", r.Accounts, passwordStatusColumns(), map[string]any{"customer": r.Customer, "notes": r.Notes}, nil))
		}),
	}
}

func passwordStatusColumns() []output.Column[importer.PasswordStatus] {
	type row = importer.PasswordStatus
	return []output.Column[row]{
		{Key: "account", Text: func(r row) string { return r.Account }},
		{Key: "display_name", Title: "Name", Text: func(r row) string { return r.DisplayName }},
		{Key: "username", Title: "User name", Rank: 1, Text: func(r row) string { return r.Username }},
		{Key: "ad_set_at", Title: "Set in AD", Rank: 2, Text: func(r row) string { return whenText(r.ADSetAt) }},
		{Key: "m365_set_at", Title: "Set in Microsoft 365", Rank: 2, Text: func(r row) string { return whenText(r.M365SetAt) }},
		{Key: "in_step", Text: func(r row) string {
			if r.InStep == nil {
				return ""
			}
			return fmt.Sprint(*r.InStep)
		}},
		{Title: "In step", Tone: toneOf, Text: func(r row) string {
			switch {
			case r.InStep == nil:
				return "unknown"
			case *r.InStep:
				return "yes"
			}
			return "no"
		}},
		{Key: "why", Title: "Why", Text: func(r row) string { return r.Why }},
		{Key: "state", Text: func(r row) string { return r.State }},
	}
}
