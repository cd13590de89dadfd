package ad

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// sid is the SID of the domain with another RID, as it is stored.
func sid(rid byte, more byte) string {
	return "\x01\x05\x00\x00\x00\x00\x00\x05\x15\x00\x00\x00\x01\x00\x00\x00\x02\x00\x00\x00\x03\x00\x00\x00" + string([]byte{rid, more, 0, 0})
}

// Who is logged in, by what, and when the certificate ends.
func TestExamine(t *testing.T) {
	users := company(2)
	last := &users[len(users)-1]
	last.Attrs["objectSid"] = []string{sid(0x51, 4)}
	for name, c := range map[string]struct {
		token    []string
		end      time.Duration
		sealed   bool
		notes    []string
		warnings []string
	}{
		"by password": {token: []string{sid(0x51, 4), sid(1, 2)}, end: 90 * 24 * time.Hour, notes: []string{`signed in as "user00001" with a password, over TLS 1.3`, "the certificate of dc1.corp.contoso.example is good until "}},
		"sealed":      {token: []string{sid(0x51, 4)}, sealed: true, notes: []string{`signed in as "user00001" with a ticket; the login seals the connection`}},
		"renew":       {token: []string{sid(0x51, 4)}, end: 10 * 24 * time.Hour, notes: []string{"signed in as"}, warnings: []string{"the certificate of dc1.corp.contoso.example expires on "}},
		"not shown":   {token: []string{sid(9, 9)}, end: 90 * 24 * time.Hour, notes: []string{"signed in with a password", "the certificate"}},
		"admin":       {token: []string{sid(0x51, 4), sid(0, 2)}, sealed: true, notes: []string{"signed in as"}, warnings: []string{"is an administrator"}},
		"builtin":     {token: []string{sid(0x51, 4), "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00"}, sealed: true, notes: []string{"signed in as"}, warnings: []string{"is an administrator"}},
	} {
		t.Run(name, func(t *testing.T) {
			opts := ldapfake.Options{Entries: users, RootDSE: map[string][]string{"tokenGroups": c.token}}
			var cfg Config
			if c.sealed {
				_, _, cfg = startSealed(t, opts, func(*krbfake.Acceptor) {})
			} else {
				opts.Certificate.NotAfter = time.Now().Add(c.end)
				_, cfg = start(t, opts)
			}
			notes, warnings, err := open(t, cfg).Examine(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			begin := func(got, want string) bool { return strings.Contains(got, want) }
			if !slices.EqualFunc(notes, c.notes, begin) || !slices.EqualFunc(warnings, c.warnings, begin) {
				t.Errorf("notes %q, warnings %q", notes, warnings)
			}
		})
	}
}

func TestHowReached(t *testing.T) {
	if got := (reached{bind: source.BindWindows}).how(); !strings.HasPrefix(got, " as the account that runs the program; the login seals") {
		t.Error(got)
	}
}

func TestLiveExamine(t *testing.T) {
	for _, cfg := range []Config{live(t), liveKerberos(t)} {
		notes, warnings, err := open(t, cfg).Examine(t.Context())
		if err != nil || len(warnings) != 0 || !strings.Contains(notes[0], `signed in as "svc-qpimport" with a `) {
			t.Errorf("%q, %q, %v", notes, warnings, err)
		}
	}
}
