package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

type importOptions struct {
	allow           allowFlag
	source          string
	passwordSync    string
	ous             []string
	recursive       bool
	all             bool
	users           []string
	usersFile       string
	exclude         []string
	groups          []string
	licensed        bool
	skus            []string
	excludeOUs      []string
	includeDisabled bool
	privileged      bool
	alsoM365        bool
	strict          bool
	dryRun          bool
}

func newImportCmd(a *app) *cobra.Command {
	o := importOptions{allow: allowFlag{}}
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import users as accounts",
		Long: `Imports users of one of a customer's directories as accounts. The first import
settles the customer's password sync mode, which is then fixed while the customer
has accounts.
` + passwordSyncHelp + `

Say whom to take: --all for everybody in the OUs, or --user and --users-file for
some. --group takes the people of a group, also of groups in it and those whose
primary group it is; with --ou those alone who are in both. --licensed and --sku take
those of Microsoft 365 who have a licence. Without names these take everybody as --all
does. An import from Active Directory by group or by name needs no OU.

Taken by name alone are those who hold power over the directory, with their path of
groups ("Domain Admins ← IT Staff ← jdoe"; --include-privileged takes them with the
others), service accounts, disabled users (--include-disabled), guests, users without a
mailbox, and shared mailboxes, rooms and equipment. AD's own accounts are never taken.
Everybody left out is listed with the reason. A user asked for by name that cannot be
taken makes the exit status 3; all others are imported.
` + ouHelp + `
SEL is the id, DN, user principal name, sAMAccountName or e-mail of one user; * and ?
stand for any characters, and who fits is taken as --all would. A group goes by its
name, DN, SID, address or id. What is kept is its id: a group that is renamed still
selects, and one that is deleted is an error.
` + listHelp + `

The directory is read whole: the OUs choose who is imported, not who is known. A match
counts everybody in it. What an export lacks, or a server remarks, is noted.

On a terminal, where nobody is named, the command asks: which directory, the mode, the OUs
and the users, of whom those that could not be imported are shown with the reason. It
shows what would be done before it does it, and ends with the command that does the same
without questions. Esc and the left arrow go back by a step, Ctrl-C, and Esc in the
first list, leave all as it is (130). The directory is read once, and again where an
answer takes longer than ten minutes.

An import is one transaction: it happens as a whole or not at all. The same import
again changes nothing. Accounts of users that are not selected stay.` + exits(3, 11, 12, 13, 14, 15),
		Example: `  qpimport import -c Contoso
  qpimport import -c Contoso --source ad --password-sync off --ou corp.contoso.example/Staff -r --all
  qpimport import -c Contoso --source ad --user jdoe --user asmith
  qpimport import -c Contoso --source ad --group "App Users" --exclude-ou corp.contoso.example/Leavers
  qpimport import -c Fabrikam --source m365 --password-sync off --sku SPE_E3
  qpimport import -c Fabrikam --source m365 --password-sync off --all --exclude "svc-*" --dry-run`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.source, "source", "", sourceUsage)
	f.StringVar(&o.passwordSync, "password-sync", "", "`MODE` of the customer, on or off; needed at the first import")
	f.StringArrayVar(&o.ous, "ou", nil, "users in this `OU` (repeatable)")
	f.BoolVarP(&o.recursive, "recursive", "r", false, "with --ou: those below it as well")
	f.BoolVar(&o.all, "all", false, "everybody")
	f.StringArrayVar(&o.users, "user", nil, "the user `SEL` (repeatable)")
	f.StringArrayVar(&o.groups, "group", nil, "the people of this `GROUP`, nested or not (repeatable)")
	f.BoolVar(&o.licensed, "licensed", false, "of Microsoft 365: those who have a licence")
	f.StringArrayVar(&o.skus, "sku", nil, "of Microsoft 365: those who have the licence `PART`, such as SPE_E3 (repeatable)")
	f.StringArrayVar(&o.excludeOUs, "exclude-ou", nil, "nobody in this `OU` or below (repeatable)")
	f.BoolVar(&o.privileged, "include-privileged", false, "with --all: those as well who hold power over the directory")
	f.StringVar(&o.usersFile, "users-file", "", "the users that `FILE` names, one a line; - is standard input")
	f.StringArrayVar(&o.exclude, "exclude", nil, "not the user `SEL`, or those that a pattern with * and ? fits (repeatable)")
	f.BoolVar(&o.includeDisabled, "include-disabled", false, "with --all: disabled users as well")
	f.BoolVar(&o.alsoM365, "also-m365", false, "with password sync off: from Microsoft 365 beside Active Directory, those whom it does not know")
	f.BoolVar(&o.strict, "strict", false, "fail when an --exclude fits nobody")
	o.allow.add(f)
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

