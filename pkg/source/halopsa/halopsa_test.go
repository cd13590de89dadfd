package halopsa_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/halopsa"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/listtest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

var app = psafake.Halo{ClientID: "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d", ClientSecret: "canary-halo-s3cret"}

func config(url string) halopsa.Config {
	return halopsa.Config{URL: url, ClientID: app.ClientID, ClientSecret: source.NewSecret(app.ClientSecret)}
}

func start(t *testing.T, app psafake.Halo, companies []psafake.Company) *psafake.Server {
	fake := psafake.StartHalo(app, companies)
	t.Cleanup(fake.Close)
	return fake
}

func TestSuite(t *testing.T) {
	first := func(d any) map[string]any { return d.(map[string]any)["clients"].([]any)[0].(map[string]any) }
	edit := func(change func(doc map[string]any), want string) listtest.Edit {
		return listtest.Edit{Edit: func(doc any) any { change(doc.(map[string]any)); return doc }, Want: want}
	}
	listtest.Run(t, listtest.Product{
		Tokens: true,
		Start: func(t *testing.T, n int) *listtest.Service {
			return listtest.OfPSA(t, psafake.StartHalo(app, listtest.Customers(n)), nil,
				func(r *http.Request) bool { return r.URL.Query().Get("page_no") == "1" },
				func(ctx context.Context, url string, o weblist.Options) (weblist.Customers, error) {
					cfg := config(url)
					cfg.Options = o
					return halopsa.Clients(ctx, cfg)
				})
		},
		NotPages: map[string]string{
			`[]`:                 "not a JSON object",
			`{}`:                 `"clients" is missing`,
			`{"record_count":0}`: `"clients" is missing`,
			`{"clients":[]}`:     "record_count",
			`{"record_count":0,"clients":null,"Message":"sorry"}`: "sorry",
			`{"record_count":0,"clients":[],"clients":[]}`:        "clients",
			`{"record_count":3,"clients":[]}`:                     "0 clients came where HaloPSA counts 3",
		},
		Edits: map[string]listtest.Edit{
			"no id":         edit(func(d map[string]any) { delete(first(d), "id") }, "its id is missing"),
			"id of text":    edit(func(d map[string]any) { first(d)["id"] = "7" }, `its id is "7"`),
			"id twice":      edit(func(d map[string]any) { first(d)["id"] = listtest.FirstID + 1 }, "came twice"),
			"no name":       edit(func(d map[string]any) { delete(first(d), "name") }, "has no name"),
			"inactive text": edit(func(d map[string]any) { first(d)["inactive"] = "no" }, "not true or false"),
			"no count":      edit(func(d map[string]any) { delete(d, "record_count") }, "record_count: missing is not a count"),
			"count a text":  edit(func(d map[string]any) { d["record_count"] = "3" }, "record_count"),
			"counts more":   edit(func(d map[string]any) { d["record_count"] = 4 }, "3 clients came where HaloPSA counts 4"),
			"counts less":   edit(func(d map[string]any) { d["record_count"] = 2 }, "3 clients came where HaloPSA counts 2"),
		},
	})
}

// TestPagesOfTheServer: a server that gives fewer at once than were asked for has
// not come to its end.
func TestPagesOfTheServer(t *testing.T) {
	fake := start(t, app, listtest.Customers(60))
	fake.MaxPage = 25
	list, err := halopsa.Clients(t.Context(), config(fake.URL))
	if err != nil || len(list.Organizations) != 60 {
		t.Fatalf("%d clients, %v", len(list.Organizations), err)
	}
	want := []string{"POST /auth/token"}
	for n := range 8 { // pages by number, so that several are read twice
		want = append(want, fmt.Sprintf("GET /api/Client?includeactive=true&includeinactive=true&order=id&page_no=%d&page_size=1000&pageinate=true", n%4+1))
	}
	want = append(want, "GET /api/AzureADConnection?type=2")
	for _, id := range []string{"3", "4"} {
		want = append(want, "GET /api/AzureADConnection/"+id+"?includedetails=true&includetenants=true&type=2")
	}
	if got := fake.Requests(); !slices.Equal(got, want) {
		t.Errorf("asked for %q", got)
	}
}

