package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
)

func newCompletionCmd(a *app) *cobra.Command {
	parent := &cobra.Command{
		Use:   "completion",
		Short: "Write a completion script for a shell",
		Long: `Writes a script that lets a shell complete commands, flags, and the names of
customers, accounts, OUs, groups and runs. Names are those in the state file; no
directory is asked, so OUs and groups are those that an import named or that known
people are in. A name that holds what a shell would obey is offered by its id.

Bash needs the package bash-completion. To have it in every new shell:

  bash        source <(qpimport completion bash)   in ~/.bashrc
  zsh         source <(qpimport completion zsh)    in ~/.zshrc, after compinit
  fish        qpimport completion fish > ~/.config/fish/completions/qpimport.fish
  PowerShell  the last example below, in $PROFILE` + exits(),
		Example: `  source <(qpimport completion bash)
  source <(qpimport completion zsh)
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
				var script strings.Builder
				if err := shell.write(parent.Root(), &script); err != nil {
					return fmt.Errorf("cannot make the script: %w", err)
				}
				mended, err := mendScript(shell.name, script.String())
				if err == nil {
					_, err = io.WriteString(a.out, mended)
				}
				return err
			}),
		})
	}
	return parent
}

// mendScript mends what cobra's scripts do wrong with names that hold more than letters.
func mendScript(shell, script string) (string, error) {
	const anyEqualsSign, flagsEqualsSign = `'-.*='`, `'^-.*='`
	const bashWord = `COMPREPLY[0]=$(printf "%q" "${COMPREPLY[0]}")`
	for _, mend := range map[string][][2]string{
		// A comma is escaped, though it need not be: a DN that was typed without is then not
		// found to be the beginning of what is completed, and is put in twice.
		"bash": {{bashWord, bashWord + "\n            " + `COMPREPLY[0]=${COMPREPLY[0]//\\,/,}`}},
		// A dash and an equals sign in a value (OU=Sub-Unit,DC=x) are no flag. Arguments are
		// passed on through eval, and were not quoted.
		"fish": {{"set -l args (commandline -opc)", "set -l args (string escape -- (commandline -opc))"}, {anyEqualsSign, flagsEqualsSign}},
		"zsh":  {{anyEqualsSign, flagsEqualsSign}},
	}[shell] {
		if !strings.Contains(script, mend[0]) {
			return "", fmt.Errorf("the script of %s is not the one that is known: it has no %s", shell, mend[0])
		}
		script = strings.Replace(script, mend[0], mend[1], 1)
	}
	return script, nil
}
