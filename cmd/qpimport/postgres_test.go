package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

// pgServer is a PostgreSQL for tests, reached over its socket in this folder.
type pgServer struct{ socket string }

// postgresServer is the one of testdata/postgres/setup.sh; without it a test is skipped.
func postgresServer(t testing.TB) pgServer {
	t.Helper()
	if os.Getenv("QPIMPORT_TEST_POSTGRES") != "required" {
		t.Skip("no PostgreSQL: see CONTRIBUTING.md")
	}
	return pgServer{os.Getenv("QPIMPORT_TEST_POSTGRES_SOCKET")}
}

// schema is the address of a registry that is not there yet, and what drops it.
func (s pgServer) schema() (address string, drop func() error) {
	name := fmt.Sprintf("test_%x", rand.Uint64())
	address = fmt.Sprintf("postgres://qpimport@/registry?host=%s&search_path=%s", s.socket, name)
	return address, func() error {
		return s.with(func(ctx context.Context, conn *pgx.Conn) error {
			_, err := conn.Exec(ctx, `DROP SCHEMA IF EXISTS `+name+` CASCADE`)
			return err
		})
	}
}

// with connects as a superuser.
func (s pgServer) with(do func(context.Context, *pgx.Conn) error) error {
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, "postgres://postgres@/registry?host="+s.socket)
	if err != nil {
		return err
	}
	return errors.Join(do(ctx, conn), conn.Close(ctx))
}

func (s pgServer) make(env *testscript.Env, n int) string {
	address, drop := s.schema()
	if n == 0 {
		env.Setenv("READER_STATE", strings.Replace(address, "qpimport@", "reader@", 1))
	}
	env.Defer(func() {
		if err := drop(); err != nil {
			env.T().Log(err)
			env.T().FailNow()
		}
	})
	return address
}

func cmdSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: sql STATEMENT")
	}
	_, name, _ := strings.Cut(ts.Getenv("QPIMPORT_STATE"), "search_path=")
	ts.Check(ts.Value(registriesKey{}).(pgServer).with(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, strings.NewReplacer("SCHEMA registry ", "SCHEMA "+name+" ", "registry.", name+".").Replace(strings.Join(args, " ")))
		return err
	}))
}

func (s pgServer) dump(address string) ([]byte, error) {
	_, name, _ := strings.Cut(address, "search_path=")
	var b bytes.Buffer
	err := s.with(func(ctx context.Context, conn *pgx.Conn) error {
		rows, err := conn.Query(ctx, `SELECT tablename FROM pg_tables WHERE schemaname = $1 ORDER BY 1`, name)
		if err != nil {
			return err
		}
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		for _, table := range tables {
			if err == nil {
				fmt.Fprintln(&b, table)
				_, err = conn.PgConn().CopyTo(ctx, &b, `COPY `+name+`.`+table+` TO STDOUT`)
			}
		}
		return err
	})
	return b.Bytes(), err
}
