package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

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
	return a.render(listView("ous", list.OUs, ouColumns(o.all), beside, func(p *page) {
		if !o.all && list.Hidden.OUs > 0 {
			p.blank()
			p.line("hidden: %s with %s (--all shows them)", count(list.Hidden.OUs, "container"), count(list.Hidden.Users, "user object"))
		}
	}))
}

func ouColumns(all bool) []column[source.OU] {
	hidden := ""
	if all {
		hidden = "Hidden"
	}
	return []column[source.OU]{
		{"id", "", func(o source.OU) string { return o.ID }},
		{"dn", "", func(o source.OU) string { return o.DN }},
		{"path", "OU", func(o source.OU) string { return o.Path }},
		{"name", "", func(o source.OU) string { return o.Name }},
		{"class", "", func(o source.OU) string { return o.Class }},
		{"users", "Users", func(o source.OU) string { return strconv.Itoa(o.Users) }},
		{"users_below", "Below", func(o source.OU) string { return strconv.Itoa(o.UsersBelow) }},
		{"hidden", "", func(o source.OU) string { return strconv.FormatBool(o.Hidden) }},
		{"hidden_reason", hidden, func(o source.OU) string { return string(o.HiddenReason) }},
	}
}
