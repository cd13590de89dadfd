package graphfake_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

const token = "ready"

type page struct {
	Context string                       `json:"@odata.context"`
	Next    string                       `json:"@odata.nextLink"`
	Value   []map[string]json.RawMessage `json:"value"`
	Error   struct{ Code, Message string }
}

func get(t *testing.T, client *http.Client, link, bearer string) (int, page, http.Header) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+bearer)
	r.Header.Set("client-request-id", "mine")
	response, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var p page
	if err := json.NewDecoder(response.Body).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, p, response.Header
}

func TestListIsPagedToItsEnd(t *testing.T) {
	for _, links := range []graphfake.LinkStyle{graphfake.Opaque, graphfake.Hex} {
		for _, tls := range []bool{false, true} {
			t.Run(fmt.Sprint(links, tls), func(t *testing.T) {
				s := graphfake.Start(graphfake.Options{
					AccessToken: token, Count: 257, User: graphfake.Person, Links: links, TLS: tls, BasePath: "/gate", Gzip: tls,
				})
				defer s.Close()
				seen, pages := map[string]bool{}, 0
				for link := s.GraphURL() + "/v1.0/users?$select=id,mail"; link != ""; pages++ {
					status, p, header := get(t, s.Client(), link, token)
					if status != http.StatusOK || header.Get("client-request-id") != "mine" {
						t.Fatalf("status %d, header %v", status, header)
					}
					for _, u := range p.Value {
						seen[string(u["id"])] = true
						if len(u) != 2 {
							t.Fatalf("selected id and mail, got %v", u)
						}
					}
					link = p.Next
				}
				if len(seen) != 257 || pages != 3 {
					t.Errorf("%d users on %d pages", len(seen), pages)
				}
			})
		}
	}
}

func TestDefaultPropertiesAndErrors(t *testing.T) {
	s := graphfake.Start(graphfake.Options{AccessToken: token, Count: 1, User: graphfake.Person})
	defer s.Close()
	_, p, _ := get(t, s.Client(), s.URL+"/v1.0/users", token)
	var names []string
	for name := range p.Value[0] {
		names = append(names, name)
	}
	sort.Strings(names)
	if got := strings.Join(names, " "); got != "businessPhones displayName givenName id jobTitle mail mobilePhone surname userPrincipalName" {
		t.Errorf("default properties are %s", got)
	}

	tests := []struct {
		link, bearer string
		status       int
		code         string
	}{
		{"/v1.0/users?$top=1000", token, 400, "Request_BadRequest"},
		{"/v1.0/users?$top=0", token, 400, "Request_BadRequest"},
		{"/v1.0/users?$skip=1", token, 400, "Request_BadRequest"},
		{"/v1.0/users?$skiptoken=rubbish", token, 400, ""},
		{"/v1.0/users?$select=id,noSuchThing", token, 400, "BadRequest"},
		{"/v1.0/users?$select=mailboxSettings", token, 501, "NotImplemented"},
		{"/v1.0/users?$filter=a", token, 400, "Request_UnsupportedQuery"},
		{"/v1.0/users/00000001-0000-4000-8000-000000000001", token, 404, "Request_ResourceNotFound"},
		{"/v1.0/users/nobody@contoso.example?$select=id", token, 404, "Request_ResourceNotFound"},
		{"/v1.0/users/user0@contoso.example?$select=id,noSuchThing", token, 400, "BadRequest"},
		{"/v1.0/users/user0@contoso.example/planets", token, 400, "BadRequest"},
		{"/v1.0/planets", token, 400, "BadRequest"},
		{"/v1.0/users", "other", 401, "InvalidAuthenticationToken"},
	}
	for _, test := range tests {
		status, p, _ := get(t, s.Client(), s.URL+test.link, test.bearer)
		if status != test.status || p.Error.Code != test.code || p.Error.Message == "" {
			t.Errorf("%s: status %d, %+v", test.link, status, p.Error)
		}
	}
	if got := len(s.GraphRequests()); got != len(tests)+1 {
		t.Errorf("%d requests noted", got)
	}
	s.RevokeTokens()
	if status, _, _ := get(t, s.Client(), s.URL+"/v1.0/users", token); status != http.StatusUnauthorized {
		t.Errorf("a revoked token gets %d", status)
	}
}

