package importer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// examine notes how a directory is reached, where it can say that.
func (t *DirectoryTest) examine(ctx context.Context, dir source.Directory, now time.Time) error {
	examiner, ok := source.As[source.Examiner](dir)
	if !ok {
		return nil
	}
	x, err := examiner.Examine(ctx)
	if err != nil {
		return err
	}
	t.SignIn, t.Rights = &x.SignIn, x.Rights
	t.Demands, t.Ends = list(x.Demands), list(x.Ends)
	t.Notes, t.Warnings = append(t.Notes, x.Notes...), append(t.Warnings, x.Warnings...)
	for _, end := range x.Ends {
		note, warning := end.Remark(now)
		if note != "" {
			t.Notes = append(t.Notes, note)
		} else {
			t.Warnings = append(t.Warnings, warning)
		}
	}
	if t.Rights != nil && len(t.Rights.Missing) > 0 {
		var missing []string
		for _, r := range t.Rights.Missing {
			missing = append(missing, r.Name+" ("+r.For+")")
		}
		t.Notes = append(t.Notes, "rights that the application does not have: "+strings.Join(missing, ", "))
	}
	return nil
}

// canReadState warns of a right that the account which signs in to AD turns out to
// lack.
func (t *DirectoryTest) canReadState(users []*source.User) {
	hidden := 0
	for _, u := range users {
		if u.Enabled == source.Unknown {
			hidden++
		}
	}
	if hidden == 0 {
		return
	}
	t.Rights = &source.Rights{Granted: []string{}, Missing: []source.Right{{Name: "Read userAccountControl", For: "to know who is disabled"}}}
	t.Warnings = append(t.Warnings, fmt.Sprintf("of %d of %d users it cannot be read whether they are enabled: the account that signs in lacks the right to read userAccountControl", hidden, len(users)))
}
