// Package graphfake is Microsoft Graph and the sign-in service of Microsoft
// Entra on the wire, as far as reading a directory needs them: for tests.
//
// It answers as Microsoft documents it, with the documented headers, defaults
// and error bodies, and misbehaves on demand ([Fault]).
package graphfake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"
)

// The defaults of [Options], for tests that need to name them.
const (
	DefaultTenant       = "84841066-274d-4ec0-a5c1-276be684bdd3"
	DefaultClientID     = "6731de76-14a6-49ae-97bc-6eba6914391e"
	DefaultClientSecret = "fake~client~secret"
)

// LinkStyle is how @odata.nextLink spells its token.
type LinkStyle int

// Both styles occur in real tenants.
const (
	Opaque LinkStyle = iota // $skiptoken=m~AQAn…
	Hex                     // $skiptoken=X%2744537…%27
)

// Options say what is served. The zero value is an empty tenant.
type Options struct {
	Tenant       string // GUID of the tenant
	TenantName   string // display name
	Domains      []string
	Synced       *bool      // onPremisesSyncEnabled; null where nil
	LastSync     *time.Time // onPremisesLastSyncDateTime
	ClientID     string
	ClientSecret string
	// AccessToken is accepted beside the tokens that the sign-in service gave out.
	AccessToken string
	// Federated is the issuer of tokens that the application signs in with, "" for
	// none. DeviceCode is the code that a person types, "" where there is no such flow.
	Federated, DeviceCode string

	// Users are user objects as Graph v1.0 writes them, with an id each. A
	// property that an object lacks stays absent even when selected.
	Users []json.RawMessage
	// Count and User make users on the fly, in place of Users: User is called
	// with 0 to Count-1.
	Count int
	User  func(i int) json.RawMessage
	// Passwords say whether passwords can be set.
	Passwords Passwords
	// Contracts are the customers of a partner tenant.
	Contracts []json.RawMessage
	// Content is asked for at each request what else the tenant holds; nil is an empty
	// tenant.
	Content func() Content

	PageSize int // upper bound of a page whatever $top says; 0 is none
	Links    LinkStyle
	BasePath string // path before /v1.0, as behind a gateway: "/graph"
	TLS      bool
	Gzip     bool // compress where the client accepts it

	// Fault picks what goes wrong with the nth request to Graph, counted from 1;
	// a nil Fault is a proper answer. SignInFault does so for sign-in.
	Fault       func(n int, r *http.Request) Fault
	SignInFault func(n int, r *http.Request) Fault
	// Parts changes the answers of the batch that is the nth request to Graph.
	Parts func(n int, parts []Part) []Part
}

// Request is one request as it arrived.
type Request struct {
	SignIn bool // to the sign-in service, not to Graph
	Method string
	URL    string // path and query
	Header http.Header
	Body   string
}

// Server is a running fake.
type Server struct {
	// URL is the root of both services, without the base path.
	URL string

	options Options
	http    *httptest.Server

	mu       sync.Mutex
	users    []json.RawMessage
	requests []Request
	graph    int             // requests to Graph so far
	signIns  int             // requests for sign-in so far
	tokens   map[string]bool // given out; true is one for Exchange's admin interface
	issued   int
	polls    int // for the token of a device code
	// passwords that were set, and what else was altered, by the user's id
	passwords map[string]string
	patches   map[string]map[string]json.RawMessage
	// provisioned are DNs for which Cloud Sync was asked
	provisioned []string
}

// Start runs a fake on a free port of the loopback interface.
func Start(o Options) *Server {
	s := New(o)
	s.http = httptest.NewUnstartedServer(s)
	s.http.Config.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are wanted in tests
	if o.TLS {
		s.http.StartTLS()
	} else {
		s.http.Start()
	}
	s.URL = s.http.URL
	return s
}

// New makes the handler alone; the links it writes follow the Host header.
func New(o Options) *Server {
	setDefault(&o.Tenant, DefaultTenant)
	setDefault(&o.TenantName, "Contoso")
	setDefault(&o.ClientID, DefaultClientID)
	setDefault(&o.ClientSecret, DefaultClientSecret)
	if o.Domains == nil {
		o.Domains = []string{"contoso.example", "contoso.onmicrosoft.example"}
	}
	s := &Server{options: o, users: o.Users, tokens: map[string]bool{}, passwords: map[string]string{}, patches: map[string]map[string]json.RawMessage{}}
	if o.AccessToken != "" {
		s.tokens[o.AccessToken] = false
	}
	return s
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// GraphURL is the root of Graph: URL and the base path.
func (s *Server) GraphURL() string { return s.URL + s.options.BasePath }

// Client is an HTTP client that trusts the server's certificate.
func (s *Server) Client() *http.Client { return s.http.Client() }

// Close stops the server.
func (s *Server) Close() {
	s.http.CloseClientConnections()
	s.http.Close()
}

// SetUsers replaces the users.
func (s *Server) SetUsers(users []json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users = users
}

// RevokeTokens makes every token given out so far invalid.
func (s *Server) RevokeTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.tokens)
}

