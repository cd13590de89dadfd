package importer

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Connect stores how a customer's directory is reached, in place of what was
// there. It does not read the directory.
func (im *Importer) Connect(ctx context.Context, sel string, conn source.Connection) (Customer, error) {
	return im.changeCustomer(ctx, sel, command{name: "directories connect"}, func(d *draft, _ others) error {
		d.connect(conn)
		return nil
	})
}

// connect drafts another way to reach a directory.
func (d *draft) connect(conn source.Connection) {
	directories := d.after.Directories
	if conn.Role == source.RoleReset {
		directories = d.after.Resetters
	}
	dir := directories[conn.Kind]
	if dir.Connection == conn {
		return
	}
	dir.Kind, dir.Connection, dir.ConnectedAt = conn.Kind, conn, d.now
	directories[conn.Kind] = dir
}

// Disconnect forgets how a directory is reached: as the one that is read, or with
// the role [source.RoleReset] as the one that sets passwords. Accounts imported from
// it stay.
func (im *Importer) Disconnect(ctx context.Context, sel string, kind source.Kind, role string) (Customer, error) {
	return im.changeCustomer(ctx, sel, command{name: "directories disconnect"}, func(d *draft, _ others) error {
		if role == source.RoleReset {
			if _, ok := d.after.Resetters[kind]; !ok {
				return noResetter(d.after, kind)
			}
			delete(d.after.Resetters, kind)
			return nil
		}
		if _, err := connection(d.after, kind); err != nil {
			return err
		}
		delete(d.after.Directories, kind)
		return nil
	})
}

// sampleSize is how many users a test of a directory looks at.
const sampleSize = 200

// TestDirectories reads a little from a customer's directories: from those of
// the given kinds, or from all that are connected. A directory that cannot be
// read is a result, with its error; only what is no directory's fault is
// returned as one.
func (im *Importer) TestDirectories(ctx context.Context, sel string, kinds []source.Kind) ([]DirectoryTest, error) {
	snap, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return nil, err
	}
	if len(kinds) == 0 {
		kinds, _ = connectedKinds(snap)
	}
	tests := []DirectoryTest{}
	for _, kind := range kinds {
		conn, err := connection(snap, kind)
		if err != nil {
			return nil, err
		}
		t, err := im.testDirectory(ctx, conn)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			t.Error = problem(err)
		}
		t.OK = err == nil
		if err == nil {
			topology(snap, &t)
		}
		tests = append(tests, t)
	}
	return tests, nil
}

