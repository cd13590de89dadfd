package ldapfake

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/go-ldap/ldap/v3"
)

const (
	base = "DC=corp,DC=contoso,DC=example"
	gone = "CN=gone,CN=Deleted Objects," + base
)

func serve(t *testing.T, opts Options) (*Server, *tls.Config) {
	t.Helper()
	for i := range 25 {
		opts.Entries = append(opts.Entries, Entry{DN: fmt.Sprintf("CN=u%d,OU=Staff,%s", i, base), Attrs: map[string][]string{
			"objectClass": {"top", "user"}, "sAMAccountType": {"805306368"}, "objectGUID": {fmt.Sprintf("guid of %8d", i)},
			"cn": {fmt.Sprintf("u%d", i)}, "userAccountControl": {fmt.Sprint(512 + i%2*2)},
		}})
	}
	opts.Entries = append(opts.Entries, Entry{DN: gone, Attrs: map[string][]string{"objectClass": {"top", "user"}, "isDeleted": {"TRUE"}, "objectGUID": {fmt.Sprintf("guid of %8d", 99)}}})
	opts.Entries = append(opts.Entries, Entry{DN: "OU=Staff," + base, Attrs: map[string][]string{"objectClass": {"top", "organizationalUnit"}}})
	opts.Accounts = map[string]string{"svc": "secret"}
	s, err := Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	ca, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return s, &tls.Config{RootCAs: pool, ServerName: "localhost"}
}

