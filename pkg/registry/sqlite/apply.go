package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// changeFormat is that of the changes which [registry.Change.Encode] makes.
const changeFormat = 2

// Apply writes change sets in one transaction.
func (s *Store) Apply(ctx context.Context, sets ...registry.ChangeSet) ([]int64, error) {
	var runs []int64
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		// The driver watches a context that can end with a goroutine for every
		// statement; looking at it now and then does as well.
		w := &writer{tx: tx, ctx: context.WithoutCancel(ctx), interrupt: ctx, statements: map[string]*sql.Stmt{}}
		var err error
		runs, err = w.apply(sets)
		return err
	})
	return runs, err
}

// writer writes change sets in a transaction. What gives a unique thing up (a
// name, an id, a mailbox) is written before what takes one.
type writer struct {
	tx         *sql.Tx
	ctx        context.Context
	interrupt  context.Context
	statements map[string]*sql.Stmt
	written    int
}

// exec runs a statement that is prepared once.
func (w *writer) exec(query string, args ...any) (sql.Result, error) {
	if w.written++; w.written%256 == 0 && w.interrupt.Err() != nil {
		return nil, context.Cause(w.interrupt)
	}
	stmt, ok := w.statements[query]
	if !ok {
		var err error
		if stmt, err = w.tx.PrepareContext(w.ctx, query); err != nil { // the transaction closes it
			return nil, err
		}
		w.statements[query] = stmt
	}
	return stmt.ExecContext(w.ctx, args...)
}

func (w *writer) do(query string, args ...any) error {
	_, err := w.exec(query, args...)
	return err
}

