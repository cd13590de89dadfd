package itgluefake_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/itgluefake"
)

// TestDocumentedRequests asks what IT Glue's documentation describes and our
// client does not use, so that the fake is no mirror of the client.
func TestDocumentedRequests(t *testing.T) {
	fake := itgluefake.Start("key", []itgluefake.Organization{
		{ID: 10, Name: "Able", Type: "Customer", TypeID: 1, Status: "Active", StatusID: 1},
		{ID: 9, Name: "Baker", Type: "Vendor", TypeID: 2, Status: "Inactive", StatusID: 2},
		{ID: 8, Name: "Own", Type: "Customer", TypeID: 1, Status: "Active", StatusID: 1, Primary: true},
	})
	defer fake.Close()

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
		{"filter[organization_type_id]=1", 200, "10 8", nil, 2},
		{"filter[organization_status_id]=2", 200, "9", nil, 1},
		{"filter[id]=9,10&filter[primary]=false", 200, "10 9", nil, 2},
		{"filter[name]=Able", 200, "10", nil, 1},
		{"filter[colour]=red", 400, "", nil, 0},
	}
	for _, tt := range tests {
		query, err := url.ParseQuery(tt.query)
		if err != nil {
			t.Fatal(err)
		}
		status, doc := get(t, fake.URL+"/organizations?"+query.Encode(), "key")
		if status != tt.status {
			t.Errorf("%q: status %d, want %d", tt.query, status, tt.status)
		}
		if status != http.StatusOK {
			if list, ok := doc["errors"].([]any); !ok || len(list) != 1 {
				t.Errorf("%q: error body %v", tt.query, doc)
			}
			continue
		}
		var ids []string
		for _, o := range doc["data"].([]any) {
			ids = append(ids, o.(map[string]any)["id"].(string))
		}
		meta := doc["meta"].(map[string]any)
		if strings.Join(ids, " ") != tt.ids || meta["next-page"] != tt.next || meta["total-count"] != tt.total {
			t.Errorf("%q: ids %v, meta %v", tt.query, ids, meta)
		}
	}

	if status, _ := get(t, fake.URL+"/organizations", "wrong"); status != http.StatusUnauthorized {
		t.Errorf("a wrong key got status %d", status)
	}
	if status, _ := get(t, fake.URL+"/passwords", "key"); status != http.StatusNotFound {
		t.Errorf("passwords got status %d", status)
	}
}

func get(t *testing.T, address, key string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Api-Key", key)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if got := resp.Header.Get("Content-Type"); got != "application/vnd.api+json" {
		t.Errorf("%s: content type %q", address, got)
	}
	var doc map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, doc
}
