package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/output"
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
	outcomeDoubtful      = "doubtful"
)

// matchRow is a user or a pair with what became of it.
type matchRow struct {
	outcome, reason, confidence, evidence string
	ad, m365                              importer.User
}

func matchView(r importer.MatchResult) output.View {
	var items []any
	for _, p := range r.Pairs {
		items = append(items, output.Labelled{Outcome: pairOutcome(p), Item: p})
	}
	for _, p := range r.Unpaired {
		items = append(items, output.Labelled{Outcome: outcomeUnpaired, Item: p})
	}
	for _, x := range r.Doubtful {
		items = append(items, output.Labelled{Outcome: outcomeDoubtful, Item: x})
	}
	for _, x := range r.Ambiguous {
		items = append(items, output.Labelled{Outcome: outcomeAmbiguous, Item: x})
	}
	for _, x := range r.Review {
		items = append(items, output.Labelled{Outcome: outcomeReview, Item: x})
	}
	for _, u := range r.UnmatchedAD {
		items = append(items, output.Labelled{Outcome: outcomeUnmatchedAD, Item: u})
	}
	for _, u := range r.UnmatchedM365 {
		items = append(items, output.Labelled{Outcome: outcomeUnmatchedM365, Item: u})
	}
	return output.View{
		Document: r,
		Items:    items,
		Rows:     func() [][]string { return output.Rows(matchColumns(), matchRows(r)) },
		Page:     func(p *output.Page) { matchPage(p, r) },
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
	for _, x := range r.Doubtful {
		rows = append(rows, matchRow{outcome: outcomeDoubtful, reason: x.Reason, evidence: evidenceText(x.Against), ad: x.AD, m365: x.M365})
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

func matchColumns() []output.Column[matchRow] {
	return []output.Column[matchRow]{
		{Key: "outcome", Text: func(r matchRow) string { return r.outcome }},
		{Key: "ad_id", Text: func(r matchRow) string { return r.ad.ID }},
		{Key: "ad_display_name", Text: func(r matchRow) string { return r.ad.DisplayName }},
		{Key: "ad_username", Text: func(r matchRow) string { return r.ad.Username }},
		{Key: "ad_upn", Text: func(r matchRow) string { return r.ad.UPN }},
		{Key: "ad_email", Text: func(r matchRow) string { return r.ad.Email }},
		{Key: "ad_ou", Text: func(r matchRow) string { return r.ad.OU }},
		{Key: "m365_id", Text: func(r matchRow) string { return r.m365.ID }},
		{Key: "m365_display_name", Text: func(r matchRow) string { return r.m365.DisplayName }},
		{Key: "m365_upn", Text: func(r matchRow) string { return r.m365.UPN }},
		{Key: "m365_email", Text: func(r matchRow) string { return r.m365.Email }},
		{Key: "reason", Text: func(r matchRow) string { return r.reason }},
		{Key: "confidence", Text: func(r matchRow) string { return r.confidence }},
		{Key: "evidence", Text: func(r matchRow) string { return r.evidence }},
	}
}

// matchPage is the summary screen.
func matchPage(p *output.Page, r importer.MatchResult) {
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
		p.Line("%s%d %s, %d matched before, %d still without a mailbox", who, c.Matched, verb, c.AlreadyMatched, c.UnmatchedAD)
		r.UnmatchedAD, r.UnmatchedM365 = nil, nil // nobody asked
	} else {
		p.Line("%s%d %s, %d matched before, %d ambiguous, %d for review, %d without a mailbox, %d mailboxes free",
			who, c.Matched, verb, c.AlreadyMatched, c.Ambiguous, c.Review, c.UnmatchedAD, c.UnmatchedM365)
	}
	if f := r.Filter; f != nil {
		p.Line("shown is a part: %s", filterText(*f))
	}
	if c.Unpaired > 0 {
		verb = "unpaired"
		if !r.Applied {
			verb = "would be unpaired"
		}
		p.Line("%d %s", c.Unpaired, verb)
	}
	if r.Read != nil && r.Read.AD != nil && r.Read.AD.AsRead && !r.ByHand {
		p.Line("Active Directory as it was read on %s: %s", timeText(r.Read.AD.At), output.Count(r.Read.AD.Users, "user"))
	}
	pairTable(p, "Matched", output.Good, r.Pairs)
	pairTable(p, "Unpaired", output.Plain, r.Unpaired)
	var doubtful, ambiguous, review []openRow
	for _, x := range r.Doubtful {
		doubtful = append(doubtful, openRow{ad: person(x.AD), mailbox: person(x.M365), reason: evidenceText(x.Against), ou: x.AD.OU})
	}
	openTable(p, doubtful, openTitles{"In doubt, though matched", "Mailbox", "", "What contradicts", output.Bad})
	for _, x := range r.Ambiguous {
		for i := range max(len(x.AD), len(x.M365)) {
			var row openRow
			if i < len(x.AD) {
				row.ad = person(x.AD[i])
			}
			if i < len(x.M365) {
				row.mailbox = person(x.M365[i])
			}
			if i == 0 {
				row.reason = x.Reason
			}
			ambiguous = append(ambiguous, row)
		}
	}
	openTable(p, ambiguous, openTitles{"Ambiguous", "Mailbox", "", "Reason", output.Warning})
	for _, x := range r.Review {
		if len(x.Candidates) == 0 {
			review = append(review, openRow{ad: person(x.AD), reason: reasonText(x.Reason, x.Why), ou: x.AD.OU})
		}
		for i, cand := range x.Candidates {
			row := openRow{mailbox: person(cand.M365), confidence: confidence(cand.Confidence), reason: candidateText(cand), ou: x.AD.OU}
			if i == 0 {
				row.ad = person(x.AD)
				row.reason = strings.Trim(reasonText(x.Reason, x.Why)+": "+row.reason, ": ")
			}
			review = append(review, row)
		}
	}
	openTable(p, review, openTitles{"For review", "Candidate", "Confidence", "Reason", output.Warning})
	if len(r.UnmatchedAD) > 0 {
		p.Blank()
		output.TableOf(p, []output.Column[importer.UnmatchedUser]{
			{Title: "Without a mailbox", Head: output.Warning, Text: func(u importer.UnmatchedUser) string { return person(u.User) }},
			{Title: "Reason", Text: func(u importer.UnmatchedUser) string { return reasonText(u.Reason, u.Why) }},
			{Title: "OU", Group: true, Terminal: true, Text: func(u importer.UnmatchedUser) string { return ouPath(u.OU) }},
		}, r.UnmatchedAD)
	}
	if len(r.UnmatchedM365) > 0 {
		p.Blank()
		output.TableOf(p, []output.Column[importer.User]{
			{Title: "Free mailbox", Text: func(u importer.User) string { return u.DisplayName }},
			{Title: "E-mail", Text: func(u importer.User) string { return u.Email }},
		}, r.UnmatchedM365)
	}
}

// openRow is a line about somebody who is left to decide on.
type openRow struct{ ad, mailbox, confidence, reason, ou string }

// openTitles are the titles over such lines; "" leaves a column out.
type openTitles struct {
	ad, mailbox, confidence, reason string
	tone                            output.Tone
}

func openTable(p *output.Page, rows []openRow, titles openTitles) {
	if len(rows) == 0 {
		return
	}
	p.Blank()
	output.TableOf(p, []output.Column[openRow]{
		{Title: titles.ad, Head: titles.tone, Text: func(r openRow) string { return r.ad }},
		{Title: titles.mailbox, Text: func(r openRow) string { return r.mailbox }},
		{Title: titles.confidence, Rank: 1, Text: func(r openRow) string { return r.confidence }},
		{Title: titles.reason, Text: func(r openRow) string { return r.reason }},
		{Title: "OU", Group: true, Terminal: true, Text: func(r openRow) string { return ouPath(r.ou) }},
	}, rows)
}

func pairTable(p *output.Page, title string, tone output.Tone, pairs []importer.MatchedPair) {
	if len(pairs) == 0 {
		return
	}
	p.Blank()
	output.TableOf(p, []output.Column[importer.MatchedPair]{
		{Title: title, Head: tone, Text: func(m importer.MatchedPair) string { return person(m.AD) }},
		{Title: "Mailbox", Text: func(m importer.MatchedPair) string { return person(m.M365) }},
		{Title: "Reason", Rank: 1, Text: func(m importer.MatchedPair) string {
			if m.Unchanged {
				return m.Reason + ", as before"
			}
			return m.Reason
		}},
		{Title: "OU", Group: true, Terminal: true, Text: func(m importer.MatchedPair) string { return ouPath(m.AD.OU) }},
	}, pairs)
}

// filterText says in words what a filter lets through.
func filterText(f importer.Filter) string {
	var parts []string
	if len(f.OUs) > 0 {
		below := ""
		if f.Recursive {
			below = " and below"
		}
		parts = append(parts, "in "+strings.Join(f.OUs, ", ")+below)
	}
	if f.Light != "" {
		parts = append(parts, string(f.Light))
	}
	if f.Text != "" {
		parts = append(parts, fmt.Sprintf("with %q", f.Text))
	}
	return strings.Join(parts, ", ")
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
	return fmt.Sprintf("%s (%s)", output.OrDash(u.DisplayName), output.OrDash(login))
}
