package tables

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Snapshot reads a customer in one transaction.
func (s Store) Snapshot(ctx context.Context, ref registry.Ref, load registry.Load) (*registry.Snapshot, error) {
	var snap *registry.Snapshot
	err := s.in(ctx, false, func(tx Tx) error {
		n, err := findCustomer(tx, ref)
		if err != nil {
			return err
		}
		r := &reader{tx: tx, of: ` = $1`, args: []any{n}}
		if err := r.read(); err != nil {
			return err
		}
		if n == 0 || len(r.list) == 0 {
			return &source.Error{Code: source.CodeNotFound, Message: "no such customer"}
		}
		snap = r.list[0]
		if err := r.readLoad(load); err != nil {
			return err
		}
		if !load.Accounts && len(load.ADUsers) > 0 {
			if snap.Accounts, err = readAccountsOf(tx, n, load.ADUsers); err != nil {
				return err
			}
			var paired []string
			for _, a := range snap.Accounts {
				if a.M365 != nil {
					paired = append(paired, a.M365.ID)
				}
			}
			if snap.People[source.M365], err = readPeopleOf(tx, n, source.M365, paired); err != nil {
				return err
			}
		}
		if load.Passwords {
			if err := readPasswords(tx, n, snap, load.Accounts); err != nil {
				return err
			}
		}
		if load.Invitations {
			if err := errors.Join(r.readInvitations(), r.readMailings()); err != nil {
				return err
			}
		}
		return nil
	})
	return snap, err
}

// List reads all customers by name.
func (s Store) List(ctx context.Context, load registry.Load) ([]*registry.Snapshot, error) {
	var list []*registry.Snapshot
	err := s.in(ctx, false, func(tx Tx) error {
		r := &reader{tx: tx, of: ` IS NOT NULL`}
		if err := r.read(); err != nil {
			return err
		}
		list = r.list
		return r.readLoad(load)
	})
	return list, err
}

// findCustomer finds the number of a customer's row, 0 for none.
func findCustomer(tx Tx, ref registry.Ref) (n int64, err error) {
	err = tx.Query(func(scan func(...any) error) error { return scan(&n) },
		`SELECT n FROM customers WHERE n = coalesce((SELECT n FROM customers WHERE name_key = $1), (SELECT n FROM customers WHERE id = $2),
			(SELECT customer FROM external_ids WHERE system = $3 AND value = $4))`, ref.Key, ref.ID, ref.System, ref.Value)
	return n, err
}

// reader reads one customer or all, with a statement for each table.
type reader struct {
	tx   Tx
	of   string // follows the column of the customer's number
	args []any  // of it
	list []*registry.Snapshot
	at   map[int64]*registry.Snapshot
}

// read reads customers with all but accounts and people.
func (r *reader) read() error {
	r.list, r.at = nil, map[int64]*registry.Snapshot{}
	err := r.tx.Query(func(scan func(...any) error) error {
		var n int64
		var created string
		var cursor Text
		s := registry.New(registry.Customer{ExternalIDs: map[string]string{}})
		c := &s.Customer
		err := scan(&n, &c.ID, &c.Name, &c.Key, (*string)(&c.PasswordSync), &c.NewPeople, &c.MatchBy, &s.Doubtful, &s.Revision, &created, &cursor, &s.LastRun)
		if err != nil {
			return err
		}
		if cursor != "" {
			s.Cursor = &source.PasswordCursor{}
			if err := json.Unmarshal([]byte(cursor), s.Cursor); err != nil {
				return registry.Damaged(err, "password cursor")
			}
		}
		c.CreatedAt, err = parseTime(created)
		r.list, r.at[n] = append(r.list, s), s
		return err
	}, `SELECT n, id, name, name_key, password_sync, new_people, match_by, doubtful, revision, created_at, password_cursor,
			coalesce((SELECT max(id) FROM runs WHERE customer = customers.id), 0)
		FROM customers WHERE n`+r.of+` ORDER BY name_key`, r.args...)
	if err != nil || len(r.list) == 0 {
		return err
	}
	return errors.Join(r.readExternalIDs(), r.readDirectories(), r.readResetters(), r.readSelections(), r.readDecisions(), r.readDismissals(),
		r.readCounts(), r.readWaiting(), r.readReported())
}

