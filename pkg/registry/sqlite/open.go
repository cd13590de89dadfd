package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

// applicationID marks our files in SQLite's header: "qpmi".
const applicationID = 0x71706d69

// Where SQLite's header holds what, in bytes from the start of the file; numbers
// are big endian.
const (
	writeVersionAt  = 18
	userVersionAt   = 60
	applicationIDAt = 68
)

//go:embed migrations/*.sql
var migrations embed.FS

// The ways in which a state file cannot be used. Errors of this package and of
// statements run on its connections are told apart with [classify].
var (
	ErrBusy       = errors.New("the state file is in use by another process")
	ErrNewer      = errors.New("the state file was written by a newer version of this program")
	ErrForeign    = errors.New("the file is not a state file of this program")
	ErrDamaged    = errors.New("the state file is damaged")
	ErrUnwritable = errors.New("the state file cannot be written")
	ErrMoved      = fmt.Errorf("%w: it was moved or replaced while it was open", ErrUnwritable)
	ErrUnsafe     = errors.New("the state file is not safe from others")
	ErrConstraint = errors.New("the state file refused the change")
)

// openFile opens the state file at path with one connection, on which every
// transaction is immediate unless it is begun as read-only. A read-only open
// makes no file (a missing one reads as empty) and takes what it may not write
// as it is. The folder may be reached through symbolic links; the file itself
// may not be one.
func openFile(ctx context.Context, path string, readOnly bool) (*sql.DB, error) {
	steps, err := tables.Migrations(migrations)
	if err != nil {
		return nil, err
	}
	return openWithSteps(ctx, path, readOnly, steps)
}

func openWithSteps(ctx context.Context, path string, readOnly bool, steps []tables.Step) (*sql.DB, error) {
	mode := "rw"
	if err := refuseStrangers(path); err != nil {
		return nil, err
	}
	info, err := os.Lstat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && readOnly:
		db, err := connect(":memory:", "memory")
		if err != nil {
			return nil, err
		}
		return db, migrate(ctx, db, "", steps)
	case errors.Is(err, fs.ErrNotExist):
		if err := create(path); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnwritable, err)
		}
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnwritable, err)
	case info.Mode()&fs.ModeSymlink != 0:
		return nil, fmt.Errorf("%w: %s is a symbolic link; name the file it leads to", ErrForeign, path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrForeign, path)
	case foreignAtSight(path):
		return nil, fmt.Errorf("%w: %s", ErrForeign, path)
	case readOnly && !writable(path):
		mode = "ro"
	case !writable(path):
		return nil, fmt.Errorf("%w: %s is read-only", ErrUnwritable, path)
	}
	db, err := connect(path, mode)
	if err != nil {
		return nil, err
	}
	if err := prepare(ctx, db, path, mode, steps); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// OpenAsIs opens a state file only to look at it at once: it makes, migrates and
// restricts nothing, and waits for nobody. A file that is missing, busy, or of
// another version is an error.
func OpenAsIs(ctx context.Context, path string) (*Store, error) {
	s := newStore(nil, path, true)
	steps, err := tables.Migrations(migrations)
	if err != nil {
		return nil, err
	}
	if err := refuseStrangers(path); err != nil {
		return nil, s.coded(err)
	}
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() || foreignAtSight(path) {
		return nil, s.coded(fmt.Errorf("%w: %s", ErrForeign, path))
	}
	if s.db, err = connect(path, "ro"); err != nil {
		return nil, err
	}
	_, err = s.db.ExecContext(ctx, `PRAGMA busy_timeout = 0`)
	if err == nil {
		err = prepare(ctx, s.db, path, "ro", steps)
	}
	if err != nil {
		return nil, errors.Join(s.coded(err), s.Close())
	}
	return s, nil
}

// refuseStrangers refuses a file that somebody else could have put there, on Windows:
// every user may make a folder in %ProgramData%, where the file is by default, and who
// owns the folder decides what the file says, down to the programs that are started for
// secrets. Elsewhere the file is in a folder of the account's own, or where it was told
// to be: there it is said, see [Store.Exposed], since containers and their volumes
// often have other owners.
func refuseStrangers(path string) error {
	if runtime.GOOS != "windows" {
		return nil
	}
	e, err := private.Exposed(path)
	if err != nil || e.Owner == "" {
		return nil // what cannot be looked at cannot be opened either
	}
	return &source.Error{
		Code: registry.CodeUnsafe, Message: "state file " + path, Err: fmt.Errorf("%w: %s", ErrUnsafe, e),
		Hint: "find out who made it and why; where that is right, `" + e.Remedy + "`, run by an administrator, makes it the administrators'",
	}
}

