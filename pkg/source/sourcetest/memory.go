// Package sourcetest serves directories for tests: as values here, and on the
// wire in the packages below it.
package sourcetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/qpimport/qpimport/pkg/source"
)

// Memory is a directory of values.
type Memory struct {
	Identity source.Info
	Domain   source.Tree // Active Directory only
	People   []source.User
	// Missed are users that no read yields and Find finds, as a read misses whom
	// somebody moves meanwhile.
	Missed []source.User
	// FailAfter ends every read with an error after as many users; 0 never does.
	FailAfter int
	// FindFails, where set, is what Find answers.
	FindFails error
	// Grouped are the groups, Power those that give power, Boxes what is answered about
	// mailboxes, Products the licences.
	Grouped  []source.Group
	Power    source.Powers
	Boxes    source.Mailboxes
	Products []source.Licence
	// GroupsFail and PowersFail, where set, are answered in place of them.
	GroupsFail, PowersFail error
}

var (
	_ source.Finder            = (*Memory)(nil)
	_ source.GroupLister       = (*Memory)(nil)
	_ source.PowerLister       = (*Memory)(nil)
	_ source.MailboxClassifier = (*Memory)(nil)
	_ source.LicenceLister     = (*Memory)(nil)
)

// Groups implements [source.GroupLister].
func (m *Memory) Groups(ctx context.Context, _ func(*source.Group) bool) ([]source.Group, error) {
	if err := cmp.Or(ctx.Err(), m.GroupsFail); err != nil {
		return nil, err
	}
	return m.Grouped, nil
}

// Powers implements [source.PowerLister].
func (m *Memory) Powers(context.Context) (source.Powers, error) { return m.Power, m.PowersFail }

// Mailboxes implements [source.MailboxClassifier].
func (m *Memory) Mailboxes(context.Context, []*source.User) (source.Mailboxes, error) {
	return m.Boxes, nil
}

// Licences implements [source.LicenceLister].
func (m *Memory) Licences(context.Context) ([]source.Licence, error) { return m.Products, nil }

// Open is an opener that serves the memories of each kind.
func Open(memories ...*Memory) func(context.Context, source.Connection) (source.Directory, error) {
	return func(_ context.Context, c source.Connection) (source.Directory, error) {
		for _, m := range memories {
			if m.Identity.Kind == c.Kind {
				return m, nil
			}
		}
		return nil, &source.Error{Code: source.CodeUnreachable, Message: "no such directory"}
	}
}

// Users implements [source.Directory].
func (m *Memory) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		n := 0
		for _, u := range m.People {
			if ctx.Err() != nil {
				yield(source.User{}, ctx.Err())
				return
			}
			if scope.Base != "" && !within(u.DN, scope.Base) {
				continue
			}
			if m.FailAfter > 0 && n == m.FailAfter {
				yield(source.User{}, &source.Error{Code: source.CodeIncomplete, Message: "cut off", Err: errors.New("connection reset")})
				return
			}
			if n++; !yield(u, nil) || n == scope.Limit {
				return
			}
		}
	}
}

// Find implements [source.Finder].
func (m *Memory) Find(ctx context.Context, id string) (*source.User, error) {
	if err := cmp.Or(source.CheckID(id), ctx.Err(), m.FindFails); err != nil {
		return nil, err
	}
	for _, users := range [][]source.User{m.People, m.Missed} {
		for _, u := range users {
			if u.ID == id {
				return &u, nil
			}
		}
	}
	return nil, nil
}

func within(dn, base string) bool {
	for key, want := source.DNKey(dn), source.DNKey(base); key != ""; key = source.ParentDN(key) {
		if key == want {
			return true
		}
	}
	return false
}

// Tree implements [source.OULister].
func (m *Memory) Tree(context.Context) (source.Tree, error) { return m.Domain, nil }

// Info implements [source.Directory].
func (m *Memory) Info(context.Context) (source.Info, error) { return m.Identity, nil }

// Close implements [source.Directory].
func (m *Memory) Close() error { return nil }

// GUID makes the n-th id of a fixture.
func GUID(n int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", n, n) }
