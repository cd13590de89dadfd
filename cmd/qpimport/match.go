package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/file"
)

type matchOptions struct {
	allow      allowFlag
	auto       bool
	by         string
	pairs      []string
	pairsFile  string
	unpair     []string
	adExport   string
	m365Export string
	decisions  string
	review     bool
	reviewOut  string
	strict     bool
	adAsRead   bool
	filter     filterFlags
	dryRun     bool
}

func newMatchCmd(a *app) *cobra.Command {
	o := matchOptions{allow: allowFlag{}}
	cmd := &cobra.Command{
		Use:   "match",
		Short: "Give accounts their mailboxes",
		Long: `Pairs the accounts of a customer with password sync on, which came from Active
Directory, with the mailboxes of its Microsoft 365. A match makes an account
active and gives it the mailbox's address.

--auto pairs whom it can, --by one of two methods:

  display-name  equal display names; case, white space and invisible characters do
                not count. Two of one name on either side are ambiguous and are
                never paired. A pair is left for review where given name and
                surname say otherwise, or where the mailbox, an address, principal
                name or employee id is somebody else's
  evidence      only what is proven, never by a name alone: a SID or anchor that
                the sync engine wrote, independent identifiers that agree together
                with the name, or a name found once that several facts bear out.
                Among namesakes a name proves nothing. What is not sure is left
                for review, with up to three candidates

Both read the two directories whole and count everybody in them, imported or not,
disabled or not: nobody else is given the mailbox of somebody who was left out.
--ad-as-read takes Active Directory as it was last read whole, for when it cannot be
reached; the result tells how old that is.

--pair and --pairs-file pair by hand, any with any that has an address; --unpair
undoes a pair. SEL is the id, DN, user principal name, sAMAccountName or e-mail of
one user. --pair is split at its last "=". A pairs file is CSV with the columns ad
and m365; its header may be missing. Where there are other columns beside them, a
line without an m365 does not count.

What --auto leaves open can be decided in three ways. --review-out writes the open
cases as CSV for a spreadsheet, one line a candidate; somebody writes match, reject or
ignore into the column decision, and --decisions takes the file back, in whichever
encoding and with whichever separator it was saved. Lines without a decision do not
count; m365_id may be any SEL. All lines are checked before any is carried out. A file
with decisions that were not taken back yet is not written over.
--review asks on the terminal, one case at a time; it shows candidates by evidence
unless --by says otherwise, finds any other free mailbox with "/", and applies on quitting
what was decided. What was decided is kept, see "decisions".

--auto --dry-run is the summary screen. With --strict the exit status is 3 when
anybody stays without a mailbox; what was matched is matched all the same.

With --ad-export and --m365-export the same is shown for two exports on disk, with
no customer and no state file; nothing is ever written.
` + filterHelp + `  red     in doubt, though matched
  yellow  ambiguous, for review or without a mailbox
  green   matched, or would be
  grey    a free mailbox, or left alone by decision

A match is of everybody, and so are its counts: these flags choose who is shown, and
which cases --review asks about. So that nobody takes a part for the whole they go with
--auto --dry-run, exports and --review alone. Who shares a name is shown with all who
have it.
` + ouHelp + exits(3, 11, 12, 13, 14, 15),
		Example: `  qpimport match -c Contoso --auto --dry-run
  qpimport match -c Contoso --auto --strict
  qpimport match -c Contoso --auto --by evidence --review-out contoso-review.csv
  qpimport match -c Contoso --decisions contoso-review.csv --dry-run
  qpimport match -c Contoso --pair jdoe=john.doe@contoso.example
  qpimport match --auto --ad-export contoso-ad.ldif --m365-export contoso-users.json -o csv`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.BoolVar(&o.auto, "auto", false, "pair whom it can")
	f.StringVar(&o.by, "by", "", "with --auto and --review: `METHOD`, display-name or evidence (default display-name)")
	f.StringVar(&o.reviewOut, "review-out", "", "with --auto: write the open cases to `FILE`, CSV")
	f.StringVar(&o.decisions, "decisions", "", "carry out the decisions in `FILE`, CSV as --review-out wrote it; - is standard input")
	f.BoolVar(&o.review, "review", false, "decide the open cases one at a time on the terminal")
	f.StringArrayVar(&o.pairs, "pair", nil, "pair by hand: `AD=M365`, a SEL of each side (repeatable)")
	f.StringVar(&o.pairsFile, "pairs-file", "", "pair by hand what `FILE` lists, CSV ad,m365; - is standard input")
	f.StringArrayVar(&o.unpair, "unpair", nil, "undo the pair of the account `SEL` (repeatable)")
	f.StringVar(&o.adExport, "ad-export", "", "Active Directory export `FILE`, with --m365-export")
	f.StringVar(&o.m365Export, "m365-export", "", "Microsoft 365 export `FILE`, with --ad-export")
	f.BoolVar(&o.strict, "strict", false, "with --auto: fail when anybody stays without a mailbox")
	f.BoolVar(&o.adAsRead, "ad-as-read", false, "with --auto and --review: take Active Directory as it was last read whole")
	o.filter.addOU(f)
	o.filter.add(f)
	o.allow.add(f)
	f.BoolVar(&o.dryRun, "dry-run", false, "show the result and write nothing")
	return cmd
}

// check says all that is wrong with the flags together.
func (o matchOptions) check() error {
	var found []string
	byHand := len(o.pairs) > 0 || o.pairsFile != "" || len(o.unpair) > 0
	exports := o.adExport != "" || o.m365Export != ""
	ways := 0
	for _, given := range []bool{o.auto, byHand, o.decisions != "", o.review} {
		if given {
			ways++
		}
	}
	switch {
	case !o.auto && exports:
		found = append(found, "--ad-export and --m365-export go with --auto")
	case ways == 0:
		found = append(found, "say how to match: --auto, --decisions, --review, or by hand with --pair, --pairs-file or --unpair")
	case ways > 1:
		found = append(found, "match automatically, by hand, by --decisions or by --review, one at a time")
	}
	if exports && (o.adExport == "" || o.m365Export == "") {
		found = append(found, "--ad-export and --m365-export go together")
	}
	if !o.auto && !o.review && o.by != "" {
		found = append(found, "--by goes with --auto and --review")
	}
	if !o.auto && o.reviewOut != "" {
		found = append(found, "--review-out goes with --auto")
	}
	if !o.auto && o.strict {
		found = append(found, "--strict goes with --auto")
	}
	if !o.auto && !o.review && o.adAsRead {
		found = append(found, "--ad-as-read goes with --auto and --review")
	}
	if exports && o.adAsRead {
		found = append(found, "--ad-as-read is for a customer, not for exports")
	}
	if exports && len(o.allow) > 0 {
		found = append(found, "--allow is for a customer, not for exports")
	}
	filter, err := o.filter.filter()
	if err != nil {
		found = append(found, err.Error())
	}
	switch {
	case filter.IsZero():
	case o.strict:
		found = append(found, "--strict is about everybody: leave --ou, --light and --text out")
	case !o.review && !exports && (!o.auto || !o.dryRun):
		found = append(found, "--ou, --light and --text show a part of a result and match nobody less: they go with --auto --dry-run and with --review")
	}
	if by := match.Method(o.by); o.by != "" && by != match.ByDisplayName && by != match.ByEvidence {
		found = append(found, fmt.Sprintf("--by %q: use display-name or evidence", o.by))
	}
	for _, pair := range o.pairs {
		if _, err := parsePair(pair); err != nil {
			found = append(found, err.Error())
		}
	}
	return usage.Join(found)
}

// parsePair splits AD=M365 at the last "=": a DN has some, the other side has none.
func parsePair(s string) (importer.DecisionRow, error) {
	i := strings.LastIndexByte(s, '=')
	if i < 0 || strings.TrimSpace(s[:i]) == "" || strings.TrimSpace(s[i+1:]) == "" {
		return importer.DecisionRow{}, fmt.Errorf("--pair %q: want AD=M365", s)
	}
	return importer.DecisionRow{AD: strings.TrimSpace(s[:i]), M365: strings.TrimSpace(s[i+1:]), Verdict: match.VerdictMatch}, nil
}

func (o matchOptions) method() match.Method {
	switch {
	case o.by != "":
		return match.Method(o.by)
	case o.review:
		return match.ByEvidence // which has candidates
	}
	return match.ByDisplayName
}

func (o matchOptions) run(ctx context.Context, a *app) error {
	if err := o.check(); err != nil {
		return err
	}
	switch {
	case o.decisions != "":
		return o.takeDecisions(ctx, a)
	case o.review:
		return o.walkThrough(ctx, a)
	}
	if o.reviewOut != "" {
		if err := a.checkResult("--review-out", o.reviewOut, o.adExport, o.m365Export, o.pairsFile); err != nil {
			return err
		}
		if err := o.spareDecisions(ctx, a); err != nil {
			return err
		}
	}
	result, err := o.match(ctx, a)
	if err != nil {
		return err
	}
	if o.reviewOut != "" {
		cases := openCases(result)
		if err := output.ReplaceFile(o.reviewOut, func(w io.Writer) error { return output.WriteCSV(w, reviewRows(cases), true) }); err != nil {
			return err
		}
		a.notice("%s written to %s", output.Count(len(cases), "open case"), o.reviewOut)
	}
	if err := a.render(matchView(result)); err != nil {
		return err
	}
	a.warnOfPower(result)
	a.notes(result.Notes)
	if result.Filter != nil {
		a.noneFits(listed(result), result.Counts.All(), "user")
	}
	if open := leftOpen(result); o.strict && open > 0 {
		return &source.Error{
			Code:    codePartial,
			Message: "left without a mailbox: " + output.Count(open, "user"),
			Hint:    "decide with --review or --review-out, or match them with --pair",
		}
	}
	if o.dryRun && o.adExport == "" {
		a.notice("a dry run: nothing was written")
	}
	return nil
}

// listed counts what the lists of a result hold.
func listed(r importer.MatchResult) int {
	return len(r.Pairs) + len(r.Doubtful) + len(r.Ambiguous) + len(r.Review) + len(r.UnmatchedAD) + len(r.UnmatchedM365)
}

// leftOpen counts who is left without a mailbox, but for those whom somebody decided
// to leave alone.
func leftOpen(r importer.MatchResult) int {
	open := r.Counts.Ambiguous + r.Counts.Review + r.Counts.UnmatchedAD
	for _, u := range r.UnmatchedAD {
		if u.Reason == match.ReasonIgnored {
			open--
		}
	}
	return open
}

// spareDecisions refuses to write the open cases over a file in which somebody has
// decided what was not taken back yet: it would be lost.
func (o matchOptions) spareDecisions(ctx context.Context, a *app) error {
	if _, err := os.Stat(o.reviewOut); err != nil {
		return nil
	}
	f, err := input.Read(ctx, a.in, o.reviewOut)
	if err != nil {
		return err
	}
	rows, _ := parseReview(f) // with what is wrong in it too; no other file has rows
	if len(rows) == 0 {
		return nil
	}
	var taken []importer.NamedDecision
	if o.adExport == "" {
		if taken, err = a.decisions(ctx); err != nil {
			return err
		}
	}
	rows = slices.DeleteFunc(rows, func(r importer.DecisionRow) bool {
		return slices.ContainsFunc(taken, func(d importer.NamedDecision) bool {
			return d.Verdict == r.Verdict && d.ADID == r.AD && (d.M365ID == r.M365 || strings.EqualFold(d.M365UPN, r.M365))
		})
	})
	if len(rows) == 0 {
		return nil
	}
	return &source.Error{
		Code:    importer.CodeRefused,
		Message: fmt.Sprintf("%s holds %s not taken yet", o.reviewOut, output.Count(len(rows), "decision")),
		Hint:    "take it back first, `qpimport match --decisions " + output.ShellWord(o.reviewOut) + "`, or name another file",
	}
}

// takeDecisions carries out a review file.
func (o matchOptions) takeDecisions(ctx context.Context, a *app) error {
	name, err := a.customer()
	if err != nil {
		return err
	}
	f, err := input.Read(ctx, a.in, o.decisions)
	if err != nil {
		return err
	}
	rows, err := parseReview(f)
	if err != nil {
		return err
	}
	return o.decide(ctx, a, name, rows)
}

// decide carries out decisions and shows the result.
func (o matchOptions) decide(ctx context.Context, a *app, customer string, rows []importer.DecisionRow) error {
	req := importer.HandRequest{Customer: customer, Rows: rows, FromSheet: true, Allow: registry.Answers(o.allow), DryRun: o.dryRun}
	result, err := with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.MatchResult, error) { return im.MatchByHand(ctx, req) })
	if err != nil {
		return err
	}
	if err := a.render(decidedView(result)); err != nil {
		return err
	}
	a.warnOfPower(result)
	a.notes(result.Notes)
	return nil
}

