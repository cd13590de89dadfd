package importer

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// reported is a company with one of everything that a report tells of.
func reportedWorld(t *testing.T) *world {
	w := newWorld(t)
	staffOU := "OU=Staff"
	w.person(1, "Ann Adams", staffOU, "ann@x.example")
	w.person(2, "Bob Brown", staffOU, "")
	w.person(3, "Cid Clark", staffOU, "")
	w.person(4, "Cid Clark", staffOU, "")
	w.person(5, "Dee Davis", staffOU, "")                                  // will leave
	w.person(6, "Eve Evans", staffOU, "eve@x.example").Enabled = source.No // left before
	w.person(7, "Fay Fox", staffOU, "")                                    // power
	w.person(8, "Gus Gray", staffOU, "")                                   // will rise
	w.mailbox(11, "Ann Adams", "ann@x.example")
	w.mailbox(12, "Bob Brown", "bob@x.example")
	w.mailbox(13, "Cid Clark", "cid@x.example")
	w.mailbox(15, "Dee Davis", "dee@x.example")
	w.mailbox(16, "Eve Evans", "eve@x.example")
	w.mailbox(18, "Gus Gray", "gus@x.example")
	w.promote(sourcetest.GUID(7))
	w.mustImport(staff(registry.ModeOn))
	return w
}

