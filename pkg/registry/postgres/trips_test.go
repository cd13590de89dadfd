package postgres

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
)

// trips counts how often a server is waited for.
type trips struct{ n atomic.Int64 }

func (t *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	t.n.Add(1)
	return ctx
}
func (t *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	t.n.Add(1)
	return ctx
}
func (t *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData)     {}
func (t *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (t *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// TestTrips waits for the server as often for many customers as for one, whether they
// are made, changed or deleted: it may be far away.
func TestTrips(t *testing.T) {
	s := newSchema(t)
	a, err := parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	var count trips
	a.config.ConnConfig.Tracer = &count
	steps, err := tables.Migrations(migrations)
	if err != nil {
		t.Fatal(err)
	}
	store, err := open(t.Context(), a, false, steps)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	apply := func(sets []registry.ChangeSet) (waited int64) {
		t.Helper()
		count.n.Store(0)
		if _, err := store.Apply(t.Context(), sets...); err != nil {
			t.Fatal(err)
		}
		return count.n.Load()
	}
	// of are the change sets for so many customers, once to make, rename and delete them.
	of := func(many int) (all [3]int64) {
		var make, rename, remove []registry.ChangeSet
		var made []*registry.Snapshot
		for i := range many {
			name := fmt.Sprintf("%d of %d", i, many)
			c := registry.New(registry.Customer{ID: registry.NewID(), Name: name, Key: name, ExternalIDs: map[string]string{"itglue": name, "hudu": name}, PasswordSync: registry.ModeUnset, CreatedAt: time.Now().UTC()})
			made, make = append(made, c), append(make, changeSet(c, c))
		}
		all[0] = apply(make)
		for _, c := range made {
			before := read(t, store, c.Customer.ID)
			after := before.Clone()
			after.Customer.Name, after.Customer.Key = strings.ToUpper(c.Customer.Name), c.Customer.Key+"!"
			after.Customer.ExternalIDs["itglue"] += "!"
			rename = append(rename, changeSet(before, after))
		}
		all[1] = apply(rename)
		for _, c := range made {
			cs := registry.NewDeletion(read(t, store, c.Customer.ID))
			cs.Run = registry.Run{CustomerName: c.Customer.Name, Command: "delete", At: time.Now()}
			remove = append(remove, cs)
		}
		all[2] = apply(remove)
		return all
	}
	if one, many := of(1), of(200); many != one {
		t.Errorf("the server is waited for %v times for 200 customers, and %v times for one", many, one)
	}
}
