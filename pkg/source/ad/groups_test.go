package ad

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// domainSID is that of the domain that the fake makes.
const domainSID = "S-1-5-21-1-2-3"

func sidBytes(sid string) string {
	b, err := adattr.SIDBytes(sid)
	if err != nil {
		panic(err)
	}
	return string(b)
}

// group makes a group object below OU=Groups.
func group(n int, name, sid string, members ...string) ldapfake.Entry {
	e := ldapfake.Entry{DN: "CN=" + source.EscapeRDN(name) + ",OU=Groups," + domain, Attrs: map[string][]string{
		"objectClass": {"top", "group"}, "objectGUID": person(50_000 + n).Attrs["objectGUID"], "objectSid": {sidBytes(sid)},
		"name": {name}, "sAMAccountName": {name}, "groupType": {"-2147483646"},
	}}
	if len(members) > 0 {
		e.Attrs["member"] = members
	}
	return e
}

// principal gives a person a SID.
func principal(n int) ldapfake.Entry {
	return changed(n, map[string][]string{"objectSid": {sidBytes(fmt.Sprintf("%s-%d", domainSID, 2000+n))}})
}

// foreign is a security principal of another domain.
func foreign(n int, sid string) ldapfake.Entry {
	return ldapfake.Entry{DN: "CN=" + sid + ",CN=ForeignSecurityPrincipals," + domain, Attrs: map[string][]string{
		"objectClass": {"top", "foreignSecurityPrincipal"}, "objectGUID": person(60_000 + n).Attrs["objectGUID"], "objectSid": {sidBytes(sid)},
	}}
}

// grouped is a domain with groups in groups: three deep into Domain Admins, a circle,
// DnsAdmins, two of other domains and a renamed group.
func grouped() []ldapfake.Entry {
	dn := func(n int) string { return person(n).DN }
	in := func(name string) string { return "CN=" + name + ",OU=Groups," + domain }
	entries := []ldapfake.Entry{
		container("OU=Staff,"+domain, "organizationalUnit", 2), container("OU=Groups,"+domain, "organizationalUnit", 3),
		group(1, "IT Staff", domainSID+"-1201", dn(1), in("IT Helpers")),
		group(2, "IT Helpers", domainSID+"-1202", dn(2), in("Round")),
		group(3, "Round", domainSID+"-1203", in("IT Helpers"), in("Round"), dn(3)),
		group(4, "Chefs", domainSID+"-512", dn(0), in("IT Staff"), "<GUID=11111111-2222-4333-8444-555555555555>;<SID=S-1-5-21-9-9-9-1104>;CN=Ann,DC=other,DC=example"),
		group(5, "Administrators", "S-1-5-32-544", in("Chefs"), "CN=S-1-5-11,CN=ForeignSecurityPrincipals,"+domain),
		group(6, "DnsAdmins", domainSID+"-1101", dn(4)),
		group(7, "Sales", domainSID+"-1204", dn(5), dn(6), dn(7), dn(8), dn(9)),
		group(8, "Domain Users", domainSID+"-513"),
		group(9, `Odd, "name" (x) \ * ä`, domainSID+"-1205", dn(5)),
		foreign(1, "S-1-5-11"),
	}
	entries[7].Attrs["groupType"] = []string{"-2147483644"}
	for n := range 10 {
		entries = append(entries, principal(n))
	}
	return entries
}

// ids are the ids of what entries have these names.
func ids(t testing.TB, entries []ldapfake.Entry, names ...string) []string {
	t.Helper()
	var found []string
	for _, name := range names {
		at := slices.IndexFunc(entries, func(e ldapfake.Entry) bool { return slices.Contains(e.Attrs["sAMAccountName"], name) })
		if at < 0 {
			t.Fatalf("no %q", name)
		}
		found = append(found, idOf(t, entries[at]))
	}
	return found
}

func byName(groups []source.Group) map[string]source.Group {
	m := map[string]source.Group{}
	for _, g := range groups {
		m[g.Name] = g
	}
	return m
}

