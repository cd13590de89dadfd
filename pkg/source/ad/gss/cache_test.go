package gss

import (
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

// A cache may hold many tickets: what counts is the one for the service, or a
// ticket-granting one that is good.
func TestCacheOfMany(t *testing.T) {
	kdc, k := start(t, krbfake.Options{})
	path := filepath.Join(t.TempDir(), "cache")
	k.Password, k.Cache, k.Principal = source.Secret{}, path, ""
	hour, past := time.Now().Add(time.Hour), time.Now().Add(-time.Hour)
	// The head of a cache ends with its owner, 16 bytes and a principal of one part.
	const head = 16 + 8 + 4 + len(realm) + 4 + len(account)
	of := func(service string, until time.Time) []byte {
		content, err := kdc.CacheFor(account, service, until)
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	tgt := "krbtgt/" + realm
	for name, c := range map[string]struct {
		parts [][]byte
		words string
	}{
		"an old one first":           {[][]byte{of(tgt, past), of(tgt, hour)}, ""},
		"of another realm first":     {[][]byte{of("krbtgt/FABRIKAM.EXAMPLE", hour), of("cifs/files.corp.contoso.example", past), of(tgt, hour)}, ""},
		"the service's alone":        {[][]byte{of(service, hour)}, ""},
		"the service's, in capitals": {[][]byte{of("LDAP/DC1.corp.contoso.example", hour)}, ""},
		"old, the service's is good": {[][]byte{of(tgt, past), of(service, hour)}, ""},
		"another service's alone":    {[][]byte{of("cifs/files.corp.contoso.example", hour)}, "holds no ticket of svc@"},
		"all old":                    {[][]byte{of(tgt, past), of(service, past)}, "expired on"},
	} {
		t.Run(name, func(t *testing.T) {
			content := append([]byte{}, c.parts[0]...)
			for _, part := range c.parts[1:] {
				content = append(content, part[head:]...)
			}
			if err := os.WriteFile(path, content, 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := k.Ticket(t.Context(), service)
			if c.words == "" && err != nil || c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)) {
				t.Errorf("%v, want %q", err, c.words)
			}
		})
	}
	// A length that the file does not hold takes no memory.
	content := of(tgt, hour)
	at := len(content) - 4 - 4
	for content[at-1] != 0x61 || binary.BigEndian.Uint32(content[at-5:]) == 0 { // the ticket, [APPLICATION 1]
		at--
	}
	huge := append([]byte{}, content[:at-5-8]...)
	huge = binary.BigEndian.AppendUint32(huge, 0x7fffffff) // addresses
	if err := os.WriteFile(path, huge, 0o600); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := k.Ticket(t.Context(), service)
	runtime.ReadMemStats(&after)
	expect(t, err, source.CodeUsage, "is damaged")
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 4<<20 {
		t.Errorf("%d bytes were taken", grown)
	}
}
