package ad

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// Settings that cannot work are refused before anything is sent.
func TestSettings(t *testing.T) {
	s, good := start(t, ldapfake.Options{})
	for name, c := range map[string]struct {
		change func(*source.Connection)
		words  string
	}{
		"plain LDAP":            {func(c *source.Connection) { c.URL = s.PlainURL() }, "in clear"},
		"no directory":          {func(c *source.Connection) { c.Kind = "" }, "no directory"},
		"a password in the URL": {func(c *source.Connection) { c.URL = "ldaps://svc:" + password + "@dc1" }, "user name or password"},
		"no CA file":            {func(c *source.Connection) { c.CAFile = filepath.Join(t.TempDir(), "none.pem") }, "none.pem"},
		"CA file of text":       {func(c *source.Connection) { c.CAFile = textFile(t, "hello") }, "no certificate"},
	} {
		cfg := good
		c.change(&cfg.Connection)
		_, err := Open(t.Context(), cfg)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		expect(t, err, source.CodeUsage, c.words)
	}
	if n := len(s.Requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func textFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestEndpoint(t *testing.T) {
	for url, want := range map[string]string{
		"ldaps://dc1.example":     "dc1.example:636",
		"ldaps://10.0.0.1:3269":   "10.0.0.1:3269",
		"ldaps://[2001:db8::1]":   "[2001:db8::1]:636",
		"ldap://dc1.example":      "dc1.example:389",
		"ldap://dc1.example:1389": "dc1.example:1389",
	} {
		c := connection(url, "")
		if strings.HasPrefix(url, "ldap:") {
			c.Transport = source.TransportStartTLS
		}
		to, err := parseEndpoint(c)
		if err != nil || to.address != want || to.tls.InsecureSkipVerify || to.tls.MinVersion != tls.VersionTLS12 {
			t.Errorf("%s: %+v, %v", url, to, err)
		}
	}
}

// otherAuthority is a file with an authority whose name is that of all that the fake
// makes.
func otherAuthority(t *testing.T) string {
	t.Helper()
	ca, err := ldapfake.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	return textFile(t, string(ca.PEM()))
}

// CA files as people have them: all of the certificates count.
func TestCAFiles(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{})
	own, err := os.ReadFile(s.CAFile())
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(otherAuthority(t))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(own)
	text := string(own)
	units := utf16.Encode([]rune("\ufeff" + text))
	var little, big []byte
	for _, u := range units {
		little, big = binary.LittleEndian.AppendUint16(little, u), binary.BigEndian.AppendUint16(big, u)
	}
	for name, content := range map[string]string{
		"PEM":            text,
		"DER":            string(block.Bytes),
		"DOS":            strings.ReplaceAll(text, "\n", "\r\n"),
		"UTF-8, marked":  "\ufeff" + text,
		"marked, two":    "\ufeff" + text + string(other),
		"the second one": string(other) + text,
		"UTF-16":         string(little),
		"UTF-16, big":    string(big),
		"no frame":       base64.StdEncoding.EncodeToString(block.Bytes),
		"with words":     "subject=CN = Fake CA\n\n" + text,
	} {
		t.Run(name, func(t *testing.T) {
			cfg := cfg
			cfg.Connection.CAFile = textFile(t, content)
			d, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			d.Close()
		})
	}
}

// A password that cannot be the account's, since it is no UTF-8 or more than one line, is
// not tried, for each try counts.
func TestPasswordThatCannotBe(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{})
	_, kdc, sealed := startSealed(t, ldapfake.Options{}, nil)
	for text, words := range map[string]string{
		"p\xe4ssword": "not UTF-8", "password\n\n": "line break", "password\r\nof svc": "line break", "p\x00w\x00": "zero byte",
	} {
		for _, cfg := range []Config{cfg, sealed} {
			cfg.Password = func(context.Context) (source.Secret, error) { return source.NewSecret(text), nil }
			_, err := Open(t.Context(), cfg)
			expect(t, err, source.CodeUsage, words)
		}
	}
	if s.Count("bind")+kdc.Logins() != 0 {
		t.Error("it was tried")
	}
}

func TestStartTLS(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Entries: company(3)})
	cfg.Connection.Transport, cfg.Connection.URL = source.TransportStartTLS, s.PlainURL()
	if users, err := read(t.Context(), open(t, cfg), source.Scope{}); err != nil || len(users) != 3 {
		t.Errorf("%d users, %v", len(users), err)
	}
	for _, r := range s.Requests() {
		if r.Secure == (r.Op == "extended") {
			t.Errorf("%s, encrypted: %v", r.Op, r.Secure)
		}
	}
}

