package importer

import (
	"context"
	"errors"
	"fmt"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The topics of errors about setting passwords.
const (
	TopicNoResetter source.Topic = "no_resetter" // subject: the kind
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
	source.Directory
	source.PasswordResetter
	kind source.Kind
	info source.Info
}

// openResetter opens the directory that sets a customer's passwords, and makes sure
// that it is the one that was imported from.
func (im *Importer) openResetter(ctx context.Context, snap *registry.Snapshot, kind source.Kind) (*resetter, error) {
	d, ok := snap.Resetters[kind]
	if !ok {
		return nil, noResetter(snap, kind)
	}
	dir, err := im.open(ctx, d.Connection)
	if err != nil {
		return nil, err
	}
	r := &resetter{Directory: dir, kind: kind}
	if r.PasswordResetter, ok = source.As[source.PasswordResetter](dir); !ok {
		return nil, errors.Join(noResetter(snap, kind), dir.Close())
	}
	if r.info, err = dir.Info(ctx); err == nil {
		err = checkIdentity(snap, kind, r.info.ID, false)
	}
	if err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return r, nil
}
