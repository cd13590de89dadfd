package ad

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// onUsers limits a fault to the search for users.
func onUsers(r *ldapfake.Request) bool { return r.Op == "search" && r.Scope == 2 }

func TestPages(t *testing.T) {
	for name, opts := range map[string]ldapfake.Options{
		"AD's limit":          {},
		"small pages":         {MaxPageSize: 7},
		"one object a page":   {MaxPageSize: 1},
		"the cookie of Samba": {MaxPageSize: 10, Faults: ldapfake.Faults{SameCookie: true}},
	} {
		for _, n := range []int{0, 1, 10, 70} {
			opts.Entries = company(n)
			s, cfg := start(t, opts)
			users, err := read(t.Context(), open(t, cfg), source.Scope{})
			if err != nil || len(users) != n {
				t.Errorf("%s: %d users, %v, want %d", name, len(users), err, n)
			}
			for i, u := range users {
				if u.Username != fmt.Sprintf("user%05d", i) {
					t.Fatalf("%s: user %d is %s", name, i, u.Username)
				}
			}
			if binds := s.Count("bind"); binds != 1 {
				t.Errorf("%s: %d binds", name, binds)
			}
		}
	}
}

// More than AD gives at once, and the next page is asked for before the first
// is used.
func TestLookAhead(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(2500)})
	d := open(t, cfg)
	before := s.Count("search")
	n := 0
	for _, err := range d.Users(t.Context(), source.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		if n++; n == 1 {
			waitFor(t, func() bool { return s.Count("search") == before+2 })
		}
	}
	if n != 2500 || s.Count("search") != before+3 {
		t.Errorf("%d users by %d searches", n, s.Count("search")-before)
	}
}

// waitFor waits until something has happened.
func waitFor(t *testing.T, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(5 * time.Second); !happened(); runtime.Gosched() {
		if time.Now().After(end) {
			t.Fatal("it did not happen")
		}
	}
}

// Only what is needed is asked for, in the words of the protocol: the filter is
// compared as the server decoded it.
func TestRequest(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(3)})
	d := open(t, cfg)
	if _, err := read(t.Context(), d, source.Scope{Base: "OU=Staff," + domain, Brief: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Tree(t.Context()); err != nil {
		t.Fatal(err)
	}
	var found []*ldapfake.Request
	for _, r := range s.Requests() {
		if !r.Secure {
			t.Errorf("%s was sent unencrypted", r.Op)
		}
		if onUsers(r) {
			found = append(found, r)
		}
	}
	if len(found) != 2 {
		t.Fatalf("%d subtree searches, want 2", len(found))
	}
	for i, want := range []struct{ base, filter string }{
		{"OU=Staff," + domain, "(sAMAccountType=805306368)"},
		{domain, "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain))"},
	} {
		filter, err := ldap.DecompileFilter(found[i].Filter)
		if err != nil || filter != want.filter || found[i].Base != want.base || !found[i].Paged || found[i].PageSize != 1000 {
			t.Errorf("%q below %q, %v, pages of %d", filter, found[i].Base, err, found[i].PageSize)
		}
		if !reflect.DeepEqual(found[i].Controls, []string{"1.2.840.113556.1.4.319", "1.2.840.113556.1.4.1339"}) {
			t.Errorf("controls %v", found[i].Controls)
		}
	}
	if !reflect.DeepEqual(found[0].Attributes, []string{"objectGUID", "isCriticalSystemObject", "msExchRecipientTypeDetails"}) {
		t.Errorf("a brief read asks for %v", found[0].Attributes)
	}
}

// Text that people typed reaches the server as the DN it is and nothing else.
func TestInjection(t *testing.T) {
	for _, base := range []string{
		"OU=*)(objectClass=*," + domain,
		`OU=\2a\28\29,` + domain,
		"OU=a\x00b," + domain,
		"OU=)))((," + domain,
		"OU=\x1b[2J\r\n," + domain,
		"OU=\xff\xfe," + domain,
	} {
		s, cfg := start(t, ldapfake.Options{Entries: company(3)})
		_, err := read(t.Context(), open(t, cfg), source.Scope{Base: base})
		expect(t, err, source.CodeNotFound)
		if strings.ContainsAny(err.Error(), "\x00\x1b\r\n") {
			t.Errorf("control characters in %q", err)
		}
		for _, r := range s.Requests() {
			if !onUsers(r) {
				continue
			}
			filter, err := ldap.DecompileFilter(r.Filter)
			if err != nil || filter != userFilter || r.Base != base {
				t.Errorf("%q arrived as %q with the filter %q", base, r.Base, filter)
			}
		}
	}
}

// A base DN that the server itself names is no safer.
func TestHostileRootDSE(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{RootDSE: map[string][]string{"defaultNamingContext": {"DC=x\x1b]52;c;AAAA\x07"}}})
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeNotFound)
	if strings.ContainsAny(err.Error(), "\x07\x1b") {
		t.Errorf("control characters in %q", err)
	}
}

