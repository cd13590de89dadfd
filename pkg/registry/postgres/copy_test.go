package postgres

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qpimport/qpimport/pkg/source"
)

// TestCopyBesideWriter waits for who writes to the registry that is copied to, and
// finds it no longer empty.
func TestCopyBesideWriter(t *testing.T) {
	from, to := newSchema(t), newSchema(t)
	var stores []*Store
	for _, s := range []schema{from, to} {
		store, err := Open(t.Context(), Options{Address: s.address})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		stores = append(stores, store)
	}
	newCustomer(t, stores[0])
	writer, err := pgx.Connect(t.Context(), fmt.Sprintf("postgres://postgres@/registry?host=%s&search_path=%s", server(t), to.name))
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close(t.Context())
	run := func(statement string) {
		t.Helper()
		if _, err := writer.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run(`BEGIN; INSERT INTO customers (id, name, name_key, revision, created_at) VALUES ('x', 'X', 'x', 1, '2026-01-01T00:00:00Z')`)
	copied := make(chan error)
	go func() {
		_, err := stores[0].CopyTo(t.Context(), stores[1].Store)
		copied <- err
	}()
	for waits := false; !waits; time.Sleep(time.Millisecond) {
		if err := writer.QueryRow(t.Context(), `SELECT EXISTS (SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
	}
	run(`COMMIT`)
	if err := <-copied; source.CodeOf(err) != source.CodeUsage {
		t.Errorf("%v", err)
	}
}