// All groups with all members, whatever pages and ranges they come in.
func TestGroups(t *testing.T) {
	entries := grouped()
	for name, opts := range map[string]ldapfake.Options{
		"AD's limits": {}, "small pages": {MaxPageSize: 3}, "ranges of two": {MaxValRange: 2}, "ranges of one": {MaxValRange: 1, MaxPageSize: 1},
	} {
		opts.Entries = entries
		_, cfg := start(t, opts)
		cfg.Connection.BaseDN = "OU=Staff," + domain // groups lie elsewhere
		d := open(t, cfg)
		groups, err := d.Groups(t.Context(), nil)
		if err != nil || len(groups) != 9 {
			t.Fatalf("%s: %d groups, %v", name, len(groups), err)
		}
		got := byName(groups)
		for group, members := range map[string][]string{
			"IT Staff": {"user00001", "IT Helpers"}, "IT Helpers": {"user00002", "Round"}, "Round": {"IT Helpers", "Round", "user00003"},
			"Chefs": {"user00000", "IT Staff"}, "Administrators": {"Chefs"}, "Domain Users": nil,
			"Sales": {"user00005", "user00006", "user00007", "user00008", "user00009"}, `Odd, "name" (x) \ * ä`: {"user00005"},
		} {
			if want := ids(t, entries, members...); !slices.Equal(got[group].Members, want) {
				t.Errorf("%s: in %s: %v, want %v", name, group, got[group].Members, want)
			}
		}
		if !slices.Equal(got["Chefs"].Outsiders, []string{"S-1-5-21-9-9-9-1104"}) || !slices.Equal(got["Administrators"].Outsiders, []string{"S-1-5-11"}) {
			t.Errorf("%s: outsiders %v, %v", name, got["Chefs"].Outsiders, got["Administrators"].Outsiders)
		}
		if g := got["IT Staff"]; g.Kind != source.AD || g.ID != ids(t, entries, "IT Staff")[0] || g.DN != "CN=IT Staff,OU=Groups,"+domain || g.SID != domainSID+"-1201" || g.Account != "IT Staff" || g.Power {
			t.Errorf("%s: %+v", name, g)
		}
	}
}

// Only of the wanted groups and of those in them the members are asked for, and those
// by id, in extended form, over the whole domain.
func TestGroupsWanted(t *testing.T) {
	entries := grouped()
	s, cfg := start(t, ldapfake.Options{Entries: entries})
	d := open(t, cfg)
	all, err := d.Groups(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	before := len(s.Requests())
	some, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.Name == "IT Staff" })
	if err != nil || len(some) != len(all) {
		t.Fatalf("%d groups, %v", len(some), err)
	}
	for i, g := range some {
		want := all[i]
		if !slices.Contains([]string{"IT Staff", "IT Helpers", "Round"}, g.Name) {
			want.Members, want.Outsiders = nil, nil
		}
		if !reflect.DeepEqual(g, want) {
			t.Errorf("got %+v, want %+v", g, want)
		}
	}
	asked := s.Requests()[before:]
	if len(asked) != 4 { // all, and one for each level
		t.Errorf("%d requests", len(asked))
	}
	for i, r := range asked {
		filter, err := ldap.DecompileFilter(r.Filter)
		if err != nil || r.Base != domain || r.Scope != 2 || !r.Paged || !r.Secure {
			t.Errorf("%q below %q, %v", filter, r.Base, err)
		}
		members := slices.Contains(r.Attributes, "member;range=0-1499")
		if first := i == 0; first != (filter == "(objectClass=group)") || first == members || first == r.Extended || r.Hex {
			t.Errorf("request %d: %q, attributes %v, controls %v", i, filter, r.Attributes, r.Controls)
		}
	}

	none, err := d.Groups(t.Context(), func(*source.Group) bool { return false })
	if err != nil || len(none) != len(all) || slices.ContainsFunc(none, func(g source.Group) bool { return g.Members != nil }) {
		t.Errorf("none wanted: %d groups, %v", len(none), err)
	}
}

// A group of many members comes in ranges that the server bounds, or the client.
func TestLargeGroup(t *testing.T) {
	entries := []ldapfake.Entry{}
	var members []string
	for n := range 4000 {
		e := principal(n)
		entries, members = append(entries, e), append(members, e.DN)
	}
	entries = append(entries, group(1, "All", domainSID+"-1201", members...))
	for _, most := range []int{1500, 700, 1 << 20} {
		_, cfg := start(t, ldapfake.Options{Entries: entries, MaxValRange: most})
		groups, err := open(t, cfg).Groups(t.Context(), nil)
		if err != nil || len(groups) != 1 || len(groups[0].Members) != 4000 || groups[0].Members[3999] != idOf(t, entries[3999]) {
			t.Fatalf("ranges of %d: %d groups, %v", most, len(groups), err)
		}
	}
}

