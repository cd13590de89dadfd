package registry

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// staff are so many people of a directory; change may alter each.
func staff(kind source.Kind, n int, change func(i int, u *source.User)) []*source.User {
	users := make([]*source.User, n)
	for i := range users {
		users[i] = &source.User{Kind: kind, ID: fmt.Sprintf("%s-%03d", kind, i), DisplayName: fmt.Sprint("User ", i), UPN: fmt.Sprintf("u%d@x.example", i), Enabled: source.Yes}
		if change != nil {
			change(i, users[i])
		}
	}
	return users
}

// known is a customer whose directories were read once.
func known(t *testing.T, users ...[]*source.User) *Snapshot {
	t.Helper()
	s := New(Customer{ID: "c"})
	for _, list := range users {
		kind := list[0].Kind
		s.People[kind] = People{}
		s.Reads[kind] = Read{At: time.Unix(0, 0), People: len(list)}
		for _, u := range list {
			record, err := recordOf(u)
			if err != nil {
				t.Fatal(err)
			}
			s.People[kind][u.ID] = Person{ID: u.ID, Record: record}
		}
		a := &Account{}
		a.SetLink(kind, &Link{ID: list[0].ID})
		s.Accounts = append(s.Accounts, a)
	}
	return s
}

func TestLimits(t *testing.T) {
	disable := func(most int) func(int, *source.User) {
		return func(i int, u *source.User) {
			if i < most {
				u.Enabled = source.No
			}
		}
	}
	suffix := func(most int) func(int, *source.User) {
		return func(i int, u *source.User) {
			if i < most {
				u.UPN = fmt.Sprintf("u%d@y.example", i)
			}
		}
	}
	ad, m365 := source.AD, source.M365
	for _, c := range []struct {
		name  string
		had   [][]*source.User
		reads [][]*source.User
		allow Answers
		want  []string // guard, found and limit of each breach
	}{
		{"a tenth gone", [][]*source.User{staff(ad, 70, nil)}, [][]*source.User{staff(ad, 63, nil)}, nil, nil},
		{"more than a tenth gone", [][]*source.User{staff(ad, 70, nil)}, [][]*source.User{staff(ad, 62, nil)}, nil, []string{"missing 8 7"}},
		{"five of few gone", [][]*source.User{staff(ad, 8, nil)}, [][]*source.User{staff(ad, 3, nil)}, nil, nil},
		{"six of few gone", [][]*source.User{staff(ad, 8, nil)}, [][]*source.User{staff(ad, 2, nil)}, nil, []string{"missing 6 5"}},
		{"allowed", [][]*source.User{staff(ad, 8, nil)}, [][]*source.User{staff(ad, 2, nil)}, Answers{GuardMissing: {6}}, nil},
		{"another number", [][]*source.User{staff(ad, 8, nil)}, [][]*source.User{staff(ad, 2, nil)}, Answers{GuardMissing: {7}}, []string{"missing 6 5"}},
		{"each directory its number", [][]*source.User{staff(ad, 30, nil), staff(m365, 30, nil)}, [][]*source.User{staff(ad, 20, nil), staff(m365, 18, nil)},
			Answers{GuardMissing: {10, 12}}, nil},
		{"one of two answered", [][]*source.User{staff(ad, 30, nil), staff(m365, 30, nil)}, [][]*source.User{staff(ad, 20, nil), staff(m365, 18, nil)},
			Answers{GuardMissing: {10}}, []string{"missing 12 5"}},
		{"nobody left", [][]*source.User{staff(ad, 3, nil)}, [][]*source.User{{}}, Answers{GuardMissing: {3}}, []string{"nobody 3 0"}},
		{"others, and nobody of before", [][]*source.User{staff(ad, 3, nil)}, [][]*source.User{staff(ad, 3, func(i int, u *source.User) { u.ID = fmt.Sprint("other", i) })},
			Answers{GuardMissing: {3}}, []string{"strangers 3 0"}},
		{"somebody else in the place of one", [][]*source.User{staff(ad, 1, nil)}, [][]*source.User{staff(ad, 1, func(_ int, u *source.User) { u.ID = "other" })}, nil, nil},
		{"disabled", [][]*source.User{staff(ad, 60, nil)}, [][]*source.User{staff(ad, 60, disable(7))}, nil, []string{"disabled 7 6"}},
		{"disabled before", [][]*source.User{staff(ad, 60, disable(9))}, [][]*source.User{staff(ad, 60, disable(9))}, nil, nil},
		{"UPN suffix", [][]*source.User{staff(ad, 60, nil)}, [][]*source.User{staff(ad, 60, suffix(60))}, nil, []string{"upn_suffix 60 6"}},
		{"an attribute lost", [][]*source.User{staff(ad, 6, nil)}, [][]*source.User{staff(ad, 6, func(_ int, u *source.User) { u.DisplayName = "" })}, nil, []string{"attribute_lost 0 0"}},
		{"an attribute that not all had", [][]*source.User{staff(ad, 6, func(i int, u *source.User) { u.Surname = map[bool]string{true: "x"}[i > 0] })},
			[][]*source.User{staff(ad, 6, nil)}, nil, nil},
		{"a first read", nil, [][]*source.User{staff(ad, 3, nil)}, nil, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := known(t, c.had...)
			cs := ChangeSet{}
			for i, users := range c.reads {
				kind := []source.Kind{ad, m365}[i]
				p, err := s.ComparePeople(kind, users, time.Unix(1, 0))
				if err != nil {
					t.Fatal(err)
				}
				cs.People = append(cs.People, p)
			}
			var got []string
			for _, b := range (Limits{Allow: c.allow}).Check(s, &cs) {
				got = append(got, fmt.Sprintf("%s %d %d", b.Guard, b.Found, b.Limit))
				if b.String() == "" {
					t.Error("no words")
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%q, want %q", got, c.want)
			}
		})
	}
}
