package sqlite

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestKeptFiles migrates files that older versions made: all that they hold is
// there, and what they recorded can be read, as what it is.
func TestKeptFiles(t *testing.T) {
	for _, name := range []string{"schema1.db", "schema2.db"} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "state.db")
			writeFile(t, path, readFile(t, filepath.Join("../../../testdata/state", name)))
			before := recorded(t, path)
			s, err := Open(t.Context(), path, false)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			check(t, s.db)
			c, err := s.Snapshot(t.Context(), registry.Ref{Key: "contoso"}, registry.Load{Accounts: true, People: []source.Kind{source.AD, source.M365}})
			if err != nil {
				t.Fatal(err)
			}
			if !c.Exists() || c.Customer.PasswordSync != registry.ModeOn || len(c.Accounts) != 3 || len(c.Decisions) == 0 || len(c.Directories) != 2 {
				t.Errorf("%+v", c)
			}
			matched := 0
			for _, a := range c.Accounts {
				for _, kind := range []source.Kind{source.AD, source.M365} {
					p, ok := c.People[kind][a.LinkID(kind)]
					if a.Link(kind) == nil {
						continue
					}
					if u, err := p.User(); !ok || err != nil || u.ID != a.LinkID(kind) || !p.Missing.IsZero() {
						t.Errorf("%s user of %s: %v, %v", kind, a.Username, ok, err)
					}
				}
				if a.M365 != nil && a.Pairing != nil && a.Pairing.Reason != "" {
					matched++
				}
			}
			if matched != 2 {
				t.Errorf("%d pairs, want 2", matched)
			}
			runs, err := s.Runs(t.Context(), registry.RunFilter{})
			if err != nil || len(runs) < 8 {
				t.Fatalf("%d runs, %v", len(runs), err)
			}
			var after strings.Builder
			for i := len(runs) - 1; i >= 0; i-- {
				changes, err := s.Changes(t.Context(), runs[i].ID)
				if err != nil {
					t.Fatal(err)
				}
				for _, ch := range changes {
					if !ch.Legacy {
						t.Errorf("run %d: passes for one of this version", runs[i].ID)
					}
					after.WriteString(string(ch.Entity) + ch.ID + string(ch.Before) + string(ch.After) + "\n")
				}
				if _, conflicts, err := c.Replay(registry.Inverse(changes)); err != nil || len(conflicts) != len(changes) {
					t.Errorf("run %d could be taken back: %v, %v", runs[i].ID, conflicts, err)
				}
			}
			if after.String() != before {
				t.Errorf("recorded\n%s\nwas\n%s", after.String(), before)
			}
		})
	}
}

// recorded is what an older file says was changed.
func recorded(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var text string
	err = db.QueryRowContext(t.Context(), `SELECT group_concat(entity || id || ifnull(before, '') || ifnull(after, '') || char(10), '')
		FROM (SELECT * FROM changes ORDER BY run, seq)`).Scan(&text)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
