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
	// stale says that the stored time of the last read is worth renewing.
	stale bool
}

// readStep is how exactly the time of the last read is kept where the read found
// nothing new: the same command again is to write nothing.
const readStep = time.Hour

// ComparePeople says how a whole read of a directory at a time differs from what
// the snapshot knows. It returns nil where it is older than what is known.
func (s *Snapshot) ComparePeople(kind source.Kind, users []*source.User, at time.Time) (*PeopleChange, error) {
	last, known := s.Reads[kind], s.People[kind]
	if last.At.After(at) {
		return nil, nil
	}
	c := &PeopleChange{Kind: kind, Read: Read{At: at, People: len(users)}}
	c.stale = at.Sub(last.At) >= readStep || last.People != len(users) || last.Failure != nil
	if len(known) == 0 {
		c.Changed = slices.Clone(users)
	} else {
		differs, errs := make([]bool, len(users)), make([]error, len(users))
		parallel.Ranges(len(users), func(from, to int) {
			for i := from; i < to; i++ {
				old, ok := known[users[i].ID]
				var record string
				record, errs[i] = recordOf(users[i])
				differs[i] = !ok || !old.Missing.IsZero() || old.Record != record
			}
		})
		for i, u := range users {
			if errs[i] != nil {
				return nil, errs[i]
			}
			if differs[i] {
				c.Changed = append(c.Changed, u)
			}
		}
		there := make(map[string]bool, len(users))
		for _, u := range users {
			there[u.ID] = true
		}
		for id, p := range known {
			if p.Missing.IsZero() && !there[id] {
				c.Gone = append(c.Gone, id)
			}
		}
		slices.Sort(c.Gone)
	}
	// In the order of the index, which then grows at its end.
	slices.SortFunc(c.Changed, func(a, b *source.User) int { return strings.Compare(a.ID, b.ID) })
	return c, nil
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
