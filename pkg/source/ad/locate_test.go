package ad

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"net"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/dns/dnsmessage"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// zone is a DNS server: addresses by name, and services by name, each as PRIORITY
// HOST PORT.
type zone struct {
	mu        sync.Mutex
	addresses map[string]string
	services  map[string][]string
	asked     []string
}

// host says that there is a computer of a name of the domain, on 127.0.0.1.
func (z *zone) host(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.addresses[name+"."+contoso] = "127.0.0.1"
}

// set says which domain controllers there are below a name of the domain.
func (z *zone) set(below string, services ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.services["_ldap._tcp."+below+"."+contoso] = services
}

// resolver serves the zone.
func (z *zone) resolver(t *testing.T) *net.Resolver {
	t.Helper()
	answer := func(question []byte, most int) []byte {
		var m dnsmessage.Message
		if m.Unpack(question) != nil || len(m.Questions) != 1 {
			return nil
		}
		a := z.answer(m)
		whole, _ := a.Pack()
		if len(whole) > most {
			a.Truncated, a.Answers = true, nil
			whole, _ = a.Pack()
		}
		return whole
	}
	l, conn := listenBoth(t) // TCP for what is too long for a datagram
	t.Cleanup(func() { l.Close() })
	serveUDP(t, conn, func(question []byte) []byte { return answer(question, 1232) })
	addr := l.Addr().String()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			var length uint16
			if binary.Read(conn, binary.BigEndian, &length) == nil {
				question := make([]byte, length)
				if _, err := io.ReadFull(conn, question); err == nil {
					whole := answer(question, 1<<16-1)
					_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(whole))), whole...))
				}
			}
			conn.Close()
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, addr)
	}}
}

// listenBoth listens on a port of 127.0.0.1 that is free in TCP and in UDP.
func listenBoth(t *testing.T) (net.Listener, net.PacketConn) {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		if conn, err := net.ListenPacket("udp", l.Addr().String()); err == nil {
			return l, conn
		}
		l.Close()
	}
	t.Fatal("no port is free")
	return nil, nil
}

// serveUDP answers datagrams; nil is no answer.
func serveUDP(t *testing.T, conn net.PacketConn, answer func([]byte) []byte) {
	t.Helper()
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			if b := answer(buf[:n]); b != nil {
				_, _ = conn.WriteTo(b, from)
			}
		}
	}()
}

func (z *zone) answer(m dnsmessage.Message) *dnsmessage.Message {
	q := m.Questions[0]
	name := strings.TrimSuffix(q.Name.String(), ".")
	m.Header = dnsmessage.Header{ID: m.ID, Response: true, Authoritative: true, RCode: dnsmessage.RCodeNameError}
	m.Additionals = nil
	add := func(body dnsmessage.ResourceBody) {
		m.RCode = dnsmessage.RCodeSuccess
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: dnsmessage.ResourceHeader{Name: q.Name, Class: q.Class, TTL: 1}, Body: body})
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	address, known := z.addresses[name]
	switch {
	case q.Type == dnsmessage.TypeSRV:
		z.asked = append(z.asked, name)
		for _, service := range z.services[name] {
			var priority, port uint16
			var host string
			_, _ = fmt.Sscan(service, &priority, &host, &port)
			add(&dnsmessage.SRVResource{Priority: priority, Target: dnsmessage.MustNewName(strings.TrimSuffix(host, ".") + "."), Port: port})
		}
	case known && q.Type == dnsmessage.TypeA:
		add(&dnsmessage.AResource{A: [4]byte(net.ParseIP(address).To4())})
	case known:
		m.RCode = dnsmessage.RCodeSuccess
	}
	return &m
}

// pingAnswer is what a domain controller says to a ping, with names compressed.
func pingAnswer(site string) []byte {
	b := binary.LittleEndian.AppendUint16(nil, 23)
	b = append(b, make([]byte, 22)...)
	name := func(labels ...string) {
		for _, l := range labels {
			b = append(append(b, byte(len(l))), l...)
		}
	}
	domainAt := byte(len(b))
	name("corp", "contoso", "example")
	b = append(b, 0)
	b = append(b, 0xc0, domainAt)
	name("dc1")
	b = append(b, 0xc0, domainAt)
	name("CONTOSO")
	b = append(b, 0)
	name("DC1")
	b = append(b, 0, 0) // and no user
	name("Default-First-Site-Name")
	b = append(b, 0)
	name(site)
	b = append(b, 0)
	entry := ldapfake.Entry{Attrs: map[string][]string{"Netlogon": {string(b)}}}
	return ldapfake.SearchEntry(1, entry)
}

