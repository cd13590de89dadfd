package m365

import (
	"context"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// Examine says when the certificate of the application ends. When a client secret
// does nobody says who may only read users.
func (d *Directory) Examine(ctx context.Context) (notes, warnings []string, err error) {
	if _, err := d.client.tokens.get(ctx); err != nil {
		return nil, nil, err
	}
	ends := d.client.tokens.end()
	if ends.IsZero() {
		return nil, nil, nil
	}
	note, warning := source.Expiry("the certificate that the application signs in with", ends, time.Now())
	if warning != "" {
		return nil, []string{warning}, nil
	}
	return []string{note}, nil, nil
}

// end is when the certificate ends that tokens are asked for with.
func (t *tokens) end() time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.ends
}
