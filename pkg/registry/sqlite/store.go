// Package sqlite keeps a registry in one SQLite file: it makes the file where
// there is none, refuses what is not one of ours, and migrates older ones. The
// rules that must never break are constraints and triggers in it as well as code.
package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

// Store is a registry in a file.
type Store struct {
	tables.Store
	db       *sql.DB
	path     string
	readOnly bool
}

var (
	_ registry.Store  = (*Store)(nil)
	_ registry.Copier = (*Store)(nil)
)

// Open opens the state file at path, and makes it where there is none. Read-only
// it makes no file, a missing one reads as empty, and one that may not be written
// is taken as it is.
func Open(ctx context.Context, path string, readOnly bool) (*Store, error) {
	db, err := openFile(ctx, path, readOnly)
	if err != nil {
		return nil, (&Store{path: path}).coded(err)
	}
	return newStore(db, path, readOnly), nil
}

func newStore(db *sql.DB, path string, readOnly bool) *Store {
	s := &Store{db: db, path: path, readOnly: readOnly}
	s.Store = tables.New(func(ctx context.Context, write bool, do func(tables.Tx) error) error {
		return s.inTx(ctx, write, func(tx *sql.Tx) error { return do(newTransaction(ctx, tx)) })
	})
	return s
}

// Close closes the state file.
func (s *Store) Close() error { return s.db.Close() }

// codes are the codes of this package's errors.
var codes = []struct {
	err  error
	code source.Code
}{
	{ErrBusy, registry.CodeBusy},
	{ErrNewer, registry.CodeNewer},
	{ErrForeign, registry.CodeForeign},
	{ErrDamaged, registry.CodeDamaged},
	{ErrUnwritable, registry.CodeUnwritable},
	{ErrConstraint, registry.CodeRule},
}

// coded gives an error of the file its code.
func (s *Store) coded(err error) error {
	err = classify(err)
	for _, c := range codes {
		if errors.Is(err, c.err) && source.CodeOf(err) == "" {
			return &source.Error{Code: c.code, Message: "state file " + s.path, Err: err}
		}
	}
	return err
}

// inTx runs do in a transaction. One that only reads is a snapshot beside others
// that read; one that may write is immediate, the only one of its kind.
func (s *Store) inTx(ctx context.Context, write bool, do func(tx *sql.Tx) error) error {
	write = write && !s.readOnly
	tx, err := s.begin(ctx, write)
	if err != nil {
		return s.txError(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	if write {
		err = withOwnJournal(s.path, func() error { return do(tx) })
	} else {
		err = do(tx)
	}
	if err != nil {
		return s.txError(ctx, err)
	}
	return s.txError(ctx, tx.Commit())
}

// longestWait is how long a transaction waits for others that get on with their work.
// One of whom nothing is seen is waited for as long as busy_timeout says.
const longestWait = time.Minute

// begin begins a transaction. SQLite keeps no queue: among many that write, one can
// wait for long without being passed over by anything but chance.
func (s *Store) begin(ctx context.Context, write bool) (*sql.Tx, error) {
	for began := time.Now(); ; {
		changed := s.changed()
		tx, err := s.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: !write})
		if !errors.Is(classify(err), ErrBusy) || s.changed().Equal(changed) || time.Since(began) > longestWait {
			return tx, err
		}
	}
}

// changed is when the file was last written.
func (s *Store) changed() time.Time {
	info, err := os.Stat(s.path)
	if err != nil {
		return time.Time{}
	}
	return info.ModTime()
}

func (s *Store) txError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	// An interrupted statement reports SQLite's error: the cause is ours.
	if ctx.Err() != nil {
		return fmt.Errorf("state file %s: %w", s.path, context.Cause(ctx))
	}
	return s.coded(err)
}

// Health examines the file from inside.
func (s *Store) Health(ctx context.Context) (registry.Health, error) {
	h := registry.Health{Kind: "state file", Place: s.path}
	h.Exposed, h.Remedy = s.Exposed()
	if _, err := os.Stat(s.path); errors.Is(err, fs.ErrNotExist) {
		return h, nil
	}
	h.Exists = true
	var integrity string
	var orphans int
	err := s.inTx(ctx, false, func(tx *sql.Tx) error {
		if err := tx.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&integrity); err != nil {
			return err
		}
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM pragma_foreign_key_check`).Scan(&orphans); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts`).Scan(&h.Accounts)
	})
	if err == nil && (integrity != "ok" || orphans > 0) {
		err = &source.Error{Code: registry.CodeDamaged, Message: fmt.Sprintf("state file %s: %s, %d rows without owner", s.path, integrity, orphans)}
	}
	return h, err
}

// Copy copies the file while it is in use. It waits for who writes, and who
// writes waits for it.
func (s *Store) Copy(ctx context.Context, path string) error {
	if Owns(s.path, path) {
		return &source.Error{Code: source.CodeUsage, Message: path + " is the state file itself, or belongs to it"}
	}
	// query_only takes the copy for a change. A file that was opened for reading
	// alone stays so without it.
	_, err := s.db.ExecContext(ctx, `PRAGMA query_only = 0`)
	if err == nil {
		err = copyInto(ctx, s.db, path, func(int) bool { return true })
	}
	if c := classify(err); err != nil && ctx.Err() == nil && !errors.Is(c, ErrBusy) && !errors.Is(c, ErrDamaged) {
		return &source.Error{Code: source.CodeUsage, Message: "cannot write " + path, Err: err}
	}
	return s.txError(ctx, err)
}

// Owns says whether a path is that of a state file, or of one that SQLite has beside it.
func Owns(state, path string) bool {
	return slices.ContainsFunc([]string{"", "-journal", "-wal", "-shm"}, func(own string) bool { return private.Same(path, state+own) })
}
