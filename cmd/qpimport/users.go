package main

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type usersOptions struct {
	source    string
	ous       []string
	recursive bool
	all       bool
}

func newUsersCmd(a *app) *cobra.Command {
	var o usersOptions
	cmd := &cobra.Command{
		Use:   "users",
		Short: "List the users of a directory",
		Long: `Lists the users that could be imported from one of a customer's directories; with
--all those that could not as well, and why:

  system_object         AD's own, such as krbtgt; never imported
  replication_conflict  a CNF: copy that AD left behind
  disabled              may not sign in
  guest                 of another tenant
  no_mailbox            no mailbox in Microsoft 365
` + ouHelp + exits(11, 13, 14, 15),
		Example: `  qpimport users -c Contoso --source ad --ou corp.contoso.example/Staff -r
  qpimport users -c Contoso --source m365 --all -o csv`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", sourceUsage)
	f.StringArrayVar(&o.ous, "ou", nil, "only users in this `OU` (repeatable)")
	f.BoolVarP(&o.recursive, "recursive", "r", false, "with --ou: those below it as well")
	f.BoolVar(&o.all, "all", false, "those that could not be imported as well, and why")
	return cmd
}

// ouHelp explains what --ou takes.
const ouHelp = `
OU is a DN, a path (corp.example/Staff/London; a slash in a name is written \/) or
the OU's objectGUID. It takes the users directly in it; --recursive takes those
below as well, hidden containers excepted. The domain's own DN with --recursive
takes everybody.`

// sourceUsage describes --source.
const sourceUsage = "`DIRECTORY`: ad or m365 (default: the one that is connected, where it is one)"

func (o usersOptions) run(ctx context.Context, a *app) error {
	kind, err := parseSource(o.source)
	if err != nil {
		return err
	}
	if err := checkOUFlags(o.ous, o.recursive); err != nil {
		return err
	}
	name, err := a.customer()
	if err != nil {
		return err
	}
	users, err := reading(ctx, a, func(im *importer.Importer) ([]importer.User, error) {
		kind, err := chooseSource(ctx, im, name, kind)
		if err != nil {
			return nil, err
		}
		return im.Users(ctx, importer.UsersRequest{
			Customer: name, Source: kind, OUs: o.ous, Recursive: o.recursive, All: o.all,
		})
	})
	if err != nil {
		return err
	}
	return a.render(output.List("users", users, userColumns(o.all), nil, func(p *output.Page) {
		if len(users) > 0 {
			p.Blank()
			p.Line("%s", output.Count(len(users), "user"))
		}
	}))
}

func checkOUFlags(ous []string, recursive bool) error {
	if recursive && len(ous) == 0 {
		return usage.Errorf("--recursive says how deep --ou goes, but no --ou was given")
	}
	return nil
}

// parseSource reads --source, "" where it was not given.
func parseSource(flag string) (source.Kind, error) {
	if flag == "" {
		return "", nil
	}
	return parseKind(flag)
}

// chooseSource takes the directory that was named, or the one that the customer
// has connected.
func chooseSource(ctx context.Context, im *importer.Importer, customer string, named source.Kind) (source.Kind, error) {
	if named != "" {
		return named, nil
	}
	c, err := im.Customer(ctx, customer)
	if err != nil {
		return "", err
	}
	switch list := connectedOf(c); len(list) {
	case 0:
		return "", usage.Hintf("`qpimport directories connect --help` tells how", "no directory of %s is connected", c.Name)
	case 1:
		return list[0].Source, nil
	}
	return "", usage.Hintf("add --source ad or --source m365", "%s has two directories connected and none was named", c.Name)
}

func userColumns(all bool) []output.Column[importer.User] {
	type user = importer.User
	skip := ""
	if all {
		skip = "Not imported, for"
	}
	return []output.Column[user]{
		{Key: "source", Text: func(u user) string { return string(u.Source) }},
		{Key: "id", Text: func(u user) string { return u.ID }},
		{Key: "display_name", Title: "Display name", Text: func(u user) string { return u.DisplayName }},
		{Key: "username", Title: "User name", Text: func(u user) string { return u.Username }},
		{Key: "upn", Text: func(u user) string { return u.UPN }},
		{Key: "given_name", Text: func(u user) string { return u.GivenName }},
		{Key: "surname", Text: func(u user) string { return u.Surname }},
		{Key: "email", Title: "E-mail", Text: func(u user) string { return u.Email }},
		{Key: "ou", Text: func(u user) string { return u.OU }},
		{Title: "OU", Text: func(u user) string { return ouPath(u.OU) }},
		{Key: "enabled", Text: func(u user) string { return flagText(u.Enabled) }},
		{Key: "imported", Text: func(u user) string { return strconv.FormatBool(u.Imported) }},
		{Title: "Imported", Text: func(u user) string { return yes(u.Imported) }},
		{Key: "skip_reason", Title: skip, Text: func(u user) string { return text(u.SkipReason) }},
	}
}

// ouPath is the path of an OU, "" for none.
func ouPath(dn string) string {
	if dn == "" {
		return ""
	}
	return source.CanonicalPath(dn)
}

// flagText is a flag in CSV; what is not known stays empty.
func flagText(f source.Flag) string {
	switch f {
	case source.Yes:
		return "true"
	case source.No:
		return "false"
	}
	return ""
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// text is what a pointer leads to, "" for nil.
func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
