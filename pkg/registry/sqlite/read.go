package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Snapshot reads a customer in one transaction.
func (s *Store) Snapshot(ctx context.Context, ref registry.Ref, load registry.Load) (*registry.Snapshot, error) {
	var snap *registry.Snapshot
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		found, err := findCustomers(ctx, tx, `WHERE n = coalesce((SELECT n FROM customers WHERE name_key = ?), (SELECT n FROM customers WHERE id = ?),
			(SELECT customer FROM external_ids WHERE system = ? AND value = ?))`, ref.Key, ref.ID, ref.System, ref.Value)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return &source.Error{Code: source.CodeNotFound, Message: "no such customer"}
		}
		snap = found[0].Snapshot
		if load.Accounts {
			if snap.Accounts, err = readAccounts(ctx, tx, snap.Counts.Total, `WHERE customer = ? ORDER BY n`, found[0].n); err != nil {
				return err
			}
		} else if len(load.ADUsers) > 0 {
			if snap.Accounts, err = readAccountsOf(ctx, tx, found[0].n, load.ADUsers); err != nil {
				return err
			}
			var paired []string
			for _, a := range snap.Accounts {
				if a.M365 != nil {
					paired = append(paired, a.M365.ID)
				}
			}
			if snap.People[source.M365], err = readPeopleOf(ctx, tx, found[0].n, source.M365, paired); err != nil {
				return err
			}
		}
		if load.Passwords {
			if err := readPasswords(ctx, tx, found[0], load.Accounts); err != nil {
				return err
			}
		}
		if load.Invitations {
			if err = errors.Join(readInvitations(ctx, tx, found[0]), readMailings(ctx, tx, found[0])); err != nil {
				return err
			}
		}
		for _, kind := range load.People {
			if snap.People[kind], err = readPeople(ctx, tx, found[0].n, kind); err != nil {
				return err
			}
		}
		return nil
	})
	return snap, err
}

// List reads all customers by name.
func (s *Store) List(ctx context.Context) ([]*registry.Snapshot, error) {
	var list []*registry.Snapshot
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		found, err := findCustomers(ctx, tx, `ORDER BY name_key`)
		for _, c := range found {
			list = append(list, c.Snapshot)
		}
		return err
	})
	return list, err
}

// customer is a snapshot with the number of its row.
type customer struct {
	*registry.Snapshot
	n int64
}

// findCustomers reads customers with all but accounts and people.
func findCustomers(ctx context.Context, tx *sql.Tx, where string, args ...any) ([]customer, error) {
	var found []customer
	err := query(ctx, tx, func(rows *sql.Rows) error {
		c := customer{Snapshot: registry.New(registry.Customer{ExternalIDs: map[string]string{}})}
		var created string
		err := rows.Scan(&c.n, &c.Customer.ID, &c.Customer.Name, &c.Customer.Key, &c.Customer.PasswordSync, &c.Customer.NewPeople, &c.Customer.MatchBy, &c.Doubtful, &c.Revision, &created)
		if err == nil {
			c.Customer.CreatedAt, err = parseTime(created)
		}
		found = append(found, c)
		return err
	}, `SELECT n, id, name, name_key, password_sync, new_people, match_by, doubtful, revision, created_at FROM customers `+where, args...)
	if err != nil {
		return nil, err
	}
	for _, c := range found {
		if err := errors.Join(readExternalIDs(ctx, tx, c), readDirectories(ctx, tx, c), readResetters(ctx, tx, c), readSelections(ctx, tx, c), readDecisions(ctx, tx, c), readDismissals(ctx, tx, c), readCounts(ctx, tx, c), readWaiting(ctx, tx, c), readReported(ctx, tx, c)); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// query visits the rows of a query. A value that its column cannot hold is damage: the
// tables are strict.
func query(ctx context.Context, tx *sql.Tx, visit func(*sql.Rows) error, text string, args ...any) error {
	rows, err := tx.QueryContext(ctx, text, args...)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		if err := visit(rows); err != nil {
			if err = classify(err); source.CodeOf(err) == "" && !isClassified(err) {
				err = fmt.Errorf("%w: %w", ErrDamaged, err)
			}
			return err
		}
	}
	return rows.Err()
}

func readExternalIDs(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var system, value string
		err := rows.Scan(&system, &value)
		c.Customer.ExternalIDs[system] = value
		return err
	}, `SELECT system, value FROM external_ids WHERE customer = ?`, c.n)
}

