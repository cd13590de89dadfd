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

func same(a, b []match.Evidence) bool {
	return len(a) == 0 && len(b) == 0 || reflect.DeepEqual(a, b)
}
