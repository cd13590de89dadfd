package main

import (
	"fmt"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
)

// maxNamesakes bounds the candidates of a user whose name is ambiguous.
const maxNamesakes = 10

// openCase is an AD user that is left for somebody to decide on.
type openCase struct {
	ad         importer.User
	why        string // in plain words
	candidates []importer.MatchCandidate
}

// openCases lists whom a match left: those for review, those whose name is
// ambiguous, each with its namesakes, and those without a mailbox.
func openCases(r importer.MatchResult) []openCase {
	var cases []openCase
	for _, x := range r.Review {
		cases = append(cases, openCase{x.AD, reasonText(match.ReasonText(x.Reason), x.Why), x.Candidates})
	}
	for _, x := range r.Ambiguous {
		why := match.ReasonText(x.Reason)
		var candidates []importer.MatchCandidate
		for _, u := range x.M365[:min(len(x.M365), maxNamesakes)] {
			candidates = append(candidates, importer.MatchCandidate{M365: u})
		}
		if more := len(x.M365) - len(candidates); more > 0 {
			why += fmt.Sprintf("; %d more mailboxes have it", more)
		}
		for _, u := range x.AD {
			cases = append(cases, openCase{u, why, candidates})
		}
	}
	for _, u := range r.UnmatchedAD {
		if u.Reason != match.ReasonIgnored {
			cases = append(cases, openCase{u.User, reasonText(match.ReasonText(u.Reason), u.Why), nil})
		}
	}
	return cases
}

// reviewRow is a line of the review file: a candidate of a case, or a case
// without one.
type reviewRow struct {
	openCase
	candidate importer.MatchCandidate
}

// reviewRows makes the review file of the open cases, the header first. The
// columns decision and reason are for whoever decides.
func reviewRows(cases []openCase) [][]string {
	var rows []reviewRow
	for _, c := range cases {
		if len(c.candidates) == 0 {
			rows = append(rows, reviewRow{openCase: c})
		}
		for _, cand := range c.candidates {
			rows = append(rows, reviewRow{c, cand})
		}
	}
	nothing := func(reviewRow) string { return "" }
	return output.Rows([]output.Column[reviewRow]{
		{Key: "ad_id", Text: func(r reviewRow) string { return r.ad.ID }},
		{Key: "ad_name", Text: func(r reviewRow) string { return r.ad.DisplayName }},
		{Key: "ad_username", Text: func(r reviewRow) string { return r.ad.Username }},
		{Key: "ad_ou", Text: func(r reviewRow) string { return r.ad.OU }},
		{Key: "m365_id", Text: func(r reviewRow) string { return r.candidate.M365.ID }},
		{Key: "m365_name", Text: func(r reviewRow) string { return r.candidate.M365.DisplayName }},
		{Key: "m365_email", Text: func(r reviewRow) string { return r.candidate.M365.Email }},
		{Key: "confidence", Text: func(r reviewRow) string {
			if len(r.candidate.Evidence)+len(r.candidate.Against) == 0 {
				return "" // nothing was compared
			}
			return confidence(r.candidate.Confidence)
		}},
		{Key: "for", Text: func(r reviewRow) string { return evidenceText(r.candidate.Evidence) }},
		{Key: "against", Text: func(r reviewRow) string { return evidenceText(r.candidate.Against) }},
		{Key: "why", Text: func(r reviewRow) string { return r.why }},
		{Key: "decision", Text: nothing},
		{Key: "reason", Text: nothing},
	}, rows)
}

// parseReview takes the lines of a review file that were decided on, or says all
// that is wrong with them.
func parseReview(f input.File) ([]importer.DecisionRow, error) {
	lines, err := f.Sheet("ad_id", "m365_id", "decision")
	if err != nil {
		return nil, err
	}
	var rows []importer.DecisionRow
	var found []string
	for _, l := range lines {
		row := importer.DecisionRow{
			Row: l.Line, AD: l.Cells["ad_id"], M365: l.Cells["m365_id"], Reason: l.Cells["reason"],
			Verdict: match.Verdict(strings.ToLower(l.Cells["decision"])),
		}
		switch row.Verdict {
		case "":
			continue
		case match.VerdictMatch, match.VerdictReject, match.VerdictIgnore:
			if row.AD == "" {
				found = append(found, fmt.Sprintf("%s line %d: ad_id is empty", f.Name, l.Line))
			}
			if row.Verdict == match.VerdictIgnore {
				row.M365 = "" // of whichever candidate the line is
			}
		default:
			found = append(found, fmt.Sprintf("%s line %d: the decision %q is none of match, reject, ignore", f.Name, l.Line, row.Verdict))
		}
		rows = append(rows, row)
	}
	return rows, usage.Lines(found)
}

// decisionRowColumns are the CSV of decisions that were carried out.
func decisionRowColumns() []output.Column[importer.DecisionRow] {
	type row = importer.DecisionRow
	return []output.Column[row]{
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(r row) string { return r.Outcome }},
		{Key: "row", Text: func(r row) string { return fmt.Sprint(r.Row) }},
		{Key: "decision", Title: "Decision", Text: func(r row) string { return string(r.Verdict) }},
		{Key: "ad", Text: func(r row) string { return r.AD }},
		{Key: "m365", Text: func(r row) string { return r.M365 }},
		{Key: "ad_name", Title: "AD user", Text: func(r row) string { return r.ADName }},
		{Key: "m365_name", Title: "Mailbox", Text: func(r row) string { return r.M365Name }},
		{Key: "reason", Title: "Reason", Text: func(r row) string { return r.Reason }},
	}
}

// decidedView shows a match by decisions, row by row.
func decidedView(r importer.MatchResult) output.View {
	rows := r.Decisions
	return output.View{
		Document: r,
		Items:    output.Items(rows),
		Rows:     func() [][]string { return output.Rows(decisionRowColumns(), rows) },
		Page: func(p *output.Page) {
			verb := "taken"
			if !r.Applied {
				verb = "would be taken"
			}
			p.Line("%s: %s %s, %d matched, %d matched before, %d unpaired", r.Customer, output.Count(len(rows), "decision"), verb,
				r.Counts.Matched, r.Counts.AlreadyMatched, r.Counts.Unpaired)
			if len(rows) > 0 {
				p.Blank()
				output.TableOf(p, decisionRowColumns(), rows)
			}
		},
	}
}
