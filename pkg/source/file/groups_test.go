package file

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

const sidA = "S-1-5-21-1-2-3"

func b64(raw []byte) string { return base64.StdEncoding.EncodeToString(raw) }

func sidOf(t testing.TB, sid string) []byte {
	t.Helper()
	b, err := adattr.SIDBytes(sid)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// ldifObject writes an object of LDIF; what is SID and GUID is found by the number.
func ldifObject(t testing.TB, class, dn string, n, rid int, lines ...string) string {
	t.Helper()
	sid := fmt.Sprintf("%s-%d", sidA, rid)
	if strings.Contains(dn, "CN=Builtin,") {
		sid = fmt.Sprintf("S-1-5-32-%d", rid)
	}
	out := fmt.Sprintf("dn: %s\nobjectClass: top\nobjectClass: %s\nobjectGUID:: %s\nobjectSid:: %s\n", dn, class, b64(guidOf(n)), b64(sidOf(t, sid)))
	if class == "user" {
		out += fmt.Sprintf("sAMAccountType: 805306368\nuserAccountControl: 512\nsAMAccountName: u%d\ndisplayName: User %d\n", n, n)
	} else {
		out += "sAMAccountName: " + leafName(dn) + "\n"
	}
	for _, line := range lines {
		out += line + "\n"
	}
	return out + "\n"
}

func idOf(n int) string {
	id, err := adattr.GUID(guidOf(n))
	if err != nil {
		panic(err)
	}
	return id
}

// groupsIn reads groups of an export, by name.
func groupsIn(t *testing.T, content string, want func(*source.Group) bool) map[string]source.Group {
	t.Helper()
	d := open(t, source.AD, write(t, content))
	list, err := d.Groups(t.Context(), want)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]source.Group{}
	for _, g := range list {
		byName[g.Name] = g
	}
	if len(byName) != len(list) {
		t.Errorf("%d groups of %d names", len(list), len(byName))
	}
	return byName
}

// company is an export of everything: groups in groups, a circle, a foreign member, one
// of another domain, a translated group, a primary group.
func companyLDIF(t testing.TB, memberOf, members bool) string {
	t.Helper()
	groups := func(lines ...string) (kept []string) {
		for _, line := range lines {
			if strings.HasPrefix(line, "memberOf") && memberOf || strings.HasPrefix(line, "member:") && members || strings.HasPrefix(line, "primary") {
				kept = append(kept, line)
			}
		}
		return kept
	}
	const base = ",DC=corp,DC=example"
	return "dn: DC=corp,DC=example\nobjectClass: domainDNS\nobjectGUID:: " + b64(guidOf(900)) + "\nobjectSid:: " + b64(sidOf(t, sidA)) + "\n\n" +
		ldifObject(t, "user", "CN=Ann,OU=Staff"+base, 1, 2001, groups("memberOf: CN=Helpers,OU=Groups"+base, "primaryGroupID: 513")...) +
		ldifObject(t, "group", "CN=Chefs,CN=Users"+base, 101, 512, groups("memberOf: CN=Administrators,CN=Builtin"+base, "member: CN=IT Staff,OU=Groups"+base, "member: cn=dan,ou=staff,dc=corp,dc=example")...) +
		ldifObject(t, "group", "CN=Administrators,CN=Builtin"+base, 102, 544, groups("member: CN=Chefs,CN=Users"+base, "member: CN=S-1-5-11,CN=ForeignSecurityPrincipals"+base, "member: CN=Eve,DC=other,DC=example")...) +
		ldifObject(t, "group", "CN=IT Staff,OU=Groups"+base, 103, 1201, groups("memberOf: CN=Chefs,CN=Users"+base, "member: CN=Helpers,OU=Groups"+base, "member: CN=Bob,OU=Staff"+base)...) +
		ldifObject(t, "group", "CN=Helpers,OU=Groups"+base, 104, 1202, groups("memberOf: CN=IT Staff,OU=Groups"+base, "memberOf: CN=Helpers,OU=Groups"+base, "member: CN=Ann,OU=Staff"+base, "member: CN=Helpers,OU=Groups"+base)...) +
		ldifObject(t, "group", "CN=Domain Users,CN=Users"+base, 105, 513) +
		ldifObject(t, "user", "CN=Bob,OU=Staff"+base, 2, 2002, groups("memberOf: CN=IT Staff,OU=Groups"+base, "primaryGroupID: 513")...) +
		ldifObject(t, "user", "CN=Cid,OU=Staff"+base, 3, 2003, groups("primaryGroupID: 512")...) +
		ldifObject(t, "user", "CN=Dan,OU=Staff"+base, 4, 2004, groups("memberOf: CN=Chefs,CN=Users"+base, "primaryGroupID: 513")...)
}