func readDirectories(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var row directoryRow
		var lastRead, failedAt, failure, failureText text
		var people sql.NullInt64
		if err := rows.Scan(append(row.fields(), &lastRead, &people, &failedAt, &failure, &failureText)...); err != nil {
			return err
		}
		d, err := row.directory()
		if err != nil {
			return err
		}
		c.Directories[d.Kind] = d
		r := registry.Read{People: int(people.Int64)}
		if r.At, err = parseTime(string(lastRead)); err != nil {
			return err
		}
		if failedAt != "" {
			r.Failure = &registry.Failure{Code: source.Code(failure), Text: string(failureText)}
			if r.Failure.At, err = parseTime(string(failedAt)); err != nil {
				return err
			}
		}
		if !r.At.IsZero() || r.Failure != nil {
			c.Reads[d.Kind] = r
		}
		return nil
	}, `SELECT kind, connection, identity, connected_at, last_read, people, failed_at, failure, failure_text FROM directories WHERE customer = ?`, c.n)
}

// directoryRow is a row of directories, or of resetters, on its way out.
type directoryRow struct {
	registry.Directory
	connection, connected string
}

func (r *directoryRow) fields() []any {
	return []any{&r.Kind, &r.connection, &r.Identity, &r.connected}
}

func (r *directoryRow) directory() (d registry.Directory, err error) {
	d = r.Directory
	if err := json.Unmarshal([]byte(r.connection), &d.Connection); err != nil {
		return d, registry.Damaged(err, "connection of %s", d.Kind)
	}
	d.Connection.Kind = d.Kind
	d.Connection = d.Connection.Normalize("") // an older version may have spelled it otherwise
	d.ConnectedAt, err = parseTime(r.connected)
	return d, err
}

func readSelections(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var body string
		if err := rows.Scan(&body); err != nil {
			return err
		}
		sel := &registry.Selection{}
		if err := json.Unmarshal([]byte(body), sel); err != nil {
			return registry.Damaged(err, "selection")
		}
		c.Selections = append(c.Selections, sel)
		return nil
	}, `SELECT selection FROM selections WHERE customer = ? ORDER BY scope`, c.n)
}

func readDecisions(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var d registry.Decision
		var at string
		err := rows.Scan(&d.Verdict, &d.ADID, &d.M365ID, &d.Reason, &d.ADName, &d.M365Name, &at)
		if err == nil {
			d.DecidedAt, err = parseTime(at)
		}
		c.Decisions[d.Key()] = d
		return err
	}, `SELECT verdict, ad_id, m365_id, reason, ad_name, m365_name, decided_at FROM decisions WHERE customer = ?`, c.n)
}

func readDismissals(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var d registry.Dismissal
		var at string
		err := rows.Scan(&d.Kind, &d.ID, &d.Name, &at)
		if err == nil {
			d.At, err = parseTime(at)
		}
		c.Dismissals[d.Key()] = d
		return err
	}, `SELECT kind, id, name, dismissed_at FROM dismissals WHERE customer = ?`, c.n)
}

func readInvitations(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var v registry.Invitation
		var at string
		var done text
		err := rows.Scan(&v.Account, &v.App, &v.Name, &v.Email, &v.Way, &v.Message, &at, &done)
		if err == nil {
			v.At, err = parseTime(at)
		}
		if err == nil {
			v.DoneAt, err = parseTime(string(done))
		}
		c.Invitations[v.Key()] = v
		return err
	}, `SELECT account, app, name, email, way, message, at, done_at FROM invitations WHERE customer = ?`, c.n)
}

func readMailings(ctx context.Context, tx *sql.Tx, c customer) error {
	return query(ctx, tx, func(rows *sql.Rows) error {
		var v registry.Invitation
		var at string
		err := rows.Scan(&v.Account, &v.App, &v.Name, &v.Email, &v.Way, &v.Message, &at)
		if err == nil {
			v.At, err = parseTime(at)
		}
		c.Mailings[v.Key()] = v
		return err
	}, `SELECT account, app, name, email, way, message, at FROM mailings WHERE customer = ?`, c.n)
}

