package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
)

// The outcomes of a match in JSON lines and CSV.
const (
	outcomeMatched       = "matched"
	outcomeAlready       = "already_matched"
	outcomeAmbiguous     = "ambiguous"
	outcomeReview        = "review"
	outcomeUnmatchedAD   = "unmatched_ad"
	outcomeUnmatchedM365 = "unmatched_m365"
	outcomeUnpaired      = "unpaired"
)

// matchRow is a user or a pair with what became of it.
type matchRow struct {
	outcome, reason, confidence, evidence string
	ad, m365                              importer.User
}

func matchView(r importer.MatchResult) view {
	var items []any
	for _, p := range r.Pairs {
		items = append(items, labelled{pairOutcome(p), p})
	}
	for _, p := range r.Unpaired {
		items = append(items, labelled{outcomeUnpaired, p})
	}
	for _, x := range r.Ambiguous {
		items = append(items, labelled{outcomeAmbiguous, x})
	}
	for _, x := range r.Review {
		items = append(items, labelled{outcomeReview, x})
	}
	for _, u := range r.UnmatchedAD {
		items = append(items, labelled{outcomeUnmatchedAD, u})
	}
	for _, u := range r.UnmatchedM365 {
		items = append(items, labelled{outcomeUnmatchedM365, u})
	}
	return view{
		document: r,
		items:    items,
		rows:     func() [][]string { return csvRows(matchColumns(), matchRows(r)) },
		page:     func(p *page) { matchPage(p, r) },
	}
}

func pairOutcome(p importer.MatchedPair) string {
	if p.Unchanged {
		return outcomeAlready
	}
	return outcomeMatched
}

// matchRows has one row a pair, and one a user that has no partner. A user for
// review carries its best candidate.
func matchRows(r importer.MatchResult) []matchRow {
	var rows []matchRow
	for _, p := range r.Pairs {
		rows = append(rows, pairRow(pairOutcome(p), p))
	}
	for _, p := range r.Unpaired {
		rows = append(rows, pairRow(outcomeUnpaired, p))
	}
	for _, x := range r.Ambiguous {
		for _, u := range x.AD {
			rows = append(rows, matchRow{outcome: outcomeAmbiguous, reason: x.Reason, ad: u})
		}
		for _, u := range x.M365 {
			rows = append(rows, matchRow{outcome: outcomeAmbiguous, reason: x.Reason, m365: u})
		}
	}
	for _, x := range r.Review {
		row := matchRow{outcome: outcomeReview, reason: x.Reason, ad: x.AD}
		if len(x.Candidates) > 0 {
			best := x.Candidates[0]
			row.m365, row.confidence = best.M365, confidence(best.Confidence)
			row.evidence = evidenceText(append(best.Evidence[:len(best.Evidence):len(best.Evidence)], best.Against...))
		}
		rows = append(rows, row)
	}
	for _, u := range r.UnmatchedAD {
		rows = append(rows, matchRow{outcome: outcomeUnmatchedAD, reason: u.Reason, ad: u.User})
	}
	for _, u := range r.UnmatchedM365 {
		rows = append(rows, matchRow{outcome: outcomeUnmatchedM365, m365: u})
	}
	return rows
}

func pairRow(outcome string, p importer.MatchedPair) matchRow {
	return matchRow{outcome, p.Reason, confidence(p.Confidence), evidenceText(p.Evidence), p.AD, p.M365}
}

func confidence(c float64) string { return strconv.FormatFloat(c, 'f', -1, 64) }

func evidenceText(evidence []match.Evidence) string {
	texts := make([]string, len(evidence))
	for i, e := range evidence {
		texts[i] = e.Text
	}
	return strings.Join(texts, ", ")
}

func matchColumns() []column[matchRow] {
	return []column[matchRow]{
		{"outcome", "", func(r matchRow) string { return r.outcome }},
		{"ad_id", "", func(r matchRow) string { return r.ad.ID }},
		{"ad_display_name", "", func(r matchRow) string { return r.ad.DisplayName }},
		{"ad_username", "", func(r matchRow) string { return r.ad.Username }},
		{"ad_upn", "", func(r matchRow) string { return r.ad.UPN }},
		{"ad_email", "", func(r matchRow) string { return r.ad.Email }},
		{"ad_ou", "", func(r matchRow) string { return r.ad.OU }},
		{"m365_id", "", func(r matchRow) string { return r.m365.ID }},
		{"m365_display_name", "", func(r matchRow) string { return r.m365.DisplayName }},
		{"m365_upn", "", func(r matchRow) string { return r.m365.UPN }},
		{"m365_email", "", func(r matchRow) string { return r.m365.Email }},
		{"reason", "", func(r matchRow) string { return r.reason }},
		{"confidence", "", func(r matchRow) string { return r.confidence }},
		{"evidence", "", func(r matchRow) string { return r.evidence }},
	}
}

