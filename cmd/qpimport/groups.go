package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

func newGroupsCmd(a *app) *cobra.Command {
	var from string
	var all bool
	cmd := &cobra.Command{
		Use:   "groups",
		Short: "List the groups of a directory",
		Long: `Lists the groups of one of a customer's directories in which there are people, with
how many are in each themselves and how many in all, those of the groups in it
included. In Active Directory the primary group counts: everybody is in one, mostly
Domain Users. --all shows the empty ones as well.

"import --group" takes the people of a group. Of Microsoft 365 this needs the
permission GroupMember.Read.All; of an export the attributes memberOf and
primaryGroupID.` + exits(10, 11, 13, 14, 15),
		Example: `  qpimport groups -c Contoso --source ad
  qpimport groups -c Contoso --source m365 --all -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			kind, err := parseSource(from)
			if err != nil {
				return err
			}
			name, err := a.customer()
			if err != nil {
				return err
			}
			list, err := reading(ctx, a, func(im *importer.Importer) (importer.GroupList, error) {
				kind, err := chooseSource(ctx, im, name, kind)
				if err != nil {
					return importer.GroupList{}, err
				}
				return im.Groups(ctx, importer.GroupsRequest{Customer: name, Source: kind, All: all})
			})
			if err != nil {
				return err
			}
			beside := map[string]any{"empty": list.Empty}
			return a.render(output.List("groups", list.Groups, groupColumns(), beside, func(p *output.Page) {
				if !all && list.Empty > 0 {
					p.Blank()
					p.Line("hidden: %s in which nobody is (--all shows them)", output.Count(list.Empty, "group"))
				}
			}))
		}),
	}
	cmd.Flags().StringVar(&from, "source", "", sourceUsage)
	cmd.Flags().BoolVar(&all, "all", false, "those in which nobody is as well")
	return cmd
}

func groupColumns() []output.Column[importer.Group] {
	type group = importer.Group
	return []output.Column[group]{
		{Key: "source", Text: func(g group) string { return string(g.Source) }},
		{Key: "id", Text: func(g group) string { return g.ID }},
		{Key: "name", Title: "Group", Text: func(g group) string { return g.Name }},
		{Key: "dn", Text: func(g group) string { return g.DN }},
		{Title: "In", Rank: 1, Text: func(g group) string { return ouPath(source.ParentDN(g.DN)) }},
		{Key: "members", Title: "Members", Text: func(g group) string { return strconv.Itoa(g.Members) }},
		{Key: "nested", Title: "With nested", Text: func(g group) string { return strconv.Itoa(g.Nested) }},
	}
}
