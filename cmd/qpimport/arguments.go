package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/usage"
)

// sayArguments has commands that get too few arguments, or too many, say which, and
// what they take.
func sayArguments(c *cobra.Command) {
	for _, sub := range c.Commands() {
		sayArguments(sub)
	}
	if check := c.Args; check != nil && !c.HasSubCommands() {
		c.Args = func(cmd *cobra.Command, args []string) error {
			if err := check(cmd, args); err != nil {
				return countArguments(cmd, args, check)
			}
			return nil
		}
	}
}

// countArguments is the error of arguments that a command does not take.
func countArguments(cmd *cobra.Command, args []string, check cobra.PositionalArgs) error {
	use := strings.TrimSuffix(cmd.UseLine(), " [flags]")
	most := len(args) - 1
	for most >= 0 && check(cmd, args[:most]) != nil {
		most--
	}
	if most < 0 {
		return usage.Errorf("an argument is missing: it is `%s`", use)
	}
	over := args[most:]
	what := "one argument too many"
	if len(over) > 1 {
		what = fmt.Sprintf("%d arguments too many", len(over))
	}
	hint := "see `" + cmd.CommandPath() + " --help`; a name with spaces goes in quotes"
	if most == 0 {
		return usage.Hintf("a customer is named with -c NAME; see `"+cmd.CommandPath()+" --help`", "%s, %s: `%s` takes none", what, quoteAll(over), use)
	}
	return usage.Hintf(hint, "%s, %s: it is `%s`", what, quoteAll(over), use)
}

// subcommand is the Args of a command that has commands below it: what stands
// there is none of them, or cobra would have run it.
func subcommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	message := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	cmd.SuggestionsMinimumDistance = 2
	near := cmd.SuggestionsFor(args[0])
	elsewhere := commandsNamed(cmd.Root(), args[0])
	switch {
	case len(near) > 0:
		return usage.Hintf("did you mean "+strings.Join(near, ", ")+"?", "%s", message)
	case len(elsewhere) > 0:
		return usage.Hintf("did you mean `"+strings.Join(elsewhere, "`, `")+"`?", "%s", message)
	case !cmd.HasParent():
		if topics := likeWords(args[0], topicNames); len(topics) > 0 {
			return usage.Hintf("did you mean `qpimport help "+topics[0]+"`?", "%s", message)
		}
		return usage.Hintf("`qpimport help` lists the commands, `qpimport help topics` tasks with the commands for them", "%s", message)
	}
	names := subcommandNames(cmd)
	hint := "its commands are " + strings.Join(names, ", ")
	if slices.Contains(names, "list") { // which is what it does without any
		hint += "; a customer is named with -c NAME"
	}
	return usage.Hintf(hint, "%s", message)
}

// commandsNamed are the commands below c that have this name, written out.
func commandsNamed(c *cobra.Command, name string) []string {
	var found []string
	for _, sub := range c.Commands() {
		if sub.IsAvailableCommand() && strings.EqualFold(sub.Name(), name) {
			found = append(found, sub.CommandPath())
		}
		found = append(found, commandsNamed(sub, name)...)
	}
	return found
}

// chooseSubcommand is the RunE of a command that does nothing by itself.
func chooseSubcommand(cmd *cobra.Command, _ []string) error {
	names := subcommandNames(cmd)
	if len(names) == 1 {
		return usage.Errorf("a command is missing: it is `%s %s`", cmd.CommandPath(), names[0])
	}
	return usage.Errorf("`%s` needs one of %s", cmd.CommandPath(), strings.Join(names, ", "))
}

func subcommandNames(cmd *cobra.Command) []string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.Name())
		}
	}
	return names
}

// likeWords are those of some words that a word may have been meant for, as cobra finds
// them among commands.
func likeWords(word string, words []string) []string {
	list := &cobra.Command{SuggestionsMinimumDistance: 2}
	for _, w := range words {
		list.AddCommand(&cobra.Command{Use: w, Run: func(*cobra.Command, []string) {}})
	}
	return list.SuggestionsFor(word)
}

// flagError adds to the error of a flag that there is none of those that are like it.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || unknown.GetSpecifiedShortnames() != "" {
		return err
	}
	name := unknown.GetSpecifiedName()
	var below []string
	for _, sub := range cmd.Commands() {
		if sub.Flags().Lookup(name) != nil {
			below = append(below, sub.CommandPath()+" --"+name)
		}
	}
	if len(below) > 0 {
		return usage.Hintf("did you mean `"+strings.Join(below, "`, `")+"`?", "%s", oneLine(err.Error()))
	}
	var flags []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { flags = append(flags, f.Name) })
	if near := likeWords(name, flags); len(near) > 0 {
		return usage.Hintf("did you mean --"+strings.Join(near, ", --")+"?", "%s", oneLine(err.Error()))
	}
	return err
}
