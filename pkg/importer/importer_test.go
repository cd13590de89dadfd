package importer

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

const root = "DC=corp,DC=example"

// world is a registry with one customer, Contoso, whose directories are values.
type world struct {
	*Importer
	path     string
	db       *sql.DB // of the state file, beside the importer
	t        *testing.T
	ad, m365 *sourcetest.Memory
	ticks    atomic.Int64 // each look at the clock is a second later
}

func newWorld(t *testing.T) *world {
	w := &world{t: t}
	w.ad = &sourcetest.Memory{
		Identity: source.Info{Kind: source.AD, ID: "S-1-5-21-1-2-3", Name: "corp.example"},
		Domain: source.Tree{Root: root, Containers: []source.Container{
			{ID: "r", DN: root, Class: "domainDNS"},
			{ID: "1", DN: "OU=Staff," + root, Name: "Staff", Class: "organizationalUnit"},
			{ID: "2", DN: "OU=London,OU=Staff," + root, Name: "London", Class: "organizationalUnit"},
			{ID: "3", DN: "OU=Other," + root, Name: "Other", Class: "organizationalUnit"},
			{ID: "4", DN: "CN=System," + root, Name: "System", Class: "container", WellKnown: "AB1D30F3768811D1ADED00C04FD8D5CD"},
		}},
	}
	w.m365 = &sourcetest.Memory{Identity: source.Info{Kind: source.M365, ID: sourcetest.GUID(999), Name: "Contoso"}}
	w.path = filepath.Join(t.TempDir(), "state.db")
	w.Importer = w.reopen(w.path)
	if _, err := w.CreateCustomer(t.Context(), "Contoso", map[string]string{"itglue": "7"}); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if _, err := w.Connect(t.Context(), "Contoso", source.ExportOf(kind, "x")); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) reopen(path string) *Importer {
	store, err := sqlite.Open(w.t.Context(), path, false)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.db, err = sql.Open("sqlite", path); err != nil {
		w.t.Fatal(err)
	}
	im := New(Options{Store: store, Open: sourcetest.Open(w.ad, w.m365), Now: func() time.Time {
		return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(w.ticks.Add(1)) * time.Second)
	}})
	w.t.Cleanup(func() { _ = w.db.Close() })
	w.t.Cleanup(func() { _ = im.Close() })
	return im
}

// person adds an AD user.
func (w *world) person(n int, name, ou, mail string) *source.User {
	w.ad.People = append(w.ad.People, source.User{
		Kind: source.AD, ID: sourcetest.GUID(n), DN: fmt.Sprintf("CN=p%d,%s,%s", n, ou, root), Username: fmt.Sprintf("p%d", n),
		UPN: fmt.Sprintf("p%d@corp.example", n), DisplayName: name, Email: mail, Enabled: source.Yes,
	})
	return &w.ad.People[len(w.ad.People)-1]
}

// mailbox adds a Microsoft 365 user.
func (w *world) mailbox(n int, name, mail string) *source.User {
	w.m365.People = append(w.m365.People, source.User{
		Kind: source.M365, ID: sourcetest.GUID(n), Username: mail, UPN: mail, DisplayName: name, Email: mail, Enabled: source.Yes, Exchange: source.Yes,
	})
	return &w.m365.People[len(w.m365.People)-1]
}

// dump is every row of the registry that holds what users care for.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	err := func() error {
		for _, table := range []string{"customers", "external_ids", "directories", "accounts", "people", "selections", "decisions", "runs", "changes"} {
			rows, err := w.db.Query(`SELECT * FROM ` + table)
			if err != nil {
				return err
			}
			defer func() { _ = rows.Close() }()
			names, _ := rows.Columns()
			for rows.Next() {
				values := make([]any, len(names))
				for i := range values {
					values[i] = new(any)
				}
				if err := rows.Scan(values...); err != nil {
					return err
				}
				fmt.Fprint(&b, table)
				for _, v := range values {
					fmt.Fprintf(&b, "|%v", *v.(*any))
				}
				b.WriteByte('\n')
			}
			if err := rows.Err(); err != nil {
				return err
			}
		}
		return nil
	}()
	if err != nil {
		w.t.Fatal(err)
	}
	return b.String()
}

func staff(mode registry.Mode) ImportRequest {
	return ImportRequest{Customer: "contoso", Source: source.AD, PasswordSync: mode, OUs: []string{"corp.example/Staff"}, Recursive: true, All: true}
}

