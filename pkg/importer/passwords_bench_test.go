package importer

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/sqlite"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// changing is an AD in which three passwords are set between any two checks.
type changing struct {
	source.Directory
	usn int64
}

func (c *changing) PasswordChanges(context.Context, source.PasswordCursor) ([]source.PasswordChange, source.PasswordCursor, error) {
	c.usn += 3
	var changes []source.PasswordChange
	for n := range 3 {
		changes = append(changes, source.PasswordChange{ID: sourcetest.GUID(1000 * (n + 1)), Mark: source.PasswordMark{Version: c.usn}, Certain: true})
	}
	return changes, source.PasswordCursor{Server: "dc1", USN: c.usn}, nil
}

// BenchmarkCheckPasswords checks a customer of 50,000 accounts of whom three were
// reset; AD takes no time.
func BenchmarkCheckPasswords(b *testing.B) {
	store, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "state.db"), false)
	if err != nil {
		b.Fatal(err)
	}
	defer store.Close()
	ad := &changing{Directory: &sourcetest.Memory{Identity: source.Info{Kind: source.AD, ID: "S-1-5-21-1-2-3"}}}
	im := New(Options{Store: store, Open: func(context.Context, source.Connection) (source.Directory, error) { return ad, nil }})
	c, err := im.CreateCustomer(b.Context(), "Contoso", nil)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := im.change(b.Context(), c.ID, command{name: "made"}, func(d *draft) error {
		d.after.Customer.PasswordSync = registry.ModeOn
		d.connect(source.ExportOf(source.AD, "x"))
		for n := range 50_000 {
			d.add(&registry.Account{
				DisplayName: fmt.Sprint("User ", n), Email: fmt.Sprintf("u%d@x.example", n), EmailSource: registry.EmailFromM365, State: registry.StateActive,
				AD: &registry.Link{ID: sourcetest.GUID(n), Name: "CN=x", Status: registry.StatusOK}, M365: &registry.Link{ID: sourcetest.GUID(100_000 + n), Status: registry.StatusOK},
			})
		}
		return nil
	}); err != nil {
		b.Fatal(err)
	}
	began := true
	for b.Loop() {
		r, err := im.CheckPasswords(b.Context(), c.ID, false)
		if err != nil || r.Began != began || !began && len(r.Accounts) != 3 {
			b.Fatalf("%+v, %v", r, err)
		}
		began = false
	}
}
