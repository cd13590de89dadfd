package m365

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

// FuzzPage: what is taken for a page is one JSON object with one list of users,
// and all of them are there.
func FuzzPage(f *testing.F) {
	for _, seed := range []string{
		`{"@odata.context":"x","@odata.nextLink":"https://g/v1.0/users?a","value":[{"id":"a"},{"id":"b","mail":null}]}`,
		`{"value":[]}`, `{"value":[],"value":[]}`, `{"value":[{"id":"a"}],"Value":[]}`, `{"value":[null]}`,
		`{}`, `null`, `[]`, `{"value":[{"id":"a"}`, `{"value":[]}{}`, `{"value":[{"id":"a"},]}`, `{"value" [] }`, `{"error":{},"value":[]}`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		p := page[source.User]{decode: graphuser.Read}
		if p.read(strings.NewReader(body)) != nil {
			return
		}
		var whole map[string]json.RawMessage
		var users []map[string]any
		if err := json.Unmarshal([]byte(body), &whole); err != nil {
			t.Fatalf("%q is no object: %v", body, err)
		}
		if err := json.Unmarshal(whole["value"], &users); err != nil || len(users) != len(p.items) {
			t.Fatalf("%q: %d users taken of %d, %v", body, len(p.items), len(users), err)
		}
		for _, u := range p.items {
			if u.ID == "" || u.ID != strings.ToLower(u.ID) {
				t.Errorf("%q: a user with the id %q", body, u.ID)
			}
		}
	})
}
