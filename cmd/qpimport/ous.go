package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type ousOptions struct {
	all bool
}

func newOUsCmd(a *app) *cobra.Command {
	var o ousOptions
	cmd := &cobra.Command{
		Use:   "ous",
		Short: "List the OUs that hold users",
		Long: `Lists the OUs and containers of a customer's Active Directory that hold user
objects, with how many are directly in each and how many below it.

Hidden are those without a user object in them or below, and Active Directory's
own containers with all below them, which are told by their well-known GUID and
not by their name. CN=Users shows when it holds human users. What is hidden is
counted; --all shows it, with the reason:

  empty                 no user object in it or below
  system_container      one of AD's or Exchange's own
  in_system_container   below one of those
  only_system_accounts  CN=Users without a human user` + exits(11, 13, 14, 15),
		Example: `  qpimport ous -c Contoso
  qpimport ous -c Contoso --all -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	cmd.Flags().BoolVar(&o.all, "all", false, "show the hidden ones as well, and why")
	return cmd
}

func (o ousOptions) run(ctx context.Context, a *app) error {
	name, err := a.customer()
	if err != nil {
		return err
	}
	list, err := reading(ctx, a, func(im *importer.Importer) (importer.OUList, error) {
		return im.OUs(ctx, name, o.all)
	})
	if err != nil {
		return err
	}
	beside := map[string]any{"hidden": list.Hidden}
	return a.render(output.List("ous", list.OUs, ouColumns(o.all), beside, func(p *output.Page) {
		if !o.all && list.Hidden.OUs > 0 {
			p.Blank()
			p.Line("hidden: %s with %s (--all shows them)", output.Count(list.Hidden.OUs, "container"), output.Count(list.Hidden.Users, "user object"))
		}
	}))
}

func ouColumns(all bool) []output.Column[source.OU] {
	hidden := ""
	if all {
		hidden = "Hidden"
	}
	return []output.Column[source.OU]{
		{Key: "id", Text: func(o source.OU) string { return o.ID }},
		{Key: "dn", Text: func(o source.OU) string { return o.DN }},
		{Key: "path", Title: "OU", Text: func(o source.OU) string { return o.Path }},
		{Key: "name", Text: func(o source.OU) string { return o.Name }},
		{Key: "class", Text: func(o source.OU) string { return o.Class }},
		{Key: "users", Title: "Users", Rank: output.Whole, Text: func(o source.OU) string { return strconv.Itoa(o.Users) }},
		{Key: "users_below", Title: "Below", Rank: output.Whole, Text: func(o source.OU) string { return strconv.Itoa(o.UsersBelow) }},
		{Key: "hidden", Text: func(o source.OU) string { return strconv.FormatBool(o.Hidden) }},
		{Key: "hidden_reason", Title: hidden, Text: func(o source.OU) string { return string(o.HiddenReason) }},
	}
}