// Who is in which group is the same whether the users say it, or the groups, or both.
func TestGroups(t *testing.T) {
	for name, content := range map[string]string{
		"both": companyLDIF(t, true, true), "users": companyLDIF(t, true, false), "groups": companyLDIF(t, false, true),
	} {
		got := groupsIn(t, content, nil)
		for group, want := range map[string][]string{
			"Chefs": {idOf(4), idOf(103)}, "Administrators": {idOf(101)}, "IT Staff": {idOf(2), idOf(104)},
			"Helpers": {idOf(1), idOf(104)}, "Domain Users": nil,
		} {
			if g := got[group]; !slices.Equal(g.Members, want) || g.Kind != source.AD || g.Account != group || g.SID == "" || !source.IsID(g.ID) {
				t.Errorf("%s: %+v, want the members %v", name, g, want)
			}
		}
		if name != "users" && !slices.Equal(got["Administrators"].Outsiders, []string{"S-1-5-11", "CN=Eve,DC=other,DC=example"}) {
			t.Errorf("%s: outsiders %q", name, got["Administrators"].Outsiders)
		}
		some := groupsIn(t, content, func(g *source.Group) bool { return g.Name == "IT Staff" })
		for _, g := range some {
			want := got[g.Name]
			if g.Name != "IT Staff" && g.Name != "Helpers" {
				want.Members, want.Outsiders = nil, nil
			}
			if !reflect.DeepEqual(g, want) {
				t.Errorf("%s, one wanted: %+v, want %+v", name, g, want)
			}
		}
	}
}

