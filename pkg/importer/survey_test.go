package importer

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestSurvey looks at a directory that was read once, imports what was seen, and does
// not go back behind what a refresh has read meanwhile.
func TestSurvey(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "ann@x.example")
	w.person(2, "Bob", "OU=London,OU=Staff", "bob@x.example")
	s, err := w.Survey(t.Context(), "Contoso", source.AD)
	if err != nil {
		t.Fatal(err)
	}
	live := func() OUList {
		ous, err := w.OUs(t.Context(), "Contoso", false)
		if err != nil {
			t.Fatal(err)
		}
		return ous
	}()
	if seen := s.OUs(false); len(seen.OUs) != 2 || seen.OUs[0] != live.OUs[0] || seen.Hidden != live.Hidden {
		t.Errorf("OUs %+v, want those of the directory, %+v", seen, live)
	}
	// Whatever becomes of the directory, it is what was read.
	w.ad.People[0].DisplayName = "Anna"
	w.person(3, "Carl", "OU=Staff", "carl@x.example")
	users, err := w.Users(t.Context(), UsersRequest{Customer: "Contoso", Source: source.AD, Survey: s})
	if err != nil || len(users.Users) != 2 {
		t.Fatalf("%+v, %v; want two users", users, err)
	}
	r := ImportRequest{Customer: "Contoso", Source: source.AD, PasswordSync: registry.ModeOff, OUs: []string{"corp.example/Staff"}, Recursive: true, All: true, Survey: s, DryRun: true}
	for range 2 {
		if would, err := w.Import(t.Context(), r); err != nil || would.Counts.Imported != 2 {
			t.Fatalf("would import %+v, %v", would.Counts, err)
		}
	}
	r.DryRun = false
	if got, err := w.Import(t.Context(), r); err != nil || got.Counts.Imported != 2 || got.Accounts[0].DisplayName == "Anna" || got.Accounts[1].DisplayName == "Anna" {
		t.Fatalf("imported %+v, %v", got, err)
	}
	if _, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso"}); err != nil {
		t.Fatal(err)
	}
	if again, err := w.Import(t.Context(), r); err != nil || again.Counts.Unchanged != 2 || again.Run != nil {
		t.Errorf("after a refresh: %+v, %v", again.Counts, err)
	}
	accounts, err := w.Accounts(t.Context(), AccountsRequest{Customer: "Contoso", Filter: Filter{Text: "Anna"}})
	if err != nil || len(accounts.Accounts) != 1 {
		t.Errorf("%+v, %v; want Anna, as the refresh read her", accounts.Accounts, err)
	}
}
