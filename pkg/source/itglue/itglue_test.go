package itglue_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/itglue"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/listtest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

const key = "ITG.0123456789abcdef-canary"

// start serves organizations and returns a configuration that reads them.
func start(t *testing.T, organizations []psafake.Company) (*psafake.Server, itglue.Config) {
	t.Helper()
	fake := psafake.StartITGlue(key, organizations)
	t.Cleanup(fake.Close)
	return fake, itglue.Config{URL: fake.URL, Key: source.NewSecret(key)}
}

func TestSuite(t *testing.T) {
	first := func(d any) map[string]any { return d.(map[string]any)["data"].([]any)[0].(map[string]any) }
	attributes := func(d any) map[string]any { return first(d)["attributes"].(map[string]any) }
	meta := func(d any) map[string]any { return d.(map[string]any)["meta"].(map[string]any) }
	edit := func(change func(doc any), want string) listtest.Edit {
		return listtest.Edit{Edit: func(doc any) any { change(doc); return doc }, Want: want}
	}
	listtest.Run(t, listtest.Product{
		Start: func(t *testing.T, n int) *listtest.Service {
			return listtest.OfPSA(t, psafake.StartITGlue(key, listtest.Customers(n, "Customer")), []string{"Customer"},
				func(r *http.Request) bool { return r.URL.Query().Get("page[number]") == "1" },
				func(ctx context.Context, url string, o weblist.Options) (weblist.Customers, error) {
					return itglue.Organizations(ctx, itglue.Config{URL: url, Key: source.NewSecret(key), Options: o})
				})
		},
		NotPages: map[string]string{
			`[]`:                 "not a JSON object",
			`{"data":[{"id":"1"`: "JSON",
			`{"data":[],"meta":{"current-page":1,"next-page":null,"total-count":0}} {}`:        "JSON",
			`{"data":[],"data":[],"meta":{"current-page":1,"next-page":null,"total-count":0}}`: "data",
			`{"Data":[],"meta":{"current-page":1,"next-page":null,"total-count":0}}`:           `"data" is missing`,
			"{\"data\":[],\"x\":\"\xff\"}": "UTF-8",
		},
		Edits: map[string]listtest.Edit{
			"no data":               edit(func(d any) { delete(d.(map[string]any), "data") }, `"data" is missing`),
			"data null":             edit(func(d any) { d.(map[string]any)["data"] = nil }, `"data" is missing`),
			"data an object":        edit(func(d any) { d.(map[string]any)["data"] = map[string]any{} }, "JSON expected"),
			"no meta":               edit(func(d any) { delete(d.(map[string]any), "meta") }, `"meta" is missing`),
			"no total":              edit(func(d any) { delete(meta(d), "total-count") }, "total-count"),
			"total too large":       edit(func(d any) { meta(d)["total-count"] = 4 }, "3 organizations came where IT Glue counts 4"),
			"total too small":       edit(func(d any) { meta(d)["total-count"] = 2 }, "3 organizations came where IT Glue counts 2"),
			"next page missing":     edit(func(d any) { delete(meta(d), "next-page") }, "next-page"),
			"next page is this":     edit(func(d any) { meta(d)["next-page"] = 1 }, "next-page"),
			"next page skips":       edit(func(d any) { meta(d)["next-page"] = 3 }, "next-page"),
			"more pages than read":  edit(func(d any) { meta(d)["total-pages"] = 3 }, "page 1 of 3"),
			"errors beside data":    edit(func(d any) { d.(map[string]any)["errors"] = []any{map[string]any{"title": "x"}} }, "holds errors"),
			"another page":          edit(func(d any) { meta(d)["current-page"] = 2 }, "current-page"),
			"numeric id":            edit(func(d any) { first(d)["id"] = 123456 }, "its id is 123456; ids are text"),
			"no id":                 edit(func(d any) { delete(first(d), "id") }, "its id is missing"),
			"another type":          edit(func(d any) { first(d)["type"] = "passwords" }, "passwords"),
			"no name":               edit(func(d any) { delete(attributes(d), "name") }, "no name"),
			"no attributes":         edit(func(d any) { delete(first(d), "attributes") }, "no name"),
			"primary not said":      edit(func(d any) { delete(attributes(d), "primary") }, "primary"),
			"the same organization": edit(func(d any) { first(d)["id"] = "1002" }, "came twice"),
		},
	})
}

// TestPageThatIsAnother: the second page is the first again, as from a cache that
// ignores the query.
func TestPageThatIsAnother(t *testing.T) {
	fake, cfg := start(t, listtest.Customers(2, "Customer"))
	cfg.PageSize = 1
	fake.Before = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
		r.URL.RawQuery = "page[number]=1&page[size]=1"
		return false
	}
	_, err := itglue.Organizations(t.Context(), cfg)
	listtest.WantError(t, err, source.CodeIncomplete, "current-page")
}

