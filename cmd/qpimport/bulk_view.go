package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/importer"
)

// The outcomes of a customer in JSON lines, CSV and tables.
const (
	outcomeChanged   = "changed"
	outcomeUnchanged = "unchanged"
	outcomeFailed    = "failed"
	outcomeNotDone   = "not_done" // interrupted before its turn, or in it
)

// bulkRow is a customer of a manifest in one line.
type bulkRow struct {
	name, outcome                  string
	once                           []string // what happened to the customer itself
	created, updated, matched      int      // accounts
	needsEmail, skipped, unmatched int
	warnings                       []string
	problem                        importer.Problem
}

func newBulkRow(p importer.CustomerPlan) bulkRow {
	r := bulkRow{name: p.Name, outcome: outcomeUnchanged, warnings: p.Warnings}
	switch {
	case p.Error != nil && p.Error.NotDone():
		r.outcome, r.problem = outcomeNotDone, *p.Error
	case p.Error != nil:
		r.outcome, r.problem = outcomeFailed, *p.Error
	case len(p.Changes) > 0:
		r.outcome = outcomeChanged
	}
	for _, ch := range p.Changes {
		what, isAccount := strings.CutPrefix(ch.What, "account ")
		switch {
		case !isAccount && ch.Action == "create":
			r.once = append(r.once, "new "+ch.What)
		case !isAccount && ch.Action == "connect":
			r.once = append(r.once, strings.TrimPrefix(what, "directory ")+" connected")
		case !isAccount:
			r.once = append(r.once, fmt.Sprintf("%s %v", strings.ReplaceAll(what, "_", " "), ch.After))
		case ch.Action == "create":
			r.created++
		case ch.Action == "match":
			r.matched++
		default:
			r.updated++
		}
	}
	for _, x := range p.Result.Import {
		r.needsEmail += x.Counts.NeedsEmail
		r.skipped += x.Counts.Skipped
	}
	matched := 0
	for i, x := range p.Result.Match {
		matched += x.Counts.Matched
		if i == len(p.Result.Match)-1 { // pairs by hand come first, and leave nobody
			r.unmatched = x.Counts.Ambiguous + x.Counts.Review + x.Counts.UnmatchedAD
		}
	}
	r.matched = max(r.matched, matched) // a new account that is matched at once is one change
	return r
}

// text says what happens to a customer.
func (r bulkRow) text() string {
	parts := slices.Clone(r.once)
	for _, n := range []struct {
		n    int
		what string
	}{
		{r.created, "%s imported"}, {r.updated, "%s updated"}, {r.matched, "%s matched"},
		{r.unmatched, "%s left to match"}, {r.needsEmail, "%s without a usable e-mail"},
	} {
		if n.n > 0 {
			parts = append(parts, fmt.Sprintf(n.what, count(n.n, "account")))
		}
	}
	if r.skipped > 0 {
		parts = append(parts, count(r.skipped, "user")+" skipped")
	}
	return strings.Join(parts, ", ")
}

func bulkColumns() []column[bulkRow] {
	number := func(get func(bulkRow) int) func(bulkRow) string {
		return func(r bulkRow) string { return strconv.Itoa(get(r)) }
	}
	return []column[bulkRow]{
		{"name", "Customer", func(r bulkRow) string { return r.name }},
		{"outcome", "Outcome", func(r bulkRow) string { return strings.ReplaceAll(r.outcome, "_", " ") }},
		{"", "What", func(r bulkRow) string {
			if r.problem.Hint != "" {
				return r.problem.Message + " (" + r.problem.Hint + ")"
			}
			return cmp.Or(r.problem.Message, r.text())
		}},
		{"changes", "", func(r bulkRow) string { return strings.Join(r.once, ", ") }},
		{"imported", "", number(func(r bulkRow) int { return r.created })},
		{"updated", "", number(func(r bulkRow) int { return r.updated })},
		{"matched", "", number(func(r bulkRow) int { return r.matched })},
		{"left_to_match", "", number(func(r bulkRow) int { return r.unmatched })},
		{"needs_email", "", number(func(r bulkRow) int { return r.needsEmail })},
		{"skipped", "", number(func(r bulkRow) int { return r.skipped })},
		{"warnings", "", func(r bulkRow) string { return strings.Join(r.warnings, "; ") }},
		{"error_code", "", func(r bulkRow) string { return string(r.problem.Code) }},
		{"error", "", func(r bulkRow) string { return r.problem.Message }},
	}
}

func bulkView(r importer.BulkResult) view {
	rows := make([]bulkRow, len(r.Customers))
	items := make([]any, len(r.Customers))
	for i, c := range r.Customers {
		rows[i] = newBulkRow(c)
		items[i] = labelled{rows[i].outcome, c}
	}
	return view{
		document: r,
		items:    items,
		rows:     func() [][]string { return csvRows(bulkColumns(), rows) },
		page:     func(p *page) { bulkPage(p, r, rows) },
	}
}

// bulkPage has a line for each customer that changed or failed; the others are
// counted.
func bulkPage(p *page, r importer.BulkResult, rows []bulkRow) {
	changed := "changed"
	if !r.Applied {
		changed = "would change"
	}
	var shown []bulkRow
	warned := map[string][]string{}
	var warnings []string
	for _, row := range rows {
		if row.outcome != outcomeUnchanged {
			shown = append(shown, row)
		}
		for _, w := range row.warnings {
			if warned[w] == nil {
				warnings = append(warnings, w)
			}
			warned[w] = append(warned[w], row.name)
		}
	}
	line := fmt.Sprintf("%s: %d %s, %d unchanged, %d failed", count(r.Counts.Customers, "customer"),
		r.Counts.Changed, changed, r.Counts.Unchanged, r.Counts.Failed-r.Counts.NotDone)
	if r.Counts.NotDone > 0 {
		line += fmt.Sprintf(", %d not done", r.Counts.NotDone)
	}
	p.line("%s", line)
	if len(shown) > 0 {
		p.blank()
		tableOf(p, bulkColumns(), shown)
	}
	for _, w := range warnings {
		p.blank()
		p.line("warning for %s: %s", someOf(warned[w]), w)
	}
}

// someOf lists names, the first few of many.
func someOf(names []string) string {
	const few = 5
	if len(names) <= few {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:few], ", "), len(names)-few)
}