// readLoad reads the accounts and the people that are asked for.
func (r *reader) readLoad(load registry.Load) error {
	if load.Accounts {
		if err := r.readAccounts(); err != nil {
			return err
		}
	}
	for _, kind := range load.People {
		if err := r.readPeople(kind); err != nil {
			return err
		}
	}
	return nil
}

func (r *reader) readAccounts() error {
	count := 0
	for _, s := range r.list {
		count += s.Counts.Total
		s.Accounts = make([]*registry.Account, 0, s.Counts.Total)
	}
	rows, err := readAccounts(r.tx, count, `WHERE customer`+r.of+` ORDER BY n`, r.args...)
	for i := range rows {
		if s := r.at[rows[i].customer]; s != nil {
			s.Accounts = append(s.Accounts, rows[i].Account)
		}
	}
	return err
}

func (r *reader) readPeople(kind source.Kind) error {
	for _, s := range r.list {
		s.People[kind] = registry.People{}
	}
	return queryPeople(r.tx, func(customer int64, p registry.Person) {
		if s := r.at[customer]; s != nil {
			s.People[kind][p.ID] = p
		}
	}, fmt.Sprintf(`WHERE customer%s AND kind = $%d ORDER BY n`, r.of, len(r.args)+1), append(r.args[:len(r.args):len(r.args)], string(kind))...)
}

// each scans rows whose first column is the number of a customer, and visits them
// with that one's snapshot.
func (r *reader) each(visit func(*registry.Snapshot) error, statement string, dest ...any) error {
	var n int64
	dest = append([]any{&n}, dest...)
	return r.tx.Query(func(scan func(...any) error) error {
		if err := scan(dest...); err != nil {
			return err
		}
		if s := r.at[n]; s != nil {
			return visit(s)
		}
		return nil // of nobody: the damage is for Health to find
	}, statement, r.args...)
}

func (r *reader) readExternalIDs() error {
	var system, value string
	return r.each(func(s *registry.Snapshot) error {
		s.Customer.ExternalIDs[system] = value
		return nil
	}, `SELECT customer, system, value FROM external_ids WHERE customer`+r.of, &system, &value)
}

func (r *reader) readDirectories() error {
	var row directoryRow
	var lastRead, failedAt, failure, failureText Text
	var people int
	return r.each(func(s *registry.Snapshot) error {
		d, err := row.directory()
		if err != nil {
			return err
		}
		s.Directories[d.Kind] = d
		read := registry.Read{People: people}
		if read.At, err = parseTime(string(lastRead)); err != nil {
			return err
		}
		if failedAt != "" {
			read.Failure = &registry.Failure{Code: source.Code(failure), Text: string(failureText)}
			if read.Failure.At, err = parseTime(string(failedAt)); err != nil {
				return err
			}
		}
		if !read.At.IsZero() || read.Failure != nil {
			s.Reads[d.Kind] = read
		}
		return nil
	}, `SELECT customer, kind, connection, identity, connected_at, last_read, coalesce(people, 0), failed_at, failure, failure_text
		FROM directories WHERE customer`+r.of, append(row.fields(), &lastRead, &people, &failedAt, &failure, &failureText)...)
}

// directoryRow is a row of directories, or of resetters, on its way out.
type directoryRow struct{ kind, connection, identity, connected string }

func (r *directoryRow) fields() []any {
	return []any{&r.kind, &r.connection, &r.identity, &r.connected}
}

