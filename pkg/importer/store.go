package importer

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

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
	ad_id, ad_dn, ad_status, m365_id, m365_upn, m365_status, match, imported_at, updated_at`

var accountColumnNames = strings.Split(strings.Join(strings.Fields(accountColumns), ""), ",")

func (a *account) fields() []any {
	return []any{
		&a.id, &a.state, &a.displayName, &a.givenName, &a.surname, &a.username, &a.upn, &a.email, &a.emailSource, &a.emailIssue,
		&a.adID, &a.adDN, &a.adStatus, &a.m365ID, &a.m365UPN, &a.m365Status, &a.match, &a.importedAt, &a.updatedAt,
	}
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
		*c = c.Normalize("") // an older version may have spelled it otherwise
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
	query := `SELECT n, NULL, NULL, ` + accountColumns + ` FROM accounts`
	if full {
		query = `SELECT n, ad_users.user, m365_users.user, ` + accountColumns + ` FROM accounts
			LEFT JOIN ad_users ON ad_users.account = n LEFT JOIN m365_users ON m365_users.account = n`
	}
	// The order of the index that is used, and so nearly that of the table: what
	// is changed later is then written in that order too.
	rows, err := tx.QueryContext(ctx, query+` WHERE customer = ? ORDER BY state, n`, n)
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }()
	accounts := make([]*account, 0, count)
	for rows.Next() {
		a := &account{}
		if err := rows.Scan(append([]any{&a.n, &a.ad, &a.m365}, a.fields()...)...); err != nil {
			return nil, err
		}
		accounts = append(accounts, a)
	}
	return accounts, rows.Err()
}

// accountChange is one account before and after a run: before is nil for a new
// account, after for a deleted one.
type accountChange struct{ before, after *account }

// run is the record of one change of the registry, and writes it.
type run struct {
	tx         *sql.Tx
	id         int64
	seq        int
	statements map[string]*sql.Stmt
}

// exec runs a statement that is prepared once a run.
func (r *run) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, ok := r.statements[query]
	if !ok {
		var err error
		if stmt, err = r.tx.PrepareContext(ctx, query); err != nil { // the transaction closes it
			return nil, err
		}
		r.statements[query] = stmt
	}
	return stmt.ExecContext(ctx, args...)
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
	return &run{tx: tx, id: id, statements: map[string]*sql.Stmt{}}, err
}

// errMoved says that the registry changed between decision and transaction.
var errMoved = errors.New("the customer was changed by another process meanwhile")

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
	return r.note(ctx, entity, id, b, a)
}

func marshalChange(v any) (optional, error) {
	if v == nil {
		return "", nil
	}
	b, err := json.Marshal(v)
	return optional(b), err
}

// note is record of JSON objects, "" where there is none.
func (r *run) note(ctx context.Context, entity, id string, before, after optional) error {
	r.seq++
	_, err := r.exec(ctx, `INSERT INTO changes (run, seq, entity, id, before, after) VALUES (?, ?, ?, ?, ?, ?)`, r.id, r.seq, entity, id, before, after)
	return err
}

// writeAccounts applies account changes and records each. What gives a mailbox
// up is written before what takes one.
func (im *Importer) writeAccounts(ctx context.Context, r *run, c customer, changes []accountChange) error {
	var first int64 // of the new accounts; SQLite numbers them in order
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
			var err error
			switch {
			case ch.before == nil:
				err = r.insertAccount(ctx, c, ch.after)
				first = cmp.Or(first, ch.after.n)
			case ch.after == nil:
				err = r.deleteAccount(ctx, ch.before)
			default:
				ch.after.updatedAt = now
				err = r.updateAccount(ctx, ch.before, ch.after)
			}
			if err != nil {
				return err
			}
		}
	}
	if first == 0 {
		return nil
	}
	return r.recordNew(ctx, first)
}

// insertAccount writes a new account, which [run.recordNew] is to record.
func (r *run) insertAccount(ctx context.Context, c customer, a *account) error {
	a.id = newID()
	res, err := r.exec(ctx, `INSERT INTO accounts (customer, `+accountColumns+`)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append([]any{c.n}, a.fields()...)...)
	if err != nil {
		return err
	}
	if a.n, err = res.LastInsertId(); err != nil {
		return err
	}
	return r.writeUsers(ctx, a.n, &account{}, a)
}