// privileges are the ways to power of an export's users, by id.
func privileges(t *testing.T, content string) (map[string][][]string, source.Powers) {
	t.Helper()
	d := open(t, source.AD, write(t, content))
	powers, err := d.Powers(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var users []*source.User
	for u, err := range d.Users(t.Context(), source.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		users = append(users, &u)
	}
	return source.NewGroupIndex(powers.Groups, users).Privileges(), powers
}

func TestPowers(t *testing.T) {
	want := map[string][][]string{
		idOf(1): {{"Chefs", "IT Staff", "Helpers"}}, idOf(2): {{"Chefs", "IT Staff"}}, idOf(3): {{"Chefs"}}, idOf(4): {{"Chefs"}},
	}
	for name, content := range map[string]string{
		"both": companyLDIF(t, true, true), "users": companyLDIF(t, true, false), "groups": companyLDIF(t, false, true),
	} {
		got, powers := privileges(t, content)
		if !reflect.DeepEqual(got, want) || powers.Unknown != "" {
			t.Errorf("%s: %v, unknown %q, want %v", name, got, powers.Unknown, want)
		}
		if note := strings.Join(powers.Notes, "\n"); name != "users" && !strings.Contains(note, `"Administrators" gives power to members that are not of this domain, and who they are is not known: Authenticated Users (S-1-5-11), "CN=Eve,DC=other,DC=example"`) {
			t.Errorf("%s: notes %q", name, powers.Notes)
		}
		if powers.Groups[0].Name != "Chefs" || !powers.Groups[0].Power || powers.Groups[len(powers.Groups)-1].Power {
			t.Errorf("%s: %+v", name, powers.Groups)
		}
	}
}

// getADUser is a list as Get-ADUser makes it, of one user a row.
func getADUser(rows ...string) string {
	out := "DistinguishedName,ObjectGUID,SamAccountName,DisplayName,Enabled,SID,MemberOf,primaryGroupID,PrimaryGroup\n"
	for i, row := range rows {
		out += fmt.Sprintf("\"CN=User %[1]d,OU=Staff,DC=corp,DC=example\",%[2]s,u%[1]d,User %[1]d,True,%[3]s-%[4]d,%[5]s\n", i, idOf(i), sidA, 2000+i, row)
	}
	return out
}

// Lists of users name groups and hold none: of those that give power the place and the
// name tell, in several languages, and that is said.
func TestPowersByName(t *testing.T) {
	got, powers := privileges(t, getADUser(
		`"CN=Domain Admins,CN=Users,DC=corp,DC=example;CN=Sales,OU=Groups,DC=corp,DC=example",513,`,
		`"CN=Administratoren,CN=Builtin,DC=corp,DC=example",513,`,
		`"CN=Administrateurs de l’entreprise,CN=Users,DC=corp,DC=example",513,`,
		`"CN=DnsAdmins,CN=Users,DC=corp,DC=example",513,`,
		`"CN=Domain Admins,OU=Fakes,DC=corp,DC=example;CN=Schema Admins,CN=Users,DC=other,DC=example",513,`,
		`,512,"CN=Domain Admins,CN=Users,DC=corp,DC=example"`,
		`,518,`,
		`"CN=Administrators,CN=Users,DC=corp,DC=example",513,`,
	))
	want := map[string][][]string{
		idOf(0): {{"Domain Admins"}}, idOf(1): {{"Administratoren"}}, idOf(2): {{"Administrateurs de l’entreprise"}},
		idOf(3): {{"DnsAdmins"}}, idOf(5): {{"Domain Admins"}}, idOf(6): {{"Schema Admins"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if notes := strings.Join(powers.Notes, "\n"); !strings.Contains(notes, `told by their names, because the export does not hold their SIDs: "Administrateurs de l’entreprise", "Administratoren", "DnsAdmins"`) || !strings.Contains(powers.Unknown, "through another group") {
		t.Errorf("notes %q, unknown %q", powers.Notes, powers.Unknown)
	}
}

// A list that says nothing of groups is refused where groups are wanted, and of power it
// says that it is not known.
func TestNothingOfGroups(t *testing.T) {
	without := "DistinguishedName,ObjectGUID,SamAccountName,DisplayName,Enabled\n\"CN=A,OU=Staff,DC=corp,DC=example\"," + idOf(1) + ",a,A,True\n"
	d := open(t, source.AD, write(t, without))
	groups, err := d.Groups(t.Context(), nil)
	if groups != nil || source.CodeOf(err) != source.CodeUsage || !strings.Contains(err.Error(), "says of nobody which groups he is in") {
		t.Errorf("%v, %v", groups, err)
	}
	if powers, err := d.Powers(t.Context()); err != nil || !strings.Contains(powers.Unknown, "memberOf") || powers.Groups != nil {
		t.Errorf("%+v, %v", powers, err)
	}

	// Primary groups alone are a part of the truth about power, and all of Domain Users.
	primary := getADUser(",513,", ",513,", ",512,")
	got := groupsIn(t, primary, nil)
	if len(got) != 2 || got["Domain Users"].SID != sidA+"-513" || got["Domain Admins"].SID != sidA+"-512" {
		t.Errorf("%+v", got)
	}
	ways, powers := privileges(t, primary)
	if !reflect.DeepEqual(ways, map[string][][]string{idOf(2): {{"Domain Admins"}}}) || !strings.Contains(powers.Unknown, "memberOf") {
		t.Errorf("%v, %+v", ways, powers)
	}

	m365 := open(t, source.M365, write(t, `[{"id":"`+idOf(1)+`","displayName":"A","mail":"a@x.example"}]`))
	if _, err := m365.Groups(t.Context(), nil); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("%v", err)
	}
	if powers, err := m365.Powers(t.Context()); err != nil || powers.Unknown == "" {
		t.Errorf("%+v, %v", powers, err)
	}
}

// The tools part the names of groups in many ways; what holds none is told.
func TestNamesOfGroups(t *testing.T) {
	const a, b = `CN=A\, B,OU=Groups,DC=corp,DC=example`, "CN=All Staff,OU=Groups,DC=corp,DC=example"
	for text, want := range map[string][]string{
		b: {b}, a + ";" + b: {a, b}, a + "," + b: {a, b}, a + "|" + b: {a, b}, a + "\r\n" + b: {a, b}, a + " " + b: {a, b},
		"{" + a + ", " + b + "}": {a, b}, `["` + strings.ReplaceAll(a, `\`, `\\`) + `","` + b + `"]`: {a, b}, "[]": {},
		"X'" + hex.EncodeToString([]byte("CN=Ä,DC=x,DC=y")) + "';" + b: {"CN=Ä,DC=x,DC=y", b},
		"CN=a;b,DC=x,DC=y": nil, "Domain Admins": nil, "Sales;IT": nil, "CN=A": nil, a + ";Sales": nil, "{" + a + ", CN=…}": nil, "{" + a + "...}": nil,
	} {
		got, ok := splitNames(text)
		if ok != (want != nil) || ok && !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v", text, got, ok)
		}
	}
	for name, content := range map[string]string{
		"types":     getADUser("Microsoft.ActiveDirectory.Management.ADPropertyValueCollection,513,"),
		"names":     getADUser("Domain Admins;Sales,513,"),
		"in JSON":   `[{"DistinguishedName":"CN=A,DC=corp,DC=example","ObjectGUID":"` + idOf(1) + `","SamAccountName":"a","DisplayName":"A","Enabled":true,"MemberOf":"System.Object[]"}]`,
		"JSON list": `[{"DistinguishedName":"CN=A,DC=corp,DC=example","ObjectGUID":"` + idOf(1) + `","SamAccountName":"a","DisplayName":"A","Enabled":true,"MemberOf":["Sales"]}]`,
		"an object": `[{"DistinguishedName":"CN=A,DC=corp,DC=example","ObjectGUID":"` + idOf(1) + `","SamAccountName":"a","DisplayName":"A","Enabled":true,"MemberOf":{}}]`,
	} {
		d := open(t, source.AD, write(t, content))
		info, err := d.Info(t.Context())
		if err != nil || !strings.Contains(strings.Join(info.Notes, "\n"), `column "MemberOf" holds no distinguished names`) {
			t.Errorf("%s: %q, %v", name, info.Notes, err)
		}
		if powers, err := d.Powers(t.Context()); err != nil || powers.Unknown == "" {
			t.Errorf("%s: %+v, %v", name, powers, err)
		}
	}
}

// A group of which only a part of the members came is an error where nobody else says
// who is in it.
func TestGroupInPart(t *testing.T) {
	part := strings.ReplaceAll(companyLDIF(t, false, true), "member: CN=Bob", "member;range=0-1499: CN=Bob")
	d := open(t, source.AD, write(t, part))
	groups, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.SID == sidA+"-512" })
	if groups != nil || source.CodeOf(err) != source.CodeIncomplete || !strings.Contains(err.Error(), "CN=IT Staff") {
		t.Errorf("%v, %v", groups, err)
	}
	if _, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.Name == "Helpers" }); err != nil {
		t.Error(err)
	}
	if powers, err := d.Powers(t.Context()); err != nil || !strings.Contains(powers.Unknown, "IT Staff") {
		t.Errorf("%+v, %v", powers, err)
	}
	whole := strings.ReplaceAll(companyLDIF(t, true, true), "member: CN=Bob", "member;range=0-1499: CN=Bob")
	if got := groupsIn(t, whole, nil); !slices.Equal(got["IT Staff"].Members, []string{idOf(2), idOf(104)}) {
		t.Errorf("%+v", got["IT Staff"])
	}
}

