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
	for name, legacy := range map[string]bool{"schema1.db": true, "schema2.db": true, "schema3.db": false} {
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
					if ch.Legacy != legacy {
						t.Errorf("run %d: of an older version: %v", runs[i].ID, ch.Legacy)
					}
					after.WriteString(string(ch.Entity) + ch.ID + string(ch.Before) + string(ch.After) + "\n")
				}
				if _, conflicts, err := c.Replay(registry.Inverse(changes)); legacy && (err != nil || len(conflicts) != len(changes)) {
					t.Errorf("run %d could be taken back: %v, %v", runs[i].ID, conflicts, err)
				}
			}
			if !legacy {
				takeBackAll(t, s, c, runs)
			}
			if after.String() != before {
				t.Errorf("recorded\n%s\nwas\n%s", after.String(), before)
			}
		})
	}
}

// takeBackAll takes back what runs of the version before did to a customer, the
// newest first, until nothing of it is left.
func takeBackAll(t *testing.T, s *Store, c *registry.Snapshot, runs []registry.Run) {
	t.Helper()
	for _, run := range runs {
		if run.CustomerID != c.Customer.ID || run.Command == "customers create" {
			continue
		}
		changes, err := s.Changes(t.Context(), run.ID)
		if err != nil {
			t.Fatal(err)
		}
		next, conflicts, err := c.Replay(registry.Inverse(changes))
		if err != nil || len(conflicts) > 0 {
			t.Fatalf("run %d (%s) cannot be taken back: %v, %v", run.ID, run.Command, conflicts, err)
		}
		c = next
	}
	if len(c.Accounts) != 0 || len(c.Directories) != 0 || len(c.Selections) != 0 || c.Customer.PasswordSync != registry.ModeUnset {
		t.Errorf("left: %d accounts, %d directories, %d selections, %s", len(c.Accounts), len(c.Directories), len(c.Selections), c.Customer.PasswordSync)
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
