package main

import "github.com/spf13/cobra"

func newHelpCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Show the manual of a command",
		Long:  "Shows the manual of a command, the same as COMMAND --help." + exits(),
		RunE: func(cmd *cobra.Command, args []string) error {
			about, rest, err := cmd.Root().Find(args)
			if err == nil && len(rest) > 0 {
				err = subcommand(about, rest)
			}
			if err != nil {
				return err
			}
			a.begun = true
			about.InitDefaultHelpFlag()
			return about.Help()
		},
	}
}