// Whom the server is must be proved before it is told the password. Each
// failure has words of its own.
func TestTLS(t *testing.T) {
	now := time.Now()
	seen := map[string]string{}
	for name, c := range map[string]struct {
		opts   ldapfake.Options
		change func(*source.Connection)
		words  string
	}{
		"unknown authority":         {ldapfake.Options{}, func(c *source.Connection) { c.CAFile = "" }, "authority that is not trusted"},
		"self-signed":               {ldapfake.Options{Certificate: ldapfake.Certificate{SelfSigned: true}}, nil, "authority that is not trusted"},
		"authority ended":           {ldapfake.Options{Certificate: ldapfake.Certificate{AuthorityEnded: true}}, nil, "certificate of the authority"},
		"another key of that name":  {ldapfake.Options{}, func(c *source.Connection) { c.CAFile = otherAuthority(t) }, "with another key"},
		"wrong host":                {ldapfake.Options{Certificate: ldapfake.Certificate{Names: []string{"dc9.example", "10.9.9.9"}}}, nil, `not for "127.0.0.1" but for "dc9.example", 10.9.9.9`},
		"wrong name given":          {ldapfake.Options{}, func(c *source.Connection) { c.TLSServerName = "dc2.example" }, `not for "dc2.example"`},
		"common name only":          {ldapfake.Options{Certificate: ldapfake.Certificate{CommonNameOnly: true}}, nil, "no DNS name"},
		"expired":                   {ldapfake.Options{Certificate: ldapfake.Certificate{NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)}}, nil, "expired on"},
		"not yet valid":             {ldapfake.Options{Certificate: ldapfake.Certificate{NotBefore: now.Add(time.Hour)}}, nil, "valid only from"},
		"SHA-1":                     {ldapfake.Options{Certificate: ldapfake.Certificate{SHA1: true}}, nil, "SHA1"},
		"RSA-1024":                  {ldapfake.Options{Certificate: ldapfake.Certificate{RSABits: 1024}}, nil, "2048 bits"},
		"negative serial":           {ldapfake.Options{Certificate: ldapfake.Certificate{NegativeSerial: true}}, nil, "cannot be read"},
		"TLS 1.1":                   {ldapfake.Options{MaxTLS: tls.VersionTLS11}, nil, "no TLS 1.2"},
		"StartTLS refused":          {ldapfake.Options{Faults: ldapfake.Faults{NoStartTLS: true}}, nil, "refuses StartTLS"},
		"mute after StartTLS (L11)": {ldapfake.Options{Faults: ldapfake.Faults{MuteTLS: true}}, nil, "did not finish the TLS handshake"},
		"injected after StartTLS":   {ldapfake.Options{Faults: ldapfake.Faults{AfterStartTLS: []byte("0\x0c\x02\x01\x02a\x07\x0a\x01\x00\x04\x00\x04\x00")}}, nil, "does not answer with TLS"},
	} {
		startTLS := strings.Contains(name, "StartTLS")
		t.Run(name, func(t *testing.T) {
			s, cfg := start(t, c.opts)
			cfg.Timeouts = Timeouts{Handshake: 5 * time.Second}
			if c.opts.MuteTLS {
				cfg.Timeouts = short
			}
			if startTLS {
				cfg.Connection.Transport, cfg.Connection.URL = source.TransportStartTLS, s.PlainURL()
			}
			if c.change != nil {
				c.change(&cfg.Connection)
			}
			asked := false
			cfg.Password = func(context.Context) (source.Secret, error) {
				asked = true
				return source.NewSecret(password), nil
			}
			_, err := Open(t.Context(), cfg)
			expect(t, err, source.CodeUnreachable, c.words)
			var e *source.Error
			if errors.As(err, &e) && e.Hint == "" && e.Topic == "" {
				t.Errorf("no hint: %v", err)
			}
			mayPass := name == "not yet valid" || name == "StartTLS refused" || c.opts.MuteTLS
			if source.IsPermanent(err) == mayPass {
				t.Errorf("permanent: %v", !mayPass)
			}
			if asked || s.Count("bind") != 0 {
				t.Error("the password was asked for or sent")
			}
			if other := seen[c.words]; other != "" && c.words != "authority that is not trusted" {
				t.Errorf("the same words as %q", other)
			}
			seen[c.words] = name
		})
	}
}

