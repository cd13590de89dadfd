package m365

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// certificate makes a key and a certificate for it that is good for an hour, in PEM.
func certificate(t *testing.T) string { return certificateUntil(t, time.Now().Add(time.Hour)) }

func certificateUntil(t *testing.T, until time.Time) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "qpimport"}, NotAfter: until}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})) +
		string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestSignInBySecretOncePerRead(t *testing.T) {
	o := people(6)
	o.PageSize = 2
	server, config, _ := start(t, o)
	d := open(t, config)
	for range 2 {
		ids, err := read(t.Context(), d, source.Scope{})
		wantUsers(t, ids, err, 6)
	}
	posts := 0
	for _, r := range server.Requests() {
		if r.SignIn && r.Method == http.MethodPost {
			posts++
		}
		if strings.Contains(r.URL, graphfake.DefaultClientSecret) {
			t.Errorf("the secret is in the URL %s", r.URL)
		}
	}
	if posts != 1 {
		t.Errorf("signed in %d times", posts)
	}
}

// What is pasted round a client secret is no part of it.
func TestSignInBySecretWithBlanks(t *testing.T) {
	_, config, _ := start(t, people(1))
	config.ClientSecret = secret("\t" + graphfake.DefaultClientSecret + " \r\n")
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 1)
}

// A private authority may serve no discovery document, or one whose issuer is
// not what Microsoft's is; the token endpoint is where Microsoft documents it, or
// where the document says.
func TestSignInAtPrivateAuthority(t *testing.T) {
	for name, discovery := range map[string]http.HandlerFunc{
		"no document":        http.NotFound,
		"no GET":             func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusMethodNotAllowed) },
		"an http issuer":     document(`{"issuer":"http://HOST/TENANT/v2.0","authorization_endpoint":"http://HOST/a","token_endpoint":"http://HOST/TENANT/oauth2/v2.0/token"}`),
		"another issuer":     document(`{"issuer":"https://sts.example/","token_endpoint":"https://HOST/TENANT/oauth2/v2.0/token"}`),
		"another token path": document(`{"issuer":"https://HOST/TENANT/v2.0","token_endpoint":"http://HOST/tokens"}`),
	} {
		t.Run(name, func(t *testing.T) {
			fake := graphfake.New(people(3))
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				switch {
				case strings.HasSuffix(r.URL.Path, discoveryPath):
					discovery(w, r)
					return
				case r.URL.Path == "/tokens":
					r.URL.Path = "/" + graphfake.DefaultTenant + "/oauth2/v2.0/token"
				}
				fake.ServeHTTP(w, r)
			}))
			defer server.Close()
			_, config, _ := start(t, people(1))
			config.Connection.GraphURL, config.Connection.AuthorityURL = server.URL, server.URL
			ids, err := read(t.Context(), open(t, config), source.Scope{})
			wantUsers(t, ids, err, 3)
		})
	}
	for name, discovery := range map[string]http.HandlerFunc{
		"a token endpoint elsewhere": document(`{"issuer":"https://HOST/TENANT/v2.0","token_endpoint":"http://127.0.0.1:1/tokens"}`),
		"no token endpoint":          document(`{"issuer":"https://HOST/TENANT/v2.0"}`),
		"a page":                     document(`<html>`),
	} {
		t.Run(name, func(t *testing.T) {
			posts := 0
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method == http.MethodPost {
					posts++
				}
				discovery(w, r)
			}))
			defer server.Close()
			_, config, _ := start(t, people(1))
			config.Connection.AuthorityURL = server.URL
			if _, err := read(t.Context(), open(t, config), source.Scope{}); source.CodeOf(err) != source.CodeIncomplete || posts > 0 {
				t.Errorf("%d posts, %v", posts, err)
			}
		})
	}
}

func document(text string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.NewReplacer("HOST", r.Host, "TENANT", graphfake.DefaultTenant).Replace(text))
	}
}

func TestSignInByCertificate(t *testing.T) {
	_, config, _ := start(t, people(1))
	config.ClientSecret, config.Certificate = nil, secret(certificate(t))
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 1)
}