// request makes the request of the flags, or says all that is wrong with them.
func (o importOptions) request(a *app) (importer.ImportRequest, error) {
	var found []string
	add := func(err error) {
		if err != nil {
			found = append(found, err.Error())
		}
	}
	kind, err := parseSource(o.source)
	add(err)
	mode, err := parseMode(o.passwordSync)
	add(err)
	add(checkOUFlags(o.ous, o.recursive))
	named := len(o.users) > 0 || o.usersFile != ""
	narrow := len(o.groups) > 0 || o.licensed || len(o.skus) > 0
	switch {
	case o.all && named:
		found = append(found, "--all takes everybody: leave out --user and --users-file")
	case !o.all && !named && !narrow:
		found = append(found, "say whom to import: --group GROUP, --all, --user SEL or --users-file FILE")
	}
	for _, flag := range []struct {
		given bool
		name  string
	}{{o.includeDisabled, "--include-disabled"}, {o.privileged, "--include-privileged"}} {
		if flag.given && named {
			found = append(found, flag.name+" goes with --all; a user asked for by name is taken all the same")
		}
	}
	if err := usage.Join(found); err != nil {
		return importer.ImportRequest{}, err
	}
	customer, err := a.customer()
	return importer.ImportRequest{
		Customer:        customer,
		Source:          kind,
		PasswordSync:    mode,
		OUs:             o.ous,
		Recursive:       o.recursive,
		All:             !named,
		Users:           o.users,
		Exclude:         o.exclude,
		IncludeDisabled: o.includeDisabled,
		DryRun:          o.dryRun,

		Groups: o.groups, Licensed: o.licensed, SKUs: o.skus, ExcludeOUs: o.excludeOUs, IncludePrivileged: o.privileged,
		AlsoM365: o.alsoM365,
		Allow:    registry.Answers(o.allow),
	}, err
}

func (o importOptions) run(ctx context.Context, a *app) error {
	if o.asks(a) {
		return o.ask(ctx, a)
	}
	return o.carryOut(ctx, a, nil)
}

// carryOut does what the flags say, by what was read of the directory before, if it was.
func (o importOptions) carryOut(ctx context.Context, a *app, survey *importer.Survey) error {
	req, err := o.request(a)
	if err != nil {
		return err
	}
	req.Survey = survey
	var list peopleList
	if o.usersFile != "" {
		// How an account is called in its directory comes before its own id, which a later
		// account of the same person has not.
		if list, err = a.people(ctx, o.usersFile, listedAs(req.Source)...); err != nil {
			return err
		}
		req.Users = slices.Concat(req.Users, list.Names.Names)
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.ImportResult, error) {
		req.Source, err = chooseSource(ctx, im, req.Customer, req.Source)
		if err != nil {
			return importer.ImportResult{}, err
		}
		return im.Import(ctx, req)
	})
	if err != nil {
		return list.told(err)
	}
	if err := a.render(importView(result)); err != nil {
		return err
	}
	a.notes(result.Notes)
	a.importNotice(result)
	if err := refusedUsers(result); err != nil || !o.strict || len(result.UnusedExclusions) == 0 {
		return err
	}
	return &source.Error{Code: codePartial, Message: "fits nobody: --exclude " + strings.Join(result.UnusedExclusions, ", --exclude ")}
}

// listedAs are the columns that name users of a directory in lists of accounts.
func listedAs(kind source.Kind) []string {
	switch kind {
	case source.AD:
		return []string{"ad_id", "id"}
	case source.M365:
		return []string{"m365_id", "id"}
	}
	return []string{"ad_id", "m365_id", "id"}
}

// refusedUsers is the error of an import that left out somebody it was asked for.
func refusedUsers(r importer.ImportResult) error {
	var refused []string
	for _, s := range r.Skipped {
		if s.Refused {
			refused = append(refused, fmt.Sprintf("%s (%s)", s.DisplayName, reasonText(s.Reason, s.Why)))
		}
	}
	if len(refused) == 0 {
		return nil
	}
	return &source.Error{
		Code:    codePartial,
		Message: "not imported, though asked for: " + strings.Join(refused, ", "),
	}
}

func (a *app) importNotice(r importer.ImportResult) {
	for _, x := range r.UnusedExclusions {
		said := fmt.Sprintf("warning: --exclude %s fits nobody", output.ShellWord(x))
		if like := r.LikeExclusions[x]; like != "" {
			said += ": did you mean " + like + "?"
		}
		a.notice("%s", said)
	}
	for _, acc := range r.Accounts {
		if ways := privilegedBy(acc.Account); ways != "" && acc.Outcome != importer.OutcomeUnchanged {
			a.warnPrivileged(acc.DisplayName, ways)
		}
	}
	if n := r.Counts.OthersChanged; n > 0 {
		a.notice("warning: not imported now, but changed: %s; the user is disabled, or shares an address with another", output.Count(n, "account"))
	}
	if !r.Applied && r.Counts.Imported+r.Counts.Updated > 0 {
		a.notice("a dry run: nothing was written")
		return
	}
	if r.PasswordSync == registry.ModeOn && r.Counts.Imported > 0 {
		a.notice("next: qpimport match -c %s --auto --by evidence --dry-run", output.ShellWord(r.Customer))
	}
	if r.PasswordSync == registry.ModeOff && r.Counts.NeedsEmail > 0 {
		a.notice("next: qpimport accounts -c %s --state needs_email", output.ShellWord(r.Customer))
	}
}

