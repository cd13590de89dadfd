package importer

import (
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// grouped is a world with people in groups: p1 and p2 in Staff of London, p3 by his
// primary group, p4 in none.
func grouped(t *testing.T) *world {
	w := newWorld(t)
	for n, ou := range []string{"OU=Staff", "OU=London,OU=Staff", "OU=Other", "OU=Staff"} {
		u := w.person(n+1, string("ABCD"[n]), ou, strings.ToLower(string("abcd"[n]))+"@contoso.example")
		u.SID, u.PrimaryGroup = "S-1-5-21-1-2-3-110"+string("1234"[n]), 513
	}
	w.ad.People[2].PrimaryGroup = 1200
	w.ad.Grouped = []source.Group{
		{Kind: source.AD, ID: sourcetest.GUID(101), Name: "App Users", DN: "CN=App Users," + root, SID: "S-1-5-21-1-2-3-1200", Members: []string{sourcetest.GUID(102)}},
		{Kind: source.AD, ID: sourcetest.GUID(102), Name: "London", Account: "london", Members: []string{sourcetest.GUID(1), sourcetest.GUID(2), sourcetest.GUID(101)}},
		{Kind: source.AD, ID: sourcetest.GUID(103), Name: "Empty"},
		{Kind: source.AD, ID: sourcetest.GUID(104), Name: "EMPTY"},
	}
	return w
}

func names(accounts []ImportedAccount) string {
	var list []string
	for _, a := range accounts {
		list = append(list, a.DisplayName)
	}
	slices.Sort(list)
	return strings.Join(list, "")
}

func TestImportByGroup(t *testing.T) {
	for _, tc := range []struct {
		name string
		ask  ImportRequest
		want string
	}{
		{"nested, and by the primary group", ImportRequest{Groups: []string{"app users"}, All: true}, "ABC"},
		{"one of them unknown", ImportRequest{Groups: []string{"london", "Paris"}, All: true}, "not_found"},
		{"of two groups", ImportRequest{Groups: []string{"london", "App Users"}, All: true}, "ABC"},
		{"narrowed by an OU", ImportRequest{Groups: []string{"App Users"}, OUs: []string{"1"}, All: true}, "A"},
		{"and below", ImportRequest{Groups: []string{"App Users"}, OUs: []string{"1"}, Recursive: true, All: true}, "AB"},
		{"without an OU", ImportRequest{Groups: []string{"App Users"}, ExcludeOUs: []string{"1"}, All: true}, "C"},
		{"by name in a group", ImportRequest{Groups: []string{"App Users"}, Users: []string{"p2"}}, "B"},
		{"by name outside the group", ImportRequest{Groups: []string{"App Users"}, Users: []string{"p4"}}, "not_found"},
		{"by name alone", ImportRequest{Users: []string{"p4"}}, "D"},
		{"by a pattern", ImportRequest{Users: []string{"p?"}}, "ABCD"},
		{"by a pattern that fits nobody", ImportRequest{Users: []string{"p1", "q*"}}, "not_found"},
		{"of a name that two groups have", ImportRequest{Groups: []string{"empty"}, All: true}, "not_unique"},
		{"nobody but by an OU or a group", ImportRequest{All: true}, "usage"},
		{"by a licence", ImportRequest{Licensed: true, All: true}, "usage"},
	} {
		w := grouped(t)
		r := tc.ask
		r.Customer, r.Source, r.PasswordSync = "Contoso", source.AD, registry.ModeOff
		got, err := w.Import(t.Context(), r)
		said := names(got.Accounts)
		if err != nil {
			said = string(source.CodeOf(err))
		}
		if said != tc.want {
			t.Errorf("%s: %q (%v), want %q", tc.name, said, err, tc.want)
		}
	}
}

// TestGroupsAreKeptByID: a group that is renamed still selects; one that is gone is
// an error, and nobody leaves the selection for it.
func TestGroupsAreKeptByID(t *testing.T) {
	w := grouped(t)
	w.mustImport(ImportRequest{Customer: "Contoso", Source: source.AD, PasswordSync: registry.ModeOff, Groups: []string{"App Users"}, All: true})
	w.ad.Grouped[0].Name, w.ad.Grouped[1].Members = "Users of the app", w.ad.Grouped[1].Members[1:]
	w.ad.People[3].PrimaryGroup = 1200 // D comes in, A is out
	r, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso", ImportNew: true, Sources: []source.Kind{source.AD}})
	if err != nil || r.Counts.OutOfScope != 1 || r.Counts.Imported != 1 || len(r.New) != 1 || r.New[0].DisplayName != "D" {
		t.Fatalf("%+v, %v", r, err)
	}
	whole := w.ad.Grouped
	w.ad.Grouped = whole[1:]
	before := w.dump()
	_, err = w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso", Sources: []source.Kind{source.AD}})
	wantCode(t, err, source.CodeNotFound)
	if !strings.Contains(err.Error(), `"App Users"`) {
		t.Errorf("the error does not name the group: %v", err)
	}
	_, err = w.Import(t.Context(), ImportRequest{Customer: "Contoso", Source: source.AD, Groups: []string{sourcetest.GUID(101)}, All: true})
	wantCode(t, err, source.CodeNotFound)
	if accountsOf(w.dump()) != accountsOf(before) {
		t.Error("accounts were changed for a group that is gone")
	}
	// The way out: forget the selection.
	forgotten, err := w.ForgetSelections(t.Context(), "Contoso", []string{"1"})
	if err != nil || len(forgotten.Selections) != 1 || forgotten.Selections[0].Groups[0].Name != "App Users" {
		t.Fatalf("%+v, %v", forgotten, err)
	}
	if _, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso", Sources: []source.Kind{source.AD}}); err != nil {
		t.Errorf("after it was forgotten: %v", err)
	}
	_, err = w.ForgetSelections(t.Context(), "Contoso", []string{"1"})
	wantCode(t, err, source.CodeNotFound)
}

