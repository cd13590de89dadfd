package importer

import (
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
)

// undoWorld has a customer with one account, whose address was set in run 5 and,
// to another, in run 6.
func undoWorld(t *testing.T) *world {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "ann@x.example")
	w.mustImport(staff(registry.ModeOff))
	for _, email := range []string{"a@x.example", "b@x.example"} {
		if _, err := w.SetEmails(t.Context(), EmailsRequest{Customer: "Contoso", Changes: []EmailChange{{Account: "p1", Email: email}}}); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) exec(statement string) {
	w.t.Helper()
	if _, err := w.db.ExecContext(w.t.Context(), statement); err != nil {
		w.t.Fatal(err)
	}
}

// TestUndoRefused takes back what cannot be, for reasons that no command brings
// about: it is refused in words or called damaged, and nothing is written.
func TestUndoRefused(t *testing.T) {
	for name, c := range map[string]struct {
		run  int64
		do   string
		want string // of the message; "" is a damaged file
	}{
		"built on by what was forgotten": {5, `DELETE FROM changes WHERE run = 6; DELETE FROM runs WHERE id = 6`, "account Ann was changed since"},
		"all of it gone past the store":  {4, `DELETE FROM accounts; DELETE FROM changes WHERE run > 4; DELETE FROM runs WHERE id > 4`, "account Ann is not there any more"},
		"a rule of the store alone":      {6, `CREATE TRIGGER no BEFORE UPDATE ON accounts BEGIN SELECT RAISE(ABORT, 'the moon is full'); END`, "the moon is full"},
		"a run that changed nothing":     {7, `INSERT INTO runs (customer, customer_name, command, at, format) SELECT id, name, 'sleep', '2026-01-03T00:00:00Z', 2 FROM customers`, "it changed nothing"},
		"a damaged record":               {6, `UPDATE changes SET before = '{' WHERE run = 6`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := undoWorld(t)
			w.exec(c.do)
			before := w.dump()
			_, err := w.Undo(t.Context(), c.run, false)
			if c.want == "" {
				wantCode(t, err, registry.CodeDamaged)
			} else if wantCode(t, err, CodeRefused); err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %s", err, c.want)
			}
			if w.dump() != before {
				t.Error("something was written")
			}
		})
	}
}

// TestUndoWithoutPeople parts and pairs where nobody in the directories is known:
// what the accounts say of their users has to do.
func TestUndoWithoutPeople(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann", "OU=Staff", "")
	w.mailbox(11, "Ann", "ann@x.example")
	w.mustImport(staff(registry.ModeOn))
	w.byHand(joined("p1", "ann@x.example"))
	w.exec(`DELETE FROM people`)
	m := w.byHand(parted("p1"))
	if len(m.Unpaired) != 1 || m.Unpaired[0].AD.Username != "p1" || m.Unpaired[0].M365.Email != "ann@x.example" || m.Unpaired[0].M365.DisplayName != "" {
		t.Errorf("%+v", m.Unpaired)
	}
}
