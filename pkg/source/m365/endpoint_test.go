package m365

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

func TestClouds(t *testing.T) {
	tests := []struct{ cloud, login, graph, exchange string }{
		{"", "login.microsoftonline.com", "graph.microsoft.com", "outlook.office365.com"},
		{"usgov", "login.microsoftonline.us", "graph.microsoft.us", "outlook.office365.us"},
		{"usgov-dod", "login.microsoftonline.us", "dod-graph.microsoft.us", "outlook-dod.office365.us"},
		{"china", "login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "outlook.office365.cn"},
	}
	for _, test := range tests {
		e, err := newEndpoint(source.Graph{Cloud: test.cloud})
		if err != nil {
			t.Fatal(err)
		}
		if e.authority.String() != "https://"+test.login || e.root.String() != "https://"+test.graph ||
			e.scope != "https://"+test.graph+"/.default" || e.loginHosts[0] != test.login || e.private {
			t.Errorf("%q: %+v", test.cloud, e)
		}
		c, err := newExchangeClient(Config{Connection: source.Connection{Kind: source.M365, Graph: source.Graph{Tenant: "contoso.example", Cloud: test.cloud}}})
		if err != nil {
			t.Fatal(err)
		}
		if link := c.url("InvokeCommand", nil).String(); link != "https://"+test.exchange+"/adminapi/beta/contoso.example/InvokeCommand" || c.tokens.scope != "https://"+test.exchange+"/.default" {
			t.Errorf("%q: %s with a token for %s", test.cloud, link, c.tokens.scope)
		}
	}
}

// Every cloud that a connection may name is known.
func TestAllClouds(t *testing.T) {
	for _, name := range source.Clouds() {
		c := source.Connection{Kind: source.M365, Graph: source.Graph{AccessTokenFrom: "env:T", Cloud: name}}
		d, err := Open(t.Context(), Config{Connection: c, AccessToken: secret("t")})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_ = d.Close()
	}
}

// Settings that cannot work are refused before anything is sent.
func TestSettings(t *testing.T) {
	for words, change := range map[string]func(*source.Connection){
		"tenant":       func(c *source.Connection) { c.Tenant = "common" },
		"client_id":    func(c *source.Connection) { c.ClientID = "app" },
		"give one":     func(c *source.Connection) { c.ClientSecretFrom = "" },
		"in the clear": func(c *source.Connection) { c.GraphURL = "http://graph.example" },
		"directory":    func(c *source.Connection) { c.Kind = "" },
	} {
		server, config, _ := start(t, people(1))
		change(&config.Connection)
		_, err := Open(t.Context(), config)
		if source.CodeOf(err) != source.CodeUsage || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", words, err)
		}
		if n := len(server.Requests()); n != 0 {
			t.Errorf("%s: %d requests", words, n)
		}
	}
	_, config, _ := start(t, people(1))
	config.ClientSecret = nil
	if _, err := read(t.Context(), open(t, config), source.Scope{}); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("nobody to read the secret: %v", err)
	}
}

