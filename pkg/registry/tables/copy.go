package tables

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// table is one with all its columns, and those by which its rows are told apart.
type table struct{ name, columns, key string }

// all are the tables of a registry, each after those that it refers to.
var all = []table{
	{`customers`, `n, id, name, name_key, password_sync, new_people, match_by, doubtful, password_cursor, revision, created_at`, `n`},
	{`external_ids`, `customer, system, value`, `customer, system`},
	{`directories`, `customer, kind, connection, identity, connected_at, last_read, people, failed_at, failure, failure_text`, `customer, kind`},
	{`resetters`, `customer, kind, connection, identity, connected_at`, `customer, kind`},
	{`people`, `n, customer, kind, id, missing, user`, `n`},
	{`accounts`, `n, customer, ` + accountColumns, `n`},
	{`passwords`, `customer, account, state, record`, `customer, account`},
	{`decisions`, `customer, ad_id, m365_id, verdict, reason, ad_name, m365_name, decided_at`, `customer, ad_id, m365_id`},
	{`dismissals`, `customer, kind, id, name, dismissed_at`, `customer, kind, id`},
	{`selections`, `customer, scope, selection`, `customer, scope`},
	{`invitations`, `customer, account, app, name, email, way, message, at, done_at, ad_id, m365_id`, `customer, account, app`},
	{`mailings`, `customer, account, app, name, email, way, message, at, ad_id, m365_id`, `customer, account, app`},
	{`reports`, `customer, at, run`, `customer`},
	{`runs`, `id, customer, customer_name, command, at, batch, by, version, params, plan_hash, undoes, format`, `id`},
	{`changes`, `run, seq, entity, id, name, before, after`, `run, seq`},
}

// Count is how many rows a table has.
type Count struct {
	Table string
	Rows  int
}

// CopyTo copies all of a registry as it is at one moment into an empty one, in one
// transaction, and compares the two before that ends. Rows stay as they are, numbers
// included. One that is not empty is an error with the code [source.CodeUsage].
func (s Store) CopyTo(ctx context.Context, to Store) (counts []Count, err error) {
	err = s.in(ctx, false, func(from Tx) error {
		return to.in(ctx, true, func(to Tx) error {
			counts, err = copyAll(from, to)
			return err
		})
	})
	return counts, err
}

func copyAll(from, to Tx) ([]Count, error) {
	if alone := to.Dialect().Alone; alone != "" {
		if err := to.Do(alone); err != nil {
			return nil, err
		}
	}
	for _, t := range all {
		err := to.Query(func(func(...any) error) error {
			return &source.Error{Code: source.CodeUsage, Message: "the registry to copy to is not empty: it has " + t.name}
		}, `SELECT 1 FROM `+t.name+` LIMIT 1`)
		if err != nil {
			return nil, err
		}
	}
	counts := make([]Count, len(all))
	for i, t := range all {
		var read, written digest
		if err := to.Insert(t.name, columnNames(t.columns), rows(from, t, &read)); err != nil {
			return nil, err
		}
		for _, err := range rows(to, t, &written) {
			if err != nil {
				return nil, err
			}
		}
		if read != written {
			return nil, fmt.Errorf("the copy of %s is another: %d rows of %d, or what is in them", t.name, written.rows, read.rows)
		}
		counts[i] = Count{t.name, read.rows}
	}
	return counts, renumber(from, to)
}

// rows are those of a table, counted and digested on their way.
func rows(tx Tx, t table, d *digest) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		stopped := errors.New("enough")
		names := columnNames(t.columns)
		err := tx.Query(func(scan func(...any) error) error {
			values, dest := make([]any, len(names)), make([]any, len(names))
			for i := range values {
				dest[i] = &values[i]
			}
			if err := scan(dest...); err != nil {
				return err
			}
			if err := d.add(values); err != nil {
				return err
			}
			if !yield(values, nil) {
				return stopped
			}
			return nil
		}, `SELECT "`+strings.Join(names, `", "`)+`" FROM `+t.name+` ORDER BY `+t.key)
		if err != nil && !errors.Is(err, stopped) {
			yield(nil, err)
		}
	}
}

// renumber has the numbers of new rows follow those that were copied.
func renumber(from, to Tx) error {
	var last int64
	err := from.Query(func(scan func(...any) error) error { return scan(&last) }, from.Dialect().LastRun)
	for _, statement := range to.Dialect().Renumber {
		var args []any
		if strings.Contains(statement, `$1`) {
			args = []any{last}
		}
		if err == nil {
			err = to.Do(statement, args...)
		}
	}
	return err
}

// digest is of rows in any order: their number, and the sum of their hashes.
type digest struct {
	rows int
	sum  [4]uint64
}

func (d *digest) add(values []any) error {
	var b []byte
	for _, v := range values {
		switch v := v.(type) {
		case nil:
			b = append(b, 'n')
		case int64:
			b = binary.BigEndian.AppendUint64(append(b, 'i'), uint64(v)) //nolint:gosec // its bits
		case string:
			b = binary.BigEndian.AppendUint64(append(b, 's'), uint64(len(v)))
			b = append(b, v...)
		default:
			return registry.Damaged(fmt.Errorf("a value of the type %T", v), "table")
		}
	}
	hash := sha256.Sum256(b)
	for i := range d.sum {
		d.sum[i] += binary.BigEndian.Uint64(hash[8*i:])
	}
	d.rows++
	return nil
}