// A PFX is read as it is and in base64. The key in it was made for this test.
func TestSignInByPFX(t *testing.T) {
	text, err := os.ReadFile("testdata/test-only.pfx.base64")
	if err != nil {
		t.Fatal(err)
	}
	pfx, err := base64.StdEncoding.DecodeString(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{"binary": string(pfx), "base64": string(text)} {
		t.Run(name, func(t *testing.T) {
			_, config, _ := start(t, people(1))
			config.ClientSecret, config.Certificate = nil, secret(value)
			ids, err := read(t.Context(), open(t, config), source.Scope{})
			wantUsers(t, ids, err, 1)
		})
	}
}

func TestReadyToken(t *testing.T) {
	o := people(1)
	o.AccessToken = "ready-made"
	server, config, _ := start(t, o)
	config.ClientSecret, config.AccessToken = nil, secret(" ready-made\n")
	config.Connection.Graph = source.Graph{AccessTokenFrom: "env:TOKEN", GraphURL: config.Connection.GraphURL}
	d := open(t, config)
	ids, err := read(t.Context(), d, source.Scope{})
	wantUsers(t, ids, err, 1)

	server.RevokeTokens()
	if _, err := read(t.Context(), d, source.Scope{}); source.CodeOf(err) != source.CodeCredentials {
		t.Errorf("a revoked token: %v", err)
	}
	for _, r := range server.Requests() {
		if r.SignIn {
			t.Errorf("signed in with a token at hand: %s", r.URL)
		}
	}
	if n := len(server.GraphRequests()); n != 2 {
		t.Errorf("%d requests", n)
	}
}

// TestTokenEndsInTheMiddle: another one is fetched, once.
func TestTokenEndsInTheMiddle(t *testing.T) {
	o := people(6)
	o.PageSize = 2
	var server *graphfake.Server
	o.Fault = func(n int, _ *http.Request) graphfake.Fault {
		if n == 2 {
			server.RevokeTokens()
		}
		return nil
	}
	var config Config
	server, config, _ = start(t, o)
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 6)
	if n := len(server.GraphRequests()); n != 4 {
		t.Errorf("%d requests", n)
	}

	server, config, _ = start(t, graphfake.Options{Fault: graphfake.Always(graphfake.GraphError(401, "InvalidAuthenticationToken", "No."))})
	_, err = read(t.Context(), open(t, config), source.Scope{})
	if source.CodeOf(err) != source.CodeCredentials || len(server.GraphRequests()) != 2 {
		t.Errorf("after %d requests: %v", len(server.GraphRequests()), err)
	}
}

func TestSignInRefused(t *testing.T) {
	const canary = "canary~secret~value"
	tests := []struct {
		name   string
		change func(*graphfake.Options, *Config)
		code   source.Code
		want   string
	}{
		{"secret", func(_ *graphfake.Options, c *Config) { c.ClientSecret = secret(canary) }, source.CodeCredentials, "client secret is wrong (AADSTS7000215)"},
		{"application", func(_ *graphfake.Options, c *Config) { c.Connection.ClientID = "00000000-0000-4000-8000-000000000000" }, source.CodeCredentials, "not in this tenant (AADSTS700016)"},
		{"tenant", func(_ *graphfake.Options, c *Config) { c.Connection.Tenant = "nobody.example" }, source.CodeCredentials, "no such tenant (AADSTS90002)"},
		{"expired", signInFault(401, "invalid_client", 7000222), source.CodeCredentials, "expired (AADSTS7000222)"},
		{"consent", signInFault(400, "invalid_grant", 65001), source.CodeCredentials, "consented"},
		{"policy", signInFault(400, "invalid_grant", 53003), source.CodeCredentials, "Conditional Access"},
		{"out of time", signInFault(401, "invalid_client", 700024), source.CodeCredentials, "out of time (AADSTS700024)"},
		{"stranger", signInFault(401, "invalid_client", 700213), source.CodeCredentials, "does not trust this token of another identity service (AADSTS700213)"},
		{"unknown", signInFault(400, "invalid_grant", 123456), source.CodeCredentials, "AADSTS123456"},
		{"busy", answerSignIn(429, "application/json", `{}`), source.CodeThrottled, "busy"},
		{"broken", answerSignIn(500, "application/json", `{}`), source.CodeUnreachable, "500"},
		{"portal", answerSignIn(200, "text/html", `<html>`+canary), source.CodeIncomplete, "none"},
		{"token of rubbish", answerSignIn(200, "application/json", `{"access_token":"`+canary+`"`), source.CodeIncomplete, "none"},
		{"refused in HTML", answerSignIn(403, "text/html", `<html>`+canary), source.CodeCredentials, "403"},
		{"hostile", answerSignIn(400, "application/json", `{"error_description":"\u001b[2J`+canary+`"}`), source.CodeCredentials, "400"},
		{"redirect", func(o *graphfake.Options, _ *Config) {
			o.SignInFault = graphfake.Always(graphfake.Redirect("http://elsewhere.example/" + canary))
		}, source.CodeUnreachable, "302"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o, change := graphfake.Options{}, Config{}
			test.change(&o, &change)
			server, config, _ := start(t, o)
			test.change(&o, &config)
			_, err := read(t.Context(), open(t, config), source.Scope{})
			if source.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %s: %v", source.CodeOf(err), err)
			}
			for e := err; e != nil; e = errors.Unwrap(e) {
				if text := fmt.Sprintf("%v %+v %#v", e, e, e); strings.Contains(text, canary) || strings.Contains(text, "Trace ID") {
					t.Errorf("the error gives away what it should not: %s", text)
				}
			}
			if n := len(server.GraphRequests()); n != 0 {
				t.Errorf("%d requests to Graph without a token", n)
			}
		})
	}
}

