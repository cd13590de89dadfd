package sqlite

import (
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/registrytest"
)

// file is a state file of a test.
type file struct {
	t    *testing.T
	path string
}

func (f file) Open(readOnly bool) (registry.Store, error) {
	return Open(f.t.Context(), f.path, readOnly)
}

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
