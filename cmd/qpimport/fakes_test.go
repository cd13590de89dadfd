package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/internal/mail/mailtest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/krbfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

const (
	adUser     = "svc-qpimport@corp.contoso.example"
	adPassword = "canary-AD-pa55"
	// pageSize makes several pages of the sample company.
	pageSize = 20
)

// cmdDirectory starts a directory on the wire, or a list of customers: see
// TestScripts.
func cmdDirectory(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: directory ad|m365|itglue|hudu|connectwise|halopsa|partner|resets [OPTION…]")
	}
	switch args[0] {
	case "ad":
		startAD(ts, args[1:])
	case "m365":
		startGraph(ts, args[1:])
	case "itglue", "hudu", "connectwise", "halopsa":
		startPSA(ts, args[0], args[1:])
	case "partner":
		startPartner(ts, args[1:])
	case "resets":
		startResets(ts, args[1:])
	default:
		ts.Fatalf("unknown directory %q", args[0])
	}
}

func startAD(ts *testscript.TestScript, options []string) {
	entries, err := ldapfake.ReadLDIF(filepath.Join(ts.Getenv("CONTOSO"), "ad.ldif"))
	ts.Check(err)
	o := ldapfake.Options{Entries: entries, MaxPageSize: pageSize, Accounts: map[string]string{adUser: adPassword}}
	for _, name := range options {
		switch name {
		case "no-starttls":
			o.NoStartTLS = true
		case "kerberos":
			kdc := startKDC(ts)
			o.SASL = func() ldapfake.SASL { return kdc.Accept() }
		case "sign-only":
			kdc := startKDC(ts)
			o.SASL = func() ldapfake.SASL {
				a := kdc.Accept()
				a.Layers = 3
				return a
			}
		case "other-name":
			o.Certificate.Names = []string{"dc9.fabrikam.example"}
		case "cut-page-2":
			o.Edit = cutSecondPage()
		case "denied":
			o.Result = func(r *ldapfake.Request) *ldapfake.Result {
				if r.Op == "search" && r.Base != "" {
					return &ldapfake.Result{Code: 50, Text: "insufficient access rights"}
				}
				return nil
			}
		case "mute":
			o.Edit = func(a ldapfake.Answer) ([]byte, error) {
				if a.Request.Op == "search" && a.Request.Base != "" {
					return nil, ldapfake.ErrMute
				}
				return a.Bytes, nil
			}
		default:
			ts.Fatalf("unknown option %q", name)
		}
	}
	s, err := ldapfake.Start(o)
	ts.Check(err)
	ts.Defer(s.Close)
	fakesOf(ts).ad = s
	ts.Setenv("AD_URL", s.URL())
	ts.Setenv("AD_PLAIN_URL", s.PlainURL())
	ts.Setenv("AD_CA", s.CAFile())
	ts.Setenv("AD_USER", adUser)
	ts.Setenv("AD_PASSWORD", adPassword)
}

const adPrincipal = "svc-qpimport@CORP.CONTOSO.EXAMPLE"

// startKDC runs a KDC that knows the account, and one that is disabled, and writes
// a keytab and credential caches.
func startKDC(ts *testscript.TestScript) *krbfake.KDC {
	account, _, _ := strings.Cut(adPrincipal, "@")
	kdc, err := krbfake.Start(krbfake.Options{
		Accounts: map[string]string{account: adPassword},
		Refuse:   map[string]int32{"svc-disabled": 18, "svc-skewed": 37},
	})
	ts.Check(err)
	ts.Defer(kdc.Close)
	keytab, err := kdc.Keytab(account, adPassword)
	ts.Check(err)
	stale, err := kdc.Keytab(account, "the password before")
	ts.Check(err)
	cache, err := kdc.Cache(account, time.Now().Add(time.Hour))
	ts.Check(err)
	old, err := kdc.Cache(account, time.Now().Add(-time.Hour))
	ts.Check(err)
	for name, content := range map[string][]byte{"svc.keytab": keytab, "stale.keytab": stale, "cache": cache, "old-cache": old} {
		ts.Check(os.WriteFile(ts.MkAbs(name), content, 0o600))
	}
	ts.Setenv("AD_KDC", kdc.Addr())
	ts.Setenv("AD_PRINCIPAL", adPrincipal)
	ts.Setenv("AD_NAME", "dc1.corp.contoso.example")
	return kdc
}