func TestOneUser(t *testing.T) {
	s := graphfake.Start(graphfake.Options{AccessToken: token, Count: 3, User: graphfake.Person})
	defer s.Close()
	for _, key := range []string{"00000002-0000-4000-8000-000000000002", "USER2@contoso.example"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1.0/users/"+key+"?$select=mail", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token)
		response, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		want := `{"@odata.context":"` + s.URL + `/v1.0/$metadata#users/$entity","mail":"Diego.Vance2@contoso.example","id":"00000002-0000-4000-8000-000000000002"}`
		if err != nil || response.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %d %s, %v", key, response.StatusCode, body, err)
		}
	}
}

func TestSignIn(t *testing.T) {
	s := graphfake.Start(graphfake.Options{})
	defer s.Close()
	good := url.Values{
		"grant_type": {"client_credentials"}, "scope": {"https://graph.microsoft.com/.default openid"},
		"client_id": {graphfake.DefaultClientID}, "client_secret": {graphfake.DefaultClientSecret},
	}
	tests := []struct {
		name, tenant, field, value string
		status                     int
		inBody                     string
	}{
		{"right", graphfake.DefaultTenant, "", "", 200, "access_token"},
		{"by domain", "contoso.example", "", "", 200, "access_token"},
		{"secret", graphfake.DefaultTenant, "client_secret", "x", 401, "AADSTS7000215"},
		{"no secret", graphfake.DefaultTenant, "client_secret", "", 401, "AADSTS7000218"},
		{"application", graphfake.DefaultTenant, "client_id", "x", 400, "AADSTS700016"},
		{"grant", graphfake.DefaultTenant, "grant_type", "x", 400, "AADSTS70003"},
		{"scope", graphfake.DefaultTenant, "scope", "User.Read", 400, "AADSTS1002012"},
		{"assertion", graphfake.DefaultTenant, "client_assertion", "a.b.c", 401, "AADSTS700027"},
		{"tenant", "nobody.example", "", "", 400, "AADSTS90002"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			form := url.Values{}
			for key, values := range good {
				form[key] = values
			}
			if test.field != "" {
				form.Set(test.field, test.value)
			}
			response, err := s.Client().PostForm(s.URL+"/"+test.tenant+"/oauth2/v2.0/token", form)
			if err != nil {
				t.Fatal(err)
			}
			defer response.Body.Close()
			body, _ := io.ReadAll(response.Body)
			if response.StatusCode != test.status || !strings.Contains(string(body), test.inBody) {
				t.Errorf("status %d, body %s", response.StatusCode, body)
			}
		})
	}
}

func TestFaultsBreakWhatTheyShould(t *testing.T) {
	tests := []struct {
		name  string
		fault graphfake.Fault
		want  func(status int, body string, err error) bool
	}{
		{"cut before head", graphfake.CutBeforeHead(), func(_ int, _ string, err error) bool { return err != nil }},
		{"cut mid body", graphfake.CutMidBody(0.5), func(status int, body string, err error) bool { return err != nil && status == 200 && body != "" }},
		{"cut after body", graphfake.CutMidBody(1), func(_ int, body string, err error) bool { return err == nil && strings.HasSuffix(body, "}") }},
		{"slow", graphfake.Slow(400, time.Millisecond), func(_ int, body string, err error) bool { return err == nil && json.Valid([]byte(body)) }},
		{"bomb", graphfake.GzipBomb(1 << 22), func(_ int, body string, err error) bool { return err == nil && len(body) >= 1<<22 }},
		{"twice", graphfake.Twice("value", "[]"), func(_ int, body string, err error) bool {
			return json.Valid([]byte(body)) && strings.Count(body, `"value"`) == 2
		}},
		{"link", graphfake.NextLink(func(string) string { return "http://elsewhere.example/" }), func(_ int, body string, _ error) bool {
			return strings.Contains(body, "elsewhere.example")
		}},
		{"throttle", graphfake.Throttle("2.128"), func(status int, body string, _ error) bool {
			return status == 429 && strings.Contains(body, "TooManyRequests")
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := graphfake.Start(graphfake.Options{
				AccessToken: token, Count: 3, User: graphfake.Person, Fault: graphfake.At(map[int]graphfake.Fault{1: test.fault}),
			})
			defer s.Close()
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v1.0/users", nil)
			r.Header.Set("Authorization", "Bearer "+token)
			r.Header.Set("Connection", "close")
			response, err := s.Client().Do(r)
			status, body := 0, []byte(nil)
			if err == nil {
				defer response.Body.Close()
				status = response.StatusCode
				body, err = io.ReadAll(response.Body)
			}
			if !test.want(status, string(body), err) {
				t.Errorf("status %d, error %v, body %.200q", status, err, body)
			}
		})
	}
}