// Requests are the requests so far, in order of arrival.
func (s *Server) Requests() []Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Request(nil), s.requests...)
}

// GraphRequests are the requests to Graph so far.
func (s *Server) GraphRequests() []Request {
	var out []Request
	for _, r := range s.Requests() {
		if !r.SignIn {
			out = append(out, r)
		}
	}
	return out
}

// ServeHTTP serves both services.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v1, exchange := s.options.BasePath+"/v1.0/", strings.HasPrefix(r.URL.Path, s.options.BasePath+"/adminapi/")
	graph := exchange || strings.HasPrefix(r.URL.Path, v1)
	n := s.record(r, !graph)
	next := http.Handler(http.HandlerFunc(s.signIn))
	choose := s.options.SignInFault
	switch {
	case exchange:
		next = s.compressed(http.HandlerFunc(s.serveExchange))
		choose = s.options.Fault
	case graph:
		next = s.compressed(http.StripPrefix(v1, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { s.serveGraph(w, r, n) })))
		choose = s.options.Fault
	}
	if choose != nil {
		if fault := choose(n, r); fault != nil {
			fault(w, r, next)
			return
		}
	}
	next.ServeHTTP(w, r)
}

// record notes a request and returns its number among those to its service.
func (s *Server) record(r *http.Request, signIn bool) int {
	body, _ := io.ReadAll(r.Body) // cut short where the client has gone
	r.Body = io.NopCloser(bytes.NewReader(body))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{signIn, r.Method, r.URL.RequestURI(), r.Header.Clone(), string(body)})
	if signIn {
		s.signIns++
		return s.signIns
	}
	s.graph++
	return s.graph
}

// content is what the tenant holds now.
func (s *Server) content() *Content {
	var c Content
	if s.options.Content != nil {
		c = s.options.Content()
	}
	return &c
}

// serveGraph answers the nth request to Graph, or a part of it.
func (s *Server) serveGraph(w http.ResponseWriter, r *http.Request, n int) {
	h := w.Header()
	h.Set("Content-Type", "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8")
	h.Set("OData-Version", "4.0")
	h.Set("request-id", "5f0a7d3c-0000-4000-8000-00000000000f")
	if id := r.Header.Get("client-request-id"); id != "" {
		h.Set("client-request-id", id)
	}
	if !s.authorized(r, false) {
		h.Set("WWW-Authenticate", `Bearer realm="", authorization_uri="https://login.microsoftonline.example/common/oauth2/authorize", client_id="00000003-0000-0000-c000-000000000000"`)
		writeError(w, http.StatusUnauthorized, "InvalidAuthenticationToken", "Access token has expired or is not yet valid.")
		return
	}
	if s.servePasswords(w, r) {
		return
	}
	c := s.content()
	if c.refuses(w, strings.Split(r.URL.Path, "/")) {
		return
	}
	if r.Method == http.MethodPost && r.URL.Path == "$batch" {
		s.serveBatch(w, r, n)
		return
	}
	if r.Method != http.MethodGet {
		writeError(w, http.StatusMethodNotAllowed, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")
		return
	}
	h.Set("x-ms-resource-unit", "1")
	if key, ok := strings.CutPrefix(r.URL.Path, "users/"); ok && !strings.Contains(key, "/") {
		s.serveUser(w, r, c, key)
		return
	}
	if s.serveContent(w, r, c) {
		return
	}
	switch r.URL.Path {
	case "users":
		s.serveUsers(w, r, c)
	case "organization":
		s.serveOrganization(w, r)
	case "contracts":
		s.servePage(w, r, listing{context: "contracts", items: s.options.Contracts})
	default:
		writeError(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", r.URL.Path))
	}
}

// authorized says whether a request has a token for Graph, or for Exchange.
func (s *Server) authorized(r *http.Request, exchange bool) bool {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	s.mu.Lock()
	defer s.mu.Unlock()
	isForExchange, given := s.tokens[token]
	return ok && given && isForExchange == exchange
}

// writeError writes an error as Graph does.
func writeError(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	inner := map[string]string{"date": "2026-11-24T10:00:00", "request-id": w.Header().Get("request-id")}
	if id := w.Header().Get("client-request-id"); id != "" {
		inner["client-request-id"] = id
	}
	writeJSON(w, map[string]any{"error": map[string]any{"code": code, "message": message, "innerError": inner}})
}

// writeJSON ignores a client that has gone.
func writeJSON(w http.ResponseWriter, v any) {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v)
}
