package gss

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"

	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

// ticketed is a ticket, and the KDC that it is of.
func ticketed(t testing.TB) (*krbfake.KDC, *Ticket) {
	t.Helper()
	kdc, k := start(t, krbfake.Options{})
	ticket, err := k.Ticket(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	return kdc, ticket
}

// established is a context after its exchange; limit is the acceptor's.
func established(t testing.TB, ticket *Ticket, a *krbfake.Acceptor) (c Context, limit int) {
	t.Helper()
	c = ticket.Initiate(nil, true)
	if err := finish(c, a, true, &limit); err != nil {
		t.Fatal(err)
	}
	return c, limit
}

// dribble lets bytes through a few at a time.
type dribble struct {
	net.Conn
	n int
}

func (d dribble) Read(p []byte) (int, error) { return d.Conn.Read(p[:min(len(p), d.n)]) }

// What goes in on one side comes out on the other, however it is cut.
func TestConn(t *testing.T) {
	kdc, ticket := ticketed(t)
	for _, limit := range []int{61, 100, 1000, 65536, 0xffffff} {
		for _, noSubkey := range []bool{false, true} {
			a := kdc.Accept()
			a.Limit, a.NoSubkey = limit, noSubkey
			c, most := established(t, ticket, a)
			near, far := net.Pipe()
			defer near.Close()
			conn, service := NewConn(dribble{near, 1 + limit%7*100}, c, most), a.Conn(far)
			for _, n := range []int{0, 1, 39, 1000, 200_000} {
				if n > 50*limit {
					continue
				}
				sent := make([]byte, n)
				rand.Read(sent)
				go func() {
					got := make([]byte, n)
					if _, err := io.ReadFull(service, got); err != nil {
						t.Errorf("limit %d, %d bytes: %v", limit, n, err)
					}
					_, _ = service.Write(got)
				}()
				if _, err := conn.Write(sent); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, n)
				if _, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, sent) {
					t.Fatalf("limit %d, %d bytes: %v", limit, n, err)
				}
			}
		}
	}
}

// readAfter reads what a fake sends once its first token was edited.
func readAfter(t *testing.T, ticket *Ticket, a *krbfake.Acceptor, edit func(a *krbfake.Acceptor, token []byte) []byte) (string, error) {
	t.Helper()
	c, most := established(t, ticket, a)
	near, far := net.Pipe()
	defer near.Close()
	a.Edit = func(n int, token []byte) []byte {
		if n > 0 {
			return token
		}
		return edit(a, token)
	}
	go func() {
		service := a.Conn(far)
		_, _ = service.Write([]byte("first"))
		_, _ = service.Write([]byte("second"))
		far.Close()
	}()
	conn := NewConn(near, c, most)
	got, err := io.ReadAll(conn)
	if _, again := conn.Read(make([]byte, 1)); err != nil && !errors.Is(again, err) {
		t.Errorf("first %v, then %v", err, again)
	}
	return string(got), err
}