func TestRequests(t *testing.T) {
	fake, cfg := start(t, listtest.Customers(1, "Customer"))
	if _, err := itglue.Organizations(t.Context(), cfg); err != nil {
		t.Fatal(err)
	}
	if want := []string{"GET /organizations?page%5Bnumber%5D=1&page%5Bsize%5D=1000&sort=id"}; !slices.Equal(fake.Requests(), want) {
		t.Errorf("asked for %q", fake.Requests())
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestWhoIsACustomer(t *testing.T) {
	account := []psafake.Company{
		{ID: 1, Name: "Our own MSP", Types: []string{"Customer"}, Status: "Active", Primary: true},
		{ID: 2, Name: "Able", Types: []string{"Customer"}, Status: "Active"},
		{ID: 3, Name: "Baker", Types: []string{"customer "}, Status: "ACTIVE"},
		{ID: 4, Name: "Charlie", Types: []string{"Customer"}, Status: "Inactive"},
		{ID: 5, Name: "Delta", Types: []string{"Vendor"}, Status: "Active"},
		{ID: 6, Name: "Echo", Status: "Active"},
		{ID: 7, Name: "Foxtrot", Types: []string{"Prospect"}},
	}
	noType := []psafake.Company{
		{ID: 1, Name: "Our own MSP", Types: []string{"Customer"}, Status: "Active", Primary: true},
		{ID: 2, Name: "Able", Types: []string{"Managed"}, Status: "Active"},
		{ID: 3, Name: "Baker", Status: "Active"},
	}
	tests := []struct {
		name            string
		account         []psafake.Company
		types, statuses []string
		want            string // ids
		skipped         string // id=reason
		wrong           []string
	}{
		{name: "default", account: account, want: "2 3", skipped: "4=status 5=type 6=type 7=status 1=primary"},
		{name: "no type named Customer", account: noType, wrong: []string{`"Customer"`, `seen: "Managed"`}},
		{name: "no type named Customer, any taken", account: noType, types: []string{" Any"}, want: "2 3", skipped: "1=primary"},
		{name: "any", account: account, types: []string{"any"}, want: "2 3 5 6", skipped: "4=status 7=status 1=primary"},
		{name: "no types at all", account: []psafake.Company{{ID: 1, Name: "A", Status: "Active"}}, wrong: []string{"seen: none"}},
		{name: "a type of the name any", account: []psafake.Company{{ID: 1, Name: "A", Types: []string{"Any"}}, {ID: 2, Name: "B", Types: []string{"Customer"}}}, types: []string{"any"}, want: "1", skipped: "2=type"},
		{name: "types", account: account, types: []string{"vendor", "Customer"}, want: "2 3 5", skipped: "4=status 6=type 7=status 1=primary"},
		{name: "statuses keep the default type", account: account, statuses: []string{"Inactive", "Active"}, want: "2 3 4", skipped: "5=type 6=type 7=status 1=primary"},
		{name: "unknown type", account: account, types: []string{"Vendor", "Klient"}, wrong: []string{`"Klient"`, `"Customer", "Prospect", "Vendor"`}},
		{name: "unknown status", account: account, statuses: []string{"Gone"}, wrong: []string{`"Gone"`, `"Active", "Inactive"`}},
		{name: "nobody is Active", account: []psafake.Company{{ID: 1, Name: "A", Types: []string{"Customer"}, Status: "Aktiv"}}, wrong: []string{`"Aktiv"`}},
		{name: "no statuses", account: []psafake.Company{{ID: 1, Name: "A", Types: []string{"Customer"}}, {ID: 2, Name: "B", Primary: true}}, want: "1", skipped: "2=primary"},
		{name: "only the MSP", account: account[:1], skipped: "1=primary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, cfg := start(t, tt.account)
			cfg.Types, cfg.Statuses = tt.types, tt.statuses
			list, err := itglue.Organizations(t.Context(), cfg)
			if tt.wrong != nil {
				listtest.WantError(t, err, source.CodeUsage, tt.wrong...)
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

func TestWrongKeyNamesTheRegion(t *testing.T) {
	fake, _ := start(t, nil)
	for region, host := range map[string]string{"": "api.itglue.com", "us": "api.itglue.com", "eu": "api.eu.itglue.com", "AU": "api.au.itglue.com"} {
		asked := ""
		cfg := itglue.Config{Region: region, Key: source.NewSecret(key), Options: weblist.Options{HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.Scheme + "://" + r.URL.Host
			w := httptest.NewRecorder()
			fake.WriteError(w, 401, "Invalid API key")
			return w.Result(), nil
		})}}}
		_, err := itglue.Organizations(t.Context(), cfg)
		name := strings.ToLower(region)
		if name == "" {
			name = "us"
		}
		listtest.WantError(t, err, source.CodeCredentials, "region "+name)
		if e := (*source.Error)(nil); errors.As(err, &e) && e.Topic != itglue.TopicRefusedKey {
			t.Errorf("the error is about %q", e.Topic)
		}
		if asked != "https://"+host {
			t.Errorf("region %q asked %s", region, asked)
		}
	}
}

func TestSettings(t *testing.T) {
	good := source.NewSecret(key)
	tests := map[string]struct {
		cfg  itglue.Config
		want string
	}{
		"region":       {itglue.Config{Region: "mars", Key: good}, "us, eu or au"},
		"no key":       {itglue.Config{}, "empty"},
		"key of lines": {itglue.Config{Key: source.NewSecret("canary\nX: y")}, "characters that none has"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.cfg.HTTP = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return nil, errors.New("nothing may be asked")
			})}
			_, err := itglue.Organizations(t.Context(), tt.cfg)
			listtest.WantError(t, err, source.CodeUsage, tt.want)
		})
	}
}
