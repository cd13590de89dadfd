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
	kind  source.Kind
	info  source.Info
	tree  source.Tree // AD's
	index *source.OUIndex
	users []*source.User
	// elsewhere are users whom the directory has outside what is read.
	elsewhere []*source.User
	at        time.Time
}

// readWhole reads everybody in a directory of the customer. look sees the OUs
// before the users are read; it may be nil. With other, a domain or tenant that
// is not the one read before is taken.
func (im *Importer) readWhole(ctx context.Context, snap *registry.Snapshot, kind source.Kind, other bool, look func(*reading) error) (*reading, error) {
	return im.readWholeThen(ctx, snap, kind, other, look, nil)
}

// readWholeThen is readWhole with a further question to the directory while it is
// open; it may be nil.
func (im *Importer) readWholeThen(ctx context.Context, snap *registry.Snapshot, kind source.Kind, other bool, look func(*reading) error, then func(source.Directory, *reading) error) (*reading, error) {
	dir, err := im.connect(ctx, snap, kind)
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	r := &reading{kind: kind, at: im.clock()}
	if lister, ok := source.As[source.OULister](dir); ok && kind == source.AD {
		if r.tree, err = lister.Tree(ctx); err != nil {
			return nil, err
		}
		r.index = source.NewOUIndex(r.tree)
	}
	if look != nil {
		if err := look(r); err != nil {
			return nil, err
		}
	}
	if r.info, err = dir.Info(ctx); err != nil {
		return nil, err
	}
	if err := checkIdentity(snap, kind, r.info.ID, other); err != nil {
		return nil, err
	}
	if r.users, err = readAll(ctx, dir); err == nil && then != nil {
		err = then(dir, r)
	}
	return r, err
}

// connect opens a directory of the customer.
func (im *Importer) connect(ctx context.Context, snap *registry.Snapshot, kind source.Kind) (source.Directory, error) {
	conn, err := connection(snap, kind)
	if err != nil {
		return nil, err
	}
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

// readAll reads everybody, in the order of their ids: that of a directory is its
// own affair, and a plan is not to fail for it.
func readAll(ctx context.Context, dir source.Directory) ([]*source.User, error) {
	var users []*source.User
	for u, err := range dir.Users(ctx, source.Scope{}) {
		if err != nil {
			return nil, err
		}
		users = append(users, &u)
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
