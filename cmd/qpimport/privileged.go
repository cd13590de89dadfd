package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

func newPrivilegedCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "privileged",
		Short: "Show who holds power over the directories",
		Long: `Reads the customer's directories and lists who holds power over them, and by which
path of groups or roles. In Active Directory that is who is in one of its powerful
groups, told by their SIDs and not by their names (Domain Admins, Administrators, the
operators, Protected Users, DnsAdmins and others), in groups in them, or by the primary
group. In Microsoft 365 it is who has a role in the directory, himself or by a group, and
who is in or owns a group that roles may be given to; this needs the permission
RoleManagement.Read.Directory.

Where a directory does not say, that is told: not known is not none. Who was privileged
once (adminCount) and holds no power now is listed apart.

These people are skipped by "import --all" and by automatic matches; "import
--include-privileged" and --user take them, "match --pair" pairs them. Who came to power
after that is a finding of "status" until somebody says that it is meant, by the same
commands again.` + exits(11, 13, 14, 15),
		Example: `  qpimport privileged -c Contoso
  qpimport privileged -c Contoso -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error {
			name, err := a.customer()
			if err != nil {
				return err
			}
			list, err := reading(ctx, a, func(im *importer.Importer) (importer.PrivilegedList, error) { return im.Privileged(ctx, name) })
			if err != nil {
				return err
			}
			if err := a.render(privilegedView(list)); err != nil {
				return err
			}
			a.notes(list.Notes)
			return nil
		}),
	}
}

func privilegedView(r importer.PrivilegedList) output.View {
	type row = importer.PrivilegedPerson
	columns := []output.Column[row]{
		{Key: "source", Title: "Directory", Rank: 3, Text: func(p row) string { return string(p.Source) }},
		{Key: "id", Text: func(p row) string { return p.ID }},
		{Key: "display_name", Title: "Display name", Text: func(p row) string { return p.DisplayName }},
		{Key: "username", Title: "User name", Rank: 1, Text: func(p row) string { return p.Username }},
		{Key: "enabled", Text: func(p row) string { return flagText(p.Enabled) }},
		{Title: "Account", Rank: 2, Text: func(p row) string { return yes(p.Imported) }},
		{Key: "by", Title: "Privileged by", Text: func(p row) string { return strings.Join(p.Paths, "; ") }},
	}
	v := output.List("people", r.People, columns, nil, nil)
	v.Document = r
	v.Page = func(p *output.Page) {
		if len(r.People) > 0 {
			output.TableOf(p, columns, r.People)
			p.Blank()
		}
		p.Line("%s: %s with power over a directory%s", r.Customer, output.Count(len(r.People), "user"), unsaid(r.Unknown))
		if len(r.Was) > 0 {
			names := make([]string, len(r.Was))
			for i, w := range r.Was {
				names[i] = w.Username
			}
			p.Line("was privileged once (adminCount), and holds no power now: %s", strings.Join(names, ", "))
		}
	}
	return v
}

// unsaid names the directories of which it is not known who holds power, so that nobody
// takes a small number for all of them.
func unsaid(unknown []importer.UnknownPower) string {
	if len(unknown) == 0 {
		return ""
	}
	names := make([]string, len(unknown))
	for i, u := range unknown {
		names[i] = u.Source.String()
	}
	return "; not known of " + strings.Join(names, " and ")
}
