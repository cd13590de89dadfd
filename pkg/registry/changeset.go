package registry

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/source"
)

// Entity is a kind of thing that changes.
type Entity string

// The entities, with what holds them: [Customer], [Directory], [Selection],
// [Decision], [Dismissal], [Account], [Reset] and [Invitation].
const (
	EntityCustomer  Entity = "customer"
	EntityDirectory Entity = "directory"
	EntitySelection Entity = "selection"
	EntityDecision  Entity = "decision"
	EntityDismissal Entity = "dismissal"
	EntityAccount   Entity = "account"
	// EntityPassword is a password that was set in directories. It is part of no
	// snapshot, since nothing takes it back; its id is that of the account.
	EntityPassword   Entity = "password"
	EntityInvitation Entity = "invitation"
)

// ChangeSet is what one run does to one customer.
type ChangeSet struct {
	CustomerID string
	Revision   int64 // of the snapshot it was decided from
	Run        Run   // who, what and why; the store numbers it
	Changes    []Change
	People     []*PeopleChange
	// Failures are reads that failed, by kind; as what was read they are knowledge
	// and part of no run.
	Failures map[source.Kind]Failure
	// Passwords are those whose reset is meant, each with a change of its own.
	Passwords []Password
	// Doubtful is how many standing pairs a match found contradicted, nil where there
	// was none.
	Doubtful *int
	// Mailings are messages on their way, and Unsent those that did not go after all.
	// They too are knowledge: a run records what became of them as invitations.
	Mailings []Invitation
	Unsent   []InvitationKey
	// Reported is a report that was handed out, nil where there was none.
	Reported *Reported
}

// Change is one thing before and after. Both are of the type of the entity, as
// pointers; the one that does not exist is nil.
type Change struct {
	Entity Entity
	ID     string
	Name   string // for people
	Before any
	After  any
}

// NewChangeSet is what makes one snapshot of a customer another. Times and ids
// are part of what was decided.
func NewChangeSet(before, after *Snapshot) ChangeSet {
	cs := ChangeSet{CustomerID: after.Customer.ID, Revision: before.Revision}
	add := func(e Entity, id, name string, was, is any) {
		cs.Changes = append(cs.Changes, Change{e, id, name, was, is})
	}
	c := after.Customer
	switch {
	case !before.Exists():
		add(EntityCustomer, c.ID, c.Name, nil, &c)
	case !before.Customer.same(&c):
		was := before.Customer
		add(EntityCustomer, c.ID, c.Name, &was, &c)
	}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		directory := func(of func(*Snapshot) map[source.Kind]Directory, id, name string) {
			was, had := of(before)[kind]
			is, has := of(after)[kind]
			switch {
			case had && !has:
				add(EntityDirectory, id, name, &was, nil)
			case !had && has:
				add(EntityDirectory, id, name, nil, &is)
			case had && was != is:
				add(EntityDirectory, id, name, &was, &is)
			}
		}
		directory(func(s *Snapshot) map[source.Kind]Directory { return s.Directories }, string(kind), kind.String())
		directory(func(s *Snapshot) map[source.Kind]Directory { return s.Resetters }, string(kind)+resetterSuffix, kind.String()+" (resets passwords)")
	}
	cs.Changes = append(cs.Changes, selectionChanges(before.Selections, after.Selections)...)
	cs.Changes = append(cs.Changes, decisionChanges(before.Decisions, after.Decisions)...)
	cs.Changes = append(cs.Changes, dismissalChanges(before.Dismissals, after.Dismissals)...)
	cs.Changes = append(cs.Changes, accountChanges(before.Accounts, after.Accounts)...)
	cs.Changes = append(cs.Changes, invitationChanges(before.Invitations, after.Invitations)...)
	return cs
}

// NewDeletion is what takes a customer away with all that is his.
func NewDeletion(s *Snapshot) ChangeSet {
	gone := New(s.Customer)
	gone.Revision = s.Revision
	cs := NewChangeSet(s, gone)
	c := s.Customer
	cs.Changes = append(cs.Changes, Change{EntityCustomer, c.ID, c.Name, &c, nil})
	return cs
}

// resetterSuffix follows the kind in the id of a directory that sets passwords.
const resetterSuffix = "/" + source.RoleReset

func (c *Customer) same(d *Customer) bool {
	return c.ID == d.ID && c.Name == d.Name && c.Key == d.Key && c.PasswordSync == d.PasswordSync &&
		c.NewPeople == d.NewPeople && c.MatchBy == d.MatchBy && c.CreatedAt.Equal(d.CreatedAt) && maps.Equal(c.ExternalIDs, d.ExternalIDs)
}

