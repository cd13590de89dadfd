package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"slices"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

func readResetters(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var row directoryRow
		if err := rows.Scan(row.fields()...); err != nil {
			return err
		}
		d, err := row.directory()
		c.Resetters[d.Kind] = d
		return err
	}, `SELECT kind, connection, identity, connected_at FROM resetters WHERE customer = ?`, c.n)
}

// readWaiting counts the passwords that wait for something, and reads how far they
// were looked for.
func readWaiting(ctx context.Context, tx *sql.Tx, c customer) error {
	err := query(ctx, tx, func(rows *sql.Rows) error {
		var state string
		var n int
		err := rows.Scan(&state, &n)
		c.Waiting[state] = n
		return err
	}, `SELECT state, count(*) FROM passwords WHERE customer = ? AND state <> '' GROUP BY state`, c.n)
	if err != nil {
		return err
	}
	return query(ctx, tx, func(rows *sql.Rows) error {
		var cursor string
		if err := rows.Scan(&cursor); err != nil {
			return err
		}
		c.Snapshot.Cursor = &source.PasswordCursor{}
		if err := json.Unmarshal([]byte(cursor), c.Snapshot.Cursor); err != nil {
			return registry.Damaged(err, "password cursor")
		}
		return nil
	}, `SELECT password_cursor FROM customers WHERE n = ? AND password_cursor IS NOT NULL`, c.n)
}

// readAccountsOf reads the accounts of some users of AD.
func readAccountsOf(ctx context.Context, tx *sql.Tx, n int64, ids []string) ([]*registry.Account, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return readAccounts(ctx, tx, len(ids), `WHERE customer = ? AND ad_id IN (SELECT value FROM json_each(?)) ORDER BY n`, n, string(list))
}

// readPasswords reads what is known of the passwords of all accounts, or of those
// that were read.
func readPasswords(ctx context.Context, tx *sql.Tx, c customer, all bool) error {
	visit := func(rows *sql.Rows) error {
		var record string
		if err := rows.Scan(&record); err != nil {
			return err
		}
		var p registry.Password
		if err := json.Unmarshal([]byte(record), &p); err != nil {
			return registry.Damaged(err, "record of a password")
		}
		c.Passwords[p.Account] = p
		return nil
	}
	if all {
		return query(ctx, tx, visit, `SELECT record FROM passwords WHERE customer = ?`, c.n)
	}
	for _, a := range c.Accounts {
		if err := query(ctx, tx, visit, `SELECT record FROM passwords WHERE customer = ? AND account = ?`, c.n, a.ID); err != nil {
			return err
		}
	}
	return nil
}

// numbered are passwords whose resets know the run in which they are meant.
func numbered(passwords []registry.Password, run int64) []registry.Password {
	list := slices.Clone(passwords)
	for i, p := range list {
		reset := *p.Reset
		reset.Run = run
		list[i].Reset = &reset
	}
	return list
}

// writePasswords writes what became known of passwords, beside what is known already;
// with says how the two go together.
func (w *writer) writePasswords(n int64, passwords []registry.Password, with func(known, note registry.Password) registry.Password) error {
	for _, p := range passwords {
		var text string
		var known registry.Password
		err := w.tx.QueryRowContext(w.ctx, `SELECT record FROM passwords WHERE customer = ? AND account = ?`, n, p.Account).Scan(&text)
		switch {
		case errors.Is(err, sql.ErrNoRows):
		case err != nil:
			return err
		case json.Unmarshal([]byte(text), &known) != nil:
			return registry.Damaged(nil, "record of a password")
		}
		after := with(known, p)
		record, err := json.Marshal(after)
		if err != nil {
			return err
		}
		if err := w.do(`INSERT INTO passwords (customer, account, state, record) VALUES (?, ?, ?, ?)
			ON CONFLICT (customer, account) DO UPDATE SET state = excluded.state, record = excluded.record`, n, p.Account, after.State(), string(record)); err != nil {
			return err
		}
	}
	return nil
}

// Note writes what became known of passwords.
func (s *Store) Note(ctx context.Context, customerID string, note registry.PasswordNote) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		w := &writer{tx: tx, ctx: context.WithoutCancel(ctx), interrupt: ctx, statements: map[string]*sql.Stmt{}}
		return w.note(customerID, note)
	})
}

func (w *writer) note(customerID string, note registry.PasswordNote) error {
	var n int64
	err := w.tx.QueryRowContext(w.ctx, `SELECT n FROM customers WHERE id = ?`, customerID).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return registry.ErrMoved
	}
	if err != nil {
		return err
	}
	is := "="
	if note.TakeUp {
		is = "<"
	}
	for _, p := range note.Passwords {
		if note.Run == 0 {
			continue
		}
		if err := w.hasSides(n, p, !note.TakeUp); err != nil {
			return err
		}
		// The one who meant the reset, or took it up last, says what came of it.
		res, err := w.exec(`UPDATE passwords SET state = state WHERE customer = ? AND account = ?
			AND json_extract(record, '$.reset.id') = ? AND json_extract(record, '$.reset.attempt') `+is+` ?`, n, p.Account, p.Reset.ID, p.Reset.Attempt)
		if err != nil {
			return err
		}
		if found, err := res.RowsAffected(); err != nil || found != 1 {
			return orMoved(err)
		}
		after, err := json.Marshal(p.Reset)
		if err != nil {
			return err
		}
		if err := w.do(`UPDATE changes SET after = ? WHERE run = ? AND entity = ? AND id = ?`, string(after), note.Run, registry.EntityPassword, p.Account); err != nil {
			return err
		}
	}
	with := registry.Password.WithCheck
	if note.Run != 0 {
		with = registry.Password.WithReset
	}
	if err := w.writePasswords(n, note.Passwords, with); err != nil {
		return err
	}
	if note.Cursor == nil {
		return nil
	}
	cursor, err := json.Marshal(note.Cursor)
	if err != nil {
		return err
	}
	return w.do(`UPDATE customers SET password_cursor = ? WHERE n = ?`, string(cursor), n)
}

// hasSides makes sure that the account of a reset is there still and, where something
// is sent, that it goes to the account's own users.
func (w *writer) hasSides(n int64, p registry.Password, sends bool) error {
	var onPrem, cloud string
	err := w.tx.QueryRowContext(w.ctx, `SELECT coalesce(ad_id, ''), coalesce(m365_id, '') FROM accounts WHERE customer = ? AND id = ?`, n, p.Account).Scan(&onPrem, &cloud)
	if errors.Is(err, sql.ErrNoRows) {
		return registry.ErrParted
	}
	for side, has := range map[*registry.ResetSide]string{p.Reset.AD: onPrem, p.Reset.M365: cloud} {
		if err == nil && sends && side != nil && side.Outcome == registry.ResetSending && side.ID != has {
			return registry.ErrParted
		}
	}
	return err
}

func orMoved(err error) error {
	if err != nil {
		return err
	}
	return registry.ErrMoved
}
