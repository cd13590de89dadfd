package m365

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

const pipeline = "https://token.actions.example"

// jobToken is a token of a pipeline, for an audience.
func jobToken(audience string) string {
	part := func(v any) string {
		b, err := json.Marshal(v)
		if err != nil {
			panic(err)
		}
		return base64.RawURLEncoding.EncodeToString(b)
	}
	return part(map[string]any{"alg": "RS256", "typ": "JWT"}) + "." + part(map[string]any{
		"iss": pipeline, "sub": "repo:contoso/import", "aud": audience, "exp": time.Now().Add(time.Hour).Unix(),
	}) + ".signature"
}

// startFederated is a tenant whose application trusts the pipeline.
func startFederated(t *testing.T) Config {
	t.Helper()
	o := people(3)
	o.Federated, o.DeviceCode, o.AccessToken = pipeline, "ABCD1234", "canary-ready"
	_, config, _ := start(t, o)
	config.ClientSecret, config.Connection.ClientSecretFrom = nil, ""
	config.Connection.Auth = source.AuthFederated
	return config
}

func fails(t *testing.T, config Config, code source.Code, words string) {
	t.Helper()
	_, err := read(t.Context(), open(t, config), source.Scope{})
	if source.CodeOf(err) != code || !strings.Contains(err.Error(), words) || strings.Contains(err.Error(), "canary") {
		t.Errorf("%v, want %s with %q", err, code, words)
	}
}

// A pipeline keeps no secret: its own token is enough, from a reference, from
// GitHub, and in a pod from the file of its service account.
func TestFederated(t *testing.T) {
	good := startFederated(t)
	by := good
	by.Assertion = secret(jobToken(githubAudience) + "\n")
	ids, err := read(t.Context(), open(t, by), source.Scope{})
	wantUsers(t, ids, err, 3)
	by.Assertion = secret(jobToken("somebody else"))
	fails(t, by, source.CodeCredentials, "AADSTS700027")
	by.Assertion = secret("canary")
	fails(t, by, source.CodeUsage, "no token of an identity service")
	fails(t, good, source.CodeUsage, "no token of another identity service")

	github := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "bearer canary-bearer" || r.URL.Query().Get("api-version") != "2.0" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		fmt.Fprintf(w, `{"count":1,"value":%q}`, jobToken(r.URL.Query().Get("audience")))
	}))
	defer github.Close()
	env := map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": github.URL + "/?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary-bearer"}
	job := good
	job.Getenv = func(name string) string { return env[name] }
	ids, err = read(t.Context(), open(t, job), source.Scope{})
	wantUsers(t, ids, err, 3)
	env["ACTIONS_ID_TOKEN_REQUEST_TOKEN"] = "canary-other"
	fails(t, job, source.CodeCredentials, "GitHub gives no token of this job: 403")
	env["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://github.example/"
	fails(t, job, source.CodeUsage, "no address that a token may be sent to")
	env["ACTIONS_ID_TOKEN_REQUEST_URL"] = "http://127.0.0.1:1/"
	fails(t, job, source.CodeUnreachable, "does not answer")

	pod := good
	pod.Connection.Auth = source.AuthWorkloadIdentity
	pod.Getenv = func(name string) string { return env[name] }
	fails(t, pod, source.CodeUsage, "no pod with a workload identity")
	file := filepath.Join(t.TempDir(), "token")
	env["AZURE_FEDERATED_TOKEN_FILE"] = file
	fails(t, pod, source.CodeUsage, "service account")
	if err := os.WriteFile(file, []byte(jobToken(githubAudience)), 0o600); err != nil {
		t.Fatal(err)
	}
	env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"] = pod.Connection.Tenant, pod.Connection.ClientID
	pod.Connection.Tenant, pod.Connection.ClientID = "", ""
	ids, err = read(t.Context(), open(t, pod), source.Scope{})
	wantUsers(t, ids, err, 3)
}

