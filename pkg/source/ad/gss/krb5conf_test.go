package gss

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

// Files of configuration as people have them: each names the KDC.
func TestConfigurations(t *testing.T) {
	kdc, k := start(t, krbfake.Options{})
	k.KDCs = nil
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		text = strings.NewReplacer("KDC", kdc.Addr(), "REALM", realm, "DIR", dir).Replace(text)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const realms = "[realms]\n REALM = {\n  kdc = KDC\n }\n"
	file("d/realm", realms)
	file("d/realm.conf", realms)
	file("d/realm.conf.rpmsave", "[realms]\n REALM = {\n  kdc = no-such-host.invalid\n }\n")
	for name, text := range map[string]string{
		"plain":           "[libdefaults]\n default_realm = REALM\n dns_lookup_kdc = false\n" + realms,
		"tabs":            "[realms]\n\tREALM\t=\t{\n\t\tkdc\t=\tKDC\n\t}\n",
		"DOS":             strings.ReplaceAll("[libdefaults]\n dns_lookup_kdc = false\n"+realms, "\n", "\r\n"),
		"a mark":          "\xef\xbb\xbf" + realms,
		"comments":        "# of the company\n; and more\n[realms] # all\n REALM = { # ours\n  # kdc = x\n  kdc = KDC # the one\n }\n",
		"several":         "[realms]\n FABRIKAM.EXAMPLE = {\n  kdc = x.invalid\n }\n" + realms,
		"in parts":        realms + "[domain_realm]\n .contoso.example = REALM\n[realms]\n FABRIKAM.EXAMPLE = {\n  kdc = x.invalid\n }\n",
		"lower case":      strings.ToLower("[realms]\n ") + strings.ToLower(realm) + " = {\n  kdc = KDC\n }\n",
		"nested":          "[realms]\n REALM = {\n  auth_to_local_names = {\n   kdc = x\n  }\n  kdc = KDC\n  admin_server = x\n }\n",
		"on one line":     "[realms]\n REALM = { kdc = KDC\n }\n",
		"brace below":     "[realms]\n REALM =\n {\n  kdc = KDC\n }\n",
		"by TCP":          "[realms]\n REALM = {\n  kdc = tcp/KDC\n }\n",
		"two, one gone":   "[realms]\n REALM = {\n  kdc = 127.0.0.1:1\n  kdc = KDC\n }\n",
		"IPv6 first":      "[realms]\n REALM = {\n  kdc = [::1]:1\n  kdc = KDC\n }\n",
		"final":           "[realms]\n REALM = {\n  kdc = KDC*\n }\n",
		"include":         "include DIR/d/realm\n[libdefaults]\n default_realm = REALM\n",
		"include inside":  "[libdefaults]\n default_realm = REALM\n include DIR/d/realm.conf\n",
		"includedir":      "includedir DIR/d/\n\n[libdefaults]\n dns_lookup_kdc = no\n",
		"include of none": "include DIR/none\nincludedir DIR/nothing\n" + realms,
		"odd settings":    "[libdefaults]\n clockskew = five minutes\n default_ccache_name = KEYRING:persistent:%{uid}\n canonicalize = true\n permitted_enctypes = aes256-sha1, +rc4\n ticket_lifetime\n noaddresses = false\n" + realms,
		"module":          "module /usr/lib/x.so:init\n" + realms,
	} {
		t.Run(name, func(t *testing.T) {
			k := k
			k.Config = file("conf", text)
			if _, err := k.Ticket(t.Context(), service); err != nil {
				t.Error(err)
			}
		})
	}
	k.Config = strings.Join([]string{filepath.Join(dir, "none"), file("a", "[libdefaults]\n"), file("b", realms)}, string(filepath.ListSeparator))
	if _, err := k.Ticket(t.Context(), service); err != nil {
		t.Errorf("a list: %v", err)
	}
	k.Config = file("c", "[libdefaults]\n dns_lookup_kdc = off\n[realms]\n FABRIKAM.EXAMPLE = {\n  kdc = KDC\n }\n")
	_, err := k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUnreachable, "no KDC of the realm "+realm+" is known")
	k.Config = file("c", "[libdefaults]\n dns_lookup_kdc = off\n[realms]\n REALM = {\n  kdc = https://proxy.example/KdcProxy\n }\n")
	_, err = k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUnreachable, "no KDC of the realm "+realm+" is known")
	k.Config = file("c", "include DIR/c\n")
	_, err = k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUsage, "includes too many files")
	k.Config = dir
	_, err = k.Ticket(t.Context(), service)
	expect(t, err, source.CodeUsage, "Kerberos configuration")
}
