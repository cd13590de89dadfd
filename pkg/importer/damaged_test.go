package importer

import (
	"errors"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

// TestDamagedRows puts into rows what SQLite takes and this program never
// writes: a command that comes across it calls the state file damaged.
func TestDamagedRows(t *testing.T) {
	for name, statement := range map[string]string{
		"connection":          `UPDATE directories SET connection = '[1]'`,
		"user of AD":          `UPDATE ad_users SET user = '{"id":1}'`,
		"user of Microsoft":   `UPDATE m365_users SET user = 'x'`,
		"no user of AD":       `DELETE FROM ad_users`,
		"reason of a match":   `UPDATE accounts SET match = '{' WHERE m365_id IS NOT NULL`,
		"table with no table": `ALTER TABLE accounts RENAME TO lost`,
		"column of no name":   `ALTER TABLE accounts RENAME COLUMN surname TO lost`,
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.person(1, "Ann", "OU=Staff", "ann@corp.example")
			w.mailbox(101, "Ann", "ann@contoso.example")
			w.mustImport(staff(ModeOn))
			if _, err := w.Match(t.Context(), MatchRequest{Customer: "contoso", Auto: true}); err != nil {
				t.Fatal(err)
			}
			if _, err := w.db.ExecContext(t.Context(), statement); err != nil {
				t.Fatal(err)
			}
			_, err := w.Match(t.Context(), MatchRequest{Customer: "contoso", Unpair: []string{"p1"}})
			if source.CodeOf(err) != CodeStateDamaged {
				t.Errorf("%v", err)
			}
			var e *source.Error
			if errors.As(err, &e) && e.Hint == "" {
				t.Error("no hint")
			}
		})
	}
}