func TestLimit(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(50), MaxPageSize: 10})
	d := open(t, cfg)
	for _, limit := range []int{1, 9, 10, 11, 49, 50, 51} {
		users, err := read(t.Context(), d, source.Scope{Limit: limit})
		if err != nil || len(users) != min(limit, 50) {
			t.Errorf("limit %d: %d users, %v", limit, len(users), err)
		}
	}
	for _, r := range s.Requests() {
		if onUsers(r) && r.PageSize > 51 {
			t.Errorf("a page of %d", r.PageSize)
		}
	}
}

// Who stops early leaves neither a goroutine nor a search at the server, and
// the connection stays good.
func TestStopEarly(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(50), MaxPageSize: 10})
	d := open(t, cfg)
	before := runtime.NumGoroutine()
	for range 20 {
		for _, err := range d.Users(t.Context(), source.Scope{}) {
			if err != nil {
				t.Fatal(err)
			}
			break
		}
	}
	waitFor(t, func() bool { return runtime.NumGoroutine() <= before })
	last := s.Requests()[len(s.Requests())-1]
	if last.PageSize != 0 || last.Cookie == "" {
		t.Errorf("the search was not given up: %+v", last)
	}
	if users, err := read(t.Context(), d, source.Scope{}); len(users) != 50 || err != nil {
		t.Errorf("then %d users, %v", len(users), err)
	}
}

// Two reads at once on one connection do not disturb each other.
func TestConcurrentReads(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: company(50), MaxPageSize: 5})
	d := open(t, cfg)
	errs := make(chan error)
	for range 4 {
		go func() {
			users, err := read(context.Background(), d, source.Scope{})
			if err == nil && len(users) != 50 {
				err = fmt.Errorf("%d users", len(users))
			}
			_, treeErr := d.Tree(context.Background())
			errs <- errors.Join(err, treeErr)
		}()
	}
	for range 4 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// What ends a search in any way but the right one is an error with a code, and