// What a pod's environment says is checked as what is typed is.
func TestEnvironmentOfPod(t *testing.T) {
	pod := startFederated(t)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(jobToken(githubAudience)), 0o600); err != nil {
		t.Fatal(err)
	}
	tenant, client := pod.Connection.Tenant, pod.Connection.ClientID
	pod.Connection.Auth, pod.Connection.Tenant, pod.Connection.ClientID = source.AuthWorkloadIdentity, "", ""
	env := map[string]string{"AZURE_FEDERATED_TOKEN_FILE": file}
	pod.Getenv = func(name string) string { return env[name] }
	for _, wrong := range [][2]string{{"../canary", client}, {"a canary", client}, {tenant, "canary?x=1"}, {tenant, "x" + client}} {
		env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"] = wrong[0], wrong[1]
		fails(t, pod, source.CodeUsage, "AZURE_TENANT_ID and AZURE_CLIENT_ID have to be the ids")
	}
	env["AZURE_TENANT_ID"], env["AZURE_CLIENT_ID"] = " "+strings.ToUpper(tenant)+"\n", client
	ids, err := read(t.Context(), open(t, pod), source.Scope{})
	wantUsers(t, ids, err, 3)
}

// GitHub that says nothing does not hold a job for ever.
func TestMuteGitHub(t *testing.T) {
	job := startFederated(t)
	tune := job.tune
	job.tune = func(l *limits) {
		if tune != nil {
			tune(l)
		}
		l.silence = 50 * time.Millisecond
	}
	over := make(chan struct{})
	github := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-over }))
	defer github.Close()
	defer close(over)
	job.Getenv = func(name string) string {
		return map[string]string{"ACTIONS_ID_TOKEN_REQUEST_URL": github.URL, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "canary"}[name]
	}
	fails(t, job, source.CodeUnreachable, "GitHub gives no token of this job: it does not answer")
}

