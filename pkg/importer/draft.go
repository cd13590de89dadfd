package importer

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// draft is a customer while a change is decided: as it was and as it will be.
// Accounts keep their places until the change set is made; one that is to be
// deleted leaves nil.
type draft struct {
	before, after *registry.Snapshot
	readings      []*reading
	users         map[source.Kind]map[string]*source.User // of the readings by id, made when first asked for
	failures      map[source.Kind]registry.Failure        // reads that failed
	doubtful      int                                     // standing pairs that are contradicted
	now           time.Time
	planHash      string
}

func newDraft(snap *registry.Snapshot, now time.Time) *draft {
	return &draft{before: snap, after: snap.Clone(), doubtful: snap.Doubtful, now: now}
}

// edit returns an account that may be changed.
func (d *draft) edit(i int) *registry.Account {
	a := d.after.Accounts[i]
	if i < len(d.before.Accounts) && a == d.before.Accounts[i] {
		next := *a
		a = &next
		d.after.Accounts[i] = a
	}
	return a
}

// add appends a new account.
func (d *draft) add(a *registry.Account) (place int) {
	a.ID, a.ImportedAt, a.UpdatedAt = registry.NewID(), d.now, d.now
	d.after.Accounts = append(d.after.Accounts, a)
	return len(d.after.Accounts) - 1
}

// was is the account at a place as it was, nil for a new one.
func (d *draft) was(i int) *registry.Account {
	if i < len(d.before.Accounts) {
		return d.before.Accounts[i]
	}
	return nil
}

// changed says whether the account at a place differs from what it was.
func (d *draft) changed(i int) bool {
	was, is := d.was(i), d.after.Accounts[i]
	return was == nil || is == nil || !is.Same(was)
}

// inOrder are the places of all accounts in the order that everything is listed in.
func (d *draft) inOrder() []int {
	places := make([]int, len(d.after.Accounts))
	for i := range places {
		places[i] = i
	}
	sortBy(places, func(i *int) (ou, name, id string) {
		a := d.after.Accounts[*i]
		if a.AD != nil {
			ou = source.ParentDN(a.AD.Name)
		}
		return ou, a.DisplayName, a.ID
	})
	return places
}

// accounts counts those that will be there.
func (d *draft) accounts() int {
	n := 0
	for _, a := range d.after.Accounts {
		if a != nil {
			n++
		}
	}
	return n
}

// places maps the ids of the users of a directory to their accounts.
func (d *draft) places(kind source.Kind) map[string]int {
	m := make(map[string]int, len(d.after.Accounts))
	for i, a := range d.after.Accounts {
		if a == nil {
			continue
		}
		if id := a.LinkID(kind); id != "" {
			m[id] = i
		}
	}
	return m
}

// identify keeps which directory was read, where it says so.
func (d *draft) identify(r *reading) {
	if dir, ok := d.after.Directories[r.kind]; ok && r.info.ID != "" {
		dir.Identity = r.info.ID
		d.after.Directories[r.kind] = dir
	}
}

// learn takes a whole read of a directory into the draft. What the read could not
// find out of somebody stays as it is known: nobody loses power because a permission
// is missing.
func (d *draft) learn(r *reading) error {
	if r == nil || slices.Contains(d.readings, r) {
		return nil
	}
	d.readings, d.users = append(d.readings, r), nil
	d.identify(r)
	known := d.before.People[r.kind]
	for _, u := range r.users {
		p := known[u.ID]
		power := r.powers.Unknown != "" && strings.Contains(p.Record, `"privileges"`)
		mailbox := strings.Contains(p.Record, `"mailbox"`)
		if u.Mailbox != nil && u.Mailbox.Since.IsZero() {
			u.Mailbox.Since = r.at
		}
		if !power && !mailbox {
			continue
		}
		was, err := p.User()
		if err != nil {
			return err
		}
		if power && len(u.Privileges) == 0 {
			u.Privileges = was.Privileges
		}
		if now := u.Mailbox; now == nil || was.Mailbox != nil && now.Class == was.Mailbox.Class && now.From == was.Mailbox.From {
			u.Mailbox = was.Mailbox
		}
	}
	return nil
}

// overtaken says that the directory was read once more since, by another process:
// what that one found is not to be undone. A read in the future was noted under a
// wrong clock.
func (d *draft) overtaken(r *reading) bool {
	last := d.before.Reads[r.kind].At
	return last.After(r.at) && !last.After(d.now)
}

// settle brings every account's state up to date, and notes when it changed. It
// is part of deciding: what comes after it sees the accounts as they will be.
func (d *draft) settle() {
	settle(d)
	for i := range d.after.Accounts {
		was, is := d.was(i), d.after.Accounts[i]
		if was == nil || is == nil || is == was {
			continue
		}
		if is.Same(was) {
			d.after.Accounts[i] = was
		} else {
			is.UpdatedAt = d.now
		}
	}
}

// changes are what the draft does to the registry.
func (d *draft) changes() registry.ChangeSet {
	d.settle()
	after := *d.after
	after.Accounts = slices.DeleteFunc(slices.Clone(after.Accounts), func(a *registry.Account) bool { return a == nil })
	return registry.NewChangeSet(d.before, &after)
}

// changeSet are the changes with what was learnt of the directories.
func (d *draft) changeSet() (registry.ChangeSet, error) {
	cs := d.changes()
	known := d.before.Clone()
	// A read in the future was noted under a wrong clock: it is not the newer one.
	maps.DeleteFunc(known.Reads, func(_ source.Kind, last registry.Read) bool { return last.At.After(d.now) })
	for _, r := range d.readings {
		p, err := known.ComparePeople(r.kind, r.users, r.at)
		if err != nil {
			return cs, err
		}
		cs.People = append(cs.People, p)
	}
	cs.Failures = d.failures
	if d.doubtful != d.before.Doubtful {
		cs.Doubtful = &d.doubtful
	}
	return cs, nil
}

// user is a user of a directory as read now, or else as last read.
func (d *draft) user(kind source.Kind, id string) (*source.User, error) {
	if d.users == nil {
		d.users = map[source.Kind]map[string]*source.User{}
		for _, r := range d.readings {
			byID := make(map[string]*source.User, len(r.users))
			for _, u := range r.users {
				byID[u.ID] = u
			}
			d.users[r.kind] = byID
		}
	}
	if u := d.users[kind][id]; u != nil {
		return u, nil
	}
	if p, ok := d.before.People[kind][id]; ok {
		return p.User()
	}
	for _, a := range d.before.Accounts {
		if a.LinkID(kind) == id {
			return userOf(a, kind), nil
		}
	}
	return nil, registry.Damaged(nil, "user %s is missing", id)
}

// userOf is what an account itself says of its user. There is no more where the
// directory was not read since the customer was brought back: people are
// forgotten with their customer.
func userOf(a *registry.Account, kind source.Kind) *source.User {
	link := a.Link(kind)
	u := &source.User{Kind: kind, ID: link.ID}
	if kind == source.AD {
		u.DN = link.Name
	} else {
		u.UPN = link.Name
	}
	if link.Status == registry.StatusDisabled {
		u.Enabled = source.No
	}
	if kind == source.AD || a.AD == nil { // a pair has its names from AD
		u.DisplayName, u.GivenName, u.Surname, u.Username, u.UPN = a.DisplayName, a.GivenName, a.Surname, a.Username, a.UPN
	}
	if a.EmailSource == string(kind) {
		u.Email = a.Email
	}
	return u
}