// A token that is altered at any byte, lost, repeated, out of order, in the clear
// or too long ends the connection, for good, and nothing of it is handed out.
func TestDamagedTokens(t *testing.T) {
	prefixed := func(token []byte) []byte {
		return append(binary.BigEndian.AppendUint32(nil, uint32(len(token))), token...)
	}
	edits := map[string]func(a *krbfake.Acceptor, token []byte) []byte{
		"lost":     func(*krbfake.Acceptor, []byte) []byte { return nil },
		"repeated": func(_ *krbfake.Acceptor, token []byte) []byte { return append(bytes.Clone(token), token...) },
		"in clear": func(*krbfake.Acceptor, []byte) []byte {
			return []byte("0\x0c\x02\x01\x02a\x07\x0a\x01\x00\x04\x00\x04\x00")
		},
		"too long": func(*krbfake.Acceptor, []byte) []byte { return []byte{1, 0, 0, 0, 5, 4} },
		"endless":  func(*krbfake.Acceptor, []byte) []byte { return []byte{0xff, 0xff, 0xff, 0xff, 5, 4} },
		"empty":    func(*krbfake.Acceptor, []byte) []byte { return []byte{0, 0, 0, 0} },
		"a header": func(_ *krbfake.Acceptor, token []byte) []byte { return prefixed(token[4:20]) },
		"next first": func(a *krbfake.Acceptor, token []byte) []byte {
			return append(prefixed(a.Seal([]byte("later"))), token...)
		},
	}
	kdc, ticket := ticketed(t)
	a := kdc.Accept()
	established(t, ticket, a)
	for i := range prefixed(a.Seal([]byte("first"))) {
		edits[fmt.Sprintf("byte %d", i)] = func(_ *krbfake.Acceptor, token []byte) []byte {
			token = bytes.Clone(token)
			token[i] ^= 0x10
			return token
		}
		edits[fmt.Sprintf("cut after %d", i)] = func(_ *krbfake.Acceptor, token []byte) []byte {
			// What follows begins with zeros, which would stand in for zeros that were cut off.
			return token[:min(i, len(bytes.TrimRight(token, "\x00"))-1)]
		}
	}
	for name, edit := range edits {
		got, err := readAfter(t, ticket, kdc.Accept(), edit)
		want := ""
		if name == "repeated" {
			want = "first"
		}
		if err == nil || got != want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if name == "lost" || name == "repeated" || name == "in clear" || name == "next first" {
			if !errors.Is(err, ErrToken) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	if got, err := readAfter(t, ticket, kdc.Accept(), func(_ *krbfake.Acceptor, token []byte) []byte { return token }); got != "firstsecond" || err != nil {
		t.Errorf("unharmed: %q, %v", got, err)
	}
}

// A connection that is closed ends its context, once, and is of no more use.
func TestClose(t *testing.T) {
	near, far := net.Pipe()
	defer far.Close()
	m := &made{initiator: &initiator{}}
	conn := NewConn(near, &system{provider: m, done: true}, 1000)
	for range 2 {
		_ = conn.Close()
	}
	if !m.released {
		t.Error("not released")
	}
	if _, err := conn.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
		t.Error(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err == nil {
		t.Error("something was read")
	}
}

// A token that is signed and readable is none once the connection is sealed.
func TestSignedIsNotSealed(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		_, _ = far.Write([]byte{0, 0, 0, 1, 'x'})
		far.Close()
	}()
	conn := NewConn(near, readable{}, 1000)
	if n, err := conn.Read(make([]byte, 10)); n != 0 || !errors.Is(err, ErrToken) {
		t.Errorf("%d, %v", n, err)
	}
}

// readable is a context whose messages anybody can read.
type readable struct{ Context }

func (readable) Unwrap(token []byte) ([]byte, bool, error) { return token, false, nil }
func (readable) Overhead() int                             { return 0 }

// Every kind of AES, filler and rotation that RFC 4121 allows is undone.
func TestTokens(t *testing.T) {
	for _, kind := range []int32{17, 18} {
		e, err := crypto.GetEtype(kind)
		if err != nil {
			t.Fatal(err)
		}
		key, err := types.GenerateEncryptionKey(e)
		if err != nil {
			t.Fatal(err)
		}
		for _, ec := range []int{0, 1, 16, 20} {
			for _, rrc := range []int{0, 1, 12, 28, 60000} {
				for _, n := range []int{0, 1, 15, 16, 1000} {
					take, err := newTokens(key, true, 0, 7)
					if err != nil {
						t.Fatal(err)
					}
					message := bytes.Repeat([]byte("m"), n)
					head := header(flagAcceptor|flagSealed|flagSubkey, ec, 7)
					_, cipher, err := e.EncryptMessage(key.KeyValue, append(append(bytes.Clone(message), make([]byte, ec)...), head...), usageAcceptor)
					if err != nil {
						t.Fatal(err)
					}
					binary.BigEndian.PutUint16(head[6:], uint16(rrc))
					r := rrc % len(cipher)
					token := append(head, append(bytes.Clone(cipher[len(cipher)-r:]), cipher[:len(cipher)-r]...)...)
					got, isSealed, err := take.unwrap(token)
					if err != nil || !isSealed || !bytes.Equal(got, message) {
						t.Fatalf("kind %d, EC %d, RRC %d, %d bytes: %v", kind, ec, rrc, n, err)
					}
					out, err := take.wrap(message, true)
					if err != nil || len(out) != n+take.overhead() {
						t.Fatalf("%d bytes became %d, %v; the overhead is %d", n, len(out), err, take.overhead())
					}
				}
			}
		}
	}
	if _, err := newTokens(types.EncryptionKey{KeyType: 23, KeyValue: make([]byte, 16)}, true, 0, 0); source.CodeOf(err) != source.CodeCredentials {
		t.Errorf("RC4: %v", err)
	}
}

// FuzzUnwrap: no token but the right one is taken, and none is too odd.
func FuzzUnwrap(f *testing.F) {
	e, err := crypto.GetEtype(18)
	if err != nil {
		f.Fatal(err)
	}
	key := types.EncryptionKey{KeyType: 18, KeyValue: bytes.Repeat([]byte{7}, 32)}
	head := header(flagAcceptor|flagSealed, 0, 1)
	_, cipher, err := e.EncryptMessage(key.KeyValue, append([]byte("message"), head...), usageAcceptor)
	if err != nil {
		f.Fatal(err)
	}
	right := append(head, cipher...)
	f.Add(right)
	f.Add(right[:16])
	f.Add([]byte{})
	f.Add(header(flagAcceptor, 12, 1))
	f.Add(append(header(flagAcceptor|flagSealed, 65535, 1), cipher...))
	f.Fuzz(func(t *testing.T, token []byte) {
		take, err := newTokens(key, false, 0, 1)
		if err != nil {
			t.Fatal(err)
		}
		message, isSealed, err := take.unwrap(bytes.Clone(token))
		if err != nil {
			if take.receive != 1 {
				t.Error("a token that was refused counts")
			}
			return
		}
		// A rotation by the whole length, or more, is the same token.
		if !isSealed || string(message) != "message" {
			t.Errorf("%q was taken", message)
		}
	})
}

// FuzzStep: whatever answers the first token, it is no proof.
func FuzzStep(f *testing.F) {
	kdc, k := start(f, krbfake.Options{})
	ticket, err := k.Ticket(f.Context(), service)
	if err != nil {
		f.Fatal(err)
	}
	c := ticket.Initiate(nil, true)
	out, _, err := c.Step(nil)
	if err != nil {
		f.Fatal(err)
	}
	reply, _, err := kdc.Accept().Step(out)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(reply)
	f.Add(reply[:40])
	f.Add([]byte{0x60})
	f.Fuzz(func(t *testing.T, token []byte) {
		c := ticket.Initiate(nil, true)
		if _, _, err := c.Step(nil); err != nil {
			t.Fatal(err)
		}
		if _, done, err := c.Step(token); done || err == nil {
			t.Errorf("%x was taken for a proof", token)
		}
	})
}

// TestBinding is the example of a certificate signed with each hash.
func TestBinding(t *testing.T) {
	for algorithm, n := range map[x509.SignatureAlgorithm]int{
		x509.SHA1WithRSA: 32, x509.SHA256WithRSA: 32, x509.ECDSAWithSHA384: 48, x509.SHA512WithRSAPSS: 64, x509.PureEd25519: 0,
	} {
		got := Binding(tls.ConnectionState{PeerCertificates: []*x509.Certificate{{SignatureAlgorithm: algorithm, Raw: []byte("DER")}}})
		if n == 0 {
			if got != nil {
				t.Errorf("%s: %x", algorithm, got)
			}
			continue
		}
		if hash, ok := bytes.CutPrefix(got, []byte("tls-server-end-point:")); !ok || len(hash) != n {
			t.Errorf("%s: %q", algorithm, got)
		}
	}
	if Binding(tls.ConnectionState{}) != nil {
		t.Error("a binding without a certificate")
	}
	want := append(make([]byte, 24), 3, 0, 0, 0, 32, 0, 0, 0, 'a', 'b', 'c')
	if got := sspiBinding([]byte("abc")); !bytes.Equal(got, want) || sspiBinding(nil) != nil {
		t.Errorf("%x", got)
	}
}

// made is SSPI as it is documented, over the tokens of this package.
type made struct {
	initiator *initiator
	given     uint32
	fails     error
	released  bool
}

func (m *made) update(token []byte) ([]byte, bool, uint32, error) {
	if m.fails != nil {
		return nil, false, 0, m.fails
	}
	out, done, err := m.initiator.Step(token)
	return out, done, m.given, err
}

func (m *made) encrypt(message []byte, quality uint32) ([]byte, error) {
	token, err := m.initiator.Wrap(message, quality != wrapNoEncrypt)
	clear(message)
	return token, err
}

func (m *made) decrypt(token []byte) ([]byte, uint32, error) {
	if m.fails != nil {
		return nil, 0, m.fails
	}
	message, isSealed, err := m.initiator.Unwrap(token)
	if isSealed {
		return message, 0, err
	}
	return message, wrapNoEncrypt, err
}

func (m *made) overhead() (int, error) { return m.initiator.Overhead() + 16, nil }
func (m *made) release()               { m.released = true }

// The system's own login follows the same steps, and takes no less than it asked for.
func TestSystem(t *testing.T) {
	kdc, k := start(t, krbfake.Options{})
	ticket, err := k.Ticket(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	const all = sspiMutual | sspiReplay | sspiSequence | sspiInteg | sspiConf
	begin := func(given uint32) (*system, *made) {
		m := &made{initiator: ticket.Initiate(nil, true).(*initiator), given: given}
		return &system{provider: m, account: `CORP\DC1$`, service: service, flags: all}, m
	}
	s, m := begin(all | 1)
	a, limit := kdc.Accept(), 0
	if _, err := s.Wrap([]byte("x"), true); err == nil {
		t.Error("something was sealed before the login")
	}
	if err := finish(s, a, true, &limit); err != nil {
		t.Fatal(err)
	}
	near, far := net.Pipe()
	go func() {
		service := a.Conn(far)
		got := make([]byte, 4)
		_, _ = io.ReadFull(service, got)
		_, _ = service.Write(bytes.ToUpper(got))
	}()
	conn, got, sent := NewConn(near, s, limit), make([]byte, 4), []byte("ping")
	if _, err := conn.Write(sent); err != nil || string(sent) != "ping" {
		t.Errorf("%q, %v", sent, err)
	}
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "PING" {
		t.Errorf("%q, %v", got, err)
	}
	if _, _, err := s.Step(nil); err == nil {
		t.Error("a step after the end")
	}
	if s.Close(); !m.released || s.Name() != `CORP\DC1$` {
		t.Error("not released")
	}

	s, _ = begin(all &^ sspiConf)
	if err := finish(s, kdc.Accept(), true, nil); err == nil {
		t.Error("a connection that is not sealed was taken")
	}
	for status, want := range map[uint32]struct {
		code  source.Code
		words string
	}{
		0x80090303: {source.CodeUsage, "no service ldap/dc1"},
		0x80090311: {source.CodeUnreachable, "finds no domain controller"},
		0x8009030c: {source.CodeCredentials, `no login of CORP\DC1$`},
		0x80090322: {source.CodeCredentials, "not the one that ldap/dc1"},
		0x80090324: {source.CodeCredentials, "clocks"},
		0x80090317: {source.CodeCredentials, "expired"},
		0x80090999: {source.CodeCredentials, "status 0x80090999"},
	} {
		s, m := begin(all)
		m.fails = syscall.Errno(status)
		_, _, err := s.Step(nil)
		expect(t, err, want.code, want.words)
	}
	s, m = begin(all)
	if err := finish(s, kdc.Accept(), true, nil); err != nil {
		t.Fatal(err)
	}
	// What is damaged is no refusal of the account.
	for status, words := range map[uint32]string{0x8009030f: "it was altered", 0x80090310: "it is out of order", 0x80090308: "it is no token"} {
		m.fails = syscall.Errno(status)
		if _, _, err := s.Unwrap([]byte("x")); err == nil || err.Error() != words {
			t.Error(err)
		}
	}
}
