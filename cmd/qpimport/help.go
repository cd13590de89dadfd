package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/usage"
)

func newHelpCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND | TASK]",
		Short: "Show the manual of a command, or how a task is done",
		Long: `Shows the manual of a command, the same as COMMAND --help, or the page of a task.
"help topics" lists the tasks.` + exits(),
		Example: `  qpimport help match
  qpimport help topics
  qpimport help leaver`,
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			if len(args) == 1 && args[0] == "topics" {
				a.begun = true
				for _, name := range topicNames {
					fmt.Fprintf(a.out, "%-20s  %s\n", name, topicOf(root, []string{name}).Short)
				}
				return nil
			}
			about, rest, err := root.Find(args)
			if err == nil && len(rest) > 0 {
				err = subcommand(about, rest)
				if !about.HasSubCommands() {
					err = usage.Errorf("%s has no commands: `qpimport help` takes no more", about.CommandPath())
				}
			}
			if topic := topicOf(root, args); topic != nil {
				about, err = topic, nil
			}
			if err != nil {
				return err
			}
			a.begun = true
			about.InitDefaultHelpFlag()
			return about.Help()
		},
		ValidArgsFunction: func(cmd *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			a.begun = true
			about, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			var offered []string
			for _, c := range about.Commands() {
				if c.IsAvailableCommand() || c.IsAdditionalHelpTopicCommand() {
					offered = append(offered, cobra.CompletionWithDesc(c.Name(), c.Short))
				}
			}
			return offered, cobra.ShellCompDirectiveNoFileComp
		},
	}
}