// never a list that looks whole.
func TestSearchFaults(t *testing.T) {
	result := func(res ldapfake.Result) ldapfake.Faults {
		return ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
			if onUsers(r) {
				return &res
			}
			return nil
		}}
	}
	edit := func(f func(a ldapfake.Answer) ([]byte, error)) ldapfake.Faults {
		return ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onUsers(a.Request) {
				return f(a)
			}
			return a.Bytes, nil
		}}
	}
	const done = 0x65
	for name, c := range map[string]struct {
		faults ldapfake.Faults
		code   source.Code
		words  string
	}{
		"time limit":             {result(ldapfake.Result{Code: 3, After: 4}), source.CodeIncomplete, "time limit exceeded"},
		"size limit (L7)":        {result(ldapfake.Result{Code: 4, After: 10}), source.CodeIncomplete, "size limit exceeded"},
		"admin limit":            {result(ldapfake.Result{Code: 11}), source.CodeIncomplete, "admin"},
		"referral":               {result(ldapfake.Result{Code: 10, Referral: []string{"ldap://evil.example/DC=x"}}), source.CodeNotFound, "evil.example"},
		"hostile referral":       {result(ldapfake.Result{Code: 10, Referral: []string{"ldap://a\x1b[2J/"}}), source.CodeNotFound, "does not hold"},
		"no such object":         {result(ldapfake.Result{Code: 32}), source.CodeNotFound, "not in the directory"},
		"no right":               {result(ldapfake.Result{Code: 50}), source.CodePermission, "may not read"},
		"strong auth":            {result(ldapfake.Result{Code: 8}), source.CodePermission, "refuses"},
		"busy":                   {result(ldapfake.Result{Code: 51}), source.CodeUnreachable, "busy"},
		"unavailable":            {result(ldapfake.Result{Code: 52}), source.CodeUnreachable, "unavailable"},
		"other":                  {result(ldapfake.Result{Code: 80, Text: "00000001: " + password}), source.CodeUnreachable, "Windows error 00000001"},
		"logged out":             {result(ldapfake.Result{Code: 1, Text: "000004DC: LdapErr"}), source.CodeCredentials, "anonymous"},
		"operations error":       {result(ldapfake.Result{Code: 1, Text: password}), source.CodeIncomplete, "operations error"},
		"unknown code":           {result(ldapfake.Result{Code: 99}), source.CodeIncomplete, "LDAP result 99"},
		"code of the library":    {result(ldapfake.Result{Code: 200}), source.CodeIncomplete, ""},
		"no paging control (L5)": {ldapfake.Faults{NoPaging: true}, source.CodeIncomplete, "no paging control"},
		"one page for ever (L6)": {ldapfake.Faults{RepeatPage: true}, source.CodeIncomplete, "the same page"},
		"cut at an entry (L4)": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 5 {
				return a.Bytes[:20], ldapfake.ErrCut
			}
			return a.Bytes, nil
		}), source.CodeUnreachable, "closed the connection"},
		"cut between entries": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 5 {
				return nil, ldapfake.ErrCut
			}
			return a.Bytes, nil
		}), source.CodeUnreachable, "closed the connection"},
		"cut before the end": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.Op == done {
				return nil, ldapfake.ErrCut
			}
			return a.Bytes, nil
		}), source.CodeUnreachable, "closed the connection"},
		"mute (L9)": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 3 {
				return nil, ldapfake.ErrMute
			}
			return a.Bytes, nil
		}), source.CodeUnreachable, "has not answered for"},
		"malformed entry (L3)": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 1 {
				return envelope(a.Request.ID, element(0x64, element(0x04, []byte("CN=x")))), nil
			}
			return a.Bytes, nil
		}), source.CodeIncomplete, "not LDAP"},
		"wrong message id": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 1 {
				return envelope(a.Request.ID+7, element(0x64, element(0x04, []byte("CN=x")), element(0x30))), nil
			}
			return a.Bytes, nil
		}), source.CodeIncomplete, "answers nothing that was asked"},
		"unknown operation": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 1 {
				return envelope(a.Request.ID, element(0x79)), nil
			}
			return a.Bytes, nil
		}), source.CodeIncomplete, "not LDAP"},
		"notice of disconnection": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 2 {
				return envelope(0, element(0x78, element(0x0a, []byte{52}), element(0x04), element(0x04), element(0x8a, []byte("1.3.6.1.4.1.1466.20036")))), ldapfake.ErrCut
			}
			return a.Bytes, nil
		}), source.CodeUnreachable, "unavailable"},
		"nested 990 deep (L13)": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 1 {
				return envelope(a.Request.ID, nested(990, 1<<20)), nil
			}
			return a.Bytes, nil
		}), source.CodeIncomplete, "not LDAP"},
		"a deep control": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.Op == done {
				control := element(0x30, element(0x04, []byte("1.3.6.1.4.1.42.2.27.8.5.1")), element(0x04, nested(900, 1<<20)))
				return envelope(a.Request.ID, element(0x65, element(0x0a, []byte{0}), element(0x04), element(0x04)), element(0xa0, control)), nil
			}
			return a.Bytes, nil
		}), source.CodeIncomplete, "not LDAP"},
		"a value of 50 MB": {edit(func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 1 {
				// It says that 50 MB follow; the first kilobytes will do.
				start := envelope(a.Request.ID, element(0x64, element(0x04, []byte("CN=Big")), make([]byte, 8000)))
				copy(start[2:6], []byte{0x03, 0x20, 0, 0})
				return start, ldapfake.ErrMute
			}
			return a.Bytes, nil
		}), source.CodeIncomplete, "CN=Big"},
	} {
		t.Run(name, func(t *testing.T) {
			_, cfg := start(t, ldapfake.Options{Entries: company(20), MaxPageSize: 12, Faults: c.faults})
			cfg.Timeouts.Answer = 30 * time.Second
			if strings.HasPrefix(name, "mute") {
				cfg.Timeouts.Answer = short.Answer
			}
			d := open(t, cfg)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := read(t.Context(), d, source.Scope{})
			runtime.ReadMemStats(&after)
			expect(t, err, c.code, c.words)
			if used := (after.TotalAlloc - before.TotalAlloc) >> 20; used > 100 {
				t.Errorf("%d MB were allocated", used)
			}
		})
	}
}