// The groups that give power are known by SID; the way down from them is read.
func TestPowers(t *testing.T) {
	entries := grouped()
	// Who merely calls a group so gets no power from it.
	entries = append(entries, group(20, "dnsadmins ", domainSID+"-1300", person(9).DN), group(21, "Domain Admins", domainSID+"-1301", person(9).DN))
	entries[len(entries)-2].Attrs["sAMAccountName"] = []string{"DNSADMINS"} // global
	_, cfg := start(t, ldapfake.Options{Entries: entries, MaxValRange: 1})
	cfg.Connection.BaseDN = "OU=Staff," + domain
	d := open(t, cfg)
	powers, err := d.Powers(t.Context())
	if err != nil || powers.Unknown != "" {
		t.Fatalf("%+v, %v", powers, err)
	}
	var names []string
	for _, g := range powers.Groups {
		mark := ""
		if g.Power {
			mark = "!"
		}
		names = append(names, g.Name+mark)
	}
	if want := []string{"Chefs!", "Administrators!", "DnsAdmins!", "IT Helpers", "IT Staff", "Round"}; !slices.Equal(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
	wantNotes := []string{
		`the group "Chefs" gives power to members that are not of this domain, and who they are is not known: S-1-5-21-9-9-9-1104`,
		`the group "Administrators" gives power to members that are not of this domain, and who they are is not known: Authenticated Users (S-1-5-11)`,
	}
	if !slices.Equal(powers.Notes, wantNotes) {
		t.Errorf("notes %q", powers.Notes)
	}

	people, err := read(t.Context(), d, source.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	users := make([]*source.User, len(people))
	for i := range people {
		users[i] = &people[i]
	}
	users[9].PrimaryGroup = 512
	got := source.NewGroupIndex(powers.Groups, users).Privileges()
	want := map[string][][]string{
		users[0].ID: {{"Chefs"}}, users[1].ID: {{"Chefs", "IT Staff"}}, users[2].ID: {{"Chefs", "IT Staff", "IT Helpers"}},
		users[3].ID: {{"Chefs", "IT Staff", "IT Helpers", "Round"}}, users[4].ID: {{"DnsAdmins"}}, users[9].ID: {{"Chefs"}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// Who may not read the groups gets no list that looks whole.
func TestPowersUnknown(t *testing.T) {
	for name, hide := range map[string]func(e *ldapfake.Entry){
		"no Domain Admins": func(e *ldapfake.Entry) {
			if e.Attrs["name"][0] == "Chefs" {
				delete(e.Attrs, "objectSid")
			}
		},
		"no Administrators": func(e *ldapfake.Entry) {
			if e.Attrs["name"][0] == "Administrators" {
				e.Attrs["objectClass"] = []string{"top"}
			}
		},
		"no members": func(e *ldapfake.Entry) { delete(e.Attrs, "member") },
	} {
		entries := grouped()
		for i := range entries {
			if entries[i].Attrs["groupType"] != nil {
				hide(&entries[i])
			}
		}
		_, cfg := start(t, ldapfake.Options{Entries: entries})
		if powers, err := open(t, cfg).Powers(t.Context()); err != nil || !strings.HasPrefix(powers.Unknown, "the bind account cannot read ") || powers.Groups != nil {
			t.Errorf("%s: %+v, %v", name, powers, err)
		}
	}
	_, cfg := start(t, ldapfake.Options{Entries: grouped(), Faults: ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
		if r.Extended {
			return &ldapfake.Result{Code: 50}
		}
		return nil
	}}})
	if powers, err := open(t, cfg).Powers(t.Context()); err != nil || !strings.Contains(powers.Unknown, "may not read") {
		t.Errorf("refused: %+v, %v", powers, err)
	}
}

// onMembers limits a fault to the searches for members, the ranges of them included.
func onMembers(r *ldapfake.Request) bool { return r.Op == "search" && r.Extended }

// However a read of members ends but in the right way, it is an error with a code.
func TestGroupFaults(t *testing.T) {
	result := func(on func(*ldapfake.Request) bool, res ldapfake.Result) ldapfake.Faults {
		return ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
			if on(r) {
				return &res
			}
			return nil
		}}
	}
	edit := func(f func(a ldapfake.Answer) ([]byte, error)) ldapfake.Faults {
		return ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onMembers(a.Request) {
				return f(a)
			}
			return a.Bytes, nil
		}}
	}
	// swap changes the text of what is sent, length for length.
	swap := func(from, to string) ldapfake.Faults {
		if len(from) != len(to) {
			t.Fatalf("%q and %q", from, to)
		}
		return edit(func(a ldapfake.Answer) ([]byte, error) {
			return bytes.ReplaceAll(a.Bytes, []byte(from), []byte(to)), nil
		})
	}
	onRange := func(r *ldapfake.Request) bool { return onMembers(r) && r.Scope == 0 }
	for name, c := range map[string]struct {
		faults ldapfake.Faults
		code   source.Code
		words  string
	}{
		"time limit":              {result(onMembers, ldapfake.Result{Code: 3, After: 1}), source.CodeIncomplete, "time limit exceeded"},
		"size limit":              {result(onMembers, ldapfake.Result{Code: 4, After: 1}), source.CodeIncomplete, "size limit exceeded"},
		"admin limit":             {result(onMembers, ldapfake.Result{Code: 11}), source.CodeIncomplete, "admin"},
		"busy":                    {result(onMembers, ldapfake.Result{Code: 51}), source.CodeUnreachable, "busy"},
		"referral":                {result(onMembers, ldapfake.Result{Code: 10, Referral: []string{"ldap://dc9.example/DC=x"}}), source.CodeNotFound, "dc9.example"},
		"in the middle of ranges": {result(onRange, ldapfake.Result{Code: 3}), source.CodeIncomplete, "time limit exceeded"},
		"a group that is gone":    {result(onRange, ldapfake.Result{Code: 32}), source.CodeNotFound, "not in the directory"},
		"an empty range":          {result(onRange, ldapfake.Result{}), source.CodePermission, "cannot read"},
		"no paging control":       {ldapfake.Faults{NoPaging: true}, source.CodeIncomplete, "no paging control"},
		"no control for ids":      {ldapfake.Faults{NoExtendedDN: true}, source.CodeIncomplete, "which objects the members"},
		"ids of members alone missing": {edit(func(a ldapfake.Answer) ([]byte, error) {
			at := bytes.Index(a.Bytes, []byte("member;range="))
			if at < 0 {
				return a.Bytes, nil
			}
			return slices.Concat(a.Bytes[:at], bytes.ReplaceAll(a.Bytes[at:], []byte("<GUID="), []byte("<KUID="))), nil
		}), source.CodeIncomplete, "which objects the members"},
		"ids that are none":     {swap("<GUID=11111111", "<GUID=1111111x"), source.CodeIncomplete, "which objects the members"},
		"ids in another form":   {swap("<GUID=11111111-2222-4333-8444-555555555555>", "<GUID=111111112222433384445555555555550000>"), source.CodeIncomplete, "which objects"},
		"a SID that is none":    {swap("<SID=S-1-5-21-9-9-9-1104>", "<SID=S-1-5-21-9-9-9-11x4>"), source.CodeIncomplete, "which objects"},
		"nothing but ids":       {swap(">;CN=Ann,DC=other,DC=example", ">;<N=Ann,DC=other,DC=example"), source.CodeIncomplete, "which objects"},
		"a range that is none":  {swap("member;range=0-1", "member;range=0-x"), source.CodeIncomplete, "do not add up"},
		"a range that is short": {swap("member;range=0-1", "member;range=0-2"), source.CodeIncomplete, "do not add up"},
		"a gap in the ranges":   {swap("member;range=2-", "member;range=3-"), source.CodeIncomplete, "do not add up"},
		"no ids of the group":   {swap("objectGUID", "objectGUIX"), source.CodeIncomplete, "no valid objectGUID"},
		"a SID of the wrong type": {edit(func(a ldapfake.Answer) ([]byte, error) {
			return bytes.ReplaceAll(a.Bytes, []byte(sidBytes("S-1-5-32-544")), []byte(strings.Repeat("x", 16))), nil
		}), source.CodeIncomplete, "objectSid"},
		"cut":  {edit(func(a ldapfake.Answer) ([]byte, error) { return a.Bytes[:len(a.Bytes)-1], ldapfake.ErrCut }), source.CodeUnreachable, "closed the connection"},
		"mute": {edit(func(ldapfake.Answer) ([]byte, error) { return nil, ldapfake.ErrMute }), source.CodeUnreachable, "has not answered for"},
		"an answer to something else": {edit(func(a ldapfake.Answer) ([]byte, error) {
			return envelope(a.Request.ID+1, element(0x65, element(0x0a, []byte{0}), element(0x04), element(0x04))), nil
		}), source.CodeIncomplete, "answers nothing that was asked"},
	} {
		t.Run(name, func(t *testing.T) {
			_, cfg := start(t, ldapfake.Options{Entries: grouped(), MaxValRange: 2, Faults: c.faults})
			cfg.Timeouts.Answer = short.Answer
			for what, ask := range map[string]func(d *Directory) error{
				"all": func(d *Directory) error { g, err := d.Groups(t.Context(), nil); return nothing(t, g, err) },
				"some": func(d *Directory) error {
					g, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.SID == "S-1-5-32-544" })
					return nothing(t, g, err)
				},
				"powers": func(d *Directory) error {
					p, err := d.Powers(t.Context())
					if p.Unknown != "" && c.code == source.CodePermission {
						err = &source.Error{Code: c.code, Message: p.Unknown}
					}
					return nothing(t, p.Groups, err)
				},
			} {
				err := ask(open(t, cfg))
				if source.CodeOf(err) != c.code {
					t.Errorf("%s: %v", what, err)
				}
				expect(t, err, c.code, c.words)
			}
		})
	}
}