// readCounts runs through one index and no row, but for the accounts of users who
// are ignored.
func readCounts(ctx context.Context, tx *sql.Tx, c customer) error {
	err := query(ctx, tx, func(rows *sql.Rows) error {
		var state registry.State
		var ad, m365 text
		var count int
		err := rows.Scan(&state, &ad, &m365, &count)
		c.Counts.Add(state, count)
		for kind, status := range map[source.Kind]text{source.AD: ad, source.M365: m365} {
			if status != "" {
				c.Links[registry.LinkStatus{Kind: kind, Status: string(status)}] += count
			}
		}
		return err
	}, `SELECT state, ad_status, m365_status, count(*) FROM accounts WHERE customer = ? GROUP BY state, ad_status, m365_status`, c.n)
	if err != nil {
		return err
	}
	err = tx.QueryRowContext(ctx, `SELECT count(*) FROM accounts WHERE customer = ? AND (ad_privileged_since IS NOT NULL OR m365_privileged_since IS NOT NULL)`, c.n).Scan(&c.Risen)
	if err != nil || len(c.Decisions) == 0 {
		return err
	}
	return tx.QueryRowContext(ctx, `SELECT count(*) FROM decisions JOIN accounts ON accounts.customer = decisions.customer AND accounts.ad_id = decisions.ad_id
		WHERE decisions.customer = ? AND verdict = 'ignore' AND state = 'pending_match'`, c.n).Scan(&c.Snapshot.Ignored)
}

// accountColumns are those of an account in the order of [accountRow.fields].
const accountColumns = `id, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
	ad_id, ad_dn, ad_status, ad_since, ad_privileged, ad_privileged_since,
	m365_id, m365_upn, m365_status, m365_since, m365_privileged, m365_privileged_since, match, imported_at, updated_at`

// accountRow is a row of accounts on its way out.
type accountRow struct {
	*registry.Account
	emailSource, emailIssue text
	ad, m365                linkRow
	match                   text
	importedAt, updatedAt   string
}

// linkRow is the part of a row that is a link.
type linkRow struct{ id, name, status, since, privileged, privilegedSince text }

func (r *linkRow) fields() []any {
	return []any{&r.id, &r.name, &r.status, &r.since, &r.privileged, &r.privilegedSince}
}

func (r *accountRow) fields() []any {
	a := r.Account
	return slices.Concat(
		[]any{&a.ID, &a.State, &a.DisplayName, &a.GivenName, &a.Surname, &a.Username, &a.UPN, &a.Email, &r.emailSource, &r.emailIssue},
		r.ad.fields(), r.m365.fields(), []any{&r.match, &r.importedAt, &r.updatedAt},
	)
}

// account completes the account from the row.
func (r *accountRow) account() error {
	a := r.Account
	a.EmailSource, a.EmailIssue = string(r.emailSource), string(r.emailIssue)
	var err error
	if a.AD, err = r.ad.link(); err != nil {
		return err
	}
	if a.M365, err = r.m365.link(); err != nil {
		return err
	}
	if r.match != "" {
		a.Pairing = &registry.Pairing{}
		if err := jsonv2.UnmarshalRead(strings.NewReader(string(r.match)), a.Pairing); err != nil {
			return registry.Damaged(err, "pairing of account %s", a.ID)
		}
	}
	if a.ImportedAt, err = parseTime(r.importedAt); err == nil {
		a.UpdatedAt, err = parseTime(r.updatedAt)
	}
	return err
}

func (r *linkRow) link() (*registry.Link, error) {
	if r.id == "" {
		return nil, nil
	}
	l := &registry.Link{ID: string(r.id), Name: string(r.name), Status: string(r.status), Privileged: string(r.privileged)}
	var err error
	if l.Since, err = parseTime(string(r.since)); err == nil {
		l.PrivilegedSince, err = parseTime(string(r.privilegedSince))
	}
	return l, err
}

func readAccounts(ctx context.Context, tx *sql.Tx, count int, where string, args ...any) ([]*registry.Account, error) {
	list := make([]accountRow, 0, count)
	err := query(ctx, tx, func(rows *sql.Rows) error {
		list = append(list, accountRow{Account: &registry.Account{}})
		return rows.Scan(list[len(list)-1].fields()...)
	}, `SELECT `+accountColumns+` FROM accounts `+where, args...)
	if err != nil {
		return nil, err
	}
	accounts, errs := make([]*registry.Account, len(list)), make([]error, len(list))
	parallel.Ranges(len(list), func(from, to int) {
		for i := from; i < to; i++ {
			errs[i] = list[i].account()
			accounts[i] = list[i].Account
		}
	})
	for _, err := range errs { // the first will do
		if err != nil {
			return nil, err
		}
	}
	return accounts, nil
}

func readPeople(ctx context.Context, tx *sql.Tx, n int64, kind source.Kind) (registry.People, error) {
	return queryPeople(ctx, tx, `WHERE customer = ? AND kind = ? ORDER BY n`, n, kind)
}

