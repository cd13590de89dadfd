package source

import (
	"maps"
	"reflect"
	"slices"
	"testing"
)

// company is a domain with groups in groups, a circle, and a primary group.
func company() *GroupIndex {
	user := func(id string, primary uint32) *User {
		return &User{Kind: AD, ID: id, SID: "S-1-5-21-1-2-3-1" + id, PrimaryGroup: primary}
	}
	users := []*User{user("ann", 513), user("bob", 513), user("cid", 512), user("dan", 513), user("eve", 513)}
	groups := []Group{
		{ID: "da", Name: "Domain Admins", SID: "S-1-5-21-1-2-3-512", Power: true, Members: []string{"ann", "it"}},
		{ID: "adm", Name: "Administrators", SID: "S-1-5-32-544", Power: true, Members: []string{"da", "round"}},
		{ID: "du", Name: "Domain Users", SID: "S-1-5-21-1-2-3-513"},
		{ID: "it", Name: "IT", Members: []string{"staff", "staff2"}},
		{ID: "staff", Name: "IT Staff", Members: []string{"bob", "it", "unread"}},
		{ID: "staff2", Name: "IT Aides", Members: []string{"bob"}},
		{ID: "round", Name: "Round", Members: []string{"round", "dan", "dan"}},
	}
	return NewGroupIndex(groups, users)
}

func TestGroupsPeople(t *testing.T) {
	x := company()
	for _, tt := range []struct {
		group          string
		direct, nested []string
	}{
		{"da", []string{"ann", "cid"}, []string{"ann", "bob", "cid"}},
		{"adm", nil, []string{"ann", "bob", "cid", "dan"}},
		{"du", []string{"ann", "bob", "dan", "eve"}, []string{"ann", "bob", "dan", "eve"}},
		{"it", nil, []string{"bob"}},
		{"round", []string{"dan"}, []string{"dan"}},
		{"none", nil, nil},
	} {
		if got := slices.Sorted(maps.Keys(x.Direct(tt.group))); !slices.Equal(got, tt.direct) {
			t.Errorf("directly in %s: %v, want %v", tt.group, got, tt.direct)
		}
		if got := slices.Sorted(maps.Keys(x.People(tt.group))); !slices.Equal(got, tt.nested) {
			t.Errorf("in %s: %v, want %v", tt.group, got, tt.nested)
		}
	}
}

func TestPrivileges(t *testing.T) {
	want := map[string][][]string{
		"ann": {{"Domain Admins"}},
		"bob": {{"Domain Admins", "IT", "IT Aides"}},
		"cid": {{"Domain Admins"}}, // by his primary group
		"dan": {{"Administrators", "Round"}},
	}
	if got := company().Privileges(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFindGroups(t *testing.T) {
	groups := []Group{
		{ID: "6fb1e2f8-1111-4222-8333-944455556666", Name: "Sales", Account: "sales", DN: "CN=Sales,OU=Groups,DC=corp,DC=example", SID: "S-1-5-21-1-2-3-1200", Email: "sales@corp.example"},
		{ID: "6fb1e2f8-1111-4222-8333-944455556667", Name: "SALES", Account: "sales-uk"},
		{ID: "6fb1e2f8-1111-4222-8333-944455556668", Name: "Other"},
	}
	for name, want := range map[string]int{
		"{6FB1E2F8-1111-4222-8333-944455556666}": 1,
		"cn=sales, ou=groups,dc=corp,dc=example": 1,
		"s-1-5-21-1-2-3-1200":                    1,
		"sales":                                  2,
		" Sales-UK ":                             1,
		"sales@CORP.example":                     1,
		"nobody":                                 0,
		"":                                       0,
	} {
		if got := FindGroups(groups, name); len(got) != want {
			t.Errorf("%q: %d groups, want %d: %v", name, len(got), want, got)
		}
	}
}

func TestInDoubt(t *testing.T) {
	box := func(id, name string) *User {
		return &User{Kind: M365, ID: id, DisplayName: name, Email: id + "@corp.example", Enabled: Yes, Exchange: Yes, Licensed: Yes}
	}
	sure, noPlan, off, twin, twin2 := box("sure", "Sure"), box("noplan", "No Plan"), box("off", "Off"), box("twin", "Twin"), box("twin2", " twin")
	noPlan.Exchange, off.Enabled = No, No
	guest, told, noMail := box("guest", "Guest"), box("told", "Told"), box("nomail", "No Mail")
	guest.Guest, guest.Exchange = true, No
	told.Exchange, told.Mailbox = No, &Mailbox{Class: MailboxShared}
	noMail.Email, noMail.Exchange = "", No
	var got []string
	for _, u := range InDoubt([]*User{sure, noPlan, off, twin, twin2, guest, told, noMail}) {
		got = append(got, u.ID)
	}
	if want := []string{"noplan", "off", "twin", "twin2"}; !slices.Equal(got, want) {
		t.Errorf("in doubt: %v, want %v", got, want)
	}
}