// element and envelope encode BER by hand for answers that no server gives.
func element(tag byte, parts ...[]byte) []byte {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	out := []byte{tag, 0x84, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	for _, p := range parts {
		out = append(out, p...)
	}
	return out
}

func envelope(id int64, parts ...[]byte) []byte {
	return element(0x30, append([][]byte{element(0x02, []byte{byte(id)})}, parts...)...)
}

// nested is a SearchResultEntry that is deep, with a payload at the bottom.
func nested(depth, payload int) []byte {
	bottom := element(0x04, make([]byte, payload))
	var out []byte
	for d := depth; d > 0; d-- {
		n := len(bottom) + 6*(d-1)
		out = append(out, 0x30, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	out[0] = 0x64
	return append(out, bottom...)
}

// Pages without end and without an object are given up.
func TestEndlessPages(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(3), Faults: ldapfake.Faults{EndlessPages: true}})
	d := open(t, cfg)
	d.maxPages = 50
	_, err := read(t.Context(), d, source.Scope{})
	expect(t, err, source.CodeIncomplete, "no end")
	if n := s.Count("search"); n > 60 {
		t.Errorf("%d searches", n)
	}
}

// The server closes an idle connection after 15 minutes: the next read is an
// error and not an empty list (L1).
func TestClosedWhileIdle(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(3)})
	d := open(t, cfg)
	s.CutConnections()
	waitFor(t, d.conn.IsClosing)
	_, err := read(t.Context(), d, source.Scope{})
	expect(t, err, source.CodeUnreachable, "closed the connection")
	_, err = d.Tree(t.Context())
	expect(t, err, source.CodeUnreachable)

	d = open(t, cfg)
	d.Close()
	_, err = read(t.Context(), d, source.Scope{})
	expect(t, err, source.CodeUnreachable)
	if err := d.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

