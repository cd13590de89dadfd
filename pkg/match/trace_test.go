package match_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

// What a review proposes is explained with the very evidence that the review
// shows, and both methods see whatever is hard.
func TestReviewAndExplanationAgree(t *testing.T) {
	ann := func(p match.Person, change func(*source.User)) match.Person {
		return with(named(p, "Ann", "Lee"), change)
	}
	for _, tc := range []struct {
		name     string
		ad, m365 []match.Person
		against  string // a rule that speaks against, seen by both methods
	}{
		{
			name:    "the UPN of another mailbox",
			ad:      []match.Person{ann(adUser("a", ""), func(u *source.User) { u.UPN = "ann.lee2@ex.example" })},
			m365:    []match.Person{ann(mailbox("m", ""), func(*source.User) {}), ann(mailbox("n", ""), func(u *source.User) { u.DisplayName, u.Email = "Ann Lee (Sales)", "ann.lee2@ex.example" })},
			against: "upn",
		},
		{
			name:    "another employee id",
			ad:      []match.Person{ann(adUser("a", ""), func(u *source.User) { u.EmployeeID, u.Email = "4711", "ann@ex.example" })},
			m365:    []match.Person{ann(mailbox("m", ""), func(u *source.User) { u.EmployeeID, u.Email = "4712", "ann@ex.example" })},
			against: "employee_id",
		},
		{
			name: "the mail of another AD user, who is disabled",
			ad: []match.Person{ann(adUser("a", ""), func(*source.User) {}), with(named(adUser("b", ""), "Ben", "Low"), func(u *source.User) {
				u.Email, u.Enabled = "ann.lee@ex.example", source.No
			})},
			m365:    []match.Person{ann(mailbox("m", ""), func(u *source.User) { u.Email = "ann.lee@ex.example" })},
			against: "address",
		},
		{
			name:    "another department and another title, and nothing but the name",
			ad:      []match.Person{ann(adUser("a", ""), func(u *source.User) { u.Department, u.Title = "Sales", "Clerk" })},
			m365:    []match.Person{ann(mailbox("m", ""), func(u *source.User) { u.Department, u.Title = "Legal", "Counsel" })},
			against: "title",
		},
	} {
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			t.Run(tc.name+" by "+string(by), func(t *testing.T) {
				in := match.Input{AD: tc.ad, M365: tc.m365}
				trace := match.Auto(in, by)
				i := slices.IndexFunc(trace.Review, func(r match.Review) bool { return r.AD.ID == "a" })
				if i < 0 || len(trace.Review[i].Candidates) == 0 {
					t.Fatalf("no review with a candidate: %q", summary(trace.Result))
				}
				for _, c := range trace.Review[i].Candidates {
					x := trace.Explain("a", c.M365.ID)
					if x.Outcome != "review" {
						t.Errorf("outcome %s", x.Outcome)
					}
					if !same(x.For, c.Evidence) || !same(x.Against, c.Against) || x.Confidence != c.Confidence {
						t.Errorf("%s: the review has\n %+v\n %+v\nits explanation\n %+v\n %+v", c.M365.ID, c.Evidence, c.Against, x.For, x.Against)
					}
				}
				if got := rulesOf(trace.Explain("a", "m").Against); !slices.Contains(got, tc.against) {
					t.Errorf("against: %v, want %s among it", got, tc.against)
				}
			})
		}
	}
}