// readPeopleOf reads those of some ids.
func readPeopleOf(ctx context.Context, tx *sql.Tx, n int64, kind source.Kind, ids []string) (registry.People, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	return queryPeople(ctx, tx, `WHERE customer = ? AND kind = ? AND id IN (SELECT value FROM json_each(?)) ORDER BY n`, n, kind, string(list))
}

func queryPeople(ctx context.Context, tx *sql.Tx, where string, args ...any) (registry.People, error) {
	people := registry.People{}
	err := query(ctx, tx, func(rows *sql.Rows) error {
		var p registry.Person
		var missing text
		if err := rows.Scan(&p.ID, &missing, &p.Record); err != nil {
			return err
		}
		var err error
		p.Missing, err = parseTime(string(missing))
		people[p.ID] = p
		return err
	}, `SELECT id, missing, user FROM people `+where, args...)
	return people, err
}

// Runs lists runs, the newest first.
func (s *Store) Runs(ctx context.Context, f registry.RunFilter) ([]registry.Run, error) {
	var runs []registry.Run
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		undoneBy, err := readUndone(ctx, tx)
		if err != nil {
			return err
		}
		return query(ctx, tx, func(rows *sql.Rows) error {
			var r registry.Run
			var at string
			var params text
			var undoes sql.NullInt64
			var format int
			err := rows.Scan(&r.ID, &r.Batch, &r.CustomerID, &r.CustomerName, &r.Command, &at, &r.By, &r.Version, &params, &r.PlanHash,
				&undoes, &format, &r.Created, &r.Updated, &r.Deleted)
			if err != nil {
				return err
			}
			if params != "" {
				r.Params = []byte(params)
				if !json.Valid(r.Params) {
					return registry.Damaged(errors.New("not JSON"), "parameters of run %d", r.ID)
				}
			}
			r.Undoes, r.UndoneBy, r.Legacy = undoes.Int64, undoneBy[r.ID], format < changeFormat
			r.At, err = parseTime(at)
			runs = append(runs, r)
			return err
		}, `SELECT runs.id, batch, customer, customer_name, command, at, by, version, params, plan_hash, undoes, format,
				ifnull(sum(before IS NULL AND after IS NOT NULL), 0), ifnull(sum(before IS NOT NULL AND after IS NOT NULL), 0),
				ifnull(sum(before IS NOT NULL AND after IS NULL), 0)
			FROM runs LEFT JOIN changes ON run = runs.id
			WHERE (?1 = 0 OR runs.id = ?1) AND (?2 = '' OR customer = ?2) AND (?3 IS NULL OR julianday(at) >= julianday(?3))
				AND (?4 = '' OR batch = ?4) AND (?5 = '' OR EXISTS (SELECT 1 FROM changes AS c WHERE c.run = runs.id AND c.id IN (?5, ?5 || '/mobile', ?5 || '/web'))) AND runs.id > ?6
			GROUP BY runs.id ORDER BY runs.id DESC`, f.ID, f.CustomerID, timestamp(f.Since.Truncate(time.Microsecond)), f.Batch, f.EntityID, f.After)
	})
	return runs, err
}

// readUndone maps the runs that are taken back to those that did it. One that was
// taken back itself did not.
func readUndone(ctx context.Context, tx *sql.Tx) (map[int64]int64, error) {
	undoneBy := map[int64]int64{}
	err := query(ctx, tx, func(rows *sql.Rows) error {
		var run, undoes int64
		err := rows.Scan(&run, &undoes)
		if _, gone := undoneBy[run]; !gone {
			undoneBy[undoes] = run
		}
		return err
	}, `SELECT id, undoes FROM runs WHERE undoes IS NOT NULL ORDER BY id DESC`)
	return undoneBy, err
}

// Changes lists what a run changed.
func (s *Store) Changes(ctx context.Context, run int64) ([]registry.StoredChange, error) {
	var changes []registry.StoredChange
	err := s.inTx(ctx, func(tx *sql.Tx) error {
		return query(ctx, tx, func(rows *sql.Rows) error {
			var c registry.StoredChange
			var before, after text
			var format int
			if err := rows.Scan(&c.Entity, &c.ID, &c.Name, &before, &after, &format); err != nil {
				return err
			}
			if before != "" {
				c.Before = []byte(before)
			}
			if after != "" {
				c.After = []byte(after)
			}
			c.Legacy = format < changeFormat
			changes = append(changes, c)
			return nil
		}, `SELECT entity, changes.id, name, before, after, format FROM changes JOIN runs ON runs.id = run WHERE run = ? ORDER BY seq`, run)
	})
	return changes, err
}
