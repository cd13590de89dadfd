package importer

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// noResetter says that nothing is connected that may set passwords.
func noResetter(snap *registry.Snapshot, kind source.Kind) error {
	return &source.Error{
		Code: CodeRefused, Topic: TopicNoResetter, Subject: string(kind),
		Message: fmt.Sprintf("%s has no %s connected that may set passwords", snap.Customer.Name, kind),
	}
}

// resetter is an open directory that sets passwords.
type resetter struct {
	source.PasswordResetter
	dir    source.Directory
	powers source.Powers
	synced source.Flag // AD Connect runs in the tenant
	server string
}

// openResetter opens the directory that sets a customer's passwords, and makes sure
// that it is the one that was imported from.
func (im *Importer) openResetter(ctx context.Context, snap *registry.Snapshot, kind source.Kind) (*resetter, error) {
	d, ok := snap.Resetters[kind]
	if !ok {
		return nil, noResetter(snap, kind)
	}
	// A password that is set at another controller works there at once, and everywhere
	// else only later.
	d.Connection.Primary = kind == source.AD
	dir, err := im.open(ctx, d.Connection)
	if err != nil {
		return nil, err
	}
	r := &resetter{dir: dir}
	if r.PasswordResetter, ok = source.As[source.PasswordResetter](dir); !ok {
		return nil, errors.Join(noResetter(snap, kind), dir.Close())
	}
	if err := r.lookRound(ctx, snap, kind); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return r, nil
}

func (r *resetter) lookRound(ctx context.Context, snap *registry.Snapshot, kind source.Kind) error {
	info, err := r.dir.Info(ctx)
	if err != nil {
		return err
	}
	r.synced, r.server = info.Synced, info.Server
	return checkIdentity(snap, kind, info.ID, false)
}

// readPowers reads who holds power over the directory.
func (r *resetter) readPowers(ctx context.Context) (err error) {
	lister, ok := source.As[source.PowerLister](r.dir)
	if !ok {
		r.powers.Unknown = "it does not say"
		return nil
	}
	r.powers, err = lister.Powers(ctx)
	return err
}

// power is the way in which a user holds power over a directory: as read now, or where
// that was not asked (r is nil) or does not say, as the account knows it; "" for none.
func (r *resetter) power(u *source.User, link *registry.Link) string {
	switch {
	case u.Critical:
		return "a system object"
	case r == nil:
		return link.Privileged
	}
	named := *u
	named.Privileges = source.NewGroupIndex(r.powers.Groups, []*source.User{u}).Privileges()[u.ID]
	if paths := named.PrivilegePaths(); len(paths) > 0 {
		return strings.Join(paths, "; ")
	}
	if r.powers.Unknown != "" {
		return link.Privileged
	}
	return ""
}

// powerBySID finds the people from AD who hold power: each of those is asked for, who are
// few. Those who are no people, as applications are, have no SID.
func (r *resetter) powerBySID(ctx context.Context) (map[string]string, error) {
	found := map[string]string{}
	finder, ok := source.As[source.Finder](r.dir)
	if !ok {
		return found, nil
	}
	groups := map[string]bool{}
	for _, g := range r.powers.Groups {
		groups[g.ID] = true
	}
	asked := map[string]bool{}
	for _, g := range r.powers.Groups {
		for _, id := range g.Members {
			if groups[id] || asked[id] {
				continue
			}
			asked[id] = true
			u, err := finder.Find(ctx, id)
			if err != nil {
				return nil, err
			}
			if u == nil || u.SID == "" {
				continue
			}
			if way := r.power(u, &registry.Link{}); way != "" {
				found[u.SID] = way
			}
		}
	}
	return found, nil
}

// lasting is a context for what must not be left half done: it outlasts the end of
// another one by so long.
func lasting(ctx context.Context, grace time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		timer := time.AfterFunc(grace, cancel)
		context.AfterFunc(longer, func() { timer.Stop() })
	})
	return longer, func() { stop(); cancel() }
}

// bothKinds are the directories in which an account's password may be set.
var bothKinds = []source.Kind{source.AD, source.M365}

// sideOf is a reset's side in a directory.
func sideOf(r *registry.Reset, kind source.Kind) *registry.ResetSide {
	if kind == source.AD {
		return r.AD
	}
	return r.M365
}

// tenantSynced says whether a customer's Microsoft 365 gets its people from AD, by
// the connection that sets passwords or the one that reads; Unknown where there is
// neither, or it does not say.
func (im *Importer) tenantSynced(ctx context.Context, snap *registry.Snapshot, open *resetter) (source.Flag, error) {
	if open != nil {
		return open.synced, nil
	}
	if snap.Connection(source.M365) == nil {
		return source.Unknown, nil
	}
	dir, err := im.connect(ctx, snap, source.M365)
	if err != nil {
		return source.Unknown, err
	}
	defer func() { _ = dir.Close() }()
	info, err := dir.Info(ctx)
	return info.Synced, err
}

// knownNames lists the names that a password must not hold a part of.
func knownNames(customer string, a *registry.Account, u *source.User) []string {
	names := []string{a.DisplayName, a.GivenName, a.Surname, a.Username}
	if u != nil {
		names = append(names, u.DisplayName, u.GivenName, u.Surname, u.Username)
	}
	for _, address := range []string{a.UPN, a.Email} {
		local, _, _ := strings.Cut(address, "@")
		names = append(names, local)
	}
	for word := range strings.FieldsSeq(customer) {
		if len(word) > 3 { // of "Smith and Sons" not "and"
			names = append(names, word)
		}
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" })
}