func nothing(t *testing.T, groups []source.Group, err error) error {
	t.Helper()
	if err != nil && groups != nil {
		t.Errorf("%d groups beside %v", len(groups), err)
	}
	return err
}

// A group that is deleted between the list and its members is an error, not an empty
// group.
func TestGroupDeletedMeanwhile(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: grouped(), Faults: ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
		if onMembers(r) {
			return &ldapfake.Result{}
		}
		return nil
	}, Edit: func(a ldapfake.Answer) ([]byte, error) {
		if onMembers(a.Request) && a.Op == 0x65 { // an empty page, and no more of them
			paging := element(0xa0, element(0x30, element(0x04, []byte(ldap.ControlTypePaging)), element(0x04, element(0x30, element(0x02, []byte{0}), element(0x04)))))
			return envelope(a.Request.ID, element(0x65, element(0x0a, []byte{0}), element(0x04), element(0x04)), paging), nil
		}
		return a.Bytes, nil
	}}})
	groups, err := open(t, cfg).Groups(t.Context(), func(g *source.Group) bool { return g.Name == "Sales" })
	expect(t, nothing(t, groups, err), source.CodeIncomplete, "deleted while they were read")
}

// Names of groups are hostile text: they reach messages quoted, and filters not at all.
func TestHostileGroup(t *testing.T) {
	name := "x)(objectClass=*\x1b[2J\x00\u202e"
	entries := append(grouped(), group(30, name, domainSID+"-516", person(1).DN, "CN=S-1-5-11,CN=ForeignSecurityPrincipals,"+domain))
	s, cfg := start(t, ldapfake.Options{Entries: entries})
	powers, err := open(t, cfg).Powers(t.Context())
	if err != nil || byName(powers.Groups)[name].Members[0] != idOf(t, person(1)) {
		t.Fatalf("%+v, %v", powers, err)
	}
	if all := strings.Join(powers.Notes, "\n"); strings.ContainsAny(all, "\x00\x1b\u202e") || len(powers.Notes) != 3 {
		t.Errorf("notes %q", powers.Notes)
	}
	for _, r := range s.Requests() {
		if filter, err := ldap.DecompileFilter(r.Filter); onMembers(r) && (err != nil || strings.Contains(filter, "x)")) {
			t.Errorf("%q, %v", filter, err)
		}
	}
}

