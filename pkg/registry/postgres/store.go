// Package postgres keeps a registry in a schema of a PostgreSQL database, for many
// processes on many machines. Customers are changed side by side, each by one process
// at a time. The rules that must never break are constraints and triggers there as
// well as code.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/tables"
	"github.com/qpimport/qpimport/pkg/source"
)

// Store is a registry in a database.
type Store struct {
	tables.Store
	*address
	pool *pgxpool.Pool
	made bool // there is a registry in the schema
	// patience is for how long a transaction is tried again, while others are in its way
	// or the server is away for a moment.
	patience time.Duration
	// settling is for how long a server that is away is waited for, to learn what came
	// of a transaction.
	settling time.Duration
}

var _ registry.Store = (*Store)(nil)

// Options say which registry is opened, and what for.
type Options struct {
	// Address is postgres://USER@HOST/DATABASE, with what libpq takes behind it; never
	// with a password. TLS makes sure of the server, but for one on this machine where
	// it says sslmode=disable.
	Address string
	// Password finds the role's; nil leaves it to a service or password file.
	Password func(context.Context) (source.Secret, error)
	// ReadOnly makes and migrates nothing: a registry that is not there reads as empty.
	ReadOnly bool
}

// Open opens a registry, and makes it where there is none.
func Open(ctx context.Context, o Options) (*Store, error) {
	a, err := parse(o.Address)
	if err != nil {
		return nil, err
	}
	if o.Password != nil {
		secret, err := o.Password(ctx)
		if err != nil {
			return nil, err
		}
		a.config.ConnConfig.Password = secret.Reveal()
	}
	steps, err := tables.Migrations(migrations)
	if err != nil {
		return nil, err
	}
	return open(ctx, a, o.ReadOnly, steps)
}

func open(ctx context.Context, a *address, readOnly bool, steps []tables.Step) (*Store, error) {
	pool, err := pgxpool.NewWithConfig(ctx, a.config)
	if err != nil {
		return nil, a.coded(ctx, err)
	}
	s := &Store{address: a, pool: pool, patience: 15 * time.Second, settling: 30 * time.Second}
	s.Store = tables.New(s.in)
	if err := s.prepare(ctx, readOnly, steps); err != nil {
		return nil, errors.Join(a.coded(ctx, err), s.Close())
	}
	return s, nil
}

// Close closes the connections, and waits a moment for the server to see that. One
// that hangs is left: the driver would wait for it to stop what was interrupted.
func (s *Store) Close() error {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		s.pool.Close()
	}()
	select {
	case <-closed:
	case <-time.After(50 * time.Millisecond):
	}
	return nil
}

// in runs do in a transaction, and anew where that was not done for a reason that
// passes. What reads sees one moment; what writes waits for who writes to the same
// customer, and finds by its revision what that one did.
func (s *Store) in(ctx context.Context, write bool, do func(tables.Tx) error) error {
	if !s.made {
		return do(nothing{})
	}
	pause := 10 * time.Millisecond
	for begun := time.Now(); ; pause = min(2*pause, time.Second) {
		err := s.once(ctx, write, do)
		if err == nil || !again(err) || ctx.Err() != nil || time.Since(begun) > s.patience {
			return s.coded(ctx, err)
		}
		if sleep(ctx, pause/2+rand.N(pause)) != nil { //nolint:gosec // chance keeps writers apart, it hides nothing
			return s.coded(ctx, err)
		}
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin begins a transaction. What it relies on is set in each one, whatever the
// server, its roles and a pooler between have for all.
func (s *Store) begin(ctx context.Context, write bool) (pgx.Tx, error) {
	// Others are waited for as with a state file, and a runner that is cut off not for
	// ever. Who reads is in nobody's way, and idle while a large copy is compared.
	mode, idle := `REPEATABLE READ READ ONLY`, `1h`
	if write {
		mode, idle = `READ COMMITTED`, `60s`
	}
	return s.pool.BeginTx(ctx, pgx.TxOptions{BeginQuery: `BEGIN ISOLATION LEVEL ` + mode + `; SET LOCAL search_path TO "` + s.schema + `", pg_temp;
		SET LOCAL lock_timeout TO '10s'; SET LOCAL idle_in_transaction_session_timeout TO '` + idle + `'`})
}

func (s *Store) once(ctx context.Context, write bool, do func(tables.Tx) error) error {
	tx, err := s.begin(ctx, write)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback(ctx) }()
	t := &transaction{tx: tx, ctx: ctx}
	if err := do(t); err != nil || !write {
		return err
	}
	return s.commit(ctx, t)
}

// Made says where the registry is, and whether there is one.
func (s *Store) Made() (place string, made bool) { return s.place, s.made }

// Health examines the registry from inside.
func (s *Store) Health(ctx context.Context) (registry.Health, error) {
	h := registry.Health{Kind: "registry", Place: s.place, Exists: s.made}
	if !h.Exists {
		return h, nil
	}
	err := s.in(ctx, false, func(tx tables.Tx) error {
		var loose, missing int
		err := tx.Query(func(scan func(...any) error) error { return scan(&h.Accounts, &loose, &missing) }, `SELECT (SELECT count(*) FROM accounts),
			(SELECT count(*) FROM pg_constraint WHERE connamespace = current_schema()::regnamespace AND NOT convalidated)
				+ (SELECT count(*) FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = current_schema()::regnamespace AND NOT indisvalid),
			(SELECT count(*) FROM unnest(ARRAY['password_sync_locked', 'account_fits_mode_insert', 'account_fits_mode_update']) AS name
				WHERE NOT EXISTS (SELECT 1 FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid
					WHERE relnamespace = current_schema()::regnamespace AND tgname = name AND tgenabled <> 'D'))`)
		if err == nil && loose+missing > 0 {
			err = &source.Error{Code: registry.CodeDamaged, Message: fmt.Sprintf("registry %s: %d constraints or indexes do not hold, %d triggers are missing or off", s.place, loose, missing)}
		}
		return err
	})
	return h, err
}
