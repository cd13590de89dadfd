package tables_test

import (
	"database/sql"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qpimport/qpimport/pkg/registry/postgres"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
	"github.com/qpimport/qpimport/pkg/registry/tables"
)

// TestColumns compares the columns that a copy takes with those that the databases
// have: each has all, and no other.
func TestColumns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	s, err := sqlite.Open(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.QueryContext(t.Context(), `SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	found := map[string]bool{}
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		found[name] = true
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	compare(t, "a file", found)
}

func TestColumnsPostgres(t *testing.T) {
	if os.Getenv("QPIMPORT_TEST_POSTGRES") != "required" {
		t.Skip("no PostgreSQL: see CONTRIBUTING.md")
	}
	const schema = "test_columns"
	host := "host=" + os.Getenv("QPIMPORT_TEST_POSTGRES_SOCKET")
	conn, err := pgx.Connect(t.Context(), "postgres://postgres@/registry?"+host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	drop := func() {
		if _, err := conn.Exec(t.Context(), `DROP SCHEMA IF EXISTS `+schema+` CASCADE`); err != nil {
			t.Fatal(err)
		}
	}
	drop()
	s, err := postgres.Open(t.Context(), postgres.Options{Address: "postgres://qpimport@/registry?" + host + "&search_path=" + schema})
	if err != nil {
		t.Fatal(err)
	}
	defer drop()
	defer s.Close()
	rows, err := conn.Query(t.Context(), `SELECT table_name || '.' || column_name FROM information_schema.columns
		WHERE table_schema = $1 AND table_name NOT IN ('commits', 'qpimport_schema')`, schema)
	if err != nil {
		t.Fatal(err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for _, name := range names {
		found[name] = true
	}
	compare(t, "PostgreSQL", found)
}

func compare(t *testing.T, what string, found map[string]bool) {
	t.Helper()
	want := map[string]bool{}
	for name, columns := range tables.Columns() {
		for _, column := range columns {
			want[name+"."+column] = true
		}
	}
	if !maps.Equal(found, want) {
		t.Errorf("%s has\n%s\na copy takes\n%s", what, strings.Join(slices.Sorted(maps.Keys(found)), " "), strings.Join(slices.Sorted(maps.Keys(want)), " "))
	}
}
