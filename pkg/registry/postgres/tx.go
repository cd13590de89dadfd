package postgres

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
)

var dialect = &tables.Dialect{
	Locked:   ` FOR UPDATE`,
	Alone:    `LOCK TABLE customers IN SHARE ROW EXCLUSIVE MODE`, // the first row of an empty registry is a customer's
	Like:     `ILIKE`,
	Elements: `SELECT json_array_elements_text(CAST(%s AS json))`,
	// A member of an object that has an escaped NUL cannot be read: it would have to be one.
	Member: `CASE WHEN strpos(%[1]s, '\u0000') = 0 THEN CAST(%[1]s AS json) ->> '%[2]s' END`,
	// Who may not see the sequence is told nothing of it.
	LastRun: `SELECT greatest((SELECT last_value FROM pg_sequences WHERE schemaname = current_schema() AND sequencename = 'runs_id_seq'), (SELECT max(id) FROM runs), 0)`,
	Renumber: []string{
		`SELECT setval(pg_get_serial_sequence('runs', 'id'), greatest(CAST($1 AS BIGINT), 1), CAST($1 AS BIGINT) > 0)`,
		`SELECT setval(pg_get_serial_sequence('customers', 'n'), coalesce(max(n), 1), max(n) IS NOT NULL) FROM customers`,
		`SELECT setval(pg_get_serial_sequence('accounts', 'n'), coalesce(max(n), 1), max(n) IS NOT NULL) FROM accounts`,
		`SELECT setval(pg_get_serial_sequence('people', 'n'), coalesce(max(n), 1), max(n) IS NOT NULL) FROM people`,
	},
}

// transaction runs statements, those that may wait many at once.
type transaction struct {
	tx    pgx.Tx
	ctx   context.Context
	queue pgx.Batch
}

// queued bounds the statements that wait, and few the rows for which it is not worth
// to begin a COPY.
const (
	queued = 1000
	few    = 50
)

// Dialect implements [tables.Tx].
func (t *transaction) Dialect() *tables.Dialect { return dialect }

// Refused implements [tables.Tx].
func (t *transaction) Refused(err error) bool { return constraint(err) }

