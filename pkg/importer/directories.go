package importer

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/qpimport/qpimport/pkg/source"
)

// Connect stores how a customer's directory is reached, in place of what was
// there. It does not read the directory.
func (im *Importer) Connect(ctx context.Context, sel string, conn source.Connection) (Customer, error) {
	return im.changeCustomer(ctx, sel, func(tx *sql.Tx, c customer) error {
		had, err := findConnections(ctx, tx, c.n)
		if err != nil {
			return err
		}
		old := had.Get(conn.Kind)
		if old != nil && *old == conn {
			return nil
		}
		r, err := im.beginRun(ctx, tx, c, "directories connect")
		if err != nil {
			return err
		}
		return setConnection(ctx, r, c, old, conn, timestamp(im.now()))
	})
}

func setConnection(ctx context.Context, r *run, c customer, old *source.Connection, conn source.Connection, at string) error {
	_, err := r.tx.ExecContext(ctx, `INSERT INTO directories (customer, kind, connection, connected_at) VALUES (?, ?, ?, ?)
		ON CONFLICT (customer, kind) DO UPDATE SET connection = excluded.connection, connected_at = excluded.connected_at`,
		c.n, conn.Kind, mustJSON(conn), at)
	if err != nil {
		return err
	}
	var before any
	if old != nil {
		before = old
	}
	return r.record(ctx, "directory", c.id+"/"+string(conn.Kind), before, conn)
}

