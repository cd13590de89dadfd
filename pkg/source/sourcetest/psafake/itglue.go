package psafake

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// StartITGlue serves companies as IT Glue does its organizations, to who has the key:
// JSON:API with paging, sorting, filters and its error bodies. An organization has the
// first of its company's types.
func StartITGlue(key string, companies []Company) *Server {
	const path = "/organizations"
	return start(product{
		media: "application/vnd.api+json",
		page:  func(r *http.Request) bool { return r.URL.Path == path },
		answer: func(s *Server, r *http.Request, _ http.Header) (any, int) {
			switch {
			case r.Header.Get("X-Api-Key") != key:
				return nil, http.StatusUnauthorized
			case r.URL.Path != path:
				return nil, http.StatusNotFound
			case r.Method != http.MethodGet:
				return nil, http.StatusForbidden
			}
			return organizations(s, r)
		},
		refusal: func(status int, text string) any {
			return map[string]any{"errors": []any{map[string]any{
				"status": strconv.Itoa(status), "title": http.StatusText(status), "detail": text, "source": nil,
			}}}
		},
	}, companies)
}

func organizations(s *Server, r *http.Request) (any, int) {
	page, ok1 := number(r, "page[number]", 1)
	size, ok2 := number(r, "page[size]", 50)
	if !ok1 || !ok2 {
		return nil, http.StatusUnprocessableEntity
	}
	size = s.pageSize(size)
	found := s.Companies()
	for name, values := range r.URL.Query() {
		keep, known := filters[name]
		switch {
		case known:
			wanted := strings.Split(values[0], ",")
			found = slices.DeleteFunc(found, func(c Company) bool { return !slices.Contains(wanted, keep(c)) })
		case strings.HasPrefix(name, "filter["):
			return nil, http.StatusBadRequest
		}
	}
	if !order(found, r.URL.Query().Get("sort")) {
		return nil, http.StatusBadRequest
	}
	pages := (len(found) + size - 1) / size
	data := []any{}
	for _, c := range slice(found, page, size) {
		data = append(data, organization(c))
	}
	meta := map[string]any{
		"current-page": page, "next-page": nil, "prev-page": nil,
		"total-pages": pages, "total-count": len(found), "filters": map[string]any{},
	}
	if page < pages {
		meta["next-page"] = page + 1
	}
	if page > 1 {
		meta["prev-page"] = page - 1
	}
	return map[string]any{"data": data, "links": map[string]any{}, "meta": meta}, http.StatusOK
}

// filters are the documented ones that need no more than a company.
var filters = map[string]func(Company) string{
	"filter[id]":                     func(c Company) string { return strconv.Itoa(c.ID) },
	"filter[name]":                   func(c Company) string { return c.Name },
	"filter[organization_type_id]":   func(c Company) string { return strconv.Itoa(nameID(c.firstType())) },
	"filter[organization_status_id]": func(c Company) string { return strconv.Itoa(nameID(c.Status)) },
	"filter[primary]":                func(c Company) string { return strconv.FormatBool(c.Primary) },
}

// nameID is the id of a type or status: equal names have one.
func nameID(name string) int { return len(name) }

func (c Company) firstType() string {
	if len(c.Types) == 0 {
		return ""
	}
	return c.Types[0]
}

// order sorts by a documented key, by name where there is none.
func order(list []Company, by string) bool {
	key, descending := strings.CutPrefix(by, "-")
	var compare func(a, b Company) int
	switch key {
	case "", "name":
		compare = func(a, b Company) int { return strings.Compare(a.Name, b.Name) }
	case "id":
		compare = func(a, b Company) int { return a.ID - b.ID }
	case "organization_type_name":
		compare = func(a, b Company) int { return strings.Compare(a.firstType(), b.firstType()) }
	case "organization_status_name":
		compare = func(a, b Company) int { return strings.Compare(a.Status, b.Status) }
	default:
		return false
	}
	slices.SortStableFunc(list, func(a, b Company) int {
		if descending {
			return compare(b, a)
		}
		return compare(a, b)
	})
	return true
}

// organization is a company as the API writes it.
func organization(c Company) map[string]any {
	id := func(name string) any {
		if name == "" {
			return nil
		}
		return nameID(name)
	}
	return map[string]any{
		"id": strconv.Itoa(c.ID), "type": "organizations",
		"attributes": map[string]any{
			"name": c.Name, "short-name": nil, "description": nil, "alert": nil, "quick-notes": nil,
			"organization-type-id": id(c.firstType()), "organization-type-name": orNull(c.firstType()),
			"organization-status-id": id(c.Status), "organization-status-name": orNull(c.Status),
			"primary": c.Primary, "psa-integration": nil, "my-glue-account-id": nil, "logo": nil,
			"created-at": "2024-02-29T08:15:00.000Z", "updated-at": "2025-06-30T17:45:00.000Z",
		},
		"relationships": map[string]any{},
	}
}