// A pair that was made before is judged again with every match, and never parted.
func TestDoubtful(t *testing.T) {
	wed := func(ad, m365 match.Person) (match.Person, match.Person) {
		ad.Partner, m365.Partner = m365.ID, ad.ID
		return ad, m365
	}
	nothing := func(*source.User) {}
	employee := func(id string) func(*source.User) { return func(u *source.User) { u.EmployeeID = id } }
	mail := func(address string) func(*source.User) { return func(u *source.User) { u.Email = address } }
	for _, tc := range []struct {
		name      string
		ad, m365  func(*source.User)
		others    []match.Person // in AD
		decisions []match.Decision
		reason    string // "" for none
		against   string
	}{
		{name: "nothing against it", ad: nothing, m365: nothing},
		{name: "another employee id", ad: employee("4711"), m365: employee("4712"), reason: match.ReasonContradiction, against: "employee_id"},
		{
			name: "another employee id, but matched by hand", ad: employee("4711"), m365: employee("4712"),
			decisions: []match.Decision{{ADID: "A", M365ID: "m", Verdict: match.VerdictMatch}},
		},
		{
			name: "the address of somebody who has come since", ad: nothing, m365: mail("ann.lee@ex.example"), reason: match.ReasonContradiction, against: "address",
			others: []match.Person{with(named(adUser("b", ""), "Ann", "Lee"), mail("ann.lee@ex.example"))},
		},
		{
			name: "the same, but the employee ids are equal", ad: employee("4711"),
			m365:   func(u *source.User) { u.Email, u.EmployeeID = "ann.lee@ex.example", "4711" },
			others: []match.Person{with(named(adUser("b", ""), "Ann", "Lee"), mail("ann.lee@ex.example"))},
		},
		{name: "a new surname, and the address", ad: mail("m@example.com"), m365: func(u *source.User) { u.DisplayName, u.Surname = "Ann Berg", "Berg" }},
		{
			name: "a mailbox that somebody else has now", ad: nothing, reason: match.ReasonNameDiffer, against: "name",
			m365: func(u *source.User) { u.DisplayName, u.GivenName, u.Surname = "Ida Holm", "Ida", "Holm" },
		},
	} {
		for _, by := range []match.Method{match.ByDisplayName, match.ByEvidence} {
			t.Run(tc.name+" by "+string(by), func(t *testing.T) {
				a, m := wed(with(named(adUser("a", ""), "Ann", "Lee"), tc.ad), with(named(mailbox("m", ""), "Ann", "Lee"), tc.m365))
				in := match.Input{AD: append([]match.Person{a}, tc.others...), M365: []match.Person{m}, Decisions: tc.decisions}
				got := match.Auto(in, by)
				if len(got.Pairs) > 0 {
					t.Errorf("a pair was made: %q", summary(got.Result))
				}
				switch {
				case tc.reason == "" && len(got.Doubtful) > 0:
					t.Errorf("in doubt: %+v", got.Doubtful[0])
				case tc.reason == "":
				case len(got.Doubtful) != 1 || got.Doubtful[0].AD != a.User || got.Doubtful[0].M365 != m.User || got.Doubtful[0].Reason != tc.reason:
					t.Errorf("in doubt: %+v, want the pair for %s", got.Doubtful, tc.reason)
				case !slices.Contains(rulesOf(got.Doubtful[0].Against), tc.against):
					t.Errorf("against: %v, want %s among it", rulesOf(got.Doubtful[0].Against), tc.against)
				}
			})
		}
	}
}

// Names that lost letters in an export match nothing, and are counted.
func TestDamagedNames(t *testing.T) {
	in := match.Input{
		AD:   []match.Person{adUser("a", "???? ????"), adUser("b", "Zo\u00eb M?ller"), adUser("c", "Ann Lee")},
		M365: []match.Person{mailbox("m", "???? ????"), mailbox("n", "Zo\u00eb M?ller"), mailbox("o", "Ann Lee")},
	}
	got := match.Auto(in, match.ByDisplayName)
	if got.DamagedAD != 2 || got.DamagedM365 != 2 {
		t.Errorf("%d and %d damaged names, want 2 and 2", got.DamagedAD, got.DamagedM365)
	}
	want := []string{"pair c=o display_name", "ad a damaged_name", "ad b damaged_name", "m365 m", "m365 n"}
	if s := summary(got.Result); !slices.Equal(s, want) {
		t.Errorf("got %q, want %q", s, want)
	}
}

func same(a, b []match.Evidence) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}