// matchPage is the summary screen.
func matchPage(p *page, r importer.MatchResult) {
	who := ""
	if r.Customer != "" {
		who = r.Customer + ": "
	}
	verb := "matched"
	if !r.Applied && r.Counts.Matched > 0 {
		verb = "would be matched"
	}
	c := r.Counts
	if r.ByHand {
		p.line("%s%d %s, %d matched before, %d still without a mailbox", who, c.Matched, verb, c.AlreadyMatched, c.UnmatchedAD)
		r.UnmatchedAD, r.UnmatchedM365 = nil, nil // nobody asked
	} else {
		p.line("%s%d %s, %d matched before, %d ambiguous, %d for review, %d without a mailbox, %d mailboxes free",
			who, c.Matched, verb, c.AlreadyMatched, c.Ambiguous, c.Review, c.UnmatchedAD, c.UnmatchedM365)
	}
	if c.Unpaired > 0 {
		verb = "unpaired"
		if !r.Applied {
			verb = "would be unpaired"
		}
		p.line("%d %s", c.Unpaired, verb)
	}
	pairTable(p, "Matched", r.Pairs)
	pairTable(p, "Unpaired", r.Unpaired)
	if len(r.Ambiguous) > 0 {
		var rows [][]string
		for _, x := range r.Ambiguous {
			for i := range max(len(x.AD), len(x.M365)) {
				row := []string{"", "", ""}
				if i < len(x.AD) {
					row[0] = person(x.AD[i])
				}
				if i < len(x.M365) {
					row[1] = person(x.M365[i])
				}
				if i == 0 {
					row[2] = x.Reason
				}
				rows = append(rows, row)
			}
		}
		p.blank()
		p.table([]string{"Ambiguous", "Mailbox", "Reason"}, rows)
	}
	if len(r.Review) > 0 {
		var rows [][]string
		for _, x := range r.Review {
			if len(x.Candidates) == 0 {
				rows = append(rows, []string{person(x.AD), "", "", x.Reason})
			}
			for i, cand := range x.Candidates {
				row := []string{"", person(cand.M365), confidence(cand.Confidence), candidateText(cand)}
				if i == 0 {
					row[0] = person(x.AD)
					row[3] = strings.Trim(x.Reason+": "+row[3], ": ")
				}
				rows = append(rows, row)
			}
		}
		p.blank()
		p.table([]string{"For review", "Candidate", "Confidence", "Reason"}, rows)
	}
	if len(r.UnmatchedAD) > 0 {
		p.blank()
		tableOf(p, []column[importer.UnmatchedUser]{
			{"", "Without a mailbox", func(u importer.UnmatchedUser) string { return person(u.User) }},
			{"", "Reason", func(u importer.UnmatchedUser) string { return u.Reason }},
		}, r.UnmatchedAD)
	}
	if len(r.UnmatchedM365) > 0 {
		p.blank()
		tableOf(p, []column[importer.User]{
			{"", "Free mailbox", func(u importer.User) string { return u.DisplayName }},
			{"", "E-mail", func(u importer.User) string { return u.Email }},
		}, r.UnmatchedM365)
	}
}

func pairTable(p *page, title string, pairs []importer.MatchedPair) {
	if len(pairs) == 0 {
		return
	}
	p.blank()
	tableOf(p, []column[importer.MatchedPair]{
		{"", title, func(m importer.MatchedPair) string { return person(m.AD) }},
		{"", "Mailbox", func(m importer.MatchedPair) string { return person(m.M365) }},
		{"", "Reason", func(m importer.MatchedPair) string {
			if m.Unchanged {
				return m.Reason + ", as before"
			}
			return m.Reason
		}},
	}, pairs)
}

func candidateText(c importer.MatchCandidate) string {
	said := evidenceText(c.Evidence)
	if len(c.Against) > 0 {
		said = strings.TrimPrefix(said+"; against it: "+evidenceText(c.Against), "; ")
	}
	return said
}

// person names a user in one cell.
func person(u importer.User) string {
	login := u.Username
	if u.Email != "" && u.Source != "ad" {
		login = u.Email
	}
	return fmt.Sprintf("%s (%s)", orDash(u.DisplayName), orDash(login))
}