// Exposed says in words who else could put another file in the place of this one, and
// the command that mends it; "" for nobody.
func (s *Store) Exposed() (who, remedy string) {
	e, err := private.Exposed(s.path)
	if err != nil {
		return "", ""
	}
	return e.String(), e.Remedy
}

// create makes an empty file that only its owner may read, in a folder likewise.
func create(path string) error {
	if err := private.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	f, err := private.Create(path)
	if errors.Is(err, fs.ErrExist) {
		return nil // another process was faster
	}
	if err != nil {
		return err
	}
	return f.Close()
}

// foreignAtSight recognises the files of others that SQLite would write to
// before it could be asked whose they are: it takes a file of one byte for an
// empty one, and setting the journal's mode rewrites a file in WAL mode.
func foreignAtSight(path string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false // SQLite will say why
	}
	defer func() { _ = f.Close() }()
	head := make([]byte, applicationIDAt+4)
	n, _ := io.ReadFull(f, head)
	const wal = 2
	return n == 1 || n == len(head) && head[writeVersionAt] == wal && binary.BigEndian.Uint32(head[applicationIDAt:]) != applicationID
}

func writable(path string) bool {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return false
	}
	return f.Close() == nil
}

func connect(path, mode string) (*sql.DB, error) {
	name := path
	if mode != "memory" {
		abs, err := filepath.Abs(path)
		if err != nil {
			return nil, err
		}
		abs = filepath.ToSlash(abs)
		if !strings.HasPrefix(abs, "/") {
			abs = "/" + abs // file:///C:/…
		}
		name = (&url.URL{Scheme: "file", Path: abs}).String()
	}
	// None of these looks into the file: what does may have to wait for others,
	// which nobody could end here. What undoes a statement is kept in memory.
	query := url.Values{
		"mode":    {mode},
		"_txlock": {"immediate"},
		"_pragma": {"busy_timeout(10000)", "foreign_keys(1)", "trusted_schema(0)", "cell_size_check(1)", "temp_store(2)"},
	}
	if mode == "ro" {
		query["_pragma"] = []string{"busy_timeout(10000)", "query_only(1)", "cell_size_check(1)"}
		query.Del("_txlock")
	}
	db, err := sql.Open("sqlite", name+"?"+query.Encode())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	return db, nil
}

// prepare checks whose file it is, migrates it, and closes it to others.
func prepare(ctx context.Context, db *sql.DB, path, mode string, steps []tables.Step) error {
	if mode != "ro" {
		// The cache (in KiB) is for large imports, whose ids come in no order.
		if _, err := db.ExecContext(ctx, `PRAGMA journal_mode = DELETE; PRAGMA synchronous = FULL; PRAGMA cache_size = -32768`); err != nil {
			return classify(err)
		}
	}
	app, version, tables, err := header(ctx, db)
	if err != nil {
		return classify(err)
	}
	latest := steps[len(steps)-1].Version
	switch {
	case app != applicationID && (app != 0 || version != 0 || tables != 0):
		return fmt.Errorf("%w: %s", ErrForeign, path)
	case app == applicationID && version <= 0: // the first migration sets both
		return fmt.Errorf("%w: it has schema %d", ErrDamaged, version)
	case version > latest:
		return fmt.Errorf("%w: it has schema %d, this program knows up to %d", ErrNewer, version, latest)
	case mode == "ro" && version < latest:
		return fmt.Errorf("%w: it has schema %d and must be migrated to %d", ErrUnwritable, version, latest)
	}
	if mode == "ro" {
		return nil
	}
	// Copies are made with the rights of the file, and so is its journal: see withOwnJournal.
	if err := private.Restrict(path); err != nil {
		return fmt.Errorf("%w: others may read it: %w", ErrUnwritable, err)
	}
	if version == latest {
		return nil
	}
	if version > 0 {
		if err := backUp(ctx, db, path, version); err != nil {
			return err
		}
	}
	return migrate(ctx, db, path, steps)
}