func (r *directoryRow) directory() (registry.Directory, error) {
	d := registry.Directory{Kind: source.Kind(r.kind), Identity: r.identity}
	if err := json.Unmarshal([]byte(r.connection), &d.Connection); err != nil {
		return d, registry.Damaged(err, "connection of %s", d.Kind)
	}
	d.Connection.Kind = d.Kind
	d.Connection = d.Connection.Normalize("") // an older version may have spelled it otherwise
	var err error
	d.ConnectedAt, err = parseTime(r.connected)
	return d, err
}

func (r *reader) readSelections() error {
	var body string
	return r.each(func(s *registry.Snapshot) error {
		sel := &registry.Selection{}
		if err := json.Unmarshal([]byte(body), sel); err != nil {
			return registry.Damaged(err, "selection")
		}
		s.Selections = append(s.Selections, sel)
		return nil
	}, `SELECT customer, selection FROM selections WHERE customer`+r.of+` ORDER BY customer, scope`, &body)
}

func (r *reader) readDecisions() error {
	var d registry.Decision
	var at string
	err := r.each(func(s *registry.Snapshot) (err error) {
		d.DecidedAt, err = parseTime(at)
		s.Decisions[d.Key()] = d
		return err
	}, `SELECT customer, verdict, ad_id, m365_id, reason, ad_name, m365_name, decided_at FROM decisions WHERE customer`+r.of,
		(*string)(&d.Verdict), &d.ADID, &d.M365ID, &d.Reason, &d.ADName, &d.M365Name, &at)
	if err != nil {
		return err
	}
	var ignored int
	return r.each(func(s *registry.Snapshot) error {
		s.Ignored = ignored
		return nil
	}, `SELECT decisions.customer, count(*) FROM decisions JOIN accounts ON accounts.customer = decisions.customer AND accounts.ad_id = decisions.ad_id
		WHERE decisions.customer`+r.of+` AND verdict = 'ignore' AND state = 'pending_match' GROUP BY decisions.customer`, &ignored)
}

func (r *reader) readDismissals() error {
	var d registry.Dismissal
	var at string
	return r.each(func(s *registry.Snapshot) (err error) {
		d.At, err = parseTime(at)
		s.Dismissals[d.Key()] = d
		return err
	}, `SELECT customer, kind, id, name, dismissed_at FROM dismissals WHERE customer`+r.of, (*string)(&d.Kind), &d.ID, &d.Name, &at)
}

func (r *reader) readInvitations() error {
	var v registry.Invitation
	var at string
	var done Text
	return r.each(func(s *registry.Snapshot) (err error) {
		if v.At, err = parseTime(at); err == nil {
			v.DoneAt, err = parseTime(string(done))
		}
		s.Invitations[v.Key()] = v
		return err
	}, `SELECT customer, account, app, name, email, way, message, at, done_at, ad_id, m365_id FROM invitations WHERE customer`+r.of,
		&v.Account, &v.App, &v.Name, &v.Email, (*string)(&v.Way), &v.Message, &at, &done, &v.ADID, &v.M365ID)
}

func (r *reader) readMailings() error {
	var v registry.Invitation
	var at string
	return r.each(func(s *registry.Snapshot) (err error) {
		v.At, err = parseTime(at)
		s.Mailings[v.Key()] = v
		return err
	}, `SELECT customer, account, app, name, email, way, message, at, ad_id, m365_id FROM mailings WHERE customer`+r.of,
		&v.Account, &v.App, &v.Name, &v.Email, (*string)(&v.Way), &v.Message, &at, &v.ADID, &v.M365ID)
}

// readCounts runs through one index and no row.
func (r *reader) readCounts() error {
	var state string
	var ad, m365 Text
	var count int
	err := r.each(func(s *registry.Snapshot) error {
		s.Counts.Add(registry.State(state), count)
		for kind, status := range map[source.Kind]Text{source.AD: ad, source.M365: m365} {
			if status != "" {
				s.Links[registry.LinkStatus{Kind: kind, Status: string(status)}] += count
			}
		}
		return nil
	}, `SELECT customer, state, ad_status, m365_status, count(*) FROM accounts WHERE customer`+r.of+` GROUP BY customer, state, ad_status, m365_status`,
		&state, &ad, &m365, &count)
	if err != nil {
		return err
	}
	return r.each(func(s *registry.Snapshot) error {
		s.Risen = count
		return nil
	}, `SELECT customer, count(*) FROM accounts WHERE customer`+r.of+` AND (ad_privileged_since IS NOT NULL OR m365_privileged_since IS NOT NULL)
		GROUP BY customer`, &count)
}

