package ad

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// startSealed runs a fake that takes tickets, and its KDC. change sees each
// acceptor before its login.
func startSealed(t testing.TB, opts ldapfake.Options, change func(*krbfake.Acceptor)) (*ldapfake.Server, *krbfake.KDC, Config) {
	t.Helper()
	kdc, err := krbfake.Start(krbfake.Options{Accounts: map[string]string{"svc": password}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(kdc.Close)
	opts.SASL = func() ldapfake.SASL {
		a := kdc.Accept()
		if change != nil {
			change(a)
		}
		return a
	}
	s, cfg := start(t, opts)
	cfg.Connection = source.Connection{
		Kind: source.AD, Transport: source.TransportSealed,
		LDAP: source.LDAP{
			URL: s.PlainURL(), TLSServerName: "dc1.corp.contoso.example", Bind: source.BindKerberos,
			Principal: "svc@CORP.CONTOSO.EXAMPLE", BindPasswordFrom: "env:PASSWORD", KDC: kdc.Addr(),
		},
	}
	return s, kdc, cfg
}

// What is read sealed is what is there, however the messages are cut.
func TestSealed(t *testing.T) {
	for _, limit := range []int{100, 1000, 65536} {
		_, _, cfg := startSealed(t, ldapfake.Options{Entries: company(1200)}, func(a *krbfake.Acceptor) { a.Limit = limit })
		users, err := read(t.Context(), open(t, cfg), source.Scope{})
		if err != nil || len(users) != 1200 {
			t.Errorf("limit %d: %d users, %v", limit, len(users), err)
		}
	}
}

// A keytab is read as it is, and in base64.
func TestKeytab(t *testing.T) {
	_, kdc, cfg := startSealed(t, ldapfake.Options{Entries: company(3)}, nil)
	keytab, err := kdc.Keytab("svc", password)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Connection.BindPasswordFrom, cfg.Connection.KeytabFrom = "", "env:KEYTAB"
	for _, text := range []string{string(keytab), base64.StdEncoding.EncodeToString(keytab) + "\n"} {
		cfg.Keytab = func(context.Context) (source.Secret, error) { return source.NewSecret(text), nil }
		open(t, cfg)
	}
}

// A sealed connection is held to what every source is held to.
func TestSealedConformance(t *testing.T) {
	_, _, cfg := startSealed(t, ldapfake.Options{Entries: append(company(0), grouped()[1:]...), MaxPageSize: 3}, nil)
	sourcetest.Conformance(t, source.AD, func(t *testing.T) source.Directory { return open(t, cfg) })
}

func TestLiveSealedConformance(t *testing.T) {
	cfg := liveKerberos(t)
	sourcetest.Conformance(t, source.AD, func(t *testing.T) source.Directory { return open(t, cfg) })
}

// Within TLS the login is bound to the connection, and nothing is sealed twice.
func TestTicketWithinTLS(t *testing.T) {
	var layer byte
	var taken *krbfake.Acceptor
	s, _, cfg := startSealed(t, ldapfake.Options{Entries: company(3), Certificate: ldapfake.Certificate{Names: []string{"dc1.corp.contoso.example"}}}, func(a *krbfake.Acceptor) { taken = a })
	for _, transport := range []string{source.TransportLDAPS, source.TransportStartTLS} {
		cfg.Connection.Transport, cfg.Connection.URL, cfg.Connection.CAFile = transport, s.URL(), s.CAFile()
		if transport == source.TransportStartTLS {
			cfg.Connection.URL = s.PlainURL()
		}
		users, err := read(t.Context(), open(t, cfg), source.Scope{})
		if layer = taken.Layer; err != nil || len(users) != 3 || layer != 1 {
			t.Errorf("%s: %d users, layer %d, %v", transport, len(users), layer, err)
		}
	}
	// The login of somebody in between, who has another certificate, does not fit.
	s, _, cfg = startSealed(t, ldapfake.Options{Certificate: ldapfake.Certificate{Names: []string{"dc1.corp.contoso.example"}}}, func(a *krbfake.Acceptor) { a.Binding = []byte("tls-server-end-point:another") })
	cfg.Connection.Transport, cfg.Connection.URL, cfg.Connection.CAFile = source.TransportLDAPS, s.URL(), s.CAFile()
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeCredentials, "(57)")
}

// A success that comes too early, from whoever is in between, is no login, and
// nothing follows in the clear.
func TestForgedSuccess(t *testing.T) {
	for step := range 3 {
		binds := 0
		s, _, cfg := startSealed(t, ldapfake.Options{Faults: ldapfake.Faults{Result: func(r *ldapfake.Request) *ldapfake.Result {
			if r.Op != "bind" {
				return nil
			}
			if binds++; binds == step+1 {
				return &ldapfake.Result{}
			}
			return nil
		}}}, nil)
		d, err := Open(t.Context(), cfg)
		if err == nil {
			d.Close()
			t.Errorf("step %d: logged in", step)
		}
		if step < 2 && source.CodeOf(err) != source.CodeIncomplete {
			t.Errorf("step %d: %v", step, err)
		}
		for _, r := range s.Requests() {
			if r.Op != "bind" && r.Op != "unbind" && !r.Secure && r.Op != "unknown" {
				t.Errorf("step %d: %s went out in the clear", step, r.Op)
			}
		}
	}
}

// What the fake sends of a bind is altered or cut at any byte: no login, no hang, no
// panic.
func TestAlteredBind(t *testing.T) {
	for _, cut := range []bool{false, true} {
		for at := 0; at < 330; at += 11 {
			binds := 0
			_, _, cfg := startSealed(t, ldapfake.Options{Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
				if binds++; a.Op != 0x61 || binds > 3 {
					return a.Bytes, nil
				}
				i := at % len(a.Bytes)
				if cut {
					return a.Bytes[:i], ldapfake.ErrCut
				}
				b := bytes.Clone(a.Bytes)
				b[i] ^= 0x20
				return b, nil
			}}}, nil)
			cfg.Timeouts = Timeouts{Bind: 300 * time.Millisecond, Answer: 300 * time.Millisecond}
			if d, err := Open(t.Context(), cfg); err == nil {
				d.Close()
				t.Errorf("byte %d, cut %v: logged in", at, cut)
			} else if source.CodeOf(err) == "" {
				t.Errorf("byte %d, cut %v: %v", at, cut, err)
			}
		}
	}
}

