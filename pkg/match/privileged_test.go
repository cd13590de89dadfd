package match_test

import (
	"slices"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestPrivilegedAreHeldBack: who holds power over a directory is paired by no rule,
// whatever proves the pair, and counts all the same.
func TestPrivilegedAreHeldBack(t *testing.T) {
	power := func(u *source.User) { u.Privileges = [][]string{{"Domain Admins"}} }
	anchored := func(id string) (match.Person, match.Person) {
		name := func(u *source.User) { u.GivenName, u.Surname = "Ada", "Lovelace" }
		const sid = "S-1-5-21-1-2-3-1105"
		ad := with(with(adUser(id, "Ada Lovelace"), name), func(u *source.User) { u.SID, u.Username, u.UPN = sid, "alovelace", "alovelace@example.com" })
		m := with(with(mailbox("m", "Ada Lovelace"), name), func(u *source.User) { u.SID, u.Synced = sid, source.Yes })
		return ad, m
	}
	for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
		ad, m := anchored("a")
		for _, tc := range []struct {
			name     string
			ad, m365 []match.Person
			want     []string
		}{
			{"nobody holds power", []match.Person{ad}, []match.Person{m}, nil},
			{"the AD user", []match.Person{with(clone(ad), power)}, []match.Person{m}, []string{"ad a privileged", "m365 m"}},
			{"the mailbox", []match.Person{ad}, []match.Person{with(clone(m), power)}, []string{"review a ? m privileged", "m365 m"}},
		} {
			got := summary(match.Auto(match.Input{AD: tc.ad, M365: tc.m365}, by).Result)
			if tc.want == nil {
				if len(got) != 1 || got[0][:8] != "pair a=m" {
					t.Errorf("%s, %s: %q", by, tc.name, got)
				}
			} else if !slices.Equal(got, tc.want) {
				t.Errorf("%s, %s: %q, want %q", by, tc.name, got, tc.want)
			}
		}
		// A namesake who holds power is a namesake.
		got := summary(match.Auto(match.Input{
			AD: []match.Person{adUser("a", "Ann Smith"), with(adUser("b", "Ann Smith"), power)}, M365: []match.Person{mailbox("m", "Ann Smith")},
		}, by).Result)
		if slices.ContainsFunc(got, func(line string) bool { return line[:4] == "pair" }) {
			t.Errorf("%s: a namesake was not counted: %q", by, got)
		}
	}
	// A decision by hand goes before.
	ad, m := anchored("a")
	got := summary(match.Auto(match.Input{
		AD: []match.Person{with(ad, power)}, M365: []match.Person{m},
		Decisions: []match.Decision{{ADID: "a", M365ID: "m", Verdict: match.VerdictMatch}},
	}, match.ByEvidence).Result)
	if want := []string{"pair a=m decision"}; !slices.Equal(got, want) {
		t.Errorf("decided by hand: %q, want %q", got, want)
	}
}

func clone(p match.Person) match.Person {
	u := *p.User
	p.User = &u
	return p
}
