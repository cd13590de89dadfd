package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

var dialect = &tables.Dialect{
	Like:     `LIKE`,
	Elements: `SELECT value FROM json_each(%s)`,
	Member:   `%s ->> '%s'`,
	LastRun:  `SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'runs'), 0)`,
	Renumber: []string{
		`DELETE FROM sqlite_sequence WHERE name = 'runs'`,
		`INSERT INTO sqlite_sequence (name, seq) VALUES ('runs', $1)`,
	},
}

// transaction runs statements, those that change something prepared once. The driver
// watches a context that can end with a goroutine for every statement; looking at it
// now and then does as well.
type transaction struct {
	tx         *sql.Tx
	ctx        context.Context
	interrupt  context.Context
	statements map[string]*sql.Stmt
	written    int
}

func newTransaction(ctx context.Context, tx *sql.Tx) *transaction {
	return &transaction{tx: tx, ctx: context.WithoutCancel(ctx), interrupt: ctx, statements: map[string]*sql.Stmt{}}
}

// Dialect implements [tables.Tx].
func (t *transaction) Dialect() *tables.Dialect { return dialect }

// Refused implements [tables.Tx].
func (t *transaction) Refused(err error) bool { return errors.Is(classify(err), ErrConstraint) }

// Query implements [tables.Tx]. A value that its column cannot hold is damage: the
// tables are strict.
func (t *transaction) Query(visit func(scan func(...any) error) error, statement string, args ...any) error {
	rows, err := t.tx.QueryContext(t.interrupt, statement, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := visit(rows.Scan); err != nil {
			if err = classify(err); source.CodeOf(err) == "" && !isClassified(err) {
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return err
		}
	}
	return rows.Err()
}

// Do implements [tables.Tx].
func (t *transaction) Do(statement string, args ...any) error {
	if t.written++; t.written%256 == 0 && t.interrupt.Err() != nil {
		return context.Cause(t.interrupt)
	}
	stmt, ok := t.statements[statement]
	if !ok {
		var err error
		if stmt, err = t.tx.PrepareContext(t.ctx, statement); err != nil { // the transaction closes it
			return err
		}
		t.statements[statement] = stmt
	}
	_, err := stmt.ExecContext(t.ctx, args...)
	return err
}

// Ask implements [tables.Tx].
func (t *transaction) Ask(visit func(scan func(...any) error) error, statement string, args ...any) error {
	return t.Query(visit, statement, args...)
}

// Flush implements [tables.Tx]: nothing is put off.
func (t *transaction) Flush() error { return nil }

// Insert implements [tables.Tx].
func (t *transaction) Insert(table string, columns []string, rows iter.Seq2[[]any, error]) error {
	statement := `INSERT INTO ` + table + ` ("` + strings.Join(columns, `", "`) + `") VALUES (?` + strings.Repeat(`, ?`, len(columns)-1) + `)`
	for values, err := range rows {
		if err != nil {
			return err
		}
		if err := t.Do(statement, values...); err != nil {
			return err
		}
	}
	return nil
}
