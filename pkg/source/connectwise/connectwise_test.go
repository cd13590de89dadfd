package connectwise_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/connectwise"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/listtest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

var who = psafake.ConnectWise{Company: "lighthouse", PublicKey: "canaryPublic", PrivateKey: "canaryPrivate", ClientID: "canary-8c1f2a34"}

func config(url string) connectwise.Config {
	return connectwise.Config{
		URL: url, Company: who.Company, PublicKey: source.NewSecret(who.PublicKey),
		PrivateKey: source.NewSecret(who.PrivateKey), ClientID: source.NewSecret(who.ClientID),
	}
}

func start(t *testing.T, companies []psafake.Company) *psafake.Server {
	fake := psafake.StartConnectWise(who, companies)
	t.Cleanup(fake.Close)
	return fake
}

func TestSuite(t *testing.T) {
	first := func(d any) map[string]any { return d.([]any)[0].(map[string]any) }
	edit := func(change func(doc any), want string) listtest.Edit {
		return listtest.Edit{Edit: func(doc any) any { change(doc); return doc }, Want: want}
	}
	types := []string{"Vendor", "Customer"}
	listtest.Run(t, listtest.Product{
		ByID: true,
		Start: func(t *testing.T, n int) *listtest.Service {
			return listtest.OfPSA(t, psafake.StartConnectWise(who, listtest.Customers(n, types...)), types,
				func(r *http.Request) bool {
					return strings.HasSuffix(r.URL.Path, "/companies") && !r.URL.Query().Has("pageId")
				},
				func(ctx context.Context, url string, o weblist.Options) (weblist.Customers, error) {
					cfg := config(url)
					cfg.Options = o
					return connectwise.Companies(ctx, cfg)
				})
		},
		NotPages: map[string]string{
			`{}`: "not a JSON array",
			`{"code":"ConnectWiseApi","message":"Licence\u0007 ended","errors":[{"message":"sorry"}]}`: "not a JSON array (ConnectWiseApi: Licence  ended: sorry)",
			`[{"id":1,"name":"A"}`: "JSON",
			`[] []`:                "JSON",
			`[1]`:                  "JSON expected",
			`[]`:                   "0 companies came where ConnectWise PSA counts 3",
		},
		Edits: map[string]listtest.Edit{
			"no id":          edit(func(d any) { delete(first(d), "id") }, "its id is missing"),
			"id of text":     edit(func(d any) { first(d)["id"] = "7" }, `its id is "7"`),
			"id below zero":  edit(func(d any) { first(d)["id"] = -7 }, "its id is -7"),
			"id twice":       edit(func(d any) { first(d)["id"] = listtest.FirstID + 1 }, "came twice"),
			"no name":        edit(func(d any) { delete(first(d), "name") }, "has no name"),
			"deleted":        edit(func(d any) { first(d)["deletedFlag"] = true }, "is deleted"),
			"deleted a text": edit(func(d any) { first(d)["deletedFlag"] = "no" }, "not true or false"),
			"status a text":  edit(func(d any) { first(d)["status"] = "Active" }, "JSON expected"),
			"types a text":   edit(func(d any) { first(d)["types"] = "Customer" }, "JSON expected"),
			"one too few":    {Edit: func(doc any) any { return doc.([]any)[1:] }, Want: "2 companies came where ConnectWise PSA counts 3"},
		},
	})
}