// pings answers pings on the port of a fake.
func pings(t *testing.T, port int, answer []byte) {
	t.Helper()
	conn, err := net.ListenPacket("udp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		t.Fatal(err)
	}
	serveUDP(t, conn, func(question []byte) []byte {
		if strings.Contains(string(question), contoso) && strings.Contains(string(question), "Netlogon") {
			return answer
		}
		return nil
	})
}

const contoso = "corp.contoso.example"

// startDomain runs a fake that DNS knows as dc1, and says how its domain is
// reached.
func startDomain(t *testing.T) (s *ldapfake.Server, cfg Config, z *zone, port int) {
	t.Helper()
	s, cfg = start(t, ldapfake.Options{Entries: company(3), Certificate: ldapfake.Certificate{Names: []string{"dc1." + contoso, "dc3." + contoso}}})
	u, err := url.Parse(s.PlainURL())
	if err != nil {
		t.Fatal(err)
	}
	if port, err = strconv.Atoi(u.Port()); err != nil {
		t.Fatal(err)
	}
	z = &zone{addresses: map[string]string{"dc1." + contoso: "127.0.0.1", "dc2." + contoso: "127.0.0.1", "dc3." + contoso: "127.0.0.1"}, services: map[string][]string{}}
	cfg.Resolver = z.resolver(t)
	cfg.Connection.Transport, cfg.Connection.URL, cfg.Connection.Domain = source.TransportStartTLS, "", contoso
	return s, cfg, z, port
}

// closedPort is a port that nobody listens on.
func closedPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// The first domain controller of the list that answers is taken, and no other one.
func TestDomain(t *testing.T) {
	s, cfg, z, port := startDomain(t)
	z.set("dc._msdcs", fmt.Sprintf("20 dc1.%s %d", contoso, port), fmt.Sprintf("10 dc2.%s %d", contoso, closedPort(t)), "0 dc9.fabrikam.example 389")
	d := open(t, cfg)
	if users, err := read(t.Context(), d, source.Scope{}); err != nil || len(users) != 3 {
		t.Errorf("%d users, %v", len(users), err)
	}
	if want := fmt.Sprintf("dc1.%s:%d", contoso, port); d.guard.server != want || s.Count("bind") != 1 {
		t.Errorf("read from %s after %d logins", d.guard.server, s.Count("bind"))
	}

	// A refused password is the end: no other controller is tried.
	z.set("dc._msdcs", fmt.Sprintf("1 dc1.%s %d", contoso, port), fmt.Sprintf("2 dc3.%s %d", contoso, port))
	cfg.Password = func(context.Context) (source.Secret, error) { return source.NewSecret("wrong"), nil }
	before := s.Count("bind")
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeCredentials, "wrong (52e)")
	if n := s.Count("bind") - before; n != 1 {
		t.Errorf("%d logins", n)
	}
}