func TestTLSServerName(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Certificate: ldapfake.Certificate{Names: []string{"dc1.corp.contoso.example"}}})
	cfg.Connection.TLSServerName = "dc1.corp.contoso.example"
	open(t, cfg)
}

// What listens there but is no LDAP server, and what does not listen.
func TestNotLDAP(t *testing.T) {
	listen := func(talk string) string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				_, _ = c.Write([]byte(talk))
				_ = c.(*net.TCPConn).CloseWrite()
				buf := make([]byte, 1024)
				for err == nil {
					_, err = c.Read(buf)
				}
				c.Close()
			}
		}()
		return l.Addr().String()
	}
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed.Close()
	for name, c := range map[string]struct{ url, transport, words string }{
		"HTTP at LDAPS":      {"ldaps://" + listen("HTTP/1.1 400 Bad Request\r\n\r\n"), "ldaps", "does not answer with TLS"},
		"closed at LDAPS":    {"ldaps://" + listen(""), "ldaps", "closed the connection during"},
		"HTTP at StartTLS":   {"ldap://" + listen("HTTP/1.1 400 Bad Request\r\n\r\n"), "starttls", "no answer to StartTLS"},
		"closed at StartTLS": {"ldap://" + listen(""), "starttls", "no answer to StartTLS"},
		"other answer":       {"ldap://" + listen("0\x0c\x02\x01\x02a\x07\x0a\x01\x00\x04\x00\x04\x00"), "starttls", "that is none"},
		"nobody":             {"ldaps://" + closed.Addr().String(), "ldaps", "cannot connect"},
		"no such name":       {"ldaps://dc1.invalid", "ldaps", "cannot connect"},
	} {
		conn := connection(c.url, "")
		conn.Transport = c.transport
		_, err := Open(t.Context(), Config{
			Connection: conn,
			Password:   func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
		})
		if source.CodeOf(err) != source.CodeUnreachable || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A context that ends while the connection is made ends that.
func TestOpenCancelled(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	cfg := Config{
		Connection: connection("ldaps://"+l.Addr().String(), ""),
		Password:   func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
	}
	ctx, cancel := context.WithCancel(t.Context())
	accepted := make(chan net.Conn)
	go func() {
		c, err := l.Accept()
		if err == nil {
			cancel()
			accepted <- c
		}
	}()
	if _, err := Open(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("in the handshake: %v", err)
	}
	(<-accepted).Close()
	if _, err := Open(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("before it: %v", err)
	}
}

// Each refusal is told in words, the password is sent once, and it is in no
// message.
func TestRefusedLogin(t *testing.T) {
	words := map[string]string{
		"525": "no such account", "52e": "wrong", "530": "this time", "531": "this computer", "532": "password has expired",
		"533": "disabled", "701": "account has expired", "773": "must be changed", "775": "locked", "9ff": "refuses the login",
	}
	for code, want := range words {
		s, cfg := start(t, ldapfake.Options{Refuse: map[string]string{account: code}})
		_, err := Open(t.Context(), cfg)
		expect(t, err, source.CodeCredentials, want, account)
		var e *source.Error
		if !errors.As(err, &e) || e.Hint == "" {
			t.Errorf("%s: no hint", code)
		}
		if n := s.Count("bind"); n != 1 || s.Count("search") != 0 {
			t.Errorf("%s: %d binds", code, n)
		}
	}
	for name, c := range map[string]struct {
		result ldapfake.Result
		code   source.Code
	}{
		"49 without a reason":  {ldapfake.Result{Code: 49}, source.CodeCredentials},
		"49 with the password": {ldapfake.Result{Code: 49, Text: "wrong: " + password + ", data 52e, v1"}, source.CodeCredentials},
		"invalid DN":           {ldapfake.Result{Code: 34}, source.CodeCredentials},
		"inappropriate":        {ldapfake.Result{Code: 48}, source.CodeCredentials},
		"signing required":     {ldapfake.Result{Code: 8, Text: password}, source.CodePermission},
		"confidentiality":      {ldapfake.Result{Code: 13}, source.CodePermission},
		"busy":                 {ldapfake.Result{Code: 51, Text: password}, source.CodeUnreachable},
		"unavailable":          {ldapfake.Result{Code: 52}, source.CodeUnreachable},
		"anything else":        {ldapfake.Result{Code: 53, Text: password}, source.CodeCredentials},
		"referral":             {ldapfake.Result{Code: 10, Referral: []string{"ldap://evil.example"}}, source.CodeCredentials},
	} {
		s, cfg := start(t, ldapfake.Options{Faults: ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
			if r.Op == "bind" {
				return &c.result
			}
			return nil
		}}})
		_, err := Open(t.Context(), cfg)
		expect(t, err, c.code)
		if n := s.Count("bind"); n != 1 || s.Count("search") != 0 {
			t.Errorf("%s: %d binds", name, n)
		}
	}
}

