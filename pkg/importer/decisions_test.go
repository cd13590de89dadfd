package importer

import (
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

func TestCheckDecisions(t *testing.T) {
	g := sourcetest.GUID
	decide := func(v match.Verdict, ad, m365 string) registry.Decision {
		return registry.Decision{Verdict: v, ADID: ad, M365ID: m365}
	}
	matched := decide(match.VerdictMatch, g(1), g(11))
	for _, c := range []struct {
		name  string
		given []registry.Decision
		want  string // of the last one; "" is sound
	}{
		{"apart", []registry.Decision{matched, decide(match.VerdictReject, g(1), g(12)), decide(match.VerdictIgnore, g(2), ""), decide(match.VerdictMatch, g(3), g(13))}, ""},
		{"the same twice", []registry.Decision{matched, matched}, ""},
		{"another mailbox", []registry.Decision{matched, decide(match.VerdictMatch, g(1), g(12))}, "another mailbox"},
		{"another user", []registry.Decision{matched, decide(match.VerdictMatch, g(2), g(11))}, "another user"},
		{"match and reject", []registry.Decision{matched, decide(match.VerdictReject, g(1), g(11))}, "another line says match"},
		{"match and ignore", []registry.Decision{matched, decide(match.VerdictIgnore, g(1), "")}, "another line says match"},
		{"ignore and match", []registry.Decision{decide(match.VerdictIgnore, g(1), ""), matched}, "another line says ignore"},
		{"no verdict", []registry.Decision{decide("maybe", g(1), g(11))}, `"maybe"`},
		{"no user", []registry.Decision{decide(match.VerdictIgnore, "jdoe", "")}, "not an objectGUID"},
		{"no mailbox", []registry.Decision{decide(match.VerdictReject, g(1), "")}, "not an object id"},
		{"ignore with a mailbox", []registry.Decision{decide(match.VerdictIgnore, g(1), g(11))}, "leave m365_id empty"},
	} {
		var found []string
		for i, problem := range CheckDecisions(c.given) {
			if i != len(c.given)-1 {
				t.Errorf("%s: decision %d is refused: %s", c.name, i, problem)
			}
			found = append(found, problem)
		}
		if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !strings.Contains(found[0], c.want)) {
			t.Errorf("%s: %q, want %q", c.name, found, c.want)
		}
	}
}