const (
	tenantA = "5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e000a"
	tenantB = "5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e000b"
	tenantC = "5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e000c"
)

func TestTenants(t *testing.T) {
	companies := []psafake.Company{
		{ID: 11, Name: "Able", Tenants: []string{strings.ToUpper(tenantA), tenantA}},
		{ID: 12, Name: "Baker"},
		{ID: 13, Name: "Charlie", Tenants: []string{tenantB}},
		{ID: 14, Name: "Delta", Tenants: []string{tenantB}, Archived: true},
		{ID: 15, Name: "Echo", Tenants: []string{tenantC, "5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e000d"}},
		{ID: 16, Name: "Foxtrot", Tenants: []string{"foxtrot.onmicrosoft.example", "00000000-0000-0000-0000-000000000000"}},
	}
	for _, wrapped := range []bool{false, true} {
		own := app
		own.Wrapped = wrapped
		fake := start(t, own, companies)
		list, err := halopsa.Clients(t.Context(), config(fake.URL))
		if err != nil {
			t.Fatal(err)
		}
		tenants, notes := map[string]string{}, map[string]string{}
		for _, o := range list.Organizations {
			if o.Tenant != "" {
				tenants[o.Name] = o.Tenant
			}
			if o.Note != "" {
				notes[o.Name] = o.Note
			}
		}
		if !maps.Equal(tenants, map[string]string{"Able": tenantA}) {
			t.Errorf("tenants: %v", tenants)
		}
		if len(notes) != 2 || !strings.Contains(notes["Charlie"], "for 2 clients") || !strings.Contains(notes["Echo"], "2 tenants") {
			t.Errorf("notes: %v", notes)
		}
		if len(list.Skipped) != 1 || list.Skipped[0].Reason != weblist.SkipStatus || list.Skipped[0].Tenant != "" {
			t.Errorf("skipped: %+v", list.Skipped)
		}
	}
}