func TestWhoIsACustomer(t *testing.T) {
	account := []psafake.Company{
		{ID: 2, Name: "Our own MSP", Types: []string{"Owner"}, Status: "Active"},
		{ID: 3, Name: "Able", Types: []string{"Customer"}, Status: "Active"},
		{ID: 4, Name: "Baker", Types: []string{"Vendor", "customer"}, Status: "active "},
		{ID: 5, Name: "Charlie", Types: []string{"Customer"}, Status: "Inactive"},
		{ID: 6, Name: "Delta", Types: []string{"Vendor"}, Status: "Active"},
		{ID: 7, Name: "Echo", Status: "Active"},
		{ID: 8, Name: "Foxtrot", Types: []string{"Customer"}, Status: "Active", Deleted: true},
	}
	tests := []struct {
		name            string
		types, statuses []string
		want, skipped   string // ids, id=reason
		wrong           string
	}{
		{name: "default", want: "3 4", skipped: "5=status 6=type 7=type 2=type"},
		{name: "any", types: []string{"any"}, want: "3 4 6 7 2", skipped: "5=status"},
		{name: "types", types: []string{"Vendor", "Owner"}, want: "4 6 2", skipped: "3=type 5=status 7=type"},
		{name: "inactive", statuses: []string{"Inactive"}, want: "5", skipped: "3=status 4=status 6=status 7=status 2=status"},
		{name: "unknown", types: []string{"Klient"}, wrong: `no company in ConnectWise PSA has the type "Klient"; seen: "Customer", "Owner", "Vendor"`},
	}
	for _, tt := range tests {
		for _, oneType := range []bool{false, true} {
			if oneType && tt.name != "any" {
				continue
			}
			t.Run(tt.name, func(t *testing.T) {
				app := who
				app.OneType = oneType
				fake := psafake.StartConnectWise(app, account)
				t.Cleanup(fake.Close)
				cfg := config(fake.URL)
				cfg.Types, cfg.Statuses = tt.types, tt.statuses
				list, err := connectwise.Companies(t.Context(), cfg)
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
}

func TestRequests(t *testing.T) {
	for _, path := range []string{"", "/", "/v4_6_release/apis/3.0", "/v4_6_release/apis/3.0/"} {
		fake := start(t, listtest.Customers(3, "Customer"))
		fake.MaxPage = 2
		list, err := connectwise.Companies(t.Context(), config(fake.URL+path))
		if err != nil || len(list.Organizations) != 3 {
			t.Fatalf("%q: %d companies, %v", path, len(list.Organizations), err)
		}
		const companies = "GET /v4_6_release/apis/3.0/company/companies"
		want := []string{
			companies + "/count?conditions=deletedFlag%3Dfalse",
			companies + "?conditions=deletedFlag%3Dfalse&pageSize=1000",
			companies + "?conditions=deletedFlag%3Dfalse&pageId=1002&pageSize=1000",
		}
		if got := fake.Requests(); !slices.Equal(got, want) {
			t.Errorf("%q: asked for %q", path, got)
		}
	}
}

// TestLinks: the next page is where the link says, if that is here.
func TestLinks(t *testing.T) {
	asked := false
	elsewhere := psafake.StartConnectWise(who, nil)
	t.Cleanup(elsewhere.Close)
	elsewhere.Before = func(int, http.ResponseWriter, *http.Request) bool { asked = true; return false }
	for link, want := range map[string]string{
		`<` + elsewhere.URL + `/v4_6_release/apis/3.0/company/companies?pageId=2>; rel="next"`: "goes on at another address",
		`<//psa.example/companies>; rel="next"`:                                                "another address, http://psa.example",
		`<https://` + strings.TrimPrefix(elsewhere.URL, "http://") + `>; rel=next`:             "another address",
		`<http://canary:pw@127.0.0.1/>; rel=next`:                                              "another address",
		`<ftp://psa.example/` + "\u009b" + `>; rel=next`:                                       "another address",
		`<file:///etc/passwd>; rel="next"`:                                                     "another address",
		`next: here`:                                                                           "Link header cannot be read",
		`<x`:                                                                                   "Link header cannot be read",
		`<a>; rel="next", <b>; rel="next"`:                                                     "Link header cannot be read",
		`<%zz>; rel="next"`:                                                                    "Link header cannot be read",
	} {
		t.Run(link, func(t *testing.T) {
			fake := start(t, listtest.Customers(3, "Customer"))
			fake.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Link", link)
				return false
			}
			_, err := connectwise.Companies(t.Context(), config(fake.URL))
			listtest.WantError(t, err, source.CodeIncomplete, want)
		})
	}
	if asked {
		t.Error("a link was followed to another host")
	}
	for _, link := range []string{"companies?pageId=1001&pageSize=1", "?pageId=1001&pageSize=1", "/v4_6_release/apis/3.0/company/companies?pageId=1001&pageSize=1"} {
		fake := start(t, listtest.Customers(2, "Customer"))
		fake.MaxPage = 1
		next := `<` + link + `>; rel="next"`
		fake.Link = func(string) string { link, next = next, ""; return link }
		list, err := connectwise.Companies(t.Context(), config(fake.URL))
		if err != nil || len(list.Organizations) != 2 {
			t.Errorf("%s: %d companies, %v", link, len(list.Organizations), err)
		}
	}
	// The same page again and again is no list.
	fake := start(t, listtest.Customers(3, "Customer"))
	fake.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		w.Header().Set("Link", `</v4_6_release/apis/3.0/company/companies?pageSize=1000>; rel="next"`)
		return false
	}
	_, err := connectwise.Companies(t.Context(), config(fake.URL))
	listtest.WantError(t, err, source.CodeIncomplete, "came twice")
}

func TestCount(t *testing.T) {
	for name, doc := range map[string]any{
		"no count": map[string]any{}, "a text": map[string]any{"count": "3"}, "below zero": map[string]any{"count": -1},
		"an array": []any{3}, "an error": map[string]any{"code": "ConnectWiseApi", "message": "sorry"},
	} {
		t.Run(name, func(t *testing.T) {
			fake := start(t, listtest.Customers(3, "Customer"))
			fake.Edit = func(n int, was any) any {
				if n > 0 {
					return was
				}
				return doc
			}
			_, err := connectwise.Companies(t.Context(), config(fake.URL))
			listtest.WantError(t, err, source.CodeIncomplete, "count of companies is not what it should be")
		})
	}
}

func TestWrongCredentials(t *testing.T) {
	fake := start(t, nil)
	for name, change := range map[string]func(*connectwise.Config){
		"company": func(c *connectwise.Config) { c.Company = "another" },
		"public":  func(c *connectwise.Config) { c.PublicKey = source.NewSecret("canaryX") },
		"private": func(c *connectwise.Config) { c.PrivateKey = source.NewSecret("canaryX") },
		"client":  func(c *connectwise.Config) { c.ClientID = source.NewSecret("canaryX") },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(fake.URL)
			change(&cfg)
			_, err := connectwise.Companies(t.Context(), cfg)
			listtest.WantError(t, err, source.CodeCredentials, "401")
		})
	}
	for name, change := range map[string]func(*connectwise.Config){
		"no company":      func(c *connectwise.Config) { c.Company = "" },
		"company of two":  func(c *connectwise.Config) { c.Company = "a:b" },
		"company in two":  func(c *connectwise.Config) { c.Company = "a b" },
		"no public key":   func(c *connectwise.Config) { c.PublicKey = source.Secret{} },
		"public key: two": func(c *connectwise.Config) { c.PublicKey = source.NewSecret("canary:a") },
		"no private key":  func(c *connectwise.Config) { c.PrivateKey = source.Secret{} },
		"no client id":    func(c *connectwise.Config) { c.ClientID = source.Secret{} },
		"lines":           func(c *connectwise.Config) { c.ClientID = source.NewSecret("canary\nX: y") },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config(fake.URL)
			change(&cfg)
			before := len(fake.Requests())
			_, err := connectwise.Companies(t.Context(), cfg)
			listtest.WantError(t, err, source.CodeUsage)
			if len(fake.Requests()) != before {
				t.Error("something was asked")
			}
		})
	}
}