func signInFault(status int, name string, code int) func(*graphfake.Options, *Config) {
	return func(o *graphfake.Options, _ *Config) {
		o.SignInFault = postFault(graphfake.SignInError(status, name, code, "Something."))
	}
}

func answerSignIn(status int, contentType, body string) func(*graphfake.Options, *Config) {
	return func(o *graphfake.Options, _ *Config) {
		o.SignInFault = postFault(graphfake.Answer(status, contentType, body))
	}
}

// postFault is for the token endpoint alone.
func postFault(fault graphfake.Fault) func(int, *http.Request) graphfake.Fault {
	return func(_ int, r *http.Request) graphfake.Fault {
		if r.Method == http.MethodPost {
			return fault
		}
		return nil
	}
}

func TestSignInFaultsThatPass(t *testing.T) {
	for name, fault := range map[string]graphfake.Fault{
		"429": graphfake.Throttle("2"), "503": graphfake.Status(503, "1"), "500": graphfake.Status(500, ""), "cut": graphfake.CutMidBody(0.5),
	} {
		for n := 1; n <= 2; n++ { // the configuration, then the token
			t.Run(fmt.Sprint(name, n), func(t *testing.T) {
				o := people(1)
				o.SignInFault = graphfake.At(map[int]graphfake.Fault{n: fault})
				_, config, clock := start(t, o)
				ids, err := read(t.Context(), open(t, config), source.Scope{})
				wantUsers(t, ids, err, 1)
				if len(clock.list) != 1 {
					t.Errorf("paused %v", clock.list)
				}
			})
		}
	}
}

// TestSecretGoesToTheAuthorityAlone: the sign-in service's own documents name
// the token endpoint, and may lie.
func TestSecretGoesToTheAuthorityAlone(t *testing.T) {
	thief, caught := listen(t)
	o := graphfake.Options{SignInFault: func(n int, r *http.Request) graphfake.Fault {
		if n == 1 {
			return graphfake.Replace(r.Host+"/"+graphfake.DefaultTenant+"/oauth2", strings.TrimPrefix(thief, "http://")+"/"+graphfake.DefaultTenant+"/oauth2")
		}
		return graphfake.Redirect(thief)
	}}
	_, config, _ := start(t, o)
	_, err := read(t.Context(), open(t, config), source.Scope{})
	if source.CodeOf(err) != source.CodeIncomplete || !strings.Contains(err.Error(), "sends us on") {
		t.Errorf("got %v", err)
	}
	if n := caught(); len(n) != 0 {
		t.Errorf("%d requests went elsewhere", len(n))
	}
}

// listen runs a server that only notes what reaches it.
func listen(t *testing.T) (url string, caught func() []http.Header) {
	t.Helper()
	requests := make(chan http.Header, 100)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests <- r.Header.Clone()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"value":[{"id":"foreign"}]}`))
	}))
	t.Cleanup(server.Close)
	return server.URL, func() []http.Header {
		var all []http.Header
		for {
			select {
			case h := <-requests:
				all = append(all, h)
			default:
				return all
			}
		}
	}
}

func TestSecretsThatCannotWork(t *testing.T) {
	missing := errors.New("no such variable")
	tests := []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"unreadable", func(c *Config) {
			c.ClientSecret = func(context.Context) (source.Secret, error) { return source.Secret{}, missing }
		}, "client secret cannot be read: no such variable"},
		{"empty", func(c *Config) { c.ClientSecret = secret("") }, "client secret is empty"},
		{"token with newline", func(c *Config) { c.ClientSecret, c.AccessToken = nil, secret("canary\r\nX: y") }, "access token holds characters"},
		{"no certificate", func(c *Config) { c.ClientSecret, c.Certificate = nil, secret("canary") }, "certificate cannot be used"},
		{"key alone", func(c *Config) {
			pem := certificate(t)
			c.ClientSecret, c.Certificate = nil, secret(pem[:strings.Index(pem, "-----BEGIN CERT")])
		}, "certificate cannot be used"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			server, config, _ := start(t, graphfake.Options{})
			test.change(&config)
			_, err := read(t.Context(), open(t, config), source.Scope{})
			if source.CodeOf(err) != source.CodeUsage || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "canary") {
				t.Errorf("got %v", err)
			}
			if n := len(server.Requests()); n != 0 {
				t.Errorf("%d requests", n)
			}
		})
	}
}
