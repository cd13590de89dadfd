package psafake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// StartHudu serves companies as Hudu does, to who has the key.
func StartHudu(key string, companies []Company) *Server {
	const path = "/api/v1/companies"
	return start(product{
		page: func(r *http.Request) bool { return r.URL.Path == path },
		answer: func(s *Server, r *http.Request, _ http.Header) (any, int) {
			page, ok1 := number(r, "page", 1)
			size, ok2 := number(r, "page_size", 25)
			switch {
			case r.Header.Get("X-Api-Key") != key:
				return nil, http.StatusUnauthorized
			case r.URL.Path != path:
				return nil, http.StatusNotFound
			case r.Method != http.MethodGet:
				return nil, http.StatusForbidden
			case !ok1 || !ok2:
				return nil, http.StatusUnprocessableEntity
			}
			found := s.Companies()
			if name := r.URL.Query().Get("name"); name != "" {
				found = slices.DeleteFunc(found, func(c Company) bool { return c.Name != name })
			}
			list := []any{}
			for _, c := range slice(found, page, s.pageSize(size)) {
				list = append(list, map[string]any{
					"id": c.ID, "slug": fmt.Sprintf("company-%d", c.ID), "name": c.Name, "nickname": nil,
					"company_type": orNull(strings.Join(c.Types, "")), "archived": c.Archived, "object_type": "Company",
					"id_number": "", "website": "", "parent_company_id": nil, "integrations": []any{},
					"created_at": "2024-02-29T08:15:00.000Z", "updated_at": "2025-06-30T17:45:00.000Z",
				})
			}
			return map[string]any{"companies": list}, http.StatusOK
		},
		refusal: func(_ int, text string) any { return map[string]any{"error": text} },
	}, companies)
}
