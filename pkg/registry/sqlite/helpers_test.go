package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tableNames are those of the registry, by name.
var tableNames = []string{"accounts", "changes", "customers", "decisions", "directories", "external_ids", "dismissals", "invitations", "mailings", "people", "runs", "selections"}

// makeState makes a state file with two customers and 60 accounts.
func makeState(t testing.TB) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "state.db")
	db, err := openFile(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	fill(t, db)
	return path
}

func fill(t testing.TB, db *sql.DB) {
	t.Helper()
	tx, err := db.BeginTx(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	exec := func(query string, args ...any) {
		t.Helper()
		if _, err := tx.ExecContext(t.Context(), query, args...); err != nil {
			t.Fatal(err)
		}
	}
	for n, name := range []string{"Contoso", "Fabrikam"} {
		id := fmt.Sprintf("c%d", n)
		exec(`INSERT INTO customers (n, id, name, name_key, password_sync, created_at) VALUES (?, ?, ?, lower(?), 'off', '2026-01-01T00:00:00Z')`, n+1, id, name, name)
		exec(`INSERT INTO external_ids VALUES (?, 'itglue', ?)`, n+1, id)
		exec(`INSERT INTO directories (customer, kind, connection, identity, connected_at) VALUES (?, 'ad', '{"transport":"file"}', 'S-1-5-21', '2026-01-01T00:00:00Z')`, n+1)
		exec(`INSERT INTO runs (customer, customer_name, command, at) VALUES (?, ?, 'import', '2026-01-01T00:00:00Z')`, id, name)
		for i := range 30 {
			key := fmt.Sprintf("%s-%d", id, i)
			exec(`INSERT INTO accounts (id, customer, state, display_name, given_name, surname, username, upn, email, email_source,
				ad_id, ad_dn, ad_status, imported_at, updated_at)
				VALUES (?, ?, 'active', 'Ann ' || ?, 'Ann', 'Example', ?, ?, ? || '@example.com', 'ad', ?, 'CN=' || ?, 'ok', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z')`,
				key, n+1, key, key, key, key, key, key)
			exec(`INSERT INTO people (customer, kind, id, user) VALUES (?, 'ad', ?, ?)`, n+1, key, `{"mail":"`+strings.Repeat("x", 100)+`"}`)
			exec(`INSERT INTO changes (run, seq, entity, id, after) VALUES (?, ?, 'account', ?, '{}')`, n+1, i, key)
		}
	}
	if err := tx.Commit(); err != nil {
		t.Fatal(err)
	}
}

// dump reads every row of every table: the text of the rows, and their number
// by table.
func dump(ctx context.Context, db *sql.DB) (string, map[string]int, error) {
	var b strings.Builder
	counts := map[string]int{}
	for _, table := range tableNames {
		if err := dumpTable(ctx, db, table, &b, counts); err != nil {
			return "", nil, err
		}
	}
	return b.String(), counts, nil
}

func dumpTable(ctx context.Context, db *sql.DB, table string, b *strings.Builder, counts map[string]int) error {
	rows, err := db.QueryContext(ctx, `SELECT * FROM `+table) // a constant of this file
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			return err
		}
		fmt.Fprintf(b, "%s", table)
		for _, v := range values {
			fmt.Fprintf(b, "|%v", *v.(*any))
		}
		b.WriteByte('\n')
		counts[table]++
	}
	return rows.Err()
}

// check wants a file to be sound.
func check(t testing.TB, db *sql.DB) {
	t.Helper()
	for query, want := range map[string]string{
		`SELECT group_concat(integrity_check) FROM pragma_integrity_check`: "ok",
		`SELECT count(*) FROM pragma_foreign_key_check`:                    "0",
	} {
		var got string
		if err := db.QueryRowContext(t.Context(), query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", query, got, err, want)
		}
	}
}

// files lists what lies in a folder.
func files(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = e.Name()
	}
	return names
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func writeFile(t testing.TB, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// classified says that an error is one of those that the package promises.
func classified(err error) bool {
	return slices.ContainsFunc([]error{ErrBusy, ErrNewer, ErrForeign, ErrDamaged, ErrUnwritable, ErrConstraint},
		func(e error) bool { return errors.Is(err, e) })
}