func (im *Importer) testDirectory(ctx context.Context, conn source.Connection) (DirectoryTest, error) {
	t := DirectoryTest{Source: conn.Kind, Demands: []source.Demand{}, Ends: []source.End{}, Notes: []string{}, Warnings: []string{}}
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
	if err := t.examine(ctx, dir, im.clock()); err != nil {
		return t, err
	}
	sample := &reading{kind: conn.Kind}
	for u, err := range dir.Users(ctx, source.Scope{Limit: sampleSize + 1}) {
		if err != nil {
			return t, err
		}
		if t.Users == sampleSize {
			t.More = true
			break
		}
		t.Users++
		sample.users = append(sample.users, &u)
		if u.Synced == source.Yes || u.ImmutableID != "" {
			t.Synced++
		}
	}
	if err := sample.readPowers(ctx, dir); err != nil {
		return t, err
	}
	if err := sample.readMailboxes(ctx, dir, nil); err != nil {
		return t, err
	}
	if conn.Kind == source.AD && conn.Transport != source.TransportFile {
		t.canReadState(sample.users)
	}
	t.describe(sample, dir)
	if lister, ok := source.As[source.OULister](dir); ok && conn.Kind == source.AD {
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

// describe notes what a look found out beside the users.
func (t *DirectoryTest) describe(sample *reading, dir source.Directory) {
	t.PrivilegesUnknown = orNull(sample.powers.Unknown)
	if _, ok := source.As[source.MailboxClassifier](dir); ok && t.Source == source.M365 {
		m := MailboxTest{From: sample.mailboxes.From, InDoubt: len(sample.doubtful), Known: len(sample.mailboxes.Classes), Requests: sample.mailboxes.Requests, Unknown: sample.mailboxes.Unknown}
		t.Mailboxes = &m
		if m.InDoubt > 0 && m.Unknown == "" {
			t.Notes = append(t.Notes, fmt.Sprintf("mailboxes: %d of the users looked at are in doubt; %d were told by %s, in %d requests", m.InDoubt, m.Known, m.From, m.Requests))
		}
	}
	t.Notes = append(t.Notes, sample.notes(true)...)
}

// topology notes what kind of customer this looks like, and warns where that
// speaks against its password sync mode.
func topology(snap *registry.Snapshot, t *DirectoryTest) {
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
	case snap.Connection(source.AD) != nil:
		note = "hybrid without AD Connect: no user that was looked at is synchronised"
	}
	t.Notes = append(t.Notes, note)
	if snap.Customer.PasswordSync == registry.ModeOn && (adConnect || 2*t.Synced > t.Users) {
		t.Warnings = append(t.Warnings, syncedWarning)
	}
}

const syncedWarning = "password sync is on while AD Connect seems to copy passwords: two would write the same password; off is the mode for such a customer"

func problem(err error) *Problem {
	p := &Problem{Code: source.CodeOf(err), Message: err.Error(), Cause: err}
	switch {
	case errors.Is(err, context.Canceled):
		p.Code, p.Message = CodeInterrupted, "interrupted"
	case errors.Is(err, context.DeadlineExceeded):
		p.Code = CodeTimeout
	}
	return p
}

// OUs lists the OUs of a customer's AD with the users they hold: those that
// people are shown, or all of them.
func (im *Importer) OUs(ctx context.Context, sel string, all bool) (OUList, error) {
	none := OUList{OUs: []source.OU{}}
	snap, err := im.find(ctx, sel, registry.Load{})
	if err != nil {
		return none, err
	}
	dir, lister, err := im.openAD(ctx, snap)
	if err != nil {
		return none, err
	}
	defer func() { _ = dir.Close() }()
	tree, err := lister.Tree(ctx)
	if err != nil {
		return none, err
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
	list := listOUs(tree, all, users)
	return list, failed
}

func listOUs(tree source.Tree, all bool, users iter.Seq[source.User]) OUList {
	list := OUList{OUs: []source.OU{}}
	for _, o := range source.NewOUIndex(tree).CountUsers(users) {
		if o.Hidden {
			list.Hidden.OUs++
			list.Hidden.Users += o.Users
		}
		if all || !o.Hidden {
			list.OUs = append(list.OUs, o)
		}
	}
	return list
}

func (im *Importer) openAD(ctx context.Context, snap *registry.Snapshot) (source.Directory, source.OULister, error) {
	dir, err := im.connect(ctx, snap, source.AD)
	if err != nil {
		return nil, nil, err
	}
	lister, ok := source.As[source.OULister](dir)
	if !ok {
		return nil, nil, errors.Join(&source.Error{Code: source.CodeIncomplete, Message: "this directory has no OUs"}, dir.Close())
	}
	return dir, lister, nil
}

// Users lists the users of a directory: those that could be imported, or all.
func (im *Importer) Users(ctx context.Context, r UsersRequest) (UserList, error) {
	list := UserList{Users: []UserDetail{}, Notes: []string{}}
	snap, err := im.find(ctx, r.Customer, registry.Load{Accounts: true, People: []source.Kind{r.Source}})
	if err != nil {
		return list, err
	}
	ask := ImportRequest{OUs: r.OUs, Recursive: r.Recursive, Groups: r.Groups, Licensed: r.Licensed, SKUs: r.SKUs}
	q := question{
		whichever: true, groups: r.Groups, licences: needIf(ask.namesLicences()),
		look: func(in *reading) (string, error) {
			chosen, err := findOUs(in, snap.Customer.Name, r.OUs)
			return base(chosen), err
		},
	}
	if r.Details {
		q.allGroups, q.licences = forShow, max(q.licences, forShow)
	}
	var in *reading
	if r.Survey != nil {
		in = r.Survey.again()
	} else if in, err = im.readWhole(ctx, snap, r.Source, q); err != nil {
		return list, err
	}
	sel, err := newSelection(in, snap.Customer.Name, ask)
	if err != nil {
		return list, err
	}
	d := newDraft(snap, im.clock())
	if err := d.learn(in); err != nil {
		return list, err
	}
	imported := d.places(r.Source)
	detail := newDetailer(in)
	filter, err := Filter{Light: r.Light, Text: r.Text}.in(in, snap.Customer.Name)
	if err != nil {
		return list, err
	}
	for _, u := range in.users {
		if take, _ := sel.takes(u); !take {
			continue
		}
		_, has := imported[u.ID]
		v := detail.of(u, has)
		if v.SkipReason != nil && !r.All {
			continue
		}
		list.Of++
		if filter.lets(v.OU, v.Light, userWords(&v.User)...) {
			list.Users = append(list.Users, v)
		}
	}
	sortBy(list.Users, func(u *UserDetail) (ou, name, id string) { return userOrder(&u.User) })
	order(list.Users, r.Order, func(u *UserDetail) (light Light, name, id string) { return u.Light, u.DisplayName, u.ID })
	list.Notes = append(list.Notes, in.notes(true)...)
	return list, nil
}

// detailer says all that is known of users.
type detailer struct {
	*reading
	groups   map[string][]string // by user; nil where they were not read
	licences map[string]string   // names by id
}

func newDetailer(in *reading) *detailer {
	d := &detailer{reading: in, licences: map[string]string{}}
	if in.groups != nil {
		d.groups = source.NewGroupIndex(in.groups, in.users).Names()
	}
	for _, l := range in.licences {
		d.licences[l.ID] = l.Name
	}
	return d
}

func (d *detailer) of(u *source.User, imported bool) UserDetail {
	v := UserDetail{
		User: viewUser(u, imported), Department: u.Department, Title: u.Title, Licences: []string{}, Class: u.Class(),
		WasPrivileged: d.powers.Unknown == "" && u.WasPrivileged(),
	}
	v.Light = userLight(&v.User)
	if u.Mailbox != nil {
		v.ClassFrom = u.Mailbox.From
	}
	if v.SkipReason != nil {
		v.Why = whySkipped(u, *v.SkipReason)
	}
	if d.groups != nil {
		v.Groups = list(d.groups[u.ID])
	}
	if d.powers.Unknown == "" || len(u.Privileges) > 0 {
		v.Privileges = list(u.Privileges)
	}
	for _, id := range u.Licences {
		v.Licences = append(v.Licences, cmp.Or(d.licences[id], id))
	}
	if !u.PasswordLastSet.IsZero() {
		v.LastPasswordChange = &u.PasswordLastSet
	}
	return v
}
