package ad

import (
	"crypto/tls"
	"crypto/x509"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// inChain is AD's own rule for groups in groups.
const inChain = ":1.2.840.113556.1.4.1941:"

// listMembers asks samba-tool who is in a group, on the domain's own database: the keys
// of their DNs.
func listMembers(t *testing.T, account string) map[string]bool {
	t.Helper()
	dir := filepath.Dir(liveEnv(t, "PASSWORD_FILE"))
	out, err := exec.Command("samba-tool", "group", "listmembers", account, "--full-dn",
		"-H", dir+"/private/sam.ldb", "--configfile="+dir+"/etc/smb.conf").Output()
	if err != nil {
		t.Fatalf("samba-tool group listmembers %q: %v", account, err)
	}
	in := map[string]bool{}
	for line := range strings.Lines(string(out)) {
		in[source.DNKey(strings.TrimSpace(line))] = true
	}
	return in
}

// another is a connection of the LDAP library alone.
func another(t *testing.T) *ldap.Conn {
	t.Helper()
	pem, err := os.ReadFile(liveEnv(t, "CA"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	c, err := ldap.DialURL(liveEnv(t, "URL"), ldap.DialWithTLSConfig(&tls.Config{RootCAs: pool, ServerName: liveEnv(t, "TLS_NAME")}))
	if err == nil {
		t.Cleanup(func() { c.Close() })
		err = c.Bind(liveEnv(t, "BIND_DN"), livePassword(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// ask searches the domain for the values of one attribute.
func ask(t *testing.T, c *ldap.Conn, filter, attribute string) (values []string) {
	t.Helper()
	res, err := c.SearchWithPaging(&ldap.SearchRequest{BaseDN: liveEnv(t, "BASE_DN"), Scope: ldap.ScopeWholeSubtree, Filter: filter, Attributes: []string{attribute}}, 500)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range res.Entries {
		values = append(values, e.GetAttributeValue(attribute))
	}
	return values
}

// chainOf finds with AD's own rule who is in a group, directly or not: nobody is listed
// in his primary group, so that those are asked for beside it.
func chainOf(t *testing.T, c *ldap.Conn, g source.Group) []string {
	t.Helper()
	own, err := adattr.SIDBytes(g.SID)
	if err != nil {
		t.Fatal(err)
	}
	filter := "(memberOf" + inChain + "=" + ldap.EscapeFilter(g.DN) + ")"
	for _, raw := range append(ask(t, c, "(&(objectClass=group)"+filter+")", "objectSid"), string(own)) {
		sid, err := adattr.SID([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		filter += "(primaryGroupID=" + sid[strings.LastIndexByte(sid, '-')+1:] + ")"
	}
	return guids(t, ask(t, c, "(&(sAMAccountType=805306368)(|"+filter+"))", "objectGUID"))
}

// people are the users of a domain, as an index takes them, and by the key of the DN.
func people(t *testing.T, d *Directory) (users []*source.User, byDN map[string]*source.User) {
	t.Helper()
	all, err := read(t.Context(), d, source.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	byDN = map[string]*source.User{}
	for i := range all {
		users = append(users, &all[i])
		byDN[source.DNKey(all[i].DN)] = &all[i]
	}
	return users, byDN
}

// The people of each group are those that Samba itself and another client find, by
// objectGUID: directly in it, in the groups in it, and by the primary group.
func TestLiveGroups(t *testing.T) {
	cfg := live(t)
	cfg.Connection.BaseDN = "OU=Staff," + liveEnv(t, "BASE_DN") // groups lie elsewhere
	d := open(t, cfg)
	cfg.Connection.BaseDN = ""
	users, byDN := people(t, open(t, cfg))
	groups, err := d.Groups(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := guids(t, ldapsearch(t, "(objectClass=group)", "objectGUID")); len(groups) != len(want) || len(want) < 40 {
		t.Fatalf("%d groups, ldapsearch finds %d", len(groups), len(want))
	}
	c := another(t)
	x := source.NewGroupIndex(groups, users)
	nested := 0
	var some []source.Group // samba-tool takes its time
	for _, g := range groups {
		got := slices.Sorted(maps.Keys(x.People(g.ID)))
		if want := chainOf(t, c, g); !slices.Equal(got, want) {
			t.Errorf("%s: %d people, ldapsearch finds %d in chain", g.Name, len(got), len(want))
		}
		if len(got) > len(x.Direct(g.ID)) {
			nested++
		}
		if len(got) > 0 && (strings.HasPrefix(g.Name, "Live") || slices.Contains([]string{"Domain Admins", "Domain Users", "DnsAdmins"}, g.Name)) {
			some = append(some, g)
		}
	}
	if len(some) < 8 || nested < 5 {
		t.Errorf("only %d groups with people, %d of them through others", len(some), nested)
	}

	// One is as large as AD would give in ranges; whatever is in it is asked for by id.
	many := byName(groups)["Live Many"]
	if want := guids(t, ldapsearch(t, "(memberOf="+many.DN+")", "objectGUID")); len(want) != 5000 || !slices.Equal(slices.Sorted(slices.Values(many.Members)), want) {
		t.Errorf("%d members, ldapsearch finds %d", len(many.Members), len(want))
	}
	wanted, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.Name == "Live Many" })
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range wanted {
		wanted := slices.Contains([]string{"Live Many", "Live Second", "Live Third"}, g.Name)
		if want := byName(groups)[g.Name]; wanted && !slices.Equal(g.Members, want.Members) || !wanted && g.Members != nil {
			t.Errorf("%s, which is wanted %v: %d members, of all groups %d", g.Name, wanted, len(g.Members), len(want.Members))
		}
	}

	for _, g := range some {
		t.Run(g.Name, func(t *testing.T) {
			t.Parallel()
			want := map[string]bool{}
			for dn := range listMembers(t, g.Account) {
				if u := byDN[dn]; u != nil {
					want[u.ID] = true
				}
			}
			if got := x.Direct(g.ID); !maps.Equal(got, want) {
				t.Errorf("%d people directly, samba-tool finds %d", len(got), len(want))
			}
		})
	}
}

// Who holds power are those whom the rule in chain finds in the powerful groups.
func TestLivePowers(t *testing.T) {
	d := open(t, live(t))
	users, byDN := people(t, d)
	begin := time.Now()
	powers, err := d.Powers(t.Context())
	if err != nil || powers.Unknown != "" {
		t.Fatalf("%v, unknown: %q", err, powers.Unknown)
	}
	t.Logf("%d groups in %s, notes %q", len(powers.Groups), time.Since(begin).Round(time.Millisecond), powers.Notes)

	c := another(t)
	want := map[string]bool{}
	roots := 0
	for _, g := range powers.Groups {
		if !g.Power {
			continue
		}
		roots++
		for _, id := range chainOf(t, c, g) {
			want[id] = true
		}
	}
	var known []string
	for _, sid := range source.PowerfulSIDs(d.info.ID) {
		for range ask(t, c, "(&(objectClass=group)(objectSid="+sid+"))", "objectGUID") {
			known = append(known, sid)
		}
	}
	if roots != len(known)+1 { // and DnsAdmins
		t.Errorf("%d groups give power, ldapsearch finds %d by SID", roots, len(known))
	}
	ways := source.NewGroupIndex(powers.Groups, users).Privileges()
	got := map[string]bool{}
	for id := range ways {
		got[id] = true
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d people hold power, ldapsearch finds %d", len(got), len(want))
	}
	for name, way := range map[string]string{
		"live-third": "Domain Admins ← Live First ← Live Second ← Live Third", "live-second": "Domain Admins ← Live First ← Live Second",
		"live-primary-admin": "Domain Admins", "live-dns": "DnsAdmins", "live-policy": "Live Policy Crew",
	} {
		u := byDN[source.DNKey("CN="+name+",OU=Live Groups,"+liveEnv(t, "BASE_DN"))]
		if u == nil || len(ways[u.ID]) != 1 || strings.Join(ways[u.ID][0], " ← ") != way {
			t.Errorf("%s: %v, want %q", name, u, way)
		}
	}
	if note := strings.Join(powers.Notes, "\n"); !strings.Contains(note, `"Backup Operators"`) || !strings.Contains(note, "S-1-5-21-1-2-3-1104") {
		t.Errorf("notes %q", powers.Notes)
	}
}