func dial(t *testing.T, s *Server, config *tls.Config) *ldap.Conn {
	t.Helper()
	c, err := ldap.DialURL(s.URL(), ldap.DialWithTLSConfig(config))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func search(base, filter string, controls ...ldap.Control) *ldap.SearchRequest {
	return &ldap.SearchRequest{BaseDN: base, Scope: ldap.ScopeWholeSubtree, Filter: filter, Attributes: []string{"CN"}, Controls: controls}
}

// The fake answers as Active Directory is documented to, asked by a client that
// it was not written for.
func TestLikeActiveDirectory(t *testing.T) {
	s, config := serve(t, Options{MaxPageSize: 10, MaxValRange: 2})
	c := dial(t, s, config)
	code := func(_ any, err error) uint16 {
		if e := (*ldap.Error)(nil); errors.As(err, &e) {
			return e.ResultCode
		}
		return 0
	}
	domainScope := ldap.NewControlString(oidDomain, false, "")

	if res, err := c.Search(&ldap.SearchRequest{Filter: "(objectClass=*)"}); err != nil || res.Entries[0].GetAttributeValue("defaultNamingContext") != base {
		t.Errorf("rootDSE before a bind: %v", err)
	}
	if got := code(c.Search(search(base, "(cn=u1)"))); got != 1 {
		t.Errorf("a search before a bind: code %d", got)
	}
	if err := c.UnauthenticatedBind("svc"); err != nil {
		t.Errorf("a bind without a password: %v", err)
	}
	if got := code(c.Search(search(base, "(cn=u1)"))); got != 1 {
		t.Errorf("a search after a bind without a password: code %d", got)
	}
	if got := code(nil, c.Bind("svc", "wrong")); got != 49 {
		t.Errorf("a wrong password: code %d", got)
	}
	if err := c.Bind("SVC", "secret"); err != nil {
		t.Fatal(err)
	}
	for filter, want := range map[string]int{
		"(cn=U1)": 1, "(sAMAccountType=805306368)": 10, "(&(objectClass=user)(cn=u1))": 1, "(|(cn=u1)(cn=u2)(cn=none))": 2,
		"(&(cn=*)(!(objectClass=user)))": 0, "(userAccountControl:1.2.840.113556.1.4.803:=2)": 10, "(cn=none)": 0,
	} {
		res, err := c.Search(search(base, filter, domainScope))
		if len(res.Entries) != want || (code(nil, err) == 4) != (want == 10) || len(res.Referrals) != 0 {
			t.Errorf("%s: %d entries, %v", filter, len(res.Entries), err)
		}
	}
	if got := code(c.Search(search(base, "(cn=u*1)"))); got != 53 {
		t.Errorf("a filter that is not implemented: code %d", got)
	}
	if res, err := c.Search(search(base, "(cn=u1)")); err != nil || len(res.Referrals) != 3 {
		t.Errorf("references: %v", err)
	}
	if got := code(c.Search(search("OU=None,"+base, "(cn=u1)"))); got != 32 {
		t.Errorf("no such object: code %d", got)
	}
	if got := code(c.Search(search("DC=other", "(cn=u1)"))); got != 10 {
		t.Errorf("another domain: code %d", got)
	}
	res, err := c.Search(&ldap.SearchRequest{BaseDN: "<GUID=64697567-6f20-2066-2020-202020202031>", Filter: "(objectClass=*)"})
	if err != nil || len(res.Entries) != 1 || res.Entries[0].DN != "CN=u1,OU=Staff,"+base {
		t.Errorf("by GUID: %v", err)
	}
	for guid, want := range map[string]uint16{"64697567-6f20-2066-2020-202020202049": 32, "64697567": 34, "64697567-6f20-2066-2020-202020202031>,x": 34, "": 34} {
		if got := code(c.Search(search("<GUID="+guid+">", "(objectClass=*)"))); got != want {
			t.Errorf("GUID %q: code %d, want %d", guid, got, want)
		}
	}
	showDeleted := ldap.NewControlString(oidDeleted, true, "")
	for _, named := range []string{gone, "<GUID=64697567-6f20-2066-2020-202020203939>"} {
		if got := code(c.Search(search(named, "(objectClass=*)"))); got != 32 {
			t.Errorf("%s, which was deleted: code %d", named, got)
		}
		if res, err := c.Search(search(named, "(objectClass=*)", showDeleted)); err != nil || len(res.Entries) != 1 {
			t.Errorf("%s: %v", named, err)
		}
	}

	res, err = c.SearchWithPaging(search(base, "(objectClass=user)", domainScope), 100)
	if err != nil || len(res.Entries) != 25 || res.Entries[0].GetAttributeValue("cn") != "u0" {
		t.Errorf("pages: %v", err)
	}
	page, err := c.Search(search(base, "(objectClass=user)", ldap.NewControlPaging(5)))
	if err != nil || len(page.Entries) != 5 {
		t.Fatalf("a page: %v", err)
	}
	cookie := ldap.FindControl(page.Controls, ldap.ControlTypePaging).(*ldap.ControlPaging)
	other := dial(t, s, config)
	if err := other.Bind("svc", "secret"); err != nil {
		t.Fatal(err)
	}
	again := &ldap.ControlPaging{PagingSize: 5, Cookie: cookie.Cookie}
	if got := code(other.Search(search(base, "(objectClass=user)", again))); got != 53 {
		t.Errorf("a cookie of another connection: code %d", got)
	}

	domainRoot := search(base, "(objectClass=domainDNS)", domainScope)
	domainRoot.Attributes = []string{"wellKnownObjects"}
	res, err = c.Search(domainRoot)
	if err != nil || len(res.Entries) != 1 || len(res.Entries[0].GetAttributeValues("wellKnownObjects")) != 0 ||
		len(res.Entries[0].GetAttributeValues("wellKnownObjects;range=0-1")) != 2 {
		t.Errorf("a range: %v", err)
	}
	domainRoot.Attributes = []string{"wellKnownObjects;range=2-*"}
	res, err = c.Search(domainRoot)
	if err != nil || len(res.Entries[0].GetAttributeValues("wellKnownObjects;range=2-*")) != 2 {
		t.Errorf("the rest of a range: %v", err)
	}
}

func TestStartTLS(t *testing.T) {
	s, config := serve(t, Options{})
	c, err := ldap.DialURL(s.PlainURL())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Bind("svc", "secret"); !ldap.IsErrorWithCode(err, 8) {
		t.Errorf("a bind in the clear: %v", err)
	}
	if err := c.StartTLS(config); err != nil {
		t.Fatal(err)
	}
	if err := c.Bind("svc", "secret"); err != nil {
		t.Error(err)
	}
	if s.Count("bind") != 2 || s.Requests()[0].Secure || !s.Requests()[2].Secure || s.Connections() != 1 {
		t.Errorf("%s: %+v", s, s.Requests())
	}
}

// Names come with ids for whoever asks (MS-ADTS 3.1.1.3.4.1.5), in hex or as text, and a
// range is never longer than asked for or than the server gives.
func TestExtendedNames(t *testing.T) {
	sid := "\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00\x50\x04\x00\x00"
	user := Entry{DN: "CN=u,OU=Staff," + base, Attrs: map[string][]string{"objectGUID": {"0123456789abcdef"}, "objectSid": {sid}}}
	contact := Entry{DN: "CN=c,OU=Staff," + base, Attrs: map[string][]string{"objectGUID": {"fedcba9876543210"}}}
	const guid = "33323130-3534-3736-3839-616263646566"
	abroad := "<GUID=" + guid + ">;<SID=S-1-5-21-9-9-9-1104>;CN=x,DC=other"
	group := Entry{DN: "CN=g," + base, Attrs: map[string][]string{"member": {user.DN, contact.DN, abroad, "CN=unknown,DC=x"}}}
	s, config := serve(t, Options{Entries: []Entry{user, contact, group}, MaxValRange: 3})
	c := dial(t, s, config)
	if err := c.Bind("svc", "secret"); err != nil {
		t.Fatal(err)
	}
	text := ldap.NewControlString(oidExtended, false, "\x30\x03\x02\x01\x01")
	for _, tt := range []struct {
		base, asked string
		control     ldap.Control
		dn, name    string
		values      []string
	}{
		{group.DN, "member;range=0-1", nil, group.DN, "member;range=0-1", []string{user.DN, contact.DN}},
		{group.DN, "member;range=2-9", nil, group.DN, "member;range=2-*", []string{"CN=x,DC=other", "CN=unknown,DC=x"}},
		{group.DN, "member;range=0-9", text, group.DN, "member;range=0-2", []string{
			"<GUID=" + guid + ">;<SID=S-1-5-21-1-2-3-1104>;" + user.DN, "<GUID=63646566-6162-3839-3736-353433323130>;" + contact.DN, abroad,
		}},
		{user.DN, "objectGUID", text, "<GUID=" + guid + ">;<SID=S-1-5-21-1-2-3-1104>;" + user.DN, "objectGUID", []string{"0123456789abcdef"}},
		{user.DN, "objectGUID", ldap.NewControlString(oidExtended, false, ""),
			"<GUID=30313233343536373839616263646566>;<SID=01050000000000051500000001000000020000000300000050040000>;" + user.DN, "objectGUID", []string{"0123456789abcdef"}},
	} {
		req := &ldap.SearchRequest{BaseDN: tt.base, Filter: "(objectGUID=*)", Attributes: []string{tt.asked}}
		if tt.base == group.DN {
			req.Filter = "(member=*)"
		}
		if tt.control != nil {
			req.Controls = []ldap.Control{tt.control}
		}
		res, err := c.Search(req)
		if err != nil || len(res.Entries) != 1 || res.Entries[0].DN != tt.dn {
			t.Errorf("%s of %s: %v, %v", tt.asked, tt.base, res.Entries, err)
			continue
		}
		last := res.Entries[0].Attributes[len(res.Entries[0].Attributes)-1]
		if last.Name != tt.name || !slices.Equal(last.Values, tt.values) {
			t.Errorf("%s of %s: %s %q", tt.asked, tt.base, last.Name, last.Values)
		}
	}
}
