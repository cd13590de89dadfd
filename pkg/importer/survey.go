package importer

import (
	"context"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Survey is a directory as it was read whole, for several looks at it and an import of
// what was seen.
type Survey struct{ read *reading }

// Survey reads one of a customer's directories whole.
func (im *Importer) Survey(ctx context.Context, customer string, kind source.Kind) (*Survey, error) {
	snap, err := im.find(ctx, customer, registry.Load{})
	if err != nil {
		return nil, err
	}
	read, err := im.readWhole(ctx, snap, kind, question{})
	return &Survey{read}, err
}

// At is when the read began.
func (s *Survey) At() time.Time { return s.read.at }

// OUs lists the OUs of AD with the users they hold: those that people are shown, or all
// of them.
func (s *Survey) OUs(all bool) OUList {
	return listOUs(s.read.tree, all, func(yield func(source.User) bool) {
		for _, u := range s.read.users {
			if !yield(*u) {
				return
			}
		}
	})
}

// again is the reading for one use of it.
func (s *Survey) again() *reading {
	r := *s.read
	return &r
}