func TestNextURL(t *testing.T) {
	root := func(s string) *url.URL { u, _ := url.Parse(s); return u }
	tests := []struct {
		root, link string
		ok         bool
	}{
		{"https://graph.microsoft.com", "https://graph.microsoft.com/v1.0/users?$top=5&$skiptoken=X%2744%27", true},
		{"https://graph.microsoft.com", "https://GRAPH.microsoft.com:443/v1.0/users?$skiptoken=a", true},
		{"https://graph.microsoft.com:8443/gate", "https://graph.microsoft.com:8443/gate/v1.0/users?a", true},
		{"http://[::1]:80", "http://[::1]/v1.0/users?a", true},
		{"https://graph.microsoft.com", "https://graph.microsoft.com/beta/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com/v1.0/../beta/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com/v1.0/%2e%2e/beta/users", false},
		{"https://graph.microsoft.com", "http://graph.microsoft.com/v1.0/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com:8443/v1.0/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com@evil.example/v1.0/users", false},
		{"https://graph.microsoft.com", "https://me@graph.microsoft.com/v1.0/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com.evil.example/v1.0/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com./v1.0/users", false},
		{"https://graph.microsoft.com", "https://gr\u0430ph.microsoft.com/v1.0/users", false},
		{"https://graph.microsoft.com", "https://gra\uff50h.microsoft.com/v1.0/users", false}, // a full-width p
		{"https://graph.microsoft.com", "//evil.example/v1.0/users", false},
		{"https://graph.microsoft.com", "/v1.0/users?$skiptoken=a", false},
		{"https://graph.microsoft.com", "users?$skiptoken=a", false},
		{"https://graph.microsoft.com", "https:graph.microsoft.com/v1.0/users", false},
		{"https://graph.microsoft.com", "https://graph.microsoft.com\\@evil.example/v1.0/users", false},
		{"https://graph.microsoft.com/gate", "https://graph.microsoft.com/v1.0/users", false},
		{"https://graph.microsoft.com/gate", "https://graph.microsoft.com/gatecrash/v1.0/users", false},
		{"http://[::1]:80", "http://[::2]/v1.0/users", false},
		{"http://127.0.0.1:80", "http://127.0.0.1:81/v1.0/users", false},
	}
	for _, test := range tests {
		u, err := (&client{root: root(test.root), version: "/v1.0/"}).nextURL(test.link)
		if ok := err == nil && u != nil; ok != test.ok {
			t.Errorf("%s from %s: %v, %v", test.link, test.root, u, err)
		}
	}
}

// FuzzNextURL: whatever is followed stays where the token may go.
func FuzzNextURL(f *testing.F) {
	f.Add("https://graph.microsoft.com/v1.0/users?$skiptoken=a")
	f.Add("https://graph.microsoft.com@evil.example/v1.0/users")
	f.Add("HTTPS://graph.microsoft.com:443/v1.0/a/..%2f..")
	root, _ := url.Parse("https://graph.microsoft.com")
	f.Fuzz(func(t *testing.T, link string) {
		u, err := (&client{root: root, version: "/v1.0/"}).nextURL(link)
		if err != nil {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, u.String(), nil)
		if err != nil {
			return
		}
		host := strings.ToLower(r.URL.Host)
		if r.URL.Scheme != "https" || strings.TrimSuffix(strings.TrimSuffix(host, "443"), ":") != "graph.microsoft.com" || r.URL.User != nil {
			t.Errorf("%q leads to %s", link, r.URL)
		}
	})
}

// TestTokenStaysAtHome: links and redirects to wherever get no request at all,
// and what they would have answered is not taken in.
func TestTokenStaysAtHome(t *testing.T) {
	foreign, caught := listen(t)
	port := foreign[strings.LastIndexByte(foreign, ':'):]
	links := map[string]func(string) string{
		"host":     func(string) string { return strings.Replace(foreign, "127.0.0.1", "localhost", 1) + "/v1.0/users" },
		"port":     func(string) string { return foreign + "/v1.0/users" },
		"userinfo": func(link string) string { return strings.Replace(link, "/v1.0", "@127.0.0.1"+port+"/v1.0", 1) },
		"scheme":   func(link string) string { return "https" + strings.TrimPrefix(link, "http") },
		"relative": func(string) string { return "//127.0.0.1" + port + "/v1.0/users" },
		"no link":  func(string) string { return "::" },
	}
	for name, change := range links {
		t.Run("link to other "+name, func(t *testing.T) {
			_, d := on(t, 2, graphfake.NextLink(change))
			ids, err := read(t.Context(), d, source.Scope{})
			if source.CodeOf(err) != source.CodeIncomplete || len(ids) != 2 {
				t.Errorf("%v, %v", ids, err)
			}
		})
	}
	for _, status := range []int{301, 302, 303, 307, 308} {
		t.Run(fmt.Sprintf("redirect %d", status), func(t *testing.T) {
			_, d := on(t, 2, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
				http.Redirect(w, r, foreign+"/v1.0/users", status)
			})
			ids, err := read(t.Context(), d, source.Scope{})
			if source.CodeOf(err) != source.CodeIncomplete || len(ids) != 2 {
				t.Errorf("%v, %v", ids, err)
			}
		})
	}
	if requests := caught(); len(requests) != 0 {
		t.Errorf("%d requests left, the first with %v", len(requests), requests[0])
	}
}
