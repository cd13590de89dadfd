package gss

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

// Memory is not taken for an answer that a KDC only announces: anybody on the way can.
func TestAnnouncedLength(t *testing.T) {
	for _, claim := range []uint32{1 << 30, 1<<20 - 1} {
		_, k := start(t, krbfake.Options{Claim: claim})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := k.Ticket(t.Context(), service)
		runtime.ReadMemStats(&after)
		expect(t, err, source.CodeUnreachable, "")
		if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
			t.Errorf("%d bytes announced: %d bytes were taken", claim, grown)
		}
	}
}

// Whoever poses as the KDC gets no proof that is made with RC4, or of a password with
// so little work that the password can be guessed from it, and cannot keep this
// computer at work.
func TestWeakProof(t *testing.T) {
	for name, opts := range map[string]krbfake.Options{
		"RC4":           {Offer: 23},
		"one round":     {Params: []byte{0, 0, 0, 1}},
		"without end":   {Params: []byte{0xff, 0xff, 0xff, 0xff}},
		"2^32 rounds":   {Params: []byte{0, 0, 0, 0}},
		"odd parameter": {Params: []byte{0x10, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			kdc, k := start(t, opts)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			_, err := k.Ticket(ctx, service)
			expect(t, err, source.CodeCredentials, "")
			if kdc.Logins() != 0 {
				t.Error("a proof was sent")
			}
		})
	}
	kdc, k := start(t, krbfake.Options{Offer: 23})
	keys := keytab.New()
	if err := keys.AddEntry(account, realm, password, time.Now(), 1, 23); err != nil {
		t.Fatal(err)
	}
	k.Keytab, _ = keys.Marshal()
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeCredentials, "the keytab holds no AES key of svc@"+realm)
	if kdc.Logins() != 0 {
		t.Error("a proof was sent")
	}
}

// A password is proved to one KDC, once, also where that one then says nothing.
func TestProofOnce(t *testing.T) {
	answers := 0
	silent := func(answer []byte) []byte {
		if answers++; answers > 1 {
			return nil
		}
		return answer
	}
	first, k := start(t, krbfake.Options{Edit: silent})
	second, other := start(t, krbfake.Options{})
	k.KDCs = append(k.KDCs, other.KDCs...)
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUnreachable, "did not answer to the proof of the password")
	if n := first.Logins() + second.Logins(); n != 1 {
		t.Errorf("%d attempts", n)
	}
}

// A domain may not ask an account for a proof: the password then has to open the answer.
func TestNoProof(t *testing.T) {
	kdc, k := start(t, krbfake.Options{NoProof: true})
	if _, err := k.Ticket(t.Context(), service); err != nil {
		t.Error(err)
	}
	k.Password = source.NewSecret("other")
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeCredentials, "is wrong (24)")
	if kdc.Logins() != 0 {
		t.Error("a proof was sent")
	}
}

// KDCs are asked in the order in which they are named, and the next one where one does
// not answer.
func TestNextKDC(t *testing.T) {
	kdc, k := start(t, krbfake.Options{})
	gone, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	gone.Close()
	k.KDCs = []string{gone.Addr().String(), "no-such-host.invalid", kdc.Addr()}
	if _, err := k.Ticket(t.Context(), service); err != nil {
		t.Error(err)
	}
}

// The domain controller may be in another domain of the forest than the account: the
// KDCs on the way refer to one another.
func TestOtherDomain(t *testing.T) {
	const root, sales, far = "CONTOSO.EXAMPLE", "SALES.CONTOSO.EXAMPLE", "ldap/dc1.sales.contoso.example"
	last, _ := start(t, krbfake.Options{Realm: sales, Services: []string{far}, Trusts: []string{root}})
	middle, _ := start(t, krbfake.Options{Realm: root, Refer: map[string]string{far: sales}, Trusts: []string{realm}})
	first, k := start(t, krbfake.Options{Refer: map[string]string{far: root}})
	k.KDCs = nil
	conf := "[realms]\n"
	for name, kdc := range map[string]*krbfake.KDC{realm: first, root: middle, sales: last} {
		conf += " " + name + " = {\n  kdc = " + kdc.Addr() + "\n }\n"
	}
	k.Config = filepath.Join(t.TempDir(), "krb5.conf")
	if err := os.WriteFile(k.Config, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	ticket, err := k.Ticket(t.Context(), far)
	if err != nil {
		t.Fatal(err)
	}
	a := last.Accept()
	if err := finish(ticket.Initiate(nil, true), a, true, nil); err != nil || a.Client != account+"@"+realm {
		t.Errorf("%q, %v", a.Client, err)
	}
	// A circle is none.
	loop, k := start(t, krbfake.Options{Refer: map[string]string{far: realm}})
	_, err = k.Ticket(t.Context(), far)
	expect(t, err, source.CodeUnreachable, "cannot be used")
	if loop.Logins() != 1 {
		t.Errorf("%d logins", loop.Logins())
	}
}
