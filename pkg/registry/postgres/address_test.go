package postgres

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// TestAddress reads addresses: how each server is reached, or why it is not. No error
// repeats a password.
func TestAddress(t *testing.T) {
	dir := t.TempDir()
	services := filepath.Join(dir, "services")
	text := "[local]\nhost=127.0.0.1\nsslmode=disable\n[far]\nhost=db.example\n[plain]\nhost=db.example\nsslmode=disable\n[weak]\nhost=db.example\nsslmode=require\n"
	if err := os.WriteFile(services, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"PGSSLMODE", "PGHOST", "PGSERVICE", "PGPASSWORD"} {
		t.Setenv(name, "") // to have it put back
		if err := os.Unsetenv(name); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ address, tls, schema string }{
		{"postgres://ann@db.example/registry", "db.example", "qpimport"},
		{"postgresql://db.example:6432/registry?sslmode=verify-full&search_path=team", "db.example", "team"},
		{"POSTGRES://ann@db.example/registry", "db.example", "qpimport"},
		{"PostgreSQL://db.example/registry?search_path=team", "db.example", "team"},
		{"postgres://127.0.0.1/registry", "127.0.0.1", "qpimport"},
		{"postgres://[::1]/registry?sslmode=disable", "", "qpimport"},
		{"postgres://localhost/registry?sslmode=disable", "", "qpimport"},
		{"postgres:///registry?host=/run/postgresql", "", "qpimport"},
		{"postgres://?service=local&servicefile=" + services, "", "qpimport"},
		{"postgres://?service=far&servicefile=" + services, "db.example", "qpimport"},
	} {
		if !Is(c.address) {
			t.Errorf("%s is no address", c.address)
		}
		a, err := parse(c.address)
		if err != nil {
			t.Errorf("%s: %v", c.address, err)
			continue
		}
		got := ""
		if tls := a.config.ConnConfig.TLSConfig; tls != nil {
			got = tls.ServerName
		}
		if got != c.tls || a.schema != c.schema || len(a.config.ConnConfig.Fallbacks) != 0 {
			t.Errorf("%s: TLS to %q, schema %s", c.address, got, a.schema)
		}
	}
	for _, address := range []string{
		"postgres://ann:hunter2@db.example/registry", "postgres://db.example/registry?password=hunter2", "postgres://db.example/registry?sslpassword=hunter2",
		"postgres://ann:hunter2@db.example:port/registry", "postgres://ann:hunter2%@db.example/registry", "postgres://db.example/%zz?password=hunter2",
		"postgres://db.example/registry?sslmode=prefer", "postgres://db.example/registry?sslmode=verify-ca", "postgres://db.example/registry?ssl=true",
		"postgres://db.example/registry?sslmode=disable", "postgres://127.0.0.1,db.example/registry?sslmode=disable", "postgres://localhost.example/registry?sslmode=disable",
		"postgres://?service=plain&servicefile=" + services, "postgres://?service=weak&servicefile=" + services, "postgres://?service=none&servicefile=" + services,
		"postgres://db.example/registry?search_path=a%22b", "postgres://db.example/registry?sslmode=verify-full&sslmode=disable", "postgres://db.example/registry#hunter2",
	} {
		_, err := parse(address)
		if source.CodeOf(err) != source.CodeUsage {
			t.Errorf("%s: %v, want a usage error", address, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the password: %v", err)
		}
	}
	for _, path := range []string{"state.db", "postgres", "/var/postgres://x", "postgres:/x", `C:\postgres\state.db`, "http://x"} {
		if Is(path) {
			t.Errorf("%s is an address", path)
		}
	}
}