// cutSecondPage closes the connection in the middle of the second page of users.
func cutSecondPage() func(ldapfake.Answer) ([]byte, error) {
	pages := map[*ldapfake.Request]bool{}
	return func(a ldapfake.Answer) ([]byte, error) {
		const searchResultEntry = 0x64
		if a.Op == searchResultEntry && strings.Contains(string(a.Bytes), "sAMAccountName") {
			pages[a.Request] = true
			if len(pages) == 2 && a.N == 5 {
				return nil, ldapfake.ErrCut
			}
		}
		return a.Bytes, nil
	}
}

func startGraph(ts *testscript.TestScript, names []string) {
	var page struct{ Value []json.RawMessage }
	b, err := os.ReadFile(filepath.Join(ts.Getenv("CONTOSO"), "m365.json"))
	ts.Check(err)
	ts.Check(json.Unmarshal(b, &page))
	o := graphfake.Options{Users: page.Value, PageSize: pageSize, ClientSecret: "canary-M365-s3cret", AccessToken: "canary-M365-t0ken"}
	if len(names) > 0 && names[0] == "tls" {
		o.TLS, names = true, names[1:]
	}
	if len(names) > 0 && names[0] == "federated" {
		o.Federated, names = "https://gitlab.example", names[1:]
		ts.Setenv("JOB_TOKEN", pipelineToken(o.Federated))
	}
	if len(names) > 0 && strings.HasPrefix(names[0], "content=") {
		path := ts.MkAbs(strings.TrimPrefix(names[0], "content="))
		o.Content = func() graphfake.Content { return graphContent(path, o.Users) }
		o.Content() // a file that cannot be read is seen now
		names = names[1:]
	}
	o.Fault = graphfake.At(graphFaults(ts, names))
	serveGraph(ts, o)
}

// pipelineToken is the token that a pipeline gives its jobs.
func pipelineToken(issuer string) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	return part(`{"alg":"RS256","typ":"JWT"}`) + "." + part(`{"iss":"`+issuer+`","sub":"project_path:contoso/import","aud":"api://AzureADTokenExchange"}`) + ".canary"
}

// graphContent reads what a tenant holds beside its users, anew each time, so that a
// script can change it. upn:NAME stands for the id of a user in the sample company, or
// in the file's own users, and SOON for ten days from now.
func graphContent(path string, users []json.RawMessage) graphfake.Content {
	text, err := os.ReadFile(path)
	var c graphfake.Content
	if err == nil {
		err = json.Unmarshal(text, &c)
	}
	names := []string{"SOON", time.Now().Add(10*24*time.Hour + time.Minute).UTC().Format(time.RFC3339)}
	for _, raw := range slices.Concat(users, c.Users) {
		var u struct{ ID, UserPrincipalName string }
		if err == nil {
			err = json.Unmarshal(raw, &u)
		}
		names = append(names, `"upn:`+u.UserPrincipalName+`"`, strconv.Quote(u.ID))
	}
	if err == nil {
		err = json.Unmarshal([]byte(strings.NewReplacer(names...).Replace(string(text))), &c)
	}
	if err != nil {
		panic(fmt.Sprintf("%s: %v", path, err))
	}
	return c
}