// Query implements [tables.Tx].
func (t *transaction) Query(visit func(scan func(...any) error) error, statement string, args ...any) error {
	if err := t.Flush(); err != nil {
		return err
	}
	rows, err := t.tx.Query(t.ctx, statement, escaped(args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	return each(rows, visit)
}

// each visits the rows of an answer.
func each(rows pgx.Rows, visit func(scan func(...any) error) error) error {
	scan := func(dest ...any) error { return scanRow(rows.RawValues(), rows.FieldDescriptions(), dest) }
	for rows.Next() {
		if err := visit(scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Do implements [tables.Tx].
func (t *transaction) Do(statement string, args ...any) error {
	t.queue.Queue(statement, escaped(args)...)
	return t.flushMany()
}

// Ask implements [tables.Tx].
func (t *transaction) Ask(visit func(scan func(...any) error) error, statement string, args ...any) error {
	t.queue.Queue(statement, escaped(args)...).Query(func(rows pgx.Rows) error { return each(rows, visit) })
	return t.flushMany()
}

func (t *transaction) flushMany() error {
	if t.queue.Len() < queued {
		return nil
	}
	return t.Flush()
}

// Flush implements [tables.Tx]: it sends the statements that wait, and waits for what
// came of them.
func (t *transaction) Flush() error {
	if t.queue.Len() == 0 {
		return nil
	}
	batch := t.queue
	t.queue = pgx.Batch{}
	return t.tx.SendBatch(t.ctx, &batch).Close()
}

// Insert implements [tables.Tx].
func (t *transaction) Insert(table string, columns []string, rows iter.Seq2[[]any, error]) error {
	next, stop := iter.Pull2(rows)
	defer stop()
	source := &copied{next: next}
	for len(source.first) < few && source.pull() {
		source.first = append(source.first, source.row)
	}
	if source.err != nil {
		return source.err
	}
	if len(source.first) < few {
		for _, row := range source.first {
			if err := t.Do(insert(table, columns), row...); err != nil {
				return err
			}
		}
		return nil
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := t.tx.CopyFrom(t.ctx, pgx.Identifier{table}, columns, source)
	return errors.Join(source.err, err)
}

func insert(table string, columns []string) string {
	numbers := make([]string, len(columns))
	for i := range columns {
		numbers[i] = "$" + strconv.Itoa(i+1)
	}
	return `INSERT INTO ` + table + ` ("` + strings.Join(columns, `", "`) + `") VALUES (` + strings.Join(numbers, `, `) + `)`
}

// copied are rows on their way into a table: those read first, then the others.
type copied struct {
	first [][]any
	next  func() ([]any, error, bool)
	row   []any
	err   error
}

func (c *copied) pull() bool {
	row, err, ok := c.next()
	c.row, c.err = row, err
	return ok && err == nil
}

// Next implements [pgx.CopyFromSource].
func (c *copied) Next() bool {
	if len(c.first) > 0 {
		c.row, c.first = c.first[0], c.first[1:]
		return true
	}
	return c.pull()
}

// Values implements [pgx.CopyFromSource].
func (c *copied) Values() ([]any, error) { return escaped(c.row), nil }

// Err implements [pgx.CopyFromSource].
func (c *copied) Err() error { return c.err }

// escaped are values as they are kept, in their place.
func escaped(values []any) []any {
	for i, v := range values {
		if s, ok := v.(string); ok {
			if kept := escape(s); len(kept) != len(s) {
				values[i] = kept
			}
		}
	}
	return values
}

// scanRow reads the values of a row. The driver's own way is made for more types than
// ours, and takes several times as long.
func scanRow(values [][]byte, fields []pgconn.FieldDescription, dest []any) error {
	if len(values) != len(dest) {
		return fmt.Errorf("%d values for %d variables", len(values), len(dest))
	}
	for i, value := range values {
		if err := scanValue(value, fields[i], dest[i]); err != nil {
			return registry.Damaged(err, "column %s", fields[i].Name)
		}
	}
	return nil
}

func scanValue(value []byte, field pgconn.FieldDescription, dest any) error {
	switch d := dest.(type) {
	case *tables.Text:
		*d = tables.Text(unescape(string(value)))
	case *string:
		if value == nil {
			return errors.New("no text where there must be one")
		}
		*d = unescape(string(value))
	case *int64:
		n, err := number(value, field)
		*d = n
		return err
	case *int:
		n, err := number(value, field)
		*d = int(n)
		return err
	case *any:
		if value == nil {
			*d = nil
			return nil
		}
		if isNumber(field) {
			n, err := number(value, field)
			*d = n
			return err
		}
		*d = unescape(string(value))
	default:
		return fmt.Errorf("no way to read into %T", dest)
	}
	return nil
}

// isNumber says that a column is of one of PostgreSQL's integer types.
func isNumber(field pgconn.FieldDescription) bool {
	return field.DataTypeOID == 20 || field.DataTypeOID == 21 || field.DataTypeOID == 23
}

func number(value []byte, field pgconn.FieldDescription) (int64, error) {
	switch {
	case value == nil || !isNumber(field):
		return 0, errors.New("no number where there must be one")
	case field.Format == pgx.TextFormatCode:
		return strconv.ParseInt(string(value), 10, 64)
	case len(value) == 8:
		return int64(binary.BigEndian.Uint64(value)), nil //nolint:gosec // it is a signed one
	case len(value) == 4:
		return int64(int32(binary.BigEndian.Uint32(value))), nil //nolint:gosec // the same
	}
	return 0, fmt.Errorf("a number of %d bytes", len(value))
}

// nothing is a transaction of a registry that is not there: it has no rows.
type nothing struct{ tables.Tx }

func (nothing) Query(func(func(...any) error) error, string, ...any) error { return nil }
func (nothing) Dialect() *tables.Dialect                                   { return dialect }
