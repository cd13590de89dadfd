package main

import (
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// completion says what shells offer: by flag, where several commands have it alike, or
// by command and flag ("drift --code"), and by command for its arguments.
type completion struct {
	flags map[string]cobra.CompletionFunc
	args  map[string]cobra.CompletionFunc
}

func newCompletion(a *app) completion {
	customers := a.names(registry.CustomerNames)
	accounts := a.names(registry.AccountNames)
	runs := a.names(registry.RunNames)
	ous := a.names(registry.OUNames)
	groups := a.names(registry.GroupNames)
	directories := words(string(source.AD), string(source.M365))
	onOff := words("on", "off")
	reset := words(source.RoleReset)
	return completion{
		flags: map[string]cobra.CompletionFunc{
			"customer": customers, "account": accounts, "again": accounts, "mark": accounts, "unpair": accounts, "user": accounts, "exclude": accounts,
			"pair": first(accounts, "="), "ou": ous, "exclude-ou": ous, "group": groups, "resume": runs, "source": directories,
			"output": words(output.Formats()...), "log-format": words(logText, logJSON), "password-sync": onOff, "new-people": words("list", "import"),
			"by": words("display-name", "evidence"), "bind": words(source.Binds()...), "auth": words(source.Auths()...), "role": reset,
			"cloud": words(source.Clouds()...), "mailbox-types": words(source.MailboxTypes()...),
			"encoding": words(source.Encodings()...), "region": words("us", "eu", "au"), "scope": words("all", "read:customers"), "app": words(importer.AppMobile, importer.AppWeb),
			"light": words(lights()...), "sort": words(orders()...), "allow": guards(),
			"accounts state": words(string(registry.StateActive), string(registry.StateNeedsEmail), string(registry.StatePendingMatch)),
			"status code":    words(importer.FindingCodes()...),
			"drift code":     words(importer.DriftCodes()...), "drift without": words(importer.DriftCodes()...),
		},
		args: map[string]cobra.CompletionFunc{
			"customers show": firstOf(customers, 1), "customers set": firstOf(customers, 1),
			"customers rename": firstOf(customers, 1), "customers delete": firstOf(customers, 1),
			"accounts show": firstOf(accounts, 1), "accounts set-email": accountsToSet(accounts), "accounts relink": firstOf(accounts, 1),
			"accounts delete": accounts, "explain": firstOf(accounts, 2), "decisions forget": accounts, "passwords reset": accounts,
			"history show": firstOf(runs, 1), "undo": firstOf(runs, 1),
			"registry copy":    cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault), // files, or what is typed
			"directories test": firstOf(directories, 1), "directories disconnect": firstOf(directories, 1),
		},
	}
}

// completeWith has shells complete the names in the registry and the values that flags
// know. Files they complete by themselves, where a file is what is wanted, and nothing
// anywhere else.
func completeWith(a *app, root *cobra.Command) {
	c := newCompletion(a)
	var walk func(*cobra.Command)
	walk = func(cmd *cobra.Command) {
		path := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
		switch complete := c.args[path]; {
		case complete != nil:
			cmd.ValidArgsFunction = complete
		case cmd.ValidArgsFunction == nil && !strings.Contains(cmd.Use, "FILE"):
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
		add := func(f *pflag.Flag) {
			if complete := c.of(path, f); complete != nil {
				_ = cmd.RegisterFlagCompletionFunc(f.Name, complete) // fails for one that has it from above
			}
		}
		cmd.PersistentFlags().VisitAll(add)
		cmd.LocalNonPersistentFlags().VisitAll(add)
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

// of is what a flag of a command is completed with, nil for files. "accounts" and
// "accounts list" are one.
func (c completion) of(path string, f *pflag.Flag) cobra.CompletionFunc {
	metavar, _ := pflag.UnquoteUsage(f)
	switch own, general := c.flags[strings.TrimSuffix(path, " list")+" "+f.Name], c.flags[f.Name]; {
	case own != nil:
		return own
	case general != nil:
		return general
	case metavar == "REF":
		return unfinished("env:", "file:", "command:")
	case takesFile(metavar):
		return nil
	}
	return cobra.NoFileCompletions
}

// takesFile says whether what a flag wants is a file or a folder.
func takesFile(metavar string) bool {
	return strings.Contains(metavar, "FILE") || metavar == "DIR"
}

func words(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// unfinished are beginnings, after which more is typed.
func unfinished(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)
}

func guards() cobra.CompletionFunc {
	var values []string
	for _, g := range registry.Guards() {
		values = append(values, string(g)+"=")
	}
	return unfinished(values...)
}

// first completes what stands before a separator, after which more is typed.
func first(complete cobra.CompletionFunc, separator string) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		offered, directive := complete(cmd, args, begun)
		for i, value := range offered {
			name, about, _ := strings.Cut(value, "\t")
			offered[i] = cobra.CompletionWithDesc(name+separator, about)
		}
		return offered, directive | cobra.ShellCompDirectiveNoSpace
	}
}

// firstOf completes the first n arguments.
func firstOf(complete cobra.CompletionFunc, n int) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}

// accountsToSet completes the account whose address is set, or with --clear all whose is
// given back.
func accountsToSet(accounts cobra.CompletionFunc) cobra.CompletionFunc {
	one := firstOf(accounts, 1)
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		if clear, _ := cmd.Flags().GetBool("clear"); clear {
			return accounts(cmd, args, begun)
		}
		return one(cmd, args, begun)
	}
}
