// Package psafake serves companies as the APIs of IT Glue, Hudu, ConnectWise PSA and
// HaloPSA are documented: their paging, credentials and error bodies. It is for tests.
package psafake

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
)

// Company is one company of the account. Types are its types, in HaloPSA its top
// level. Tenants are its Microsoft 365 tenants, which HaloPSA alone knows, and Primary
// is what IT Glue calls the account's owner.
type Company struct {
	ID       int
	Name     string
	Types    []string
	Status   string
	Archived bool
	Deleted  bool
	Primary  bool
	Tenants  []string
}

// Server is a running fake. Its fields are set before the first request.
type Server struct {
	URL string
	// MaxPage is how many companies a page has at most; 0 is 1000.
	MaxPage int
	// Before sees the n-th request for a page of companies, counted from 1, and any
	// other request as the 0th, before it is answered. It may change the companies with
	// Set, and answers itself where it returns true.
	Before func(n int, w http.ResponseWriter, r *http.Request) bool
	// Edit may change any document before it is sent; n is as for Before. What it
	// returns is sent.
	Edit func(n int, doc any) any

	// Link may change the Link header of ConnectWise.
	Link func(string) string

	server    *httptest.Server
	product   product
	mu        sync.Mutex
	companies []Company
	pages     int
	requests  []string
	revoked   int
}

// product is what differs between the products.
type product struct {
	media string // of its documents; "" is that of plain JSON
	// page says whether a request asks for a page of companies.
	page func(*http.Request) bool
	// answer returns the document that answers a request, or the status of a refusal.
	answer func(s *Server, r *http.Request, h http.Header) (doc any, status int)
	// refusal is the error body for a status.
	refusal func(status int, text string) any
}

func start(p product, companies []Company) *Server {
	s := &Server{product: p, companies: slices.Clone(companies)}
	s.server = httptest.NewServer(s)
	s.URL = s.server.URL
	return s
}

// Close ends the server and its connections.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Set changes the companies of the account.
func (s *Server) Set(change func([]Company) []Company) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.companies = change(slices.Clone(s.companies))
}

// Companies are those of the account.
func (s *Server) Companies() []Company {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.companies)
}

// Requests lists what was asked for so far: method, path and query as sent.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.Method+" "+r.URL.String())
	n := 0
	if s.product.page(r) {
		s.pages++
		n = s.pages
	}
	s.mu.Unlock()
	if s.Before != nil && s.Before(n, w, r) {
		return
	}
	doc, status := s.product.answer(s, r, w.Header())
	if status != http.StatusOK {
		s.WriteError(w, status, http.StatusText(status))
		return
	}
	if s.Edit != nil {
		// As it will be on the wire.
		text, _ := json.Marshal(doc)
		var plain any
		_ = json.Unmarshal(text, &plain)
		doc = s.Edit(n, plain)
	}
	s.write(w, http.StatusOK, doc)
}

// WriteError answers with an error body of the product.
func (s *Server) WriteError(w http.ResponseWriter, status int, text string) {
	s.write(w, status, s.product.refusal(status, text))
}

func (s *Server) write(w http.ResponseWriter, status int, doc any) {
	w.Header().Set("Content-Type", cmp.Or(s.product.media, "application/json; charset=utf-8"))
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(doc)
}

// number reads a parameter that is a number of at least one, or returns otherwise.
func number(r *http.Request, name string, otherwise int) (int, bool) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return otherwise, true
	}
	n, err := strconv.Atoi(text)
	return n, err == nil && n >= 1
}

// slice is a page of a list.
func slice[T any](list []T, page, size int) []T {
	from := min((page-1)*size, len(list))
	return list[from:min(from+size, len(list))]
}

func (s *Server) pageSize(asked int) int {
	if s.MaxPage > 0 {
		return min(asked, s.MaxPage)
	}
	return min(asked, 1000)
}

func orNull(text string) any {
	if text == "" {
		return nil
	}
	return text
}
