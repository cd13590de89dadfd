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
)

// completedNames bounds what a shell is offered, and completionTime how long
// somebody who pressed a key waits.
const (
	completedNames = 100
	completionTime = 200 * time.Millisecond
)

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
	var err error
	if a.settings, err = loadSettings(cmd.Flags(), a.getenv); err != nil {
		return nil, err
	}
	a.settings.Quiet = true // somebody is typing
	store, err := a.glanceAtState(ctx)
	if err != nil {
		return nil, err
	}
	im := importer.New(importer.Options{Store: store})
	defer func() { _ = im.Close() }()
	return im.Names(ctx, kind, a.settings.Customer, begun, completedNames)
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

// plainName says that a name holds nothing but letters, digits, what stands for itself
// in every shell, and of what names of companies have else, what each shell quotes.
func plainName(s string) bool {
	return s != "" && !strings.HasPrefix(s, "-") && !strings.HasPrefix(s, "_activeHelp_") && strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" -_.@/,=+:%&'()", r)
	}) < 0
}
