package main

import (
	"github.com/spf13/cobra"
)

func newPasswordsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "passwords",
		Short: "Reset passwords in both directories, and see where they were reset",
		Long: `Sets passwords in Active Directory and Microsoft 365 together, says when they were last
set and whether the two are in step, and finds who was reset in Active Directory alone.

A password is never stored, logged or printed but where you ask for it.` + exits(),
		Example: `  qpimport passwords reset -c Contoso jdoe --out jdoe.csv
  qpimport passwords status -c Contoso`,
		Args: subcommand,
		RunE: chooseSubcommand,
	}
	cmd.AddCommand(newPasswordsResetCmd(a), newPasswordsStatusCmd(a), newPasswordsCheckCmd(a))
	return cmd
}
