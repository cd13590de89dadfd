package importer

import (
	"context"
	"fmt"

	"github.com/qpimport/qpimport/pkg/source"
)

// examine notes how a directory is reached, where it can say that, and warns of
// rights that the account which signs in turned out to lack.
func (t *DirectoryTest) examine(ctx context.Context, dir source.Directory, conn source.Connection, users []*source.User) error {
	if examiner, ok := source.As[source.Examiner](dir); ok {
		notes, warnings, err := examiner.Examine(ctx)
		if err != nil {
			return err
		}
		t.Notes, t.Warnings = append(t.Notes, notes...), append(t.Warnings, warnings...)
	}
	if conn.Kind != source.AD || conn.Transport == source.TransportFile {
		return nil
	}
	hidden := 0
	for _, u := range users {
		if u.Enabled == source.Unknown {
			hidden++
		}
	}
	if hidden > 0 {
		t.Warnings = append(t.Warnings, fmt.Sprintf("of %d of %d users it cannot be read whether they are enabled: the account that signs in lacks the right to read userAccountControl", hidden, len(users)))
	}
	return nil
}
