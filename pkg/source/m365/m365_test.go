package m365

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// pauses is a clock that notes waits and does not wait.
type pauses struct {
	mu   sync.Mutex
	list []time.Duration
}

func (p *pauses) sleep(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, d)
	return ctx.Err()
}

func secret(value string) func(context.Context) (source.Secret, error) {
	return func(context.Context) (source.Secret, error) { return source.NewSecret(value), nil }
}

// start runs a fake and makes the settings for it, with waits that are noted
// but not waited for.
func start(t *testing.T, o graphfake.Options) (*graphfake.Server, Config, *pauses) {
	t.Helper()
	server := graphfake.Start(o)
	t.Cleanup(server.Close)
	clock := &pauses{}
	config := Config{
		Connection: source.Connection{
			Kind: source.M365,
			Graph: source.Graph{
				Tenant: graphfake.DefaultTenant, ClientID: graphfake.DefaultClientID, ClientSecretFrom: "env:SECRET",
				GraphURL: server.GraphURL(), AuthorityURL: server.URL,
			},
		},
		ClientSecret: secret(graphfake.DefaultClientSecret),
		UserAgent:    "qpimport/test",
		tune:         func(l *limits) { l.sleep = clock.sleep },
	}
	return server, config, clock
}

func open(t *testing.T, config Config) *Directory {
	t.Helper()
	d, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

// read takes users until the end or an error.
func read(ctx context.Context, d *Directory, scope source.Scope) (ids []string, err error) {
	for u, err := range d.Users(ctx, scope) {
		if err != nil {
			return ids, err
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}

// wantUsers checks that a read gave all n users of [graphfake.Person], each once.
func wantUsers(t *testing.T, ids []string, err error, n int) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	distinct := slices.Compact(slices.Sorted(slices.Values(ids)))
	if len(ids) != n || len(distinct) != n {
		t.Fatalf("%d users, %d of them different, want %d", len(ids), len(distinct), n)
	}
}

func people(n int) graphfake.Options {
	return graphfake.Options{Count: n, User: graphfake.Person}
}

func TestReadsAllPages(t *testing.T) {
	for _, links := range []graphfake.LinkStyle{graphfake.Opaque, graphfake.Hex} {
		for _, gzip := range []bool{false, true} {
			t.Run(fmt.Sprint(links, gzip), func(t *testing.T) {
				o := people(257)
				o.Links, o.Gzip, o.BasePath, o.PageSize = links, gzip, "/gate", 100
				server, config, _ := start(t, o)
				ids, err := read(t.Context(), open(t, config), source.Scope{})
				wantUsers(t, ids, err, 257)
				requests := server.GraphRequests()
				if len(requests) != 3 {
					t.Errorf("%d requests for 3 pages", len(requests))
				}
				once := map[string]bool{}
				for _, r := range requests {
					id := r.Header.Values("client-request-id")
					if len(id) != 1 || once[id[0]] || r.Header.Get("User-Agent") != "qpimport/test" {
						t.Errorf("headers %v", r.Header)
					}
					once[id[0]] = true
				}
			})
		}
	}
}

func TestUserIsReadWhole(t *testing.T) {
	_, config, _ := start(t, people(1))
	for u, err := range open(t, config).Users(t.Context(), source.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		if u.Enabled != source.Yes || u.Exchange != source.Yes || u.Licensed != source.Yes || u.Synced != source.Yes ||
			u.ImmutableID == "" || u.SID == "" || u.EmployeeID != "000000" || len(u.Addresses) != 2 || u.SkipReason() != "" {
			t.Errorf("got %+v", u)
		}
	}
}

func TestScope(t *testing.T) {
	server, config, _ := start(t, people(50))
	d := open(t, config)
	ids, err := read(t.Context(), d, source.Scope{Limit: 7})
	wantUsers(t, ids, err, 7)
	for u, err := range d.Users(t.Context(), source.Scope{Brief: true, Limit: 1}) {
		if err != nil || u.ID == "" || u.DisplayName != "" {
			t.Errorf("brief: %+v, %v", u, err)
		}
	}
	if _, err := read(t.Context(), d, source.Scope{Base: "OU=x,DC=y"}); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("a base: %v", err)
	}
	if n := len(server.GraphRequests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

func TestStopInTheMiddle(t *testing.T) {
	o := people(10)
	o.PageSize = 3
	server, config, _ := start(t, o)
	for _, err := range open(t, config).Users(t.Context(), source.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		break
	}
	if n := len(server.GraphRequests()); n != 1 {
		t.Errorf("%d pages were asked for", n)
	}
}

func TestEmptyPagesAreNotTheEnd(t *testing.T) {
	o := people(6)
	o.PageSize = 2
	o.Fault = func(n int, _ *http.Request) graphfake.Fault {
		if n == 1 { // an empty page before the first
			return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				graphfake.Body(fmt.Sprintf(`{"value":[],"@odata.nextLink":"http://%s/v1.0/users?$top=2"}`, r.Host))(w, r, nil)
			}
		}
		return nil
	}
	_, config, _ := start(t, o)
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 6)
}

func TestTwiceInOneReadIsYieldedOnce(t *testing.T) {
	o := graphfake.Options{PageSize: 1, Users: []json.RawMessage{
		json.RawMessage(`{"id":"A"}`), json.RawMessage(`{"id":"a"}`), json.RawMessage(`{"id":"b"}`),
	}}
	_, config, _ := start(t, o)
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 2)
}

