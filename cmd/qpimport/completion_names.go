package main

import (
	"context"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
	"github.com/qpimport/qpimport/pkg/source"
)

// completedNames bounds what a shell is offered, and completionTime how long
// somebody who pressed a key waits.
const (
	completedNames = 100
	completionTime = 200 * time.Millisecond
)

// completeWith has shells complete the names in the registry and the values that
// flags know.
func completeWith(a *app, root *cobra.Command) {
	customers := a.names(registry.CustomerNames)
	accounts := a.names(registry.AccountNames)
	runs := a.names(registry.RunNames)
	ous := a.names(registry.OUNames)
	groups := a.names(registry.GroupNames)
	directories := words(string(source.AD), string(source.M365))
	onOff := words("on", "off")
	flags := map[string]cobra.CompletionFunc{
		"customer": customers, "account": accounts, "unpair": accounts, "user": accounts, "exclude": accounts,
		"ou": ous, "exclude-ou": ous, "group": groups, "source": directories,
		"output": words(output.Formats()...), "password-sync": onOff, "new-people": words("list", "import"),
		"light": words(lights()...), "sort": words(orders()...),
		"by": words("display-name", "evidence"), "bind": words(source.Binds()...), "auth": words(source.Auths()...),
		"cloud": words(source.Clouds()...), "mailbox-types": words(source.MailboxTypes()...),
		"encoding": words(source.Encodings()...), "region": words("us", "eu", "au"),
	}
	args := map[string]cobra.CompletionFunc{
		"customers show": firstOf(customers, 1), "customers set": firstOf(customers, 1),
		"customers rename": firstOf(customers, 1), "customers delete": firstOf(customers, 1),
		"accounts show": firstOf(accounts, 1), "accounts set-email": firstOf(accounts, 1), "accounts relink": firstOf(accounts, 1),
		"accounts delete": accounts, "explain": firstOf(accounts, 2), "decisions forget": accounts,
		"history show": firstOf(runs, 1), "undo": firstOf(runs, 1),
		"directories test": firstOf(directories, 1), "directories disconnect": firstOf(directories, 1),
	}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		if complete := args[strings.TrimPrefix(c.CommandPath(), root.Name()+" ")]; complete != nil {
			c.ValidArgsFunction = complete
		}
		for name, complete := range flags {
			if c.Flags().Lookup(name) != nil || c.PersistentFlags().Lookup(name) != nil {
				_ = c.RegisterFlagCompletionFunc(name, complete) // fails for a flag that is not there
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}

func words(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
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

// names completes names out of the registry. Where that cannot be read there are
// none: a line that somebody is typing is no place for errors.
func (a *app) names(kind registry.NameKind) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
		a.begun = true
		ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
		defer cancel()
		found, err := a.namesFrom(ctx, cmd, kind, begun)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var offered []string
		for _, n := range found {
			if value := offer(n); value != "" && !slices.Contains(args, value) {
				offered = append(offered, cobra.CompletionWithDesc(value, output.Clean(about(n))))
			}
		}
		return offered, cobra.ShellCompDirectiveNoFileComp
	}
}

func (a *app) namesFrom(ctx context.Context, cmd *cobra.Command, kind registry.NameKind, begun string) ([]registry.Name, error) {
	s, err := loadSettings(cmd.Flags(), a.getenv)
	if err != nil {
		return nil, err
	}
	store, err := sqlite.OpenAsIs(ctx, s.State)
	if err != nil {
		return nil, err
	}
	im := importer.New(importer.Options{Store: store})
	defer func() { _ = im.Close() }()
	return im.Names(ctx, kind, s.Customer, begun, completedNames)
}

// offer is what a shell is given for a name: its id where the name holds what a
// shell would obey, since not all shells quote what they complete; "" for none.
func offer(n registry.Name) string {
	if plainName(n.Value) {
		return n.Value
	}
	if plainName(n.ID) {
		return n.ID
	}
	return ""
}

func about(n registry.Name) string {
	if plainName(n.Value) {
		return n.About
	}
	return n.Value
}

// plainName says that a name holds nothing but letters, digits and what stands for
// itself in every shell, or within words that it quotes.
func plainName(s string) bool {
	return s != "" && !strings.HasPrefix(s, "-") && !strings.HasPrefix(s, "_activeHelp_") && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.@/,=+:%", r)
	}) < 0
}
