package matchtest

import (
	"reflect"
	"slices"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
)

// TestSituations holds the situations to what those who use them rely on: they
// do not contradict themselves, and no two are of the same people.
func TestSituations(t *testing.T) {
	kinds, people := map[string]int{}, map[string]string{}
	for s := range Situations(3, 2*len(traps())) {
		kinds[s.Kind]++
		if s.Why == "" || s.Name == "" || !slices.Contains(Kinds(), s.Kind) {
			t.Errorf("%s: %s: no reason, name or kind", s.Kind, s.Name)
		}
		ids, names := map[string]bool{}, ""
		for _, side := range [][]match.Person{s.Input.AD, s.Input.M365} {
			for _, p := range side {
				if ids[p.ID] {
					t.Errorf("%s: %s: two users with one id", s.Kind, s.Name)
				}
				ids[p.ID] = true
				names += p.DisplayName + "\n"
			}
		}
		if other, ok := people[names]; ok {
			t.Errorf("%s and %s are made of the same people", s.Name, other)
		}
		people[names] = s.Name
		asked := 0
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			asked += len(s.Never[by]) + len(s.Must[by])
			for _, p := range slices.Concat(s.Never[by], s.Must[by], s.Doubtful, s.Colleagues) {
				if !ids[p[0]] || !ids[p[1]] {
					t.Errorf("%s: %s: a pair of somebody who is not there", s.Kind, s.Name)
				}
			}
			for _, p := range s.Must[by] {
				if slices.Contains(s.Never[by], p) {
					t.Errorf("%s: %s: a pair that has to be made and must not be", s.Kind, s.Name)
				}
			}
		}
		if asked == 0 {
			t.Errorf("%s: %s asks for nothing", s.Kind, s.Name)
		}
	}
	for _, kind := range Kinds() {
		if kinds[kind] < 6 {
			t.Errorf("%s: %d situations", kind, kinds[kind])
		}
	}
}

func TestSituationsAreRepeatable(t *testing.T) {
	all := func(seed uint64) (out []Situation) {
		for s := range Situations(seed, len(traps())) {
			out = append(out, s)
		}
		return out
	}
	one := all(9)
	if !reflect.DeepEqual(one, all(9)) {
		t.Error("the same seed made other situations")
	}
	if reflect.DeepEqual(one, all(10)) {
		t.Error("another seed made the same situations")
	}
}

// TestCheck: pairs that must not be made are wrong, pairs that have to be made
// are missed, and nobody takes a colleague's mailbox.
func TestCheck(t *testing.T) {
	for s := range Situations(4, len(traps())) {
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			made := func(pairs ...[2]string) Findings {
				var r match.Result
				for _, p := range pairs {
					r.Pairs = append(r.Pairs, match.Pair{AD: s.find(p[0]).User, M365: s.find(p[1]).User})
				}
				return s.Check(by, r)
			}
			if f := made(s.Never[by]...); len(f.Wrong) != len(s.Never[by]) || len(f.Missed) != len(s.Must[by]) {
				t.Errorf("%s by %s: %d of %d wrong, %d of %d missed", s.Name, by, len(f.Wrong), len(s.Never[by]), len(f.Missed), len(s.Must[by]))
			}
			if f := made(s.Must[by]...); len(f.Wrong)+len(f.Missed) > 0 {
				t.Errorf("%s by %s: right pairs were called wrong or missed", s.Name, by)
			}
			if len(s.Colleagues) > 1 {
				if f := made([2]string{s.Colleagues[0][0], s.Colleagues[1][1]}); len(f.Wrong) != 1 {
					t.Errorf("%s: a colleague took another's mailbox: %d wrong", s.Name, len(f.Wrong))
				}
			}
		}
	}
}

// TestDrifted: the same seed makes the same company, and the truth is of users
// who are in it.
func TestDrifted(t *testing.T) {
	for seed := range uint64(5) {
		c := Drifted(seed, 100)
		if !reflect.DeepEqual(c, Drifted(seed, 100)) {
			t.Errorf("seed %d made two companies", seed)
		}
		ids := map[string]bool{}
		for _, u := range slices.Concat(c.AD, c.M365) {
			if ids[u.ID] {
				t.Errorf("seed %d: two users with one id", seed)
			}
			ids[u.ID] = true
		}
		if len(c.Truth) < 100 {
			t.Errorf("seed %d: %d people have an account on both sides, want 100", seed, len(c.Truth))
		}
		for a, u := range c.Truth {
			if !ids[a] || !ids[u] {
				t.Errorf("seed %d: a pair of somebody who is not there", seed)
			}
		}
	}
}