// A cancelled context ends a read at once, with its own error (L2).
func TestCancel(t *testing.T) {
	asked := make(chan struct{})
	_, cfg := start(t, ldapfake.Options{Entries: company(3), Faults: ldapfake.Faults{
		Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onUsers(a.Request) && a.N == 1 {
				close(asked)
				return nil, ldapfake.ErrMute
			}
			return a.Bytes, nil
		}}})
	d := open(t, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-asked
		cancel()
	}()
	begin := time.Now()
	if users, err := read(ctx, d, source.Scope{}); !errors.Is(err, context.Canceled) || len(users) != 0 {
		t.Errorf("%d users, %v", len(users), err)
	}
	if took := time.Since(begin); took > time.Second {
		t.Errorf("it took %s", took)
	}

	_, cfg = start(t, ldapfake.Options{Entries: company(3), Faults: ldapfake.Faults{
		Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onUsers(a.Request) {
				return nil, ldapfake.ErrMute
			}
			return a.Bytes, nil
		}}})
	d = open(t, cfg)
	ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := read(ctx, d, source.Scope{})
	expect(t, err, source.CodeUnreachable, "longer than the command may")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("not a deadline: %v", err)
	}
}

// The wait is for the next message, not for the whole answer (L10): slow but
// steady is well, a trickle of bytes is not.
func TestSlowServer(t *testing.T) {
	slow := func(f func(a ldapfake.Answer) ([]byte, error)) Config {
		_, cfg := start(t, ldapfake.Options{Entries: company(6), Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onUsers(a.Request) {
				return f(a)
			}
			return a.Bytes, nil
		}}})
		cfg.Timeouts.Answer = 200 * time.Millisecond
		return cfg
	}
	steady := slow(func(a ldapfake.Answer) ([]byte, error) {
		time.Sleep(60 * time.Millisecond)
		return a.Bytes, nil
	})
	if users, err := read(t.Context(), open(t, steady), source.Scope{}); err != nil || len(users) != 6 {
		t.Errorf("a steady answer of 420 ms: %d users, %v", len(users), err)
	}
}

func TestTrickle(t *testing.T) {
	client, s := pipe(t, ldapfake.Options{Entries: company(1)})
	slow := &trickle{Conn: client}
	d, err := login(t.Context(), client, slow, "pipe", Config{
		Connection: connection("ldaps://dc1", ""),
		Password:   func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
		Timeouts:   Timeouts{Bind: 5 * time.Second, Answer: 5 * time.Second}, Log: t.Logf,
	})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.guard.setWait(100 * time.Millisecond)
	slow.begin.Store(true)
	_, err = read(t.Context(), d, source.Scope{})
	expect(t, err, source.CodeUnreachable, "has not answered for")
	if s.Count("bind") != 1 {
		t.Error("not one bind")
	}
}

// An object that is on two pages, because it moved, is one user; objects whose
// GUID cannot be read are an error that names them.
func TestGUIDs(t *testing.T) {
	moved := person(1)
	moved.DN = "CN=moved," + domain
	_, cfg := start(t, ldapfake.Options{Entries: append(company(5), moved, person(2)), MaxPageSize: 3})
	users, err := read(t.Context(), open(t, cfg), source.Scope{})
	if err != nil || len(users) != 5 {
		t.Errorf("%d users, %v, want 5", len(users), err)
	}
	for name, guid := range map[string][]string{
		"none": nil, "empty": {""}, "15 bytes": {strings.Repeat("x", 15)}, "17 bytes": {strings.Repeat("x", 17)},
		"two": {strings.Repeat("x", 16), strings.Repeat("y", 16)},
	} {
		bad := person(9)
		delete(bad.Attrs, "objectGUID")
		if guid != nil {
			bad.Attrs["objectGUID"] = guid
		}
		_, cfg := start(t, ldapfake.Options{Entries: append(company(3), bad)})
		d := open(t, cfg)
		_, err := read(t.Context(), d, source.Scope{Brief: true})
		expect(t, err, source.CodeIncomplete, "user00009", "objectGUID")
		t.Log(name, err)
	}
	badSID := person(9)
	badSID.Attrs["objectSid"] = []string{"\x01\xff\x00\x00\x00\x00\x00\x05"}
	_, cfg = start(t, ldapfake.Options{Entries: append(company(3), badSID)})
	_, err = read(t.Context(), open(t, cfg), source.Scope{})
	expect(t, err, source.CodeIncomplete, "user00009", "objectSid")
}

