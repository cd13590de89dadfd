package importer

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// reading is a directory as it was read whole.
type reading struct {
	kind   source.Kind
	export bool   // it is one on disk
	base   string // DN of the part that was read, "" for all
	info   source.Info
	tree   source.Tree // AD's
	index  *source.OUIndex
	users  []*source.User
	// elsewhere are users whom the directory has outside what is read.
	elsewhere []*source.User
	powers    source.Powers
	doubtful  []*source.User // whose mailboxes were asked about
	mailboxes source.Mailboxes
	groups    []source.Group // with the members of those that were asked for
	licences  []source.Licence
	noGroups  string // why there are no groups or no names of licences to show
	noNames   string
	at        time.Time
}

// need is how much something is needed.
type need int

const (
	notNeeded need = iota
	forShow        // where it may not be had, that is remarked
	needed
)

func needIf(is bool) need {
	if is {
		return needed
	}
	return notNeeded
}

// question is what is asked of a directory besides everybody in it.
type question struct {
	// other takes a domain or tenant that is not the one read before; with whichever
	// nobody asks which it is.
	other, whichever bool
	// groups names those whose members are wanted, by anything that
	// [source.FindGroups] knows.
	groups []string
	// allGroups wants them all, licences the names of the products that are assigned.
	allGroups, licences need
	// look sees the OUs before the users are read, and may confine the read to a part;
	// then is asked while the directory is open. Both may be nil.
	look func(*reading) (base string, err error)
	then func(source.Directory, *reading) error
	// identify sees which directory it is, if that is asked; nil takes any.
	identify func(id string) error
	// known are the people of the directory as last read; nil where there are none.
	known func() (registry.People, error)
}

// readWhole reads everybody in a directory of the customer, who of them holds power,
// and what the mailboxes are of which that is in doubt.
func (im *Importer) readWhole(ctx context.Context, snap *registry.Snapshot, kind source.Kind, q question) (*reading, error) {
	conn, err := connection(snap, kind)
	if err != nil {
		return nil, err
	}
	dir, err := im.open(ctx, conn)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	r := &reading{kind: kind, export: conn.Transport == source.TransportFile, at: im.clock()}
	if err := r.readOUs(ctx, dir); err != nil {
		return nil, err
	}
	if q.look != nil {
		if r.base, err = q.look(r); err != nil {
			return nil, err
		}
	}
	q.identify = func(id string) error { return checkIdentity(snap, kind, id, q.other) }
	q.known = func() (registry.People, error) {
		if people := snap.People[kind]; people != nil || !snap.Exists() {
			return people, nil
		}
		full, err := im.store.Snapshot(ctx, registry.Ref{ID: snap.Customer.ID}, registry.Load{People: []source.Kind{kind}})
		if err != nil {
			return nil, err
		}
		return full.People[kind], nil
	}
	if err := r.read(ctx, dir, q); err != nil {
		return nil, err
	}
	if q.then != nil {
		err = q.then(dir, r)
	}
	return r, err
}

// readOUs reads the OUs of AD.
func (r *reading) readOUs(ctx context.Context, dir source.Directory) (err error) {
	lister, ok := source.As[source.OULister](dir)
	if !ok || r.kind != source.AD {
		return nil
	}
	if r.tree, err = lister.Tree(ctx); err == nil {
		r.index = source.NewOUIndex(r.tree)
	}
	return err
}

// read reads the users, and what is known about them beside themselves.
func (r *reading) read(ctx context.Context, dir source.Directory, q question) error {
	first := []func() error{
		func() error { return r.identify(ctx, dir, q) },
		func() (err error) { r.users, err = readAll(ctx, dir, r.base); return err },
	}
	if r.export { // the pass over its users tells which it is
		slices.Reverse(first)
	}
	for _, step := range first {
		if err := step(); err != nil {
			return err
		}
	}
	// Side by side: a live directory takes its time for each answer.
	steps := []func() error{
		func() error { return r.readPowers(ctx, dir) },
		func() error { return r.readGroups(ctx, dir, q) },
		func() error { return r.readLicences(ctx, dir, q) },
	}
	errs := make([]error, len(steps))
	var wg sync.WaitGroup
	for i, step := range steps {
		wg.Go(func() { errs[i] = step() })
	}
	wg.Wait()
	for _, err := range errs { // the first will do
		if err != nil {
			return err
		}
	}
	if len(r.powers.Groups) > 0 {
		ways := source.NewGroupIndex(r.powers.Groups, r.users).Privileges()
		for _, u := range r.users {
			u.Privileges = ways[u.ID]
		}
	}
	return r.readMailboxes(ctx, dir, q.known)
}