// An export may hold the groups without their SIDs: then the names tell of them too. A
// group that took over the name and the place of another is not that one.
func TestHeldGroupsWithoutSID(t *testing.T) {
	var bare strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(companyLDIF(t, true, true), "Chefs", "Domain Admins")) {
		if !strings.HasPrefix(line, "objectSid::") {
			bare.WriteString(line)
		}
	}
	got, powers := privileges(t, bare.String())
	if len(got[idOf(1)]) != 1 || len(got[idOf(4)]) != 1 || !powers.Groups[0].Power || powers.Groups[0].Name != "Domain Admins" {
		t.Errorf("%v, %+v", got, powers)
	}
	fake := ldifObject(t, "group", "CN=Schema Admins,CN=Users,DC=corp,DC=example", 200, 1400, "member: CN=Bob,OU=Staff,DC=corp,DC=example")
	if got, _ := privileges(t, companyLDIF(t, true, true)+fake); len(got[idOf(2)]) != 1 {
		t.Errorf("%v", got)
	}
}

// Damaged groups are errors that name the line; text is kept as it is.
func TestDamagedGroups(t *testing.T) {
	good := companyLDIF(t, true, true)
	for name, content := range map[string]string{
		"twice":           good + ldifObject(t, "group", "cn=chefs,cn=users,dc=corp,dc=example", 300, 1300),
		"no GUID":         strings.Replace(good, b64(guidOf(103)), b64([]byte("x")), 1),
		"a SID of nought": strings.Replace(good, b64(sidOf(t, sidA+"-1202")), b64([]byte("xxxxxxxxx")), 1),
	} {
		d := open(t, source.AD, write(t, content))
		if groups, err := d.Groups(t.Context(), nil); groups != nil || source.CodeOf(err) != source.CodeIncomplete || !strings.Contains(err.Error(), "export.txt:") {
			t.Errorf("%s: %d groups, %v", name, len(groups), err)
		}
	}
}

