package sqlite

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry/tables"
)

// older is a program of three schemas; the number of steps is its age.
var older = []tables.Step{
	{Version: 1, SQL: `CREATE TABLE t (a INTEGER PRIMARY KEY) STRICT; INSERT INTO t VALUES (1), (2);`},
	{Version: 2, SQL: `ALTER TABLE t ADD COLUMN b TEXT NOT NULL DEFAULT 'two';`},
	{Version: 3, SQL: `INSERT INTO t VALUES (3, 'three');`},
}

func count(t *testing.T, db *sql.DB, query string) (n int) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func openWith(t *testing.T, path string, steps []tables.Step) *sql.DB {
	t.Helper()
	db, err := openWithSteps(t.Context(), path, false, steps)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// TestOpenAtOnce opens one path many times at once: the file is made, or
// migrated, once, and everybody finds it ready.
func TestOpenAtOnce(t *testing.T) {
	for _, age := range []int{0, 1, 2} {
		for range 3 {
			path := filepath.Join(t.TempDir(), "state.db")
			if age > 0 {
				openWith(t, path, older[:age]).Close()
			}
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					db, err := openWithSteps(t.Context(), path, i%2 == 1 && age > 0, older)
					if err != nil {
						t.Error(err)
						return
					}
					defer db.Close()
					if n := count(t, db, `SELECT count(*) FROM t WHERE b <> ''`); n != 3 {
						t.Errorf("%d rows, want 3", n)
					}
				})
			}
			wg.Wait()
			wantBackup(t, path, age)
		}
	}
}

// wantBackup wants exactly the copy of the schema before, with what it held.
func wantBackup(t *testing.T, path string, version int) {
	t.Helper()
	var backups []string
	for _, name := range files(t, filepath.Dir(path)) {
		if name != filepath.Base(path) {
			backups = append(backups, name)
		}
	}
	if version == 0 {
		if len(backups) != 0 {
			t.Errorf("made %q", backups)
		}
		return
	}
	want := "state.db.schema" + strconv.Itoa(version) + ".bak"
	if len(backups) != 1 || backups[0] != want {
		t.Fatalf("copies %q, want %s", backups, want)
	}
	db := openWith(t, filepath.Join(filepath.Dir(path), want), older[:version])
	defer db.Close()
	check(t, db)
	if n := count(t, db, `SELECT count(*) FROM t`); n != 2 {
		t.Errorf("the copy has %d rows, want 2", n)
	}
}

// TestBackupIsOfNow checks that the copy is of what is migrated, not one that an
// earlier migration of an earlier file left.
func TestBackupIsOfNow(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	writeFile(t, path+".schema1.bak", []byte("an old copy"))
	openWith(t, path, older[:1]).Close()
	openWith(t, path, older).Close()
	wantBackup(t, path, 1)
}

// TestBackupAgainstLeftovers migrates beside the unfinished copies of runs that
// were killed, whatever their process was called.
func TestBackupAgainstLeftovers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openWith(t, path, older[:1]).Close()
	writeFile(t, path+".schema1.bak."+strconv.Itoa(os.Getpid()), []byte("half a copy"))
	openWith(t, path, older).Close()
	db := openWith(t, path+".schema1.bak", older[:1])
	defer db.Close()
	check(t, db)
}

// TestBackupNotReplacedByLater has another process migrate between the look at
// the version and the copy: the copy made before stays.
func TestBackupNotReplacedByLater(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openWith(t, path, older[:1]).Close()
	db := openWith(t, path, older)
	defer db.Close()
	if err := backUp(t.Context(), db, path, 1); err != nil { // as a slower process would
		t.Fatal(err)
	}
	wantBackup(t, path, 1)
}

// TestFailedMigration leaves the file as it was, and says which step failed.
func TestFailedMigration(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	openWith(t, path, older[:1]).Close()
	broken := append(older[:2:2], tables.Step{Version: 3, SQL: `UPDATE t SET b = 'x'; INSERT INTO t VALUES (1, 'twice');`})
	db, err := openWithSteps(t.Context(), path, false, broken)
	if err == nil {
		db.Close()
	}
	if !errors.Is(err, ErrConstraint) || !strings.Contains(err.Error(), "schema 3") {
		t.Errorf("%v", err)
	}
	db = openWith(t, path, older[:1]) // the older program can still use it
	defer db.Close()
	check(t, db)
	if n := count(t, db, `SELECT count(*) FROM t`); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}
