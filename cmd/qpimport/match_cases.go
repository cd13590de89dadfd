package main

import (
	"fmt"
	"strings"

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
		cases = append(cases, openCase{x.AD, match.ReasonText(x.Reason), x.Candidates})
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
			cases = append(cases, openCase{u.User, match.ReasonText(u.Reason), nil})
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
	return csvRows([]column[reviewRow]{
		{"ad_id", "", func(r reviewRow) string { return r.ad.ID }},
		{"ad_name", "", func(r reviewRow) string { return r.ad.DisplayName }},
		{"ad_username", "", func(r reviewRow) string { return r.ad.Username }},
		{"ad_ou", "", func(r reviewRow) string { return r.ad.OU }},
		{"m365_id", "", func(r reviewRow) string { return r.candidate.M365.ID }},
		{"m365_name", "", func(r reviewRow) string { return r.candidate.M365.DisplayName }},
		{"m365_email", "", func(r reviewRow) string { return r.candidate.M365.Email }},
		{"confidence", "", func(r reviewRow) string {
			if len(r.candidate.Evidence)+len(r.candidate.Against) == 0 {
				return "" // nothing was compared
			}
			return confidence(r.candidate.Confidence)
		}},
		{"for", "", func(r reviewRow) string { return evidenceText(r.candidate.Evidence) }},
		{"against", "", func(r reviewRow) string { return evidenceText(r.candidate.Against) }},
		{"why", "", func(r reviewRow) string { return r.why }},
		{"decision", "", nothing},
		{"reason", "", nothing},
	}, rows)
}

// parseReview takes the lines of a review file that were decided on, or says all
// that is wrong with them.
func parseReview(raw []byte, name string) ([]importer.DecisionRow, error) {
	lines, err := readSheet(raw, name, "ad_id", "m365_id", "decision")
	if err != nil {
		return nil, err
	}
	var rows []importer.DecisionRow
	var found []string
	for _, l := range lines {
		row := importer.DecisionRow{
			Row: l.line, AD: l.cells["ad_id"], M365: l.cells["m365_id"], Reason: l.cells["reason"],
			Verdict: match.Verdict(strings.ToLower(l.cells["decision"])),
		}
		switch row.Verdict {
		case "":
			continue
		case match.VerdictMatch, match.VerdictReject, match.VerdictIgnore:
			if row.AD == "" {
				found = append(found, fmt.Sprintf("%s line %d: ad_id is empty", name, l.line))
			}
			if row.Verdict == match.VerdictIgnore {
				row.M365 = "" // of whichever candidate the line is
			}
		default:
			found = append(found, fmt.Sprintf("%s line %d: the decision %q is none of match, reject, ignore", name, l.line, row.Verdict))
		}
		rows = append(rows, row)
	}
	return rows, problems(found)
}

// decisionRowColumns are the CSV of decisions that were carried out.
func decisionRowColumns() []column[importer.DecisionRow] {
	type row = importer.DecisionRow
	return []column[row]{
		{"outcome", "Outcome", func(r row) string { return r.Outcome }},
		{"row", "", func(r row) string { return fmt.Sprint(r.Row) }},
		{"decision", "Decision", func(r row) string { return string(r.Verdict) }},
		{"ad", "", func(r row) string { return r.AD }},
		{"m365", "", func(r row) string { return r.M365 }},
		{"ad_name", "AD user", func(r row) string { return r.ADName }},
		{"m365_name", "Mailbox", func(r row) string { return r.M365Name }},
		{"reason", "Reason", func(r row) string { return r.Reason }},
	}
}

// decidedView shows a match by decisions, row by row.
func decidedView(r importer.MatchResult) view {
	rows := r.Decisions
	return view{
		document: r,
		items:    anySlice(rows),
		rows:     func() [][]string { return csvRows(decisionRowColumns(), rows) },
		page: func(p *page) {
			verb := "taken"
			if !r.Applied {
				verb = "would be taken"
			}
			p.line("%s: %s %s, %d matched, %d matched before, %d unpaired", r.Customer, count(len(rows), "decision"), verb,
				r.Counts.Matched, r.Counts.AlreadyMatched, r.Counts.Unpaired)
			if len(rows) > 0 {
				p.blank()
				tableOf(p, decisionRowColumns(), rows)
			}
		},
	}
}
