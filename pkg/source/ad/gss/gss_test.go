package gss

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

const (
	realm    = "CORP.CONTOSO.EXAMPLE"
	service  = "ldap/dc1.corp.contoso.example"
	account  = "svc"
	password = "canary-Pa55word"
)

// start runs a KDC and says how the account logs in at it.
func start(t testing.TB, opts krbfake.Options) (*krbfake.KDC, Kerberos) {
	t.Helper()
	if opts.Accounts == nil {
		opts.Accounts = map[string]string{account: password}
	}
	kdc, err := krbfake.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kdc.Close)
	return kdc, Kerberos{Principal: account + "@" + realm, Password: source.NewSecret(password), KDCs: []string{kdc.Addr()}}
}

// login runs an exchange to its end: the client's context, its answer to the
// offer of layers, and the acceptor.
func login(t testing.TB, kdc *krbfake.KDC, k Kerberos, a *krbfake.Acceptor, binding []byte, seal bool) (Context, int, error) {
	t.Helper()
	ticket, err := k.Ticket(t.Context(), service)
	if err != nil {
		return nil, 0, err
	}
	c := ticket.Initiate(binding, seal)
	return c, 0, finish(c, a, seal, nil)
}

// finish runs the exchange of tokens. limit is where the acceptor's goes.
func finish(c Context, a *krbfake.Acceptor, seal bool, limit *int) error {
	var token []byte
	for done := false; !done; {
		var out []byte
		var err error
		if out, done, err = c.Step(token); err != nil {
			return err
		}
		if token, _, err = a.Step(out); err != nil {
			return err
		}
	}
	answer, most, err := Answer(c, token, seal)
	if err != nil {
		return err
	}
	if limit != nil {
		*limit = most
	}
	if _, done, err := a.Step(answer); err != nil || !done {
		return errors.Join(err, errors.New("the acceptor wants more"))
	}
	return nil
}

// expect checks the code of an error, that it says something, and no secret.
func expect(t *testing.T, err error, code source.Code, words string) {
	t.Helper()
	if source.CodeOf(err) != code || err == nil || !strings.Contains(err.Error(), words) {
		t.Errorf("got %q (%v), want %q with %q", source.CodeOf(err), err, code, words)
	}
	if err != nil && strings.Contains(err.Error(), password) {
		t.Errorf("the error holds the password: %v", err)
	}
}

// A login by password, keytab and credential cache, sealed and within TLS.
func TestLogin(t *testing.T) {
	for _, kind := range []int32{17, 18} {
		kdc, byPassword := start(t, krbfake.Options{Kind: kind})
		keytab, err := kdc.Keytab(account, password)
		if err != nil {
			t.Fatal(err)
		}
		cache, err := kdc.Cache(account, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "cache")
		if err := os.WriteFile(path, cache, 0o600); err != nil {
			t.Fatal(err)
		}
		byKeytab, byCache, byFile := byPassword, byPassword, byPassword
		byKeytab.Password, byKeytab.Keytab = source.Secret{}, keytab
		byCache.Password, byCache.Cache, byCache.Principal = source.Secret{}, "FILE:"+path, ""
		byFile.Password, byFile.Cache, byFile.Principal = source.Secret{}, path, "SVC@"+realm
		for name, k := range map[string]Kerberos{"password": byPassword, "keytab": byKeytab, "cache": byCache, "cache by path": byFile} {
			for _, seal := range []bool{true, false} {
				a := kdc.Accept()
				var binding []byte
				if !seal {
					binding = []byte("tls-server-end-point:hash")
					a.Binding = binding
				}
				c, _, err := login(t, kdc, k, a, binding, seal)
				if err != nil {
					t.Fatalf("%s, %d: %v", name, kind, err)
				}
				want := byte(1)
				if seal {
					want = 4
				}
				if a.Client != account+"@"+realm || c.Name() != a.Client || a.Layer != want || seal != (a.Most > 0) {
					t.Errorf("%s: %+v", name, a)
				}
			}
		}
	}
}

