package sqlite

import (
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Who only looks neither waits nor writes.
func TestOpenAsIs(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "state.db")
	if _, err := OpenAsIs(t.Context(), missing); !errors.Is(err, ErrForeign) {
		t.Errorf("missing: %v", err)
	}
	if _, err := os.Stat(missing); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was made: %v", err)
	}
	for _, c := range []struct {
		statement string
		want      error
	}{
		{`PRAGMA user_version = 1`, ErrUnwritable},
		{`PRAGMA user_version = 9999`, ErrNewer},
		{`BEGIN EXCLUSIVE`, ErrBusy},
	} {
		path := makeState(t)
		db, err := sql.Open("sqlite", path)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		db.SetMaxOpenConns(1)
		if _, err := db.ExecContext(t.Context(), c.statement); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenAsIs(t.Context(), path); !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.statement, err)
		}
	}
}