// withOwnJournal runs what may write in a transaction that has begun, and before it
// makes the journal, for the owner of the file alone. Elsewhere than on Windows SQLite
// does that itself. A journal that was not needed is taken away: before the
// transaction ends, since after it another process may write, and in vain where it is
// needed, since it is open then.
func withOwnJournal(path string, write func() error) error {
	if runtime.GOOS != "windows" || path == "" {
		return write()
	}
	f, err := private.Create(path + "-journal")
	if errors.Is(err, fs.ErrExist) {
		return write() // a killed process left it
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	err = write()
	_ = os.Remove(f.Name())
	return err
}

func header(ctx context.Context, db *sql.DB) (app, version, tables int, err error) {
	err = db.QueryRowContext(ctx, `SELECT (SELECT application_id FROM pragma_application_id),
		(SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_schema)`).Scan(&app, &version, &tables)
	return app, version, tables, err
}

// backUp copies the file before a migration, beside it. Where another process
// has migrated the file meanwhile, that one made the copy.
func backUp(ctx context.Context, db *sql.DB, path string, version int) error {
	err := classify(copyInto(ctx, db, path+".schema"+strconv.Itoa(version)+".bak", func(copied int) bool { return copied == version }))
	if err != nil && !isClassified(err) {
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	}
	return err
}

// copyInto copies the file as it is at one moment, for its owner alone to read.
// What is at the place already is replaced when the copy is whole, and its schema
// is one to keep.
func copyInto(ctx context.Context, db *sql.DB, to string, keep func(version int) bool) error {
	tmp, err := private.CreateTemp(filepath.Dir(to), filepath.Base(to)+".*")
	if err != nil {
		return err
	}
	defer func() {
		_ = tmp.Close()
		_ = os.Remove(tmp.Name()) // gone where it was renamed
	}()
	if _, err := db.ExecContext(ctx, `VACUUM INTO ?`, tmp.Name()); err != nil {
		return err
	}
	version := make([]byte, 4)
	if _, err := tmp.ReadAt(version, userVersionAt); err != nil {
		return err
	}
	if !keep(int(binary.BigEndian.Uint32(version))) {
		return nil
	}
	return errors.Join(tmp.Sync(), tmp.Close(), os.Rename(tmp.Name(), to))
}

// migrate runs the steps that the file lacks, in one transaction that reads the
// version again: another process may have been faster. A path of "" is of a file in
// memory.
func migrate(ctx context.Context, db *sql.DB, path string, steps []tables.Step) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = tx.Rollback() }()
	var version int
	if err := tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version); err != nil {
		return classify(err)
	}
	err = withOwnJournal(path, func() error {
		for _, s := range steps {
			if s.Version <= version {
				continue
			}
			script := s.SQL + fmt.Sprintf("\nPRAGMA application_id = %d; PRAGMA user_version = %d;", applicationID, s.Version)
			if _, err := tx.ExecContext(ctx, script); err != nil {
				return fmt.Errorf("migrating the state file to schema %d: %w", s.Version, classify(err))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return classify(tx.Commit())
}

// classify wraps an error of SQLite in the one of this package's errors that it
// means; others are returned as they are.
func classify(err error) error {
	var e *driver.Error
	if !errors.As(err, &e) || isClassified(err) {
		return err
	}
	if e.Code() == sqlite3.SQLITE_READONLY_DBMOVED {
		return fmt.Errorf("%w: %w", ErrMoved, err)
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return fmt.Errorf("%w: %w", ErrBusy, err)
	case sqlite3.SQLITE_NOTADB:
		return fmt.Errorf("%w: %w", ErrForeign, err)
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_ERROR: // our statements fit a sound file's tables
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM:
		return fmt.Errorf("%w: %w", ErrUnwritable, err)
	case sqlite3.SQLITE_CONSTRAINT:
		return fmt.Errorf("%w: %w", ErrConstraint, err)
	}
	return err
}

func isClassified(err error) bool {
	return slices.ContainsFunc([]error{ErrBusy, ErrNewer, ErrForeign, ErrDamaged, ErrUnwritable, ErrConstraint}, func(known error) bool {
		return errors.Is(err, known)
	})
}