// Users whose export lacks SIDs are found by the number of their primary group too.
func TestPrimaryGroupWithoutSID(t *testing.T) {
	content := "DistinguishedName,ObjectGUID,SamAccountName,DisplayName,Enabled,MemberOf,primaryGroupID,PrimaryGroup\n"
	for i, row := range []string{`,513,`, `"CN=Sales,DC=corp,DC=example",512,`, `,1201,"CN=Odd,OU=Groups,DC=corp,DC=example"`, `,,"CN=Odd,OU=Groups,DC=corp,DC=example"`} {
		content += fmt.Sprintf("\"CN=User %[1]d,OU=Staff,DC=corp,DC=example\",%[2]s,u%[1]d,User %[1]d,True,%[3]s\n", i, idOf(i), row)
	}
	got := groupsIn(t, content, nil)
	for name, want := range map[string][]string{"Domain Users": {idOf(0)}, "Domain Admins": {idOf(1)}, "Sales": {idOf(1)}, "Odd": {idOf(2), idOf(3)}} {
		if !slices.Equal(got[name].Members, want) || got[name].SID != "" || got[name].ID != source.DNKey(got[name].DN) {
			t.Errorf("%s: %+v", name, got[name])
		}
	}
	if ways, _ := privileges(t, content); !reflect.DeepEqual(ways, map[string][][]string{idOf(1): {{"Domain Admins"}}}) {
		t.Errorf("%v", ways)
	}
}

// Whatever stands in a cell: what is taken for names are names, and are read again as
// they are.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"CN=A,DC=x;CN=B,DC=x", `CN=A\, CN=B,DC=x,DC=y`, "{CN=A,DC=x}", "X'434e3d412c44433d78'", `["CN=A,DC=x"]`, "CN=,dc=", "é,DC=x|OU=İ,DC=x"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		names, ok := splitNames(text)
		if !ok {
			return
		}
		for _, name := range names {
			if _, err := source.ParseDN(name); err != nil || !hasDomain(name) {
				t.Fatalf("%q holds %q, which is no name: %v", text, name, err)
			}
		}
	})
}
