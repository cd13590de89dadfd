package main

import (
	"cmp"
	"slices"
	"time"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

// invitationRow is one person of a result, with how he stands.
type invitationRow struct {
	Outcome     string     `json:"outcome"` // now, ready, waiting, invited, refused or unknown
	Account     string     `json:"account"`
	DisplayName string     `json:"display_name"`
	Email       string     `json:"email"`
	App         string     `json:"app"`
	At          *time.Time `json:"at"`
	Way         string     `json:"way"`
	DoneAt      *time.Time `json:"done_at"`
	Reason      string     `json:"reason"`
	Why         string     `json:"why"`
}

// invitationRows are the people of a result, one line a person and app.
func invitationRows(r importer.Invitations) []invitationRow {
	var rows []invitationRow
	invited := func(outcome string, list []importer.Invited) {
		for _, v := range list {
			rows = append(rows, invitationRow{Outcome: outcome, Account: v.Account, DisplayName: v.DisplayName, Email: v.Email, App: v.App, At: &v.At, Way: string(v.Way), DoneAt: v.DoneAt})
		}
	}
	invited("now", r.Now)
	for _, f := range r.Failed {
		rows = append(rows, invitationRow{Outcome: f.Outcome, Account: f.Account, DisplayName: f.DisplayName, Email: f.Email, App: r.App, Why: f.Error})
	}
	for _, v := range r.Ready {
		rows = append(rows, invitationRow{Outcome: "ready", Account: v.ID, DisplayName: v.DisplayName, Email: v.Email, App: r.App})
	}
	for _, w := range r.Waiting {
		rows = append(rows, invitationRow{Outcome: "waiting", Account: w.Account, DisplayName: w.DisplayName, Email: w.Email, App: r.App, Reason: w.Reason, Why: w.Why})
	}
	invited("invited", r.Invited)
	return onceEach(rows)
}

// onceEach leaves each person one line for an app, the first: who is invited now stands
// among the invited or the ready as well, and who was refused is ready again.
func onceEach(rows []invitationRow) []invitationRow {
	seen := map[[2]string]bool{}
	return slices.DeleteFunc(rows, func(r invitationRow) bool {
		key := [2]string{r.Account, r.App}
		again := seen[key]
		seen[key] = true
		return again
	})
}

func invitationColumns() []output.Column[invitationRow] {
	type row = invitationRow
	moment := func(t *time.Time) string {
		if t == nil {
			return ""
		}
		return timeText(*t)
	}
	return []output.Column[row]{
		{Key: "outcome", Title: "Outcome", Tone: toneOf, Text: func(r row) string { return r.Outcome }},
		{Key: "account", Text: func(r row) string { return r.Account }},
		{Key: "display_name", Title: "Display name", Text: func(r row) string { return r.DisplayName }},
		{Key: "email", Title: "E-mail", Text: func(r row) string { return r.Email }},
		{Key: "app", Text: func(r row) string { return r.App }},
		{Key: "at", Text: func(r row) string { return moment(r.At) }},
		{Key: "way", Text: func(r row) string { return r.Way }},
		{Key: "done_at", Text: func(r row) string { return moment(r.DoneAt) }},
		{Key: "reason", Title: "Waits for", Text: func(r row) string { return r.Reason }},
		{Key: "why", Text: func(r row) string { return r.Why }},
		{Title: "Says", Rank: 1, Text: func(r row) string { return cmp.Or(r.Why, invitedText(r)) }},
	}
}

// invitedText says when somebody was invited, and whether he came.
func invitedText(r invitationRow) string {
	switch {
	case r.At == nil:
		return ""
	case r.DoneAt != nil:
		return r.App + ", done " + timeText(*r.DoneAt)
	}
	return r.App + ", " + cmp.Or(r.Way, "to be invited") + " " + timeText(*r.At)
}

func invitationsView(r importer.Invitations, o *invitationsOptions) output.View {
	rows := invitationRows(r)
	return output.View{
		Document: r,
		Items:    output.Items(rows),
		Rows:     func() [][]string { return output.Rows(invitationColumns(), rows) },
		Page: func(p *output.Page) {
			if len(rows) > 0 {
				output.TableOf(p, invitationColumns(), rows)
				p.Blank()
			}
			verb := "invited now"
			switch {
			case o.marks() && o.dryRun:
				verb = "would be marked as done"
			case o.marks():
				verb = "marked as done now"
			case !r.Applied && o.remind > 0 && o.out == "" && !o.send:
				verb = "due for a reminder"
			case !r.Applied:
				verb = "would be invited"
			}
			if r.Counts.Now > 0 || r.Applied {
				p.Line("%s: %d", verb, r.Counts.Now)
			}
			p.Line("%s, %s app: %d ready, %d waiting, %d invited, %d of them done", r.Customer, r.App, r.Counts.Ready, r.Counts.Waiting, r.Counts.Invited, r.Counts.Done)
		},
	}
}
