package sqlite

import (
	"database/sql"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/qpimport/qpimport/internal/private/privatetest"
)

// TestOwner checks that all that is made is for its owner alone, as it lies in a
// folder that everybody may read: the file, the copy of before a migration, a copy by
// hand, and the journal while it is needed.
func TestOwner(t *testing.T) {
	dir := privatetest.TempDir(t)
	state := filepath.Join(dir, "state.db")
	openWith(t, state, older[:1]).Close()
	s := &Store{db: openWith(t, state, older), path: state}
	defer s.Close()
	if err := s.Copy(t.Context(), filepath.Join(dir, "copy.db")); err != nil {
		t.Fatal(err)
	}
	want := []string{"copy.db", "state.db", "state.db.schema1.bak"}
	for _, write := range []string{`SELECT 1`, `DELETE FROM t`} { // what changes nothing leaves no journal either
		for _, failure := range []error{errors.New("refused"), nil} {
			err := s.inTx(t.Context(), true, func(tx *sql.Tx) error {
				if _, err := tx.ExecContext(t.Context(), write); err != nil {
					return err
				}
				for _, name := range files(t, dir) {
					privatetest.Check(t, filepath.Join(dir, name))
				}
				if write != `SELECT 1` && !slices.Contains(files(t, dir), "state.db-journal") {
					t.Error("there is no journal")
				}
				return failure
			})
			if !errors.Is(err, failure) {
				t.Errorf("%s: %v", write, err)
			}
			if got := files(t, dir); !slices.Equal(got, want) {
				t.Errorf("%s: %q are left, want %q", write, got, want)
			}
		}
	}
	if n := count(t, s.db, `SELECT count(*) FROM t`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestRestricts closes a file that others may read, to them, before it is used.
func TestRestricts(t *testing.T) {
	path := filepath.Join(privatetest.TempDir(t), "state.db")
	openWith(t, path, older).Close()
	privatetest.Open(t, path)
	openWith(t, path, older).Close()
	privatetest.Check(t, path)
}
