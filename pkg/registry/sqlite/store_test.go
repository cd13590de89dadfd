package sqlite

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/registrytest"
	"github.com/qpimport/qpimport/pkg/source"
)

// file is a state file of a test.
type file struct {
	t    *testing.T
	path string
}

func (f file) Open(readOnly bool) (registry.Store, error) {
	return Open(f.t.Context(), f.path, readOnly)
}

func (f file) OpenCopy(path string) (registry.Store, error) { return Open(f.t.Context(), path, true) }

func (f file) Damage(field, value string) error {
	statement := map[string]string{
		"connection": `UPDATE directories SET connection = ?`,
		"selection":  `UPDATE selections SET selection = ?`,
		"pairing":    `UPDATE accounts SET match = ? WHERE m365_id IS NOT NULL`,
		"person":     `UPDATE people SET user = ?`,
		"time":       `UPDATE accounts SET imported_at = ?`,
	}[field]
	db, err := sql.Open("sqlite", f.path)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(f.t.Context(), statement, value)
	return err
}

func TestStore(t *testing.T) {
	registrytest.Run(t, func(t *testing.T) registrytest.Registry {
		return file{t, filepath.Join(t.TempDir(), "state.db")}
	})
}

// TestCopyOntoItself names the state file, or what SQLite keeps beside it, as the
// place of its copy.
func TestCopyOntoItself(t *testing.T) {
	path := makeState(t)
	link := filepath.Join(t.TempDir(), "link.db")
	folder := filepath.Join(t.TempDir(), "folder")
	for name, to := range map[string]string{link: path, folder: filepath.Dir(path)} {
		if err := os.Symlink(to, name); err != nil {
			t.Fatal(err)
		}
	}
	s, err := Open(t.Context(), path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	before := readFile(t, path)
	for _, to := range []string{path, link, path + "-journal", path + "-wal", filepath.Join(folder, "state.db-journal")} {
		if err := s.Copy(t.Context(), to); source.CodeOf(err) != source.CodeUsage {
			t.Errorf("%s: %v", to, err)
		}
	}
	if !bytes.Equal(readFile(t, path), before) || len(files(t, filepath.Dir(path))) != 1 {
		t.Error("something was written")
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	writeFile(t, copied, []byte("older"))
	if err := s.Copy(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(copied); err != nil || info.Mode().Perm() != 0o600 || info.Size() < 4096 {
		t.Errorf("%v, %v", info, err)
	}
}