// Disconnect forgets how a directory is reached. Accounts imported from it stay.
func (im *Importer) Disconnect(ctx context.Context, sel string, kind source.Kind) (Customer, error) {
	return im.changeCustomer(ctx, sel, func(tx *sql.Tx, c customer) error {
		had, err := findConnections(ctx, tx, c.n)
		if err != nil {
			return err
		}
		old := had.Get(kind)
		if old == nil {
			return &source.Error{Code: CodeNotConnected, Message: fmt.Sprintf("%s has no %s connected", c.name, kind)}
		}
		r, err := im.beginRun(ctx, tx, c, "directories disconnect")
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM directories WHERE customer = ? AND kind = ?`, c.n, kind); err != nil {
			return err
		}
		return r.record(ctx, "directory", c.id+"/"+string(kind), old, nil)
	})
}

// sampleSize is how many users a test of a directory looks at.
const sampleSize = 200

// TestDirectories reads a little from a customer's directories: from those of
// the given kinds, or from all that are connected. A directory that cannot be
// read is a result, with its error; only what is no directory's fault is
// returned as one.
func (im *Importer) TestDirectories(ctx context.Context, sel string, kinds []source.Kind) ([]DirectoryTest, error) {
	reg, err := im.read(ctx, sel, noAccounts)
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if reg.connections.Get(kind) != nil {
				kinds = append(kinds, kind)
			}
		}
	}
	tests := []DirectoryTest{}
	for _, kind := range kinds {
		conn, err := reg.connection(kind)
		if err != nil {
			return nil, err
		}
		t, err := im.testDirectory(ctx, conn)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			t.Problem, t.Error = err, problem(err)
		}
		t.OK = err == nil
		if err == nil {
			reg.topology(&t)
		}
		tests = append(tests, t)
	}
	return tests, nil
}

func (im *Importer) testDirectory(ctx context.Context, conn source.Connection) (DirectoryTest, error) {
	t := DirectoryTest{Source: conn.Kind, Notes: []string{}, Warnings: []string{}}
	dir, err := im.open(ctx, conn)
	if err != nil {
		return t, err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Info(ctx)
	if err != nil {
		return t, err
	}
	t.Info = &info
	t.Notes = append(t.Notes, info.Notes...)
	for u, err := range dir.Users(ctx, source.Scope{Limit: sampleSize + 1}) {
		if err != nil {
			return t, err
		}
		if t.Users == sampleSize {
			t.More = true
			break
		}
		t.Users++
		if u.Synced == source.Yes || u.ImmutableID != "" {
			t.Synced++
		}
	}
	if lister, ok := dir.(source.OULister); ok && conn.Kind == source.AD {
		tree, err := lister.Tree(ctx)
		if err != nil {
			return t, err
		}
		for _, c := range tree.Containers {
			if c.Class == "organizationalUnit" {
				t.OUs++
			}
		}
	}
	return t, nil
}

// topology notes what kind of customer this looks like, and warns where that
// speaks against its password sync mode.
func (reg *registry) topology(t *DirectoryTest) {
	if t.Source != source.M365 {
		return
	}
	adConnect := t.Info.Synced == source.Yes
	note := "cloud only: no user that was looked at is synchronised"
	switch {
	case adConnect && !t.Info.LastSync.IsZero():
		note = "hybrid with AD Connect: it last synchronised " + t.Info.LastSync.UTC().Format("2006-01-02 15:04") + " UTC"
	case adConnect:
		note = "hybrid with AD Connect"
	case t.Synced > 0:
		note = fmt.Sprintf("%d of the %d users that were looked at come from an AD through AD Connect, or did once", t.Synced, t.Users)
	case reg.connections.AD != nil:
		note = "hybrid without AD Connect: no user that was looked at is synchronised"
	}
	t.Notes = append(t.Notes, note)
	if reg.customer.mode == ModeOn && (adConnect || 2*t.Synced > t.Users) {
		t.Warnings = append(t.Warnings, syncedWarning)
	}
}

const syncedWarning = "password sync is on while AD Connect seems to copy passwords: two would write the same password; off is the mode for such a customer"

func problem(err error) *Problem {
	p := &Problem{Code: source.CodeOf(err), Message: err.Error()}
	switch {
	case errors.Is(err, context.Canceled):
		p.Code = CodeInterrupted
	case errors.Is(err, context.DeadlineExceeded):
		p.Code = CodeTimeout
	}
	var e *source.Error
	if errors.As(err, &e) {
		p.Hint = e.Hint
	}
	return p
}

// OUs lists the OUs of a customer's AD with the users they hold: those that
// people are shown, or all of them.
func (im *Importer) OUs(ctx context.Context, sel string, all bool) (OUList, error) {
	list := OUList{OUs: []source.OU{}}
	reg, err := im.read(ctx, sel, noAccounts)
	if err != nil {
		return list, err
	}
	dir, lister, err := im.openAD(ctx, reg)
	if err != nil {
		return list, err
	}
	defer func() { _ = dir.Close() }()
	tree, err := lister.Tree(ctx)
	if err != nil {
		return list, err
	}
	var failed error
	users := func(yield func(source.User) bool) {
		for u, err := range dir.Users(ctx, source.Scope{Brief: true}) {
			if err != nil {
				failed = err
				return
			}
			if !yield(u) {
				return
			}
		}
	}
	for _, o := range source.NewOUIndex(tree).CountUsers(users) {
		if o.Hidden {
			list.Hidden.OUs++
			list.Hidden.Users += o.Users
		}
		if all || !o.Hidden {
			list.OUs = append(list.OUs, o)
		}
	}
	return list, failed
}

func (im *Importer) openAD(ctx context.Context, reg *registry) (source.Directory, source.OULister, error) {
	conn, err := reg.connection(source.AD)
	if err != nil {
		return nil, nil, err
	}
	dir, err := im.open(ctx, conn)
	if err != nil {
		return nil, nil, err
	}
	lister, ok := dir.(source.OULister)
	if !ok {
		return nil, nil, errors.Join(&source.Error{Code: source.CodeIncomplete, Message: "this directory has no OUs"}, dir.Close())
	}
	return dir, lister, nil
}

// Users lists the users of a directory: those that could be imported, or all.
func (im *Importer) Users(ctx context.Context, r UsersRequest) ([]User, error) {
	reg, err := im.read(ctx, r.Customer, plainAccounts)
	if err != nil {
		return nil, err
	}
	sel, err := im.openSelection(ctx, reg, r.Source, r.OUs, r.Recursive || len(r.OUs) == 0)
	if err != nil {
		return nil, err
	}
	defer func() { _ = sel.dir.Close() }()
	imported := reg.importedIDs(r.Source)
	users := []User{}
	for u, err := range sel.users(ctx) {
		if err != nil {
			return nil, err
		}
		v := viewUser(&u, imported[u.ID])
		if r.All || v.SkipReason == nil {
			users = append(users, v)
		}
	}
	sorted(users, userOrder)
	return users, nil
}

// importedIDs are the ids of the users of a directory that have accounts.
func (reg *registry) importedIDs(kind source.Kind) map[string]bool {
	ids := make(map[string]bool, len(reg.accounts))
	for _, a := range reg.accounts {
		if kind == source.AD {
			ids[string(a.adID)] = true
		} else {
			ids[string(a.m365ID)] = true
		}
	}
	delete(ids, "")
	return ids
}