func selectionChanges(before, after []*Selection) []Change {
	var changes []Change
	was := map[string]*Selection{}
	for _, s := range before {
		was[s.Scope()] = s
	}
	for _, s := range after {
		scope := s.Scope()
		old, ok := was[scope]
		delete(was, scope)
		switch {
		case !ok:
			changes = append(changes, Change{EntitySelection, scope, s.name(), nil, s})
		case !old.equal(s):
			changes = append(changes, Change{EntitySelection, scope, s.name(), old, s})
		}
	}
	for _, scope := range slices.Sorted(maps.Keys(was)) {
		changes = append(changes, Change{EntitySelection, scope, was[scope].name(), was[scope], nil})
	}
	return changes
}

func (s *Selection) name() string {
	var parts []string
	for _, o := range s.OUs {
		parts = append(parts, o.DN)
	}
	for _, g := range s.Groups {
		parts = append(parts, g.Name)
	}
	if len(parts) == 0 {
		return s.Source.String()
	}
	return strings.Join(parts, "; ")
}

// decisionChanges lists what is lifted before what is taken.
func decisionChanges(before, after Decisions) []Change {
	var lifted, taken []Change
	for key, d := range before {
		if _, ok := after[key]; !ok {
			lifted = append(lifted, Change{EntityDecision, d.ADID + "/" + d.M365ID, d.ADName, &d, nil})
		}
	}
	for key, d := range after {
		old, had := before[key]
		c := Change{EntityDecision, d.ADID + "/" + d.M365ID, d.ADName, nil, &d}
		switch {
		case had && old == d:
			continue
		case had:
			c.Before = &old
		}
		taken = append(taken, c)
	}
	byName := func(a, b Change) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) }
	slices.SortFunc(lifted, byName)
	slices.SortFunc(taken, byName)
	return append(lifted, taken...)
}

func dismissalChanges(before, after map[DismissalKey]Dismissal) []Change {
	var changes []Change
	for key, d := range before {
		if _, ok := after[key]; !ok {
			changes = append(changes, Change{EntityDismissal, string(d.Kind) + "/" + d.ID, d.Name, &d, nil})
		}
	}
	for key, d := range after {
		if old, had := before[key]; !had {
			changes = append(changes, Change{EntityDismissal, string(d.Kind) + "/" + d.ID, d.Name, nil, &d})
		} else if old != d {
			changes = append(changes, Change{EntityDismissal, string(d.Kind) + "/" + d.ID, d.Name, &old, &d})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	return changes
}

func accountChanges(before, after []*Account) []Change {
	var changes []Change
	left := make(map[string]*Account, len(before))
	for _, a := range before {
		left[a.ID] = a
	}
	for _, a := range after {
		old, ok := left[a.ID]
		if ok {
			delete(left, a.ID)
		}
		switch {
		case !ok:
			changes = append(changes, Change{EntityAccount, a.ID, a.Label(), nil, a})
		case !old.Same(a):
			changes = append(changes, Change{EntityAccount, a.ID, a.Label(), old, a})
		}
	}
	if len(left) > 0 {
		for _, a := range before {
			if _, gone := left[a.ID]; gone {
				changes = append(changes, Change{EntityAccount, a.ID, a.Label(), a, nil})
			}
		}
	}
	return changes
}

// Label is what people call the account.
func (a *Account) Label() string { return cmp.Or(a.DisplayName, a.Username, a.UPN) }

// Empty says that there is nothing to write.
func (cs *ChangeSet) Empty() bool {
	for _, p := range cs.People {
		if !p.Empty() {
			return false
		}
	}
	return len(cs.Changes) == 0 && len(cs.Failures) == 0 && len(cs.Passwords) == 0 && cs.Doubtful == nil && len(cs.Mailings) == 0 && len(cs.Unsent) == 0 && cs.Reported == nil
}

// Counts says how many things the change set creates, updates and deletes.
func (cs *ChangeSet) Counts() (created, updated, deleted int) {
	for _, c := range cs.Changes {
		switch {
		case c.Before == nil:
			created++
		case c.After == nil:
			deleted++
		default:
			updated++
		}
	}
	return created, updated, deleted
}

// StoredChange is a change as the store keeps it: JSON objects of the entity's
// type. A thing that was made or deleted is there whole, of one that was updated
// what differs. nil is what does not exist.
type StoredChange struct {
	Entity Entity
	ID     string
	Name   string
	Before jsontext.Value
	After  jsontext.Value
	// Legacy marks a change that was written before schema 3: it is for people to
	// read, and not complete enough to be taken back.
	Legacy bool
}

// Encode is the change in the form that is stored.
func (c Change) Encode() (StoredChange, error) {
	s := StoredChange{Entity: c.Entity, ID: c.ID, Name: c.Name}
	var err error
	if s.Before, err = encode(c.Before); err != nil {
		return s, err
	}
	if s.After, err = encode(c.After); err != nil {
		return s, err
	}
	if s.Before != nil && s.After != nil {
		s.Before, s.After, err = difference(s.Before, s.After)
	}
	return s, err
}

func encode(v any) (jsontext.Value, error) {
	if v == nil {
		return nil, nil
	}
	return jsonv1.Marshal(v)
}

// EncodeAll encodes changes on all cores.
func EncodeAll(changes []Change) ([]StoredChange, error) {
	stored, errs := make([]StoredChange, len(changes)), make([]error, len(changes))
	parallel.Ranges(len(changes), func(from, to int) {
		for i := from; i < to; i++ {
			stored[i], errs[i] = changes[i].Encode()
		}
	})
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return stored, nil
}

// member is one member of a JSON object, name and value as written.
type member struct{ name, value jsontext.Value }

// members are those of a JSON object; they share its bytes.
func members(object jsontext.Value) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(object))
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	next := func() (jsontext.Value, error) {
		v, err := d.ReadValue()
		end := int(d.InputOffset())
		return object[end-len(v) : end : end], err
	}
	list := make([]member, 0, 16)
	for d.PeekKind() != '}' {
		name, err := next()
		if err != nil {
			return nil, err
		}
		value, err := next()
		if err != nil {
			return nil, err
		}
		list = append(list, member{name, value})
	}
	return list, nil
}