// A missing right shows as an attribute that is not there: without
// userAccountControl nobody can tell who is disabled.
func TestMissingRight(t *testing.T) {
	blind := person(9)
	delete(blind.Attrs, "userAccountControl")
	_, cfg := start(t, ldapfake.Options{Entries: append(company(3), blind)})
	d := open(t, cfg)
	_, err := read(t.Context(), d, source.Scope{})
	expect(t, err, source.CodePermission, "user00009", "userAccountControl")
	if users, err := read(t.Context(), d, source.Scope{Brief: true}); err != nil || len(users) != 4 {
		t.Errorf("brief: %d users, %v", len(users), err)
	}
}

// More values than AD gives at once are fetched until the last one (L8).
func TestRanges(t *testing.T) {
	for _, n := range []int{1, 9, 10, 11, 20, 35} {
		many := person(9)
		for i := range n {
			many.Attrs["proxyAddresses"] = append(many.Attrs["proxyAddresses"], fmt.Sprintf("smtp:a%d@contoso.example", i))
		}
		_, cfg := start(t, ldapfake.Options{Entries: append(company(3), many), MaxValRange: 10})
		users, err := read(t.Context(), open(t, cfg), source.Scope{})
		if err != nil || len(users) != 4 || !reflect.DeepEqual(users[3].Addresses, many.Attrs["proxyAddresses"]) {
			t.Errorf("%d addresses: %d users, %v", n, len(users), err)
		}
	}
}

// A range that does not go on where the last one ended is an error.
func TestDamagedRanges(t *testing.T) {
	for _, names := range [][]string{
		{"proxyAddresses;range=0-1", "proxyAddresses;range=0-1"},
		{"proxyAddresses;range=0-1", "proxyAddresses;range=3-*"},
		{"proxyAddresses;range=0-5"},
		{"proxyAddresses;range=1-2"},
		{"proxyAddresses;range=x-*"},
		{"proxyAddresses;range=0-1", "mail"},
		{"proxyAddresses;range=0-1", "proxyAddresses;range=2-"},
		{"proxyAddresses;range=9-2"},
	} {
		part := 0
		entry := func(r *ldapfake.Request, name string) []byte {
			attribute := func(name string, values ...string) []byte {
				var set [][]byte
				for _, v := range values {
					set = append(set, element(0x04, []byte(v)))
				}
				return element(0x30, element(0x04, []byte(name)), element(0x31, set...))
			}
			return envelope(r.ID, element(0x64, element(0x04, []byte("CN=x")), element(0x30,
				attribute("objectGUID", strings.Repeat("x", 16)), attribute(name, "smtp:a@b.example", "smtp:c@d.example"))))
		}
		_, cfg := start(t, ldapfake.Options{Entries: []ldapfake.Entry{
			{DN: "CN=x," + domain, Attrs: map[string][]string{"objectClass": {"user"}, "objectGUID": {strings.Repeat("x", 16)}, "sAMAccountType": {"805306368"}}},
		}, Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
			if a.Op == 0x64 && (onUsers(a.Request) || strings.HasPrefix(a.Request.Base, "<GUID")) {
				part++
				return entry(a.Request, names[min(part, len(names))-1]), nil
			}
			return a.Bytes, nil
		}}})
		_, err := read(t.Context(), open(t, cfg), source.Scope{})
		expect(t, err, source.CodeIncomplete, "do not add up")
	}
}

// References to other domains are neither followed nor an error.
func TestReferences(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: company(3), Faults: ldapfake.Faults{
		Edit: func(a ldapfake.Answer) ([]byte, error) {
			if onUsers(a.Request) && a.Op == 0x65 {
				reference := envelope(a.Request.ID, element(0x73, element(0x04, []byte("ldap://evil.example/DC=x"))))
				return append(reference, a.Bytes...), nil
			}
			return a.Bytes, nil
		}}})
	if users, err := read(t.Context(), open(t, cfg), source.Scope{}); err != nil || len(users) != 3 {
		t.Errorf("%d users, %v", len(users), err)
	}
}

