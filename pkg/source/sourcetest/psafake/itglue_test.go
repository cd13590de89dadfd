package psafake_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
)

// TestITGlue asks what IT Glue's documentation describes and our
// client does not use, so that the fake is no mirror of the client.
func TestITGlue(t *testing.T) {
	fake := psafake.StartITGlue("key", []psafake.Company{
		{ID: 10, Name: "Able", Types: []string{"Customer"}, Status: "Active"},
		{ID: 9, Name: "Baker", Types: []string{"Vendor"}, Status: "Inactive"},
		{ID: 8, Name: "Own", Types: []string{"Customer"}, Status: "Active", Primary: true},
	})
	defer fake.Close()
	key := map[string]string{"X-Api-Key": "key"}

	tests := []struct {
		query  string
		status int
		ids    string
		next   any
		total  float64
	}{
		{"", 200, "10 9 8", nil, 3},
		{"sort=-name", 200, "8 9 10", nil, 3},
		{"sort=id", 200, "8 9 10", nil, 3},
		{"sort=shoe-size", 400, "", nil, 0},
		{"page[size]=2", 200, "10 9", 2.0, 3},
		{"page[size]=2&page[number]=2", 200, "8", nil, 3},
		{"page[size]=2&page[number]=3", 200, "", nil, 3},
		{"page[size]=5000", 200, "10 9 8", nil, 3},
		{"page[number]=0", 422, "", nil, 0},
		{"filter[organization_type_id]=8", 200, "10 8", nil, 2},
		{"filter[organization_status_id]=8", 200, "9", nil, 1},
		{"filter[id]=9,10&filter[primary]=false", 200, "10 9", nil, 2},
		{"filter[name]=Able", 200, "10", nil, 1},
		{"filter[colour]=red", 400, "", nil, 0},
	}
	for _, tt := range tests {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		status, body, h := get(t, fake.URL+"/organizations?"+query.Encode(), key)
		doc := body.(map[string]any)
		if got := h.Get("Content-Type"); got != "application/vnd.api+json" {
			t.Errorf("%q: content type %q", tt.query, got)
		}
		if status != tt.status {
			t.Errorf("%q: status %d, want %d", tt.query, status, tt.status)
		}
		if status != http.StatusOK {
			if list, ok := doc["errors"].([]any); !ok || len(list) != 1 {
				t.Errorf("%q: error body %v", tt.query, doc)
			}
			continue
		}
		meta := doc["meta"].(map[string]any)
		got := ids(doc["data"])
		if got != tt.ids || meta["next-page"] != tt.next || meta["total-count"] != tt.total {
			t.Errorf("%q: ids %v, meta %v", tt.query, got, meta)
		}
	}

	if status, _, _ := get(t, fake.URL+"/organizations", map[string]string{"X-Api-Key": "wrong"}); status != http.StatusUnauthorized {
		t.Errorf("a wrong key got status %d", status)
	}
	if status, _, _ := get(t, fake.URL+"/passwords", key); status != http.StatusNotFound {
		t.Errorf("passwords got status %d", status)
	}
}
