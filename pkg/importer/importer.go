// Package importer holds the use cases of qpimport and the rules they follow,
// over the registry in the state file.
//
// Everything that writes reads first, then decides in memory, then applies what
// it decided in one transaction that makes sure the registry is still the one
// it was decided from. A dry run stops before the last step and returns the
// same result. The package knows no directory: it is given an [Opener].
//
// Errors are [source.Error] with one of the codes of package source or of this
// package.
package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/qpimport/qpimport/pkg/importer/internal/statefile"
	"github.com/qpimport/qpimport/pkg/source"
)

// The errors of this package, beside those of package source.
const (
	CodeNotUnique          source.Code = "not_unique"
	CodeNotConnected       source.Code = "not_connected"        // the customer has no such directory
	CodePasswordSyncUnset  source.Code = "password_sync_unset"  // the mode has to be chosen first
	CodePasswordSyncLocked source.Code = "password_sync_locked" // the mode is fixed while accounts exist
	CodeAccountsExist      source.Code = "accounts_exist"
	CodePairTaken          source.Code = "pair_taken"
	CodeNameTaken          source.Code = "name_taken"
	CodeDirectoryChanged   source.Code = "directory_changed" // another domain or tenant than before
	CodeRefused            source.Code = "refused"           // another rule
	CodeInterrupted        source.Code = "interrupted"       // Ctrl-C or SIGTERM
	CodeTimeout            source.Code = "timeout"           // the bound on the whole command passed
	CodeStateBusy          source.Code = "state_busy"
	CodeStateNewer         source.Code = "state_newer"
	CodeStateForeign       source.Code = "state_foreign"
	CodeStateDamaged       source.Code = "state_damaged"
	CodeStateUnwritable    source.Code = "state_unwritable"
)

// Opener opens a directory. The connection is as stored: its secrets are still
// references.
type Opener func(ctx context.Context, c source.Connection) (source.Directory, error)

// Options say how an [Importer] works.
type Options struct {
	Path string // of the state file
	// ReadOnly makes no state file, a missing one reads as empty, and takes one
	// that may not be written as it is.
	ReadOnly bool
	Open     Opener
	// Check looks for what a new connection of a manifest names on this machine,
	// without which it is refused; nil looks for nothing.
	Check func(source.Connection) error
	Now   func() time.Time // nil is the clock; several may look at once
}

// Importer runs the use cases on one state file.
type Importer struct {
	db       *sql.DB
	path     string
	readOnly bool
	open     Opener
	check    func(source.Connection) error
	now      func() time.Time
}

// Open opens the state file, and makes it where there is none.
func Open(ctx context.Context, o Options) (*Importer, error) {
	db, err := statefile.Open(ctx, o.Path, o.ReadOnly)
	if err != nil {
		return nil, stateError(err, o.Path)
	}
	im := &Importer{db: db, path: o.Path, readOnly: o.ReadOnly, open: o.Open, check: o.Check, now: o.Now}
	if im.check == nil {
		im.check = func(source.Connection) error { return nil }
	}
	if im.now == nil {
		im.now = time.Now
	}
	return im, nil
}

// Close closes the state file.
func (im *Importer) Close() error { return im.db.Close() }

// stateError turns an error of the state file into one with a code and a hint.
func stateError(err error, path string) error {
	err = statefile.Classify(err)
	e := &source.Error{Message: "state file " + path, Err: err}
	switch {
	case errors.Is(err, statefile.ErrBusy):
		e.Code, e.Hint = CodeStateBusy, "another qpimport is writing to it; run the command again when that one is done"
	case errors.Is(err, statefile.ErrNewer):
		e.Code, e.Hint = CodeStateNewer, "use the newer qpimport that wrote it; nothing was changed"
	case errors.Is(err, statefile.ErrForeign):
		e.Code, e.Hint = CodeStateForeign, "name another file with --state; this one was not changed"
	case errors.Is(err, statefile.ErrDamaged):
		e.Code, e.Hint = CodeStateDamaged, hintDamaged
	case errors.Is(err, statefile.ErrUnwritable):
		e.Code, e.Hint = CodeStateUnwritable, "check the free space, and the owner and mode of the file and its folder"
	default:
		return err
	}
	return e
}

const hintDamaged = "put back a copy of the file; a .bak beside it is from before a migration"

// damagedRow says that a row holds what this program does not write.
func damagedRow(err error, format string, args ...any) error {
	return &source.Error{Code: CodeStateDamaged, Message: "state file: stored " + fmt.Sprintf(format, args...), Err: err, Hint: hintDamaged}
}

// timestamp writes a time as the registry keeps it.
func timestamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// inTx runs do in a transaction. Where the importer only reads it is a snapshot
// beside whoever writes; else it is immediate, the only one that may write.
func (im *Importer) inTx(ctx context.Context, do func(tx *sql.Tx) error) error {
	tx, err := im.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: im.readOnly})
	if err != nil {
		return im.txError(ctx, err)
	}
	defer func() { _ = tx.Rollback() }()
	if err := do(tx); err != nil {
		return im.txError(ctx, err)
	}
	return im.txError(ctx, tx.Commit())
}

func (im *Importer) txError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	// An interrupted statement reports SQLite's error: the cause is ours.
	if ctx.Err() != nil {
		return fmt.Errorf("state file %s: %w", im.path, context.Cause(ctx))
	}
	return stateError(err, im.path)
}
