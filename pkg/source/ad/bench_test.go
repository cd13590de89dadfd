package ad

import (
	"crypto/tls"
	"crypto/x509"
	"os"
	"testing"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// BenchmarkUsersLDAP reads 10,000 users over LDAPS from the fake, as this
// package does and as the library's own paging does.
func BenchmarkUsersLDAP(b *testing.B) {
	const n = 10_000
	s, cfg := start(b, ldapfake.Options{Entries: company(n)})
	b.Run("Users", func(b *testing.B) {
		d := open(b, cfg)
		b.ReportAllocs()
		for b.Loop() {
			users := 0
			for _, err := range d.Users(b.Context(), source.Scope{}) {
				if err != nil {
					b.Fatal(err)
				}
				users++
			}
			if users != n {
				b.Fatalf("%d users", users)
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/user")
	})
	b.Run("SearchWithPaging", func(b *testing.B) {
		ca, err := os.ReadFile(s.CAFile())
		if err != nil {
			b.Fatal(err)
		}
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(ca)
		conn, err := ldap.DialURL(s.URL(), ldap.DialWithTLSConfig(&tls.Config{RootCAs: pool}))
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		if err := conn.Bind(account, password); err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		for b.Loop() {
			res, err := conn.SearchWithPaging(&ldap.SearchRequest{
				BaseDN: domain, Scope: ldap.ScopeWholeSubtree, Filter: userFilter, Attributes: adattr.UserAttributes(),
				Controls: []ldap.Control{ldap.NewControlString(domainScope, false, "")},
			}, pageSize)
			if err != nil || len(res.Entries) != n {
				b.Fatalf("%v", err)
			}
			for _, e := range res.Entries {
				if _, err := user(e, false); err != nil {
					b.Fatal(err)
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*n), "µs/user")
	})
}

// BenchmarkPasswordChanges asks a domain of 50,000 users for the three whose password
// was set; the fake, which has no index, takes most of the time.
func BenchmarkPasswordChanges(b *testing.B) {
	s, cfg := start(b, ldapfake.Options{Entries: company(50_000), Resetters: map[string]ldapfake.Rights{}})
	d := open(b, cfg)
	_, since, err := d.PasswordChanges(b.Context(), source.PasswordCursor{})
	if err != nil {
		b.Fatal(err)
	}
	for n := range 3 {
		s.Change(person(n).DN, map[string][]string{"unicodePwd": {"x"}})
	}
	for b.Loop() {
		if changes, _, err := d.PasswordChanges(b.Context(), since); err != nil || len(changes) != 3 {
			b.Fatalf("%d, %v", len(changes), err)
		}
	}
}
