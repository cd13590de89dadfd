package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/newpassword"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

type passwordsResetOptions struct {
	usersFile    string
	pending      bool
	generate     bool
	words        bool
	passwordFrom string
	mustChange   bool
	unlock       bool
	privileged   bool
	out          string
	show         bool
	resume       string
	from         string
	dryRun       bool
}

func newPasswordsResetCmd(a *app) *cobra.Command {
	var o passwordsResetOptions
	cmd := &cobra.Command{
		Use:   "reset SEL… | --users-file FILE | --all-pending | --resume RUN",
		Short: "Set new passwords in both directories",
		Long: `Sets one new password in both directories, or in the one that owns it: with password
sync on in Active Directory and in Microsoft 365; of a user whom AD Connect or Cloud Sync
keeps in step, and with password sync off, in the directory that the account comes from.

It writes through connections of their own ("directories connect … --role reset");
without one it is refused (12). First everything is looked at: that both directories
answer and are the customer's own, that each person is known and present in them, and who
holds power over them (--privileged takes these too). Then the passwords are put in the
file of --out, which must not exist yet. Then what is meant is recorded as a run. Only
then they are set, one person after the other, first in Active Directory, then in
Microsoft 365, and what came of each step is recorded before the next. Nothing is sent
twice: where an answer is lost, the directory is asked whether it was done. One person's
failure leaves the others alone. Of a connection with --domain it is the domain's PDC
emulator that is asked and written to, so that a new password works at once. Who is
synchronised is followed by a cycle of AD Connect, as "sync" has it.

A new password is made by chance: 16 characters, or with --words five words, and more
where the domain's policy asks for it; it holds nothing of the person's name.
--password-from takes one for all.

--must-change has the person choose another one at the next sign-in; --unlock lifts a
lockout of Active Directory, which a reset alone does not. --all-pending takes all who
wait for a reset: whom "passwords check" found reset in Active Directory alone, and whose
password is in one directory alone; but not what a service signs in as or several people
share, which is reset where it is named. The accounts that this program signs in as are
refused, and so is who is called otherwise than when he was last read ("refresh").

Where only one directory has the new password the exit status is 3, and the result says
which. --resume RUN goes on: it asks the directories what came of what was sent, and with
--from FILE, the file that --out wrote, sets what is missing. So it does after a kill, or
a lost connection. What is not known after that either can be reset anew. After Ctrl-C,
and at the end of --timeout, the person under way is done to the end, which takes half a
minute more at most, and the others are left alone.

A reset is a run in "history", without the password. Nothing takes it back.` + "\n" + secret.Help + exits(3, 11, 12, 13, 14, 15),
		Example: `  qpimport passwords reset -c Contoso jdoe --out jdoe.csv --must-change
  qpimport passwords reset -c Contoso --users-file people.txt --words --out new.json --dry-run
  qpimport passwords reset -c Contoso --all-pending --out pending.csv
  qpimport passwords reset --resume 41 --from pending.csv`,
		RunE: a.command(func(ctx context.Context, args []string) error { return o.run(ctx, a, args) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.usersFile, "users-file", "", "the accounts that `FILE` names, one a line; - is standard input")
	f.BoolVar(&o.pending, "all-pending", false, "all who wait for a reset")
	f.BoolVar(&o.generate, "generate", false, "make the passwords (the default)")
	f.BoolVar(&o.words, "words", false, "make passwords of words")
	f.StringVar(&o.passwordFrom, "password-from", "", "`REF` to the one new password")
	f.BoolVar(&o.mustChange, "must-change", false, "have another one chosen at the next sign-in")
	f.BoolVar(&o.unlock, "unlock", false, "lift a lockout of Active Directory")
	f.BoolVar(&o.privileged, "privileged", false, "also those who hold power over the directory")
	f.StringVar(&o.out, "out", "", "write the new passwords to `FILE`.csv or .json, which its owner alone can read")
	f.BoolVar(&o.show, "show", false, "write the new passwords to standard output, with the result")
	f.StringVar(&o.resume, "resume", "", "go on with `RUN`, which was cut off or is half done")
	f.StringVar(&o.from, "from", "", "with --resume: the new passwords, as --out wrote them to `FILE`")
	f.BoolVar(&o.dryRun, "dry-run", false, "look at everything and set nothing")
	return cmd
}

// check says all that is wrong with the flags.
func (o passwordsResetOptions) check(args []string) error {
	var found []string
	add := func(when bool, format string, args ...any) {
		if when {
			found = append(found, fmt.Sprintf(format, args...))
		}
	}
	ways := 0
	for _, given := range []bool{len(args) > 0, o.usersFile != "", o.pending, o.resume != ""} {
		if given {
			ways++
		}
	}
	add(ways == 0, "say whose password: SEL…, --users-file FILE, --all-pending or --resume RUN")
	add(ways > 1 && (o.pending || o.resume != ""), "name accounts, or give --all-pending or --resume, one of them")
	own := o.passwordFrom != ""
	add(own && (o.generate || o.words), "--password-from gives the password: leave out --generate and --words")
	add(own && (o.out != "" || o.show), "--password-from gives a password that is known: leave out --out and --show")
	if o.resume != "" {
		add(o.out != "" || o.show || o.generate || o.words || o.mustChange || o.unlock || o.privileged, "--resume goes on with what was meant: only --from and --password-from go with it")
		add(o.dryRun, "--resume asks what came of it, and has no --dry-run: `qpimport history show` tells what is known")
		add(own && o.from != "", "give --from or --password-from, one of them")
	} else {
		add(o.from != "", "--from goes with --resume")
		add(ways > 0 && !own && o.out == "" && !o.show, "say where the new passwords go: --out FILE, or --show")
	}
	if o.out != "" {
		add(passwordFormat(o.out) == "", "--out %s: the name has to end in .csv or .json", o.out)
	}
	return usage.Join(found)
}

func (o passwordsResetOptions) run(ctx context.Context, a *app, args []string) error {
	if err := o.check(args); err != nil {
		return err
	}
	if err := o.checkOut(a); err != nil {
		return err
	}
	request, list, err := o.request(ctx, a, args)
	if err != nil {
		return err
	}
	var later error // what is said after the result
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.ResetResult, error) {
		p, err := o.prepare(ctx, a, im, request)
		if err != nil {
			return importer.ResetResult{}, err
		}
		defer func() { _ = p.Close() }() // nothing is left to do
		if !o.dryRun {
			if later, err = o.apply(ctx, a, p); err != nil {
				return importer.ResetResult{}, err
			}
		}
		result := p.Result()
		if o.show && !o.dryRun {
			showPasswords(&result, p.Passwords())
		}
		return result, nil
	})
	if err != nil {
		return list.told(err)
	}
	a.notes(result.Notes)
	if err := a.render(resetView(result)); err != nil {
		if o.show {
			err = &source.Error{Code: codeFailed, Message: "the passwords were set, and could not be shown", Hint: "set them again, with --out FILE", Err: err}
		}
		return err
	}
	if o.dryRun {
		a.notice("a dry run: nothing was set")
	}
	return errors.Join(later, o.verdict(result, later))
}

