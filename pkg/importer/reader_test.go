package importer

import (
	"database/sql"
	"path/filepath"
	"testing"
)

// TestReadWhileOthersWrite reads while another process is in the middle of a
// change: it sees what was there before, at once.
func TestReadWhileOthersWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	writer, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer writer.Close()
	if _, err := writer.CreateCustomer(t.Context(), "Contoso", nil); err != nil {
		t.Fatal(err)
	}
	err = writer.inTx(t.Context(), func(tx *sql.Tx) error {
		if _, err := writer.createCustomer(t.Context(), tx, "Fabrikam", nil); err != nil {
			return err
		}
		reader, err := Open(t.Context(), Options{Path: path, ReadOnly: true})
		if err != nil {
			return err
		}
		defer reader.Close()
		customers, err := reader.Customers(t.Context())
		if err == nil && (len(customers) != 1 || customers[0].Name != "Contoso") {
			t.Errorf("read %v, want Contoso alone", customers)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	customers, err := writer.Customers(t.Context())
	if err != nil || len(customers) != 2 {
		t.Errorf("%d customers, %v; want 2", len(customers), err)
	}
}