// importedRow is an account that was imported or a user that was not.
type importedRow struct {
	importer.ImportedAccount
	reason, why string
}

func importView(r importer.ImportResult) output.View {
	items := make([]any, 0, len(r.Accounts)+len(r.Skipped))
	rows := make([]importedRow, 0, cap(items))
	for _, acc := range r.Accounts {
		items = append(items, acc)
		rows = append(rows, importedRow{ImportedAccount: acc})
	}
	for _, s := range r.Skipped {
		items = append(items, output.Labelled{Outcome: outcomeSkipped, Item: s})
		row := importedRow{reason: s.Reason, why: s.Why}
		row.Outcome, row.ID, row.Customer, row.DisplayName = outcomeSkipped, s.ID, r.Customer, s.DisplayName
		rows = append(rows, row)
	}
	return output.View{
		Document: r,
		Items:    items,
		Rows:     func() [][]string { return output.Rows(importedColumns(), rows) },
		Page:     func(p *output.Page) { importPage(p, r) },
	}
}

const outcomeSkipped = "skipped"

func importedColumns() []output.Column[importedRow] {
	columns := []output.Column[importedRow]{
		{Key: "outcome", Text: func(r importedRow) string { return r.Outcome }},
	}
	for _, c := range accountColumns(false) {
		columns = append(columns, output.Column[importedRow]{Key: c.Key, Text: func(r importedRow) string { return c.Text(r.Account) }})
	}
	return append(columns,
		output.Column[importedRow]{Key: "why", Text: func(r importedRow) string { return r.why }},
		output.Column[importedRow]{Key: "reason", Text: func(r importedRow) string { return r.reason }})
}

func importPage(p *output.Page, r importer.ImportResult) {
	verb := "imported"
	if !r.Applied && r.Counts.Imported+r.Counts.Updated > 0 {
		verb = "would be imported"
	}
	p.Line("%s, from %s, password sync %s: %d %s, %d updated, %d unchanged, %d skipped, %d need an e-mail",
		r.Customer, r.Source, r.PasswordSync, r.Counts.Imported, verb, r.Counts.Updated, r.Counts.Unchanged,
		r.Counts.Skipped, r.Counts.NeedsEmail)
	if r.Counts.NotTakenBelow > 0 {
		p.Line("not taken: %s in OUs below (--recursive takes them)", output.Count(r.Counts.NotTakenBelow, "user"))
	}
	if changed := changedAccounts(r.Accounts); len(changed) > 0 {
		p.Blank()
		output.TableOf(p, []output.Column[importer.ImportedAccount]{
			{Title: "Outcome", Tone: toneOf, Text: func(a importer.ImportedAccount) string { return a.Outcome }},
			{Title: "Display name", Text: func(a importer.ImportedAccount) string { return a.DisplayName }},
			{Title: "User name", Rank: 1, Text: func(a importer.ImportedAccount) string { return a.Username }},
			{Title: "E-mail", Tone: emailTone, Text: func(a importer.ImportedAccount) string { return emailText(a.Account) }},
			{Title: "State", Tone: toneOf, Text: func(a importer.ImportedAccount) string { return string(a.State) }},
			{Title: "OU", Group: true, Terminal: true, Text: func(a importer.ImportedAccount) string { return accountOU(a.Account) }},
		}, changed)
	}
	if len(r.Skipped) > 0 {
		p.Blank()
		output.TableOf(p, []output.Column[importer.SkippedUser]{
			{Title: "Skipped", Text: func(s importer.SkippedUser) string { return s.DisplayName }},
			{Title: "Reason", Text: func(s importer.SkippedUser) string { return reasonText(s.Reason, s.Why) }},
		}, r.Skipped)
	}
}

// reasonText is a reason with what there is to say besides.
func reasonText(reason, why string) string {
	if why == "" {
		return reason
	}
	return reason + ": " + why
}

func changedAccounts(accounts []importer.ImportedAccount) []importer.ImportedAccount {
	var changed []importer.ImportedAccount
	for _, a := range accounts {
		if a.Outcome != importer.OutcomeUnchanged {
			changed = append(changed, a)
		}
	}
	return changed
}