func serveGraph(ts *testscript.TestScript, o graphfake.Options) {
	s := graphfake.Start(o)
	ts.Defer(s.Close)
	fakesOf(ts).graph = s
	ts.Setenv("GRAPH_URL", s.GraphURL())
	ts.Setenv("TENANT", graphfake.DefaultTenant)
	ts.Setenv("CLIENT_ID", graphfake.DefaultClientID)
	ts.Setenv("CLIENT_SECRET", o.ClientSecret)
	ts.Setenv("ACCESS_TOKEN", o.AccessToken)
}

// graphFaults reads N:FAULT, what goes wrong with the Nth request.
func graphFaults(ts *testscript.TestScript, names []string) map[int]graphfake.Fault {
	faults, known := map[int]graphfake.Fault{}, map[string]graphfake.Fault{}
	for _, name := range names {
		n, name, _ := strings.Cut(name, ":")
		at, err := strconv.Atoi(n)
		ts.Check(err)
		if known[name] == nil { // one for all, since it may remember
			known[name] = graphFault(ts, name)
		}
		faults[at] = known[name]
	}
	return faults
}

// graphFault is a fault by its name.
func graphFault(ts *testscript.TestScript, name string) graphfake.Fault {
	switch name {
	case "denied":
		return graphfake.Denied()
	case "empty":
		return graphfake.Body("{}")
	case "null":
		return graphfake.Body(`{"value":null}`)
	case "html":
		return graphfake.HTML()
	case "foreign-host":
		return graphfake.NextLink(func(string) string { return strings.Replace(foreignUsers(ts), "127.0.0.1", "localhost", 1) })
	case "foreign-port":
		return graphfake.NextLink(func(string) string { return foreignUsers(ts) })
	case "foreign-redirect":
		return graphfake.Redirect(foreignUsers(ts))
	case "same-link":
		first := ""
		return graphfake.NextLink(func(link string) string {
			if first == "" {
				first = link
			}
			return first
		})
	case "throttle":
		return graphfake.Throttle("3600")
	case "busy": // for a moment
		return graphfake.Throttle("0")
	case "late":
		return graphfake.Late(time.Minute)
	}
	ts.Fatalf("unknown fault %q", name)
	return nil
}

// foreignUsers is the address of users on a server that nobody should ask.
func foreignUsers(ts *testscript.TestScript) string {
	f := fakesOf(ts)
	if f.foreign == nil {
		f.foreign = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			f.strays.Add(1)
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"value":[]}`)
		}))
		ts.Defer(f.foreign.Close)
	}
	return f.foreign.URL + "/v1.0/users"
}

// fakes are the running fakes of a script.
type fakes struct {
	ad      *ldapfake.Server
	graph   *graphfake.Server
	foreign *httptest.Server
	mail    *mailtest.Server
	strays  atomic.Int32 // requests that foreign got
	mended  atomic.Bool  // nothing goes wrong any more in the graph of startResets
	admins  sync.Map     // ids of users who hold a role there
}

type fakesKey struct{}

func fakesOf(ts *testscript.TestScript) *fakes { return ts.Value(fakesKey{}).(*fakes) }

// cmdStrays checks how often somebody asked the foreign server.
func cmdStrays(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: strays N")
	}
	if got := strconv.Itoa(int(fakesOf(ts).strays.Load())); got != args[0] {
		ts.Fatalf("%s requests to a foreign server, want %s", got, args[0])
	}
}

// cmdRequests checks how often Graph was asked for paths that hold a text.
func cmdRequests(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: requests N TEXT")
	}
	n := 0
	for _, r := range fakesOf(ts).graph.GraphRequests() {
		if strings.Contains(r.URL, args[1]) {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d requests for %s, want %s", n, args[1], args[0])
	}
}

// cmdBinds checks how often somebody tried to log in to the directory.
func cmdBinds(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: binds N")
	}
	if got := strconv.Itoa(fakesOf(ts).ad.Count("bind")); got != args[0] {
		ts.Fatalf("%s binds, want %s", got, args[0])
	}
}
