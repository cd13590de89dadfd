package psafake

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Halo is which application may ask, and for what.
type Halo struct {
	ClientID, ClientSecret string
	// Tenant names the instance; a login without it is refused where it is not "".
	Tenant string
	// NoConnections keeps the application from what HaloPSA knows of tenants.
	NoConnections bool
	// Wrapped gives the list of connections within an object.
	Wrapped bool
}

// token is the token of everybody who logs in.
func (s *Server) token() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return "canary-halo-t0ken" + strings.Repeat("+", s.revoked)
}

// Revoke has HaloPSA refuse all tokens that it gave out.
func (s *Server) Revoke() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked++
}

// StartHalo serves companies as HaloPSA does its clients. There are two connections
// with customers' tenants: the first has those of all clients, the second none.
func StartHalo(app Halo, companies []Company) *Server {
	return start(product{
		page: func(r *http.Request) bool { return r.URL.Path == "/api/Client" },
		answer: func(s *Server, r *http.Request, _ http.Header) (any, int) {
			if r.URL.Path == "/auth/token" {
				return app.login(r, s.token())
			}
			if r.Header.Get("Authorization") != "Bearer "+s.token() {
				return nil, http.StatusUnauthorized
			}
			if r.Method != http.MethodGet {
				return nil, http.StatusForbidden
			}
			if strings.HasPrefix(r.URL.Path, "/api/AzureADConnection") && app.NoConnections {
				return nil, http.StatusForbidden
			}
			switch r.URL.Path {
			case "/api/Client":
				return clients(s, r)
			case "/api/AzureADConnection":
				list := []any{map[string]any{"id": 3, "name": "Customers"}, map[string]any{"id": 4, "name": "Others"}}
				if r.URL.Query().Get("type") != "2" {
					list = []any{map[string]any{"id": 1, "name": "Our own tenant"}}
				}
				if app.Wrapped {
					return map[string]any{"record_count": len(list), "connections": list}, http.StatusOK
				}
				return list, http.StatusOK
			case "/api/AzureADConnection/3":
				return map[string]any{"id": 3, "mappings_client": mappings(s.Companies())}, http.StatusOK
			case "/api/AzureADConnection/4":
				return map[string]any{"id": 4, "mappings_client": []any{}}, http.StatusOK
			}
			return nil, http.StatusNotFound
		},
		refusal: func(status int, text string) any {
			if status == http.StatusBadRequest {
				return map[string]any{"error": "invalid_client", "error_description": text}
			}
			return map[string]any{"Message": text}
		},
	}, companies)
}

func (app Halo) login(r *http.Request, token string) (any, int) {
	if r.ParseForm() != nil || r.Method != http.MethodPost || r.PostForm.Get("grant_type") != "client_credentials" || r.PostForm.Get("scope") == "" ||
		r.PostForm.Get("client_id") != app.ClientID || r.PostForm.Get("client_secret") != app.ClientSecret || r.URL.Query().Get("tenant") != app.Tenant {
		return nil, http.StatusBadRequest
	}
	return map[string]any{"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": r.PostForm.Get("scope")}, http.StatusOK
}

func clients(s *Server, r *http.Request) (any, int) {
	page, ok1 := number(r, "page_no", 1)
	size, ok2 := number(r, "page_size", 50)
	if !ok1 || !ok2 {
		return nil, http.StatusBadRequest
	}
	found := s.Companies()
	if r.URL.Query().Get("includeinactive") != "true" {
		found = slices.DeleteFunc(found, func(c Company) bool { return c.Archived })
	}
	some := found
	if r.URL.Query().Get("pageinate") == "true" {
		some = slice(found, page, s.pageSize(size))
	}
	list := []any{}
	for _, c := range some {
		list = append(list, map[string]any{
			"id": c.ID, "name": c.Name, "toplevel_id": 1, "toplevel_name": strings.Join(c.Types, ""),
			"inactive": c.Archived, "colour": "#2bd3c6", "use": "client",
		})
	}
	return map[string]any{"record_count": len(found), "clients": list}, http.StatusOK
}

// mappings are the tenants of all clients, one not assigned yet and one of an
// on-premises directory among them.
func mappings(companies []Company) []any {
	list := []any{
		map[string]any{"id": 1, "azure_tenant_id": "0f0f0f0f-0000-4000-8000-000000000000", "client_id": 0, "client_name": ""},
		map[string]any{"id": 2, "azure_tenant_id": "", "client_id": 1, "client_name": "x"},
	}
	for _, c := range companies {
		for _, tenant := range c.Tenants {
			list = append(list, map[string]any{
				"id": len(list) + 1, "azure_tenant_id": tenant, "azure_tenant_name": fmt.Sprintf("%s (tenant)", c.Name),
				"client_id": c.ID, "client_name": c.Name,
			})
		}
	}
	return list
}
