package gss

import (
	"strings"
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/keytab"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

// keytabWith makes a keytab of entries.
func keytabWith(t *testing.T, entries ...entry) []byte {
	t.Helper()
	keys := keytab.New()
	for _, e := range entries {
		at := time.Unix(1_700_000_000, 0)
		if err := keys.AddEntry(e.name, e.realm, e.password, at, e.version, e.kind); err != nil {
			t.Fatal(err)
		}
	}
	content, err := keys.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return content
}

type entry struct {
	name, realm, password string
	version               uint8
	kind                  int32
}

// Keytabs as people have them.
func TestKeytabs(t *testing.T) {
	own := func(password string, version uint8, kind int32) entry {
		return entry{account, realm, password, version, kind}
	}
	for name, c := range map[string]struct {
		keytab []byte
		words  string // of the error; "" where it is good
	}{
		"another version than the domain counts": {keytabWith(t, own(password, 9, 18)), ""},
		"the versions before stand first":        {keytabWith(t, own("old", 1, 18), own("older", 0, 18), own(password, 2, 18)), ""},
		"and last":                               {keytabWith(t, own(password, 3, 18), own("old", 2, 18)), ""},
		"AES and RC4":                            {keytabWith(t, own(password, 1, 23), own(password, 1, 17), own(password, 1, 18)), ""},
		"many principals":                        {keytabWith(t, entry{"host/web1.corp.contoso.example", realm, "x", 1, 18}, entry{"WEB1$", realm, "y", 1, 18}, own(password, 1, 18)), ""},
		"a hole":                                 {append([]byte{5, 2, 0xff, 0xff, 0xff, 0xfc, 0, 0, 0, 0}, keytabWith(t, own(password, 1, 18))[2:]...), ""},
		"RC4 alone":                              {keytabWith(t, own(password, 1, 23)), "no AES key of svc@"},
		"another account's":                      {keytabWith(t, entry{"host/web1.corp.contoso.example", realm, "x", 1, 18}), "no AES key of svc@"},
		"another realm's":                        {keytabWith(t, entry{account, "FABRIKAM.EXAMPLE", "x", 1, 18}), "no AES key of svc@"},
		"empty":                                  {[]byte{5, 2}, "the keytab cannot be read"},
		"cut":                                    {keytabWith(t, own(password, 1, 18))[:40], "the keytab cannot be read"},
		"a length below zero":                    {[]byte("\x05\x02\x00\x00\x00\x08\x00\x01\xff\xff\xff\xff\xff\xff"), "the keytab cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, k := start(t, krbfake.Options{KeyVersion: 4})
			k.Password, k.Keytab = source.Secret{}, c.keytab
			_, err := k.Ticket(t.Context(), service)
			switch {
			case c.words == "" && err != nil:
				t.Error(err)
			case c.words != "" && (err == nil || !strings.Contains(err.Error(), c.words)):
				t.Errorf("%v, want %q", err, c.words)
			}
		})
	}
	// AD tells no names apart by case, nor does it salt with what is typed.
	_, k := start(t, krbfake.Options{})
	k.Password, k.Keytab = source.Secret{}, keytabWith(t, entry{"SVC", strings.ToLower(realm), "x", 1, 18})
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeCredentials, "does not have the password's key (24)")
}

// A keytab with one of two kinds of AES is good.
func TestKeytabOfOneKind(t *testing.T) {
	_, k := start(t, krbfake.Options{Kind: 17})
	k.Password, k.Keytab = source.Secret{}, keytabWith(t, entry{account, realm, password, 1, 17})
	if _, err := k.Ticket(t.Context(), service); err != nil {
		t.Error(err)
	}
}