// TestTenantsNotTold: a map that is not whole would make customers that the next
// import of tenants makes again; who does not need it says so.
func TestTenantsNotTold(t *testing.T) {
	edit := func(path string, doc any) func(*psafake.Server) {
		return func(s *psafake.Server) {
			s.Before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if r.URL.Path != path {
					return false
				}
				s.Edit = func(int, any) any { return doc }
				return false
			}
		}
	}
	refuse := func(status int) func(*psafake.Server) {
		return func(s *psafake.Server) {
			s.Before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
				if !strings.Contains(r.URL.Path, "Connection") {
					return false
				}
				s.WriteError(w, status, "sorry")
				return true
			}
		}
	}
	mapping := func(client, tenant any) any {
		return map[string]any{"id": 3, "mappings_client": []any{map[string]any{"client_id": client, "azure_tenant_id": tenant}}}
	}
	const listPath, detailPath = "/api/AzureADConnection", "/api/AzureADConnection/3"
	tests := map[string]struct {
		prepare func(*psafake.Server)
		code    source.Code
		topic   source.Topic
	}{
		"forbidden":              {refuse(403), source.CodePermission, halopsa.TopicNoTenants},
		"not there":              {refuse(404), source.CodeUsage, halopsa.TopicNoTenants},
		"gone for a while":       {refuse(503), source.CodeUnreachable, ""},
		"no list":                {edit(listPath, map[string]any{"a": 1}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"two lists":              {edit(listPath, map[string]any{"a": []any{}, "b": []any{}}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"a list of text":         {edit(listPath, []any{"3"}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"counts more":            {edit(listPath, map[string]any{"record_count": 2, "connections": []any{}}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"an id that is a path":   {edit(listPath, []any{map[string]any{"id": "../Client"}}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"another connection":     {edit(detailPath, map[string]any{"id": 7}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"an error":               {edit(detailPath, map[string]any{"Message": "sorry"}), source.CodeIncomplete, halopsa.TopicNoTenants},
		"a client that is text":  {edit(detailPath, mapping("eleven", tenantA)), source.CodeIncomplete, halopsa.TopicNoTenants},
		"a tenant that is a sum": {edit(detailPath, mapping(11, 5)), source.CodeIncomplete, halopsa.TopicNoTenants},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fake := start(t, app, []psafake.Company{{ID: 11, Name: "Able", Tenants: []string{tenantA}}})
			tt.prepare(fake)
			cfg := config(fake.URL)
			cfg.Sleep = func(context.Context, time.Duration) error { return nil }
			_, err := halopsa.Clients(t.Context(), cfg)
			listtest.WantError(t, err, tt.code)
			if e := (*source.Error)(nil); errors.As(err, &e) && e.Topic != tt.topic {
				t.Errorf("the error is about %q: %v", e.Topic, err)
			}
			fake.Edit = nil
			cfg.NoTenants = true
			if list, err := halopsa.Clients(t.Context(), cfg); err != nil || len(list.Organizations) != 1 || list.Organizations[0].Tenant != "" {
				t.Errorf("without: %+v, %v", list, err)
			}
		})
	}
}

// TestMappingsNotSaid: a connection that does not say whose its tenants are is
// told, and the others hold.
func TestMappingsNotSaid(t *testing.T) {
	fake := start(t, app, []psafake.Company{{ID: 11, Name: "Able", Tenants: []string{tenantA}}})
	fake.Edit = func(_ int, doc any) any {
		if m, ok := doc.(map[string]any); ok && m["id"] == 4.0 {
			delete(m, "mappings_client")
		}
		return doc
	}
	cfg := config(fake.URL)
	var announced []string
	cfg.Announce = func(format string, args ...any) { announced = append(announced, fmt.Sprintf(format, args...)) }
	list, err := halopsa.Clients(t.Context(), cfg)
	if err != nil || list.Organizations[0].Tenant != tenantA || !slices.Equal(announced, []string{"HaloPSA's connection 4 does not say whose its tenants are"}) {
		t.Errorf("%+v, %v, announced %q", list, err, announced)
	}
}

func TestTopLevels(t *testing.T) {
	companies := []psafake.Company{
		{ID: 11, Name: "Able", Types: []string{"Customers"}}, {ID: 12, Name: "Baker", Types: []string{"Suppliers"}}, {ID: 13, Name: "Charlie", Archived: true},
	}
	fake := start(t, app, companies)
	cfg := config(fake.URL)
	cfg.TopLevels = []string{"customers"}
	list, err := halopsa.Clients(t.Context(), cfg)
	if err != nil || len(list.Organizations) != 1 || list.Organizations[0].ID != "11" || len(list.Skipped) != 2 {
		t.Errorf("%+v, %v", list, err)
	}
	cfg.TopLevels = []string{"Kunden"}
	_, err = halopsa.Clients(t.Context(), cfg)
	listtest.WantError(t, err, source.CodeUsage, `no client in HaloPSA has the top level "Kunden"; seen: "Customers", "Suppliers"`)
}

func TestLogin(t *testing.T) {
	named := app
	named.Tenant = "lighthouse"
	fake := start(t, named, listtest.Customers(1))
	cfg := config(fake.URL)
	_, err := halopsa.Clients(t.Context(), cfg)
	listtest.WantError(t, err, source.CodeCredentials, "400", "invalid_client")
	cfg.Tenant = "lighthouse"
	if list, err := halopsa.Clients(t.Context(), cfg); err != nil || len(list.Organizations) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	cfg.ClientSecret = source.NewSecret("canary-wrong")
	_, err = halopsa.Clients(t.Context(), cfg)
	listtest.WantError(t, err, source.CodeCredentials, "400")

	// The authorisation server may be another.
	auth := start(t, app, nil)
	fake = start(t, app, listtest.Customers(1))
	cfg = config(fake.URL)
	cfg.AuthURL = auth.URL + "/auth"
	if list, err := halopsa.Clients(t.Context(), cfg); err != nil || len(list.Organizations) != 1 {
		t.Errorf("%+v, %v", list, err)
	}
	if got := auth.Requests(); !slices.Equal(got, []string{"POST /auth/token"}) || strings.Contains(strings.Join(fake.Requests(), " "), "token") {
		t.Errorf("asked %q, %q", got, fake.Requests())
	}
}

func TestTokens(t *testing.T) {
	token := func(changes map[string]any) any {
		doc := map[string]any{"access_token": "canary-halo-t0ken", "token_type": "bearer", "expires_in": 3600}
		maps.Copy(doc, changes)
		return doc
	}
	for name, tt := range map[string]struct {
		doc    any
		logins int // 0 is an error
	}{
		"good":             {token(nil), 1},
		"soon over":        {token(map[string]any{"expires_in": 5}), 5},
		"says not":         {token(map[string]any{"expires_in": nil}), 5},
		"for ever":         {token(map[string]any{"expires_in": 1e12}), 1},
		"no token":         {token(map[string]any{"access_token": nil}), 0},
		"token of lines":   {token(map[string]any{"access_token": "canary\nX: y"}), 0},
		"another type":     {token(map[string]any{"token_type": "mac"}), 0},
		"an array":         {[]any{}, 0},
		"an error of 200s": {map[string]any{"error": "invalid_scope"}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			fake := start(t, app, listtest.Customers(1))
			fake.Edit = func(_ int, was any) any {
				if doc, ok := was.(map[string]any); ok && doc["access_token"] != nil {
					return tt.doc
				}
				return was
			}
			_, err := halopsa.Clients(t.Context(), config(fake.URL))
			if tt.logins == 0 {
				listtest.WantError(t, err, source.CodeIncomplete, "answer to the login")
				return
			}
			logins := len(slices.DeleteFunc(fake.Requests(), func(r string) bool { return r != "POST /auth/token" }))
			if err != nil || logins != tt.logins {
				t.Errorf("%d logins, %v", logins, err)
			}
		})
	}
}

// TestRevoked: a token that is refused before its time is renewed, once a request.
func TestRevoked(t *testing.T) {
	for name, tt := range map[string]struct {
		at     func(page int, path string) bool
		times  int
		code   source.Code
		logins int
	}{
		"at a page":              {func(page int, _ string) bool { return page == 2 }, 1, "", 2},
		"at several pages":       {func(page int, _ string) bool { return page%2 == 0 && page > 0 }, 2, "", 3},
		"at the tenants":         {func(_ int, path string) bool { return path == "/api/AzureADConnection/3" }, 1, "", 2},
		"always":                 {func(page int, _ string) bool { return page > 1 }, 100, source.CodeCredentials, 2},
		"always, at the tenants": {func(_ int, path string) bool { return path == "/api/AzureADConnection" }, 100, source.CodePermission, 2},
	} {
		t.Run(name, func(t *testing.T) {
			fake := start(t, app, listtest.Customers(25))
			left := tt.times
			fake.Before = func(page int, _ http.ResponseWriter, r *http.Request) bool {
				if left > 0 && tt.at(page, r.URL.Path) {
					left--
					fake.Revoke()
				}
				return false
			}
			cfg := config(fake.URL)
			cfg.PageSize = 10
			list, err := halopsa.Clients(t.Context(), cfg)
			logins := len(slices.DeleteFunc(fake.Requests(), func(r string) bool { return r != "POST /auth/token" }))
			if logins != tt.logins {
				t.Errorf("%d logins", logins)
			}
			if tt.code != "" {
				listtest.WantError(t, err, tt.code, "401")
			} else if err != nil || len(list.Organizations) != 25 {
				t.Errorf("%d clients, %v", len(list.Organizations), err)
			}
		})
	}
}

// TestAddresses: people copy the address of the site, or that of the API.
func TestAddresses(t *testing.T) {
	fake := start(t, app, listtest.Customers(1))
	for _, path := range []string{"", "/", "/api", "/api/"} {
		if list, err := halopsa.Clients(t.Context(), config(fake.URL+path)); err != nil || len(list.Organizations) != 1 {
			t.Errorf("%q: %d clients, %v", path, len(list.Organizations), err)
		}
	}
}

func TestSettings(t *testing.T) {
	for name, change := range map[string]func(*halopsa.Config){
		"no client":     func(c *halopsa.Config) { c.ClientID = "" },
		"no secret":     func(c *halopsa.Config) { c.ClientSecret = source.Secret{} },
		"auth URL":      func(c *halopsa.Config) { c.AuthURL = "http://auth.example" },
		"auth URL's pw": func(c *halopsa.Config) { c.AuthURL = "https://canary:x@auth.example" },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := config("https://halo.example")
			change(&cfg)
			_, err := halopsa.Clients(t.Context(), cfg)
			listtest.WantError(t, err, source.CodeUsage)
		})
	}
}
