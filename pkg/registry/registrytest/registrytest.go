// Package registrytest is the suite that every store of a registry must pass.
package registrytest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// Registry is a registry of a test: it may be opened many times at once, as by
// several processes.
type Registry interface {
	Open(readOnly bool) (registry.Store, error)
	// OpenCopy opens what a [registry.Copier] has written.
	OpenCopy(path string) (registry.Store, error)
	// Damage changes stored text past the store: every value of a field, one of
	// "connection", "selection", "pairing", "person" and "time".
	Damage(field, value string) error
}

// Run holds a kind of store to the suite. make makes a new, empty registry.
func Run(t *testing.T, make func(t *testing.T) Registry) {
	type test struct {
		name string
		test func(*bench)
	}
	tests := []test{
		{"round trip", roundTrip},
		{"find", find},
		{"names", names},
		{"a snapshot that moved", moved},
		{"all or nothing", allOrNothing},
		{"names and ids handed on", handedOn},
		{"mailboxes handed on", mailboxesHandedOn},
		{"rules", rules},
		{"runs", runs},
		{"taken back", takenBack},
		{"undone and standing again", undone},
		{"pruned", pruned},
		{"a copy beside a writer", copied},
		{"deletion", deletion},
		{"wide selections", wideSelections},
		{"people", people},
		{"passwords", passwords},
		{"mail on its way", mailings},
		{"reported", reported},
		{"writers side by side", writers},
		{"a reader beside a writer", reader},
		{"interrupted", interrupted},
	}
	for field, value := range map[string]string{"connection": `[1]`, "selection": `[]`, "pairing": `{`, "person": `{"id":1}`, "time": "yesterday"} {
		tests = append(tests, test{"damaged " + field, func(b *bench) { damage(b, field, value) }})
	}
	for _, c := range tests {
		t.Run(c.name, func(t *testing.T) {
			r := make(t)
			b := &bench{T: t, registry: r}
			b.Store = b.open(false)
			c.test(b)
		})
	}
}

// bench is a registry under test, open for writing.
type bench struct {
	*testing.T
	registry.Store
	registry Registry
}

func (b *bench) open(readOnly bool) registry.Store {
	b.Helper()
	s, err := b.registry.Open(readOnly)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s
}

// everything is all that a snapshot can hold.
var everything = registry.Load{Accounts: true, People: []source.Kind{source.AD, source.M365}, Invitations: true}

// noon is when everything happens here.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 123456789, time.UTC)

