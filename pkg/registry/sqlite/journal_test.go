package sqlite

import (
	"path/filepath"
	"slices"
	"testing"
)

// TestHotJournal opens what a writer left that was killed in the middle of a
// commit, for writing and for reading: both heal it, without a hand.
func TestHotJournal(t *testing.T) {
	for _, readOnly := range []bool{false, true} {
		path := killedWriter(t)
		db, err := openFile(t.Context(), path, readOnly)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		check(t, db)
		_, counts, err := dump(t.Context(), db)
		if err != nil || counts["accounts"] != 60 {
			t.Errorf("read only %v: %d accounts, %v; want 60", readOnly, counts["accounts"], err)
		}
		if got := files(t, filepath.Dir(path)); !slices.Equal(got, []string{"state.db"}) {
			t.Errorf("read only %v: the folder holds %q", readOnly, got)
		}
	}
}

// killedWriter copies file and journal out of the middle of a transaction whose
// pages have reached the file already.
func killedWriter(t *testing.T) string {
	t.Helper()
	path := makeState(t)
	db, err := openFile(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `PRAGMA cache_size = 1`); err != nil { // spills at once
		t.Fatal(err)
	}
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback() }()
	for _, s := range []string{`DELETE FROM changes`, `UPDATE people SET user = user || user || user || user`, `DELETE FROM accounts WHERE n > 20`} {
		if _, err := tx.ExecContext(t.Context(), s); err != nil {
			t.Fatal(err)
		}
	}
	file, journal := readFile(t, path), readFile(t, path+"-journal")
	to := filepath.Join(t.TempDir(), "state.db")
	writeFile(t, to, file)
	writeFile(t, to+"-journal", journal)
	if before := readFile(t, makeState(t)); slices.Equal(file, before) {
		t.Fatal("nothing had reached the file")
	}
	return to
}
