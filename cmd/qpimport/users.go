package main

import (
	"context"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type usersOptions struct {
	source   string
	filter   filterFlags
	sort     sortFlag
	groups   []string
	licensed bool
	skus     []string
	all      bool
	wide     bool
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
  privileged            holds power over the directory: see "qpimport privileged"
  service_account       a service signs in as this user
  disabled              may not sign in
  guest                 of another tenant
  no_mailbox            no mailbox in Microsoft 365
  shared_mailbox, room_mailbox, equipment_mailbox, exchange_mailbox

--wide shows department, title, groups, licences, the kind of mailbox, privileges and
the last change of the password; JSON and CSV always have them. What the permissions
do not let see is null, and a note says so.
` + filterHelp + `  red     imported, and would not be any more
  yellow  could be imported, and is not
  green   imported
  grey    could not be imported
` + ouHelp + exits(11, 13, 14, 15),
		Example: `  qpimport users -c Contoso --source ad --ou corp.contoso.example/Staff -r
  qpimport users -c Contoso --source m365 --all -o csv
  qpimport users -c Contoso --source m365 --all -o json | jq '.users[] | select(.class == "shared") | .email'`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", sourceUsage)
	o.filter.addOU(f)
	o.filter.add(f)
	o.sort.add(f)
	f.StringArrayVar(&o.groups, "group", nil, "only the people of this `GROUP`, nested or not (repeatable)")
	f.BoolVar(&o.licensed, "licensed", false, "of Microsoft 365: only those who have a licence")
	f.StringArrayVar(&o.skus, "sku", nil, "of Microsoft 365: only those who have the licence `PART` (repeatable)")
	f.BoolVar(&o.all, "all", false, "those that could not be imported as well, and why")
	f.BoolVar(&o.wide, "wide", false, "show more of each user")
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
	filter, err := o.filter.filter()
	if err != nil {
		return err
	}
	order, err := o.sort.order()
	if err != nil {
		return err
	}
	if filter.Light == importer.Red || filter.Light == importer.Grey {
		o.all = true // these are among those who could not be imported
	}
	name, err := a.customer()
	if err != nil {
		return err
	}
	list, err := reading(ctx, a, func(im *importer.Importer) (importer.UserList, error) {
		kind, err := chooseSource(ctx, im, name, kind)
		if err != nil {
			return importer.UserList{}, err
		}
		return im.Users(ctx, importer.UsersRequest{
			Customer: name, Source: kind, OUs: filter.OUs, Recursive: filter.Recursive, All: o.all,
			Light: filter.Light, Text: filter.Text, Order: order,
			Groups: o.groups, Licensed: o.licensed, SKUs: o.skus, Details: o.wide || a.settings.Output != output.Table,
		})
	})
	if err != nil {
		return err
	}
	columns := userColumns(o.all, o.wide)
	if order != importer.ByOU {
		columns = output.Beside(columns)
	}
	if err := a.render(output.List("users", list.Users, columns, map[string]any{"notes": list.Notes}, func(p *output.Page) {
		shownOf(p, len(list.Users), list.Of, "user")
	})); err != nil {
		return err
	}
	a.noneFits(len(list.Users), list.Of, "user")
	a.notes(list.Notes)
	return nil
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
	switch kinds := readKinds(c); len(kinds) {
	case 0:
		return "", noDirectory(c)
	case 1:
		return kinds[0], nil
	}
	return "", usage.Hintf("add --source ad or --source m365", "%s has two directories connected and none was named", c.Name)
}

// readKinds are the directories of a customer that can be read.
func readKinds(c importer.Customer) []source.Kind {
	var kinds []source.Kind
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if c.Directories.Get(kind) != nil {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// noDirectory is the error about a customer who has none connected.
func noDirectory(c importer.Customer) error {
	return usage.Hintf("`qpimport directories connect --help` tells how", "%s has no directory connected", c.Name)
}

func userColumns(all, wide bool) []output.Column[importer.UserDetail] {
	type user = importer.UserDetail
	title := func(shown bool, title string) string {
		if shown {
			return title
		}
		return ""
	}
	return []output.Column[user]{
		{Key: "source", Text: func(u user) string { return string(u.Source) }},
		{Key: "id", Text: func(u user) string { return u.ID }},
		{Key: "display_name", Title: "Display name", Text: func(u user) string { return u.DisplayName }},
		{Key: "username", Title: "User name", Rank: 1, Text: func(u user) string { return u.Username }},
		{Key: "upn", Text: func(u user) string { return u.UPN }},
		{Key: "given_name", Text: func(u user) string { return u.GivenName }},
		{Key: "surname", Text: func(u user) string { return u.Surname }},
		{Key: "email", Title: "E-mail", Text: func(u user) string { return u.Email }},
		{Key: "ou", Text: func(u user) string { return u.OU }},
		{Title: "OU", Group: true, Text: func(u user) string { return ouPath(u.OU) }},
		{Key: "enabled", Text: func(u user) string { return flagText(u.Enabled) }},
		{Key: "imported", Text: func(u user) string { return strconv.FormatBool(u.Imported) }},
		{Title: "Imported", Rank: 3, Tone: toneOf, Text: func(u user) string { return yes(u.Imported) }},
		{Key: "skip_reason", Text: func(u user) string { return text(u.SkipReason) }},
		{Key: "why", Text: func(u user) string { return u.Why }},
		{Title: title(all, "Not imported, for"), Tone: toneOf, Text: func(u user) string { return reasonText(text(u.SkipReason), u.Why) }},
		{Key: "department", Title: title(wide, "Department"), Rank: 4, Text: func(u user) string { return u.Department }},
		{Key: "title", Title: title(wide, "Title"), Rank: 5, Text: func(u user) string { return u.Title }},
		{Key: "groups", Title: title(wide, "Groups"), Rank: 6, Text: func(u user) string { return strings.Join(u.Groups, "; ") }},
		{Key: "licences", Title: title(wide, "Licences"), Rank: 7, Text: func(u user) string { return strings.Join(u.Licences, "; ") }},
		{Key: "class", Title: title(wide, "Mailbox"), Rank: 8, Text: func(u user) string { return string(u.Class) }},
		{Key: "privileges", Title: title(wide, "Privileges"), Text: func(u user) string { return privilegesText(u) }},
		{Key: "last_password_change", Title: title(wide, "Password set"), Rank: 9, Text: func(u user) string { return passwordSetText(u) }},
	}
}

// passwordSetText is when the password was last set, "" where it is not known.
func passwordSetText(u importer.UserDetail) string {
	if u.LastPasswordChange == nil {
		return ""
	}
	return timeText(*u.LastPasswordChange)
}

// privilegesText are the ways in which a user holds power, or that he did once.
func privilegesText(u importer.UserDetail) string {
	if u.WasPrivileged {
		return "was privileged"
	}
	ways := make([]string, len(u.Privileges))
	for i, way := range u.Privileges {
		ways[i] = strings.Join(way, " ← ")
	}
	return strings.Join(ways, "; ")
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
