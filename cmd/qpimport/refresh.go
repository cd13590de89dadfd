package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

type refreshOptions struct {
	all       bool
	sources   []string
	importNew bool
	allow     allowFlag
	parallel  int
	dryRun    bool
}

func newRefreshCmd(a *app) *cobra.Command {
	o := refreshOptions{allow: allowFlag{}}
	cmd := &cobra.Command{
		Use:   "refresh",
		Short: "Bring accounts up to date with the directories",
		Long: `Reads the customer's directories again, whole, and brings every account up to date
by the id of its user: names, user principal name, OU, state, and the address by the
customer's mode. An address that was set by hand stays. Nobody is deleted.

How the account's user stands is kept with it, and since when:

  ok            in the directory and in the selection
  disabled      may no longer sign in
  out_of_scope  in the directory, no longer in the selection of the imports; an OU
                that was moved or renamed is the same OU
  missing       gone; a live directory is asked for that one user before it is said
  replaced      gone, and another user has the logon name or the address, as after
                somebody came back: "accounts relink" is for a person to say so

Who returns heals by himself. Who is missing or disabled gives up his address to a
living person who has it.

Who newly fits the selection is listed as new, and imported with --import-new or where
the customer says so (customers set --new-people import); then matched by the method
that was used last, with all who still wait for their mailbox. Whose account was deleted
by hand does not come back.

More than a few changes of a kind at once are refused, with what was found (12): people
missing or disabled, accounts out of scope, addresses, UPN suffixes; at most 5, or one
in ten of those of the last read. --allow KIND=N answers; N has to be the number that
was found. A directory that holds nobody any more, or has lost an attribute that all
had, is always refused. The same guards hold for import, match and apply.

Where one of two directories cannot be read, the accounts are brought up to date with
the other, and the exit status is 3. Nobody is missing for it.

With --all every customer that has a directory is refreshed, --parallel of them side by
side, each in a transaction of its own; one's failure leaves the others alone, is shown,
and makes the exit status 3.` + exits(3, 11, 12, 13, 14, 15),
		Example: `  qpimport refresh -c Contoso --dry-run
  qpimport refresh -c Contoso --import-new
  qpimport refresh -c Contoso --allow missing=12
  qpimport refresh --all --parallel 8 -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.all, "all", false, "all customers that have a directory")
	f.StringArrayVar(&o.sources, "source", nil, "only this directory, `ad|m365` (repeatable)")
	f.BoolVar(&o.importNew, "import-new", false, "import who newly fits the selection, and match him")
	o.allow.add(f)
	f.IntVar(&o.parallel, "parallel", defaultParallel, "with --all: work on `N` customers at once")
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

// allowFlag are answers to guards.
type allowFlag registry.Answers

func (a allowFlag) add(f *pflag.FlagSet) {
	f.Var(a, "allow", "let a guard pass: `KIND=N`, the number that was found (repeatable)")
}

// String implements [pflag.Value].
func (a allowFlag) String() string {
	var list []string
	for _, g := range slices.Sorted(maps.Keys(a)) {
		for _, n := range a[g] {
			list = append(list, fmt.Sprintf("%s=%d", g, n))
		}
	}
	return strings.Join(list, " ")
}

// Set implements [pflag.Value].
func (a allowFlag) Set(text string) error {
	kind, number, ok := strings.Cut(text, "=")
	n, err := strconv.Atoi(number)
	switch guard := registry.Guard(strings.ReplaceAll(kind, "-", "_")); {
	case !ok || err != nil || n < 1:
		return fmt.Errorf("want KIND=N, such as missing=12; the kinds are %s", guardNames())
	case !slices.Contains(registry.Guards(), guard):
		return fmt.Errorf("there is no guard %q: %s", kind, guardNames())
	default:
		a[guard] = append(a[guard], n)
	}
	return nil
}

// Type implements [pflag.Value].
func (a allowFlag) Type() string { return "KIND=N" }

func guardNames() string {
	var names []string
	for _, g := range registry.Guards() {
		names = append(names, string(g))
	}
	return strings.Join(names, ", ")
}

func (o refreshOptions) request() (importer.RefreshRequest, error) {
	r := importer.RefreshRequest{ImportNew: o.importNew, Allow: registry.Answers(o.allow), DryRun: o.dryRun}
	var found []string
	for _, s := range o.sources {
		kind, err := source.ParseKind(s)
		if err != nil {
			found = append(found, "--source: "+err.Error())
		}
		if !slices.Contains(r.Sources, kind) {
			r.Sources = append(r.Sources, kind)
		}
	}
	switch {
	case o.all && len(o.allow) > 0:
		found = append(found, "--allow is about one customer: name it with -c")
	case o.parallel < 1 || o.parallel > 64:
		found = append(found, fmt.Sprintf("--parallel %d: has to be between 1 and 64", o.parallel))
	}
	return r, usage.Join(found)
}

func (o refreshOptions) run(ctx context.Context, a *app) error {
	r, err := o.request()
	if err != nil {
		return err
	}
	if o.all {
		if a.settings.CustomerFlag {
			return usage.Errorf("--all is all customers: leave out -c")
		}
		return o.refreshAll(ctx, a, r)
	}
	if r.Customer, err = a.customer(); err != nil {
		return err
	}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.RefreshResult, error) { return im.Refresh(ctx, r) })
	if err != nil && result.Refused == nil {
		return err
	}
	for i := range result.Errors {
		result.Errors[i].Hint = advice(result.Errors[i].Cause)
	}
	if rerr := a.render(refreshView(result)); rerr != nil {
		return rerr
	}
	a.notes(result.Notes)
	switch n := result.Counts; {
	case err != nil:
	case n.Unchanged+n.Updated+n.Imported == 0 && n.New == 0:
		a.notice("nothing is imported yet; next: qpimport import -c %s --help", output.ShellWord(result.Customer))
	case n.New > n.Imported && !o.dryRun:
		a.notice("next: qpimport refresh -c %s --import-new takes in who is new", output.ShellWord(result.Customer))
	}
	if err != nil {
		return err
	}
	if o.dryRun {
		a.notice("a dry run: nothing was written")
	}
	if len(result.Errors) > 0 {
		e := result.Errors[0]
		return &source.Error{Code: codePartial, Message: fmt.Sprintf("%s could not be read: %s", e.Source, e.Message), Hint: e.Hint}
	}
	return nil
}

func (o refreshOptions) refreshAll(ctx context.Context, a *app, r importer.RefreshRequest) error {
	im, err := a.openBulk(ctx, o.dryRun)
	if err != nil {
		return err
	}
	total, each, err := im.RefreshAll(ctx, importer.RefreshAllRequest{RefreshRequest: r, Parallel: o.parallel})
	if err != nil {
		_ = im.Close()
		return err
	}
	var done []importer.CustomerRefresh
	step := a.customerProgress(total)
	for c := range each {
		if c.Error != nil {
			c.Error.Hint = advice(c.Error.Cause)
		}
		done = append(done, c)
		step(len(done))
	}
	if err := im.Close(); err != nil {
		return err
	}
	result := importer.SummariseRefresh(done, !o.dryRun)
	if err := a.render(refreshAllView(result)); err != nil {
		return err
	}
	if n := result.Counts.Failed + result.Counts.Refused; n > 0 {
		return &source.Error{Code: codePartial, Message: fmt.Sprintf("not up to date: %s", output.Count(n, "customer")), Hint: "the reasons are in the result"}
	}
	return nil
}

func refreshView(r importer.RefreshResult) output.View {
	return output.View{
		Document: r,
		Items:    output.Items(r.Changes),
		Rows:     func() [][]string { return output.Rows(accountChangeColumns(), r.Changes) },
		Page:     func(p *output.Page) { refreshPage(p, r) },
	}
}

// accountChangeColumns are those of an account before and after.
func accountChangeColumns() []output.Column[importer.AccountChange] {
	type change = importer.AccountChange
	return []output.Column[change]{
		{Key: "account", Text: func(c change) string { return c.Account }},
		{Key: "display_name", Title: "Account", Text: func(c change) string { return c.DisplayName }},
		{Key: "what", Title: "What", Tone: toneOf, Text: func(c change) string { return strings.ReplaceAll(c.What, "_", " ") }},
		{Title: "Before and after", Text: func(c change) string { return changeText(c.Before, c.After) }},
		{Key: "before", Text: func(c change) string { return string(c.Before) }},
		{Key: "after", Text: func(c change) string { return string(c.After) }},
	}
}

func refreshPage(p *output.Page, r importer.RefreshResult) {
	failed := ""
	for _, e := range r.Errors {
		failed += e.Source.String() + " could not be read; "
	}
	p.Line("%s: %s%s", r.Customer, failed, refreshText(r))
	for _, x := range r.Refused {
		p.Line("refused: %s", x.Text)
	}
	for _, e := range r.Errors {
		p.Line("%s could not be read: %s", e.Source, e.Message)
	}
	if len(r.Changes) > 0 {
		p.Blank()
		output.TableOf(p, accountChangeColumns(), r.Changes)
	}
	if len(r.New) > 0 {
		p.Blank()
		output.TableOf(p, []output.Column[importer.User]{
			{Title: "New", Text: func(u importer.User) string { return person(u) }},
			{Title: "OU", Rank: 1, Text: func(u importer.User) string { return u.OU }},
		}, r.New)
	}
}

// refreshText is a refresh in one line.
func refreshText(r importer.RefreshResult) string {
	n := r.Counts
	parts := []string{fmt.Sprintf("%s unchanged, %d updated", output.Count(n.Unchanged, "account"), n.Updated)}
	for _, x := range []struct {
		n    int
		what string
	}{
		{n.Disabled, "disabled"}, {n.Enabled, "enabled"}, {n.Missing, "missing"}, {n.Replaced, "replaced"}, {n.Returned, "returned"},
		{n.OutOfScope, "out of scope"}, {n.Privileged, "newly privileged"}, {n.Emails, "with another address"}, {n.New, "new"}, {n.Imported, "imported"},
	} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	switch {
	case r.Refused != nil:
		return "refused; there would be " + strings.Join(parts, ", ")
	case !r.Applied:
		return "there would be " + strings.Join(parts, ", ")
	}
	return strings.Join(parts, ", ")
}

func refreshAllView(r importer.RefreshAllResult) output.View {
	type customer = importer.CustomerRefresh
	outcome := func(c customer) string {
		switch {
		case c.Refresh != nil && c.Refresh.Refused != nil:
			return "refused"
		case c.Error != nil && c.Error.NotDone():
			return outcomeNotDone
		case c.Error != nil, len(c.Refresh.Errors) > 0:
			return outcomeFailed
		case len(c.Refresh.Changes) > 0:
			return outcomeChanged
		}
		return outcomeUnchanged
	}
	text := func(c customer) string {
		switch {
		case c.Error != nil:
			return c.Error.Message
		case len(c.Refresh.Errors) > 0:
			e := c.Refresh.Errors[0]
			return fmt.Sprintf("%s could not be read: %s; %s", e.Source, e.Message, refreshText(*c.Refresh))
		}
		return refreshText(*c.Refresh)
	}
	v := output.List("customers", r.Customers, []output.Column[customer]{
		{Key: "name", Title: "Customer", Text: func(c customer) string { return c.Name }},
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(c customer) string { return strings.ReplaceAll(outcome(c), "_", " ") }},
		{Key: "what", Title: "What", Text: text},
	}, nil, nil)
	v.Document = r
	table := v.Page
	v.Page = func(p *output.Page) {
		n := r.Counts
		line := fmt.Sprintf("%s: %d changed, %d unchanged, %d refused, %d failed", output.Count(n.Customers, "customer"), n.Changed, n.Unchanged, n.Refused, n.Failed-n.NotDone)
		if n.NotDone > 0 {
			line += fmt.Sprintf(", %d not done", n.NotDone)
		}
		p.Line("%s", line)
		p.Blank()
		table(p)
	}
	return v
}
