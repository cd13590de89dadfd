package tables

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// knownDNs bounds how many DNs are looked at for their OUs: reading all of a large
// directory takes longer than somebody who pressed a key waits.
const knownDNs = 5000

// names gathers names, each value once.
type names struct {
	registry.NameQuery
	found []registry.Name
	seen  map[string]bool
}

func (l *names) add(n registry.Name) {
	if n.Value != "" && !l.seen[n.Value] && len(l.found) < l.Limit {
		l.seen[n.Value] = true
		l.found = append(l.found, n)
	}
}

// begun says that a text begins as it was asked for.
func (l *names) begun(s string) bool {
	return len(s) >= len(l.Prefix) && strings.EqualFold(s[:len(l.Prefix)], l.Prefix)
}

// Names lists names by their beginning.
func (s Store) Names(ctx context.Context, q registry.NameQuery) ([]registry.Name, error) {
	var l *names
	err := s.in(ctx, false, func(tx Tx) error {
		l = &names{NameQuery: q, seen: map[string]bool{}}
		of, args, err := ofCustomer(tx, q)
		if err != nil {
			return err
		}
		switch q.Kind {
		case registry.CustomerNames:
			return l.query(tx, `SELECT name, id, '' FROM customers WHERE `+l.like(tx, `name`, 1)+` ORDER BY name_key`, nil)
		case registry.AccountNames:
			// One scan: the address is for who begins to type it.
			byName, byEmail := l.like(tx, `username`, len(args)+1), l.like(tx, `email`, len(args)+1)
			return l.query(tx, `SELECT CASE WHEN `+byName+` THEN username ELSE email END, id, display_name FROM accounts
				WHERE `+of+` AND (`+byName+` OR `+byEmail+`)`, args)
		case registry.RunNames:
			return l.query(tx, `SELECT CAST(id AS TEXT), '', command || ' ' || customer_name || ' ' || substr(at, 1, 19) || 'Z' FROM runs
				WHERE `+strings.ReplaceAll(of, `customer`, `(SELECT n FROM customers WHERE customers.id = runs.customer)`)+
				` AND `+l.like(tx, `CAST(id AS TEXT)`, len(args)+1)+` ORDER BY id DESC`, args)
		}
		return l.selected(tx, of, args)
	})
	if err != nil {
		return nil, err
	}
	return l.found, nil
}

// ofCustomer is the condition for the rows of the customer of a query, or for all.
func ofCustomer(tx Tx, q registry.NameQuery) (of string, args []any, err error) {
	if q.Customer == (registry.Ref{}) || q.Kind == registry.CustomerNames {
		return `1 = 1`, nil, nil
	}
	n, err := findCustomer(tx, q.Customer)
	return `customer = $1`, []any{n}, err
}

// like is the condition that a column begins as was asked for; the pattern has a
// number among the parameters.
func (l *names) like(tx Tx, column string, parameter int) string {
	return fmt.Sprintf(`%s %s $%d ESCAPE '\'`, column, tx.Dialect().Like, parameter)
}

// query adds what a statement selects: value, id and what to say about it. The
// pattern and the limit follow its arguments.
func (l *names) query(tx Tx, statement string, args []any) error {
	pattern := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(l.Prefix) + "%"
	return tx.Query(func(scan func(...any) error) error {
		var value, id, about Text
		err := scan(&value, &id, &about)
		l.add(registry.Name{Value: string(value), ID: string(id), About: string(about)})
		return err
	}, fmt.Sprintf(`%s LIMIT $%d`, statement, len(args)+2), append(args, pattern, l.Limit)...)
}

// selected adds the OUs or groups of selections, and OUs of people.
func (l *names) selected(tx Tx, of string, args []any) error {
	add := func(value, id string) {
		if l.begun(value) {
			l.add(registry.Name{Value: value, ID: id})
		}
	}
	err := tx.Query(func(scan func(...any) error) error {
		var body string
		if err := scan(&body); err != nil {
			return err
		}
		var sel registry.Selection
		if err := json.Unmarshal([]byte(body), &sel); err != nil {
			return registry.Damaged(err, "selection")
		}
		if l.Kind == registry.GroupNames {
			for _, g := range sel.Groups {
				add(g.Name, g.ID)
			}
			return nil
		}
		for _, ou := range sel.OUs {
			add(ou.DN, ou.ID)
		}
		return nil
	}, `SELECT selection FROM selections WHERE `+of, args...)
	if err != nil || l.Kind == registry.GroupNames {
		return err
	}
	var last string
	limit := fmt.Sprintf(` LIMIT $%d`, len(args)+1)
	return tx.Query(func(scan func(...any) error) error {
		var dn Text
		err := scan(&dn)
		ou := source.ParentDN(string(dn))
		if ou != last {
			add(ou, "")
		}
		last = cmp.Or(ou, last)
		return err
	}, `SELECT ad_dn FROM (SELECT ad_dn FROM accounts WHERE `+of+` AND ad_dn IS NOT NULL`+limit+`) AS a
		UNION ALL SELECT dn FROM (SELECT `+fmt.Sprintf(tx.Dialect().Member, `"user"`, `dn`)+` AS dn FROM people WHERE `+of+` AND kind = 'ad'`+limit+`) AS p`,
		append(args, knownDNs)...)
}
