package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func newCompletionCmd(a *app) *cobra.Command {
	parent := &cobra.Command{
		Use:   "completion",
		Short: "Write a completion script for a shell",
		Long: `Writes a script that lets a shell complete commands, flags, and the names of
customers, accounts, OUs, groups and runs. Names are those in the state file; no
directory is asked, so OUs and groups are those that an import named or that known
people are in. A name that holds what a shell would obey is completed as its id.
Load the script once, or from the shell's start-up file.` + exits(),
		Example: `  source <(qpimport completion bash)
  qpimport completion zsh > "${fpath[1]}/_qpimport"
  qpimport completion fish | source
  qpimport completion powershell | Out-String | Invoke-Expression`,
		Args: subcommand,
		RunE: chooseSubcommand,
	}
	for _, shell := range []struct {
		name  string
		write func(*cobra.Command, io.Writer) error
	}{
		{"bash", func(c *cobra.Command, w io.Writer) error { return c.GenBashCompletionV2(w, true) }},
		{"zsh", (*cobra.Command).GenZshCompletion},
		{"fish", func(c *cobra.Command, w io.Writer) error { return c.GenFishCompletion(w, true) }},
		{"powershell", (*cobra.Command).GenPowerShellCompletionWithDesc},
	} {
		parent.AddCommand(&cobra.Command{
			Use:     shell.name,
			Short:   "Write the script for " + shell.name,
			Long:    "Writes the completion script for " + shell.name + " to standard output." + exits(),
			Example: "  qpimport completion " + shell.name,
			Args:    cobra.NoArgs,
			RunE: a.command(func(context.Context, []string) error {
				if err := shell.write(parent.Root(), a.out); err != nil {
					return fmt.Errorf("cannot write the script: %w", err)
				}
				return nil
			}),
		})
	}
	return parent
}