// A sealed message that is altered, lost or repeated while users are read ends the
// read with an error, and nobody is taken for gone.
func TestDamageWhileReading(t *testing.T) {
	edits := map[string]func([]byte) []byte{
		"altered":  func(b []byte) []byte { b = bytes.Clone(b); b[len(b)/2] ^= 1; return b },
		"header":   func(b []byte) []byte { b = bytes.Clone(b); b[6] ^= 1; return b },
		"lost":     func([]byte) []byte { return nil },
		"repeated": func(b []byte) []byte { return slices.Concat(b, b) },
		"cut":      func(b []byte) []byte { return b[:len(b)-1] },
		"in clear": func([]byte) []byte { return []byte("0\x0c\x02\x01\x03e\x07\x0a\x01\x00\x04\x00\x04\x00") },
	}
	for name, edit := range edits {
		_, _, cfg := startSealed(t, ldapfake.Options{Entries: company(1500)}, func(a *krbfake.Acceptor) {
			a.Edit = func(n int, token []byte) []byte {
				if n == 8 {
					return edit(token)
				}
				return token
			}
		})
		cfg.Timeouts = Timeouts{Answer: time.Second}
		users, err := read(t.Context(), open(t, cfg), source.Scope{})
		if code := source.CodeOf(err); len(users) >= 1500 || code != source.CodeIncomplete && code != source.CodeUnreachable {
			t.Errorf("%s: %d users, %v", name, len(users), err)
		}
	}
}

// A wrong password is tried once, and each layer that is missing is named.
func TestTicketRefused(t *testing.T) {
	s, kdc, cfg := startSealed(t, ldapfake.Options{}, func(a *krbfake.Acceptor) { a.Layers = 3 })
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodePermission, "does not offer the protection that is needed")
	wrong := cfg
	wrong.Password = func(context.Context) (source.Secret, error) { return source.NewSecret("wrong"), nil }
	tried, binds := kdc.Logins(), s.Count("bind")
	_, err = Open(t.Context(), wrong)
	expect(t, err, source.CodeCredentials, "password of svc@CORP.CONTOSO.EXAMPLE is wrong")
	if kdc.Logins()-tried != 1 || s.Count("bind") != binds {
		t.Errorf("%d tries at the KDC, %d binds", kdc.Logins()-tried, s.Count("bind")-binds)
	}
	empty := cfg
	empty.Password = func(context.Context) (source.Secret, error) { return source.NewSecret(""), nil }
	_, err = Open(t.Context(), empty)
	expect(t, err, source.CodeUsage, "password of svc@CORP.CONTOSO.EXAMPLE is empty")
	lost := errors.New("not to be had")
	empty.Password = func(context.Context) (source.Secret, error) { return source.Secret{}, lost }
	if _, err = Open(t.Context(), empty); !errors.Is(err, lost) {
		t.Error(err)
	}

	_, _, cfg = startSealed(t, ldapfake.Options{}, func(a *krbfake.Acceptor) { a.Refuse = 37 })
	_, err = Open(t.Context(), cfg)
	expect(t, err, source.CodeCredentials, "clocks of this computer and of the domain controller")

	_, none := start(t, ldapfake.Options{})
	cfg.Connection.URL = strings.Replace(none.Connection.URL, "ldaps", "ldap", 1)
	_, err = Open(t.Context(), cfg) // TLS where LDAP is expected
	expect(t, err, source.CodeUnreachable, "during the login")
}

// The system's own login is Windows' alone.
func TestWindowsElsewhere(t *testing.T) {
	if os.PathSeparator == '\\' {
		t.Skip("this is Windows, where it depends on the domain")
	}
	s, _, cfg := startSealed(t, ldapfake.Options{}, nil)
	cfg.Connection.LDAP = source.LDAP{URL: s.PlainURL(), TLSServerName: "dc1.corp.contoso.example", Bind: source.BindWindows}
	_, err := Open(t.Context(), cfg)
	expect(t, err, source.CodeUsage, "only on Windows")
}
