package tables

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/qpimport/qpimport/pkg/registry"
)

func (r *reader) readResetters() error {
	var row directoryRow
	return r.each(func(s *registry.Snapshot) error {
		d, err := row.directory()
		s.Resetters[d.Kind] = d
		return err
	}, `SELECT customer, kind, connection, identity, connected_at FROM resetters WHERE customer`+r.of, row.fields()...)
}

// readWaiting counts the passwords that wait for something.
func (r *reader) readWaiting() error {
	var state string
	var n int
	return r.each(func(s *registry.Snapshot) error {
		s.Waiting[state] = n
		return nil
	}, `SELECT customer, state, count(*) FROM passwords WHERE customer`+r.of+` AND state <> '' GROUP BY customer, state`, &state, &n)
}

// readPasswords reads what is known of the passwords of all accounts, or of those
// that were read.
func readPasswords(tx Tx, n int64, s *registry.Snapshot, all bool) error {
	const statement = `SELECT record FROM passwords WHERE customer = $1`
	visit := func(scan func(...any) error) error {
		p, err := scanPassword(scan)
		s.Passwords[p.Account] = p
		return err
	}
	if all {
		return tx.Query(visit, statement, n)
	}
	for _, a := range s.Accounts {
		if err := tx.Query(visit, statement+` AND account = $2`, n, a.ID); err != nil {
			return err
		}
	}
	return nil
}

func scanPassword(scan func(...any) error) (p registry.Password, err error) {
	var record string
	if err := scan(&record); err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(record), &p); err != nil {
		return p, registry.Damaged(err, "record of a password")
	}
	return p, nil
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

// known is what is known of the password of an account.
func (w *writer) known(n int64, account string) (p registry.Password, err error) {
	err = w.tx.Query(func(scan func(...any) error) (err error) {
		p, err = scanPassword(scan)
		return err
	}, `SELECT record FROM passwords WHERE customer = $1 AND account = $2`, n, account)
	return p, err
}

// writePasswords writes what became known of passwords, beside what is known already;
// with says how the two go together.
func (w *writer) writePasswords(n int64, passwords []registry.Password, with func(known, note registry.Password) registry.Password) error {
	for _, p := range passwords {
		known, err := w.known(n, p.Account)
		if err != nil {
			return err
		}
		after := with(known, p)
		record, err := json.Marshal(after)
		if err != nil {
			return err
		}
		if err := w.tx.Do(`INSERT INTO passwords (customer, account, state, record) VALUES ($1, $2, $3, $4)
			ON CONFLICT (customer, account) DO UPDATE SET state = excluded.state, record = excluded.record`, n, p.Account, after.State(), string(record)); err != nil {
			return err
		}
	}
	return nil
}

// Note writes what became known of passwords.
func (s Store) Note(ctx context.Context, customerID string, note registry.PasswordNote) error {
	return s.in(ctx, true, func(tx Tx) error { return (&writer{tx: tx}).note(customerID, note) })
}

func (w *writer) note(customerID string, note registry.PasswordNote) error {
	var n int64
	err := w.tx.Query(func(scan func(...any) error) error { return scan(&n) }, `SELECT n FROM customers WHERE id = $1`+w.tx.Dialect().Locked, customerID)
	if err != nil {
		return err
	}
	if n == 0 {
		return registry.ErrMoved
	}
	with := registry.Password.WithCheck
	if note.Run != 0 {
		with = registry.Password.WithReset
		for _, p := range note.Passwords {
			if err := w.complete(n, note, p); err != nil {
				return err
			}
		}
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
	return w.tx.Do(`UPDATE customers SET password_cursor = $1 WHERE n = $2`, string(cursor), n)
}

// complete writes into a run what came of a reset. The one who meant it, or took it
// up last, says so.
func (w *writer) complete(n int64, note registry.PasswordNote, p registry.Password) error {
	if err := w.hasSides(n, p, !note.TakeUp); err != nil {
		return err
	}
	known, err := w.known(n, p.Account)
	if err != nil {
		return err
	}
	if is := known.Reset; is == nil || is.ID != p.Reset.ID || note.TakeUp != (is.Attempt < p.Reset.Attempt) || !note.TakeUp && is.Attempt != p.Reset.Attempt {
		return registry.ErrMoved
	}
	after, err := json.Marshal(p.Reset)
	if err != nil {
		return err
	}
	return w.tx.Do(`UPDATE changes SET after = $1 WHERE run = $2 AND entity = $3 AND id = $4`, string(after), note.Run, string(registry.EntityPassword), p.Account)
}

// hasSides makes sure that the account of a reset is there still and, where something
// is sent, that it goes to the account's own users.
func (w *writer) hasSides(n int64, p registry.Password, sends bool) error {
	var onPrem, cloud Text
	there := false
	err := w.tx.Query(func(scan func(...any) error) error {
		there = true
		return scan(&onPrem, &cloud)
	}, `SELECT ad_id, m365_id FROM accounts WHERE customer = $1 AND id = $2`, n, p.Account)
	if err == nil && !there {
		return registry.ErrParted
	}
	for side, has := range map[*registry.ResetSide]Text{p.Reset.AD: onPrem, p.Reset.M365: cloud} {
		if err == nil && sends && side != nil && side.Outcome == registry.ResetSending && side.ID != string(has) {
			return registry.ErrParted
		}
	}
	return err
}

func (r *reader) readReported() error {
	var at string
	var run int64
	return r.each(func(s *registry.Snapshot) (err error) {
		s.Reported.Run = run
		s.Reported.At, err = parseTime(at)
		return err
	}, `SELECT customer, at, run FROM reports WHERE customer`+r.of, &at, &run)
}
