package source

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestParseDN(t *testing.T) {
	tests := []struct {
		dn   string
		want []RDN
	}{
		{"CN=Ann,DC=corp", []RDN{{"CN", "Ann"}, {"DC", "corp"}}},
		{`OU=Sales\, Marketing/PR,OU=Staff`, []RDN{{"OU", "Sales, Marketing/PR"}, {"OU", "Staff"}}},
		{`CN=a\2Cb\\c\ , DC = x`, []RDN{{"CN", `a,b\c `}, {"DC", "x"}}},
		{`CN="a,b",DC=x`, []RDN{{"CN", "a,b"}, {"DC", "x"}}},
		{`CN=J\C3\BCrg,DC=x`, []RDN{{"CN", "Jürg"}, {"DC", "x"}}},
		{`CN=x\0ACNF:1,DC=x`, []RDN{{"CN", "x\nCNF:1"}, {"DC", "x"}}},
	}
	for _, tt := range tests {
		got, err := ParseDN(tt.dn)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("ParseDN(%q) = %q, %v; want %q", tt.dn, got, err, tt.want)
		}
	}
	for _, bad := range []string{"", "Staff", "CN=a,,DC=x", `CN=a\`, "=x", "corp.example/Staff"} {
		if got, err := ParseDN(bad); err == nil {
			t.Errorf("ParseDN(%q) = %q, want an error", bad, got)
		}
	}
}

func TestDNKey(t *testing.T) {
	same := [][2]string{
		{`OU=Staff,DC=corp`, `ou=STAFF, dc=Corp`},
		{`OU=A\, B,DC=corp`, `OU=A\2C B,DC=corp`},
		{`OU=A\, B,DC=corp`, `OU="A, B",DC=corp`},
	}
	for _, s := range same {
		if DNKey(s[0]) != DNKey(s[1]) {
			t.Errorf("DNKey(%q) = %q, DNKey(%q) = %q", s[0], DNKey(s[0]), s[1], DNKey(s[1]))
		}
	}
	if DNKey(`OU=A\,B,DC=corp`) == DNKey(`OU=A,OU=B,DC=corp`) {
		t.Error("an escaped comma was taken for a separator")
	}
}

func TestCanonicalPath(t *testing.T) {
	got := CanonicalPath(`OU=Sales\, Marketing/PR,OU=Staff,DC=corp,DC=example`)
	if want := `corp.example/Staff/Sales, Marketing\/PR`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCheckID(t *testing.T) {
	const id = "2db12bdb-8012-4757-a79a-75407062ad38"
	if err := CheckID(id); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", strings.ToUpper(id), "{" + id + "}", " " + id, id + "\n", strings.ReplaceAll(id, "-", ""), id + id,
		"urn:uuid:" + id, id[:35], "2db12bdb-8012-4757-a79a-75407062ad3g", "ann@contoso.example", "../organization",
		id[:35] + ">", "CN=Ann,DC=corp", "*",
	} {
		if err := CheckID(bad); CodeOf(err) != CodeUsage {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func FuzzDN(f *testing.F) {
	for _, s := range []string{"CN=Ann,DC=corp", `OU=A\,B+CN="x",DC=é`, `CN=\C3\28,DC=x`, `CN=a\ `, "CN=Ann Lee ,DC=x", "CN= Ann,DC=x", "CN=,DC=x", "0.9=a b,DC=X", "CN=a=b,DC=x", "CN=a;DC=x", "CN=a#,DC=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, dn string) {
		rdns, err := ParseDN(dn)
		if err != nil {
			return
		}
		var parts []string
		for _, r := range rdns {
			parts = append(parts, r.Type+"="+EscapeRDN(r.Value))
		}
		again, err := ParseDN(strings.Join(parts, ","))
		if err != nil || !slices.Equal(again, rdns) {
			t.Fatalf("%q: written again it reads %q, %v; want %q", dn, again, err, rdns)
		}
		if key := DNKey(dn); DNKey(key) != key {
			t.Fatalf("%q: the key of the key %q is %q", dn, key, DNKey(key))
		}
		if key, slow := DNKey(dn), spelledKey(dn); key != slow {
			t.Fatalf("%q: the key is %q, by the way for all spellings %q", dn, key, slow)
		}
	})
}

const base = "DC=corp,DC=example"

func domain() Tree {
	return Tree{Root: base, Containers: []Container{
		{ID: "0", DN: base, Name: "corp", Class: "domainDNS"},
		{ID: "1", DN: "OU=Staff," + base, Name: "Staff", Class: "organizationalUnit"},
		{ID: "2", DN: `OU=Sales\, PR/EU,OU=Staff,` + base, Name: "Sales, PR/EU", Class: "organizationalUnit"},
		{ID: "3", DN: "OU=Empty," + base, Name: "Empty", Class: "organizationalUnit"},
		{ID: "4", DN: "CN=Benutzer," + base, Name: "Benutzer", Class: "container", WellKnown: wkUsers},
		{ID: "5", DN: "OU=New PCs," + base, Name: "New PCs", Class: "organizationalUnit", WellKnown: wkComputers},
		{ID: "6", DN: "CN=System," + base, Name: "System", Class: "container", WellKnown: "AB1D30F3768811D1ADED00C04FD8D5CD"},
		{ID: "7", DN: "CN=Deep,CN=System," + base, Name: "Deep", Class: "container"},
		{ID: "8", DN: "OU=Domain Controllers," + base, Name: "Domain Controllers", Class: "organizationalUnit", WellKnown: "A361B2FFFFD211D1AA4B00C04FD7D83A"},
		{ID: "9", DN: "CN=Builtin," + base, Name: "Builtin", Class: "builtinDomain"},
		{ID: "a", DN: "CN=Computers,OU=Staff," + base, Name: "Computers", Class: "container"},
		{ID: "b", DN: "CN=Microsoft Exchange System Objects," + base, Name: "Microsoft Exchange System Objects", Class: "container"},
	}}
}

func userIn(n int, parent string, critical bool) User {
	return User{Kind: AD, ID: fmt.Sprint(n), DN: fmt.Sprintf("CN=u%d,%s", n, parent), Critical: critical}
}

func TestCountUsers(t *testing.T) {
	users := []User{
		userIn(1, "ou=staff,"+strings.ToLower(base), false), // another spelling of the same OU
		userIn(2, `OU=Sales\2C PR/EU,OU=Staff,`+base, false),
		userIn(3, `OU=Sales\, PR/EU,OU=Staff,`+base, false),
		userIn(4, "CN=Benutzer,"+base, true),
		userIn(5, "OU=New PCs,"+base, false),
		userIn(6, "CN=Deep,CN=System,"+base, false),
		userIn(7, "CN=Computers,OU=Staff,"+base, false), // the customer's own, whatever its name
		userIn(8, "OU=Domain Controllers,"+base, false),
	}
	ix := NewOUIndex(domain())
	type row struct {
		users, below int
		hidden       Reason
	}
	want := map[string]row{
		"0": {0, 8, HiddenEmpty}, "1": {1, 3, ""}, "2": {2, 0, ""}, "3": {0, 0, HiddenEmpty},
		"4": {1, 0, HiddenBuiltin}, "5": {1, 0, ""}, "6": {0, 1, HiddenSystem}, "7": {1, 0, HiddenBelow},
		"8": {1, 0, HiddenSystem}, "9": {0, 0, HiddenSystem}, "a": {1, 0, ""}, "b": {0, 0, HiddenSystem},
	}
	got := map[string]row{}
	var paths []string
	for _, o := range ix.CountUsers(slices.Values(users)) {
		got[o.ID] = row{o.Users, o.UsersBelow, o.HiddenReason}
		paths = append(paths, strings.ToLower(o.Path))
	}
	for id, w := range want {
		if got[id] != w {
			t.Errorf("OU %s: got %+v, want %+v", id, got[id], w)
		}
	}
	if !slices.IsSorted(paths) {
		t.Errorf("not in the order of the paths: %q", paths)
	}

	users = append(users, userIn(9, "CN=Benutzer,"+base, false), userIn(10, base, false))
	for _, o := range ix.CountUsers(slices.Values(users)) {
		if (o.ID == "4" || o.ID == "0") && o.Hidden {
			t.Errorf("%s holds a human user and is hidden: %s", o.DN, o.HiddenReason)
		}
	}
}

func TestFindAndPlace(t *testing.T) {
	ix := NewOUIndex(domain())
	for _, name := range []string{"OU=sales\\2C pr/eu,ou=Staff," + base, `corp.example/Staff/Sales, PR\/EU`, "2", "{2}"} {
		if c, ok := ix.Find(name); !ok || c.ID != "2" {
			t.Errorf("Find(%q) = %+v, %v", name, c, ok)
		}
	}
	if c, ok := ix.Find("corp.example/Nowhere"); ok {
		t.Errorf("found %+v", c)
	}
	staff := DNKey("OU=Staff," + base)
	for _, tt := range []struct {
		parent                string
		direct, below, system bool
	}{
		{"OU=Staff," + base, true, false, false},
		{`OU=Sales\, PR/EU,OU=Staff,` + base, false, true, false},
		{"OU=Unlisted,OU=Staff," + base, false, true, false},
		{"CN=Deep,CN=System," + base, false, false, true},
	} {
		direct, below, system := ix.Place(tt.parent, staff)
		if direct != tt.direct || below != tt.below || system != tt.system {
			t.Errorf("Place(%q) = %v, %v, %v", tt.parent, direct, below, system)
		}
	}
}

func TestHasMailbox(t *testing.T) {
	tests := []struct {
		name string
		user User
		want bool
	}{
		{"plan", User{Kind: M365, Email: "a@x", Exchange: Yes, Licensed: No}, true},
		{"no plan, licence", User{Kind: M365, Email: "a@x", Exchange: No, Licensed: Yes}, false},
		{"licences alone", User{Kind: M365, Email: "a@x", Licensed: Yes}, true},
		{"no licence", User{Kind: M365, Email: "a@x", Licensed: No}, false},
		{"nothing read", User{Kind: M365, Email: "a@x"}, true},
		{"no address", User{Kind: M365, Exchange: Yes}, false},
		{"guest", User{Kind: M365, Email: "a@x", Exchange: Yes, Guest: true}, false},
	}
	for _, tt := range tests {
		if got := tt.user.HasMailbox(); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

func TestSecretIsNeverPrinted(t *testing.T) {
	s := NewSecret("hunter2")
	asJSON, err := json.Marshal(struct{ S Secret }{s})
	if err != nil {
		t.Fatal(err)
	}
	for _, got := range []string{fmt.Sprint(s), fmt.Sprintf("%v %+v %#v %s %q %x", s, s, s, s, s, s), fmt.Sprintf("%+v", struct{ S Secret }{s}), string(asJSON)} {
		if strings.Contains(got, "hunter2") || strings.Contains(got, "68756e74657232") || !strings.Contains(got, "redacted") {
			t.Errorf("printed %q", got)
		}
	}
}

func TestIsPermanent(t *testing.T) {
	permanent := &Error{Code: CodeUnreachable, Permanent: true}
	for name, c := range map[string]struct {
		err  error
		want bool
	}{
		"nil":     {nil, false},
		"other":   {fmt.Errorf("x"), false},
		"passing": {&Error{Code: CodeUnreachable}, false},
		"itself":  {permanent, true},
		"inside":  {fmt.Errorf("AD: %w", &Error{Code: CodeIncomplete, Err: permanent}), true},
	} {
		if got := IsPermanent(c.err); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
