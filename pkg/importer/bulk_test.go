package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/manifest"
	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// parse reads a manifest whose directories are the world's, whatever it says.
func parse(t *testing.T, text string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse([]byte(text), "customers.yaml", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func (w *world) bulk(r BulkRequest) BulkResult {
	w.t.Helper()
	return Summarise(r, slices.Collect(w.Bulk(w.t.Context(), r)))
}

const twoCustomers = `
version: 1
customers:
  - name: Fabrikam
    external_ids: {itglue: "99"}
    password_sync: "on"
    directories: {ad: {file: ad.ldif}, m365: {file: users.json}}
    import: [{source: ad, ou: [corp.example/Staff], recursive: true, exclude: ["svc-*"]}]
    match: {auto: true, by: display-name, pairs: [{ad: p2, m365: bobby@x.example}]}
  - name: Tailspin
    password_sync: "off"
    directories: {ad: {file: ad.ldif}}
    import: [{source: ad, ou: [corp.example/Staff], recursive: false}]
    emails: [{account: p3, email: kiosk@x.example}]
`

func staffed(t *testing.T) *world {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "ann@old.example")
	w.person(2, "Bob", "OU=London,OU=Staff", "")
	w.person(3, "Kiosk", "OU=Staff", "")
	w.person(4, "svc", "OU=Staff", "").Username = "svc-x"
	w.mailbox(11, "Ann", "ann@x.example")
	w.mailbox(12, "Bobby", "bobby@x.example")
	return w
}

func TestBulk(t *testing.T) {
	w := staffed(t)
	m := parse(t, twoCustomers)
	before := w.dump()
	plan := w.bulk(BulkRequest{Manifest: m, Parallel: 2})
	if w.dump() != before || plan.Applied {
		t.Fatal("a plan wrote something")
	}
	if want := (BulkCounts{Customers: 2, Changed: 2}); plan.Counts != want {
		t.Fatalf("planned %+v: %+v", plan.Counts, plan.Customers)
	}
	var said []string
	for _, c := range plan.Customers[0].Changes {
		said = append(said, c.Action+" "+c.What)
	}
	want := []string{"create customer", "set external id itglue", "set password_sync", "connect directory ad", "connect directory m365",
		"select users of OU=Staff,DC=corp,DC=example", "decide decision about Bob", "create account Ann", "create account Bob", "create account Kiosk"}
	if !slices.Equal(said, want) {
		t.Errorf("planned %q, want %q", said, want)
	}

	applied := w.bulk(BulkRequest{Manifest: m, Parallel: 2, Apply: true})
	if applied.Counts != plan.Counts || applied.PlanHash != plan.PlanHash || !applied.Applied {
		t.Errorf("applied %+v %s, planned %+v %s", applied.Counts, applied.PlanHash, plan.Counts, plan.PlanHash)
	}
	fabrikam, err := w.Customer(t.Context(), "Fabrikam")
	if err != nil || fabrikam.PasswordSync != registry.ModeOn || fabrikam.Accounts != (registry.AccountCounts{Total: 3, Active: 2, PendingMatch: 1}) || fabrikam.ExternalIDs["itglue"] != "99" {
		t.Errorf("%+v, %v", fabrikam, err)
	}
	tailspin, err := w.Customer(t.Context(), "Tailspin")
	if err != nil || tailspin.Accounts != (registry.AccountCounts{Total: 3, Active: 2, NeedsEmail: 1}) {
		t.Errorf("%+v, %v", tailspin, err)
	}

	before = w.dump()
	again := w.bulk(BulkRequest{Manifest: m, Parallel: 2, Apply: true})
	if want := (BulkCounts{Customers: 2, Unchanged: 2}); again.Counts != want || w.dump() != before {
		t.Errorf("the second time: %+v %+v", again.Counts, again.Customers)
	}
}

func TestBulkKeepsFailuresApart(t *testing.T) {
	w := staffed(t)
	m := parse(t, twoCustomers)
	m.Customers[0].Import[0].OU = []string{"corp.example/Nowhere"}
	got := w.bulk(BulkRequest{Manifest: m, Apply: true})
	if want := (BulkCounts{Customers: 2, Changed: 1, Failed: 1}); got.Counts != want {
		t.Fatalf("%+v", got.Counts)
	}
	if p := got.Customers[0]; p.Error == nil || p.Error.Code != source.CodeNotFound || len(p.Changes) != 0 {
		t.Errorf("%+v", p)
	}
	if _, err := w.Customer(t.Context(), "Fabrikam"); source.CodeOf(err) != source.CodeNotFound {
		t.Errorf("half a customer was made: %v", err)
	}
}

// meanwhile has another process do something right after a customer was not found.
type meanwhile struct {
	registry.Store
	act func()
}

func (s *meanwhile) Snapshot(ctx context.Context, ref registry.Ref, load registry.Load) (*registry.Snapshot, error) {
	snap, err := s.Store.Snapshot(ctx, ref, load)
	if act := s.act; act != nil && source.CodeOf(err) == source.CodeNotFound {
		s.act = nil
		act()
	}
	return snap, err
}

// TestBulkMadeMeanwhile: a customer whom another process makes from the same manifest
// between the questions for the name and for the ids is that customer, not in the way.
func TestBulkMadeMeanwhile(t *testing.T) {
	w := staffed(t)
	r := BulkRequest{Manifest: parse(t, twoCustomers), Apply: true}
	r.Manifest.Customers = r.Manifest.Customers[:1]
	other := w.reopen(w.path)
	store := &meanwhile{Store: w.store, act: func() {
		if got := Summarise(r, slices.Collect(other.Bulk(t.Context(), r))); got.Counts.Changed != 1 {
			t.Errorf("the other process: %+v", got.Customers)
		}
	}}
	w.store = store
	got := w.bulk(r)
	if want := (BulkCounts{Customers: 1, Unchanged: 1}); store.act != nil || got.Counts != want {
		t.Errorf("%+v: %+v", got.Counts, got.Customers)
	}
}

func TestBulkSafeguards(t *testing.T) {
	first := func(w *world, r BulkRequest) *Problem {
		t.Helper()
		return w.bulk(r).Customers[0].Error
	}
	check := func(name string, p *Problem, code source.Code) {
		t.Helper()
		if p == nil && code != "" || p != nil && p.Code != code {
			t.Errorf("%s: %+v, want %q", name, p, code)
		}
	}
	w := staffed(t)
	m := parse(t, twoCustomers)
	check("too many", first(w, BulkRequest{Manifest: m, MaxNew: 2}), CodeSafeguard)
	m.Customers[0].Allow.MaxNew = 3
	check("allowed", first(w, BulkRequest{Manifest: m, MaxNew: 2}), "")
	m.Customers[0].Import[0].Exclude = []string{"*"}
	m.Customers[0].Match = manifest.Match{}
	check("nobody", first(w, BulkRequest{Manifest: m}), CodeSafeguard)
	m.Customers[0].Allow.Empty = true
	check("nobody, allowed", first(w, BulkRequest{Manifest: m}), "")

	m = parse(t, twoCustomers)
	check("first", first(w, BulkRequest{Manifest: m, Apply: true}), "")
	w.m365.Identity.ID = "another"
	check("another tenant", first(w, BulkRequest{Manifest: m, Apply: true}), CodeDirectoryChanged)
	m.Customers[0].Allow.DirectoryChanged = true
	check("another tenant, allowed", first(w, BulkRequest{Manifest: m, Apply: true}), "")
	m.Customers[0].PasswordSync = "off"
	check("another mode", first(w, BulkRequest{Manifest: m, Apply: true}), CodePasswordSyncLocked)

	w = staffed(t)
	w.m365.Identity.Synced = source.Yes
	if got := w.bulk(BulkRequest{Manifest: parse(t, twoCustomers)}); len(got.Customers[0].Warnings) != 1 || len(got.Customers[1].Warnings) != 0 {
		t.Errorf("warnings %q, %q", got.Customers[0].Warnings, got.Customers[1].Warnings)
	}
}

// TestBulkStale holds an application to the plan that was reviewed.
func TestBulkStale(t *testing.T) {
	w := staffed(t)
	m := parse(t, twoCustomers)
	plan := w.bulk(BulkRequest{Manifest: m})
	saved := map[string]Planned{}
	for _, c := range plan.Customers {
		saved[c.Name] = Planned{Hash: c.Hash}
	}
	w.m365.People[1].DisplayName = "Roberta" // nobody the plan pairs by name
	if _, err := w.Fit(t.Context(), saved, w.bulk(BulkRequest{Manifest: m}).Customers); source.CodeOf(err) != CodeStale {
		t.Errorf("another name of a mailbox that is given by hand: %v", err)
	}
	w.m365.People[1].DisplayName = "Bobby"
	w.mailbox(13, "Stranger", "stranger@x.example")
	if _, err := w.Fit(t.Context(), saved, w.bulk(BulkRequest{Manifest: m}).Customers); err != nil {
		t.Errorf("a mailbox that does not matter: %v", err)
	}
	slices.Reverse(w.ad.People)
	if _, err := w.Fit(t.Context(), saved, w.bulk(BulkRequest{Manifest: m}).Customers); err != nil {
		t.Errorf("another order: %v", err)
	}
	w.ad.People[3].Surname = "Lee"
	got := w.bulk(BulkRequest{Manifest: m, Apply: true, Plan: saved})
	for _, c := range got.Customers {
		if c.Error == nil || c.Error.Code != CodeStale {
			t.Errorf("%s was applied: %+v", c.Name, c.Error)
		}
	}
}

// TestBulkTwice: two who carry out one plan at once both find it done.
func TestBulkTwice(t *testing.T) {
	w := staffed(t)
	m := parse(t, twoCustomers)
	saved := map[string]Planned{}
	for _, c := range w.bulk(BulkRequest{Manifest: m}).Customers {
		saved[c.Name] = Planned{Hash: c.Hash}
	}
	for _, changed := range []int{len(saved), 0} {
		got := w.bulk(BulkRequest{Manifest: m, Apply: true, Plan: saved})
		if got.Counts.Failed != 0 || got.Counts.Changed != changed {
			t.Errorf("%+v, want %d changed", got.Counts, changed)
		}
	}
}

func TestBulkInterrupted(t *testing.T) {
	w := staffed(t)
	var text strings.Builder
	text.WriteString("version: 1\ncustomers:\n")
	for i := range 20 {
		_, _ = fmt.Fprintf(&text, "  - name: C%02d\n    password_sync: \"off\"\n    directories: {ad: {file: ad.ldif}}\n    import: [{source: ad, ou: [corp.example/Staff]}]\n", i)
	}
	r := BulkRequest{Manifest: parse(t, text.String()), Apply: true, Parallel: 3}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var plans []CustomerPlan
	for p := range w.Bulk(ctx, r) {
		plans = append(plans, p)
		if len(plans) == 5 {
			cancel()
		}
	}
	first := Summarise(r, plans)
	if first.Counts.Customers != 20 || first.Counts.Changed < 5 || first.Counts.Failed < 10 {
		t.Fatalf("%+v", first.Counts)
	}
	for _, p := range first.Customers {
		_, err := w.Customer(t.Context(), p.Name)
		if made := err == nil; made != (p.Error == nil) || p.Err != nil && !errors.Is(p.Err, context.Canceled) {
			t.Errorf("%s: made %v, said %v", p.Name, made, p.Err)
		}
	}
	second := w.bulk(r)
	if second.Counts.Failed != 0 || second.Counts.Changed != first.Counts.Failed {
		t.Errorf("continued: %+v after %+v", second.Counts, first.Counts)
	}
}

func TestDecisions(t *testing.T) {
	w := staffed(t)
	w.mustImport(staff(registry.ModeOn))
	rows := func(rows ...DecisionRow) (MatchResult, error) {
		return w.MatchByHand(t.Context(), HandRequest{Customer: "Contoso", Rows: rows, FromSheet: true})
	}

	before := w.dump()
	_, err := rows(
		DecisionRow{Row: 2, AD: "p1", M365: "bobby@x.example", Verdict: match.VerdictMatch},
		DecisionRow{Row: 3, AD: "p2", M365: "bobby@x.example", Verdict: match.VerdictMatch},
		DecisionRow{Row: 4, AD: "p9", Verdict: match.VerdictIgnore},
		DecisionRow{Row: 5, AD: "p3", M365: "nobody", Verdict: match.VerdictReject},
		DecisionRow{Row: 6, AD: "p3", Verdict: "perhaps"},
	)
	wantCode(t, err, source.CodeUsage)
	for _, line := range []string{"line 3:", "line 4:", "line 5:", "line 6:"} {
		if !strings.Contains(err.Error(), line) {
			t.Errorf("the error does not name %s %v", line, err)
		}
	}
	if w.dump() != before {
		t.Error("a refused file wrote something")
	}

	given := []DecisionRow{
		{Row: 2, AD: "p2", M365: "bobby@x.example", Verdict: match.VerdictMatch, Reason: "asked him"},
		{Row: 3, AD: "p1", M365: "ann@x.example", Verdict: match.VerdictReject},
		{Row: 4, AD: "p3", Verdict: match.VerdictIgnore},
	}
	got, err := rows(given...)
	if err != nil || got.Counts.Matched != 1 || len(got.Decisions) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	before = w.dump()
	if got, err = rows(given...); err != nil || got.Run != nil || w.dump() != before {
		t.Errorf("the same file again: %+v, %v", got, err)
	}
	// The rules are held to the decisions, though the names are equal.
	auto := w.mustMatch(MatchRequest{By: match.ByDisplayName})
	if auto.Counts.Matched != 0 || auto.Counts.AlreadyMatched != 1 {
		t.Errorf("automatic after the decisions: %+v", auto.Counts)
	}
	kept, err := w.Decisions(t.Context(), "Contoso")
	if err != nil || len(kept) != 3 {
		t.Fatalf("%+v, %v", kept, err)
	}
	if forgot, err := w.ForgetDecisions(t.Context(), "Contoso", []string{"p1"}, false); err != nil || len(forgot.Decisions) != 1 {
		t.Errorf("%+v, %v", forgot, err)
	}
	if auto := w.mustMatch(MatchRequest{By: match.ByDisplayName}); auto.Counts.Matched != 1 {
		t.Errorf("automatic after one was forgotten: %+v", auto.Counts)
	}
	// They come back from their export, into a registry without the accounts.
	if _, err := w.DeleteAccounts(t.Context(), DeleteRequest{Customer: "Contoso", All: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.ForgetDecisions(t.Context(), "Contoso", nil, true); err != nil {
		t.Fatal(err)
	}
	if back, err := w.ImportDecisions(t.Context(), "Contoso", plainDecisions(kept)); err != nil || len(back.Decisions) != 3 {
		t.Errorf("%+v, %v", back, err)
	}
	w.mustImport(staff(""))
	if auto := w.mustMatch(MatchRequest{By: match.ByDisplayName}); auto.Counts.Matched != 1 || auto.Pairs[0].Reason != ReasonDecision || auto.Pairs[0].AD.Username != "p2" {
		t.Errorf("automatic after the return: %+v", auto)
	}
}

func TestUnpairStays(t *testing.T) {
	w := staffed(t)
	w.mustImport(staff(registry.ModeOn))
	w.mustMatch(MatchRequest{By: match.ByDisplayName})
	w.byHand(parted("p1"))
	if auto := w.mustMatch(MatchRequest{By: match.ByDisplayName}); auto.Counts.Matched != 0 {
		t.Errorf("a pair that was parted by hand was made again: %+v", auto.Counts)
	}
	if again := w.byHand(joined("p1", "ann@x.example")); again.Counts.Matched != 1 {
		t.Errorf("by hand: %+v", again.Counts)
	}
}

func TestImportCustomers(t *testing.T) {
	w := newWorld(t) // Contoso has the IT Glue id 7
	if _, err := w.CreateCustomer(t.Context(), "Tailspin", nil); err != nil {
		t.Fatal(err)
	}
	glue := func(name, id string) CustomerRow {
		return CustomerRow{Name: name, ExternalIDs: map[string]string{"itglue": id}}
	}
	r := CustomerImportRequest{Source: "itglue", Renamers: []string{"itglue"}, Customers: []CustomerRow{
		glue("Contoso Ltd", "7"), glue("tailspin", "8"), glue("Fabrikam", "9"), glue("Twin", "10"), glue("twin ", "11"),
		{Name: "Us", ExternalIDs: map[string]string{"itglue": "1"}, Skip: "primary"},
	}}
	r.DryRun = true
	before := w.dump()
	planned, err := w.ImportCustomers(t.Context(), r)
	if err != nil || w.dump() != before {
		t.Fatalf("a dry run wrote something, or %v", err)
	}
	r.DryRun = false
	got, err := w.ImportCustomers(t.Context(), r)
	want := CustomerImportCounts{Listed: 6, Created: 1, Linked: 1, Renamed: 1, Skipped: 1, Conflicts: 2}
	if err != nil || got.Counts != want || planned.Counts != want {
		t.Fatalf("%+v, planned %+v, %v", got.Counts, planned.Counts, err)
	}
	before = w.dump()
	again, err := w.ImportCustomers(t.Context(), r)
	if err != nil || again.Counts.Unchanged != 3 || w.dump() != before {
		t.Errorf("the second time: %+v, %v", again.Counts, err)
	}
	partner, err := w.ImportCustomers(t.Context(), CustomerImportRequest{Source: "itglue", Customers: []CustomerRow{glue("Old Contoso", "7"), glue("Fabrikam", "12")}})
	outcomes := []string{partner.Customers[0].Outcome, partner.Customers[1].Outcome}
	if err != nil || !slices.Equal(outcomes, []string{OutcomeNameConflict, OutcomeNameDiffers}) {
		t.Errorf("%v, %v", outcomes, err)
	}
}

// TestImportCustomersRenamedInTurn takes over the names that customers hand on to
// one another in one run; two that swapped theirs are left to people.
func TestImportCustomersRenamedInTurn(t *testing.T) {
	w := newWorld(t)
	take := func(names ...string) CustomerImportCounts {
		t.Helper()
		r := CustomerImportRequest{Source: "itglue", Renamers: []string{"itglue"}}
		for i, name := range names {
			r.Customers = append(r.Customers, CustomerRow{Name: name, ExternalIDs: map[string]string{"itglue": strconv.Itoa(100 + i)}})
		}
		result, err := w.ImportCustomers(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		return result.Counts
	}
	take("Alpha", "Beta", "Gamma")
	if got := take("Delta", "Beta", "Alpha", "Gamma"); got.Renamed != 2 || got.Created != 1 || got.Conflicts != 0 {
		t.Errorf("%+v", got)
	}
	if got := take("Delta", "Beta", "Alpha", "Gamma"); got.Unchanged != 4 {
		t.Errorf("again: %+v", got)
	}
	if got := take("Beta", "Delta", "Alpha", "Gamma"); got.Conflicts != 2 || got.Unchanged != 2 {
		t.Errorf("swapped: %+v", got)
	}
}

func plainDecisions(named []NamedDecision) []registry.Decision {
	var list []registry.Decision
	for _, d := range named {
		list = append(list, d.Decision)
	}
	return list
}

// TestImportCustomersByTenant: a tenant is one key, however its letters are written,
// and goes before a name.
func TestImportCustomersByTenant(t *testing.T) {
	const tenant = "5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e0001"
	w := newWorld(t)
	if _, err := w.CreateCustomer(t.Context(), "Tailspin", map[string]string{"m365": strings.ToUpper(tenant)}); err != nil {
		t.Fatal(err)
	}
	found, err := w.Customer(t.Context(), "m365:"+strings.ToUpper(tenant))
	if err != nil || found.ExternalIDs["m365"] != tenant {
		t.Errorf("%+v, %v", found, err)
	}
	r := CustomerImportRequest{Source: "halopsa", Renamers: []string{"itglue", "halopsa"}, Customers: []CustomerRow{
		// By name it comes first in the list, and is another client.
		{Name: "Tailspin", ExternalIDs: map[string]string{"halopsa": "1"}, Note: "a note"},
		{Name: "Tailspin Toys Inc", ExternalIDs: map[string]string{"halopsa": "2", "m365": strings.ToUpper(tenant)}},
	}}
	got, err := w.ImportCustomers(t.Context(), r)
	if err != nil || got.Counts != (CustomerImportCounts{Listed: 2, Created: 1, Renamed: 1}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if c := got.Customers[0]; c.Outcome != OutcomeCreated || c.Detail != "a note" {
		t.Errorf("%+v", c)
	}
	if c := got.Customers[1]; c.ID != found.ID || c.ExternalIDs["m365"] != tenant {
		t.Errorf("%+v is not %s", c, found.ID)
	}
	again, err := w.ImportCustomers(t.Context(), r)
	if err != nil || again.Counts.Unchanged != 2 || again.Customers[0].Detail != "a note" {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// TestImportCustomersOfTwoLists: the second list gives its id to whom it knows, and
// never the name.
func TestImportCustomersOfTwoLists(t *testing.T) {
	w := newWorld(t) // Contoso has the IT Glue id 7
	both := []string{"itglue", "hudu"}
	r := CustomerImportRequest{Source: "hudu", Renamers: both, Customers: []CustomerRow{
		{Name: "Contoso Ltd", ExternalIDs: map[string]string{"hudu": "1", "itglue": "7"}},
	}}
	got, err := w.ImportCustomers(t.Context(), r)
	if c := got.Customers[0]; err != nil || c.Outcome != OutcomeLinked || c.Detail != "here it is Contoso" || got.Counts.Linked != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = w.ImportCustomers(t.Context(), r)
	if c := got.Customers[0]; err != nil || c.Outcome != OutcomeNameDiffers || got.Counts.Unchanged != 1 {
		t.Errorf("again: %+v, %v", got, err)
	}
}
