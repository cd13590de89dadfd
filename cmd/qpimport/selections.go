package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

func newSelectionsCmd(a *app) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "selections",
		Short: "Show whom the imports take",
		Long: `Each import keeps what it asked for, its selection, so that "refresh" asks again: who
newly fits, and who is no longer in it (out_of_scope). OUs and groups are kept by their
ids, so that a rename does not matter. An import of the same OUs, groups and licences
takes the place of the one before.

Alone, the command lists a customer's selections.` + exits(11, 15),
		Example: `  qpimport selections -c Contoso
  qpimport selections forget 2 -c Contoso`,
		Args: subcommand,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			name, err := a.customer()
			if err != nil {
				return err
			}
			r, err := reading(ctx, a, func(im *importer.Importer) (importer.SelectionsResult, error) { return im.Selections(ctx, name) })
			if err != nil {
				return err
			}
			return a.render(output.List("selections", r.Selections, selectionColumns(), nil, nil))
		}),
	}
	cmd.AddCommand(newSelectionsForgetCmd(a))
	return cmd
}

func newSelectionsForgetCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "forget NUMBER…",
		Short: "Forget selections",
		Long: `Forgets selections by the numbers that "selections" shows, such as one of a group that
was deleted. Accounts stay; at the next refresh those whom no other selection takes are
out_of_scope. Where none is left, everybody is in scope. "undo" brings it back.` + exits(11, 12, 15),
		Example: `  qpimport selections forget 2 -c Contoso`,
		Args:    cobra.MinimumNArgs(1),
		RunE: a.command(func(ctx context.Context, args []string) error {
			name, err := a.customer()
			if err != nil {
				return err
			}
			r, err := writing(ctx, a, func(im *importer.Importer) (importer.SelectionsResult, error) {
				return im.ForgetSelections(ctx, name, args)
			})
			if err != nil {
				return err
			}
			v := output.List("selections", r.Selections, selectionColumns(), nil, nil)
			v.Document = r
			v.Page = func(p *output.Page) {
				p.Line("%s: %s forgotten", r.Customer, output.Count(len(r.Selections), "selection"))
			}
			return a.render(v)
		}),
	}
}

func selectionColumns() []output.Column[importer.Selection] {
	type row = importer.Selection
	ous := func(refs []registry.OURef) string {
		names := make([]string, len(refs))
		for i, o := range refs {
			names[i] = ouPath(o.DN)
		}
		return strings.Join(names, "; ")
	}
	groups := func(s row) string {
		names := make([]string, len(s.Groups))
		for i, g := range s.Groups {
			names[i] = g.Name
		}
		return strings.Join(names, "; ")
	}
	return []output.Column[row]{
		{Key: "number", Title: "Number", Text: func(s row) string { return strconv.Itoa(s.Number) }},
		{Key: "source", Title: "Directory", Rank: 3, Text: func(s row) string { return string(s.Source) }},
		{Key: "ous", Title: "OUs", Text: func(s row) string { return ous(s.OUs) }},
		{Key: "recursive", Title: "Below", Rank: 1, Text: func(s row) string { return yes(s.Recursive) }},
		{Key: "groups", Title: "Groups", Text: groups},
		{Key: "takes", Title: "Takes", Text: func(s row) string { return takes(s) }},
		{Key: "skus", Text: func(s row) string { return strings.Join(s.SKUs, " ") }},
		{Key: "but", Title: "But", Rank: 2, Text: func(s row) string {
			return strings.Join(append(s.Exclude[:len(s.Exclude):len(s.Exclude)], ous(s.ExcludeOUs)), " ")
		}},
	}
}

// takes says whom a selection takes of those in its OUs and groups.
func takes(s importer.Selection) string {
	var parts []string
	if s.All {
		parts = append(parts, "everybody")
	}
	if n := len(s.Users); n > 0 {
		parts = append(parts, fmt.Sprintf("%d by name", n))
	}
	if s.Licensed || len(s.SKUs) > 0 {
		parts = append(parts, strings.TrimSpace("licensed "+strings.Join(s.SKUs, " ")))
	}
	if s.IncludeDisabled {
		parts = append(parts, "disabled too")
	}
	if s.IncludePrivileged {
		parts = append(parts, "privileged too")
	}
	return strings.Join(parts, ", ")
}