// checkOut makes sure, before anything is done, that the passwords have a place.
func (o passwordsResetOptions) checkOut(a *app) error {
	if o.out == "" {
		return nil
	}
	if err := a.checkResult("--out", o.out); err != nil {
		return err
	}
	return refuseExisting(o.out)
}

func (o passwordsResetOptions) request(ctx context.Context, a *app, args []string) (r importer.ResetRequest, list peopleList, err error) {
	r = importer.ResetRequest{
		Customer: a.settings.Customer, Accounts: args, Pending: o.pending, MustChange: o.mustChange, Unlock: o.unlock, Privileged: o.privileged,
		Style: newpassword.Characters,
	}
	if o.words {
		r.Style = newpassword.Words
	}
	if o.usersFile != "" {
		if list, err = a.people(ctx, o.usersFile); err != nil {
			return r, list, err
		}
		r.Accounts = slices.Concat(r.Accounts, list.Names.Names)
	}
	if o.passwordFrom != "" {
		p, err := a.secrets().Resolve(ctx, o.passwordFrom)
		if err != nil {
			return r, list, err
		}
		r.Password, r.Style = &p, ""
		if ref, err := source.ParseReference(o.passwordFrom); err == nil && ref.Scheme == "env" {
			_ = os.Unsetenv(ref.Name) // for no child to inherit
		}
	}
	if o.pending || o.usersFile != "" || len(args) > 1 {
		name, err := a.customer() // never everybody's
		r.Customer = name
		return r, list, err
	}
	return r, list, nil
}

func (o passwordsResetOptions) prepare(ctx context.Context, a *app, im *importer.Importer, r importer.ResetRequest) (*importer.PreparedReset, error) {
	if o.resume == "" {
		return im.PrepareReset(ctx, r)
	}
	number, err := runNumber(o.resume)
	if err != nil {
		return nil, usage.Hintf("`qpimport history` lists the runs", "--resume: %q is not the number of a run", o.resume)
	}
	req := importer.ResumeRequest{Customer: a.settings.Customer, Run: number, Password: r.Password}
	if o.from != "" {
		if req.Passwords, err = readPasswords(ctx, a, o.from); err != nil {
			return nil, err
		}
	}
	return im.PrepareResume(ctx, req)
}

// apply puts the passwords in their file and sets them. What is returned as later is
// said behind the result.
func (o passwordsResetOptions) apply(ctx context.Context, a *app, p *importer.PreparedReset) (later, err error) {
	passwords := p.Passwords()
	if o.out != "" && len(passwords) > 0 {
		if err := createPasswords(o.out, passwords); err != nil {
			return nil, err
		}
	}
	later = p.Apply(ctx)
	if o.out != "" && len(passwords) > 0 {
		if p.Result().Run == nil {
			return nil, errors.Join(later, removePasswords(o.out)) // nothing was recorded, nothing set
		}
		if err := rewritePasswords(o.out, passwords, p.Result()); err != nil {
			a.notice("%s holds the passwords, but not what came of them: %s", o.out, err)
		}
	}
	return later, nil
}

