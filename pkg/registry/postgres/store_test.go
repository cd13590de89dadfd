package postgres

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/registrytest"
)

// server is the folder of the socket of a server for tests, as the owner of the
// database registry; testdata/postgres/setup.sh runs one. Without it a test is skipped.
func server(t testing.TB) string {
	t.Helper()
	if os.Getenv("QPIMPORT_TEST_POSTGRES") != "required" {
		t.Skip("no PostgreSQL: see CONTRIBUTING.md")
	}
	return os.Getenv("QPIMPORT_TEST_POSTGRES_SOCKET")
}

// schema is the address of an empty schema of a test.
type schema struct {
	t       testing.TB
	address string
	name    string
}

func newSchema(t testing.TB) schema {
	t.Helper()
	s := schema{t: t, name: fmt.Sprintf("test_%x", rand.Uint64())}
	s.address = fmt.Sprintf("postgres://qpimport@/registry?host=%s&search_path=%s", server(t), s.name)
	t.Cleanup(func() { s.exec(`DROP SCHEMA IF EXISTS ` + s.name + ` CASCADE`) })
	return s
}

// exec runs a statement past the store, as a superuser.
func (s schema) exec(statement string, args ...any) {
	s.t.Helper()
	ctx := context.WithoutCancel(s.t.Context())
	conn, err := pgx.Connect(ctx, fmt.Sprintf("postgres://postgres@/registry?host=%s&search_path=%s", server(s.t), s.name))
	if err != nil {
		s.t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, statement, args...); err != nil {
		s.t.Fatal(err)
	}
}

func (s schema) Open(readOnly bool) (registry.Store, error) {
	return Open(s.t.Context(), Options{Address: s.address, ReadOnly: readOnly})
}

func (s schema) OpenCopy(string) (registry.Store, error) {
	return nil, fmt.Errorf("a database does not copy itself")
}

func (s schema) Damage(field, value string) error {
	s.exec(map[string]string{
		"connection": `UPDATE directories SET connection = $1`,
		"selection":  `UPDATE selections SET selection = $1`,
		"pairing":    `UPDATE accounts SET match = $1 WHERE m365_id IS NOT NULL`,
		"person":     `UPDATE people SET "user" = $1`,
		"time":       `UPDATE accounts SET imported_at = $1`,
	}[field], value)
	return nil
}

func TestStore(t *testing.T) {
	server(t)
	registrytest.Run(t, func(t *testing.T) registrytest.Registry { return newSchema(t) })
}
