// Package itgluefake serves organizations as IT Glue's API documents it: JSON:API
// with paging, sorting, filters and its error bodies. It is for tests.
package itgluefake

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	defaultSize = 50
	maxSize     = 1000
	mediaType   = "application/vnd.api+json"
)

// Organization is one organization of the account. Type and Status may be "",
// which the API gives as null.
type Organization struct {
	ID       int
	Name     string
	Type     string
	TypeID   int
	Status   string
	StatusID int
	Primary  bool
}

// Server is a running fake. Its fields are set before the first request.
type Server struct {
	URL string
	// Key is the only one accepted.
	Key string
	// Latency is added to every answer.
	Latency time.Duration
	// Before sees the n-th request, counted from 1, before it is answered. It may
	// change the organizations with Set, and answers itself where it returns true.
	Before func(n int, w http.ResponseWriter, r *http.Request) bool
	// Edit may change the document of the n-th answer before it is sent.
	Edit func(n int, doc map[string]any)

	server        *httptest.Server
	mu            sync.Mutex
	organizations []Organization
	requests      []string
}

// Start serves the organizations on loopback until Close.
func Start(key string, organizations []Organization) *Server {
	s := &Server{Key: key, organizations: slices.Clone(organizations)}
	s.server = httptest.NewServer(s)
	s.URL = s.server.URL
	return s
}

// Close ends the server and its connections.
func (s *Server) Close() {
	s.server.CloseClientConnections()
	s.server.Close()
}

// Set changes the organizations of the account.
func (s *Server) Set(change func([]Organization) []Organization) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.organizations = change(slices.Clone(s.organizations))
}

// Requests lists what was asked for so far: path and decoded query.
func (s *Server) Requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.requests)
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.requests = append(s.requests, r.URL.Path+queryText(r))
	n := len(s.requests)
	s.mu.Unlock()

	time.Sleep(s.Latency)
	if s.Before != nil && s.Before(n, w, r) {
		return
	}
	switch {
	case r.Header.Get("X-Api-Key") != s.Key:
		WriteError(w, http.StatusUnauthorized, "Unauthorized", "Invalid API key")
	case r.URL.Path != "/organizations":
		WriteError(w, http.StatusNotFound, "Not Found", "There is nothing at "+r.URL.Path)
	case r.Method != http.MethodGet:
		WriteError(w, http.StatusForbidden, "Forbidden", "This account is for reading")
	default:
		s.list(w, r, n)
	}
}

func queryText(r *http.Request) string {
	var parts []string
	for name, values := range r.URL.Query() {
		parts = append(parts, name+"="+strings.Join(values, ","))
	}
	if len(parts) == 0 {
		return ""
	}
	sort.Strings(parts)
	return "?" + strings.Join(parts, "&")
}

// list answers GET /organizations.
func (s *Server) list(w http.ResponseWriter, r *http.Request, n int) {
	q := r.URL.Query()
	number, size := 1, defaultSize
	for name, into := range map[string]*int{"page[number]": &number, "page[size]": &size} {
		if text := q.Get(name); text != "" {
			v, err := strconv.Atoi(text)
			if err != nil || v < 1 {
				WriteError(w, http.StatusUnprocessableEntity, "Invalid page value", text+" is not a valid value for "+name)
				return
			}
			*into = v
		}
	}
	size = min(size, maxSize)

	s.mu.Lock()
	found := slices.Clone(s.organizations)
	s.mu.Unlock()
	for name, values := range q {
		keep, known := filters[name]
		switch {
		case known:
			wanted := strings.Split(values[0], ",")
			found = slices.DeleteFunc(found, func(o Organization) bool { return !slices.Contains(wanted, keep(o)) })
		case strings.HasPrefix(name, "filter["):
			WriteError(w, http.StatusBadRequest, "Filter not allowed", name+" is not allowed.")
			return
		}
	}
	if !order(found, q.Get("sort")) {
		WriteError(w, http.StatusBadRequest, "Invalid sort criteria", q.Get("sort")+" is not a valid sort criteria for organizations")
		return
	}

	total := len(found)
	pages := (total + size - 1) / size
	from := min((number-1)*size, total)
	data := []any{}
	for _, o := range found[from:min(from+size, total)] {
		data = append(data, document(o))
	}
	meta := map[string]any{
		"current-page": number, "next-page": nil, "prev-page": nil,
		"total-pages": pages, "total-count": total, "filters": map[string]any{},
	}
	if number < pages {
		meta["next-page"] = number + 1
	}
	if number > 1 {
		meta["prev-page"] = number - 1
	}
	doc := map[string]any{"data": data, "links": map[string]any{}, "meta": meta}
	if s.Edit != nil {
		s.Edit(n, doc)
	}
	w.Header().Set("Content-Type", mediaType)
	_ = json.NewEncoder(w).Encode(doc)
}

// filters are the documented ones that need no more than an organization.
var filters = map[string]func(Organization) string{
	"filter[id]":                     func(o Organization) string { return strconv.Itoa(o.ID) },
	"filter[name]":                   func(o Organization) string { return o.Name },
	"filter[organization_type_id]":   func(o Organization) string { return strconv.Itoa(o.TypeID) },
	"filter[organization_status_id]": func(o Organization) string { return strconv.Itoa(o.StatusID) },
	"filter[primary]":                func(o Organization) string { return strconv.FormatBool(o.Primary) },
}

// order sorts by a documented key, by name where there is none.
func order(list []Organization, by string) bool {
	key, descending := strings.CutPrefix(by, "-")
	var compare func(a, b Organization) int
	switch key {
	case "", "name":
		compare = func(a, b Organization) int { return strings.Compare(a.Name, b.Name) }
	case "id":
		compare = func(a, b Organization) int { return a.ID - b.ID }
	case "organization_type_name":
		compare = func(a, b Organization) int { return strings.Compare(a.Type, b.Type) }
	case "organization_status_name":
		compare = func(a, b Organization) int { return strings.Compare(a.Status, b.Status) }
	default:
		return false
	}
	slices.SortStableFunc(list, func(a, b Organization) int {
		if descending {
			return compare(b, a)
		}
		return compare(a, b)
	})
	return true
}

// document is an organization as the API writes it.
func document(o Organization) map[string]any {
	return map[string]any{
		"id": strconv.Itoa(o.ID), "type": "organizations",
		"attributes": map[string]any{
			"name": o.Name, "short-name": nil, "description": nil, "alert": nil, "quick-notes": nil,
			"organization-type-id": orNull(o.TypeID), "organization-type-name": orNull(o.Type),
			"organization-status-id": orNull(o.StatusID), "organization-status-name": orNull(o.Status),
			"primary": o.Primary, "psa-integration": nil, "my-glue-account-id": nil, "logo": nil,
			"created-at": "2024-02-29T08:15:00.000Z", "updated-at": "2025-06-30T17:45:00.000Z",
		},
		"relationships": map[string]any{},
	}
}

func orNull[T comparable](v T) any {
	var zero T
	if v == zero {
		return nil
	}
	return v
}

// WriteError answers with an error body of the API.
func WriteError(w http.ResponseWriter, status int, title, detail string) {
	w.Header().Set("Content-Type", mediaType)
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"errors": []any{map[string]any{
		"status": strconv.Itoa(status), "title": title, "detail": detail, "source": nil,
	}}})
}