func (w *world) mustImport(r ImportRequest) ImportResult {
	w.t.Helper()
	result, err := w.Import(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

func (w *world) mustMatch(r MatchRequest) MatchResult {
	w.t.Helper()
	r.Customer = "Contoso"
	result, err := w.Match(w.t.Context(), r)
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

// byHand carries out rows that are named one by one.
func (w *world) byHand(rows ...DecisionRow) MatchResult {
	w.t.Helper()
	result, err := w.MatchByHand(w.t.Context(), HandRequest{Customer: "Contoso", Rows: rows})
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

func joined(ad, m365 string) DecisionRow {
	return DecisionRow{AD: ad, M365: m365, Verdict: match.VerdictMatch}
}

func parted(ad string) DecisionRow {
	return DecisionRow{AD: ad, Verdict: match.VerdictReject, Reason: "parted by hand"}
}

func wantCode(t *testing.T, err error, code source.Code) {
	t.Helper()
	if source.CodeOf(err) != code {
		t.Fatalf("got error %v (code %q), want code %q", err, source.CodeOf(err), code)
	}
}

func TestImportOff(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "ann@contoso.example")
	w.person(2, "Bob", "OU=London,OU=Staff", "")
	w.person(3, "Cid", "OU=Staff", "same@contoso.example")
	w.person(4, "Dee", "OU=Staff", "Same@Contoso.example")
	w.person(5, "Eve", "OU=Staff", "no address")
	w.person(6, "Fay", "OU=Staff", "fay@contoso.example").Enabled = source.No
	w.person(7, "Root", "OU=Staff", "").Critical = true
	w.person(8, "Gus", "OU=Other", "gus@contoso.example")

	dry := staff(registry.ModeOff)
	dry.DryRun = true
	before := w.dump()
	planned := w.mustImport(dry)
	if w.dump() != before {
		t.Error("a dry run wrote something")
	}
	got := w.mustImport(staff(registry.ModeOff))
	if want := (ImportCounts{Selected: 5, Imported: 5, Skipped: 2, NeedsEmail: 4}); got.Counts != want || planned.Counts != want {
		t.Errorf("counts %+v, planned %+v; want %+v", got.Counts, planned.Counts, want)
	}
	if planned.Applied || planned.Run != nil || !got.Applied || got.Run == nil {
		t.Errorf("applied %v/%v run %v/%v", planned.Applied, got.Applied, planned.Run, got.Run)
	}
	issues := map[string]string{}
	for _, a := range got.Accounts {
		issue := "none"
		if a.EmailIssue != nil {
			issue = *a.EmailIssue
		}
		issues[a.DisplayName] = issue
	}
	want := map[string]string{"Ann": "none", "Bob": registry.EmailMissing, "Cid": registry.EmailDuplicate, "Dee": registry.EmailDuplicate, "Eve": registry.EmailInvalid}
	if !reflect.DeepEqual(issues, want) {
		t.Errorf("issues %v, want %v", issues, want)
	}
	reasons := []string{got.Skipped[0].Reason, got.Skipped[1].Reason}
	if !slices.Equal(reasons, []string{source.SkipDisabled, source.SkipSystem}) {
		t.Errorf("skipped %+v", got.Skipped)
	}

	before = w.dump()
	again := w.mustImport(staff(""))
	if want := (ImportCounts{Selected: 5, Unchanged: 5, Skipped: 2, NeedsEmail: 4}); again.Counts != want || again.Run != nil {
		t.Errorf("the second import: %+v, run %v", again.Counts, again.Run)
	}
	if w.dump() != before {
		t.Error("the second import wrote something")
	}

	// A newcomer with somebody's address makes both wait, and says so.
	w.person(9, "Ann too", "OU=Staff", "ANN@contoso.example")
	if taken := w.mustImport(ImportRequest{Customer: "Contoso", Source: source.AD, OUs: []string{"1"}, Users: []string{"p9"}}); taken.Counts.OthersChanged != 1 {
		t.Errorf("a shared address: %+v", taken.Counts)
	}
	if _, err := w.DeleteAccounts(t.Context(), DeleteRequest{Customer: "Contoso", Accounts: []string{"p9"}}); err != nil {
		t.Fatal(err)
	}
	w.ad.People = w.ad.People[:len(w.ad.People)-1]

	// One of the two that share an address gets another: both are usable.
	if _, err := w.SetEmails(t.Context(), EmailsRequest{Customer: "Contoso", Changes: []EmailChange{{Account: "p4", Email: "dee@contoso.example"}}}); err != nil {
		t.Fatal(err)
	}
	for _, sel := range []string{"p3", "p4"} {
		a, err := w.Account(t.Context(), "", sel)
		if err != nil || a.State != registry.StateActive {
			t.Errorf("%s: %+v, %v", sel, a, err)
		}
	}
	if again := w.mustImport(staff("")); again.Counts.Unchanged != 5 {
		t.Errorf("an address set by hand did not stay: %+v", again.Counts)
	}
}

func TestImportSelects(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "a@x.example")
	w.person(2, "Bob", "OU=London,OU=Staff", "b@x.example")
	w.person(3, "svc backup", "OU=Staff", "").Username = "svc-backup"
	w.person(4, "Gus", "OU=Other", "g@x.example")
	w.person(5, "Deep", "CN=System", "d@x.example")
	w.person(6, "Gone", "OU=Staff", "gone@x.example").Enabled = source.No

	names := func(r ImportRequest) string {
		t.Helper()
		r.Customer, r.Source, r.PasswordSync, r.DryRun = "Contoso", source.AD, registry.ModeOff, true
		if len(r.Users) == 0 {
			r.All = true
		}
		result := w.mustImport(r)
		var got []string
		for _, a := range result.Accounts {
			got = append(got, a.DisplayName)
		}
		slices.Sort(got)
		return fmt.Sprintf("%s +%d", strings.Join(got, ","), result.Counts.NotTakenBelow)
	}
	tests := []struct {
		name string
		r    ImportRequest
		want string
	}{
		{"direct", ImportRequest{OUs: []string{"OU=Staff," + root}}, "Ann,svc backup +1"},
		{"recursive", ImportRequest{OUs: []string{"1"}, Recursive: true}, "Ann,Bob,svc backup +0"},
		{"two OUs", ImportRequest{OUs: []string{"1", "3"}}, "Ann,Gus,svc backup +1"},
		{"the domain", ImportRequest{OUs: []string{root}, Recursive: true}, "Ann,Bob,Deep,Gus,svc backup +0"},
		{"the domain, direct", ImportRequest{OUs: []string{root}}, " +6"},
		{"excluded", ImportRequest{OUs: []string{"1"}, Exclude: []string{"SVC-*"}}, "Ann +1"},
		{"by name", ImportRequest{OUs: []string{"1"}, Users: []string{"P1@corp.example"}}, "Ann +1"},
		{"a disabled one by name", ImportRequest{OUs: []string{"1"}, Users: []string{"gone@x.example"}}, "Gone +1"},
		{"with disabled", ImportRequest{OUs: []string{"1"}, IncludeDisabled: true, Exclude: []string{"svc*"}}, "Ann,Gone +1"},
	}
	for _, tt := range tests {
		if got := names(tt.r); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

func TestImportRefuses(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "a@x.example")
	w.person(2, "Ann", "OU=Staff", "a@x.example")
	do := func(change func(*ImportRequest)) error {
		r := staff(registry.ModeOff)
		change(&r)
		_, err := w.Import(t.Context(), r)
		return err
	}
	before := w.dump()
	tests := []struct {
		name   string
		change func(*ImportRequest)
		code   source.Code
	}{
		{"no such customer", func(r *ImportRequest) { r.Customer = "Fabrikam" }, source.CodeNotFound},
		{"no customer", func(r *ImportRequest) { r.Customer = "" }, source.CodeUsage},
		{"no mode", func(r *ImportRequest) { r.PasswordSync = "" }, CodePasswordSyncUnset},
		{"no OU", func(r *ImportRequest) { r.OUs = nil }, source.CodeUsage},
		{"no such OU", func(r *ImportRequest) { r.OUs = []string{"corp.example/Nowhere"} }, source.CodeNotFound},
		{"nobody chosen", func(r *ImportRequest) { r.All = false }, source.CodeUsage},
		{"all and some", func(r *ImportRequest) { r.Users = []string{"p1"} }, source.CodeUsage},
		{"no such user", func(r *ImportRequest) { r.All, r.Users = false, []string{"zoe"} }, source.CodeNotFound},
		{"two hits", func(r *ImportRequest) { r.All, r.Users = false, []string{"a@x.example"} }, CodeNotUnique},
		{"m365 in mode on", func(r *ImportRequest) { r.PasswordSync, r.Source, r.OUs = registry.ModeOn, source.M365, nil }, CodeRefused},
		{"an OU of m365", func(r *ImportRequest) { r.Source = source.M365 }, source.CodeUsage},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { wantCode(t, do(tt.change), tt.code) })
	}
	w.ad.FailAfter = 1
	wantCode(t, do(func(*ImportRequest) {}), source.CodeIncomplete)
	if w.dump() != before {
		t.Error("a refused import wrote something")
	}
	w.ad.FailAfter = 0
	w.mustImport(staff(registry.ModeOff))
	wantCode(t, do(func(r *ImportRequest) { r.PasswordSync = registry.ModeOn }), CodePasswordSyncLocked)
	_, err := w.SetPasswordSync(t.Context(), "Contoso", registry.ModeOn)
	wantCode(t, err, CodePasswordSyncLocked)
	w.ad.Identity.ID = "S-1-5-21-9-9-9"
	wantCode(t, do(func(*ImportRequest) {}), CodeDirectoryChanged)
}

func TestMatch(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann Lee", "OU=Staff", "old@corp.example")
	w.person(2, "John Smith", "OU=Staff", "")
	w.person(3, "john  smith", "OU=Staff", "")
	w.person(4, "Zoe", "OU=Staff", "")
	w.mailbox(11, "ann lee", "ann@contoso.example")
	w.mailbox(12, "John Smith", "john@contoso.example")
	w.mailbox(13, "Nobody", "nobody@contoso.example")
	w.mailbox(14, "Zoe", "").Exchange = source.No

	imported := w.mustImport(staff(registry.ModeOn))
	for _, a := range imported.Accounts {
		if a.State != registry.StatePendingMatch || a.Email != "" || a.EmailSource != nil {
			t.Errorf("staged with %+v", a.Account)
		}
	}
	dry := w.mustMatch(MatchRequest{By: match.ByDisplayName, DryRun: true})
	got := w.mustMatch(MatchRequest{By: match.ByDisplayName})
	want := MatchCounts{Matched: 1, Ambiguous: 2, UnmatchedAD: 1, UnmatchedM365: 1}
	if got.Counts != want || dry.Counts != want || dry.Applied || !got.Applied {
		t.Errorf("counts %+v, planned %+v; want %+v", got.Counts, dry.Counts, want)
	}
	ann, err := w.Account(t.Context(), "Contoso", "p1")
	if err != nil || ann.State != registry.StateActive || ann.Email != "ann@contoso.example" || *ann.EmailSource != registry.EmailFromM365 || ann.AD.Status != "ok" || ann.M365.Status != "ok" {
		t.Errorf("after the match: %+v, %v", ann, err)
	}
	before := w.dump()
	if again := w.mustMatch(MatchRequest{By: match.ByDisplayName}); again.Run != nil || again.Counts.AlreadyMatched != 1 || w.dump() != before {
		t.Errorf("the second match: %+v", again.Counts)
	}

	pair := w.byHand(joined("p2", "john@contoso.example"))
	if pair.Counts.Matched != 1 || pair.Pairs[0].Reason != ReasonManual {
		t.Errorf("by hand: %+v", pair)
	}
	refused := []struct {
		name string
		row  DecisionRow
		code source.Code
	}{
		{"a mailbox that is taken", joined("p3", "john@contoso.example"), CodePairTaken},
		{"a user that is matched", joined("p2", "nobody@contoso.example"), CodePairTaken},
		{"no address", joined("p4", sourcetest.GUID(14)), CodeRefused},
		{"no such account", joined("p9", "nobody@contoso.example"), source.CodeNotFound},
		{"no such mailbox", joined("p4", "x@contoso.example"), source.CodeNotFound},
	}
	before = w.dump()
	for _, tt := range refused {
		_, err := w.MatchByHand(t.Context(), HandRequest{Customer: "Contoso", Rows: []DecisionRow{tt.row}})
		t.Run(tt.name, func(t *testing.T) { wantCode(t, err, tt.code) })
	}
	if again := w.byHand(joined("p2", "john@contoso.example")); again.Run != nil || !again.Pairs[0].Unchanged {
		t.Errorf("the same pair again: %+v", again)
	}
	if w.dump() != before {
		t.Error("a refused or repeated pair wrote something")
	}
	if both := w.byHand(joined("p3", "john@contoso.example"), parted("p2")); both.Counts.Unpaired != 1 || both.Counts.Matched != 1 {
		t.Errorf("parted and paired: %+v", both.Counts)
	}
	john, err := w.Account(t.Context(), "Contoso", "p2")
	if err != nil || john.State != registry.StatePendingMatch || john.M365 != nil || john.Email != "" {
		t.Errorf("parted: %+v, %v", john, err)
	}
	if again := w.mustImport(staff("")); again.Counts.Unchanged != 4 {
		t.Errorf("an import after the match: %+v", again.Counts)
	}
}

func TestCustomers(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateCustomer(t.Context(), " CONTOSO ", nil)
	wantCode(t, err, CodeNameTaken)
	_, err = w.CreateCustomer(t.Context(), "Fabrikam", map[string]string{"itglue": "7"})
	wantCode(t, err, CodeNameTaken)
	_, err = w.CreateCustomer(t.Context(), "\u200b \t", nil)
	wantCode(t, err, source.CodeUsage)
	if all, err := w.Customers(t.Context()); err != nil || len(all) != 1 || all[0].ExternalIDs["itglue"] != "7" {
		t.Errorf("customers %+v, %v", all, err)
	}
	w.person(1, "Ann", "OU=Staff", "a@x.example")
	w.mustImport(staff(registry.ModeOff))
	_, err = w.DeleteCustomer(t.Context(), "contoso", false)
	wantCode(t, err, CodeAccountsExist)
	if _, err := w.RenameCustomer(t.Context(), "contoso", "Contoso Ltd"); err != nil {
		t.Error(err)
	}
	if c, err := w.DeleteCustomer(t.Context(), "contoso ltd", true); err != nil || c.Accounts.Total != 1 {
		t.Errorf("deleted %+v, %v", c, err)
	}
	if all, err := w.Customers(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("customers %+v, %v", all, err)
	}
}

// TestConnectionSpelledOtherwise checks that what an older version stored as it
// was spelled is no other connection now.
func TestConnectionSpelledOtherwise(t *testing.T) {
	w := newWorld(t)
	if _, err := w.db.Exec(`UPDATE directories SET connection = '{"transport":"ldaps","url":"LDAPS://DC1:636/","bind_dn":"svc","bind_password_from":"env:PW"}' WHERE kind = 'ad'`); err != nil {
		t.Fatal(err)
	}
	m := parse(t, `
version: 1
customers:
  - name: Contoso
    directories: {ad: {url: "ldaps://dc1", bind_dn: svc, bind_password: "env:PW"}}
`)
	if r := w.bulk(BulkRequest{Manifest: m}); r.Counts.Unchanged != 1 {
		t.Errorf("%+v", r.Customers)
	}
}

// TestHistory reads back what a run recorded, and takes it back.
func TestHistory(t *testing.T) {
	w := newWorld(t)
	ann := w.person(1, "Ann", "OU=Staff", "a@x.example")
	first := w.mustImport(staff(registry.ModeOff))
	ann.DisplayName = "Ann Lee"
	second := w.mustImport(staff(""))
	runs, err := w.store.Runs(t.Context(), registry.RunFilter{})
	if err != nil || len(runs) != 5 || runs[0].ID != *second.Run || runs[0].Command != "import" || runs[0].Updated != 1 || runs[1].Created != 2 ||
		!strings.Contains(string(runs[1].Params), `"ous":["corp.example/Staff"]`) {
		t.Fatalf("%+v, %v", runs, err)
	}
	for _, id := range []int64{*second.Run, *first.Run} {
		if _, err := w.Undo(t.Context(), id, false); err != nil {
			t.Fatal(err)
		}
		if id == *second.Run {
			if a, err := w.Account(t.Context(), "", "p1"); err != nil || a.DisplayName != "Ann" || !a.UpdatedAt.Equal(a.ImportedAt) {
				t.Errorf("taken back: %+v, %v", a, err)
			}
		}
	}
	c, err := w.Customer(t.Context(), "Contoso")
	if err != nil || c.Accounts.Total != 0 || c.PasswordSync != registry.ModeUnset {
		t.Errorf("all taken back: %+v, %v", c, err)
	}
}

// TestHistoryThereAndBack takes everything back, run by run, and does each again:
// what comes of it is what there was.
func TestHistoryThereAndBack(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "")
	w.person(2, "Bob", "OU=Staff", "")
	w.mailbox(3, "Ann", "ann@x.example")
	w.mailbox(4, "Bobby", "bobby@x.example")
	w.mustImport(staff(registry.ModeOn))
	w.mustMatch(MatchRequest{By: match.ByDisplayName})
	w.byHand(joined("p2", "bobby@x.example"))
	w.byHand(parted("p2"))
	for _, change := range []func() error{
		func() error {
			_, err := w.SetEmails(t.Context(), EmailsRequest{Customer: "contoso", Changes: []EmailChange{{Account: "p1", Email: "other@x.example"}}})
			return err
		},
		func() error {
			_, err := w.DeleteAccounts(t.Context(), DeleteRequest{Customer: "contoso", Accounts: []string{"p2"}})
			return err
		},
		func() error { _, err := w.Connect(t.Context(), "contoso", source.ExportOf(source.AD, "y")); return err },
		func() error { _, err := w.Disconnect(t.Context(), "contoso", source.M365, ""); return err },
		func() error { _, err := w.ForgetDecisions(t.Context(), "contoso", nil, true); return err },
		func() error { _, err := w.RenameCustomer(t.Context(), "contoso", "Contoso Ltd"); return err },
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
	}
	runs, err := w.store.Runs(t.Context(), registry.RunFilter{})
	if err != nil {
		t.Fatal(err)
	}
	now, err := w.find(t.Context(), "Contoso Ltd", everything)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs[:len(runs)-1] { // all but that which made the customer
		changes, err := w.store.Changes(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		before, conflicts, err := now.Replay(registry.Inverse(changes))
		if err != nil || len(conflicts) > 0 {
			t.Fatalf("%s: %v, %v", run.Command, conflicts, err)
		}
		again, conflicts, err := before.Replay(changes)
		if err != nil || len(conflicts) > 0 {
			t.Fatalf("%s again: %v, %v", run.Command, conflicts, err)
		}
		if cs := registry.NewChangeSet(now, again); len(cs.Changes) > 0 {
			t.Errorf("%s there and back: %+v", run.Command, cs.Changes)
		}
		now = before
	}
	if len(now.Accounts)+len(now.Directories)+len(now.Decisions)+len(now.Selections) > 0 || now.Customer.Name != "Contoso" {
		t.Errorf("all taken back: %+v", now)
	}
}

// TestTogether has two processes change one customer between each other's
// reading and writing.
func TestTogether(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "a@x.example")
	w.person(2, "Bob", "OU=Staff", "")
	w.mustImport(staff(registry.ModeOff))
	other := w.reopen(w.path)
	interrupted := false
	_, err := w.change(context.Background(), "Contoso", command{name: "test"}, func(d *draft) error {
		if !interrupted {
			interrupted = true
			if _, err := other.SetEmails(t.Context(), EmailsRequest{Customer: "Contoso", Changes: []EmailChange{{Account: "p2", Email: "bob@x.example"}}}); err != nil {
				return err
			}
		}
		for i := range d.after.Accounts {
			d.edit(i).Surname = "Changed"
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	bob, err := w.Account(t.Context(), "", "p2")
	if err != nil || bob.Email != "bob@x.example" || bob.Surname != "Changed" {
		t.Errorf("an update was lost: %+v, %v", bob, err)
	}
}

func TestValidEmail(t *testing.T) {
	for _, good := range []string{"a@b.example", "o'neil+x@sub.b-c.example", "jürgen@münchen.example", "名@例え.example"} {
		if !validEmail(good) {
			t.Errorf("refused %q", good)
		}
	}
	for _, bad := range []string{"", "a", "a@b", "@b.example", "a@", "a b@c.example", "a@b..example", ".a@b.example", "a.@b.example", "a..b@c.example",
		"a@-b.example", "a@b.example\n", "a@b@c.example", "a\u202e@b.example", strings.Repeat("a", 65) + "@b.example", "a@[127.0.0.1]", "<a@b.example>", "a,b@c.example"} {
		if validEmail(bad) {
			t.Errorf("accepted %q", bad)
		}
	}
}

// A clock that was ahead for a while does not keep later reads from being learnt.
func TestClockSetBack(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "")
	w.ticks.Store(1_000_000)
	w.mustImport(staff(registry.ModeOn))
	w.ticks.Store(1000)
	w.person(2, "Bob", "OU=Staff", "")
	w.mustImport(staff(registry.ModeOn))
	w.mailbox(3, "Robert", "bob@contoso.example")
	w.ad.People = w.ad.People[:1]
	got := w.mustMatch(MatchRequest{By: match.ByDisplayName})
	if got.Counts.UnmatchedAD != 2 || got.UnmatchedAD[1].Reason != match.ReasonGone {
		t.Errorf("%+v", got.UnmatchedAD)
	}
	if got := w.byHand(joined("p2", "bob@contoso.example")); got.Counts.Matched != 1 {
		t.Errorf("%+v", got.Counts)
	}
}

// overtaken is a directory that another process reads, and acts on, before what
// was read here is made use of.
type overtaken struct {
	*sourcetest.Memory
	by func()
}

func (o overtaken) Close() error { o.by(); return nil }

// A refresh that was overtaken by another with a newer read does not bring back
// what that one found changed.
func TestRefreshOvertaken(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "a@x.example")
	w.person(2, "Bob", "OU=Staff", "b@x.example")
	w.mustImport(staff(registry.ModeOff))
	w.ad.People[0].DisplayName = "Ann Bell"
	other, slow := w.Importer, w.reopen(w.path)
	once := false
	slow.open = func(ctx context.Context, c source.Connection) (source.Directory, error) {
		return overtaken{w.ad, func() {
			if once {
				return
			}
			once = true
			w.ad.People = []source.User{w.ad.People[0]}
			w.ad.People[0].DisplayName, w.ad.People[0].Enabled = "Ann Lee", source.No
			if _, err := other.Refresh(t.Context(), RefreshRequest{Customer: "contoso"}); err != nil {
				t.Error(err)
			}
		}}, nil
	}
	got, err := slow.Refresh(t.Context(), RefreshRequest{Customer: "contoso", Sources: []source.Kind{source.AD}})
	if err != nil || got.Run != nil || got.Counts.Unchanged != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	ann, err := w.Account(t.Context(), "", "p1")
	if err != nil || ann.DisplayName != "Ann Lee" || ann.AD.Status != registry.StatusDisabled {
		t.Errorf("%+v, %v", ann, err)
	}
	if bob, err := w.Account(t.Context(), "", "p2"); err != nil || bob.AD.Status != registry.StatusMissing {
		t.Errorf("%+v, %v", bob, err)
	}
	if again, err := w.Refresh(t.Context(), RefreshRequest{Customer: "contoso"}); err != nil || again.Run != nil {
		t.Errorf("%+v, %v", again, err)
	}
}

// TestLivingClaim gives an address to the living person who has it, whoever else had
// it before and is gone or switched off; of two living people nobody has it.
func TestLivingClaim(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann Lee", "OU=Staff", "ann@x.example")
	w.person(2, "Bob Kane", "OU=Staff", "bob@x.example")
	w.mustImport(staff(registry.ModeOff))
	state := func(username string) string {
		t.Helper()
		a, err := w.Account(t.Context(), "Contoso", username)
		if err != nil {
			t.Fatal(err)
		}
		return string(a.State)
	}
	w.person(3, "Ann Lund", "OU=Staff", "ANN@x.example")
	w.mustImport(staff(""))
	if state("p1") != "needs_email" || state("p3") != "needs_email" {
		t.Errorf("two living people of one address: %s, %s", state("p1"), state("p3"))
	}
	w.ad.People[0].Enabled = source.No
	if _, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso"}); err != nil {
		t.Fatal(err)
	}
	if state("p1") != "needs_email" || state("p3") != "active" {
		t.Errorf("disabled %s, living %s", state("p1"), state("p3"))
	}
	// The two who are not there do not settle it among themselves either.
	w.ad.People[2].Enabled = source.No
	if _, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso"}); err != nil {
		t.Fatal(err)
	}
	if state("p1") != "needs_email" || state("p3") != "needs_email" || state("p2") != "active" {
		t.Errorf("both disabled: %s, %s", state("p1"), state("p3"))
	}
	// By hand a living person is given the address of one who is switched off.
	if _, err := w.SetEmails(t.Context(), EmailsRequest{Customer: "Contoso", Changes: []EmailChange{{Account: "p2", Email: "ann@x.example"}}}); err != nil {
		t.Error(err)
	}
	if state("p2") != "active" {
		t.Errorf("by hand: %s", state("p2"))
	}
}