// accountsOf are the rows of a dump that are accounts.
func accountsOf(dump string) string {
	var rows []string
	for row := range strings.Lines(dump) {
		if strings.HasPrefix(row, "accounts|") {
			rows = append(rows, row)
		}
	}
	return strings.Join(rows, "")
}

func TestGroups(t *testing.T) {
	w := grouped(t)
	got, err := w.Groups(t.Context(), GroupsRequest{Customer: "Contoso", Source: source.AD})
	if err != nil || len(got.Groups) != 2 || got.Empty != 2 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, want := range []Group{{Name: "London", Members: 2, Nested: 3}, {Name: "App Users", Members: 1, Nested: 3}} {
		if g := got.Groups[i]; g.Name != want.Name || g.Members != want.Members || g.Nested != want.Nested {
			t.Errorf("%+v, want %+v", g, want)
		}
	}
	w.ad.GroupsFail = &source.Error{Code: source.CodePermission, Message: "no"}
	_, err = w.Groups(t.Context(), GroupsRequest{Customer: "Contoso", Source: source.AD})
	wantCode(t, err, source.CodePermission)
	users, err := w.Users(t.Context(), UsersRequest{Customer: "Contoso", Source: source.AD, Details: true})
	if err != nil || len(users.Users) != 4 || users.Users[0].Groups != nil || len(users.Notes) != 1 {
		t.Errorf("users are not shown where groups may not be: %+v, %v", users, err)
	}
}

func TestImportByLicence(t *testing.T) {
	for _, tc := range []struct {
		name string
		ask  ImportRequest
		want string
	}{
		{"licensed", ImportRequest{Licensed: true}, "AB"},
		{"by name", ImportRequest{SKUs: []string{"spe_e3"}}, "A"},
		{"by id", ImportRequest{SKUs: []string{"SKU-2"}}, "B"},
		{"two", ImportRequest{SKUs: []string{"sku-2", "SPE_E3"}}, "AB"},
		{"unknown", ImportRequest{SKUs: []string{"SPE_E5"}}, "not_found"},
		{"with an OU", ImportRequest{SKUs: []string{"SPE_E3"}, OUs: []string{"1"}}, "usage"},
	} {
		w := newWorld(t)
		for n := range 3 {
			u := w.mailbox(11+n, string("ABC"[n]), strings.ToLower(string("abc"[n]))+"@contoso.example")
			u.Licensed = source.FlagOf(n < 2)
		}
		w.m365.People[0].Licences, w.m365.People[1].Licences = []string{"sku-1", "sku-3"}, []string{"sku-2"}
		w.m365.Products = []source.Licence{{ID: "sku-1", Name: "SPE_E3"}, {ID: "sku-2", Name: "O365_BUSINESS"}}
		r := tc.ask
		r.Customer, r.Source, r.PasswordSync, r.All = "Contoso", source.M365, registry.ModeOff, true
		got, err := w.Import(t.Context(), r)
		said := names(got.Accounts)
		if err != nil {
			said = string(source.CodeOf(err))
		}
		if said != tc.want {
			t.Errorf("%s: %q (%v), want %q", tc.name, said, err, tc.want)
		}
	}
	w := newWorld(t)
	w.mailbox(11, "A", "a@contoso.example")
	_, err := w.Import(t.Context(), ImportRequest{Customer: "Contoso", Source: source.M365, PasswordSync: registry.ModeOff, Licensed: true, All: true})
	if wantCode(t, err, source.CodeUsage); !strings.Contains(err.Error(), "does not say who has a licence") {
		t.Errorf("%v", err)
	}
}