// identify asks which directory it is.
func (r *reading) identify(ctx context.Context, dir source.Directory, q question) (err error) {
	if q.whichever {
		return nil
	}
	if r.info, err = dir.Info(ctx); err == nil && q.identify != nil {
		err = q.identify(r.info.ID)
	}
	return err
}

// readPowers reads who holds power over the directory.
func (r *reading) readPowers(ctx context.Context, dir source.Directory) (err error) {
	lister, ok := source.As[source.PowerLister](dir)
	if !ok {
		r.powers.Unknown = "this directory does not say"
		return nil
	}
	r.powers, err = lister.Powers(ctx)
	return err
}

// readMailboxes asks about the mailboxes of which it is in doubt what they are, and
// about those that were found to be no person's before: they may have become one's.
func (r *reading) readMailboxes(ctx context.Context, dir source.Directory, known func() (registry.People, error)) (err error) {
	classifier, ok := source.As[source.MailboxClassifier](dir)
	if !ok {
		return nil
	}
	r.doubtful = source.InDoubt(r.users)
	if known != nil {
		people, err := known()
		if err != nil {
			return err
		}
		if r.doubtful, err = withFormer(r.doubtful, r.users, people); err != nil {
			return err
		}
	}
	if len(r.doubtful) == 0 {
		return nil
	}
	if r.mailboxes, err = classifier.Mailboxes(ctx, r.doubtful); err != nil {
		return err
	}
	for _, u := range r.users {
		if class := r.mailboxes.Classes[u.ID]; class != source.MailboxUnknown {
			u.Mailbox = &source.Mailbox{Class: class, From: r.mailboxes.From}
		}
	}
	return nil
}

// withFormer adds to users those whose mailbox was found to be no person's before.
func withFormer(doubtful, users []*source.User, people registry.People) ([]*source.User, error) {
	listed := make(map[string]bool, len(doubtful))
	for _, u := range doubtful {
		listed[u.ID] = true
	}
	for _, u := range users {
		p := people[u.ID]
		if listed[u.ID] || u.Mailbox != nil || !strings.Contains(p.Record, `"mailbox"`) {
			continue
		}
		was, err := p.User()
		if err != nil {
			return nil, err
		}
		if was.Mailbox != nil && was.Mailbox.Class != source.MailboxUser {
			doubtful = append(doubtful, u)
		}
	}
	return doubtful, nil
}

// readGroups reads the groups where some are asked for.
func (r *reading) readGroups(ctx context.Context, dir source.Directory, q question) (err error) {
	if len(q.groups) == 0 && q.allGroups == notNeeded {
		return nil
	}
	soft := len(q.groups) == 0 && q.allGroups == forShow
	if lister, ok := source.As[source.GroupLister](dir); ok {
		var want func(*source.Group) bool
		if q.allGroups == notNeeded {
			want = func(g *source.Group) bool { return slices.ContainsFunc(q.groups, g.Is) }
		}
		r.groups, err = lister.Groups(ctx, want)
	} else {
		err = &source.Error{Code: source.CodeUsage, Topic: TopicNoGroups, Message: "this directory does not say who is in which group"}
	}
	if soft && mayLack(err) {
		r.noGroups, err = fmt.Sprintf("who is in which group of %s is not known: %s", r.kind, err), nil
	}
	return err
}

// mayLack says that an answer is not had because of a permission, or an export.
func mayLack(err error) bool {
	code := source.CodeOf(err)
	return code == source.CodePermission || code == source.CodeUsage
}

// readLicences reads the names of the products where some are asked for.
func (r *reading) readLicences(ctx context.Context, dir source.Directory, q question) (err error) {
	if lister, ok := source.As[source.LicenceLister](dir); ok && q.licences != notNeeded {
		r.licences, err = lister.Licences(ctx)
		if q.licences == forShow && mayLack(err) {
			r.noNames, err = "licences are shown by their ids: "+err.Error(), nil
		}
	}
	return err
}

