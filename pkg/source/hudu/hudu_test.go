package hudu_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/hudu"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/listtest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

const key = "hudu-canary-k3y"

func TestSuite(t *testing.T) {
	first := func(d any) map[string]any {
		return d.(map[string]any)["companies"].([]any)[0].(map[string]any)
	}
	edit := func(change func(doc any), want string) listtest.Edit {
		return listtest.Edit{Edit: func(doc any) any { change(doc); return doc }, Want: want}
	}
	listtest.Run(t, listtest.Product{
		Start: func(t *testing.T, n int) *listtest.Service {
			return listtest.OfPSA(t, psafake.StartHudu(key, listtest.Customers(n)), nil,
				func(r *http.Request) bool { return r.URL.Query().Get("page") == "1" },
				func(ctx context.Context, url string, o weblist.Options) (weblist.Customers, error) {
					return hudu.Companies(ctx, hudu.Config{URL: url, Key: source.NewSecret(key), Options: o})
				})
		},
		NotPages: map[string]string{
			`[]`:               "not a JSON object",
			`{}`:               `"companies" is missing`,
			`{"Companies":[]}`: `"companies" is missing`,
			`{"companies":null,"error":"Your licence\u0007 ended"}`: "Your licence  ended",
			`{"companies":{}}`:                  "JSON expected",
			`{"companies":[],"companies":[]}`:   "companies",
			`{"companies":[{"id":1,"name":"A"}`: "JSON",
			`{"companies":[]} {}`:               "JSON",
		},
		Edits: map[string]listtest.Edit{
			"no id":         edit(func(d any) { delete(first(d), "id") }, "its id is missing"),
			"id of text":    edit(func(d any) { first(d)["id"] = "7" }, `its id is "7"`),
			"id zero":       edit(func(d any) { first(d)["id"] = 0 }, "its id is 0"),
			"id a fraction": edit(func(d any) { first(d)["id"] = 1.5 }, "its id is 1.5"),
			"id too large":  edit(func(d any) { first(d)["id"] = 1e30 }, "its id is 1e"),
			"id twice":      edit(func(d any) { first(d)["id"] = listtest.FirstID + 1 }, "came twice"),
			"no name":       edit(func(d any) { first(d)["name"] = " " }, "has no name"),
			"name null":     edit(func(d any) { first(d)["name"] = nil }, "has no name"),
			"name a number": edit(func(d any) { first(d)["name"] = 5 }, "JSON expected"),
			"archived text": edit(func(d any) { first(d)["archived"] = "yes" }, "not true or false"),
			"not an object": edit(func(d any) { d.(map[string]any)["companies"] = []any{1} }, "JSON expected"),
		},
	})
}

