package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/qpimport/qpimport/pkg/importer/internal/statefile"
	"github.com/qpimport/qpimport/pkg/source"
)

// Customers lists all customers by name.
func (im *Importer) Customers(ctx context.Context) ([]Customer, error) {
	customers := []Customer{}
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		rows, err := findCustomers(ctx, tx)
		if err != nil {
			return err
		}
		for _, c := range rows {
			v, err := viewCustomer(ctx, tx, c)
			if err != nil {
				return err
			}
			customers = append(customers, v)
		}
		return nil
	})
	return customers, err
}

func findCustomers(ctx context.Context, tx *sql.Tx) ([]customer, error) {
	rows, err := tx.QueryContext(ctx, `SELECT n, id, name, password_sync, revision FROM customers ORDER BY name_key`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	var customers []customer
	for rows.Next() {
		var c customer
		if err := rows.Scan(&c.n, &c.id, &c.name, &c.mode, &c.revision); err != nil {
			return nil, err
		}
		customers = append(customers, c)
	}
	return customers, rows.Err()
}

// Customer shows one customer, named by name or id.
func (im *Importer) Customer(ctx context.Context, sel string) (Customer, error) {
	var v Customer
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		c, err := findCustomer(ctx, tx, sel)
		if err != nil {
			return err
		}
		v, err = viewCustomer(ctx, tx, c)
		return err
	})
	return v, err
}

func viewCustomer(ctx context.Context, tx *sql.Tx, c customer) (Customer, error) {
	v := Customer{ID: c.id, Name: c.name, PasswordSync: c.mode}
	var err error
	if v.Directories, err = findConnections(ctx, tx, c.n); err != nil {
		return v, err
	}
	if v.ExternalIDs, err = findExternalIDs(ctx, tx, c.n); err != nil {
		return v, err
	}
	v.Accounts, err = countAccounts(ctx, tx, c.n)
	return v, err
}

// countAccounts runs through one index and no row.
func countAccounts(ctx context.Context, tx *sql.Tx, n int64) (AccountCounts, error) {
	var counts AccountCounts
	rows, err := tx.QueryContext(ctx, `SELECT state, count(*) FROM accounts WHERE customer = ? GROUP BY state`, n)
	if err != nil {
		return counts, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var state State
		var count int
		if err := rows.Scan(&state, &count); err != nil {
			return counts, err
		}
		counts.Total += count
		switch state {
		case StateActive:
			counts.Active = count
		case StateNeedsEmail:
			counts.NeedsEmail = count
		case StatePendingMatch:
			counts.PendingMatch = count
		}
	}
	return counts, rows.Err()
}

func findExternalIDs(ctx context.Context, tx *sql.Tx, n int64) (map[string]string, error) {
	rows, err := tx.QueryContext(ctx, `SELECT system, value FROM external_ids WHERE customer = ?`, n)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	ids := map[string]string{}
	for rows.Next() {
		var system, value string
		if err := rows.Scan(&system, &value); err != nil {
			return nil, err
		}
		ids[system] = value
	}
	return ids, rows.Err()
}

// CreateCustomer makes a customer. External ids map a system to the id that the
// customer has there; no two customers share one.
func (im *Importer) CreateCustomer(ctx context.Context, name string, externalIDs map[string]string) (Customer, error) {
	var v Customer
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		c, err := im.createCustomer(ctx, tx, name, externalIDs)
		if err != nil {
			return err
		}
		v, err = viewCustomer(ctx, tx, c)
		return err
	})
	return v, err
}

func (im *Importer) createCustomer(ctx context.Context, tx *sql.Tx, name string, externalIDs map[string]string) (customer, error) {
	c, err := im.insertCustomer(ctx, tx, name)
	if err != nil {
		return c, err
	}
	for _, system := range slices.Sorted(maps.Keys(externalIDs)) {
		if err := setExternalID(ctx, tx, c, system, externalIDs[system]); err != nil {
			return c, err
		}
	}
	r, err := im.recordRun(ctx, tx, c, "customers create")
	if err != nil {
		return c, err
	}
	return c, r.record(ctx, "customer", c.id, nil, map[string]any{"name": c.name, "external_ids": externalIDs})
}

func (im *Importer) insertCustomer(ctx context.Context, tx *sql.Tx, name string) (customer, error) {
	c := customer{id: newID(), name: strings.TrimSpace(name), mode: ModeUnset}
	if err := checkName(c.name); err != nil {
		return c, err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO customers (id, name, name_key, created_at) VALUES (?, ?, ?, ?)`,
		c.id, c.name, nameKey(c.name), timestamp(im.now()))
	if isConstraint(err) {
		var there string
		if err := tx.QueryRowContext(ctx, `SELECT name FROM customers WHERE name_key = ?`, nameKey(c.name)).Scan(&there); err != nil {
			return c, err
		}
		return c, nameTaken(there)
	}
	if err != nil {
		return c, err
	}
	c.n, err = res.LastInsertId()
	return c, err
}

func setExternalID(ctx context.Context, tx *sql.Tx, c customer, system, value string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO external_ids (customer, system, value) VALUES (?, ?, ?)
		ON CONFLICT (customer, system) DO UPDATE SET value = excluded.value`, c.n, system, value)
	if isConstraint(err) {
		return idTaken("another customer", system, value)
	}
	return err
}