// notes are remarks for people about what was read. That an export does not say who
// holds power is told to who is choosing people; each time would be too often.
func (r *reading) notes(choosing bool) []string {
	notes := slices.Clone(r.info.Notes)
	if r.powers.Unknown != "" && (choosing || !r.export) {
		notes = append(notes, fmt.Sprintf("who holds power in %s is not known: %s", r.kind, r.powers.Unknown))
	}
	notes = append(notes, r.powers.Notes...)
	if r.mailboxes.Unknown != "" {
		notes = append(notes, fmt.Sprintf("what %d mailboxes are is not known: %s", len(r.doubtful), r.mailboxes.Unknown))
	}
	for _, lack := range []string{r.noGroups, r.noNames} {
		if lack != "" {
			notes = append(notes, lack)
		}
	}
	return notes
}

// connect opens a directory of the customer.
func (im *Importer) connect(ctx context.Context, snap *registry.Snapshot, kind source.Kind) (source.Directory, error) {
	conn, err := connection(snap, kind)
	if err != nil {
		return nil, err
	}
	return im.open(ctx, conn)
}

// connectForPasswords opens a customer's directory to find out when passwords were
// set: at the domain controller that knows first, and is the same one each time.
func (im *Importer) connectForPasswords(ctx context.Context, snap *registry.Snapshot, kind source.Kind) (source.Directory, error) {
	conn, err := connection(snap, kind)
	if err != nil {
		return nil, err
	}
	conn.Primary = kind == source.AD
	return im.open(ctx, conn)
}

// connection is how a customer's directory is reached.
func connection(snap *registry.Snapshot, kind source.Kind) (source.Connection, error) {
	c := snap.Connection(kind)
	if c == nil {
		return source.Connection{}, &source.Error{Code: CodeNotConnected, Subject: string(kind), Message: snap.Customer.Name + " has no " + kind.String() + " connected"}
	}
	return *c, nil
}

// connectedKinds are the directories that a customer has connected. None is an error.
func connectedKinds(snap *registry.Snapshot) ([]source.Kind, error) {
	var kinds []source.Kind
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if snap.Connection(kind) != nil {
			kinds = append(kinds, kind)
		}
	}
	if len(kinds) == 0 {
		return nil, &source.Error{Code: CodeNotConnected, Subject: string(source.AD), Message: snap.Customer.Name + " has no directory connected"}
	}
	return kinds, nil
}

// usersAtOnce fill 32 KiB, the most that Go gives out in sizes made for it.
const usersAtOnce = 63

// readAll reads everybody, in the order of their ids: that of a directory is its
// own affair, and a plan is not to fail for it.
func readAll(ctx context.Context, dir source.Directory, base string) ([]*source.User, error) {
	var users []*source.User
	var some []source.User // many at once take less room than each by itself
	for u, err := range dir.Users(ctx, source.Scope{Base: base}) {
		if err != nil {
			return nil, err
		}
		if len(some) == cap(some) {
			some = make([]source.User, 0, usersAtOnce)
		}
		some = append(some, u)
		users = append(users, &some[len(some)-1])
	}
	slices.SortStableFunc(users, func(a, b *source.User) int { return strings.Compare(a.ID, b.ID) })
	return users, nil
}

// checkIdentity refuses a directory that is not the one read before.
func checkIdentity(snap *registry.Snapshot, kind source.Kind, id string, allow bool) error {
	before := snap.Directories[kind].Identity
	if before == "" || id == "" || before == id || allow {
		return nil
	}
	return &source.Error{
		Code:    CodeDirectoryChanged,
		Message: fmt.Sprintf("%s's %s is not the one imported from before: it says it is %s, not %s", snap.Customer.Name, kind, id, before),
	}
}

// beside reads a customer while directories are read.
func (im *Importer) beside(ctx context.Context, id string, load registry.Load, directories ...func() error) (*registry.Snapshot, error) {
	var snap *registry.Snapshot
	var err error
	errs := make([]error, len(directories))
	var wg sync.WaitGroup
	wg.Go(func() { snap, err = im.store.Snapshot(ctx, registry.Ref{ID: id}, load) })
	for i, read := range directories {
		wg.Go(func() { errs[i] = read() })
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return snap, err
}