// The controllers of this computer's site come first; the primary one is asked for
// by name.
func TestSite(t *testing.T) {
	_, cfg, z, port := startDomain(t)
	cfg.Log = t.Logf
	all := []string{fmt.Sprintf("1 dc1.%s %d", contoso, port), fmt.Sprintf("2 dc2.%s %d", contoso, port), fmt.Sprintf("3 dc3.%s %d", contoso, port)}
	z.set("dc._msdcs", all...)
	z.set("London._sites.dc._msdcs", all[2:]...)
	z.set("pdc._msdcs", all[1:2]...)
	hosts := func(cfg Config) (names []string) {
		t.Helper()
		places, err := cfg.locate(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range places {
			name, _, _ := strings.Cut(p.host, ".")
			names = append(names, name)
		}
		return names
	}
	if got := hosts(cfg); !slices.Equal(got, []string{"dc1", "dc2", "dc3"}) {
		t.Errorf("without an answer to the ping: %v", got)
	}
	pings(t, port, pingAnswer("London"))
	if got := hosts(cfg); !slices.Equal(got, []string{"dc3", "dc1", "dc2"}) {
		t.Errorf("in London: %v", got)
	}
	cfg.Connection.Primary = true
	if got := hosts(cfg); !slices.Equal(got, []string{"dc2"}) {
		t.Errorf("the primary one: %v", got)
	}
}

// Where several are tried, the password is asked for once.
func TestSecretOnce(t *testing.T) {
	_, cfg, z, _ := startDomain(t)
	s, _, sealed := startSealed(t, ldapfake.Options{}, nil)
	u, err := url.Parse(s.PlainURL())
	if err != nil {
		t.Fatal(err)
	}
	z.set("dc._msdcs", fmt.Sprintf("1 dc2.%s %d", contoso, closedPort(t)), fmt.Sprintf("2 dc1.%s %s", contoso, u.Port()), fmt.Sprintf("3 dc3.%s %s", contoso, u.Port()))
	asked := 0
	cfg.Connection = sealed.Connection
	cfg.Connection.URL, cfg.Connection.TLSServerName, cfg.Connection.Domain, cfg.Connection.KDC = "", "", contoso, fmt.Sprintf("127.0.0.1:%d", closedPort(t))
	cfg.Password = func(context.Context) (source.Secret, error) { asked++; return source.NewSecret(password), nil }
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "none of 3 domain controllers")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

// A password that was proved is not proved at the next domain controller again, whatever
// became of the answer: the first one may have counted it.
func TestProofAtOneController(t *testing.T) {
	answers := 0
	kdc, err := krbfake.Start(krbfake.Options{Accounts: map[string]string{"svc": password}, Edit: func(answer []byte) []byte {
		if answers++; answers%2 == 0 {
			return nil
		}
		return answer
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer kdc.Close()
	_, cfg, z, port := startDomain(t)
	_, _, sealed := startSealed(t, ldapfake.Options{}, nil)
	z.set("dc._msdcs", fmt.Sprintf("1 dc1.%s %d", contoso, port), fmt.Sprintf("2 dc3.%s %d", contoso, port))
	cfg.Connection = sealed.Connection
	cfg.Connection.URL, cfg.Connection.TLSServerName, cfg.Connection.Domain, cfg.Connection.KDC = "", "", contoso, kdc.Addr()
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "did not answer")
	if n := kdc.Logins(); n != 1 {
		t.Errorf("it was proved %d times", n)
	}
}

// A controller that DNS names for a domain but that holds a child of it is not read: its
// people would be taken for the domain's.
func TestControllerOfAnotherDomain(t *testing.T) {
	_, cfg, z, _ := startDomain(t)
	s, _ := start(t, ldapfake.Options{Domain: "DC=child," + domain, Certificate: ldapfake.Certificate{Names: []string{"dc3." + contoso}}})
	u, err := url.Parse(s.PlainURL())
	if err != nil {
		t.Fatal(err)
	}
	cfg.Connection.CAFile = s.CAFile()
	z.set("dc._msdcs", fmt.Sprintf("1 dc3.%s %s", contoso, u.Port()))
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeNotFound, "a domain controller of child.corp.contoso.example, not of corp.contoso.example")
}

// Six domain controllers that are gone do not hide the seventh.
func TestManyGone(t *testing.T) {
	_, cfg, z, port := startDomain(t)
	services := []string{fmt.Sprintf("9 dc1.%s %d", contoso, port)}
	for i := range 6 {
		z.host(fmt.Sprintf("dc%d", i+10))
		services = append(services, fmt.Sprintf("%d dc%d.%s %d", i, i+10, contoso, closedPort(t)))
	}
	z.set("dc._msdcs", services...)
	if d := open(t, cfg); !strings.HasPrefix(d.guard.server, "dc1.") {
		t.Errorf("read from %s", d.guard.server)
	}
}

// What a zone holds that was never tidied up: the same controller many times, ports
// that are none, the target that says there is no service, five hundred that are gone.
func TestUntidyZone(t *testing.T) {
	_, cfg, z, port := startDomain(t)
	cfg.Log = t.Logf
	right := fmt.Sprintf("9 dc1.%s %d", contoso, port)
	gone := fmt.Sprintf("1 dc2.%s %d", contoso, closedPort(t))
	z.set("dc._msdcs", gone, gone, gone, gone, gone, gone, "0 dc3."+contoso+" 0", "0 . 389", "0 "+contoso+". 0", right)
	places, err := cfg.locate(t.Context())
	if err != nil || len(places) != 2 {
		t.Errorf("%v, %v", places, err)
	}
	if d := open(t, cfg); !strings.HasPrefix(d.guard.server, "dc1.") {
		t.Errorf("read from %s", d.guard.server)
	}
	z.set("dc._msdcs", "0 . 0")
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "DNS knows no domain controller")

	many := make([]string, 500)
	closed := closedPort(t)
	for i := range many {
		many[i] = fmt.Sprintf("%d dc%d.%s %d", i, i+10, contoso, closed)
		z.host(fmt.Sprintf("dc%d", i+10))
	}
	z.set("dc._msdcs", many...)
	began := time.Now()
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "none of 500 domain controllers of corp.contoso.example can be used, of which 50 were tried")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// A domain that DNS does not know, or whose controllers are all gone.
func TestNoDomain(t *testing.T) {
	_, cfg, z, _ := startDomain(t)
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "DNS knows no domain controller of corp.contoso.example")
	if !source.IsPermanent(err) {
		t.Error("it will not come by itself")
	}
	z.set("dc._msdcs", "0 dc1.corp.contoso.example.evil.example 389", "0 evilcorp.contoso.example 389")
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, `not in the domain corp.contoso.example, as "dc1.corp.contoso.example.evil.example"`)
	z.set("dc._msdcs", fmt.Sprintf("1 dc1.%s %d", contoso, closedPort(t)), "2 dc8."+contoso+" 389")
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "none of 2 domain controllers of corp.contoso.example can be used: cannot connect to dc1.corp.contoso.example")
	cfg.Connection.Transport = source.TransportLDAPS
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "dc1.corp.contoso.example:636")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, cfg); err == nil {
		t.Error("opened although cancelled")
	}
}

