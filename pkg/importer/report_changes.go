package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// What became of an account, beside the words of [whatChanged].
const (
	changeParted  = "parted"
	changeDeleted = "deleted"
)

// changed tells what became of each account since, all in all: who was imported and
// deleted again is not told of.
func (w *reportWriter) changed(p past) error {
	if w.Since == nil {
		return nil
	}
	for _, r := range p.runs {
		w.Runs = append(w.Runs, ReportRun{ID: r.ID, At: r.At, Command: r.Command, Counts: RunCounts{r.Created, r.Updated, r.Deleted}, Undone: r.UndoneBy != 0})
	}
	then, conflicts, err := w.snap.Replay(registry.Inverse(p.changes))
	if err != nil {
		return err
	}
	w.then = then
	w.ChangesComplete = p.whole && len(conflicts) == 0
	for _, c := range registry.NewChangeSet(then, w.snap).Changes {
		if c.Entity != registry.EntityAccount {
			continue
		}
		was, _ := c.Before.(*registry.Account)
		is, _ := c.After.(*registry.Account)
		some := cmp.Or(is, was)
		w.Changes = append(w.Changes, ReportChange{
			Account: c.ID, DisplayName: cmp.Or(some.DisplayName, some.Username, some.UPN), What: becameOf(was, is), Fields: reportFields(was, is),
		})
	}
	sortBy(w.Changes, func(c *ReportChange) (ou, name, id string) { return c.What, c.DisplayName, c.Account })
	w.Counts.Changes = len(w.Changes)
	return nil
}

// becameOf says in a word what became of an account.
func becameOf(was, is *registry.Account) string {
	switch {
	case is == nil:
		return changeDeleted
	case was != nil && was.AD != nil && was.M365 != nil && is.M365 == nil:
		return changeParted
	}
	return whatChanged(was, is)
}

// reportFields are the properties in which an account that was there before differs.
func reportFields(was, is *registry.Account) []ReportField {
	fields := []ReportField{}
	if was == nil || is == nil {
		return fields
	}
	link := func(a *registry.Account, kind source.Kind) registry.Link {
		if l := a.Link(kind); l != nil {
			return *l
		}
		return registry.Link{}
	}
	x, y := link(was, source.AD), link(is, source.AD)
	m, n := link(was, source.M365), link(is, source.M365)
	words := func(state registry.State) string { return strings.ReplaceAll(string(state), "_", " ") }
	for _, f := range []ReportField{
		{"name", was.DisplayName, is.DisplayName},
		{"user name", was.Username, is.Username},
		{"UPN", was.UPN, is.UPN},
		{"e-mail", was.Email, is.Email},
		{"OU", source.ParentDN(x.Name), source.ParentDN(y.Name)},
		{"mailbox", m.Name, n.Name},
		{"state", words(was.State), words(is.State)},
		{"Active Directory", x.Status, y.Status},
		{"Microsoft 365", m.Status, n.Status},
		{"power over AD", x.Privileged, y.Privileged},
		{"power over Microsoft 365", m.Privileged, n.Privileged},
	} {
		if f.Before != f.After {
			fields = append(fields, f)
		}
	}
	return fields
}

// plainFields say nothing of who somebody is.
var plainFields = []string{"state", "Active Directory", "Microsoft 365"}

// isPlain says that a field may be shown in a redacted report.
func (f ReportField) isPlain() bool { return slices.Contains(plainFields, f.Name) }