func (w *world) mustReport(r ReportRequest) Report {
	w.t.Helper()
	r.Customer = "Contoso"
	report, err := w.Report(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return report
}

func (w *world) mustRefresh() {
	w.t.Helper()
	if _, err := w.Refresh(w.t.Context(), RefreshRequest{Customer: "Contoso"}); err != nil {
		w.t.Fatal(err)
	}
}

func lightOf(r Report, code string) Light {
	for _, l := range r.Lights {
		if l.Code == code {
			return l.Light
		}
	}
	return ""
}

func TestReport(t *testing.T) {
	w := reportedWorld(t)
	first := w.mustReport(ReportRequest{})
	if first.Since != nil || len(first.Changes) != 0 || first.Light != Yellow || lightOf(first, "directories") != Yellow {
		t.Errorf("before Microsoft 365 was read: %+v", first.Lights)
	}
	if len(first.Open) != 6 || first.Open[0].Reason != reasonNotRead {
		t.Errorf("open before: %+v", first.Open)
	}
	before := w.dump()
	w.mustReport(ReportRequest{})
	if w.dump() != before {
		t.Error("a report has written something")
	}

	w.mustMatch(MatchRequest{By: match.ByDisplayName})
	r := w.mustReport(ReportRequest{})
	var pairs []string
	for _, p := range r.Pairs {
		pairs = append(pairs, p.AD.Username+"="+p.M365.Email+" "+p.Reason)
	}
	if !slices.Equal(pairs, []string{"p1=ann@x.example display_name", "p2=bob@x.example display_name", "p5=dee@x.example display_name", "p8=gus@x.example display_name"}) {
		t.Errorf("pairs %q", pairs)
	}
	if len(r.Open) != 2 || r.Open[0].Kind != OpenAmbiguous || r.Open[0].Candidates[0].M365.Email != "cid@x.example" || len(r.Open[0].Settle) == 0 {
		t.Errorf("open %+v", r.Open)
	}
	if len(r.Leavers) != 1 || r.Leavers[0].AD.Username != "p6" || r.Leavers[0].KnownBy != KnownByAddress || r.Leavers[0].Since != nil || r.Leavers[0].New {
		t.Errorf("leavers %+v", r.Leavers)
	}
	if len(r.Privileged) != 1 || r.Privileged[0].Standing != PowerHeldBack || !strings.HasSuffix(r.Privileged[0].Paths[0], "← p7") {
		t.Errorf("privileged %+v", r.Privileged)
	}
	if !slices.Equal(r.PowerUnknown, []source.Kind{source.M365}) || lightOf(r, "privileges") != Grey {
		t.Errorf("power over Microsoft 365 is known to nobody, and the report says %v, %v", r.PowerUnknown, lightOf(r, "privileges"))
	}
	if r.Light != Red || lightOf(r, "leavers") != Red || lightOf(r, "matching") != Yellow || lightOf(r, "directories") != Green {
		t.Errorf("lights %+v", r.Lights)
	}
	if err := w.Reported(t.Context(), r); err != nil {
		t.Fatal(err)
	}

	// One leaves, one comes to power, one is parted and another taken away.
	w.ad.People[4].Enabled = source.No
	w.promote(sourcetest.GUID(7), sourcetest.GUID(8))
	w.mustRefresh()
	w.byHand(parted("p2"))
	if _, err := w.DeleteAccounts(t.Context(), DeleteRequest{Customer: "Contoso", Accounts: []string{"p3"}}); err != nil {
		t.Fatal(err)
	}
	again := w.mustReport(ReportRequest{})
	if again.Since == nil || !again.Since.Equal(r.At) || len(again.Runs) != 3 || !again.ChangesComplete {
		t.Fatalf("since %v of %v, runs %+v", again.Since, r.At, again.Runs)
	}
	said := map[string]string{}
	for _, c := range again.Changes {
		said[c.DisplayName] = c.What + fmt.Sprint(c.Fields)
	}
	want := map[string]string{
		"Bob Brown": "parted[{e-mail bob@x.example } {mailbox bob@x.example } {state active pending match} {Microsoft 365 ok }]",
		"Cid Clark": "deleted[]", "Dee Davis": "disabled[{Active Directory ok disabled}]",
		"Gus Gray": "privileged[{power over AD  Domain Admins ← IT Staff ← p8}]",
	}
	if !reflect.DeepEqual(said, want) {
		t.Errorf("changed\n%v, want\n%v", said, want)
	}
	if len(again.Leavers) != 2 || again.Leavers[0].AD.Username != "p5" || !again.Leavers[0].New || again.Leavers[0].KnownBy != KnownByPair || again.Leavers[1].New {
		t.Errorf("leavers %+v", again.Leavers)
	}
	if p := again.Privileged[0]; p.Standing != PowerRisen || !p.New || p.User.Username != "p8" || lightOf(again, "privileges") != Red {
		t.Errorf("privileged %+v", again.Privileged)
	}
	if wide := w.mustReport(ReportRequest{Since: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)}); len(wide.Runs) <= 3 || len(wide.Changes) != 5 {
		t.Errorf("since the beginning: %d runs, changes %+v", len(wide.Runs), wide.Changes)
	}

	if wide := w.mustReport(ReportRequest{Since: r.At}); len(wide.Changes) != 4 || !wide.ChangesComplete {
		t.Errorf("since the first report, by time: %+v", wide.Changes)
	}

	// A history that is forgotten does not pass for one in which nothing happened.
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := w.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	other := w.reopen(copied)
	if _, err := other.Prune(t.Context(), PruneRequest{Before: time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)}); err != nil {
		t.Fatal(err)
	}
	for _, since := range []time.Time{{}, r.At} {
		if bare, err := other.Report(t.Context(), ReportRequest{Customer: "Contoso", Since: since}); err != nil || bare.ChangesComplete || len(bare.Runs) != 0 {
			t.Errorf("without a history since %v: complete %v, %v", since, bare.ChangesComplete, err)
		}
	}

	// A report that is older than the last one does not take its place.
	if err := w.Reported(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	if err := w.Reported(t.Context(), r); err != nil {
		t.Fatal(err)
	}
	if last := w.mustReport(ReportRequest{}); !last.Since.Equal(again.At) || len(last.Changes)+len(last.Runs) != 0 {
		t.Errorf("since %v: %+v", last.Since, last.Changes)
	}

	// One whose clock was wrong does not keep those after it from being remembered.
	again.At = again.At.AddDate(10, 0, 0)
	if err := w.Reported(t.Context(), again); err != nil {
		t.Fatal(err)
	}
	w.byHand(parted("p1"))
	next := w.mustReport(ReportRequest{})
	if err := w.Reported(t.Context(), next); err != nil {
		t.Fatal(err)
	}
	if last := w.mustReport(ReportRequest{}); !last.Since.Equal(next.At) || len(next.Changes) != 1 || len(last.Changes) != 0 {
		t.Errorf("since %v: %+v, then %+v", last.Since, next.Changes, last.Changes)
	}
}