// warnOfPower tells of pairs made by hand whose users hold power over a directory.
func (a *app) warnOfPower(r importer.MatchResult) {
	for _, p := range r.Pairs {
		if p.Privileged != "" {
			a.warnPrivileged(p.AD.DisplayName, p.Privileged)
		}
	}
}

func (a *app) warnPrivileged(name, ways string) {
	a.notice("warning: %s holds power over a directory: %s", output.OrDash(name), ways)
}

func (o matchOptions) match(ctx context.Context, a *app) (importer.MatchResult, error) {
	filter, err := o.filter.filter()
	if err != nil {
		return importer.MatchResult{}, err
	}
	if o.adExport != "" {
		result, err := importer.MatchExports(ctx, a.openDirectory,
			source.ExportOf(source.AD, o.adExport), source.ExportOf(source.M365, o.m365Export), o.method(), filter)
		var e *source.Error
		if errors.As(err, &e) && e.Topic == file.TopicOtherDirectory {
			swapped := *e
			swapped.Topic, swapped.Hint = "", "--ad-export names the one of Active Directory, --m365-export the one of Microsoft 365"
			err = &swapped
		}
		return result, err
	}
	name, err := a.customer()
	if err != nil {
		return importer.MatchResult{}, err
	}
	if o.auto {
		req := importer.MatchRequest{Customer: name, By: o.method(), ADAsRead: o.adAsRead, DryRun: o.dryRun, Filter: filter, Allow: registry.Answers(o.allow)}
		return with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.MatchResult, error) { return im.Match(ctx, req) })
	}
	req := importer.HandRequest{Customer: name, Allow: registry.Answers(o.allow), DryRun: o.dryRun}
	if req.Rows, err = o.rows(ctx, a); err != nil {
		return importer.MatchResult{}, err
	}
	return with(ctx, a, o.dryRun, func(im *importer.Importer) (importer.MatchResult, error) { return im.MatchByHand(ctx, req) })
}

// rows are the pairs and partings that were named.
func (o matchOptions) rows(ctx context.Context, a *app) ([]importer.DecisionRow, error) {
	var rows []importer.DecisionRow
	for _, sel := range o.unpair {
		rows = append(rows, importer.DecisionRow{AD: sel, Verdict: match.VerdictReject, Reason: "parted by hand"})
	}
	for _, s := range o.pairs {
		row, err := parsePair(s)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	if o.pairsFile == "" {
		return rows, nil
	}
	f, err := input.Read(ctx, a.in, o.pairsFile)
	if err != nil {
		return nil, err
	}
	lines, err := f.Pairs(a.otherCustomers(ctx), input.Column{"ad"}, input.Column{"m365"})
	if err != nil {
		return nil, err
	}
	a.leftOut(f, lines.Others)
	if lines.Unfilled > 0 {
		a.notice("%s: left out without m365: %s", f.Name, output.Count(lines.Unfilled, "line"))
	}
	for _, l := range lines.Pairs {
		rows = append(rows, importer.DecisionRow{AD: l.Cells[0], M365: l.Cells[1], Verdict: match.VerdictMatch})
	}
	return rows, nil
}