func TestGroupsCancelled(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: grouped(), Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
		if onMembers(a.Request) {
			return nil, ldapfake.ErrMute
		}
		return a.Bytes, nil
	}}})
	d := open(t, cfg)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if powers, err := d.Powers(ctx); !errors.Is(err, context.DeadlineExceeded) || powers.Groups != nil {
		t.Errorf("%+v, %v", powers, err)
	}
}

// An answer about members that was cut or changed in one place is an error or holds as
// many of them. The name of an attribute is text too: only TLS tells that it changed.
func TestGroupMutations(t *testing.T) {
	entries := []ldapfake.Entry{group(1, "A", domainSID+"-1201", person(1).DN, person(2).DN), principal(1), principal(2)}
	ask := func(d *Directory) (members int, err error) {
		groups, err := d.readGroups(t.Context(), groupFilter, true)
		for _, g := range groups {
			members += len(g.Members) + len(g.Outsiders)
		}
		return members, err
	}
	var whole []byte
	_, cfg := start(t, ldapfake.Options{Entries: entries, Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
		if onMembers(a.Request) {
			one := bytes.Clone(a.Bytes)
			one[8] = 1 // the message id, behind six bytes of header
			whole = append(whole, one...)
		}
		return a.Bytes, nil
	}}})
	if n, err := ask(open(t, cfg)); n != 2 || err != nil {
		t.Fatalf("%d members, %v", n, err)
	}
	replay := func(answer []byte) (members int, err error) {
		err = replayTo(t, answer, func(d *Directory) error {
			d.info.ID = domainSID
			members, err = ask(d)
			return err
		})
		return members, err
	}
	for at := range whole {
		if n, err := replay(whole[:at]); err == nil {
			t.Errorf("cut at byte %d of %d: %d members and no error", at, len(whole), n)
		}
	}
	name := bytes.Index(whole, []byte("member;range=0-*"))
	refused, tried := 0, 0
	mutate(whole, func(answer []byte, what string, at int) {
		n, err := replay(answer)
		tried++
		inName := name <= at && at < name+len("member;range=0-*")
		if err != nil {
			refused++
		} else if n != 2 && !inName {
			t.Errorf("%s at byte %d of %d: %d members and no error", what, at, len(whole), n)
		}
	})
	t.Logf("%d bytes, %d of %d changed answers were refused", len(whole), refused, tried)
	if refused < tried/3 {
		t.Errorf("only %d of %d were refused", refused, tried)
	}
}