// TestReportEmails tells who has no usable address, and whom he shares one with.
func TestReportEmails(t *testing.T) {
	w := newWorld(t)
	staffOU := "OU=Staff"
	w.person(1, "Ann", staffOU, "team@x.example")
	w.person(2, "Bob", staffOU, "TEAM@x.example")
	w.person(3, "Cid", staffOU, "")
	w.person(4, "Dee", staffOU, "dee@")
	w.person(5, "Eve", staffOU, "eve@x.example")
	w.mustImport(staff(registry.ModeOff))
	r := w.mustReport(ReportRequest{})
	var said []string
	for _, c := range r.Open {
		said = append(said, c.Kind+" "+c.User.DisplayName+" "+c.Reason)
		for _, o := range c.Others {
			said = append(said, "with "+o.DisplayName)
		}
	}
	want := []string{"needs_email Ann duplicate", "with Bob", "needs_email Bob duplicate", "with Ann", "needs_email Cid missing", "needs_email Dee invalid"}
	if !slices.Equal(said, want) {
		t.Errorf("open %q", said)
	}
	if lightOf(r, "addresses") != Yellow || lightOf(r, "matching") != "" || r.Counts.Open != 4 {
		t.Errorf("%+v, %+v", r.Lights, r.Counts)
	}
}

// TestReportRedacted finds nothing in a redacted report that tells who anybody is,
// and the same person under one pseudonym all through.
func TestReportRedacted(t *testing.T) {
	w := reportedWorld(t)
	w.mustMatch(MatchRequest{By: match.ByEvidence})
	w.mustMatch(MatchRequest{By: match.ByDisplayName})
	if err := w.Reported(t.Context(), w.mustReport(ReportRequest{})); err != nil {
		t.Fatal(err)
	}
	w.ad.People[4].Enabled = source.No
	w.ad.People[0].DisplayName = "Ann Adams-Smith"
	w.promote(sourcetest.GUID(7), sourcetest.GUID(8))
	w.mustRefresh()
	if _, err := w.Import(t.Context(), ImportRequest{Customer: "Contoso", Source: source.AD, Users: []string{"p7"}}); err != nil {
		t.Fatal(err)
	}
	r := w.mustReport(ReportRequest{Redact: true})
	if !slices.ContainsFunc(w.mustReport(ReportRequest{}).Open, func(c OpenCase) bool { return strings.Contains(c.Why, "← p7") }) {
		t.Error("nobody's path is among the open cases")
	}
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range slices.Concat(w.ad.People, w.m365.People) {
		for _, secret := range []string{p.ID, p.DisplayName, p.Email, p.UPN, p.DN, strings.Fields(p.DisplayName)[0] + " "} {
			if secret != "" && strings.Contains(string(text), secret) {
				t.Errorf("the report has %q", secret)
			}
		}
	}
	for _, secret := range []string{"x.example", "corp.example", `"p5"`, "← p7", "OU=", "Adams", "S-1-5"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the report has %q", secret)
		}
	}
	left := r.Leavers[slices.IndexFunc(r.Leavers, func(l Leaver) bool { return l.KnownBy == KnownByPair })]
	if left.AD.DisplayName != left.Mailbox.DisplayName || left.AD.ID != left.Mailbox.ID {
		t.Errorf("one leaver under two names: %+v", left)
	}
	if !slices.IsSortedFunc(r.Pairs, func(a, b MatchedPair) int {
		return cmp.Or(len(a.AD.ID)-len(b.AD.ID), strings.Compare(a.AD.ID, b.AD.ID))
	}) {
		t.Errorf("the order of pairs tells their names")
	}
	found := 0
	for _, p := range r.Pairs {
		if p.AD.ID == left.AD.ID {
			found++
		}
	}
	for _, c := range r.Changes {
		if c.Account == left.AD.ID && c.DisplayName == left.AD.DisplayName && c.What == registry.StatusDisabled {
			found++
		}
	}
	if found != 2 {
		t.Errorf("the leaver %s is not among pairs and changes", left.AD.ID)
	}
	if plain := w.mustReport(ReportRequest{}); plain.Redacted || plain.Leavers[0].AD.DisplayName != "Dee Davis" || len(plain.Pairs[0].Evidence) > 0 && plain.Pairs[0].Evidence[0].AD == hidden {
		t.Errorf("a report after it: %+v", plain.Leavers)
	}
}
