package main

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
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
	decided, selected              int      // decisions by hand, and what the imports ask for
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
	case p.Changed:
		r.outcome = outcomeChanged
	}
	for _, ch := range p.Changes {
		what, isAccount := strings.CutPrefix(ch.What, "account ")
		switch {
		case ch.Action == "decide":
			r.decided++
		case ch.Action == "select":
			r.selected++
		case !isAccount && ch.Action == "create":
			r.once = append(r.once, "new "+ch.What)
		case !isAccount && ch.Action == "connect":
			r.once = append(r.once, strings.TrimPrefix(what, "directory ")+" connected"+tenantText(ch.After))
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

// tenantText says to which tenant a connection leads and which application signs in:
// the manifest may name that one once for all customers.
func tenantText(after any) string {
	c, ok := after.(*source.Connection)
	if !ok || c.Transport != source.TransportGraph {
		return ""
	}
	return ": " + where(c) + " as " + identity(*c)
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
			parts = append(parts, fmt.Sprintf(n.what, output.Count(n.n, "account")))
		}
	}
	if r.decided > 0 {
		parts = append(parts, output.Count(r.decided, "decision")+" kept")
	}
	if r.selected > 0 && len(parts) == 0 { // else the accounts tell
		parts = append(parts, output.Count(r.selected, "selection")+" kept")
	}
	if r.skipped > 0 {
		parts = append(parts, output.Count(r.skipped, "user")+" skipped")
	}
	return strings.Join(parts, ", ")
}

func bulkColumns() []output.Column[bulkRow] {
	number := func(get func(bulkRow) int) func(bulkRow) string {
		return func(r bulkRow) string { return strconv.Itoa(get(r)) }
	}
	return []output.Column[bulkRow]{
		{Key: "name", Title: "Customer", Text: func(r bulkRow) string { return r.name }},
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(r bulkRow) string { return strings.ReplaceAll(r.outcome, "_", " ") }},
		{Title: "What", Text: func(r bulkRow) string {
			if r.problem.Hint != "" {
				return r.problem.Message + " (" + r.problem.Hint + ")"
			}
			return cmp.Or(r.problem.Message, r.text())
		}},
		{Key: "changes", Text: func(r bulkRow) string { return strings.Join(r.once, ", ") }},
		{Key: "imported", Text: number(func(r bulkRow) int { return r.created })},
		{Key: "updated", Text: number(func(r bulkRow) int { return r.updated })},
		{Key: "matched", Text: number(func(r bulkRow) int { return r.matched })},
		{Key: "left_to_match", Text: number(func(r bulkRow) int { return r.unmatched })},
		{Key: "needs_email", Text: number(func(r bulkRow) int { return r.needsEmail })},
		{Key: "skipped", Text: number(func(r bulkRow) int { return r.skipped })},
		{Key: "warnings", Text: func(r bulkRow) string { return strings.Join(r.warnings, "; ") }},
		{Key: "error_code", Text: func(r bulkRow) string { return string(r.problem.Code) }},
		{Key: "error", Text: func(r bulkRow) string { return r.problem.Message }},
	}
}

func bulkView(r *bulkResult) output.View {
	items := make([]any, len(r.rows))
	for i, row := range r.rows {
		items[i] = output.Labelled{Outcome: row.outcome, Item: r.full[i]}
	}
	return output.View{
		Document: struct {
			Applied   bool                `json:"applied"`
			PlanHash  string              `json:"plan_hash"`
			Counts    importer.BulkCounts `json:"counts"`
			Customers []fullPlan          `json:"customers"`
		}{r.Applied, r.PlanHash, r.Counts, r.full},
		Items: items,
		Rows:  func() [][]string { return output.Rows(bulkColumns(), r.rows) },
		Page:  func(p *output.Page) { bulkPage(p, r.BulkResult, r.rows) },
	}
}

// bulkPage has a line for each customer that changed or failed; the others are
// counted.
func bulkPage(p *output.Page, r importer.BulkResult, rows []bulkRow) {
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
	line := fmt.Sprintf("%s: %d %s, %d unchanged, %d failed", output.Count(r.Counts.Customers, "customer"),
		r.Counts.Changed, changed, r.Counts.Unchanged, r.Counts.Failed-r.Counts.NotDone)
	if r.Counts.NotDone > 0 {
		line += fmt.Sprintf(", %d not done", r.Counts.NotDone)
	}
	p.Line("%s", line)
	if len(shown) > 0 {
		p.Blank()
		output.TableOf(p, bulkColumns(), shown)
	}
	for _, w := range warnings {
		p.Blank()
		p.Line("warning for %s: %s", someOf(warned[w]), w)
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
