package sqlite

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
)

// BenchmarkNames completes among 100,000 accounts of one customer, opening the file
// each time as a shell does.
func BenchmarkNames(b *testing.B) {
	path := makeState(b)
	db, err := openFile(b.Context(), path, false)
	if err != nil {
		b.Fatal(err)
	}
	for _, statement := range []string{
		`INSERT INTO accounts (id, customer, state, display_name, given_name, surname, username, upn, email, email_source, ad_id, ad_dn, ad_status, imported_at, updated_at)
			WITH RECURSIVE i (k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM i WHERE k < 100000)
			SELECT 'id' || k, c.n, 'active', 'User ' || k, 'U', 'S', 'user' || k, 'user' || k || '@corp.example', 'user' || k || '@contoso.example', 'ad', 'ad' || k,
				'CN=User ' || k || ',OU=Unit ' || (k % 300) || ',DC=corp', 'ok', '2026-03-01T12:00:00Z', '2026-03-01T12:00:00Z'
			FROM i, (SELECT n FROM customers WHERE password_sync = 'off' OR password_sync = 'on' ORDER BY n LIMIT 1) AS c`,
		`INSERT INTO people (customer, kind, id, user)
			SELECT customer, 'ad', ad_id, json_object('id', ad_id, 'dn', ad_dn, 'display_name', display_name) FROM accounts WHERE id LIKE 'id%' AND NOT EXISTS (SELECT 1 FROM people p WHERE p.customer = accounts.customer AND p.kind = 'ad' AND p.id = ad_id)`,
	} {
		if _, err := db.ExecContext(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	for name, q := range map[string]registry.NameQuery{
		"account, the last":   {Kind: registry.AccountNames, Prefix: "user100000"},
		"account, nobody":     {Kind: registry.AccountNames, Prefix: "zz"},
		"account, an address": {Kind: registry.AccountNames, Prefix: "user99999@"},
		"OU":                  {Kind: registry.OUNames, Prefix: "OU=Unit 29"},
		"customer":            {Kind: registry.CustomerNames},
	} {
		b.Run(name, func(b *testing.B) {
			q.Limit = 100
			for b.Loop() {
				s, err := OpenAsIs(b.Context(), path)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := s.Names(b.Context(), q); err != nil {
					b.Fatal(err)
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
