package gss

import (
	"testing"
	"time"

	"github.com/jcmturner/gokrb5/v8/iana/nametype"
	"github.com/jcmturner/gokrb5/v8/types"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
)

// A cache of whatever content is read or refused, and a ticket of it is one for the
// service that was asked for.
func FuzzCache(f *testing.F) {
	kdc, err := krbfake.Start(krbfake.Options{})
	if err != nil {
		f.Fatal(err)
	}
	kdc.Close()
	for _, service := range []string{service, "krbtgt/" + realm} {
		content, err := kdc.CacheFor(account, service, time.Now().Add(time.Hour))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Add([]byte{5, 3})
	f.Fuzz(func(t *testing.T, content []byte) {
		r := cacheReader{rest: content}
		c := r.cache()
		if r.cut {
			return
		}
		if g, ok := c.grant(service, time.Now()); ok && (len(g.key.KeyValue) > len(content) || !isAES(g.key.KeyType)) {
			t.Errorf("%+v", g)
		}
	})
}

// A keytab of whatever content has keys or is refused.
func FuzzKeytab(f *testing.F) {
	kdc, err := krbfake.Start(krbfake.Options{})
	if err != nil {
		f.Fatal(err)
	}
	kdc.Close()
	whole, err := kdc.Keytab(account, password)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add(whole[:20])
	f.Add([]byte{5, 1, 0, 0, 0, 1})
	name := types.NewPrincipalName(nametype.KRB_NT_PRINCIPAL, account)
	f.Fuzz(func(t *testing.T, content []byte) {
		k, err := readKeytab(content)
		if err != nil {
			return
		}
		if key := k.of(name, realm, 18); key != nil && key.KeyType != 18 {
			t.Errorf("%+v", key)
		}
	})
}

// A configuration of whatever content names KDCs as HOST:PORT, or none.
func FuzzConf(f *testing.F) {
	f.Add("[libdefaults]\n dns_lookup_kdc = no\n[realms]\n A.EXAMPLE = {\n  kdc = dc1:88\n }\n[domain_realm]\n .a.example = A.EXAMPLE\n")
	f.Add("[realms]\nA={B={kdc=x}\nkdc=[::1]}")
	f.Add("[realms]\nA =\n{\nkdc = tcp/x*\n}}\n]")
	f.Fuzz(func(t *testing.T, text string) {
		p := confParser{conf: &krb5conf{kdcs: map[string][]string{}, realm: map[string]string{}}, files: maxFiles}
		_ = p.text(text) // an include is one file too many
		for realm, kdcs := range p.conf.kdcs {
			for _, kdc := range kdcs {
				if kdc == "" {
					t.Errorf("%q has a KDC without a name", realm)
				}
			}
		}
		p.conf.realmOf("dc1.a.example")
	})
}