// A long list of members that are no groups is asked for in parts.
func TestManyMembersOfPower(t *testing.T) {
	entries := grouped()
	var members []string
	for n := range 450 {
		e := principal(n + 10)
		entries, members = append(entries, e), append(members, e.DN)
	}
	at := slices.IndexFunc(entries, func(e ldapfake.Entry) bool { return e.Attrs["name"] != nil && e.Attrs["name"][0] == "Round" })
	entries[at].Attrs = maps.Clone(entries[at].Attrs)
	entries[at].Attrs["member"] = members
	s, cfg := start(t, ldapfake.Options{Entries: entries})
	d := open(t, cfg)
	before := len(s.Requests())
	powers, err := d.Powers(t.Context())
	if err != nil || len(byName(powers.Groups)["Round"].Members) != 450 {
		t.Fatalf("%+v, %v", powers, err)
	}
	if n := len(s.Requests()) - before; n > 8 {
		t.Errorf("%d searches", n)
	}
}

// What is taken for an extended DN has an id in the form of all ids, and is what MS-ADTS
// says it is.
func FuzzExtendedDN(f *testing.F) {
	const guid = "2db12bdb-8012-4757-a79a-75407062ad38"
	for _, s := range []string{"<GUID=" + guid + ">;<SID=S-1-5-32-544>;CN=A,DC=x", "<GUID=" + guid + ">;CN=A", "<GUID=x>;", "<GUID=" + guid + ">;<SID=>;", "CN=A"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		id, sid, dn, err := parseExtendedDN(s)
		if err != nil {
			return
		}
		again := "<GUID=" + id + ">;" + dn
		if sid != "" {
			again = "<GUID=" + id + ">;<SID=" + sid + ">;" + dn
		}
		if !source.IsID(id) || dn == "" || !strings.EqualFold(again, s) {
			t.Errorf("%q reads as %q, %q, %q", s, id, sid, dn)
		}
	})
}
