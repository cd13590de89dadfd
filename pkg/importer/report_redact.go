package importer

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// redactor gives people and groups pseudonyms: one is the same within a report, and
// drawn by lot, since the order of names tells names.
type redactor struct {
	same    map[string]string // an id that is another name of somebody's first one
	numbers map[string]int
	lots    []int // numbers that nobody has yet
	groups  map[string]int
}

// hidden stands for a value that would tell who somebody is.
const hidden = "(hidden)"

// redact takes out of the report who people are. The customer keeps his name: the
// report is his.
func (w *reportWriter) redact() {
	x := redactor{same: map[string]string{}, numbers: map[string]int{}, groups: map[string]int{}}
	people := len(w.known[source.AD]) + len(w.known[source.M365])
	for _, snap := range []*registry.Snapshot{w.snap, w.then} {
		if snap == nil {
			continue
		}
		people += len(snap.Accounts)
		for _, a := range snap.Accounts {
			for _, kind := range []source.Kind{source.AD, source.M365} {
				if id := a.LinkID(kind); id != "" && x.same[id] == "" {
					x.same[id] = a.ID
				}
			}
		}
	}
	x.lots = rand.Perm(people)
	r := &w.Report
	r.Redacted = true
	for i := range r.Sources {
		s := &r.Sources[i]
		s.Where, s.Identity = "", ""
		if s.Failure != nil {
			s.Failure.Message = ""
		}
	}
	for i := range r.Open {
		c := &r.Open[i]
		c.User, c.Why = x.user(c.User), ""
		candidates := make([]MatchCandidate, len(c.Candidates)) // several cases share them
		for j, k := range c.Candidates {
			candidates[j] = MatchCandidate{M365: x.user(k.M365), Confidence: k.Confidence, Evidence: plain(k.Evidence), Against: plain(k.Against)}
		}
		c.Candidates = candidates
		for j := range c.Others {
			c.Others[j] = x.user(c.Others[j])
		}
	}
	for i := range r.Leavers {
		l := &r.Leavers[i]
		l.AD, l.Mailbox = x.user(l.AD), x.user(l.Mailbox)
	}
	for i := range r.Privileged {
		p := &r.Privileged[i]
		p.User = x.user(p.User)
		by := make([][]string, len(p.By))
		p.Paths = make([]string, len(p.By))
		for j, way := range p.By {
			by[j] = x.way(way)
			p.Paths[j] = strings.Join(append(by[j][:len(by[j]):len(by[j])], p.User.Username), " ← ")
		}
		p.By = by
	}
	for i := range r.Doubtful {
		d := &r.Doubtful[i]
		d.AD, d.M365, d.Against = x.user(d.AD), x.user(d.M365), plain(d.Against)
	}
	for i := range r.Pairs {
		p := &r.Pairs[i]
		p.AD, p.M365, p.Evidence = x.user(p.AD), x.user(p.M365), plain(p.Evidence)
	}
	for i := range r.Changes {
		c := &r.Changes[i]
		c.Account, c.DisplayName = x.id(c.Account), x.name(c.Account)
		for j := range c.Fields {
			if f := &c.Fields[j]; !f.isPlain() {
				f.Before, f.After = veil(f.Before), veil(f.After)
			}
		}
	}
	reorder(r)
}

// reorder puts people in the order of their numbers, within what they are listed by.
func reorder(r *Report) {
	byNumber(r.Open, func(c *OpenCase) (group, id string) { return c.Kind, c.User.ID })
	byNumber(r.Leavers, func(l *Leaver) (group, id string) { return "", l.AD.ID })
	byNumber(r.Privileged, func(p *ReportPrivileged) (group, id string) { return p.Standing, p.User.ID })
	byNumber(r.Doubtful, func(d *MatchDoubtful) (group, id string) { return "", d.AD.ID })
	byNumber(r.Pairs, func(p *MatchedPair) (group, id string) { return "", p.AD.ID })
	byNumber(r.Changes, func(c *ReportChange) (group, id string) { return c.What, c.Account })
}

func byNumber[T any](items []T, of func(*T) (group, id string)) {
	first := map[string]int{} // groups stay in their order
	for i := range items {
		if group, _ := of(&items[i]); first[group] == 0 {
			first[group] = len(first) + 1
		}
	}
	slices.SortStableFunc(items, func(a, b T) int {
		g, i := of(&a)
		h, j := of(&b)
		return cmp.Or(cmp.Compare(first[g], first[h]), cmp.Compare(len(i), len(j)), cmp.Compare(i, j))
	})
}

func veil(value string) string {
	if value == "" {
		return ""
	}
	return hidden
}

// number is that of the person who has an id, in either directory or as an account.
func (x *redactor) number(id string) int {
	if first := x.same[id]; first != "" {
		id = first
	}
	if x.numbers[id] == 0 {
		x.numbers[id], x.lots = x.lots[0]+1, x.lots[1:]
	}
	return x.numbers[id]
}

func (x *redactor) name(id string) string { return fmt.Sprint("Person ", x.number(id)) }
func (x *redactor) id(id string) string   { return fmt.Sprint("person-", x.number(id)) }

// user keeps of a user what says nothing of who he is, and what there is and is not.
func (x *redactor) user(u User) User {
	v := User{Source: u.Source, ID: x.id(u.ID), Enabled: u.Enabled, Imported: u.Imported, SkipReason: u.SkipReason, DisplayName: x.name(u.ID)}
	address := v.ID + "@redacted.invalid"
	for _, f := range []struct {
		is  string
		to  *string
		say string
	}{{u.Username, &v.Username, v.ID}, {u.UPN, &v.UPN, address}, {u.Email, &v.Email, address}} {
		if f.is != "" {
			*f.to = f.say
		}
	}
	return v
}

// way keeps the powerful group or role at the beginning; the groups in it may be
// called after people.
func (x *redactor) way(way []string) []string {
	said := make([]string, len(way))
	for i, group := range way {
		if i == 0 {
			said[i] = group
			continue
		}
		if x.groups[group] == 0 {
			x.groups[group] = len(x.groups) + 1
		}
		said[i] = fmt.Sprint("group ", x.groups[group])
	}
	return said
}

// plain is evidence without the values that were compared.
func plain(evidence []match.Evidence) []match.Evidence {
	said := make([]match.Evidence, len(evidence))
	for i, e := range evidence {
		said[i] = match.Evidence{Rule: e.Rule, Weight: e.Weight, Text: e.Text}
	}
	return said
}
