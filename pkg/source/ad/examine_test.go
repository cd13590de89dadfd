package ad

import (
	"crypto/tls"
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

// Who is logged in, by what, what is asked of that, and when the certificate ends.
func TestExamine(t *testing.T) {
	users := company(2)
	last := &users[len(users)-1]
	last.Attrs["objectSid"] = []string{sid(0x51, 4)}
	const (
		byPassword = `signed in as "user00001" with a password, over TLS 1.3`
		byTicket   = `signed in as "user00001" with a ticket; the login seals the connection`
	)
	for name, c := range map[string]struct {
		token    []string
		sealed   bool
		as       string
		notes    []string
		warnings []string
	}{
		"by password":       {token: []string{sid(0x51, 4), sid(1, 2)}, as: "user00001", notes: []string{byPassword}},
		"sealed":            {token: []string{sid(0x51, 4)}, sealed: true, as: "user00001", notes: []string{byTicket}},
		"of another domain": {token: []string{sid(9, 9)}, as: "S-1-5-21-1-2-3-2313", notes: []string{`signed in as "S-1-5-21-1-2-3-2313" with a password`}},
		"not shown":         {notes: []string{"signed in with a password"}},
		"admin":             {token: []string{sid(0x51, 4), sid(0, 2)}, sealed: true, as: "user00001", notes: []string{"signed in as"}, warnings: []string{"is an administrator"}},
		"builtin":           {token: []string{sid(0x51, 4), "\x01\x02\x00\x00\x00\x00\x00\x05\x20\x00\x00\x00\x20\x02\x00\x00"}, sealed: true, as: "user00001", notes: []string{"signed in as"}, warnings: []string{"is an administrator"}},
	} {
		t.Run(name, func(t *testing.T) {
			opts := ldapfake.Options{Entries: users, RootDSE: map[string][]string{"tokenGroups": c.token}}
			end := time.Now().Add(90 * 24 * time.Hour).UTC().Truncate(time.Second)
			var cfg Config
			if c.sealed {
				_, _, cfg = startSealed(t, opts, func(*krbfake.Acceptor) {})
			} else {
				opts.Certificate.NotAfter = end
				_, cfg = start(t, opts)
			}
			x, err := open(t, cfg).Examine(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !slices.EqualFunc(x.Notes, c.notes, strings.Contains) || !slices.EqualFunc(x.Warnings, c.warnings, strings.Contains) {
				t.Errorf("notes %q, warnings %q", x.Notes, x.Warnings)
			}
			var ends []source.End
			if !c.sealed {
				ends = []source.End{{What: "the certificate of dc1.corp.contoso.example", At: end}}
			}
			if x.SignIn.As != c.as || !slices.Equal(x.Ends, ends) {
				t.Errorf("%+v", x)
			}
		})
	}
}

// What is known of the server's demands, and whether a connection meets them.
func TestDemands(t *testing.T) {
	within := &tls.ConnectionState{Version: tls.VersionTLS13}
	for name, c := range map[string]struct {
		reached reached
		known   policy
		how     string
		want    []source.Demand
	}{
		"the account that runs": {reached{bind: source.BindWindows}, policy{source.Yes, source.Yes}, "as the account that runs the program; the login seals", []source.Demand{
			{Name: "signing", Demanded: source.Yes, Met: source.Yes, Text: "LDAP signing is demanded; the sealed connection meets it"},
			{Name: "channel_binding", Demanded: source.Yes, Met: source.Yes, Text: "channel binding is demanded; it is for logins within TLS, and this one is not"}}},
		"a ticket within TLS": {reached{source.BindKerberos, within}, policy{source.Unknown, source.No}, "with a ticket, bound to the connection, over TLS 1.3", []source.Demand{
			{Name: "signing", Met: source.Yes, Text: "whether LDAP signing is demanded is not known; TLS meets it"},
			{Name: "channel_binding", Demanded: source.No, Met: source.Yes, Text: "channel binding is not demanded; this login is bound to its connection"}}},
		"a password": {reached{"", within}, policy{source.Yes, source.Yes}, "with a password, over TLS 1.3", []source.Demand{
			{Name: "signing", Demanded: source.Yes, Met: source.Yes, Text: "LDAP signing is demanded; TLS meets it"},
			{Name: "channel_binding", Demanded: source.Yes, Text: "channel binding is demanded; it is for logins by ticket, and this one is by password"}}},
	} {
		if got := c.reached.demands(c.known); !slices.Equal(got, c.want) {
			t.Errorf("%s: %+v", name, got)
		}
		if got := c.reached.how(); !strings.HasPrefix(got, c.how) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestLiveExamine(t *testing.T) {
	for _, cfg := range []Config{live(t), liveKerberos(t)} {
		x, err := open(t, cfg).Examine(t.Context())
		if err != nil || len(x.Warnings) != 0 || x.SignIn.As != "svc-qpimport" || len(x.Demands) != 2 || (len(x.Ends) == 1) != (cfg.Connection.Bind == "") {
			t.Errorf("%+v, %v", x, err)
		}
		t.Log(x.Notes)
	}
}