func (b *bench) snapshot(id string) *registry.Snapshot {
	b.Helper()
	s, err := b.Snapshot(b.Context(), registry.Ref{ID: id}, everything)
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// changeSet is what makes one snapshot another.
func changeSet(before, after *registry.Snapshot) registry.ChangeSet {
	cs := registry.NewChangeSet(before, after)
	cs.Run = registry.Run{CustomerName: after.Customer.Name, Command: "test", At: noon, By: "ann@host", Version: "v1", Params: []byte(`{"all":true}`), Batch: "b", PlanHash: "h"}
	return cs
}

// change applies a change to a customer as it is now, and returns the run.
func (b *bench) change(id string, do func(*registry.Snapshot)) int64 {
	b.Helper()
	before := b.snapshot(id)
	after := before.Clone()
	do(after)
	runs, err := b.Apply(b.Context(), changeSet(before, after))
	if err != nil {
		b.Fatal(err)
	}
	return runs[0]
}

// create makes a customer in a mode.
func (b *bench) create(name string, mode registry.Mode) string {
	b.Helper()
	made := customer(name, mode)
	if _, err := b.Apply(b.Context(), changeSet(made, made)); err != nil {
		b.Fatal(err)
	}
	return made.Customer.ID
}

func customer(name string, mode registry.Mode) *registry.Snapshot {
	return registry.New(registry.Customer{
		ID: registry.NewID(), Name: name, Key: strings.ToLower(name), PasswordSync: mode, CreatedAt: noon,
		ExternalIDs: map[string]string{"itglue": name},
	})
}

// account is one with an AD user, and where m365 is given with a mailbox.
func account(ad, m365 int) *registry.Account {
	a := &registry.Account{
		ID: registry.NewID(), State: registry.StatePendingMatch, DisplayName: fmt.Sprint("User ", ad), GivenName: "Ünï\x00", Surname: `"quoted"`, Username: fmt.Sprint("u", ad),
		UPN: fmt.Sprintf("u%d@corp.example", ad), AD: &registry.Link{ID: sourcetest.GUID(ad), Name: fmt.Sprintf("CN=u%d", ad), Status: registry.StatusOK}, ImportedAt: noon, UpdatedAt: noon,
	}
	if m365 != 0 {
		give(a, m365)
	}
	return a
}

func give(a *registry.Account, m365 int) {
	a.M365 = &registry.Link{ID: sourcetest.GUID(m365), Name: fmt.Sprintf("m%d@x.example", m365), Status: registry.StatusDisabled}
	a.Pairing = &registry.Pairing{Reason: "evidence", Confidence: 0.99, Evidence: []source.Evidence{{Rule: "name", Weight: 1.5, AD: "a", M365: "m", Text: "t"}}}
	a.State, a.Email, a.EmailSource = registry.StateActive, fmt.Sprintf("m%d@x.example", m365), registry.EmailFromM365
}

// full is a customer with one of everything.
func (b *bench) full() string {
	b.Helper()
	id := b.create("Contoso", registry.ModeOn)
	b.change(id, func(s *registry.Snapshot) {
		conn := source.ExportOf(source.AD, "/ad.ldif")
		s.Directories[source.AD] = registry.Directory{Kind: source.AD, Connection: conn, Identity: "S-1-5-21-1-2-3", ConnectedAt: noon}
		s.Selections = registry.Select(s.Selections, registry.Selection{Source: source.AD, OUs: []registry.OURef{{ID: "1", DN: "OU=Staff"}}, Recursive: true, All: true, Exclude: []string{"svc-*"}})
		d := registry.Decision{Verdict: source.VerdictReject, ADID: sourcetest.GUID(1), M365ID: sourcetest.GUID(12), Reason: "another Ann", ADName: "Ann", M365Name: "Anna", DecidedAt: noon}
		s.Decisions[d.Key()] = d
		s.Accounts = append(s.Accounts, account(1, 11), account(2, 0))
		for _, app := range []string{"mobile", "web"} {
			v := registry.Invitation{Account: s.Accounts[0].ID, App: app, Name: "Ünï", Email: "u@x.example", Way: registry.WaySent, Message: "<1@x.example>", At: noon, ADID: sourcetest.GUID(1), M365ID: sourcetest.GUID(11)}
			s.Invitations[v.Key()] = v
		}
	})
	return id
}

// same compares snapshots but for their revisions and last runs.
func same(a, b *registry.Snapshot) bool {
	x, y := *a, *b
	x.Revision, y.Revision, x.LastRun, y.LastRun = 0, 0, 0, 0
	return reflect.DeepEqual(x, y)
}

func roundTrip(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	before := b.snapshot(id)
	if !before.Exists() || before.Customer.ExternalIDs["itglue"] != "Contoso" || !before.Customer.CreatedAt.Equal(noon) {
		b.Fatalf("made %+v", before.Customer)
	}
	after := before.Clone()
	after.Customer.Name, after.Customer.Key = "Contoso Ltd", "contoso ltd"
	after.Customer.ExternalIDs["m365"] = "t"
	conn := source.ExportOf(source.M365, "/users.json")
	after.Directories[source.M365] = registry.Directory{Kind: source.M365, Connection: conn, ConnectedAt: noon}
	after.Selections = registry.Select(nil, registry.Selection{
		Source: source.AD, Users: []string{"1"}, Groups: []registry.GroupRef{{ID: "g2", Name: "Ünï"}, {ID: "g1", Name: "Staff"}}, Licensed: true, SKUs: []string{"s"},
		ExcludeOUs: []registry.OURef{{ID: "2", DN: "OU=Out"}}, IncludePrivileged: true, AlsoM365: true,
	})
	d := registry.Decision{Verdict: source.VerdictIgnore, ADID: sourcetest.GUID(2), DecidedAt: noon}
	after.Decisions[d.Key()] = d
	after.Accounts = append(after.Accounts, account(1, 11), account(2, 0))
	after.Accounts[0].AD.Privileged, after.Accounts[0].AD.PrivilegedSince = "Domain Admins ← u1", noon
	after.Accounts[1].AD.Privileged = "Server Operators ← u2"
	if _, err := b.Apply(b.Context(), changeSet(before, after)); err != nil {
		b.Fatal(err)
	}
	after.Counts = registry.AccountCounts{Total: 2, Active: 1, PendingMatch: 1}
	after.Ignored, after.Risen = 1, 1
	after.Links = registry.LinkCounts{{Kind: source.AD, Status: registry.StatusOK}: 2, {Kind: source.M365, Status: registry.StatusDisabled}: 1}
	if got := b.snapshot(id); !same(got, after) {
		b.Errorf("got\n%+v, want\n%+v", got, after)
	}
	other := b.open(true)
	if got, err := other.Snapshot(b.Context(), registry.Ref{ID: id}, everything); err != nil || !same(got, after) {
		b.Errorf("another reader got\n%+v, %v; want\n%+v", got, err, after)
	}
	if list, err := b.List(b.Context(), everything); err != nil || len(list) != 1 || !reflect.DeepEqual(list[0].Accounts, b.snapshot(id).Accounts) || !reflect.DeepEqual(list[0].People, b.snapshot(id).People) {
		b.Errorf("%v, %v: not the accounts and people of the one customer", list, err)
	}
	if list, err := b.List(b.Context(), registry.Load{}); err != nil || len(list) != 1 || list[0].Counts != after.Counts || list[0].Accounts != nil {
		b.Errorf("listed %+v, %v", list, err)
	}
	if cs := registry.NewChangeSet(after, after.Clone()); !cs.Empty() {
		b.Errorf("a clone differs: %+v", cs.Changes)
	}
}

func find(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	for _, ref := range []registry.Ref{{ID: id}, {Key: "contoso"}, {Key: "x", ID: id}, {Key: "contoso", ID: "x"}, {System: "itglue", Value: "Contoso"}} {
		if s, err := b.Snapshot(b.Context(), ref, registry.Load{}); err != nil || s.Customer.ID != id {
			b.Errorf("%+v: %v", ref, err)
		}
	}
	for _, ref := range []registry.Ref{{}, {ID: "contoso"}, {Key: id}, {System: "itglue", Value: "contoso"}, {System: "x", Value: "Contoso"}, {System: "itglue"}} {
		if _, err := b.Snapshot(b.Context(), ref, registry.Load{}); source.CodeOf(err) != source.CodeNotFound {
			b.Errorf("%+v: %v", ref, err)
		}
	}
}

func names(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	b.create("100% Co_op", registry.ModeOn)
	run := b.change(id, func(s *registry.Snapshot) {
		for i, n := range []string{"jdoe", "j_smith", "asmith"} {
			a := account(i+1, 0)
			a.Username, a.Email, a.DisplayName, a.AD.Name = n, n+"@contoso.example", "Name of "+n, "CN="+n+",OU=Staff,DC=contoso"
			s.Accounts = append(s.Accounts, a)
		}
		s.Selections = registry.Select(nil, registry.Selection{Source: source.AD, OUs: []registry.OURef{{ID: "o", DN: "OU=Sales,DC=contoso"}}, Groups: []registry.GroupRef{{ID: "g", Name: "VPN"}}})
	})
	contoso := registry.Ref{Key: "contoso"}
	for _, c := range []struct {
		q    registry.NameQuery
		want []string
	}{
		{registry.NameQuery{Kind: registry.CustomerNames}, []string{"100% Co_op", "Contoso"}},
		{registry.NameQuery{Kind: registry.CustomerNames, Prefix: "CON"}, []string{"Contoso"}},
		{registry.NameQuery{Kind: registry.CustomerNames, Prefix: "100%"}, []string{"100% Co_op"}},
		{registry.NameQuery{Kind: registry.CustomerNames, Prefix: "%"}, nil},
		{registry.NameQuery{Kind: registry.CustomerNames, Limit: 1}, []string{"100% Co_op"}},
		{registry.NameQuery{Kind: registry.AccountNames, Customer: contoso, Prefix: "j_"}, []string{"j_smith"}},
		{registry.NameQuery{Kind: registry.AccountNames, Customer: contoso, Prefix: "jdoe@"}, []string{"jdoe@contoso.example"}},
		{registry.NameQuery{Kind: registry.AccountNames}, []string{"asmith", "j_smith", "jdoe"}},
		{registry.NameQuery{Kind: registry.AccountNames, Customer: registry.Ref{Key: "100% co_op"}}, nil},
		{registry.NameQuery{Kind: registry.AccountNames, Customer: registry.Ref{Key: "nobody"}}, nil},
		{registry.NameQuery{Kind: registry.RunNames, Customer: contoso, Prefix: fmt.Sprint(run)}, []string{fmt.Sprint(run)}},
		{registry.NameQuery{Kind: registry.OUNames, Customer: contoso, Prefix: "ou=s"}, []string{"OU=Sales,DC=contoso", "OU=Staff,DC=contoso"}},
		{registry.NameQuery{Kind: registry.OUNames, Customer: contoso, Prefix: "OU=X"}, nil},
		{registry.NameQuery{Kind: registry.GroupNames, Customer: contoso}, []string{"VPN"}},
	} {
		if c.q.Limit == 0 {
			c.q.Limit = 10
		}
		found, err := b.Names(b.Context(), c.q)
		var got []string
		for _, n := range found {
			got = append(got, n.Value)
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, c.want) {
			b.Errorf("%+v: %q, %v; want %q", c.q, got, err, c.want)
		}
	}
}

func moved(b *bench) {
	id := b.full()
	stale := b.snapshot(id)
	b.change(id, func(s *registry.Snapshot) { s.Customer.Name, s.Customer.Key = "Other", "other" })
	now := b.snapshot(id)
	after := stale.Clone()
	after.Accounts = nil
	if _, err := b.Apply(b.Context(), changeSet(stale, after)); !errors.Is(err, registry.ErrMoved) {
		b.Errorf("a stale change: %v", err)
	}
	for _, c := range []registry.Customer{{Name: "OTHER", Key: "other"}, {Name: "New", Key: "new", ExternalIDs: map[string]string{"itglue": "Contoso"}}} {
		c.ID, c.PasswordSync, c.CreatedAt = registry.NewID(), registry.ModeUnset, noon
		made := registry.New(c)
		if _, err := b.Apply(b.Context(), changeSet(made, made)); !errors.Is(err, registry.ErrMoved) {
			b.Errorf("a name or id that is taken by now: %v", err)
		}
	}
	if got := b.snapshot(id); !reflect.DeepEqual(got, now) {
		b.Errorf("a refused change left %+v, want %+v", got, now)
	}
}

func allOrNothing(b *bench) {
	one, two := b.create("One", registry.ModeOff), b.create("Two", registry.ModeOff)
	was, stale := b.snapshot(one), b.snapshot(two)
	b.change(two, func(s *registry.Snapshot) { s.Customer.Name = "TWO" })
	renamed := func(s *registry.Snapshot) registry.ChangeSet {
		after := s.Clone()
		after.Customer.Name, after.Customer.Key = s.Customer.Name+"!", s.Customer.Key+"!"
		return changeSet(s, after)
	}
	if _, err := b.Apply(b.Context(), renamed(was), renamed(stale)); !errors.Is(err, registry.ErrMoved) {
		b.Errorf("%v", err)
	}
	if got := b.snapshot(one); !reflect.DeepEqual(got, was) {
		b.Errorf("half of it was written: %+v", got.Customer)
	}
}

// handedOn renames in a circle, in one transaction, ids included; a new customer takes
// the name and the id of one that goes.
func handedOn(b *bench) {
	var sets []registry.ChangeSet
	names := []string{"A", "B", "C"}
	for i, name := range names {
		before := b.snapshot(b.create(name, registry.ModeOff))
		after := before.Clone()
		next := names[(i+1)%len(names)]
		after.Customer.Name, after.Customer.Key = next, strings.ToLower(next)
		after.Customer.ExternalIDs["itglue"] = next
		sets = append(sets, changeSet(before, after))
	}
	if _, err := b.Apply(b.Context(), sets...); err != nil {
		b.Fatal(err)
	}
	for i := range names {
		if s := b.snapshot(sets[i].CustomerID); s.Customer.Name != names[(i+1)%3] || s.Customer.ExternalIDs["itglue"] != names[(i+1)%3] {
			b.Errorf("%+v", s.Customer)
		}
	}
	gone := b.snapshot(sets[0].CustomerID)
	made := registry.New(gone.Customer)
	made.Customer.ID = registry.NewID()
	deletion := registry.NewDeletion(gone)
	deletion.Run = changeSet(made, made).Run
	if _, err := b.Apply(b.Context(), changeSet(made, made), deletion); err != nil {
		b.Fatal(err)
	}
	if s := b.snapshot(made.Customer.ID); s.Customer.Name != "B" || s.Customer.ExternalIDs["itglue"] != "B" {
		b.Errorf("%+v", s.Customer)
	}
}

// mailboxesHandedOn exchanges mailboxes and decisions, and gives a deleted
// account's mailbox and user to another, each in one transaction.
func mailboxesHandedOn(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	b.change(id, func(s *registry.Snapshot) {
		s.Accounts = append(s.Accounts, account(1, 11), account(2, 12), account(3, 13))
		for _, d := range []registry.Decision{{ADID: "1", M365ID: "11"}, {ADID: "2", M365ID: "12"}} {
			d.Verdict, d.DecidedAt = source.VerdictMatch, noon
			s.Decisions[d.Key()] = d
		}
	})
	b.change(id, func(s *registry.Snapshot) {
		for i, box := range []int{12, 13, 11} {
			a := *s.Accounts[i]
			give(&a, box)
			s.Accounts[i] = &a
		}
		s.Decisions = registry.Decisions{}
		for _, d := range []registry.Decision{{ADID: "1", M365ID: "12"}, {ADID: "2", M365ID: "11"}} {
			d.Verdict, d.DecidedAt = source.VerdictMatch, noon
			s.Decisions[d.Key()] = d
		}
	})
	b.change(id, func(s *registry.Snapshot) { s.Accounts[0] = account(1, 12) })
	b.change(id, func(s *registry.Snapshot) { // and back: users are handed on as well
		x, y := *s.Accounts[1], *s.Accounts[2]
		x.AD, y.AD = y.AD, x.AD
		s.Accounts[1], s.Accounts[2] = &x, &y
	})
	if s := b.snapshot(id); s.Accounts[0].AD.Name == s.Accounts[1].AD.Name || s.Accounts[0].M365 == nil || s.Accounts[1].M365 == nil {
		b.Errorf("%+v, %+v", s.Accounts[0], s.Accounts[1])
	}
	b.change(id, func(s *registry.Snapshot) {
		x := *s.Accounts[1]
		x.AD = &registry.Link{ID: sourcetest.GUID(99), Name: "CN=u99", Status: registry.StatusOK}
		s.Accounts[1] = &x
	})
	if s := b.snapshot(id); s.Accounts[1].M365 == nil || s.Accounts[1].AD.Name != "CN=u99" {
		b.Errorf("another user took the mailbox along: %+v", s.Accounts[1])
	}
	s := b.snapshot(id)
	var got []string
	for _, a := range s.Accounts {
		got = append(got, a.Username+" "+a.M365.Name+" "+a.M365.Status)
	}
	slices.Sort(got)
	if want := []string{"u1 m12@x.example disabled", "u2 m13@x.example disabled", "u3 m11@x.example disabled"}; !slices.Equal(got, want) || len(s.Decisions) != 2 {
		b.Errorf("%q and %v, want %q", got, s.Decisions, want)
	}
}

// rules hold whoever writes, whatever was decided.
func rules(b *bench) {
	id := b.full()
	was := b.snapshot(id)
	for name, do := range map[string]func(*registry.Snapshot){
		"another mode while accounts exist": func(s *registry.Snapshot) { s.Customer.PasswordSync = registry.ModeOff },
		"no such mode":                      func(s *registry.Snapshot) { s.Customer.PasswordSync = "maybe"; s.Accounts = nil },
		"two accounts of one AD user":       func(s *registry.Snapshot) { s.Accounts = append(s.Accounts, account(1, 0)) },
		"two accounts of one mailbox":       func(s *registry.Snapshot) { s.Accounts = append(s.Accounts, account(3, 11)) },
		"an account of nobody":              func(s *registry.Snapshot) { a := account(3, 0); a.AD = nil; s.Accounts = append(s.Accounts, a) },
		"on: a mailbox without an AD user":  func(s *registry.Snapshot) { a := account(3, 13); a.AD = nil; s.Accounts = append(s.Accounts, a) },
		"active without an address":         func(s *registry.Snapshot) { a := account(3, 13); a.Email = ""; s.Accounts = append(s.Accounts, a) },
		"no such state":                     func(s *registry.Snapshot) { a := account(3, 13); a.State = "x"; s.Accounts = append(s.Accounts, a) },
		"two mailboxes by hand": func(s *registry.Snapshot) {
			for _, m := range []string{"11", "12"} {
				d := registry.Decision{Verdict: source.VerdictMatch, ADID: "1", M365ID: m, DecidedAt: noon}
				s.Decisions[d.Key()] = d
			}
		},
	} {
		after := was.Clone()
		do(after)
		if _, err := b.Apply(b.Context(), changeSet(was, after)); err == nil {
			b.Errorf("%s: accepted", name)
		}
		if got := b.snapshot(id); !reflect.DeepEqual(got, was) {
			b.Fatalf("%s: left something", name)
		}
	}
}

func runs(b *bench) {
	id := b.full()
	s := b.snapshot(id)
	second := b.change(id, func(s *registry.Snapshot) {
		a := *s.Accounts[0]
		a.DisplayName, a.UpdatedAt = "Ann Lee", noon.Add(time.Second)
		s.Accounts[0] = &a
		s.Accounts = append(s.Accounts[:1], account(3, 0))
	})
	list, err := b.Runs(b.Context(), registry.RunFilter{})
	if err != nil || len(list) != 3 {
		b.Fatalf("%+v, %v", list, err)
	}
	want := registry.Run{
		ID: second, Batch: "b", CustomerID: id, CustomerName: "Contoso", Command: "test", At: noon, By: "ann@host", Version: "v1",
		Params: []byte(`{"all":true}`), PlanHash: "h", Created: 1, Updated: 1, Deleted: 1,
	}
	if !reflect.DeepEqual(list[0], want) {
		b.Errorf("got  %+v\nwant %+v", list[0], want)
	}
	changes, err := b.Changes(b.Context(), second)
	if err != nil || len(changes) != 3 {
		b.Fatalf("%+v, %v", changes, err)
	}
	for _, c := range changes {
		switch c.ID {
		case s.Accounts[0].ID:
			if string(c.Before) != `{"display_name":"User 1","updated_at":"2026-03-01T12:00:00.123456789Z"}` ||
				string(c.After) != `{"display_name":"Ann Lee","updated_at":"2026-03-01T12:00:01.123456789Z"}` || c.Name != "Ann Lee" {
				b.Errorf("updated: %+v", c)
			}
		case s.Accounts[1].ID:
			if c.After != nil || !strings.Contains(string(c.Before), `"surname":"\"quoted\""`) {
				b.Errorf("deleted: %+v", c)
			}
		default:
			if c.Before != nil || c.Entity != registry.EntityAccount || c.Legacy {
				b.Errorf("made: %+v", c)
			}
		}
	}
	for filter, n := range map[registry.RunFilter]int{
		{CustomerID: id}: 3, {CustomerID: "x"}: 0, {ID: second}: 1, {Since: noon}: 3, {Since: noon.Add(time.Hour)}: 0, {Since: noon.In(time.FixedZone("", 3600))}: 3,
		{Batch: "b"}: 3, {Batch: "x"}: 0, {EntityID: s.Accounts[0].ID}: 2, {EntityID: id}: 1, {EntityID: id, CustomerID: "x"}: 0,
	} {
		if list, err := b.Runs(b.Context(), filter); err != nil || len(list) != n {
			b.Errorf("%+v: %d runs, %v; want %d", filter, len(list), err, n)
		}
	}
	if run := b.change(id, func(*registry.Snapshot) {}); run != 0 {
		b.Errorf("nothing changed, and yet there is run %d", run)
	}
}

// takenBack undoes runs of every kind, the last first, down to the beginning, and
// an undo itself.
func takenBack(b *bench) {
	id := b.create("Contoso", registry.ModeUnset)
	states := []*registry.Snapshot{b.snapshot(id)}
	var made []int64
	for _, do := range []func(*registry.Snapshot){
		func(s *registry.Snapshot) {
			s.Customer.PasswordSync = registry.ModeOn
			s.Customer.ExternalIDs["m365"] = "t"
		},
		func(s *registry.Snapshot) {
			conn := source.ExportOf(source.AD, "/ad.ldif")
			s.Directories[source.AD] = registry.Directory{Kind: source.AD, Connection: conn, ConnectedAt: noon}
			s.Selections = registry.Select(nil, registry.Selection{Source: source.AD, All: true})
			s.Accounts = append(s.Accounts, account(1, 0), account(2, 0))
		},
		func(s *registry.Snapshot) {
			dir := s.Directories[source.AD]
			dir.Identity = "S-1"
			s.Directories[source.AD] = dir
			s.Selections = registry.Select(s.Selections, registry.Selection{Source: source.AD, All: true, Exclude: []string{"x"}})
			a := *s.Accounts[1]
			give(&a, 11)
			s.Accounts[1] = &a
			d := registry.Decision{Verdict: source.VerdictMatch, ADID: "2", M365ID: "11", Reason: "r", DecidedAt: noon}
			s.Decisions[d.Key()] = d
		},
		func(s *registry.Snapshot) {
			d := registry.Decision{Verdict: source.VerdictMatch, ADID: "2", M365ID: "11", Reason: "better", DecidedAt: noon.Add(time.Minute)}
			s.Decisions[d.Key()] = d
			delete(s.Customer.ExternalIDs, "itglue")
		},
		func(s *registry.Snapshot) {
			s.Accounts, s.Decisions, s.Selections = nil, registry.Decisions{}, nil
			delete(s.Directories, source.AD)
		},
	} {
		made = append(made, b.change(id, do))
		states = append(states, b.snapshot(id))
	}
	undo := func(run int64) {
		changes, err := b.Changes(b.Context(), run)
		if err != nil {
			b.Fatal(err)
		}
		now := b.snapshot(id)
		after, conflicts, err := now.Replay(registry.Inverse(changes))
		if err != nil || len(conflicts) > 0 {
			b.Fatalf("run %d: %v, %v", run, conflicts, err)
		}
		if _, err := b.Apply(b.Context(), changeSet(now, after)); err != nil {
			b.Fatal(err)
		}
	}
	for i, run := range slices.Backward(made) {
		undo(run)
		if got := b.snapshot(id); !sameAccounts(got, states[i]) {
			b.Errorf("run %d taken back:\n%+v\nwant\n%+v", run, got, states[i])
		}
	}
	last, err := b.Runs(b.Context(), registry.RunFilter{})
	if err != nil {
		b.Fatal(err)
	}
	undo(last[0].ID)
	if got := b.snapshot(id); !sameAccounts(got, states[1]) {
		b.Errorf("an undo taken back:\n%+v\nwant\n%+v", got, states[1])
	}
	changes, err := b.Changes(b.Context(), made[2])
	if err != nil {
		b.Fatal(err)
	}
	if _, conflicts, err := b.snapshot(id).Replay(registry.Inverse(changes)); err != nil || len(conflicts) == 0 {
		b.Errorf("a run whose things are not there was taken back: %v", err)
	}
}

// undone records undos, and an undo of one: what it took back stands again.
func undone(b *bench) {
	id := b.create("Contoso", registry.ModeOff)
	rename := func(name string, undoes int64) int64 {
		s := b.snapshot(id)
		after := s.Clone()
		after.Customer.Name = name
		cs := changeSet(s, after)
		cs.Run.Undoes = undoes
		runs, err := b.Apply(b.Context(), cs)
		if err != nil {
			b.Fatal(err)
		}
		return runs[0]
	}
	check := func(run, undoes, undoneBy int64) {
		b.Helper()
		list, err := b.Runs(b.Context(), registry.RunFilter{ID: run})
		if err != nil || len(list) != 1 || list[0].Undoes != undoes || list[0].UndoneBy != undoneBy {
			b.Errorf("run %d: %+v, %v; want it to undo %d and be undone by %d", run, list, err, undoes, undoneBy)
		}
	}
	one := rename("A", 0)
	check(one, 0, 0)
	two := rename("Contoso", one)
	check(one, 0, two)
	check(two, one, 0)
	three := rename("A", two)
	check(one, 0, 0)
	check(two, one, three)
	four := rename("Contoso", one)
	check(one, 0, four)
	check(two, one, three)
}

// pruned forgets runs, those among them that others undid.
func pruned(b *bench) {
	id := b.full()
	var made []int64
	for i := range 4 {
		made = append(made, b.change(id, func(s *registry.Snapshot) { s.Customer.Name = fmt.Sprint("C", i) }))
	}
	s := b.snapshot(id)
	after := s.Clone()
	after.Customer.Name = "back"
	cs := changeSet(s, after)
	cs.Run.Undoes = made[1]
	if _, err := b.Apply(b.Context(), cs); err != nil {
		b.Fatal(err)
	}
	now := b.snapshot(id)
	if err := b.Prune(b.Context(), made[0], made[1], 12345); err != nil {
		b.Fatal(err)
	}
	if got := b.snapshot(id); !reflect.DeepEqual(got, now) {
		b.Errorf("the registry is another: %+v", got)
	}
	list, err := b.Runs(b.Context(), registry.RunFilter{})
	if err != nil || len(list) != 5 || list[0].Undoes != 0 {
		b.Errorf("%+v, %v", list, err)
	}
	for _, run := range made[:2] {
		if changes, err := b.Changes(b.Context(), run); err != nil || len(changes) != 0 {
			b.Errorf("run %d: %+v, %v", run, changes, err)
		}
	}
	if err := b.Prune(b.Context()); err != nil {
		b.Error(err)
	}
	if next := b.change(id, func(s *registry.Snapshot) { s.Customer.Name = "next" }); next <= list[0].ID {
		b.Errorf("run %d was given again", next)
	}
	if _, err := b.Health(b.Context()); err != nil {
		b.Error(err)
	}
}

// copied copies a store while another writes: a copy is of one moment, and sound.
// A store that is no copier has nothing to show.
func copied(b *bench) {
	id := b.full()
	path := filepath.Join(b.TempDir(), "copy")
	copier, ok := b.open(true).(registry.Copier)
	if !ok {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 10 {
			b.change(id, func(s *registry.Snapshot) { s.Accounts = append(s.Accounts, account(10+2*i, 0), account(11+2*i, 0)) })
		}
	}()
	for writing := true; writing; {
		select {
		case <-done:
			writing = false
		default:
		}
		if err := copier.Copy(b.Context(), path); err != nil {
			b.Fatal(err)
		}
		c, err := b.registry.OpenCopy(path)
		if err != nil {
			b.Fatal(err)
		}
		s, err := c.Snapshot(b.Context(), registry.Ref{ID: id}, everything)
		if err != nil || len(s.Accounts)%2 != 0 || s.Counts.Total != len(s.Accounts) {
			b.Errorf("%+v, %v", s, err)
		}
		if !writing && !reflect.DeepEqual(s, b.snapshot(id)) {
			b.Errorf("the copy is another: %+v", s)
		}
		if _, err := c.Health(b.Context()); err != nil {
			b.Error(err)
		}
		if err := c.Close(); err != nil {
			b.Error(err)
		}
	}
	ctx, cancel := context.WithCancelCause(b.Context())
	stop := errors.New("stopped")
	cancel(stop)
	if err := copier.Copy(ctx, path+"2"); !errors.Is(err, stop) {
		b.Errorf("%v, want the cause", err)
	}
	if err := copier.Copy(b.Context(), filepath.Join(path, "x")); err == nil {
		b.Error("copied into a file for a folder")
	}
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 1 {
		b.Errorf("left behind: %v, %v", entries, err)
	}
}

// sameAccounts compares snapshots whose accounts may be in another order: one that
// comes back is a new row.
func sameAccounts(x, y *registry.Snapshot) bool {
	sorted := func(s *registry.Snapshot) *registry.Snapshot {
		c := s.Clone()
		slices.SortFunc(c.Accounts, func(a, b *registry.Account) int { return strings.Compare(a.ID, b.ID) })
		return c
	}
	return same(sorted(x), sorted(y))
}

// wideSelections are of more OUs than fit into a key, as of who names each of many.
func wideSelections(b *bench) {
	id := b.create("Contoso", registry.ModeOff)
	wide := registry.Selection{Source: source.AD, All: true}
	for range 500 {
		ou := registry.NewID()
		wide.OUs = append(wide.OUs, registry.OURef{ID: ou, DN: "OU=" + ou + ",DC=contoso"})
	}
	for _, exclude := range []string{"svc-*", "test-*"} {
		wide.Exclude = []string{exclude}
		b.change(id, func(s *registry.Snapshot) { s.Selections = registry.Select(s.Selections, wide) })
		got := b.snapshot(id).Selections
		if len(got) != 1 || len(got[0].OUs) != len(wide.OUs) || got[0].Exclude[0] != exclude {
			b.Errorf("%d selections, want the one that was made last", len(got))
		}
	}
	b.change(id, func(s *registry.Snapshot) { s.Selections = nil })
	if got := b.snapshot(id).Selections; len(got) > 0 {
		b.Errorf("%d selections, want none", len(got))
	}
}

func deletion(b *bench) {
	id := b.full()
	cs := registry.NewDeletion(b.snapshot(id))
	cs.Run = registry.Run{CustomerName: "Contoso", Command: "delete", At: noon}
	if _, err := b.Apply(b.Context(), cs); err != nil {
		b.Fatal(err)
	}
	if _, err := b.Snapshot(b.Context(), registry.Ref{ID: id}, registry.Load{}); source.CodeOf(err) != source.CodeNotFound {
		b.Errorf("still there: %v", err)
	}
	if h, err := b.Health(b.Context()); err != nil || h.Accounts != 0 || !h.Exists {
		b.Errorf("%+v, %v", h, err)
	}
	list, err := b.Runs(b.Context(), registry.RunFilter{CustomerID: id})
	if err != nil || len(list) != 3 || list[0].Deleted != 8 {
		b.Errorf("its history: %+v, %v", list, err)
	}
	b.create("Contoso", registry.ModeOff) // the name is free
}

func people(b *bench) {
	id := b.full()
	user := func(n int, name string) *source.User {
		return &source.User{Kind: source.AD, ID: sourcetest.GUID(n), DisplayName: name, DN: "CN=x", Enabled: source.Yes, Addresses: []string{"SMTP:a@x.example"}, PasswordLastSet: noon}
	}
	read := func(at time.Time, users ...*source.User) *registry.PeopleChange {
		s := b.snapshot(id)
		p, err := s.ComparePeople(source.AD, users, at)
		if err != nil {
			b.Fatal(err)
		}
		cs := changeSet(s, s)
		cs.People = []*registry.PeopleChange{p}
		empty := cs.Empty()
		runs, err := b.Apply(b.Context(), cs)
		if err != nil || runs[0] != 0 {
			b.Fatalf("run %v, %v", runs, err)
		}
		if empty != p.Empty() {
			b.Errorf("empty %v, %v", empty, p.Empty())
		}
		return p
	}
	check := func(what string, at time.Time, present, missing int) *registry.Snapshot {
		s := b.snapshot(id)
		here, gone, err := s.People[source.AD].Users()
		if err != nil || len(here) != present || len(gone) != missing || !s.Reads[source.AD].At.Equal(at) || s.Reads[source.AD].People != present {
			b.Errorf("%s: %d present, %d missing, read %+v, %v", what, len(here), len(gone), s.Reads[source.AD], err)
		}
		return s
	}
	if s := b.snapshot(id); len(s.People[source.AD]) != 0 || !s.Reads[source.AD].At.IsZero() {
		b.Errorf("%+v", s.Reads)
	}
	ann, bob := user(1, "Ann\u202e"), user(2, "Bob")
	read(noon, bob, ann)
	s := check("two", noon, 2, 0)
	if got, err := s.People[source.AD][ann.ID].User(); err != nil || !reflect.DeepEqual(got, ann) {
		b.Errorf("got %+v, %v", got, err)
	}
	before := b.snapshot(id).Revision
	if p := read(noon.Add(time.Minute), ann, bob); !p.Empty() {
		b.Errorf("the same again: %+v", p)
	}
	if now := b.snapshot(id).Revision; now == before {
		b.Errorf("an applied set left revision %d", now)
	}
	check("the same again", noon, 2, 0)
	read(noon.Add(24*time.Hour), ann, bob)
	check("the same a day later", noon.Add(24*time.Hour), 2, 0)
	read(noon.Add(25*time.Hour), ann)
	s = check("one is gone", noon.Add(25*time.Hour), 1, 1)
	if since := s.People[source.AD][bob.ID].Missing; !since.Equal(noon.Add(25 * time.Hour)) {
		b.Errorf("gone since %v", since)
	}
	read(noon.Add(27*time.Hour), ann)
	if since := b.snapshot(id).People[source.AD][bob.ID].Missing; !since.Equal(noon.Add(25 * time.Hour)) {
		b.Errorf("gone since %v, later than at first", since)
	}
	read(noon.Add(28*time.Hour), ann, user(2, "Robert"))
	s = check("he is back", noon.Add(28*time.Hour), 2, 0)
	if got, err := s.People[source.AD][bob.ID].User(); err != nil || got.DisplayName != "Robert" {
		b.Errorf("%+v, %v", got, err)
	}
	if p := read(noon, ann); !p.Empty() {
		b.Errorf("an older read: %+v", p)
	}
	// Who was only there when an older read was made may have an account by now.
	read(noon, user(3, "Cyd"), user(2, "Bob"))
	s = b.snapshot(id)
	cyd := s.People[source.AD][sourcetest.GUID(3)]
	if got, err := cyd.User(); err != nil || got.DisplayName != "Cyd" || !cyd.Missing.Equal(noon.Add(28*time.Hour)) {
		b.Errorf("of an older read: %+v, %v", cyd, err)
	}
	check("an older read", noon.Add(28*time.Hour), 2, 1)
}

// writers change one customer, each as a process of its own, until all have.
func writers(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	const writers, rounds = 6, 5
	var wg sync.WaitGroup
	for w := range writers {
		store := b.open(false)
		wg.Go(func() {
			for round := range rounds {
				for try := 0; ; try++ {
					before, err := store.Snapshot(b.Context(), registry.Ref{ID: id}, everything)
					if err != nil {
						b.Error(err)
						return
					}
					after := before.Clone()
					after.Accounts = append(after.Accounts, account(100*w+round, 0))
					_, err = store.Apply(b.Context(), changeSet(before, after))
					if err == nil {
						break
					}
					if !errors.Is(err, registry.ErrMoved) || try > 1000 {
						b.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	if s := b.snapshot(id); len(s.Accounts) != writers*rounds || s.Counts.Total != writers*rounds {
		b.Errorf("%d accounts, want %d: a change was lost", len(s.Accounts), writers*rounds)
	}
}

// reader reads while a writer adds two accounts at a time.
func reader(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	other := b.open(true)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 20 {
			b.change(id, func(s *registry.Snapshot) { s.Accounts = append(s.Accounts, account(2*i, 0), account(2*i+1, 0)) })
		}
	}()
	for reads := 0; ; reads++ {
		s, err := other.Snapshot(b.Context(), registry.Ref{ID: id}, everything)
		if err != nil {
			b.Fatal(err)
		}
		if len(s.Accounts)%2 != 0 || s.Counts.Total != len(s.Accounts) {
			b.Fatalf("%d accounts and a count of %d: half a change", len(s.Accounts), s.Counts.Total)
		}
		select {
		case <-done:
			if reads == 0 {
				b.Error("nothing was read meanwhile")
			}
			return
		default:
		}
	}
}

func interrupted(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	before := b.snapshot(id)
	after := before.Clone()
	for i := range 2000 {
		after.Accounts = append(after.Accounts, account(i, 0))
	}
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(b.Context())
	cancel(stop)
	if _, err := b.Apply(ctx, changeSet(before, after)); !errors.Is(err, stop) {
		b.Errorf("%v, want the cause", err)
	}
	if got := b.snapshot(id); !reflect.DeepEqual(got, before) {
		b.Error("something was written")
	}
}

// damage puts into the registry what no program of ours writes.
func damage(b *bench, field, value string) {
	id := b.full()
	s := b.snapshot(id)
	p, err := s.ComparePeople(source.AD, []*source.User{{Kind: source.AD, ID: sourcetest.GUID(1)}}, noon)
	if err != nil {
		b.Fatal(err)
	}
	cs := changeSet(s, s)
	cs.People = []*registry.PeopleChange{p}
	if _, err := b.Apply(b.Context(), cs); err != nil {
		b.Fatal(err)
	}
	if err := b.registry.Damage(field, value); err != nil {
		b.Fatal(err)
	}
	s, err = b.Snapshot(b.Context(), registry.Ref{ID: id}, everything)
	if err == nil {
		_, _, err = s.People[source.AD].Users()
	}
	if source.CodeOf(err) != registry.CodeDamaged {
		b.Errorf("%v", err)
	}
}

// passwords are meant in a run and completed by notes, which no other change stands
// in the way of; another process that takes a reset up has it from then on.
func passwords(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	writer := registry.Directory{Kind: source.AD, Identity: "S-1-5-21-1", ConnectedAt: noon, Connection: source.Connection{
		Kind: source.AD, Transport: source.TransportLDAPS, Role: source.RoleReset, LDAP: source.LDAP{URL: "ldaps://dc1.example"},
	}}
	reader := writer
	reader.Connection.Role = ""
	b.change(id, func(s *registry.Snapshot) {
		s.Directories[source.AD], s.Resetters[source.AD] = reader, writer
		s.Accounts = append(s.Accounts, account(1, 11), account(2, 12))
	})
	load := registry.Load{Accounts: true, Passwords: true}
	read := func() *registry.Snapshot {
		b.Helper()
		s, err := b.Snapshot(b.Context(), registry.Ref{ID: id}, load)
		if err != nil {
			b.Fatal(err)
		}
		return s
	}
	was := read()
	if was.Resetters[source.AD] != writer || was.Directories[source.AD] != reader {
		b.Errorf("%+v, %+v", was.Resetters, was.Directories)
	}
	one := was.Accounts[0]
	side := func() *registry.ResetSide {
		return &registry.ResetSide{ID: one.AD.ID, Outcome: registry.ResetIntended, Before: source.PasswordMark{Version: 2, At: noon}}
	}
	meant := registry.Password{Account: one.ID, Reset: &registry.Reset{ID: registry.NewID(), At: noon, AD: side(), M365: side()}}
	cs := changeSet(was, was)
	cs.Changes = []registry.Change{{Entity: registry.EntityPassword, ID: one.ID, Name: "One", After: meant.Reset}}
	cs.Passwords = []registry.Password{meant}
	runs, err := b.Apply(b.Context(), cs)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := b.Apply(b.Context(), cs); !errors.Is(err, registry.ErrMoved) {
		b.Errorf("meant twice at once: %v", err)
	}
	meant.Reset.Run = runs[0]
	if s := read(); !reflect.DeepEqual(s.Passwords[one.ID], meant) || s.Waiting[registry.PasswordOpen] != 1 {
		b.Errorf("%+v, %v", s.Passwords, s.Waiting)
	}

	half := meant
	half.Reset = meant.Reset.Clone()
	half.Reset.AD.Outcome, half.Reset.M365.Outcome = registry.ResetSet, registry.ResetNotSet
	cursor := &source.PasswordCursor{Server: "dc1", USN: 7, At: noon}
	b.change(id, func(s *registry.Snapshot) { s.Customer.Name = "CONTOSO" }) // moves it on
	if err := b.Note(b.Context(), id, registry.PasswordNote{Run: runs[0], Passwords: []registry.Password{half}, Cursor: cursor}); err != nil {
		b.Fatal(err)
	}
	s := read()
	if !reflect.DeepEqual(s.Passwords[one.ID], half) || s.Waiting[registry.PasswordHalf] != 1 || !reflect.DeepEqual(s.Cursor, cursor) {
		b.Errorf("%+v, %v, %v", s.Passwords, s.Waiting, s.Cursor)
	}
	changes, err := b.Changes(b.Context(), runs[0])
	if err != nil || len(changes) != 1 || !strings.Contains(string(changes[0].After), `"not_set"`) {
		b.Errorf("the run says %+v, %v", changes, err)
	}
	p, err := s.ComparePeople(source.M365, []*source.User{{Kind: source.M365, ID: one.M365.ID, Synced: source.Yes}, {Kind: source.M365, ID: sourcetest.GUID(12)}}, noon)
	if err != nil {
		b.Fatal(err)
	}
	people := changeSet(s, s)
	people.People = []*registry.PeopleChange{p}
	if _, err := b.Apply(b.Context(), people); err != nil {
		b.Fatal(err)
	}
	few, err := b.Snapshot(b.Context(), registry.Ref{ID: id}, registry.Load{ADUsers: []string{one.AD.ID, "nobody"}, Passwords: true})
	if err != nil || len(few.Accounts) != 1 || few.Accounts[0].ID != one.ID || len(few.Passwords) != 1 {
		b.Errorf("%+v, %v", few, err)
	}
	if u, err := few.People[source.M365][one.M365.ID].User(); err != nil || u.Synced != source.Yes || len(few.People[source.M365]) != 1 {
		b.Errorf("who is paired with them: %+v, %v", few.People, err)
	}

	// A check that sees the password beside the reset leaves that alone, and the other
	// way round.
	seen := registry.Password{Account: one.ID, Seen: &registry.SeenPassword{ID: one.AD.ID, Mark: source.PasswordMark{Version: 9}}, OutOfStep: noon.Add(time.Hour)}
	if err := b.Note(b.Context(), id, registry.PasswordNote{Passwords: []registry.Password{seen}}); err != nil {
		b.Fatal(err)
	}
	if err := b.Note(b.Context(), id, registry.PasswordNote{Run: runs[0], Passwords: []registry.Password{half}}); err != nil {
		b.Fatal(err)
	}
	if p := read().Passwords[one.ID]; !reflect.DeepEqual(p.Reset, half.Reset) || !reflect.DeepEqual(p.Seen, seen.Seen) || !p.OutOfStep.Equal(seen.OutOfStep) {
		b.Errorf("a check beside a reset: %+v", p)
	}

	sent := half
	sent.Reset = half.Reset.Clone()
	sent.Reset.M365.Outcome, sent.Reset.M365.ID = registry.ResetSending, "another mailbox"
	if err := b.Note(b.Context(), id, registry.PasswordNote{Run: runs[0], Passwords: []registry.Password{sent}}); !errors.Is(err, registry.ErrParted) {
		b.Errorf("sent to somebody else: %v", err)
	}
	sent.Reset.M365.ID = one.M365.ID
	if err := b.Note(b.Context(), id, registry.PasswordNote{Run: runs[0], Passwords: []registry.Password{sent, half}}); err != nil {
		b.Errorf("sent to the account's own: %v", err)
	}

	next := half
	next.Reset = half.Reset.Clone()
	next.Reset.Attempt++
	takeUp := registry.PasswordNote{Run: runs[0], Passwords: []registry.Password{next}, TakeUp: true}
	if err := b.Note(b.Context(), id, takeUp); err != nil {
		b.Fatal(err)
	}
	if err := b.Note(b.Context(), id, takeUp); !errors.Is(err, registry.ErrMoved) {
		b.Errorf("taken up twice: %v", err)
	}
	if err := b.Note(b.Context(), id, registry.PasswordNote{Run: runs[0], Passwords: []registry.Password{half}}); !errors.Is(err, registry.ErrMoved) {
		b.Errorf("from whom it was taken: %v", err)
	}
	b.change(id, func(s *registry.Snapshot) {
		s.Accounts = s.Accounts[1:]
		delete(s.Resetters, source.AD)
	})
	if s := read(); len(s.Passwords) != 0 || len(s.Waiting) != 0 || len(s.Resetters) != 0 || len(s.Directories) != 1 {
		b.Errorf("after the account: %+v", s)
	}
}

// reported is when the last report was handed out: no run says so, and nothing but
// that changes.
func reported(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	other := b.create("Fabrikam", registry.ModeOn)
	last := b.change(id, func(s *registry.Snapshot) { s.Accounts = append(s.Accounts, account(1, 11)) })
	before := b.snapshot(id)
	if !before.Reported.At.IsZero() || before.LastRun != last {
		b.Fatalf("before the first: %+v, last run %d of %d", before.Reported, before.LastRun, last)
	}
	for _, r := range []registry.Reported{{At: noon, Run: last}, {At: noon.Add(time.Hour)}} {
		now := b.snapshot(id)
		runs, err := b.Apply(b.Context(), registry.ChangeSet{CustomerID: id, Revision: now.Revision, Reported: &r})
		if err != nil || runs[0] != 0 {
			b.Fatalf("runs %v, %v", runs, err)
		}
		after := b.snapshot(id)
		if after.Reported != r || after.LastRun != last {
			b.Errorf("%+v, last run %d; want %+v", after.Reported, after.LastRun, r)
		}
		after.Reported = before.Reported
		if !same(before, after) {
			b.Errorf("something else has changed:\n%+v\n%+v", before, after)
		}
	}
	if s := b.snapshot(other); !s.Reported.At.IsZero() {
		b.Errorf("the other customer: %+v", s.Reported)
	}
	next := b.change(id, func(s *registry.Snapshot) { s.Accounts = nil })
	runs, err := b.Runs(b.Context(), registry.RunFilter{CustomerID: id, After: last})
	if err != nil || len(runs) != 1 || runs[0].ID != next {
		b.Errorf("after run %d: %+v, %v", last, runs, err)
	}
	gone := registry.NewDeletion(b.snapshot(id))
	gone.Run = registry.Run{CustomerName: "Contoso", Command: "test", At: noon}
	if _, err := b.Apply(b.Context(), gone); err != nil {
		b.Errorf("deleting a customer of whom there was a report: %v", err)
	}
}
