package postgres

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestParameters has nothing in the first message that a pooler does not keep for its
// clients: it would refuse the connection, or have the tables elsewhere.
func TestParameters(t *testing.T) {
	a, err := parse("postgres:///registry?host=/run&search_path=team&default_query_exec_mode=exec&pool_max_conns=2")
	if err != nil {
		t.Fatal(err)
	}
	got := slices.Sorted(maps.Keys(a.config.ConnConfig.RuntimeParams))
	if want := []string{"application_name", "client_encoding", "standard_conforming_strings"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if a.config.MaxConns != 2 {
		t.Errorf("%d connections, want 2", a.config.MaxConns)
	}
}

// TestRoleSettings works the same for a role that the server's admin gave settings of
// its own.
func TestRoleSettings(t *testing.T) {
	s := newSchema(t)
	role := s.name + "_role"
	s.exec(`CREATE ROLE ` + role + ` LOGIN`)
	s.exec(`GRANT CREATE ON DATABASE registry TO ` + role)
	t.Cleanup(func() {
		s.exec(`DROP OWNED BY ` + role + ` CASCADE`)
		s.exec(`DROP ROLE ` + role)
	})
	for _, setting := range []string{
		`default_transaction_isolation = serializable`, `standard_conforming_strings = off`, `client_encoding = LATIN1`, `search_path = pg_catalog`,
		`"DateStyle" = 'SQL, DMY'`, `"TimeZone" = 'Asia/Kathmandu'`, `idle_in_transaction_session_timeout = 1`,
	} {
		s.exec(`ALTER ROLE ` + role + ` SET ` + setting)
	}
	o := Options{Address: strings.Replace(s.address, "qpimport@", role+"@", 1)}
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			store, err := Open(t.Context(), o)
			if err != nil {
				t.Error(err)
				return
			}
			defer store.Close()
			name := fmt.Sprintf(`\\%d €`, i)
			made := registry.New(registry.Customer{ID: registry.NewID(), Name: name, Key: name, PasswordSync: registry.ModeOff, CreatedAt: time.Now()})
			if _, err := store.Apply(t.Context(), changeSet(made, made)); err != nil {
				t.Error(err)
			}
			found, err := store.Names(t.Context(), registry.NameQuery{Kind: registry.CustomerNames, Prefix: name, Limit: 9})
			if err != nil || len(found) != 1 || found[0].Value != name {
				t.Errorf("%v, %v", found, err)
			}
		})
	}
	wg.Wait()
}

// TestForeignSession reads the registry's own tables in a session that somebody else has
// had before, through a pooler.
func TestForeignSession(t *testing.T) {
	s := newSchema(t)
	store, err := Open(t.Context(), Options{Address: s.address + "&pool_max_conns=1"})
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	id := newCustomer(t, store)
	if _, err := store.pool.Exec(t.Context(), `CREATE TEMP TABLE customers AS SELECT * FROM "`+s.name+`".customers LIMIT 0`); err != nil {
		t.Fatal(err)
	}
	read(t, store, id)
}

// TestClearPassword sends nobody a password in the clear who took the server's place on
// this machine.
func TestClearPassword(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan []byte, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		message := make([]byte, 1000)
		_, _ = conn.Read(message)                                      // who logs in
		_, _ = conn.Write([]byte("R\x00\x00\x00\x08\x00\x00\x00\x03")) // AuthenticationCleartextPassword
		n, _ := conn.Read(message)
		answered <- message[:n]
	}()
	secret := func(context.Context) (source.Secret, error) { return source.NewSecret("hunter2"), nil }
	_, err = Open(t.Context(), Options{Address: "postgres://ann@" + l.Addr().String() + "/registry?sslmode=disable", Password: secret})
	_ = l.Close()
	if source.CodeOf(err) != registry.CodeRefused {
		t.Errorf("%v, want a refusal", err)
	}
	if got := <-answered; len(got) > 0 && got[0] == 'p' {
		t.Errorf("it was sent %q", got)
	}
}

// TestEncoding refuses a database that cannot hold every name.
func TestEncoding(t *testing.T) {
	s := newSchema(t)
	s.exec(`CREATE DATABASE ` + s.name + ` ENCODING LATIN1 LOCALE 'C' TEMPLATE template0`)
	t.Cleanup(func() { s.exec(`DROP DATABASE ` + s.name) })
	_, err := Open(t.Context(), Options{Address: strings.Replace(s.address, "/registry?", "/"+s.name+"?", 1)})
	if source.CodeOf(err) != registry.CodeForeign {
		t.Errorf("%v", err)
	}
}
