package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// knownDNs bounds how many DNs are looked at for their OUs: reading all of a large
// directory takes longer than somebody who pressed a key waits.
const knownDNs = 5000

// ofCustomer chooses the rows of one customer, or all: ?1 says which.
const ofCustomer = `(?1 OR customer = coalesce((SELECT n FROM customers WHERE name_key = ?2), (SELECT n FROM customers WHERE id = ?3),
	(SELECT customer FROM external_ids WHERE system = ?4 AND value = ?5)))`

// The queries have value, id and what to say about it; ?6 is the pattern.
var nameQueries = map[registry.NameKind][]string{
	registry.CustomerNames: {`SELECT name, id, '' FROM customers WHERE name LIKE ?6 ESCAPE '\' ORDER BY name_key`},
	// One scan: the address is for who begins to type it.
	registry.AccountNames: {`SELECT iif(username LIKE ?6 ESCAPE '\', username, email), id, display_name FROM accounts
		WHERE ` + ofCustomer + ` AND (username LIKE ?6 ESCAPE '\' OR email LIKE ?6 ESCAPE '\')`},
	registry.RunNames: {`SELECT CAST(id AS TEXT), '', command || ' ' || customer_name || ' ' || at FROM runs
		WHERE (?1 OR customer = (SELECT id FROM customers WHERE n = coalesce((SELECT n FROM customers WHERE name_key = ?2), (SELECT n FROM customers WHERE id = ?3),
			(SELECT customer FROM external_ids WHERE system = ?4 AND value = ?5)))) AND id LIKE ?6 ESCAPE '\' ORDER BY id DESC`},
	registry.OUNames: {
		`SELECT value ->> 'dn', value ->> 'id', '' FROM selections, json_each(selection -> 'ous') WHERE ` + ofCustomer + ` AND value ->> 'dn' LIKE ?6 ESCAPE '\'`,
	},
	registry.GroupNames: {
		`SELECT value ->> 'name', value ->> 'id', '' FROM selections, json_each(selection -> 'groups') WHERE ` + ofCustomer + ` AND value ->> 'name' LIKE ?6 ESCAPE '\'`,
	},
}

// Names lists names by their beginning.
func (s *Store) Names(ctx context.Context, q registry.NameQuery) ([]registry.Name, error) {
	var names []registry.Name
	seen := map[string]bool{}
	add := func(n registry.Name) {
		if n.Value != "" && !seen[n.Value] && len(names) < q.Limit {
			seen[n.Value] = true
			names = append(names, n)
		}
	}
	pattern := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q.Prefix) + "%"
	args := []any{q.Customer == registry.Ref{}, q.Customer.Key, q.Customer.ID, q.Customer.System, q.Customer.Value, pattern}
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		for _, statement := range nameQueries[q.Kind] {
			err := query(ctx, tx, func(rows *sql.Rows) error {
				var value, id, about text
				err := rows.Scan(&value, &id, &about)
				add(registry.Name{Value: string(value), ID: string(id), About: string(about)})
				return err
			}, statement+` LIMIT ?7`, append(args, q.Limit)...)
			if err != nil {
				return err
			}
		}
		if q.Kind != registry.OUNames {
			return nil
		}
		var last string
		return query(ctx, tx, func(rows *sql.Rows) error {
			var dn text
			err := rows.Scan(&dn)
			ou := source.ParentDN(string(dn))
			if ou != last && len(ou) >= len(q.Prefix) && strings.EqualFold(ou[:len(q.Prefix)], q.Prefix) {
				add(registry.Name{Value: ou})
			}
			last = cmp.Or(ou, last)
			return err
		}, `SELECT ad_dn FROM (SELECT ad_dn FROM accounts WHERE `+ofCustomer+` AND ad_dn IS NOT NULL LIMIT ?6)
			UNION ALL SELECT dn FROM (SELECT user ->> 'dn' AS dn FROM people WHERE `+ofCustomer+` AND kind = 'ad' LIMIT ?6)`,
			append(args[:5:5], knownDNs)...)
	})
	return names, err
}