func TestTen000Attributes(t *testing.T) {
	wide := person(9)
	for i := range 10_000 {
		wide.Attrs[fmt.Sprintf("extra%d", i)] = []string{"x"}
	}
	_, cfg := start(t, ldapfake.Options{Entries: append(company(3), wide)})
	d := open(t, cfg)
	res, err := d.search(t.Context(), &ldap.SearchRequest{BaseDN: wide.DN, Filter: "(objectClass=*)"})
	if err != nil || len(res.Entries) != 1 || len(res.Entries[0].Attributes) < 10_000 {
		t.Fatalf("%v", err)
	}
	if users, err := read(t.Context(), d, source.Scope{}); err != nil || len(users) != 4 {
		t.Errorf("%d users, %v", len(users), err)
	}
}

// A base DN of the connection confines what is read; the domain is still known.
func TestBaseDN(t *testing.T) {
	outside := person(9)
	outside.DN = "CN=outside,CN=Users," + domain
	_, cfg := start(t, ldapfake.Options{Entries: append(company(3), outside)})
	cfg.Connection.BaseDN = "OU=Staff," + domain
	d := open(t, cfg)
	users, err := read(t.Context(), d, source.Scope{})
	if err != nil || len(users) != 3 {
		t.Errorf("%d users, %v", len(users), err)
	}
	tree, err := d.Tree(t.Context())
	if err != nil || tree.Root != domain || len(tree.Containers) != 2 {
		t.Errorf("%+v, %v", tree, err)
	}
	for base, words := range map[string]string{"OU=None," + domain: "not in the directory", "DC=other,DC=example": "does not hold"} {
		cfg.Connection.BaseDN = base
		_, err := Open(t.Context(), cfg)
		expect(t, err, source.CodeNotFound, base, words)
	}
}

// A new domain controller that is still being filled has fewer users than there are.
func TestNotSynchronized(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: company(3), RootDSE: map[string][]string{"isSynchronized": {"FALSE"}}})
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "not yet replicated")
}

func TestNotes(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{RootDSE: map[string][]string{
		"supportedCapabilities": {"1.2.840.113556.1.4.1851"},
		"currentTime":           {time.Now().UTC().Add(-10 * time.Minute).Format("20060102150405.0Z")},
		"dnsHostName":           nil,
	}})
	info, err := open(t, cfg).Info(t.Context())
	if err != nil || len(info.Notes) != 2 || !strings.Contains(info.Notes[0], "Active Directory") ||
		!strings.Contains(info.Notes[1], "behind") || !strings.HasPrefix(info.Server, "127.0.0.1:") {
		t.Errorf("%+v, %v", info, err)
	}
	client, _ := pipe(t, ldapfake.Options{})
	catalog, err := login(t.Context(), client, client, "dc1:3269", Config{
		Connection: connection("ldaps://dc1", ""), Log: t.Logf, Timeouts: Timeouts{}.withDefaults(),
		Password: func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer catalog.Close()
	if info, err := catalog.Info(t.Context()); err != nil || len(info.Notes) != 1 || !strings.Contains(info.Notes[0], "global catalog") {
		t.Errorf("%+v, %v", info, err)
	}
	now := time.Date(2026, 11, 23, 11, 0, 0, 0, time.UTC)
	for in, want := range map[string]string{
		"20261123110500.0Z": "", "20261123105500.0Z": "", "": "", "nonsense": "",
		"20261123110501.0Z": "the server's clock is 5m1s ahead of this computer's",
		"20261123104000Z":   "the server's clock is 20m0s behind this computer's",
	} {
		if got := clockNote(in, now); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
