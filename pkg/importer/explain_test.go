package importer

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

func TestExplain(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "ann@contoso.example")
	w.person(2, "Bob", "OU=Staff", "")
	w.mailbox(11, "Ann", "ann@contoso.example")
	w.mailbox(12, "Robert", "robert@contoso.example")
	ask := func(first, second string) (Explanation, error) {
		return w.Explain(t.Context(), ExplainRequest{Customer: "Contoso", By: match.ByDisplayName, First: first, Second: second})
	}
	w.mustImport(staff(registry.ModeOn))
	before := w.dump()
	for _, c := range []struct{ first, second, outcome, ad, m365 string }{
		{"p1", "", "paired", "p1", "ann@contoso.example"},
		{"p1", "ann@contoso.example", "paired", "p1", "ann@contoso.example"},
		{"ann@contoso.example", "p1", "paired", "p1", "ann@contoso.example"},
		{"p1", "robert@contoso.example", "not_paired", "p1", "robert@contoso.example"},
		{"robert@contoso.example", "p1", "not_paired", "p1", "robert@contoso.example"},
		{"robert@contoso.example", "", "unmatched", "", "robert@contoso.example"},
	} {
		x, err := ask(c.first, c.second)
		if err != nil || x.Outcome != c.outcome || (x.ADUser == nil) != (c.ad == "") || c.ad != "" && x.ADUser.Username != c.ad || x.M365User.Email != c.m365 || x.Standing != nil {
			t.Errorf("%s %s: %+v, %v", c.first, c.second, x, err)
		}
	}
	_, err := ask("nobody", "")
	wantCode(t, err, source.CodeNotFound)
	_, err = ask("p1", "nobody")
	wantCode(t, err, source.CodeNotFound)
	if w.dump() != before {
		t.Error("an explanation wrote something")
	}

	// A pair that stands is explained with what was kept of it.
	w.byHand(joined("p2", "robert@contoso.example"))
	for _, sel := range []string{"p2", "robert@contoso.example"} {
		x, err := ask(sel, "")
		if err != nil || x.Outcome != "already_matched" || x.Standing == nil || x.Standing.Reason != ReasonManual || x.Standing.M365.Email != "robert@contoso.example" || len(x.Decisions) != 1 {
			t.Errorf("%s: %+v, %v", sel, x, err)
		}
	}
}
