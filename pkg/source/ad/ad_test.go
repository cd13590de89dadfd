package ad

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

const (
	domain   = "DC=corp,DC=contoso,DC=example"
	account  = "svc@corp.contoso.example"
	password = "canary-Pa55word"
)

// short keeps a test that waits for the server from taking long.
var short = Timeouts{Dial: time.Second, Handshake: 300 * time.Millisecond, Bind: 300 * time.Millisecond, Answer: 300 * time.Millisecond}

// person makes a user object as AD has it. The GUIDs of two differ in many bits.
func person(n int) ldapfake.Entry {
	name := fmt.Sprintf("user%05d", n)
	guid := make([]byte, 16)
	for i := range guid {
		guid[i] = byte(n>>(8*(i%3)))*31 + byte(i*7)
	}
	copy(guid, fmt.Sprintf("%08d", n))
	return ldapfake.Entry{DN: "CN=" + name + ",OU=Staff," + domain, Attrs: map[string][]string{
		"objectClass":        {"top", "person", "organizationalPerson", "user"},
		"objectGUID":         {string(guid)},
		"sAMAccountType":     {"805306368"},
		"sAMAccountName":     {name},
		"userPrincipalName":  {name + "@corp.contoso.example"},
		"displayName":        {"User " + name},
		"mail":               {name + "@contoso.example"},
		"userAccountControl": {"512"},
	}}
}

func container(dn, class string, guid byte) ldapfake.Entry {
	rdns, err := source.ParseDN(dn)
	if err != nil {
		panic(err)
	}
	return ldapfake.Entry{DN: dn, Attrs: map[string][]string{
		"objectClass": {"top", class}, "name": {rdns[0].Value},
		"objectGUID": {strings.Repeat(string(rune('A'+guid)), 16)},
	}}
}

// company is a small domain: n users in OU=Staff.
func company(n int) []ldapfake.Entry {
	entries := []ldapfake.Entry{
		container("CN=Users,"+domain, "container", 1),
		container("OU=Staff,"+domain, "organizationalUnit", 2),
	}
	for i := range n {
		entries = append(entries, person(i))
	}
	return entries
}

// start runs a fake and says how to connect to it.
func start(t testing.TB, opts ldapfake.Options) (*ldapfake.Server, Config) {
	t.Helper()
	if opts.Accounts == nil {
		opts.Accounts = map[string]string{account: password}
	}
	s, err := ldapfake.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, Config{
		Connection: connection(s.URL(), s.CAFile()),
		Password:   func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
		Timeouts:   Timeouts{Answer: 5 * time.Second},
	}
}

// connection is one over LDAPS. Where the password lies does not matter: the
// tests hand it over.
func connection(url, ca string) source.Connection {
	return source.Connection{
		Kind: source.AD, Transport: source.TransportLDAPS,
		LDAP: source.LDAP{URL: url, BindDN: account, BindPasswordFrom: "env:PASSWORD", CAFile: ca},
	}
}

// open connects, and closes at the end of the test.
func open(t testing.TB, cfg Config) *Directory {
	t.Helper()
	d, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("%v", err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// read collects users until the sequence ends, and checks that nothing follows
// an error.
func read(ctx context.Context, d source.Directory, scope source.Scope) (users []source.User, err error) {
	for u, e := range d.Users(ctx, scope) {
		if err != nil {
			panic("something follows an error")
		}
		if e != nil {
			err = e
			continue
		}
		users = append(users, u)
	}
	return users, err
}

// expect checks the code of an error, that its text holds some words, and that
// it holds no secret.
func expect(t *testing.T, err error, code source.Code, words ...string) {
	t.Helper()
	if source.CodeOf(err) != code {
		t.Errorf("got %q (%v), want the code %q", source.CodeOf(err), err, code)
		return
	}
	if strings.Contains(fmt.Sprintf("%v %+v", err, err), password) {
		t.Errorf("the error holds the password: %v", err)
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// The sample company reads over the wire as its export says.
func TestSampleCompany(t *testing.T) {
	entries, err := ldapfake.ReadLDIF(filepath.Join("..", "..", "..", "testdata", "contoso", "ad.ldif"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{} // display name by DN
	var containers []string
	for _, e := range entries {
		if reflect.DeepEqual(e.Attrs["sAMAccountType"], []string{"805306368"}) {
			want[e.DN] = strings.Join(e.Attrs["displayName"], "")
		}
		for _, class := range e.Attrs["objectClass"] {
			if class == "organizationalUnit" || class == "container" || class == "builtinDomain" {
				containers = append(containers, e.DN)
			}
		}
	}
	_, cfg := start(t, ldapfake.Options{Entries: entries})
	d := open(t, cfg)

	users, err := read(t.Context(), d, source.Scope{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, u := range users {
		got[u.DN] = u.DisplayName
		if u.Enabled == source.Unknown || u.SID == "" || u.Username == "" || u.Kind != source.AD {
			t.Errorf("not whole: %+v", u)
		}
	}
	if len(want) < 60 || len(users) != len(want) || !reflect.DeepEqual(got, want) {
		t.Errorf("read %d users, want %d", len(users), len(want))
	}

	tree, err := d.Tree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if tree.Root != domain || len(tree.Containers) != len(containers)+1 {
		t.Errorf("root %q, %d containers, want %d and the domain", tree.Root, len(tree.Containers), len(containers))
	}
	wellKnown := map[string]string{}
	for _, c := range tree.Containers {
		if c.WellKnown != "" {
			wellKnown[c.DN] = c.WellKnown
		}
		if c.ID == "" || c.Name == "" {
			t.Errorf("not whole: %+v", c)
		}
	}
	if tree.Containers[0].Class != "domainDNS" || wellKnown["CN=Users,"+domain] != "A9D1CA15768811D1ADED00C04FD8D5CD" ||
		wellKnown["CN=Managed Service Accounts,"+domain] != "1EB93889E40C45DF9F0C64D23BBB6237" {
		t.Errorf("%+v, well known: %v", tree.Containers[0], wellKnown)
	}
	visible := 0
	for _, ou := range source.NewOUIndex(tree).CountUsers(slices.Values(users)) {
		if !ou.Hidden {
			visible++
		}
	}
	if visible == 0 {
		t.Error("no OU would be shown")
	}

	info, err := d.Info(t.Context())
	if err != nil || info.Kind != source.AD || info.Name != "corp.contoso.example" || info.Server != "dc1.corp.contoso.example" ||
		!strings.HasPrefix(info.ID, "S-1-5-21-") || len(info.Notes) != 0 {
		t.Errorf("%+v, %v", info, err)
	}
}

// pipe serves a connection in memory, without TLS.
func pipe(t testing.TB, opts ldapfake.Options) (net.Conn, *ldapfake.Server) {
	t.Helper()
	opts.Accounts = map[string]string{account: password}
	s, err := ldapfake.New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	client, server := net.Pipe()
	go s.ServeConn(server)
	return client, s
}

// trickle lets bytes through one at a time, from begin on each after a while.
type trickle struct {
	net.Conn
	begin atomic.Bool
}

func (c *trickle) Read(p []byte) (int, error) {
	if c.begin.Load() {
		time.Sleep(2 * time.Millisecond)
	}
	return c.Conn.Read(p[:1])
}

func errorIs(err, want error) bool {
	if want == nil {
		return err == nil
	}
	return errors.Is(err, want)
}