// accountColumns are those of an account in the order of [accountRow.fields].
const accountColumns = `id, state, display_name, given_name, surname, username, upn, email, email_source, email_issue,
	ad_id, ad_dn, ad_status, ad_since, ad_privileged, ad_privileged_since,
	m365_id, m365_upn, m365_status, m365_since, m365_privileged, m365_privileged_since, match, imported_at, updated_at`

// accountRow is a row of accounts on its way out.
type accountRow struct {
	*registry.Account
	customer                int64 // the number of its row
	emailSource, emailIssue Text
	ad, m365                linkRow
	match                   Text
	importedAt, updatedAt   string
}

// linkRow is the part of a row that is a link.
type linkRow struct{ id, name, status, since, privileged, privilegedSince Text }

func (r *linkRow) fields() []any {
	return []any{&r.id, &r.name, &r.status, &r.since, &r.privileged, &r.privilegedSince}
}

func (r *accountRow) fields() []any {
	a := r.Account
	return slices.Concat(
		[]any{&r.customer, &a.ID, (*string)(&a.State), &a.DisplayName, &a.GivenName, &a.Surname, &a.Username, &a.UPN, &a.Email, &r.emailSource, &r.emailIssue},
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

func readAccounts(tx Tx, count int, where string, args ...any) ([]accountRow, error) {
	list := make([]accountRow, 0, count)
	err := tx.Query(func(scan func(...any) error) error {
		list = append(list, accountRow{Account: &registry.Account{}})
		return scan(list[len(list)-1].fields()...)
	}, `SELECT customer, `+accountColumns+` FROM accounts `+where, args...)
	if err != nil {
		return nil, err
	}
	errs := make([]error, len(list))
	parallel.Ranges(len(list), func(from, to int) {
		for i := from; i < to; i++ {
			errs[i] = list[i].account()
		}
	})
	for _, err := range errs { // the first will do
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// readAccountsOf reads the accounts of some users of AD.
func readAccountsOf(tx Tx, n int64, ids []string) ([]*registry.Account, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	rows, err := readAccounts(tx, len(ids), `WHERE customer = $1 AND ad_id IN (`+elements(tx, `$2`)+`) ORDER BY n`, n, string(list))
	accounts := make([]*registry.Account, len(rows))
	for i := range rows {
		accounts[i] = rows[i].Account
	}
	return accounts, err
}

// elements selects the texts of a JSON array.
func elements(tx Tx, array string) string { return fmt.Sprintf(tx.Dialect().Elements, array) }

// readPeopleOf reads those of some ids.
func readPeopleOf(tx Tx, n int64, kind source.Kind, ids []string) (registry.People, error) {
	list, err := json.Marshal(ids)
	if err != nil {
		return nil, err
	}
	people := registry.People{}
	err = queryPeople(tx, func(_ int64, p registry.Person) { people[p.ID] = p },
		`WHERE customer = $1 AND kind = $2 AND id IN (`+elements(tx, `$3`)+`) ORDER BY n`, n, string(kind), string(list))
	return people, err
}

func queryPeople(tx Tx, visit func(customer int64, p registry.Person), where string, args ...any) error {
	return tx.Query(func(scan func(...any) error) error {
		var customer int64
		var p registry.Person
		var missing Text
		err := scan(&customer, &p.ID, &missing, &p.Record)
		if err == nil {
			p.Missing, err = parseTime(string(missing))
		}
		if err == nil {
			visit(customer, p)
		}
		return err
	}, `SELECT customer, id, missing, "user" FROM people `+where, args...)
}
