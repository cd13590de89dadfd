package postgres

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestMigrate takes a registry to a newer schema: many processes at once do it once,
// and what only reads leaves it.
func TestMigrate(t *testing.T) {
	s := newSchema(t)
	steps, err := tables.Migrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	newer := append(steps[:len(steps):len(steps)], tables.Step{Version: len(steps) + 1, SQL: `ALTER TABLE customers ADD COLUMN more TEXT; INSERT INTO commits (token) VALUES ('once')`})
	openWith := func(readOnly bool, steps []tables.Step) error {
		a, err := parse(s.address)
		if err != nil {
			t.Fatal(err)
		}
		store, err := open(t.Context(), a, readOnly, steps)
		if err == nil {
			err = store.Close()
		}
		return err
	}
	for _, steps := range [][]tables.Step{steps, newer} {
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := openWith(false, steps); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if len(steps) < len(newer) {
			if err := openWith(true, newer); source.CodeOf(err) != registry.CodeUnwritable {
				t.Errorf("an older one that is only read: %v", err)
			}
		}
	}
	if err := openWith(true, steps); source.CodeOf(err) != registry.CodeNewer {
		t.Errorf("a newer one: %v", err)
	}
	broken := append(newer[:len(newer):len(newer)], tables.Step{Version: len(newer) + 1, SQL: `CREATE TABLE half (n INT); SELECT 1/0`})
	if err := openWith(false, broken); err == nil {
		t.Error("a migration that fails")
	}
	s.exec(`CREATE TABLE half (n INT)`) // nothing of it was kept
}

// TestInterruptedOpen ends with what ended it.
func TestInterruptedOpen(t *testing.T) {
	s := newSchema(t)
	stop := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	if _, err := Open(ctx, Options{Address: s.address}); !errors.Is(err, stop) {
		t.Errorf("%v, want the cause", err)
	}
}
