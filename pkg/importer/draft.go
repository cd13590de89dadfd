package importer

import (
	"context"
	"database/sql"
	"errors"
	"maps"
	"slices"
	"sync"

	"github.com/qpimport/qpimport/pkg/source"
)

// registry is what the state file says about one customer.
type registry struct {
	customer    customer
	connections Directories
	identity    map[source.Kind]string // of the directory imported from before
	externalIDs map[string]string
	count       int // of accounts
	accounts    []*account
	decisions   decisions
}

// depth says how much of a customer's accounts is read.
type depth int

const (
	noAccounts    depth = iota // how many there are
	plainAccounts              // all but what was read of each from its directories
	fullAccounts
)

// read reads a customer as one snapshot.
func (im *Importer) read(ctx context.Context, sel string, accounts depth) (*registry, error) {
	var reg *registry
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		c, err := findCustomer(ctx, tx, sel)
		if err != nil {
			return err
		}
		reg, err = readRegistry(ctx, tx, c, accounts)
		return err
	})
	return reg, err
}

// readBeside reads a customer while directory reads what is to be decided about it.
func (im *Importer) readBeside(ctx context.Context, sel string, directory func() error) (*registry, error) {
	var reg *registry
	var err error
	var wg sync.WaitGroup
	wg.Go(func() { reg, err = im.read(ctx, sel, fullAccounts) })
	directoryErr := directory()
	wg.Wait()
	if directoryErr != nil {
		return nil, directoryErr
	}
	return reg, err
}

func readRegistry(ctx context.Context, tx *sql.Tx, c customer, accounts depth) (*registry, error) {
	reg := &registry{customer: c}
	var err error
	if reg.connections, err = findConnections(ctx, tx, c.n); err != nil {
		return nil, err
	}
	if reg.identity, err = findIdentities(ctx, tx, c.n); err != nil {
		return nil, err
	}
	if reg.externalIDs, err = findExternalIDs(ctx, tx, c.n); err != nil {
		return nil, err
	}
	if reg.decisions, err = findDecisions(ctx, tx, c.n); err != nil {
		return nil, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE customer = ?`, c.n).Scan(&reg.count); err != nil || accounts == noAccounts {
		return reg, err
	}
	reg.accounts, err = findAccounts(ctx, tx, c.n, reg.count, accounts == fullAccounts)
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
	reg         *registry
	mode        Mode
	connections Directories
	identity    map[source.Kind]string
	externalIDs map[string]string
	before      []*account // nil for a new account
	after       []*account // nil for a deleted one
	decisions   decisions
	now         string
}

func (im *Importer) newDraft(reg *registry) *draft {
	d := &draft{
		reg: reg, mode: reg.customer.mode, connections: reg.connections, identity: maps.Clone(reg.identity),
		externalIDs: maps.Clone(reg.externalIDs), decisions: maps.Clone(reg.decisions),
		before: reg.accounts, after: make([]*account, len(reg.accounts)), now: timestamp(im.now()),
	}
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
// write, or in a dry run.
func (im *Importer) change(ctx context.Context, sel, command string, dry bool, decide func(*draft) error) (*int64, error) {
	read := func() (*registry, error) { return im.read(ctx, sel, fullAccounts) }
	reg, err := read()
	if err != nil {
		return nil, err
	}
	return im.changeFrom(ctx, reg, command, dry, decide, read)
}

// changeFrom is change on a customer that was read. Where another process
// changed the customer between reading and writing, it begins again from what
// read returns.
func (im *Importer) changeFrom(ctx context.Context, reg *registry, command string, dry bool, decide func(*draft) error, read func() (*registry, error)) (*int64, error) {
	for try := 1; ; try++ {
		if try > 1 {
			var err error
			if reg, err = read(); err != nil {
				return nil, err
			}
		}
		d := im.newDraft(reg)
		if err := decide(d); err != nil {
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		d.settle()
		if dry || d.unchanged() {
			return nil, nil
		}
		id, err := im.apply(ctx, d, command)
		switch {
		case err == nil:
			return &id, nil
		case !errors.Is(err, errMoved):
			return nil, err
		case try == tries:
			return nil, &source.Error{Code: CodeStateBusy, Message: "customer " + reg.customer.name, Err: err,
				Hint: "run the command again when the other one is done"}
		}
	}
}

// unchanged says that there is nothing to write.
func (d *draft) unchanged() bool {
	reg := d.reg
	return reg.customer.n != 0 && d.mode == reg.customer.mode && maps.Equal(d.identity, reg.identity) &&
		maps.Equal(d.externalIDs, reg.externalIDs) && maps.Equal(d.decisions, reg.decisions) &&
		len(d.connectionChanges()) == 0 && len(d.changes()) == 0
}

// connectionChanges lists the kinds of directories whose connection differs.
func (d *draft) connectionChanges() []source.Kind {
	var kinds []source.Kind
	for _, kind := range []source.Kind{source.AD, source.M365} {
		before, after := d.reg.connections.Get(kind), d.connections.Get(kind)
		if after != nil && (before == nil || *before != *after) {
			kinds = append(kinds, kind)
		}
	}
	return kinds
}

// apply writes a draft in one transaction.
func (im *Importer) apply(ctx context.Context, d *draft, command string) (id int64, err error) {
	err = im.inTx(ctx, func(tx *sql.Tx) error {
		c := d.reg.customer
		r, err := im.begin(ctx, tx, &c, command)
		if err != nil {
			return err
		}
		id = r.id
		if err := d.writeCustomer(ctx, r, c); err != nil {
			return err
		}
		if err := writeDecisions(ctx, r, c, d.reg.decisions, d.decisions); err != nil {
			return err
		}
		return im.writeAccounts(ctx, r, c, d.changes())
	})
	return id, err
}

// begin begins the run of a draft, and makes a customer that is new.
func (im *Importer) begin(ctx context.Context, tx *sql.Tx, c *customer, command string) (*run, error) {
	if c.n != 0 {
		return im.beginRun(ctx, tx, *c, command)
	}
	made, err := im.insertCustomer(ctx, tx, c.name)
	if source.CodeOf(err) == CodeNameTaken {
		return nil, errMoved // another process made it meanwhile
	}
	if err != nil {
		return nil, err
	}
	*c = made
	r, err := im.recordRun(ctx, tx, *c, command)
	if err != nil {
		return nil, err
	}
	return r, r.record(ctx, "customer", c.id, nil, map[string]string{"name": c.name})
}

// writeCustomer writes what differs of the customer itself.
func (d *draft) writeCustomer(ctx context.Context, r *run, c customer) error {
	for _, system := range slices.Sorted(maps.Keys(d.externalIDs)) {
		value, before := d.externalIDs[system], d.reg.externalIDs[system]
		if value == before {
			continue
		}
		if err := setExternalID(ctx, r.tx, c, system, value); err != nil {
			return err
		}
		if err := r.record(ctx, "customer", c.id, map[string]string{system: before}, map[string]string{system: value}); err != nil {
			return err
		}
	}
	if d.mode != c.mode {
		if err := setMode(ctx, r, c, d.mode); err != nil {
			return err
		}
	}
	for _, kind := range d.connectionChanges() {
		if err := setConnection(ctx, r, c, d.reg.connections.Get(kind), *d.connections.Get(kind), d.now); err != nil {
			return err
		}
	}
	for kind, id := range d.identity {
		if id == d.reg.identity[kind] {
			continue
		}
		if _, err := r.tx.ExecContext(ctx, `UPDATE directories SET identity = ? WHERE customer = ? AND kind = ?`, id, c.n, kind); err != nil {
			return err
		}
	}
	return nil
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