// Passwords of any kind arrive as they are; an empty one is never sent, since
// AD would take it for an anonymous login.
func TestPasswords(t *testing.T) {
	for _, p := range []string{"x", "a\tb", strings.Repeat("x", 10_000), "päß", " spaces "} {
		s, cfg := start(t, ldapfake.Options{Accounts: map[string]string{account: p}})
		cfg.Password = func(context.Context) (source.Secret, error) { return source.NewSecret(p), nil }
		open(t, cfg)
		if r := s.Requests()[0]; r.Op != "bind" || r.Password != p || r.Name != account {
			t.Errorf("%q arrived as %q", p, r.Password)
		}
	}
	s, cfg := start(t, ldapfake.Options{})
	cfg.Password = func(context.Context) (source.Secret, error) { return source.Secret{}, nil }
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeUsage, "empty")
	cfg.Password = nil
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeUsage, "no password")
	no := errors.New("no such variable")
	cfg.Password = func(context.Context) (source.Secret, error) { return source.Secret{}, no }
	if _, err := Open(t.Context(), cfg); !errors.Is(err, no) {
		t.Errorf("got %v", err)
	}
	if s.Count("bind") != 0 {
		t.Error("a bind was sent")
	}
}

// A server that takes the password and goes on as anonymous is found out, by
// its own token and by what it does not show.
func TestAnonymous(t *testing.T) {
	for _, rootDSE := range []map[string][]string{nil, {"tokenGroups": nil}} {
		s, cfg := start(t, ldapfake.Options{RootDSE: rootDSE, Faults: ldapfake.Faults{Anonymous: true}})
		_, err := Open(t.Context(), cfg)
		expect(t, err, source.CodeCredentials, "anonymous")
		if s.Count("bind") != 1 {
			t.Error("not one bind")
		}
	}
	blind := ldapfake.Entry{DN: domain, Attrs: map[string][]string{"objectClass": {"domainDNS"}}}
	_, cfg := start(t, ldapfake.Options{Entries: []ldapfake.Entry{blind}})
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodePermission, "objectSid")
	_, cfg = start(t, ldapfake.Options{RootDSE: map[string][]string{"defaultNamingContext": nil}})
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeNotFound, "no domain")
}

// Neither a log nor a debug print of the configuration shows the password.
func TestLogHoldsNoSecret(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: company(3)})
	var log strings.Builder
	cfg.Log = func(format string, args ...any) { fmt.Fprintf(&log, format+"\n", args...) }
	d := open(t, cfg)
	if _, err := read(t.Context(), d, source.Scope{}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(log.String(), password) || strings.Count(log.String(), "\n") < 3 {
		t.Errorf("the log: %s", log.String())
	}
}

// A server that never answers the bind does not hold the command for ever (L9).
func TestMuteBind(t *testing.T) {
	s, cfg := start(t, ldapfake.Options{Faults: ldapfake.Faults{Edit: func(ldapfake.Answer) ([]byte, error) { return nil, ldapfake.ErrMute }}})
	cfg.Timeouts = short
	cfg.Timeouts.Handshake = 5 * time.Second
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeUnreachable, "has not answered for")
	if s.Count("bind") != 1 {
		t.Error("not one bind")
	}
}

// A domain controller that has only what can be broken is told from one that is away.
func TestNoCommonCipher(t *testing.T) {
	ca, err := ldapfake.NewCA()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := ca.Issue(ldapfake.Certificate{RSABits: 2048})
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{cert}, MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_CBC_SHA},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = conn.(*tls.Conn).Handshake()
			conn.Close()
		}
	}()
	_, err = Open(t.Context(), Config{
		Connection: connection("ldaps://"+l.Addr().String(), textFile(t, string(ca.PEM()))),
		Password:   func(context.Context) (source.Secret, error) { return source.NewSecret(password), nil },
	})
	expect(t, err, source.CodeUnreachable, "no cipher suite")
	if !source.IsPermanent(err) {
		t.Error("it will not mend itself")
	}
}