// recordNew records the accounts from the first new one on: with what tells who
// it is, since the row holds the rest.
func (r *run) recordNew(ctx context.Context, first int64) error {
	res, err := r.tx.ExecContext(ctx, `INSERT INTO changes (run, seq, entity, id, after)
		SELECT ?, ? + n, 'account', id, json_object('state', state, 'display_name', display_name, 'username', username, 'upn', upn,
			'email', email, 'email_source', email_source, 'email_issue', email_issue,
			'ad_id', ad_id, 'ad_dn', ad_dn, 'm365_id', m365_id, 'm365_upn', m365_upn)
		FROM accounts WHERE n >= ? ORDER BY n`, r.id, int64(r.seq)+1-first, first)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	r.seq += int(n)
	return err
}

func (r *run) deleteAccount(ctx context.Context, a *account) error {
	if _, err := r.exec(ctx, `DELETE FROM accounts WHERE n = ?`, a.n); err != nil {
		return err
	}
	before, _ := difference(a, &account{}, ignore)
	return r.note(ctx, "account", a.id, before, "")
}

// updateAccount writes the columns that differ: SQLite rewrites each index of a
// column that is set, whatever to.
func (r *run) updateAccount(ctx context.Context, before, after *account) error {
	set, args := "", []any{}
	was, is := difference(before, after, func(column string, value any) {
		set += ", " + column + " = ?"
		args = append(args, value)
	})
	_, err := r.exec(ctx, `UPDATE accounts SET `+strings.TrimPrefix(set, ", ")+` WHERE n = ?`, append(args, before.n)...)
	if err != nil {
		return err
	}
	if err := r.writeUsers(ctx, before.n, before, after); err != nil {
		return err
	}
	return r.note(ctx, "account", before.id, was, is)
}

// writeUsers writes what was read of an account's users, where that differs.
func (r *run) writeUsers(ctx context.Context, n int64, before, after *account) error {
	for _, u := range []struct {
		before, after optional
		set, remove   string
	}{
		{before.ad, after.ad, `REPLACE INTO ad_users (account, user) VALUES (?, ?)`, `DELETE FROM ad_users WHERE account = ?`},
		{before.m365, after.m365, `REPLACE INTO m365_users (account, user) VALUES (?, ?)`, `DELETE FROM m365_users WHERE account = ?`},
	} {
		var err error
		switch {
		case u.after == u.before:
		case u.after == "":
			_, err = r.exec(ctx, u.remove, n)
		default:
			_, err = r.exec(ctx, u.set, n, u.after)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// difference is how two versions of an account differ, as JSON objects by
// column. Of what is long, what was read from the directories and the reason of
// a match, it has what was there before: the registry holds what is there now.
// Each column that differs is offered to set, with what it is to be.
func difference(a, b *account, set func(column string, value any)) (before, after optional) {
	var x, y object
	p, q := a.fields(), b.fields()
	for i, name := range accountColumnNames {
		if u, v := text(p[i]), text(q[i]); u != v {
			x.add(name, u)
			if name != "match" {
				y.add(name, v)
			}
			set(name, q[i])
		}
	}
	if a.ad != b.ad {
		x.add("ad", text(&a.ad))
	}
	if a.m365 != b.m365 {
		x.add("m365", text(&a.m365))
	}
	return x.json(), y.json()
}

func ignore(string, any) {}

// text is what an element of [account.fields] points to.
func text(field any) sql.NullString {
	if o, ok := field.(*optional); ok {
		return sql.NullString{String: string(*o), Valid: *o != ""}
	}
	return sql.NullString{String: *field.(*string), Valid: true}
}

// object is a JSON object in the making.
type object []byte

func (o *object) add(name string, value sql.NullString) {
	*o = append(append(append(*o, `,"`...), name...), `":`...)
	switch {
	case !value.Valid:
		*o = append(*o, "null"...)
	case plain(value.String):
		*o = append(append(append(*o, '"'), value.String...), '"')
	default:
		*o = append(*o, mustJSON(value.String)...)
	}
}

// plain says that a text is the same in JSON, as most are.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

func (o object) json() optional {
	if len(o) == 0 {
		return "{}"
	}
	return optional("{" + string(o[1:]) + "}")
}

// newID makes an id whose order is that of time, which keeps indexes compact.
func newID() string { return uuid.Must(uuid.NewV7()).String() }