// The answer to a ping is anybody's: whatever it is, it is read or refused.
func FuzzPing(f *testing.F) {
	right := pingAnswer("London")
	f.Add(right)
	f.Add(right[:len(right)-3])
	f.Add([]byte{})
	loop := slices.Clone(right)
	f.Add(append(loop[:len(loop)-8], 0xc0, 24, 0xc0, 24, 0xc0, 24, 0xc0, 24))
	f.Fuzz(func(t *testing.T, datagram []byte) {
		site, err := clientSite(datagram)
		if err != nil && site != "" {
			t.Errorf("%q, %v", site, err)
		}
	})
	if site, err := clientSite(right); site != "London" || err != nil {
		f.Errorf("%q, %v", site, err)
	}
}

// A live domain controller says which site this computer is in, and is found.
func TestLiveDomain(t *testing.T) {
	cfg := liveKerberos(t)
	u, err := url.Parse(liveEnv(t, "URL"))
	if err != nil {
		t.Fatal(err)
	}
	z := &zone{addresses: map[string]string{"dc1." + contoso: u.Hostname()}, services: map[string][]string{
		"_ldap._tcp.dc._msdcs." + contoso: {"0 dc1." + contoso + " 389"},
	}}
	cfg.Resolver = z.resolver(t)
	cfg.Connection.URL, cfg.Connection.TLSServerName, cfg.Connection.Domain = "", "", contoso
	simple := live(t)
	simple.Resolver = cfg.Resolver
	simple.Connection.URL, simple.Connection.TLSServerName, simple.Connection.Domain = "", "", contoso
	var counts []int
	for _, cfg := range []Config{cfg, simple} {
		began := time.Now()
		users, err := read(t.Context(), open(t, cfg), source.Scope{})
		if err != nil {
			t.Fatal(err)
		}
		counts = append(counts, len(users))
		t.Logf("%s: %d users in %s", cfg.Connection.Transport, len(users), time.Since(began))
	}
	if counts[0] < 60 || counts[0] != counts[1] {
		t.Errorf("%v users", counts)
	}
	asked := map[string]bool{}
	z.mu.Lock()
	defer z.mu.Unlock()
	for _, name := range z.asked {
		asked[name] = true
	}
	want := map[string]bool{"_ldap._tcp.dc._msdcs." + contoso: true, "_ldap._tcp.Default-First-Site-Name._sites.dc._msdcs." + contoso: true}
	if !reflect.DeepEqual(asked, want) {
		t.Errorf("DNS was asked for %v", slices.Collect(maps.Keys(asked)))
	}
}