func TestInfo(t *testing.T) {
	synced, last := true, time.Date(2026, 11, 24, 9, 30, 0, 0, time.UTC)
	_, config, _ := start(t, graphfake.Options{Synced: &synced, LastSync: &last, TenantName: "Contoso Ltd"})
	info, err := open(t, config).Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if info.ID != graphfake.DefaultTenant || info.Name != "Contoso Ltd" || info.Kind != source.M365 || info.Server == "" ||
		!slices.Equal(info.Domains, []string{"contoso.example", "contoso.onmicrosoft.example"}) ||
		info.Synced != source.Yes || !info.LastSync.Equal(last) || len(info.Notes) != 0 {
		t.Errorf("got %+v", info)
	}
}

func TestInfoWithoutOrganizationIsANote(t *testing.T) {
	denied, missing := graphfake.Denied(), graphfake.GraphError(404, "ResourceNotFound", "Resource not found for the segment 'organization'.")
	tests := []struct {
		tenant, id string
		fault      graphfake.Fault
	}{
		{graphfake.DefaultTenant, graphfake.DefaultTenant, denied},
		{"contoso.example", "", denied},
		{graphfake.DefaultTenant, graphfake.DefaultTenant, missing},
		{graphfake.DefaultTenant, graphfake.DefaultTenant, graphfake.Status(405, "")},
		{graphfake.DefaultTenant, graphfake.DefaultTenant, graphfake.GraphError(400, "BadRequest", "Could not find a property named 'x'.")},
	}
	for _, test := range tests {
		_, config, _ := start(t, graphfake.Options{Fault: graphfake.Always(test.fault)})
		config.Connection.Tenant = test.tenant
		info, err := open(t, config).Info(t.Context())
		if err != nil || info.ID != test.id || info.Name != test.tenant || len(info.Notes) != 1 {
			t.Errorf("%s: %+v, %v", test.tenant, info, err)
		}
	}
}

func TestInfoNeedsOneOrganization(t *testing.T) {
	for _, body := range []string{`{"value":[]}`, `{"value":[{"id":"a"},{"id":"b"}]}`, `{"value":[{}]}`, `{"value":[{"id":1}]}`, `{"value":{"id":"a"}}`} {
		_, config, _ := start(t, graphfake.Options{Fault: graphfake.Always(graphfake.Body(body))})
		if _, err := open(t, config).Info(t.Context()); source.CodeOf(err) != source.CodeIncomplete {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestContracts(t *testing.T) {
	o := graphfake.Options{PageSize: 2, Contracts: []json.RawMessage{
		json.RawMessage(`{"id":"1","contractType":"BreadthPartner","customerId":"4FDBFF88-9D6B-42E0-9713-45C922BA8001","defaultDomainName":"contoso.example","displayName":"Contoso"}`),
		json.RawMessage(`{"id":"2","contractType":"BreadthPartner","customerId":"b","displayName":"Fabrikam"}`),
		json.RawMessage(`{"id":"3","contractType":"ResellerPartner","customerId":"b","displayName":"Fabrikam"}`),
	}}
	_, config, _ := start(t, o)
	got, err := Contracts(t.Context(), config)
	want := []source.Organization{
		{System: "m365", ID: "4fdbff88-9d6b-42e0-9713-45c922ba8001", Name: "Contoso", Types: []string{"BreadthPartner"}},
		{System: "m365", ID: "b", Name: "Fabrikam", Types: []string{"BreadthPartner"}},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}

	for body, code := range map[string]source.Code{`{"value":[{"id":"1"}]}`: source.CodeIncomplete, `{}`: source.CodeIncomplete} {
		_, config, _ := start(t, graphfake.Options{Fault: graphfake.Always(graphfake.Body(body))})
		if got, err := Contracts(t.Context(), config); source.CodeOf(err) != code || got != nil {
			t.Errorf("%s: %v, %v", body, got, err)
		}
	}
	_, config, _ = start(t, graphfake.Options{Fault: graphfake.Always(graphfake.Denied())})
	var failure *source.Error
	if _, err := Contracts(t.Context(), config); !errors.As(err, &failure) || failure.Code != source.CodePermission {
		t.Errorf("denied: %v", err)
	}
}