// verdict is the exit status that a result asks for.
func (o passwordsResetOptions) verdict(r importer.ResetResult, later error) error {
	n := r.Counts
	bad := n.Half + n.NotSet + n.Unknown + n.Refused
	if bad == 0 || later != nil {
		return nil
	}
	if bad == n.NotSet+n.Refused && bad == n.Selected {
		var code source.Code
		same := true
		for _, acc := range r.Accounts {
			if acc.Error == nil || code != "" && acc.Error.Code != code {
				same = false
				continue
			}
			code = acc.Error.Code
		}
		if first := r.Accounts[0].Error; same && first != nil {
			if acc := r.Accounts[0]; len(r.Accounts) == 1 {
				if acc.Outcome == importer.OutcomeRefused { // names the account
					return first.Cause
				}
				return &source.Error{Code: code, Message: cmp.Or(acc.DisplayName, acc.Username), Hint: advice(first.Cause), Err: first.Cause}
			}
			return &source.Error{Code: code, Message: fmt.Sprintf("no password was set: %s", output.Count(bad, "account")), Err: first.Cause}
		}
	}
	e := &source.Error{Code: codePartial, Message: "not in step: " + output.Count(bad, "account"), Hint: "the reasons are in the result"}
	if n.Half+n.Unknown > 0 && r.Run != nil {
		from := o.out
		if from == "" {
			from = o.from
		}
		e.Hint = "`qpimport passwords reset --resume " + strconv.FormatInt(*r.Run, 10) + "` asks the directories again"
		if from != "" {
			e.Hint += ", and with --from " + output.ShellWord(from) + " sets what is missing"
		}
	}
	return e
}

// showPasswords puts the passwords that were set anywhere into the result.
func showPasswords(r *importer.ResetResult, passwords []importer.ResetPassword) {
	by := map[string]string{}
	for _, p := range passwords {
		by[p.Account] = p.Password.Reveal()
	}
	for i, acc := range r.Accounts {
		if p, ok := by[acc.Account]; ok && acc.Outcome != importer.OutcomeNotSet {
			r.Accounts[i].Password = &p
		}
	}
}

func resetView(r importer.ResetResult) output.View {
	return output.View{
		Document: r,
		Items:    output.Items(r.Accounts),
		Rows:     func() [][]string { return output.Rows(resetColumns(r.Accounts), r.Accounts) },
		Page:     func(p *output.Page) { resetPage(p, r) },
	}
}

func resetPage(p *output.Page, r importer.ResetResult) {
	n := r.Counts
	var parts []string
	for _, x := range []struct {
		n    int
		what string
	}{{n.Planned, "to be set"}, {n.Set, "set"}, {n.Half, "in one directory alone"}, {n.NotSet, "not set"}, {n.Unknown, "unknown"}, {n.Refused, "refused"}} {
		if x.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", x.n, x.what))
		}
	}
	run := ""
	if r.Run != nil {
		run = " (run " + numberText(r.Run) + ")"
	}
	p.Line("%s: %s%s", r.Customer, strings.Join(parts, ", "), run)
	p.Blank()
	output.TableOf(p, resetColumns(r.Accounts), r.Accounts)
	if r.Sync != nil {
		p.Blank()
		syncPage(p, *r.Sync)
	}
}

func resetColumns(accounts []importer.AccountReset) []output.Column[importer.AccountReset] {
	type row = importer.AccountReset
	side := func(s *importer.SideReset) string {
		if s == nil {
			return ""
		}
		return strings.ReplaceAll(s.Outcome, "_", " ")
	}
	columns := []output.Column[row]{
		{Key: "account", Text: func(r row) string { return r.Account }},
		{Key: "display_name", Title: "Name", Text: func(r row) string { return r.DisplayName }},
		{Key: "username", Title: "User name", Rank: 1, Text: func(r row) string { return r.Username }},
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(r row) string { return strings.ReplaceAll(r.Outcome, "_", " ") }},
		{Key: "ad", Title: "AD", Rank: 3, Tone: toneOf, Text: func(r row) string { return side(r.AD) }},
		{Key: "m365", Title: "Microsoft 365", Rank: 2, Tone: toneOf, Text: func(r row) string {
			if r.M365 == nil && r.Follows {
				return "follows"
			}
			return side(r.M365)
		}},
	}
	for _, acc := range accounts {
		if acc.Password != nil {
			columns = append(columns, output.Column[row]{Key: "password", Title: "Password", Rank: output.Whole, Text: func(r row) string {
				if r.Password == nil {
					return ""
				}
				return *r.Password
			}})
			break
		}
	}
	return append(columns, output.Column[row]{Key: "what", Title: "What", Text: func(r row) string {
		notes := r.Notes
		if r.Error != nil {
			notes = append([]string{r.Error.Message}, notes...)
		}
		return strings.Join(notes, "; ")
	}})
}