// A password is tried once; each refusal has words of its own.
func TestRefusals(t *testing.T) {
	seen := map[string]bool{}
	for name, c := range map[string]struct {
		opts   krbfake.Options
		change func(*Kerberos)
		code   source.Code
		words  string
		logins int
	}{
		"wrong password":   {change: func(k *Kerberos) { k.Password = source.NewSecret("other") }, code: source.CodeCredentials, words: "password of svc@CORP.CONTOSO.EXAMPLE is wrong (24)", logins: 1},
		"stale keytab":     {change: func(k *Kerberos) { k.Keytab = []byte("other") }, code: source.CodeCredentials, words: "does not have the password's key (24)", logins: 1},
		"unknown":          {change: func(k *Kerberos) { k.Principal = "nobody@" + realm }, code: source.CodeCredentials, words: "no account nobody@"},
		"disabled":         {opts: krbfake.Options{Refuse: map[string]int32{account: 18}}, code: source.CodeCredentials, words: "disabled, locked or expired (18)"},
		"must change":      {opts: krbfake.Options{Refuse: map[string]int32{account: 23}}, code: source.CodeCredentials, words: "must be changed (23)"},
		"logon hours":      {opts: krbfake.Options{Refuse: map[string]int32{account: 12}}, code: source.CodeCredentials, words: "may not log in now"},
		"clock":            {opts: krbfake.Options{Refuse: map[string]int32{account: 37}}, code: source.CodeCredentials, words: "clocks of this computer and of the domain controller differ"},
		"no common kind":   {opts: krbfake.Options{Refuse: map[string]int32{service: 14}}, code: source.CodeCredentials, words: "no kind of encryption in common"},
		"expired":          {opts: krbfake.Options{Refuse: map[string]int32{service: 32}}, code: source.CodeCredentials, words: "has expired (32)"},
		"of tomorrow":      {opts: krbfake.Options{Refuse: map[string]int32{service: 33}}, code: source.CodeCredentials, words: "ticket of svc@CORP.CONTOSO.EXAMPLE is not valid yet by the clock of the domain controller (33)"},
		"other realm":      {opts: krbfake.Options{Refuse: map[string]int32{account: 68}}, change: nil, code: source.CodeUsage, words: "in another realm"},
		"unknown service":  {opts: krbfake.Options{Services: []string{"ldap/dc9"}}, code: source.CodeUsage, words: "no service ldap/dc1.corp.contoso.example (7)", logins: 1},
		"something else":   {opts: krbfake.Options{Refuse: map[string]int32{service: 60}}, code: source.CodeCredentials, words: "refuses svc@CORP.CONTOSO.EXAMPLE for ldap/dc1.corp.contoso.example (60)", logins: 1},
		"nobody listens":   {change: func(k *Kerberos) { k.KDCs = []string{"127.0.0.1:1"} }, code: source.CodeUnreachable, words: "no KDC of the realm CORP.CONTOSO.EXAMPLE answers"},
		"no keytab":        {change: func(k *Kerberos) { k.Keytab = []byte("\x05\x02\x00\x00") }, code: source.CodeUsage, words: "keytab cannot be read"},
		"no configuration": {change: func(k *Kerberos) { k.KDCs, k.Config = nil, "/nowhere/krb5.conf" }, code: source.CodeUsage, words: "/nowhere/krb5.conf"},
		"no cache":         {change: func(k *Kerberos) { k.Password, k.Cache = source.Secret{}, "FILE:/nowhere/cache" }, code: source.CodeCredentials, words: "no credential cache /nowhere/cache"},
		"cache elsewhere":  {change: func(k *Kerberos) { k.Password, k.Cache = source.Secret{}, "KCM:0" }, code: source.CodeUsage, words: "of kind KCM cannot be read"},
		"answer of noise":  {opts: krbfake.Options{Edit: func([]byte) []byte { return []byte("noise") }}, code: source.CodeUnreachable, words: "answer that cannot be used"},
	} {
		t.Run(name, func(t *testing.T) {
			kdc, k := start(t, c.opts)
			if c.change != nil {
				c.change(&k)
			}
			if string(k.Keytab) == "other" {
				k.Keytab, _ = kdc.Keytab(account, "other")
			}
			_, err := k.Ticket(t.Context(), service)
			expect(t, err, c.code, c.words)
			if c.logins > 0 && kdc.Logins() != c.logins {
				t.Errorf("%d attempts", kdc.Logins())
			}
			var e *source.Error
			if errors.As(err, &e) && e.Hint == "" && e.Topic == "" {
				t.Errorf("no hint: %v", err)
			}
			if seen[err.Error()] {
				t.Errorf("the same words twice: %v", err)
			}
			seen[err.Error()] = true
		})
	}
}

