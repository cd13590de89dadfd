package importer

import (
	"context"

	"github.com/qpimport/qpimport/pkg/registry"
)

// Names lists what begins with prefix, at most limit, out of the registry alone: a
// directory is never asked. customer names whose, "" is everybody's.
func (im *Importer) Names(ctx context.Context, kind registry.NameKind, customer, prefix string, limit int) ([]registry.Name, error) {
	q := registry.NameQuery{Kind: kind, Prefix: prefix, Limit: limit}
	if customer != "" {
		q.Customer = ref(customer)
	}
	return im.store.Names(ctx, q)
}
