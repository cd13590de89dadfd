package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/registrytest/cut"
	"github.com/qpimport/qpimport/pkg/source"
)

// people is how many a change of TestCut is about: enough for COPY.
const people = 60

// TestCut cuts the connection at every message of a change, before it arrives and
// after, with a server that is back at once and with one that stays away. The change
// was made or not, never a half, and the answer says which.
func TestCut(t *testing.T) {
	s := newSchema(t)
	way := cut.New(t, server(t))
	direct, err := Open(t.Context(), Options{Address: s.address})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	outcomes := map[string]int{}
	cuts := 0
	for _, p := range []cut.Point{{}, {Arrived: true}, {Gone: true}, {Arrived: true, Gone: true}} {
		for p.N = 1; ; p.N++ {
			id := newCustomer(t, direct)
			store, err := Open(t.Context(), Options{Address: strings.Replace(s.address, server(t), way.Dir, 1)})
			if err != nil {
				t.Fatal(err)
			}
			if p.Gone {
				store.patience, store.settling = 20*time.Millisecond, 20*time.Millisecond
			}
			before := read(t, direct, id)
			after := before.Clone()
			for i := range people {
				after.Accounts = append(after.Accounts, newAccount(fmt.Sprint(i)))
			}
			// Another connection than the one that opened it: messages count from its first.
			store.pool.Reset()
			way.Break(p)
			_, err = store.Apply(t.Context(), changeSet(before, after))
			seen := way.Seen()
			way.Break(cut.Point{})
			if cerr := store.Close(); cerr != nil {
				t.Error(cerr)
			}
			got, want := len(read(t, direct, id).Accounts), 0
			if err == nil {
				want = people
			}
			runs, rerr := direct.Runs(t.Context(), registry.RunFilter{CustomerID: id})
			switch {
			case rerr != nil:
				t.Error(rerr)
			case source.CodeOf(err) == registry.CodeOutcomeUnknown && (got == 0 || got == people) && p.Gone:
				outcomes["not known"]++
			case got != want || len(runs) != 1+got/people:
				t.Errorf("%+v: %d accounts and %d runs, where the answer is %v", p, got, len(runs), err)
			case err == nil:
				outcomes["made"]++
			case source.CodeOf(err) != registry.CodeUnreachable:
				t.Errorf("%+v: %v", p, err)
			default:
				outcomes["not made"]++
			}
			if seen < p.N {
				break
			}
			cuts++
		}
	}
	t.Logf("%d cuts: %v", cuts, outcomes)
	if outcomes["made"] == 0 || outcomes["not made"] == 0 || outcomes["not known"] == 0 {
		t.Error("not everything that may come of a cut came of one")
	}
}

// TestHanging waits for a server that takes everything and answers nothing as long as
// it was told to, and not for the driver, which would have it stop its work.
func TestHanging(t *testing.T) {
	const drivers = 15 * time.Second
	s := newSchema(t)
	way := cut.New(t, server(t))
	direct, err := Open(t.Context(), Options{Address: s.address})
	if err != nil {
		t.Fatal(err)
	}
	defer direct.Close()
	wait := 100 * time.Millisecond
	for p := (cut.Point{N: 1, Hangs: true}); ; p.N += 8 {
		way.Break(p)
		ctx, cancel := context.WithTimeoutCause(t.Context(), wait, errors.New("no more time"))
		begun := time.Now()
		store, err := Open(ctx, Options{Address: strings.Replace(s.address, server(t), way.Dir, 1), ReadOnly: true})
		if err == nil {
			_, err = store.List(ctx, registry.Load{})
			err = errors.Join(err, store.Close())
		}
		if took := time.Since(begun) - wait; took > drivers/2 {
			t.Fatalf("hanging at message %d: %v", p.N, took)
		}
		cancel()
		if way.Seen() < p.N && err != nil && wait < drivers { // nothing hung, but the machine is slow
			p.N, wait = p.N-8, drivers
			continue
		}
		if way.Seen() < p.N {
			if err != nil {
				t.Error(err)
			}
			return
		}
		if err != nil && !strings.HasSuffix(err.Error(), ": no more time") { // a farewell may hang as well
			t.Errorf("hanging at message %d: %v", p.N, err)
		}
	}
}

// newCustomer makes one without accounts.
func newCustomer(t *testing.T, s *Store) string {
	t.Helper()
	id := registry.NewID()
	made := registry.New(registry.Customer{ID: id, Name: id, Key: id, PasswordSync: registry.ModeOff, CreatedAt: time.Now()})
	if _, err := s.Apply(t.Context(), changeSet(made, made)); err != nil {
		t.Fatal(err)
	}
	return id
}

func newAccount(name string) *registry.Account {
	return &registry.Account{
		ID: registry.NewID(), State: registry.StateActive, Username: name, Email: name + "@contoso.example",
		AD: &registry.Link{ID: name, Name: "CN=" + name, Status: registry.StatusOK}, ImportedAt: time.Now(), UpdatedAt: time.Now(),
	}
}

func changeSet(before, after *registry.Snapshot) registry.ChangeSet {
	cs := registry.NewChangeSet(before, after)
	cs.Run = registry.Run{CustomerName: after.Customer.Name, Command: "test", At: time.Now()}
	return cs
}

func read(t *testing.T, s *Store, id string) *registry.Snapshot {
	t.Helper()
	snap, err := s.Snapshot(t.Context(), registry.Ref{ID: id}, registry.Load{Accounts: true})
	if err != nil {
		t.Fatal(err)
	}
	return snap
}