// difference keeps of two JSON objects of one type, which have the same members
// in the same order, those that differ.
func difference(before, after jsontext.Value) (was, is jsontext.Value, err error) {
	x, err := members(before)
	if err != nil {
		return nil, nil, err
	}
	y, err := members(after)
	if err != nil {
		return nil, nil, err
	}
	if len(x) != len(y) {
		return nil, nil, fmt.Errorf("two records of one type have %d and %d members", len(x), len(y))
	}
	was, is = jsontext.Value("{"), jsontext.Value("{")
	for i := range x {
		if bytes.Equal(x[i].value, y[i].value) {
			continue
		}
		was, is = x[i].append(was), y[i].append(is)
	}
	return append(was, '}'), append(is, '}'), nil
}

func (m member) append(object jsontext.Value) jsontext.Value {
	if len(object) > 1 {
		object = append(object, ',')
	}
	object = append(append(object, m.name...), ':')
	return append(object, m.value...)
}

// Inverse is what takes stored changes back: the last first, with their sides
// exchanged.
func Inverse(changes []StoredChange) []StoredChange {
	inverse := make([]StoredChange, 0, len(changes))
	for _, c := range slices.Backward(changes) {
		c.Before, c.After = c.After, c.Before
		inverse = append(inverse, c)
	}
	return inverse
}

// Conflict is a change that does not fit a snapshot: the thing is not as it was
// before the change.
type Conflict struct {
	Entity Entity
	ID     string
	Name   string
	Reason string
}

// Replay returns the snapshot with stored changes done to it, or what stands in
// the way. It reads no store: the changes may come from [Inverse].
func (s *Snapshot) Replay(changes []StoredChange) (*Snapshot, []Conflict, error) {
	after := s.Clone()
	var conflicts []Conflict
	at := make(map[string]int, len(after.Accounts))
	for i, a := range after.Accounts {
		at[a.ID] = i
	}
	for _, c := range changes {
		reason, err := "is of a version that kept less than it takes", error(nil)
		if !c.Legacy {
			reason, err = after.replay(c, at)
		}
		if err != nil {
			return nil, nil, err
		}
		if reason != "" {
			conflicts = append(conflicts, Conflict{c.Entity, c.ID, c.Name, reason})
		}
	}
	after.Accounts = slices.DeleteFunc(after.Accounts, func(a *Account) bool { return a == nil })
	return after, conflicts, nil
}

