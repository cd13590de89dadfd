package tables

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
func (s Store) Apply(ctx context.Context, sets ...registry.ChangeSet) ([]int64, error) {
	var runs []int64
	err := s.in(ctx, true, func(tx Tx) error {
		w := &writer{tx: tx, numbers: make([]int64, len(sets)), runs: make([]int64, len(sets))}
		runs = w.runs
		return w.apply(sets)
	})
	if err != nil {
		return nil, err
	}
	return runs, nil
}

// writer writes change sets in a transaction.
type writer struct {
	tx      Tx
	numbers []int64 // of the rows of their customers
	runs    []int64
}

// apply writes change sets, a step of all of them before the next, so that a server far
// away is waited for once a step and not for each customer. What gives a unique thing
// up (a name, an id, a mailbox) is written before what takes one.
func (w *writer) apply(sets []registry.ChangeSet) error {
	for _, step := range []struct {
		write func(i int, cs *registry.ChangeSet) error
		takes bool // names and ids; what is refused there is another customer's by now
	}{
		{write: w.claim},
		{write: w.releaseAll},
		{write: w.writeCustomer, takes: true},
		{write: w.writeExternalIDs, takes: true},
		{write: w.writeAll},
		{write: w.record},
		{write: w.recordChanges},
	} {
		var err error
		for i := range sets {
			if err = step.write(i, &sets[i]); err != nil {
				break
			}
		}
		if err == nil {
			err = w.tx.Flush()
		}
		if step.takes && err != nil && w.tx.Refused(err) {
			err = fmt.Errorf("%w: %w", registry.ErrMoved, err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// claim makes sure that a customer is still the one that the change was decided from.
// One that moved has no number then, as one that is to be made.
func (w *writer) claim(i int, cs *registry.ChangeSet) error {
	if cs.Revision == 0 {
		return nil
	}
	return w.tx.Ask(func(scan func(...any) error) error { return scan(&w.numbers[i]) },
		`UPDATE customers SET revision = revision + 1 WHERE id = $1 AND revision = $2 RETURNING n`, cs.CustomerID, cs.Revision)
}

func (w *writer) releaseAll(i int, cs *registry.ChangeSet) error {
	if cs.Revision != 0 && w.numbers[i] == 0 {
		return registry.ErrMoved
	}
	for _, c := range cs.Changes {
		if err := w.release(w.numbers[i], c); err != nil {
			return err
		}
	}
	return nil
}

// writeAll writes what changes but for the customer himself, and what was learnt.
func (w *writer) writeAll(i int, cs *registry.ChangeSet) error {
	n := w.numbers[i]
	for _, c := range cs.Changes {
		if err := w.write(n, c); err != nil {
			return err
		}
	}
	if err := w.tx.Insert(`accounts`, insertColumns, newAccounts(n, cs.Changes)); err != nil {
		return err
	}
	return w.writeKnowledge(n, cs)
}

// release gives up what another change of the same transaction may take.
func (w *writer) release(n int64, c registry.Change) error {
	switch before := c.Before.(type) {
	case *registry.Customer:
		after, _ := c.After.(*registry.Customer)
		if after == nil { // goes last, with all that is his
			if err := w.tx.Do(`UPDATE customers SET name_key = id WHERE n = $1`, n); err != nil {
				return err
			}
			return w.tx.Do(`DELETE FROM external_ids WHERE customer = $1`, n)
		}
		if after.Key != before.Key {
			if err := w.tx.Do(`UPDATE customers SET name_key = id WHERE n = $1`, n); err != nil {
				return err
			}
		}
		for system, value := range before.ExternalIDs {
			if after.ExternalIDs[system] != value {
				if err := w.tx.Do(`DELETE FROM external_ids WHERE customer = $1 AND system = $2`, n, system); err != nil {
					return err
				}
			}
		}
	case *registry.Decision:
		return w.tx.Do(`DELETE FROM decisions WHERE customer = $1 AND ad_id = $2 AND m365_id = $3`, n, before.ADID, before.M365ID)
	case *registry.Account:
		after, _ := c.After.(*registry.Account)
		if after == nil {
			return w.tx.Do(`DELETE FROM accounts WHERE id = $1`, before.ID)
		}
		if was := before.LinkID(source.AD); was != "" && was != after.LinkID(source.AD) {
			if err := w.tx.Do(`UPDATE accounts SET ad_id = 'given up by ' || id WHERE id = $1`, before.ID); err != nil {
				return err
			}
		}
		if before.AD != nil && givesUpMailbox(before, after) {
			return w.tx.Do(`UPDATE accounts SET m365_id = NULL, m365_status = NULL WHERE id = $1`, before.ID)
		}
	}
	return nil
}

// write writes one change, other than of a customer himself.
func (w *writer) write(n int64, c registry.Change) error {
	switch after := c.After.(type) {
	case nil:
		return w.remove(n, c)
	case *registry.Directory:
		connection, err := json.Marshal(after.Connection)
		if err != nil {
			return err
		}
		return w.upsert(directoryTable(after), 2, `customer, kind, connection, identity, connected_at`,
			n, string(after.Kind), string(connection), after.Identity, timestamp(after.ConnectedAt))
	case *registry.Selection:
		body, err := json.Marshal(after)
		if err != nil {
			return err
		}
		if err := w.unselect(n, c.ID); err != nil { // no key that a row could meet: scopes are long
			return err
		}
		return w.tx.Do(`INSERT INTO selections (customer, scope, selection) VALUES ($1, $2, $3)`, n, c.ID, string(body))
	case *registry.Decision:
		return w.tx.Do(`INSERT INTO decisions (customer, ad_id, m365_id, verdict, reason, ad_name, m365_name, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			n, after.ADID, after.M365ID, string(after.Verdict), after.Reason, after.ADName, after.M365Name, timestamp(after.DecidedAt))
	case *registry.Dismissal:
		return w.upsert(`dismissals`, 3, `customer, kind, id, name, dismissed_at`, n, string(after.Kind), after.ID, after.Name, timestamp(after.At))
	case *registry.Invitation:
		if err := w.unsend(n, after.Key()); err != nil { // the run says what became of it
			return err
		}
		return w.upsert(`invitations`, 3, `customer, account, app, name, email, way, message, at, done_at, ad_id, m365_id`,
			n, after.Account, after.App, after.Name, after.Email, string(after.Way), after.Message, timestamp(after.At), timestamp(after.DoneAt), after.ADID, after.M365ID)
	case *registry.Account:
		before, _ := c.Before.(*registry.Account)
		if before == nil {
			return nil // inserted with the others
		}
		return w.update(before, after)
	case *registry.Customer: // is written before
		return nil
	case *registry.Reset: // what is meant stands in the run; the password is knowledge
		return nil
	}
	return fmt.Errorf("a change of an unknown kind: %T", c.After)
}

// remove takes away what [writer.release] has not.
func (w *writer) remove(n int64, c registry.Change) error {
	switch before := c.Before.(type) {
	case *registry.Directory:
		return w.tx.Do(`DELETE FROM `+directoryTable(before)+` WHERE customer = $1 AND kind = $2`, n, string(before.Kind))
	case *registry.Selection:
		return w.unselect(n, c.ID)
	case *registry.Dismissal:
		return w.tx.Do(`DELETE FROM dismissals WHERE customer = $1 AND kind = $2 AND id = $3`, n, string(before.Kind), before.ID)
	case *registry.Invitation:
		return w.tx.Do(`DELETE FROM invitations WHERE customer = $1 AND account = $2 AND app = $3`, n, before.Account, before.App)
	case *registry.Customer:
		return w.tx.Do(`DELETE FROM customers WHERE n = $1`, n)
	}
	return nil
}

func (w *writer) unselect(n int64, scope string) error {
	return w.tx.Do(`DELETE FROM selections WHERE customer = $1 AND scope = $2`, n, scope)
}

// directoryTable is where a directory is kept by its role.
func directoryTable(d *registry.Directory) string {
	if d.Connection.Role == source.RoleReset {
		return "resetters"
	}
	return "directories"
}

// customers are the customers that a change set makes or changes, as they were, nil for
// one that is made, and as they will be.
func customers(cs *registry.ChangeSet) iter.Seq2[*registry.Customer, *registry.Customer] {
	return func(yield func(before, after *registry.Customer) bool) {
		for _, c := range cs.Changes {
			if after, ok := c.After.(*registry.Customer); ok {
				before, _ := c.Before.(*registry.Customer)
				if !yield(before, after) {
					return
				}
			}
		}
	}
}

// writeCustomer writes a customer's own row, and learns the number of one that is made.
func (w *writer) writeCustomer(i int, cs *registry.ChangeSet) error {
	for before, c := range customers(cs) {
		var err error
		if before == nil {
			err = w.tx.Ask(func(scan func(...any) error) error { return scan(&w.numbers[i]) },
				`INSERT INTO customers (id, name, name_key, password_sync, new_people, match_by, revision, created_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7) RETURNING n`,
				c.ID, c.Name, c.Key, string(c.PasswordSync), c.NewPeople, c.MatchBy, timestamp(c.CreatedAt))
		} else {
			err = w.tx.Do(`UPDATE customers SET name = $1, name_key = $2, password_sync = $3, new_people = $4, match_by = $5 WHERE n = $6`,
				c.Name, c.Key, string(c.PasswordSync), c.NewPeople, c.MatchBy, w.numbers[i])
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *writer) writeExternalIDs(i int, cs *registry.ChangeSet) error {
	for before, c := range customers(cs) {
		for _, system := range slices.Sorted(maps.Keys(c.ExternalIDs)) {
			value := c.ExternalIDs[system]
			if before != nil && before.ExternalIDs[system] == value {
				continue
			}
			if err := w.tx.Do(`INSERT INTO external_ids (customer, system, value) VALUES ($1, $2, $3)`, w.numbers[i], system, value); err != nil {
				return err
			}
		}
	}
	return nil
}

// accountValues are an account's values in the order of accountColumns.
func accountValues(a *registry.Account) ([]any, error) {
	var pairing any
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

// newAccounts are the rows of the accounts that changes make.
func newAccounts(n int64, changes []registry.Change) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, c := range changes {
			a, ok := c.After.(*registry.Account)
			if before, _ := c.Before.(*registry.Account); !ok || before != nil {
				continue
			}
			values, err := accountValues(a)
			if !yield(append(values, n), err) {
				return
			}
		}
	}
}

var (
	accountColumnNames = columnNames(accountColumns)
	insertColumns      = append(columnNames(accountColumns), `customer`)
)

// columnNames are those of a list as statements have it.
func columnNames(list string) []string {
	return strings.Split(strings.Join(strings.Fields(list), ""), ",")
}

func givesUpMailbox(before, after *registry.Account) bool {
	was := before.LinkID(source.M365)
	return was != "" && was != after.LinkID(source.M365)
}

// update writes the columns that differ: each index of a column that is set may
// be written anew, whatever it is set to.
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
		args = append(args, is[i])
		fmt.Fprintf(&set, "%s = $%d", name, len(args))
	}
	return w.tx.Do(fmt.Sprintf(`UPDATE accounts SET %s WHERE id = $%d`, set.String(), len(args)+1), append(args, before.ID)...)
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
		if err := w.tx.Do(`UPDATE directories SET failed_at = $1, failure = $2, failure_text = $3 WHERE customer = $4 AND kind = $5`, timestamp(f.At), string(f.Code), f.Text, n, string(kind)); err != nil {
			return err
		}
	}
	for _, v := range cs.Mailings {
		if err := w.upsert(`mailings`, 3, `customer, account, app, name, email, way, message, at, ad_id, m365_id`,
			n, v.Account, v.App, v.Name, v.Email, string(v.Way), v.Message, timestamp(v.At), v.ADID, v.M365ID); err != nil {
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
	return w.tx.Do(`UPDATE customers SET doubtful = $1 WHERE n = $2`, *cs.Doubtful, n)
}

func (w *writer) unsend(n int64, key registry.InvitationKey) error {
	return w.tx.Do(`DELETE FROM mailings WHERE customer = $1 AND account = $2 AND app = $3`, n, key.Account, key.App)
}

// writePeople writes how a read of a directory differs from what was known.
func (w *writer) writePeople(n int64, p *registry.PeopleChange) error {
	if p.Empty() {
		return nil
	}
	if err := w.writeRecords(n, p); err != nil {
		return err
	}
	at := timestamp(p.Read.At)
	for _, id := range p.Gone {
		if err := w.tx.Do(`UPDATE people SET missing = $1 WHERE customer = $2 AND kind = $3 AND id = $4`, at, n, string(p.Kind), id); err != nil {
			return err
		}
	}
	return w.tx.Do(`UPDATE directories SET last_read = $1, people = $2, failed_at = NULL, failure = NULL, failure_text = NULL WHERE customer = $3 AND kind = $4`, at, p.Read.People, n, string(p.Kind))
}

// writeRecords writes who is new, differs, or is back. Where nobody was known there is
// nobody to meet.
func (w *writer) writeRecords(n int64, p *registry.PeopleChange) error {
	known := false
	err := w.tx.Query(func(scan func(...any) error) error {
		known = true
		return scan(new(int))
	}, `SELECT 1 FROM people WHERE customer = $1 AND kind = $2 LIMIT 1`, n, string(p.Kind))
	if err != nil {
		return err
	}
	if !known {
		return w.tx.Insert(`people`, []string{`customer`, `kind`, `id`, `user`}, func(yield func([]any, error) bool) {
			err := p.Records(func(id, record string) bool { return yield([]any{n, string(p.Kind), id, record}, nil) })
			if err != nil {
				yield(nil, err)
			}
		})
	}
	var failed error
	err = p.Records(func(id, record string) bool {
		failed = w.tx.Do(`INSERT INTO people (customer, kind, id, "user") VALUES ($1, $2, $3, $4)
			ON CONFLICT (customer, kind, id) DO UPDATE SET missing = NULL, "user" = excluded."user"`, n, string(p.Kind), id, record)
		return failed == nil
	})
	return errors.Join(err, failed)
}

func (w *writer) writeReported(n int64, r *registry.Reported) error {
	if r == nil {
		return nil
	}
	return w.upsert(`reports`, 1, `customer, at, run`, n, timestamp(r.At), r.Run)
}

// upsert puts a row in the place of the one with the same key, which is in its first
// columns.
func (w *writer) upsert(table string, key int, columns string, values ...any) error {
	names := columnNames(columns)
	parameters, set := make([]string, len(names)), make([]string, 0, len(names))
	for i, name := range names {
		parameters[i] = fmt.Sprintf("$%d", i+1)
		if i >= key {
			set = append(set, name+` = excluded.`+name)
		}
	}
	return w.tx.Do(`INSERT INTO `+table+` (`+columns+`) VALUES (`+strings.Join(parameters, `, `)+`)
		ON CONFLICT (`+strings.Join(names[:key], `, `)+`) DO UPDATE SET `+strings.Join(set, `, `), values...)
}