// A managed identity as an App Service has it; elsewhere there is none.
func TestManagedIdentity(t *testing.T) {
	config := startFederated(t)
	config.Connection.Auth, config.Connection.Tenant, config.Connection.ClientID = source.AuthManagedIdentity, "", ""
	refuse := false
	identity := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if refuse || r.Header.Get("X-IDENTITY-HEADER") != "canary-header" {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"access_token":"canary-ready","expires_on":"%d","resource":%q,"token_type":"Bearer"}`, time.Now().Add(time.Hour).Unix(), r.URL.Query().Get("resource"))
	}))
	defer identity.Close()
	t.Setenv("IDENTITY_ENDPOINT", identity.URL)
	t.Setenv("IDENTITY_HEADER", "canary-header")
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 3)
	refuse = true
	config.Connection.ClientID = "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d"
	fails(t, config, source.CodeCredentials, "managed identity was refused: 400")
}

// As whoever is logged in to the Azure CLI, which is a program of that name.
func TestAzureCLI(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the made az is a shell script")
	}
	config := startFederated(t)
	config.Connection.Auth, config.Connection.ClientID = source.AuthAzureCLI, ""
	folder := t.TempDir()
	t.Setenv("PATH", folder+":"+os.Getenv("PATH"))
	az := func(script string) {
		if err := os.WriteFile(filepath.Join(folder, "az"), []byte("#!/bin/sh\n"+script+"\n"), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	az(`echo '{"accessToken":"canary-ready","expiresOn":"2099-01-01 00:00:00.000000","expires_on":4070908800,"tenant":"x","tokenType":"Bearer"}'`)
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 3)
	az(`echo "canary: please run az login" >&2; exit 1`)
	fails(t, config, source.CodeCredentials, "the Azure CLI gives no token")
	t.Setenv("PATH", t.TempDir())
	fails(t, config, source.CodeUsage, "is not on this computer's PATH")
}

// A person types a code; a script is not kept waiting.
func TestDeviceCode(t *testing.T) {
	config := startFederated(t)
	config.Connection.Auth = source.AuthDeviceCode
	fails(t, config, source.CodeUsage, "needs a person")
	var shown string
	config.Prompt = func(message string) { shown = message }
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 3)
	if shown != "open https://microsoft.example/devicelogin and type the code ABCD1234" {
		t.Errorf("shown: %q", shown)
	}
}

// A person who declines, and one who never comes.
func TestDeviceCodeRefused(t *testing.T) {
	for name, want := range map[string]string{"authorization_declined": "AADSTS70000", "authorization_pending": "nobody typed the code in time"} {
		o := people(1)
		o.DeviceCode = "ABCD1234"
		o.SignInFault = func(_ int, r *http.Request) graphfake.Fault {
			if strings.HasSuffix(r.URL.Path, "/token") {
				return graphfake.SignInError(http.StatusBadRequest, name, 70000, "as asked for")
			}
			return nil
		}
		_, config, _ := start(t, o)
		polls := 0
		tune := config.tune
		config.tune = func(l *limits) {
			tune(l)
			l.sleep = func(context.Context, time.Duration) error {
				if polls++; polls > 3 {
					return context.DeadlineExceeded
				}
				return nil
			}
		}
		config.ClientSecret, config.Connection.ClientSecretFrom, config.Connection.Auth = nil, "", source.AuthDeviceCode
		config.Prompt = func(string) {}
		fails(t, config, source.CodeCredentials, want)
		if name == "authorization_pending" && polls != 4 {
			t.Errorf("waited %d times", polls)
		}
	}
}

// Where consent is missing, the link to it is named.
func TestConsentLink(t *testing.T) {
	server, config, _ := start(t, people(1))
	config.Connection.ClientID = "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d"
	_, err := read(t.Context(), open(t, config), source.Scope{})
	link := server.URL + "/" + graphfake.DefaultTenant + "/adminconsent?client_id=" + config.Connection.ClientID
	var e *source.Error
	if source.CodeOf(err) != source.CodeCredentials || !errors.As(err, &e) ||
		!strings.Contains(e.Hint, link) {
		t.Errorf("%v; hint %q", err, e.Hint)
	}

	o := people(1)
	o.Fault = func(_ int, r *http.Request) graphfake.Fault {
		if !strings.HasPrefix(r.URL.Path, "/v1.0/") {
			return nil
		}
		return graphfake.GraphError(http.StatusForbidden, "Authorization_IdentityNotFound", "The identity of the calling application could not be established.")
	}
	_, config, _ = start(t, o)
	_, err = read(t.Context(), open(t, config), source.Scope{})
	if source.CodeOf(err) != source.CodePermission || !errors.As(err, &e) || !strings.Contains(e.Hint, "/adminconsent?client_id=") || strings.Count(err.Error(), "Authorization_IdentityNotFound") != 1 {
		t.Errorf("%v; hint %q", err, e.Hint)
	}
}

// A token, and a managed identity, are for one tenant: where the connection names another
// one nobody of the first is taken for its people. What the organization does not say the
// token does.
func TestTokenOfAnotherTenant(t *testing.T) {
	const other = "84841066-0000-4000-8000-276be684bdd3"
	of := func(tenant string) string {
		return "e30." + base64.RawURLEncoding.EncodeToString([]byte(`{"appid":"1","tid":"`+strings.ToUpper(tenant)+`"}`)) + ".x"
	}
	for _, c := range []struct {
		tenant, token string
		hidden        bool // the application may not read the organization
		good          bool
	}{
		{tenant: other, token: "opaque"},
		{tenant: "fabrikam.example", token: "opaque"},
		{tenant: other, token: of(graphfake.DefaultTenant), hidden: true},
		{tenant: graphfake.DefaultTenant, token: of(graphfake.DefaultTenant), hidden: true, good: true},
		{tenant: other, token: "opaque", hidden: true, good: true}, // nothing tells
		{tenant: "CONTOSO.example", token: "opaque", good: true},
		{tenant: "", token: "opaque", good: true},
	} {
		o := people(3)
		o.AccessToken = c.token
		if c.hidden {
			o.Fault = graphfake.Always(graphfake.Denied())
		}
		_, config, _ := start(t, o)
		config.ClientSecret, config.AccessToken, config.Connection.Tenant = nil, secret(c.token), c.tenant
		config.Connection.ClientSecretFrom, config.Connection.AccessTokenFrom = "", "env:TOKEN"
		_, err := open(t, config).Info(t.Context())
		if c.good && err != nil || !c.good && (source.CodeOf(err) != source.CodeUsage || !strings.Contains(err.Error(), "not for "+c.tenant)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
