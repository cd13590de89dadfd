package sqlite

import (
	"context"
	"database/sql"
	"os"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestWait waits for whoever writes as long as the file shows that there is work
// done, and no longer than the patience of one wait where it shows none.
func TestWait(t *testing.T) {
	path := makeState(t)
	writer, waiting := openStore(t, path), openStore(t, path)
	if _, err := waiting.db.ExecContext(t.Context(), `PRAGMA busy_timeout = 500`); err != nil {
		t.Fatal(err)
	}
	held, err := writer.begin(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = held.Rollback() }()
	look := func(tx *sql.Tx) error {
		var n int
		return tx.QueryRowContext(t.Context(), `SELECT count(*) FROM accounts`).Scan(&n)
	}
	if err := waiting.inTx(t.Context(), true, look); source.CodeOf(err) != registry.CodeBusy {
		t.Errorf("behind one who does nothing: %v", err)
	}
	if err := waiting.inTx(t.Context(), false, look); err != nil {
		t.Errorf("a read beside one who writes: %v", err)
	}

	done := make(chan error, 1)
	ctx, cancel := context.WithTimeout(t.Context(), longestWait)
	defer cancel()
	go func() { done <- waiting.inTx(ctx, true, look) }()
	for i := range 120 { // longer than the patience of one wait
		select {
		case err := <-done:
			t.Fatalf("it did not wait for the lock: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
		if err := os.Chtimes(path, time.Time{}, time.Unix(int64(i), 0)); err != nil {
			t.Fatal(err)
		}
	}
	if err := held.Rollback(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Errorf("behind others who get on: %v", err)
	}
}

func openStore(t *testing.T, path string) *Store {
	s, err := Open(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}