func idTaken(owner, system, value string) error {
	return &source.Error{Code: CodeNameTaken, Message: fmt.Sprintf("%s has the %s id %q already", owner, system, value),
		Hint: "`qpimport customers -o json` shows who has which external id"}
}

// checkName refuses names that could not be used to find the customer again.
func checkName(name string) error {
	if nameKey(name) == "" {
		return &source.Error{Code: source.CodeUsage, Message: "a customer needs a name with at least one visible character"}
	}
	if strings.ContainsFunc(name, unicode.IsControl) {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("the customer's name %q has control characters in it", name)}
	}
	if uuid.Validate(strings.TrimSpace(name)) == nil {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("the customer's name %q reads like an id", name),
			Hint: "customers are chosen by name or id, so a name has to be none"}
	}
	if len(name) > 300 {
		return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("the customer's name has %d bytes; at most 300 are kept", len(name))}
	}
	return nil
}

func nameTaken(name string) error {
	return &source.Error{Code: CodeNameTaken, Message: fmt.Sprintf("there is a customer %q already", name),
		Hint: "names are compared without case, spaces at the ends and double spaces; choose another, or use the one that is there"}
}

func isConstraint(err error) bool {
	return errors.Is(statefile.Classify(err), statefile.ErrConstraint)
}

// RenameCustomer gives a customer another name.
func (im *Importer) RenameCustomer(ctx context.Context, sel, name string) (Customer, error) {
	name = strings.TrimSpace(name)
	return im.changeCustomer(ctx, sel, func(tx *sql.Tx, c customer) error {
		if err := checkName(name); err != nil || name == c.name {
			return err
		}
		return im.renameCustomer(ctx, tx, c, name, "customers rename")
	})
}

func (im *Importer) renameCustomer(ctx context.Context, tx *sql.Tx, c customer, name, command string) error {
	r, err := im.beginRun(ctx, tx, c, command)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `UPDATE customers SET name = ?, name_key = ? WHERE n = ?`, name, nameKey(name), c.n)
	if isConstraint(err) {
		return nameTaken(name)
	}
	if err != nil {
		return err
	}
	return r.record(ctx, "customer", c.id, map[string]string{"name": c.name}, map[string]string{"name": name})
}

// SetPasswordSync chooses the mode. It is fixed while the customer has accounts.
func (im *Importer) SetPasswordSync(ctx context.Context, sel string, mode Mode) (Customer, error) {
	if mode != ModeOn && mode != ModeOff {
		return Customer{}, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("password sync is on or off, not %q", mode)}
	}
	return im.changeCustomer(ctx, sel, func(tx *sql.Tx, c customer) error {
		if c.mode == mode {
			return nil
		}
		var accounts int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE customer = ?`, c.n).Scan(&accounts); err != nil {
			return err
		}
		if accounts > 0 {
			return locked(c, mode, accounts)
		}
		r, err := im.beginRun(ctx, tx, c, "customers set")
		if err != nil {
			return err
		}
		return setMode(ctx, r, c, mode)
	})
}

func locked(c customer, mode Mode, accounts int) error {
	return &source.Error{
		Code:    CodePasswordSyncLocked,
		Message: fmt.Sprintf("%s has password sync %s and %d accounts: it cannot be changed to %s", c.name, c.mode, accounts, mode),
		Hint:    "the mode is fixed while accounts exist: delete them with `qpimport accounts delete --all --yes -c NAME`, then import again",
	}
}

// DeleteCustomer deletes a customer, and with withAccounts its accounts. It
// returns the customer as it was.
func (im *Importer) DeleteCustomer(ctx context.Context, sel string, withAccounts bool) (Customer, error) {
	var v Customer
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		c, err := findCustomer(ctx, tx, sel)
		if err != nil {
			return err
		}
		if v, err = viewCustomer(ctx, tx, c); err != nil {
			return err
		}
		if v.Accounts.Total > 0 && !withAccounts {
			return &source.Error{Code: CodeAccountsExist, Message: fmt.Sprintf("%s has %d accounts", c.name, v.Accounts.Total),
				Hint: "--with-accounts deletes them with the customer"}
		}
		accounts, err := findAccounts(ctx, tx, c.n, v.Accounts.Total, true)
		if err != nil {
			return err
		}
		r, err := im.beginRun(ctx, tx, c, "customers delete")
		if err != nil {
			return err
		}
		changes := make([]accountChange, len(accounts))
		for i, a := range accounts {
			changes[i] = accountChange{before: a}
		}
		if err := im.writeAccounts(ctx, r, c, changes); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM customers WHERE n = ?`, c.n); err != nil {
			return err
		}
		return r.record(ctx, "customer", c.id, v, nil)
	})
	return v, err
}

// changeCustomer runs do on a customer in one transaction and shows the result.
func (im *Importer) changeCustomer(ctx context.Context, sel string, do func(*sql.Tx, customer) error) (Customer, error) {
	var v Customer
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		c, err := findCustomer(ctx, tx, sel)
		if err != nil {
			return err
		}
		if err := do(tx, c); err != nil {
			return err
		}
		if c, err = findCustomer(ctx, tx, c.id); err != nil {
			return err
		}
		v, err = viewCustomer(ctx, tx, c)
		return err
	})
	return v, err
}
