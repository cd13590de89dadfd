package importer

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/qpimport/qpimport/pkg/source"
)

// customer is a row of the table customers.
type customer struct {
	n        int64
	id       string
	name     string
	mode     Mode
	revision int64
}

// optional is a text column that is NULL where it is empty.
type optional string

func (o *optional) Scan(v any) error {
	switch v := v.(type) {
	case nil:
		*o = ""
	case string:
		*o = optional(v)
	default:
		return fmt.Errorf("want text, not %T", v)
	}
	return nil
}

func (o optional) Value() (driver.Value, error) {
	if o == "" {
		return nil, nil
	}
	return string(o), nil
}

// account is a row of the table accounts.
type account struct {
	n           int64
	id          string
	state       string
	displayName string
	givenName   string
	surname     string
	username    string
	upn         string
	email       string
	emailSource optional
	emailIssue  optional
	adID        optional
	adDN        optional
	adStatus    optional
	ad          optional // source.User as JSON
	m365ID      optional
	m365UPN     optional
	m365Status  optional
	m365        optional // source.User as JSON
	match       optional // matchNote as JSON
	importedAt  string
	updatedAt   string
}

// accountColumns are the columns that [account.fields] points to, in order.
const accountColumns = `id, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
	ad_id, ad_dn, ad_status, m365_id, m365_upn, m365_status, imported_at, updated_at, ad, m365, match`

var accountColumnNames = strings.Split(strings.Join(strings.Fields(accountColumns), ""), ",")

func (a *account) fields() []any {
	return []any{
		&a.id, &a.state, &a.displayName, &a.givenName, &a.surname, &a.username, &a.upn, &a.email, &a.emailSource, &a.emailIssue,
		&a.adID, &a.adDN, &a.adStatus, &a.m365ID, &a.m365UPN, &a.m365Status, &a.importedAt, &a.updatedAt, &a.ad, &a.m365, &a.match,
	}
}

// values are what fields points to, as arguments of a statement.
func (a *account) values() []any {
	values := a.fields()
	for i, p := range values {
		switch p := p.(type) {
		case *string:
			values[i] = *p
		case *optional:
			values[i], _ = p.Value()
		}
	}
	return values
}

// same says whether two versions of an account differ only in when they were written.
func (a *account) same(b *account) bool {
	x, y := *a, *b
	x.n, x.importedAt, x.updatedAt = y.n, y.importedAt, y.updatedAt
	return x == y
}

// view is the account as the program shows it.
func (a *account) view(customer string) Account {
	v := Account{
		ID: a.id, Customer: customer, DisplayName: a.displayName, GivenName: a.givenName, Surname: a.surname,
		Username: a.username, UPN: a.upn, Email: a.email, State: State(a.state),
		EmailSource: pointer(a.emailSource), EmailIssue: pointer(a.emailIssue),
		ImportedAt: parseTime(a.importedAt), UpdatedAt: parseTime(a.updatedAt),
	}
	if a.adID != "" {
		v.AD = &ADLink{ID: string(a.adID), DN: string(a.adDN), Status: string(a.adStatus)}
	}
	if a.m365ID != "" {
		v.M365 = &M365Link{ID: string(a.m365ID), UPN: string(a.m365UPN), Status: string(a.m365Status)}
	}
	return v
}

func pointer(o optional) *string {
	if o == "" {
		return nil
	}
	s := string(o)
	return &s
}

// findCustomer finds a customer by name, however its letters are written, or by id.
func findCustomer(ctx context.Context, tx *sql.Tx, sel string) (customer, error) {
	var c customer
	if strings.TrimSpace(sel) == "" {
		return c, &source.Error{Code: source.CodeUsage, Message: "no customer is named", Hint: "name one with --customer, or set QPIMPORT_CUSTOMER"}
	}
	err := tx.QueryRowContext(ctx, `SELECT n, id, name, password_sync, revision FROM customers
		WHERE name_key = ? OR id = ? ORDER BY name_key = ? DESC LIMIT 1`, nameKey(sel), strings.TrimSpace(sel), nameKey(sel)).
		Scan(&c.n, &c.id, &c.name, &c.mode, &c.revision)
	if errors.Is(err, sql.ErrNoRows) {
		return c, &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("no customer %q", sel), Hint: "`qpimport customers` lists them; `qpimport customers create` makes one"}
	}
	return c, err
}

