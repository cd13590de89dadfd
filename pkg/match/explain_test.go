package match_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/source"
)

func rulesOf(evidence []match.Evidence) []string {
	var out []string
	for _, e := range evidence {
		out = append(out, e.Rule)
	}
	return out
}

func TestExplain(t *testing.T) {
	in := match.Input{
		AD: []match.Person{
			named(with(adUser("ada", ""), func(u *source.User) { u.Email = "ada@ex.example"; u.EmployeeID = "0042" }), "Ada", "Lind"),
			named(with(adUser("karl", ""), func(u *source.User) { u.DisplayName = "Karl Berg Sr."; u.Email = "karl@ex.example" }), "Karl", "Berg"),
			named(adUser("ida", ""), "Ida", "Holm"),
			with(adUser("svc", "svc_backup"), func(u *source.User) { u.Username = "svc_backup" }),
			taken(named(adUser("old", ""), "Otto", "Kern")),
			named(adUser("eve", ""), "Eve", "Nobody"),
		},
		M365: []match.Person{
			named(with(mailbox("m-ada", ""), func(u *source.User) { u.Email = "ada@ex.example"; u.EmployeeID = "42" }), "Ada", "Lind"),
			named(with(mailbox("m-karl", ""), func(u *source.User) { u.DisplayName = "Karl Berg Jr."; u.Email = "karl@ex.example" }), "Karl", "Berg"),
			named(mailbox("m-ida", ""), "Ida", "Holm"),
			named(mailbox("m-ida2", ""), "Ida", "Holm"),
			taken(named(mailbox("m-old", ""), "Otto", "Kern")),
			named(mailbox("m-lone", ""), "Quirin", "Einsam"),
		},
	}
	for _, tc := range []struct {
		name, ad, m365  string
		by              match.Method
		outcome, reason string
		in, against     string // a rule that must be listed, "" for no matter
		settle          string // words that must be among what would settle it
	}{
		{"a pair that is made", "ada", "", match.ByEvidence, "paired", match.ReasonEvidence, "employee_id", "", ""},
		{"the same from the mailbox", "", "m-ada", match.ByEvidence, "paired", match.ReasonEvidence, "address", "", ""},
		{"the same by name", "ada", "m-ada", match.ByDisplayName, "paired", match.ReasonDisplayName, "name", "", ""},
		{"a pair that is contradicted", "karl", "m-karl", match.ByEvidence, "review", match.ReasonContradiction, "address", "generation", "generation"},
		{"namesakes", "ida", "", match.ByEvidence, "review", match.ReasonNamesakes, "name", "", "by hand"},
		{"namesakes by name", "ida", "m-ida2", match.ByDisplayName, "ambiguous", match.ReasonSameName, "name", "", "by hand"},
		{"two strangers", "ada", "m-lone", match.ByEvidence, "not_paired", match.ReasonEvidence, "", "name", "by hand"},
		{"a service account", "svc", "", match.ByEvidence, "unmatched", match.ReasonService, "", "", "service_account"},
		{"nobody like it", "eve", "", match.ByEvidence, "unmatched", match.ReasonNoCandidate, "", "", "address"},
		{"a mailbox nobody fits", "", "m-lone", match.ByEvidence, "unmatched", match.ReasonNoCandidate, "", "", "address"},
		{"matched before", "old", "", match.ByEvidence, "already_matched", "", "name", "", ""},
		{"no such user", "nope", "", match.ByEvidence, "not_found", "", "", "", ""},
		{"no user asked for", "", "", match.ByEvidence, "not_found", "", "", "", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			x := match.Explain(in, tc.by, tc.ad, tc.m365)
			if x.Outcome != tc.outcome || x.Reason != tc.reason {
				t.Errorf("outcome %q, reason %q (%s), want %q, %q", x.Outcome, x.Reason, x.Text, tc.outcome, tc.reason)
			}
			if x.Text == "" {
				t.Error("no text")
			}
			if got := rulesOf(x.For); tc.in != "" && !slices.Contains(got, tc.in) {
				t.Errorf("for: %v, want %s among it", got, tc.in)
			}
			if got := rulesOf(x.Against); tc.against != "" && !slices.Contains(got, tc.against) {
				t.Errorf("against: %v, want %s among it", got, tc.against)
			}
			if settle := strings.Join(x.Settle, "; "); tc.settle != "" && !strings.Contains(settle, tc.settle) {
				t.Errorf("settle: %s, want %q in it", settle, tc.settle)
			}
			doc, err := json.Marshal(x)
			if err != nil {
				t.Fatal(err)
			}
			for _, list := range []string{`"for":null`, `"against":null`, `"silent":null`, `"settle":null`} {
				if strings.Contains(string(doc), list) {
					t.Errorf("a list is null in %s", doc)
				}
			}
		})
	}

	x := match.Explain(in, match.ByEvidence, "ida", "")
	if x.RunnerUp == nil || x.RunnerUp.M365.ID == x.M365.ID || x.RunnerUp.BehindBy != 0 {
		t.Errorf("runner-up of one of two namesakes: %+v, want the other, 0 behind", x.RunnerUp)
	}
}

// A user alone is explained with whom the match gives him, and as sure as it is,
// even where somebody else looks better; a pair that is not made is not given the
// confidence of the one that is.
func TestExplainFollowsTheMatch(t *testing.T) {
	mobile := func(u *source.User) { u.Mobile = "+49 170 1234567" }
	in := match.Input{
		AD:   []match.Person{with(adUser("a", "John Smith"), mobile)},
		M365: []match.Person{mailbox("m", "John Smith"), with(mailbox("n", "John Smyth"), mobile)},
	}
	pair := match.Auto(in, match.ByDisplayName).Pairs[0]
	for _, ids := range [][2]string{{"a", ""}, {"", "m"}, {"a", "m"}} {
		x := match.Explain(in, match.ByDisplayName, ids[0], ids[1])
		if x.Outcome != "paired" || x.AD == nil || x.AD.ID != "a" || x.M365 == nil || x.M365.ID != "m" || x.Confidence != pair.Confidence {
			t.Errorf("%q: %s of %+v and %+v, confidence %v, want %v", ids, x.Outcome, x.AD, x.M365, x.Confidence, pair.Confidence)
		}
	}
	if x := match.Explain(in, match.ByDisplayName, "a", "n"); x.Outcome != "not_paired" || x.Confidence == pair.Confidence {
		t.Errorf("the other pair: %s, confidence %v", x.Outcome, x.Confidence)
	}
}
