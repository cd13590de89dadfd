package registry

import (
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/source"
)

// Person is a user of a directory as last read.
type Person struct {
	ID string
	// Record is the user in the form that is stored.
	Record string
	// Missing is when a whole read first lacked the person, zero while he is there.
	// What is kept of him still counts: his mailbox is nobody else's.
	Missing time.Time
}

// User is what was last read of the person.
func (p Person) User() (*source.User, error) {
	u := &source.User{}
	if err := jsonv2.UnmarshalRead(strings.NewReader(p.Record), u); err != nil {
		return nil, Damaged(err, "user %s", p.ID)
	}
	return u, nil
}

// recordOf is the form in which a user is stored.
func recordOf(u *source.User) (string, error) {
	b, err := jsonv1.Marshal(u)
	return string(b), err
}

// People are everybody whom the registry knows of one directory, the missing
// included, by id.
type People map[string]Person

// Users are the people as users, present or missing, in no order.
func (p People) Users() (present, missing []*source.User, err error) {
	all := make([]Person, 0, len(p))
	for _, person := range p {
		all = append(all, person)
	}
	users, errs := make([]*source.User, len(all)), make([]error, len(all))
	parallel.Ranges(len(all), func(from, to int) {
		for i := from; i < to; i++ {
			users[i], errs[i] = all[i].User()
		}
	})
	for i, u := range users {
		switch {
		case errs[i] != nil: // the first will do
			return nil, nil, errs[i]
		case all[i].Missing.IsZero():
			present = append(present, u)
		default:
			missing = append(missing, u)
		}
	}
	return present, missing, nil
}

// PeopleChange is a whole read of a directory, and how it differs from what was
// known. It is knowledge, no change of the registry: it is part of no run.
type PeopleChange struct {
	Kind source.Kind
	Read Read
	// Changed are the new, those who differ, and those who are back.
	Changed []*source.User
	// Gone are the ids of those who were there before and were not read now.
	Gone []string
	// What the limits look at: how many people were there before, how many of them
	// were not read now, became disabled or got another UPN suffix, and the attributes
	// that all had and nobody has.
	before, absent, disabled, suffixes int
	lost                               []string
	// stale says that the stored time of the last read is worth renewing.
	stale bool
}

// readStep is how exactly the time of the last read is kept where the read found
// nothing new: the same command again is to write nothing.
const readStep = time.Hour

// ComparePeople says how a whole read of a directory at a time differs from what
// the snapshot knows. A read that is older than what is known adds only those who
// were gone before anybody knew them: one of them may have an account by now.
func (s *Snapshot) ComparePeople(kind source.Kind, users []*source.User, at time.Time) (*PeopleChange, error) {
	last, known := s.Reads[kind], s.People[kind]
	c := &PeopleChange{Kind: kind, Read: Read{At: at, People: len(users)}}
	c.stale = at.Sub(last.At) >= readStep || last.People != len(users) || last.Failure != nil
	for _, p := range known {
		if p.Missing.IsZero() {
			c.before++
		}
	}
	if len(known) == 0 {
		c.Changed = slices.Clone(users)
	} else if err := c.compare(known, users); err != nil {
		return nil, err
	}
	if last.At.After(at) {
		c.keepNewer(last, known)
	}
	// In the order of the index, which then grows at its end.
	slices.SortFunc(c.Changed, func(a, b *source.User) int { return strings.Compare(a.ID, b.ID) })
	return c, nil
}

// keepNewer leaves of an older read those whom nobody knows, as gone.
func (c *PeopleChange) keepNewer(last Read, known People) {
	c.Read, c.Gone, c.stale = last, nil, false
	c.Changed = slices.DeleteFunc(c.Changed, func(u *source.User) bool {
		_, has := known[u.ID]
		return has
	})
	for _, u := range c.Changed {
		c.Gone = append(c.Gone, u.ID)
	}
}

// compare finds who differs from what is known, who is gone, and what the limits
// look at.
func (c *PeopleChange) compare(known People, users []*source.User) error {
	type difference struct{ differs, disabled, suffix bool }
	found, errs := make([]difference, len(users)), make([]error, len(users))
	parallel.Ranges(len(users), func(from, to int) {
		for i := from; i < to; i++ {
			u := users[i]
			old, ok := known[u.ID]
			record, err := recordOf(u)
			d := difference{differs: !ok || !old.Missing.IsZero() || old.Record != record}
			if err == nil && ok && old.Missing.IsZero() && d.differs {
				var was *source.User
				if was, err = old.User(); err == nil {
					d.disabled = was.Enabled != source.No && u.Enabled == source.No
					d.suffix = was.UPN != "" && u.UPN != "" && !strings.EqualFold(suffix(was.UPN), suffix(u.UPN))
				}
			}
			found[i], errs[i] = d, err
		}
	})
	there := make(map[string]bool, len(users))
	for i, u := range users {
		if errs[i] != nil {
			return errs[i]
		}
		there[u.ID] = true
		if found[i].differs {
			c.Changed = append(c.Changed, u)
		}
		if found[i].disabled {
			c.disabled++
		}
		if found[i].suffix {
			c.suffixes++
		}
	}
	for id, p := range known {
		if p.Missing.IsZero() && !there[id] {
			c.Gone = append(c.Gone, id)
		}
	}
	slices.Sort(c.Gone)
	c.absent = len(c.Gone)
	return c.findLost(known, users)
}

func suffix(upn string) string { return upn[strings.LastIndexByte(upn, '@')+1:] }

// attributes are those without which people cannot be told apart or reached. A
// directory does not lose all values of one overnight: the account that reads it
// lost a right, or the export a column.
var attributes = []struct {
	name string
	has  func(*source.User) bool
}{
	{"display name", func(u *source.User) bool { return u.DisplayName != "" }},
	{"given name", func(u *source.User) bool { return u.GivenName != "" }},
	{"surname", func(u *source.User) bool { return u.Surname != "" }},
	{"user principal name", func(u *source.User) bool { return u.UPN != "" }},
	{"e-mail", func(u *source.User) bool { return u.Email != "" }},
	{"employee id", func(u *source.User) bool { return u.EmployeeID != "" }},
	{"SID", func(u *source.User) bool { return u.SID != "" }},
	{"enabled state", func(u *source.User) bool { return u.Enabled != source.Unknown }},
	{"plans", func(u *source.User) bool { return u.Exchange != source.Unknown }},
	{"licences", func(u *source.User) bool { return u.Licensed != source.Unknown }},
}

// findLost finds the attributes that all had and nobody has.
func (c *PeopleChange) findLost(known People, users []*source.User) error {
	const few = 5 // of fewer people anybody may have lost it himself
	if c.before < few || len(users) == 0 {
		return nil
	}
	var were []*source.User // read when first needed, which is hardly ever
	for _, a := range attributes {
		if slices.ContainsFunc(users, a.has) {
			continue
		}
		if were == nil {
			var err error
			if were, _, err = known.Users(); err != nil {
				return err
			}
		}
		if !slices.ContainsFunc(were, func(u *source.User) bool { return !a.has(u) }) {
			c.lost = append(c.lost, a.name)
		}
	}
	return nil
}

// Empty says that there is nothing worth writing.
func (c *PeopleChange) Empty() bool {
	return c == nil || len(c.Changed) == 0 && len(c.Gone) == 0 && !c.stale
}

// Records yields the changed people as they are stored.
func (c *PeopleChange) Records(yield func(id, record string) bool) error {
	for _, u := range c.Changed {
		record, err := recordOf(u)
		if err != nil {
			return err
		}
		if !yield(u.ID, record) {
			return nil
		}
	}
	return nil
}