// findConnections reads a customer's connections.
func findConnections(ctx context.Context, tx *sql.Tx, n int64) (Directories, error) {
	var d Directories
	rows, err := tx.QueryContext(ctx, `SELECT kind, connection FROM directories WHERE customer = ?`, n)
	if err != nil {
		return d, err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var kind source.Kind
		var text string
		if err := rows.Scan(&kind, &text); err != nil {
			return d, err
		}
		c := &source.Connection{}
		if err := json.Unmarshal([]byte(text), c); err != nil {
			return d, damagedRow(err, "connection of %s", kind)
		}
		c.Kind = kind
		if kind == source.AD {
			d.AD = c
		} else {
			d.M365 = c
		}
	}
	return d, rows.Err()
}

// findAccounts reads a customer's accounts, with what was read of each from its
// directories where full is set.
func findAccounts(ctx context.Context, tx *sql.Tx, n int64, count int, full bool) ([]*account, error) {
	columns := accountColumns
	if !full {
		columns = strings.TrimSuffix(columns, "ad, m365, match") + "NULL, NULL, NULL"
	}
	// The order of the index that is used, and so nearly that of the table: what
	// is changed later is then written in that order too.
	rows, err := tx.QueryContext(ctx, `SELECT n, `+columns+` FROM accounts WHERE customer = ? ORDER BY state, n`, n)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	accounts := make([]*account, 0, count)
	for rows.Next() {
		a := &account{}
		if err := rows.Scan(append([]any{&a.n}, a.fields()...)...); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, rows.Err()
}

// accountChange is one account before and after a run: before is nil for a new
// account, after for a deleted one.
type accountChange struct{ before, after *account }

// run is the record of one change of the registry.
type run struct {
	tx  *sql.Tx
	id  int64
	seq int
}

// beginRun records that a command changes a customer, provided that the
// customer is still the one that the change was decided from.
func (im *Importer) beginRun(ctx context.Context, tx *sql.Tx, c customer, command string) (*run, error) {
	res, err := tx.ExecContext(ctx, `UPDATE customers SET revision = revision + 1 WHERE n = ? AND revision = ?`, c.n, c.revision)
	if err != nil {
		return nil, err
	}
	if n, err := res.RowsAffected(); err != nil || n != 1 {
		return nil, errors.Join(errMoved, err)
	}
	return im.recordRun(ctx, tx, c, command)
}

// recordRun records a run on a customer that this transaction made or locked.
func (im *Importer) recordRun(ctx context.Context, tx *sql.Tx, c customer, command string) (*run, error) {
	res, err := tx.ExecContext(ctx, `INSERT INTO runs (customer, customer_name, command, at) VALUES (?, ?, ?, ?)`,
		c.id, c.name, command, timestamp(im.now()))
	if err != nil {
		return nil, err
	}
	id, err := res.LastInsertId()
	return &run{tx: tx, id: id}, err
}

// errMoved says that the registry changed between decision and transaction.
var errMoved = errors.New("the customer was changed by another process meanwhile")

const insertChange = `INSERT INTO changes (run, seq, entity, id, before, after) VALUES (?, ?, ?, ?, ?, ?)`

// record notes one change of the run. before and after are marshalled; nil is
// something that does not exist.
func (r *run) record(ctx context.Context, entity, id string, before, after any) error {
	b, err := marshalChange(before)
	if err != nil {
		return err
	}
	a, err := marshalChange(after)
	if err != nil {
		return err
	}
	r.seq++
	_, err = r.tx.ExecContext(ctx, insertChange, r.id, r.seq, entity, id, b, a)
	return err
}

func marshalChange(v any) (any, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

// writeAccounts applies account changes and records each. What gives a mailbox
// up is written before what takes one.
func (im *Importer) writeAccounts(ctx context.Context, r *run, c customer, changes []accountChange) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", len(accountColumnNames)), ", ")
	insert, err := r.tx.PrepareContext(ctx, `INSERT INTO accounts (customer, `+accountColumns+`) VALUES (?, `+marks+`)`)
	if err != nil {
		return err
	}
	defer func() { _ = insert.Close() }()
	update, err := r.tx.PrepareContext(ctx, `UPDATE accounts SET (`+accountColumns+`) = (`+marks+`) WHERE n = ?`)
	if err != nil {
		return err
	}
	defer func() { _ = update.Close() }()
	note, err := r.tx.PrepareContext(ctx, insertChange)
	if err != nil {
		return err
	}
	defer func() { _ = note.Close() }()

	now := timestamp(im.now())
	// The driver watches a context that can end with a goroutine for every
	// statement; looking at it now and then does as well.
	interrupt, ctx := ctx, context.WithoutCancel(ctx)
	for _, releases := range []bool{true, false} {
		for i, ch := range changes {
			if i%256 == 0 && interrupt.Err() != nil {
				return context.Cause(interrupt)
			}
			if (ch.after == nil || ch.after.m365ID == "") != releases {
				continue
			}
			id := ""
			var before, after any
			switch {
			case ch.before == nil:
				a := ch.after
				a.id = newID()
				id, after = a.id, a.created()
				_, err = insert.ExecContext(ctx, append([]any{c.n}, a.values()...)...)
			case ch.after == nil:
				id, before = ch.before.id, columns(ch.before, nil)
				_, err = r.tx.ExecContext(ctx, `DELETE FROM accounts WHERE n = ?`, ch.before.n)
			default:
				ch.after.updatedAt = now
				changed := columns(ch.after, ch.before)
				delete(changed, "ad") // the row itself holds what was read
				delete(changed, "m365")
				id, before, after = ch.before.id, columns(ch.before, ch.after), changed
				_, err = update.ExecContext(ctx, append(ch.after.values(), ch.before.n)...)
			}
			if err != nil {
				return err
			}
			b, err := marshalChange(before)
			if err != nil {
				return err
			}
			a, err := marshalChange(after)
			if err != nil {
				return err
			}
			r.seq++
			if _, err := note.ExecContext(ctx, r.id, r.seq, "account", id, b, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// columns names the columns of an account with their values: all that are set,
// or only those that differ from another version of it.
func columns(a, other *account) map[string]any {
	m := map[string]any{}
	values := a.values()
	var others []any
	if other != nil {
		others = other.values()
	}
	for i, name := range accountColumnNames {
		if others == nil && values[i] != nil || others != nil && values[i] != others[i] {
			m[name] = values[i]
		}
	}
	return m
}

// createdAccount is what the history keeps of a new account, by column. The row
// itself holds what was read from the directories.
type createdAccount struct {
	State       string   `json:"state"`
	DisplayName string   `json:"display_name"`
	Username    string   `json:"username"`
	UPN         string   `json:"upn"`
	Email       string   `json:"email"`
	EmailSource optional `json:"email_source,omitempty"`
	EmailIssue  optional `json:"email_issue,omitempty"`
	ADID        optional `json:"ad_id,omitempty"`
	ADDN        optional `json:"ad_dn,omitempty"`
	M365ID      optional `json:"m365_id,omitempty"`
	M365UPN     optional `json:"m365_upn,omitempty"`
}

func (a *account) created() createdAccount {
	return createdAccount{
		a.state, a.displayName, a.username, a.upn, a.email, a.emailSource, a.emailIssue, a.adID, a.adDN, a.m365ID, a.m365UPN,
	}
}

// newID makes an id whose order is that of time, which keeps indexes compact.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
