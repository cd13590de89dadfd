package psafake_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
)

var companies = []psafake.Company{
	{ID: 3, Name: "Able", Types: []string{"Customer"}, Status: "Active"},
	{ID: 4, Name: "Baker", Types: []string{"Vendor"}, Status: "Active", Archived: true, Tenants: []string{"t"}},
	{ID: 5, Name: "Charlie", Status: "Active", Deleted: true},
}

// get asks what the documentation describes, beyond what our clients use, so that
// the fakes are no mirrors of them.
func get(t *testing.T, address string, header map[string]string) (int, any, http.Header) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	return do(t, req)
}

func do(t *testing.T, req *http.Request) (int, any, http.Header) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var doc any
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		t.Fatalf("%s: %v", req.URL, err)
	}
	return resp.StatusCode, doc, resp.Header
}

// ids are the ids of a list, in its order.
func ids(list any) string {
	var all []string
	for _, c := range list.([]any) {
		all = append(all, fmt.Sprint(c.(map[string]any)["id"]))
	}
	return strings.Join(all, " ")
}

func TestHudu(t *testing.T) {
	s := psafake.StartHudu("key", companies)
	defer s.Close()
	for query, want := range map[string]string{
		"": "3 4 5", "page_size=2": "3 4", "page_size=2&page=2": "5", "page=2": "", "name=Baker": "4", "page_size=5000": "3 4 5",
	} {
		status, doc, _ := get(t, s.URL+"/api/v1/companies?"+query, map[string]string{"x-api-key": "key"})
		if got := ids(doc.(map[string]any)["companies"]); status != 200 || got != want {
			t.Errorf("%q: %d, %q, want %q", query, status, got, want)
		}
	}
	for path, want := range map[string]int{"/api/v1/companies?page=0": 422, "/api/v1/asset_passwords": 404} {
		if status, doc, _ := get(t, s.URL+path, map[string]string{"x-api-key": "key"}); status != want || doc.(map[string]any)["error"] == nil {
			t.Errorf("%s: %d, %v", path, status, doc)
		}
	}
	if status, _, _ := get(t, s.URL+"/api/v1/companies", nil); status != 401 {
		t.Errorf("without a key: %d", status)
	}
}

func TestConnectWise(t *testing.T) {
	s := psafake.StartConnectWise(psafake.ConnectWise{Company: "c", PublicKey: "pub", PrivateKey: "priv", ClientID: "id"}, companies)
	defer s.Close()
	login := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("c+pub:priv")), "clientId": "id"}
	base := s.URL + "/v4_6_release/apis/3.0/company/companies"
	for _, tt := range []struct {
		query, mode, want, next string
	}{
		{"", "", "3 4 5", ""},
		{"pageSize=2", "", "3 4", "page=2&pageSize=2"},
		{"pageSize=2&page=2", "", "5", ""},
		{"pageSize=2", "forward-only", "3 4", "pageId=4&pageSize=2"},
		{"pageSize=2&pageId=4", "forward-only", "5", ""},
		{"conditions=deletedFlag%3Dfalse", "", "3 4", ""},
	} {
		header := map[string]string{"pagination-type": tt.mode}
		for k, v := range login {
			header[k] = v
		}
		status, doc, h := get(t, base+"?"+tt.query, header)
		next := ""
		if tt.next != "" {
			next = "<" + base + "?" + tt.next + `>; rel="next"`
		}
		if status != 200 || ids(doc) != tt.want || h.Get("Link") != next {
			t.Errorf("%q %s: %d, %s, link %q, want %q", tt.query, tt.mode, status, ids(doc), h.Get("Link"), next)
		}
	}
	if status, doc, _ := get(t, base+"/count", login); status != 200 || doc.(map[string]any)["count"] != 3.0 {
		t.Errorf("count: %d, %v", status, doc)
	}
	for address, want := range map[string]int{base + "?conditions=x": 400, base + "?pageSize=0": 400, s.URL + "/v4_6_release/apis/3.0/x": 404} {
		if status, doc, _ := get(t, address, login); status != want || doc.(map[string]any)["code"] == nil {
			t.Errorf("%s: %d, %v", address, status, doc)
		}
	}
	delete(login, "clientId")
	if status, doc, _ := get(t, base, login); status != 401 || doc.(map[string]any)["code"] != "Unauthorized" {
		t.Errorf("without a client id: %d, %v", status, doc)
	}
}

func TestHalo(t *testing.T) {
	s := psafake.StartHalo(psafake.Halo{ClientID: "id", ClientSecret: "secret", Tenant: "msp"}, companies)
	defer s.Close()
	login := func(address string, form url.Values) (int, any) {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader(form.Encode()))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		status, doc, _ := do(t, req)
		return status, doc
	}
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"id"}, "client_secret": {"secret"}, "scope": {"read:customers"}}
	if status, doc := login(s.URL+"/auth/token", form); status != 400 || doc.(map[string]any)["error"] != "invalid_client" {
		t.Errorf("without the tenant: %d, %v", status, doc)
	}
	status, doc := login(s.URL+"/auth/token?tenant=msp", form)
	token, _ := doc.(map[string]any)["access_token"].(string)
	if status != 200 || token == "" {
		t.Fatalf("login: %d, %v", status, doc)
	}
	bearer := map[string]string{"Authorization": "Bearer " + token}
	for query, want := range map[string]string{
		"": "3 5", "includeinactive=true": "3 4 5", "includeinactive=true&pageinate=true&page_size=2": "3 4",
		"includeinactive=true&pageinate=true&page_size=2&page_no=2": "5", "includeinactive=true&page_size=2": "3 4 5",
	} {
		status, doc, _ := get(t, s.URL+"/api/Client?"+query, bearer)
		if got := ids(doc.(map[string]any)["clients"]); status != 200 || got != want {
			t.Errorf("%q: %d, %q, want %q", query, status, got, want)
		}
	}
	if _, doc, _ := get(t, s.URL+"/api/AzureADConnection", bearer); ids(doc) != "1" {
		t.Errorf("connections of any type: %v", doc)
	}
	if status, _, _ := get(t, s.URL+"/api/Client", nil); status != 401 {
		t.Errorf("without a token: %d", status)
	}
}