func (w *writer) apply(sets []registry.ChangeSet) ([]int64, error) {
	numbers := make([]int64, len(sets))
	for i := range sets {
		var err error
		if numbers[i], err = w.claim(&sets[i]); err != nil {
			return nil, err
		}
	}
	for i := range sets {
		for _, c := range sets[i].Changes {
			if err := w.release(numbers[i], c); err != nil {
				return nil, err
			}
		}
	}
	runs := make([]int64, len(sets))
	for i := range sets {
		n := numbers[i]
		for _, c := range sets[i].Changes {
			if err := w.write(&n, c); err != nil {
				return nil, err
			}
		}
		if err := w.writeKnowledge(n, &sets[i]); err != nil {
			return nil, err
		}
		if len(sets[i].Changes) == 0 {
			continue
		}
		var err error
		if runs[i], err = w.record(&sets[i]); err != nil {
			return nil, err
		}
		if err := w.writePasswords(n, numbered(sets[i].Passwords, runs[i]), registry.Password.WithReset); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// claim makes sure that a customer is still the one that the change was decided
// from, and returns the number of its row; 0 for one that is to be made.
func (w *writer) claim(cs *registry.ChangeSet) (n int64, err error) {
	if cs.Revision == 0 {
		return 0, nil
	}
	err = w.tx.QueryRowContext(w.ctx, `UPDATE customers SET revision = revision + 1 WHERE id = ? AND revision = ? RETURNING n`, cs.CustomerID, cs.Revision).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, registry.ErrMoved
	}
	return n, err
}

// release gives up what another change of the same transaction may take.
func (w *writer) release(n int64, c registry.Change) error {
	switch before := c.Before.(type) {
	case *registry.Customer:
		after, _ := c.After.(*registry.Customer)
		if after == nil {
			return nil // goes last, with all that is his
		}
		if after.Key != before.Key {
			if err := w.do(`UPDATE customers SET name_key = id WHERE n = ?`, n); err != nil {
				return err
			}
		}
		for system, value := range before.ExternalIDs {
			if after.ExternalIDs[system] != value {
				if err := w.do(`DELETE FROM external_ids WHERE customer = ? AND system = ?`, n, system); err != nil {
					return err
				}
			}
		}
	case *registry.Decision:
		return w.do(`DELETE FROM decisions WHERE customer = ? AND ad_id = ? AND m365_id = ?`, n, before.ADID, before.M365ID)
	case *registry.Account:
		after, _ := c.After.(*registry.Account)
		if after == nil {
			return w.do(`DELETE FROM accounts WHERE id = ?`, before.ID)
		}
		if was := before.LinkID(source.AD); was != "" && was != after.LinkID(source.AD) {
			if err := w.do(`UPDATE accounts SET ad_id = 'given up by ' || id WHERE id = ?`, before.ID); err != nil {
				return err
			}
		}
		if before.AD != nil && givesUpMailbox(before, after) {
			return w.do(`UPDATE accounts SET m365_id = NULL, m365_status = NULL WHERE id = ?`, before.ID)
		}
	}
	return nil
}

// write writes one change. The number of a customer that is made is set in n.
func (w *writer) write(n *int64, c registry.Change) error {
	switch after := c.After.(type) {
	case nil:
		return w.remove(*n, c)
	case *registry.Customer:
		return w.writeCustomer(n, c.Before, after)
	case *registry.Directory:
		connection, err := json.Marshal(after.Connection)
		if err != nil {
			return err
		}
		return w.do(`INSERT INTO `+directoryTable(after)+` (customer, kind, connection, identity, connected_at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (customer, kind) DO UPDATE SET connection = excluded.connection, identity = excluded.identity, connected_at = excluded.connected_at`,
			*n, after.Kind, string(connection), after.Identity, timestamp(after.ConnectedAt))
	case *registry.Selection:
		body, err := json.Marshal(after)
		if err != nil {
			return err
		}
		return w.do(`REPLACE INTO selections (customer, scope, selection) VALUES (?, ?, ?)`, *n, c.ID, string(body))
	case *registry.Decision:
		return w.do(`INSERT INTO decisions (customer, ad_id, m365_id, verdict, reason, ad_name, m365_name, decided_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			*n, after.ADID, after.M365ID, after.Verdict, after.Reason, after.ADName, after.M365Name, timestamp(after.DecidedAt))
	case *registry.Dismissal:
		return w.do(`REPLACE INTO dismissals (customer, kind, id, name, dismissed_at) VALUES (?, ?, ?, ?, ?)`, *n, after.Kind, after.ID, after.Name, timestamp(after.At))
	case *registry.Invitation:
		if err := w.unsend(*n, after.Key()); err != nil { // the run says what became of it
			return err
		}
		return w.do(`REPLACE INTO invitations (customer, account, app, name, email, way, message, at, done_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			*n, after.Account, after.App, after.Name, after.Email, string(after.Way), after.Message, timestamp(after.At), timestamp(after.DoneAt))
	case *registry.Account:
		before, _ := c.Before.(*registry.Account)
		if before == nil {
			return w.insert(*n, after)
		}
		return w.update(before, after)
	case *registry.Reset: // what is meant stands in the run; the password is knowledge
		return nil
	}
	return fmt.Errorf("a change of an unknown kind: %T", c.After)
}

// remove takes away what [writer.release] has not.
func (w *writer) remove(n int64, c registry.Change) error {
	switch before := c.Before.(type) {
	case *registry.Directory:
		return w.do(`DELETE FROM `+directoryTable(before)+` WHERE customer = ? AND kind = ?`, n, before.Kind)
	case *registry.Selection:
		return w.do(`DELETE FROM selections WHERE customer = ? AND scope = ?`, n, c.ID)
	case *registry.Dismissal:
		return w.do(`DELETE FROM dismissals WHERE customer = ? AND kind = ? AND id = ?`, n, before.Kind, before.ID)
	case *registry.Invitation:
		return w.do(`DELETE FROM invitations WHERE customer = ? AND account = ? AND app = ?`, n, before.Account, before.App)
	case *registry.Customer:
		return w.do(`DELETE FROM customers WHERE n = ?`, n)
	}
	return nil
}

// directoryTable is where a directory is kept by its role.
func directoryTable(d *registry.Directory) string {
	if d.Connection.Role == source.RoleReset {
		return "resetters"
	}
	return "directories"
}

func (w *writer) writeCustomer(n *int64, before any, c *registry.Customer) error {
	was, _ := before.(*registry.Customer)
	if was == nil {
		err := w.tx.QueryRowContext(w.ctx, `INSERT INTO customers (id, name, name_key, password_sync, new_people, match_by, revision, created_at) VALUES (?, ?, ?, ?, ?, ?, 1, ?) RETURNING n`,
			c.ID, c.Name, c.Key, c.PasswordSync, c.NewPeople, c.MatchBy, timestamp(c.CreatedAt)).Scan(n)
		if err != nil {
			return moved(err)
		}
		was = &registry.Customer{}
	} else if err := w.do(`UPDATE customers SET name = ?, name_key = ?, password_sync = ?, new_people = ?, match_by = ? WHERE n = ?`, c.Name, c.Key, c.PasswordSync, c.NewPeople, c.MatchBy, *n); err != nil {
		return moved(err)
	}
	for _, system := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
		if value := c.ExternalIDs[system]; value != was.ExternalIDs[system] {
			if err := w.do(`INSERT INTO external_ids (customer, system, value) VALUES (?, ?, ?)`, *n, system, value); err != nil {
				return moved(err)
			}
		}
	}
	return nil
}

// moved takes a refused customer for what it is: another one has the name or the
// id by now.
func moved(err error) error {
	if errors.Is(classify(err), ErrConstraint) {
		return fmt.Errorf("%w: %w", registry.ErrMoved, err)
	}
	return err
}

// accountValues are an account's values in the order of accountColumns.
func accountValues(a *registry.Account) ([]any, error) {
	var pairing sql.NullString
	if a.Pairing != nil {
		b, err := jsonv1.Marshal(a.Pairing)
		if err != nil {
			return nil, err
		}
		pairing = null(string(b))
	}
	var none registry.Link
	ad, m365 := cmp.Or(a.AD, &none), cmp.Or(a.M365, &none)
	return []any{
		a.ID, string(a.State), a.DisplayName, a.GivenName, a.Surname, a.Username, a.UPN, a.Email, null(a.EmailSource), null(a.EmailIssue),
		null(ad.ID), null(ad.Name), null(ad.Status), timestamp(ad.Since), null(ad.Privileged), timestamp(ad.PrivilegedSince),
		null(m365.ID), null(m365.Name), null(m365.Status), timestamp(m365.Since), null(m365.Privileged), timestamp(m365.PrivilegedSince),
		pairing, timestamp(a.ImportedAt), timestamp(a.UpdatedAt),
	}, nil
}

func (w *writer) insert(n int64, a *registry.Account) error {
	values, err := accountValues(a)
	if err != nil {
		return err
	}
	return w.do(insertAccount, append([]any{n}, values...)...)
}

var insertAccount = `INSERT INTO accounts (customer, ` + accountColumns + `) VALUES (?` + strings.Repeat(`, ?`, len(accountColumnNames)) + `)`

var accountColumnNames = strings.Split(strings.Join(strings.Fields(accountColumns), ""), ",")

func givesUpMailbox(before, after *registry.Account) bool {
	was := before.LinkID(source.M365)
	return was != "" && was != after.LinkID(source.M365)
}

// update writes the columns that differ: SQLite rewrites each index of a column
// that is set, whatever to.
func (w *writer) update(before, after *registry.Account) error {
	was, err := accountValues(before)
	if err != nil {
		return err
	}
	is, err := accountValues(after)
	if err != nil {
		return err
	}
	var set strings.Builder
	args := make([]any, 0, len(is))
	released := givesUpMailbox(before, after)
	for i, name := range accountColumnNames {
		if was[i] == is[i] && !(released && name == "m365_status") {
			continue
		}
		if len(args) > 0 {
			set.WriteString(", ")
		}
		set.WriteString(name)
		set.WriteString(" = ?")
		args = append(args, is[i])
	}
	return w.do(`UPDATE accounts SET `+set.String()+` WHERE id = ?`, append(args, before.ID)...)
}

// writeKnowledge writes what was learnt of the directories, and of the pairs.
func (w *writer) writeKnowledge(n int64, cs *registry.ChangeSet) error {
	for _, p := range cs.People {
		if err := w.writePeople(n, p); err != nil {
			return err
		}
	}
	if err := w.writeReported(n, cs.Reported); err != nil {
		return err
	}
	for kind, f := range cs.Failures {
		if err := w.do(`UPDATE directories SET failed_at = ?, failure = ?, failure_text = ? WHERE customer = ? AND kind = ?`, timestamp(f.At), f.Code, f.Text, n, kind); err != nil {
			return err
		}
	}
	for _, v := range cs.Mailings {
		if err := w.do(`REPLACE INTO mailings (customer, account, app, name, email, way, message, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			n, v.Account, v.App, v.Name, v.Email, string(v.Way), v.Message, timestamp(v.At)); err != nil {
			return err
		}
	}
	for _, key := range cs.Unsent {
		if err := w.unsend(n, key); err != nil {
			return err
		}
	}
	if cs.Doubtful == nil {
		return nil
	}
	return w.do(`UPDATE customers SET doubtful = ? WHERE n = ?`, *cs.Doubtful, n)
}

func (w *writer) unsend(n int64, key registry.InvitationKey) error {
	return w.do(`DELETE FROM mailings WHERE customer = ? AND account = ? AND app = ?`, n, key.Account, key.App)
}

// writePeople writes how a read of a directory differs from what was known.
func (w *writer) writePeople(n int64, p *registry.PeopleChange) error {
	if p.Empty() {
		return nil
	}
	var failed error
	err := p.Records(func(id, record string) bool {
		failed = w.do(`INSERT INTO people (customer, kind, id, user) VALUES (?, ?, ?, ?)
			ON CONFLICT (customer, kind, id) DO UPDATE SET missing = NULL, user = excluded.user`, n, p.Kind, id, record)
		return failed == nil
	})
	if err := errors.Join(err, failed); err != nil {
		return err
	}
	at := timestamp(p.Read.At)
	for _, id := range p.Gone {
		if err := w.do(`UPDATE people SET missing = ? WHERE customer = ? AND kind = ? AND id = ?`, at, n, p.Kind, id); err != nil {
			return err
		}
	}
	return w.do(`UPDATE directories SET last_read = ?, people = ?, failed_at = NULL, failure = NULL, failure_text = NULL WHERE customer = ? AND kind = ?`, at, p.Read.People, n, p.Kind)
}

// record writes the run and its changes.
func (w *writer) record(cs *registry.ChangeSet) (int64, error) {
	r := cs.Run
	var undoes sql.NullInt64
	if r.Undoes != 0 {
		undoes = sql.NullInt64{Int64: r.Undoes, Valid: true}
	}
	res, err := w.exec(`INSERT INTO runs (customer, customer_name, command, at, batch, by, version, params, plan_hash, undoes, format)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, cs.CustomerID, r.CustomerName, r.Command, timestamp(r.At), r.Batch, r.By, r.Version,
		null(string(r.Params)), r.PlanHash, undoes, changeFormat)
	if err != nil {
		return 0, err
	}
	run, err := res.LastInsertId()
	if err != nil {
		return 0, err
	}
	// Some at a time: all of a large import at once would take its size again.
	const some = 4096
	seq := 0
	for changes := range slices.Chunk(cs.Changes, some) {
		stored, err := registry.EncodeAll(changes)
		if err != nil {
			return 0, err
		}
		for _, c := range stored {
			seq++
			if err := w.do(`INSERT INTO changes (run, seq, entity, id, name, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)`,
				run, seq, c.Entity, c.ID, c.Name, null(string(c.Before)), null(string(c.After))); err != nil {
				return 0, err
			}
		}
	}
	return run, nil
}

// Prune forgets runs with what they changed.
func (s *Store) Prune(ctx context.Context, runs ...int64) error {
	return s.inTx(ctx, func(tx *sql.Tx) error {
		w := &writer{tx: tx, ctx: context.WithoutCancel(ctx), interrupt: ctx, statements: map[string]*sql.Stmt{}}
		for _, run := range runs {
			for _, statement := range []string{
				`UPDATE runs SET undoes = NULL WHERE undoes = ?`,
				`DELETE FROM changes WHERE run = ?`,
				`DELETE FROM runs WHERE id = ?`,
			} {
				if err := w.do(statement, run); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
