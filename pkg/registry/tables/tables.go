// Package tables is what registries in SQL databases have in common: their
// statements, the way from rows to values and back, and the order in which a change
// is written. How a database runs statements, and where it spells them otherwise, is
// said by a [Tx] and its [Dialect].
package tables

import (
	"context"
	"fmt"
	"iter"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
)

// Tx is a transaction of a database. Statements have parameters $1, $2 and so on,
// each for the first time in this order; their values are string, int, int64, bool
// or nil.
type Tx interface {
	// Query hands visit what scans a row, into *string, *[Text], *int, *int64 and *any.
	Query(visit func(scan func(dest ...any) error) error, statement string, args ...any) error
	// Do runs a statement, at the latest when Query, Insert or Flush is called or the
	// transaction ends; an error may come as late.
	Do(statement string, args ...any) error
	// Ask is Query as late as Do.
	Ask(visit func(scan func(dest ...any) error) error, statement string, args ...any) error
	// Flush runs what was put off.
	Flush() error
	// Insert puts rows into a table, in their order.
	Insert(table string, columns []string, rows iter.Seq2[[]any, error]) error
	// Refused says that an error is that of a constraint or trigger.
	Refused(err error) bool
	Dialect() *Dialect
}

// Dialect is what databases spell differently.
type Dialect struct {
	// Locked ends a SELECT whose rows nobody else is to write until the end of the
	// transaction.
	Locked string
	// Alone keeps others from writing until the end of the transaction; "" where
	// nobody else may write anyway.
	Alone string
	// Like compares texts by a pattern, whatever the case of Latin letters.
	Like string
	// Elements selects the texts of a JSON array, the first verb.
	Elements string
	// Member is a text in a JSON object, the first verb, by its name, the second. It may
	// be NULL for one that is there.
	Member string
	// LastRun selects the highest number that a run ever had, and Renumber has the
	// numbers of new rows follow those that there are, and those of runs follow $1.
	LastRun  string
	Renumber []string
}

// Store is a registry in a database. It has the methods of [registry.Store] that are
// statements and nothing else.
type Store struct {
	in func(ctx context.Context, write bool, do func(Tx) error) error
}

// New makes a store of what runs do in one transaction: where it does not write, a
// snapshot. do may be run again after it failed.
func New(in func(ctx context.Context, write bool, do func(Tx) error) error) Store {
	return Store{in}
}

// timestamp writes a time as it is kept; the zero time is NULL.
func timestamp(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UTC().Format(time.RFC3339Nano)
}

func parseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return t, registry.Damaged(err, "time")
	}
	return t.UTC(), nil
}

// null is text that is NULL where it is empty.
func null(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Text reads a column that may be NULL, which is "".
type Text string

// Scan implements the Scanner of database/sql.
func (o *Text) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*o = ""
	case string:
		*o = Text(v)
	default:
		return fmt.Errorf("want text, not %T", v)
	}
	return nil
}