func TestWhoIsACustomer(t *testing.T) {
	account := []psafake.Company{
		{ID: 1, Name: "Able", Types: []string{"Customer"}},
		{ID: 2, Name: "Baker", Types: []string{" customer "}},
		{ID: 3, Name: "Charlie", Archived: true},
		{ID: 4, Name: "Delta"},
		{ID: 5, Name: "Echo", Types: []string{"Vendor"}},
	}
	tests := []struct {
		name            string
		types, statuses []string
		want, skipped   string // ids, id=reason
		wrong           string
	}{
		{name: "default", want: "1 2 4 5", skipped: "3=status"},
		{name: "type", types: []string{"Customer"}, want: "1 2", skipped: "3=status 4=type 5=type"},
		{name: "any", types: []string{"any"}, want: "1 2 4 5", skipped: "3=status"},
		{name: "archived", statuses: []string{"archived", "active"}, want: "1 2 3 4 5"},
		{name: "unknown", types: []string{"Klient"}, wrong: `no company in Hudu has the type "Klient"; seen: "Customer", "Vendor"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fake := psafake.StartHudu(key, account)
			t.Cleanup(fake.Close)
			list, err := hudu.Companies(t.Context(), hudu.Config{URL: fake.URL, Key: source.NewSecret(key), Types: tt.types, Statuses: tt.statuses})
			if tt.wrong != "" {
				listtest.WantError(t, err, source.CodeUsage, tt.wrong)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, skipped := listtest.Picked(list); got != tt.want || skipped != tt.skipped {
				t.Errorf("got %s, skipped %s", got, skipped)
			}
		})
	}
}

// TestPagesOfTheServer: a server that gives fewer at once than were asked for has
// not come to its end.
func TestPagesOfTheServer(t *testing.T) {
	fake := psafake.StartHudu(key, listtest.Customers(60))
	fake.MaxPage = 25
	t.Cleanup(fake.Close)
	list, err := hudu.Companies(t.Context(), hudu.Config{URL: fake.URL, Key: source.NewSecret(key)})
	if err != nil || len(list.Organizations) != 60 {
		t.Fatalf("%d companies, %v", len(list.Organizations), err)
	}
	// Nobody counts, so that it is read twice.
	reading := []string{"1", "2", "3", "4"}
	var want []string
	for _, n := range slices.Concat(reading, reading) {
		want = append(want, "GET /api/v1/companies?page="+n+"&page_size=1000")
	}
	if got := fake.Requests(); !slices.Equal(got, want) {
		t.Errorf("asked for %q", got)
	}
}

// TestEndless: a server that ignores the page is no endless list.
func TestEndless(t *testing.T) {
	fake := psafake.StartHudu(key, listtest.Customers(3))
	t.Cleanup(fake.Close)
	fake.Before = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		r.URL.RawQuery = ""
		return false
	}
	_, err := hudu.Companies(t.Context(), hudu.Config{URL: fake.URL, Key: source.NewSecret(key)})
	listtest.WantError(t, err, source.CodeIncomplete, "came twice")
}

func TestHeadersOfAGateway(t *testing.T) {
	fake := psafake.StartHudu(key, listtest.Customers(1))
	t.Cleanup(fake.Close)
	fake.Before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		if r.Header.Get("CF-Access-Client-Id") == "canary-id" && r.Header.Get("CF-Access-Client-Secret") == "canary-secret" {
			return false
		}
		fake.WriteError(w, http.StatusForbidden, "you said "+r.Header.Get("CF-Access-Client-Secret"))
		return true
	}
	cfg := hudu.Config{URL: fake.URL, Key: source.NewSecret(key), Headers: map[string]source.Secret{
		"CF-Access-Client-Id": source.NewSecret("canary-id"), "CF-Access-Client-Secret": source.NewSecret("canary-secret"),
	}}
	if list, err := hudu.Companies(t.Context(), cfg); err != nil || len(list.Organizations) != 1 {
		t.Errorf("%d companies, %v", len(list.Organizations), err)
	}
	cfg.Headers["CF-Access-Client-Secret"] = source.NewSecret("canary-wrong")
	_, err := hudu.Companies(t.Context(), cfg)
	listtest.WantError(t, err, source.CodeCredentials, "you said [redacted]")

	for name, value := range map[string]string{"X-Api-Key": "x", "host": "x", "A b": "x", "": "x", "X-A": "canary\nX-B: c", "X-C": ""} {
		cfg.Headers = map[string]source.Secret{name: source.NewSecret(value)}
		_, err := hudu.Companies(t.Context(), cfg)
		listtest.WantError(t, err, source.CodeUsage)
	}
}

func TestSettings(t *testing.T) {
	fake := psafake.StartHudu(key, listtest.Customers(1))
	t.Cleanup(fake.Close)
	for _, path := range []string{"", "/", "/api/v1", "/api/v1/"} {
		if list, err := hudu.Companies(t.Context(), hudu.Config{URL: fake.URL + path, Key: source.NewSecret(key)}); err != nil || len(list.Organizations) != 1 {
			t.Errorf("%q: %d companies, %v", path, len(list.Organizations), err)
		}
	}
	for name, key := range map[string]string{"empty": "", "characters that none has": "canary\nX: y"} {
		_, err := hudu.Companies(t.Context(), hudu.Config{URL: "https://hudu.example", Key: source.NewSecret(key)})
		listtest.WantError(t, err, source.CodeUsage, name)
	}
}
