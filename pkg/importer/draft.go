package importer

import (
	"context"
	"database/sql"
	"errors"
	"maps"

	"github.com/qpimport/qpimport/pkg/source"
)

// registry is what the state file says about one customer.
type registry struct {
	customer    customer
	connections Directories
	identity    map[source.Kind]string // of the directory imported from before
	accounts    []*account
	decisions   decisions
}

// read reads a customer as one snapshot; full includes what was read of each
// account from its directories.
func (im *Importer) read(ctx context.Context, sel string, full bool) (*registry, error) {
	reg := &registry{}
	err := im.inTx(ctx, func(tx *sql.Tx) (err error) {
		if reg.customer, err = findCustomer(ctx, tx, sel); err != nil {
			return err
		}
		if reg.connections, err = findConnections(ctx, tx, reg.customer.n); err != nil {
			return err
		}
		if reg.identity, err = findIdentities(ctx, tx, reg.customer.n); err != nil {
			return err
		}
		if reg.decisions, err = findDecisions(ctx, tx, reg.customer.n); err != nil {
			return err
		}
		reg.accounts, err = findAccounts(ctx, tx, reg.customer.n, full)
		return err
	})
	return reg, err
}

// connection returns the customer's connection of a kind, or says how to make one.
func (reg *registry) connection(kind source.Kind) (source.Connection, error) {
	c := reg.connections.Get(kind)
	if c == nil {
		return source.Connection{}, &source.Error{
			Code:    CodeNotConnected,
			Message: reg.customer.name + " has no " + kind.String() + " connected",
			Hint:    "`qpimport directories connect " + string(kind) + " --help` tells how",
		}
	}
	return *c, nil
}

// draft is a customer while a change is decided: every account as it was and as
// it will be.
type draft struct {
	reg       *registry
	mode      Mode
	identity  map[source.Kind]string
	before    []*account // nil for a new account
	after     []*account // nil for a deleted one
	decisions decisions
	now       string
}

func (im *Importer) newDraft(reg *registry) *draft {
	d := &draft{reg: reg, now: timestamp(im.now()), mode: reg.customer.mode, identity: maps.Clone(reg.identity),
		decisions: maps.Clone(reg.decisions), before: reg.accounts, after: make([]*account, len(reg.accounts))}
	for i, a := range reg.accounts {
		next := *a
		d.after[i] = &next
	}
	return d
}

// add appends a new account.
func (d *draft) add(a *account) {
	a.importedAt, a.updatedAt = d.now, d.now
	d.before = append(d.before, nil)
	d.after = append(d.after, a)
}

// accounts lists the accounts that will be there.
func (d *draft) accounts() []*account {
	left := make([]*account, 0, len(d.after))
	for _, a := range d.after {
		if a != nil {
			left = append(left, a)
		}
	}
	return left
}

// settle brings every account's state up to date.
func (d *draft) settle() { settle(d.mode, d.accounts()) }

// changes lists the accounts that differ.
func (d *draft) changes() []accountChange {
	var changes []accountChange
	for i, b := range d.before {
		if a := d.after[i]; a == nil || b == nil || !a.same(b) {
			changes = append(changes, accountChange{b, a})
		}
	}
	return changes
}

// tries bounds how often a change is decided anew because another process
// changed the customer meanwhile.
const tries = 20

// change reads a customer, lets decide draft what it is to become, and writes
// that as one run, whose number it returns: nil where there was nothing to
// write, or in a dry run. Where another process changed the customer between,
// it begins again.
func (im *Importer) change(ctx context.Context, sel, command string, dry bool, decide func(*draft) error) (*int64, error) {
	for try := 1; ; try++ {
		reg, err := im.read(ctx, sel, true)
		if err != nil {
			return nil, err
		}
		d := im.newDraft(reg)
		if err := decide(d); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		d.settle()
		if dry {
			return nil, nil
		}
		id, err := im.apply(ctx, d, command)
		switch {
		case err == nil:
			return id, nil
		case !errors.Is(err, errMoved):
			return nil, err
		case try == tries:
			return nil, &source.Error{Code: CodeStateBusy, Message: "customer " + reg.customer.name, Err: err,
				Hint: "run the command again when the other one is done"}
		}
	}
}

// apply writes a draft in one transaction, and nothing where nothing differs.
func (im *Importer) apply(ctx context.Context, d *draft, command string) (*int64, error) {
	c, changes := d.reg.customer, d.changes()
	var identities []source.Kind
	for kind, id := range d.identity {
		if id != d.reg.identity[kind] {
			identities = append(identities, kind)
		}
	}
	if len(changes) == 0 && len(identities) == 0 && d.mode == c.mode && maps.Equal(d.decisions, d.reg.decisions) {
		return nil, nil
	}
	var id int64
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		r, err := im.beginRun(ctx, tx, c, command)
		if err != nil {
			return err
		}
		id = r.id
		if d.mode != c.mode {
			if err := setMode(ctx, r, c, d.mode); err != nil {
				return err
			}
		}
		for _, kind := range identities {
			if _, err := tx.ExecContext(ctx, `UPDATE directories SET identity = ? WHERE customer = ? AND kind = ?`, d.identity[kind], c.n, kind); err != nil {
				return err
			}
		}
		if err := writeDecisions(ctx, r, c, d.reg.decisions, d.decisions); err != nil {
			return err
		}
		return im.writeAccounts(ctx, r, c, changes)
	})
	return &id, err
}

func setMode(ctx context.Context, r *run, c customer, mode Mode) error {
	if _, err := r.tx.ExecContext(ctx, `UPDATE customers SET password_sync = ? WHERE n = ?`, mode, c.n); err != nil {
		return err
	}
	return r.record(ctx, "customer", c.id, map[string]Mode{"password_sync": c.mode}, map[string]Mode{"password_sync": mode})
}

func findIdentities(ctx context.Context, tx *sql.Tx, n int64) (map[source.Kind]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT kind, identity FROM directories WHERE customer = ?`, n)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	ids := map[source.Kind]string{}
	for rows.Next() {
		var kind source.Kind
		var id string
		if err := rows.Scan(&kind, &id); err != nil {
			return nil, err
		}
		ids[kind] = id
	}
	return ids, rows.Err()
}