// A KDC that says nothing is one that does not answer.
func TestSilentKDC(t *testing.T) {
	_, k := start(t, krbfake.Options{Edit: func([]byte) []byte { return nil }})
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUnreachable, "no KDC of the realm CORP.CONTOSO.EXAMPLE answers")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := k.Ticket(ctx, service); !errors.Is(err, context.Canceled) && source.CodeOf(err) != source.CodeUnreachable {
		t.Error(err)
	}
}

// A credential cache that is old, of somebody else, or cut at any byte.
func TestCache(t *testing.T) {
	kdc, k := start(t, krbfake.Options{})
	path := filepath.Join(t.TempDir(), "cache")
	k.Password, k.Cache = source.Secret{}, path
	write := func(account string, until time.Time) []byte {
		content, err := kdc.Cache(account, until)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		return content
	}
	write(account, time.Now().Add(-time.Minute))
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeCredentials, "the ticket of svc@CORP.CONTOSO.EXAMPLE expired on ")
	whole := write("other", time.Now().Add(time.Hour))
	_, err = k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUsage, "is that of other@CORP.CONTOSO.EXAMPLE, not of svc@")
	k.Principal = ""
	for n := range len(whole) - 4 { // the last four say that nothing follows
		if err := os.WriteFile(path, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := k.Ticket(t.Context(), service); source.CodeOf(err) == "" || strings.ContainsFunc(err.Error(), unicode.IsControl) {
			t.Fatalf("cut after %d bytes: %v", n, err)
		}
	}
}

// A KDC's answer that is altered at any byte is an error or does no harm.
func TestAlteredKDC(t *testing.T) {
	at, answers := 0, 0
	_, k := start(t, krbfake.Options{Edit: func(answer []byte) []byte {
		answers++
		if answers == 2 { // the first refuses for want of a proof
			answer = bytes.Clone(answer)
			answer[at%len(answer)] ^= 0x40
		}
		return answer
	}})
	for at = 0; at < 900; at += 23 {
		answers = 0
		if _, err := k.Ticket(t.Context(), service); err != nil && source.CodeOf(err) == "" {
			t.Fatalf("byte %d: %v", at, err)
		}
	}
}

// The acceptor has to prove that it is the one that the ticket is for, and is told
// nothing before.
func TestAcceptorThatCannotProve(t *testing.T) {
	kdc, k := start(t, krbfake.Options{})
	ticket, err := k.Ticket(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		change func(*krbfake.Acceptor)
		words  string
	}{
		"another login's proof": {func(a *krbfake.Acceptor) { a.WrongProof = true }, "could not prove"},
		"skew":                  {func(a *krbfake.Acceptor) { a.Refuse = 37 }, "clocks"},
		"altered ticket":        {func(a *krbfake.Acceptor) { a.Refuse = 31 }, "altered on the way"},
		"only signing":          {func(a *krbfake.Acceptor) { a.Layers = 3 }, "does not offer"},
		"no room":               {func(a *krbfake.Acceptor) { a.Limit = 60 }, "too little"},
		"other binding":         {func(a *krbfake.Acceptor) { a.Binding = []byte("x") }, "another channel binding"},
	} {
		a := kdc.Accept()
		c.change(a)
		if err := finish(ticket.Initiate(nil, true), a, true, nil); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// Whatever is done to the proof, it is none.
	proof := func() (Context, []byte) {
		c := ticket.Initiate(nil, true)
		out, _, err := c.Step(nil)
		if err != nil {
			t.Fatal(err)
		}
		reply, _, err := kdc.Accept().Step(out)
		if err != nil {
			t.Fatal(err)
		}
		return c, reply
	}
	_, sample := proof()
	for n := range sample {
		c, reply := proof()
		reply[n%len(reply)] ^= 1
		_, done, err := c.Step(reply)
		if err == nil && done {
			// The key number and the like are not covered, and mean nothing.
			if _, _, err := c.Unwrap([]byte{5, 4}); err == nil {
				t.Errorf("byte %d", n)
			}
			continue
		}
		c, reply = proof()
		if _, done, err := c.Step(reply[:min(n, len(reply)-1)]); err == nil || done { // its numbers make some shorter
			t.Errorf("cut after %d bytes: done %v, %v", n, done, err)
		}
	}
	c, _ := proof()
	for range 2 {
		if _, done, err := c.Step(nil); err == nil || done {
			t.Error("nothing was taken for a proof")
		}
	}
	if _, err := c.Wrap([]byte("x"), true); err == nil {
		t.Error("something was sealed before the server proved who it is")
	}
}