func (s *Snapshot) replay(c StoredChange, at map[string]int) (reason string, err error) {
	switch c.Entity {
	case EntityCustomer:
		var now *Customer
		if s.Customer.ID == c.ID {
			now = &s.Customer
		}
		next, reason, err := patch(now, c)
		if next != nil {
			s.Customer = *next
		}
		return reason, err
	case EntityDirectory:
		directories := s.Directories
		id, resets := strings.CutSuffix(c.ID, resetterSuffix)
		if resets {
			directories = s.Resetters
		}
		kind := source.Kind(id)
		now, ok := directories[kind]
		next, reason, err := patch(present(&now, ok), c)
		if reason == "" && err == nil {
			if next == nil {
				delete(directories, kind)
			} else {
				next.Connection.Kind = kind // it is no part of the record
				directories[kind] = *next
			}
		}
		return reason, err
	case EntityDecision:
		ad, m365, _ := strings.Cut(c.ID, "/")
		key := DecisionKey{ad, m365}
		now, ok := s.Decisions[key]
		next, reason, err := patch(present(&now, ok), c)
		if reason == "" && err == nil {
			delete(s.Decisions, key)
			if next != nil {
				s.Decisions[next.Key()] = *next
			}
		}
		return reason, err
	case EntitySelection:
		i := slices.IndexFunc(s.Selections, func(x *Selection) bool { return x.Scope() == c.ID })
		var now *Selection
		if i >= 0 {
			now = s.Selections[i]
		}
		next, reason, err := patch(now, c)
		if reason == "" && err == nil {
			s.Selections = slices.DeleteFunc(slices.Clone(s.Selections), func(x *Selection) bool { return x.Scope() == c.ID })
			if next != nil {
				s.Selections = append(s.Selections, next)
			}
		}
		return reason, err
	case EntityDismissal:
		kind, id, _ := strings.Cut(c.ID, "/")
		key := DismissalKey{source.Kind(kind), id}
		now, ok := s.Dismissals[key]
		next, reason, err := patch(present(&now, ok), c)
		if reason == "" && err == nil {
			delete(s.Dismissals, key)
			if next != nil {
				s.Dismissals[key] = *next
			}
		}
		return reason, err
	case EntityInvitation:
		account, app, _ := strings.Cut(c.ID, "/")
		key := InvitationKey{account, app}
		now, ok := s.Invitations[key]
		next, reason, err := patch(present(&now, ok), c)
		if reason == "" && err == nil {
			delete(s.Invitations, key)
			if next != nil {
				s.Invitations[key] = *next
			}
		}
		return reason, err
	case EntityAccount:
		i, ok := at[c.ID]
		var now *Account
		if ok {
			now = s.Accounts[i]
		}
		next, reason, err := patch(now, c)
		if reason == "" && err == nil {
			if !ok {
				at[c.ID] = len(s.Accounts)
				s.Accounts = append(s.Accounts, next)
			} else {
				s.Accounts[i] = next
			}
		}
		return reason, err
	}
	return "is of an unknown kind", nil
}

func present[T any](v *T, ok bool) *T {
	if ok {
		return v
	}
	return nil
}

// patch does a stored change to a thing, nil being one that is not there.
func patch[T any](now *T, c StoredChange) (next *T, reason string, err error) {
	switch {
	case c.Before == nil && now != nil:
		return nil, "is there already", nil
	case c.Before != nil && now == nil:
		return nil, "is not there any more", nil
	}
	record := c.After
	if now != nil {
		if record, err = encode(now); err != nil {
			return nil, "", err
		}
		rest, same, err := replaced(record, c.Before, c.After)
		if err != nil || !same {
			return nil, "was changed since", err
		}
		record = rest
	}
	if c.After == nil {
		return nil, "", nil
	}
	next = new(T)
	return next, "", jsonv1.Unmarshal(record, next)
}

// replaced is a JSON object with the members of before replaced by those of
// after; false where it does not have those of before.
func replaced(object, before, after jsontext.Value) (jsontext.Value, bool, error) {
	var sides [2]map[string]jsontext.Value
	list, err := members(object)
	for i, side := range []jsontext.Value{before, after} {
		if err != nil || side == nil {
			continue
		}
		var m []member
		m, err = members(side)
		sides[i] = make(map[string]jsontext.Value, len(m))
		for _, x := range m {
			sides[i][string(x.name)] = x.value
		}
	}
	if err != nil {
		return nil, false, err
	}
	next := jsontext.Value("{")
	for _, m := range list {
		if was, ok := sides[0][string(m.name)]; ok && !bytes.Equal(was, m.value) {
			return nil, false, nil
		}
		if is, ok := sides[1][string(m.name)]; ok {
			m.value = is
		}
		next = m.append(next)
	}
	return append(next, '}'), true, nil
}
