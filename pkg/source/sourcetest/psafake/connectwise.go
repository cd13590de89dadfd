package psafake

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
)

// ConnectWise is who may ask.
type ConnectWise struct {
	Company, PublicKey, PrivateKey, ClientID string
	// OneType gives each company its first type alone, as older versions do.
	OneType bool
}

// StartConnectWise serves companies as ConnectWise PSA does.
func StartConnectWise(who ConnectWise, companies []Company) *Server {
	const path = "/v4_6_release/apis/3.0/company/companies"
	login := "Basic " + base64.StdEncoding.EncodeToString([]byte(who.Company+"+"+who.PublicKey+":"+who.PrivateKey))
	return start(product{
		page: func(r *http.Request) bool { return r.URL.Path == path },
		answer: func(s *Server, r *http.Request, h http.Header) (any, int) {
			if r.Header.Get("Authorization") != login || r.Header.Get("clientId") != who.ClientID {
				return nil, http.StatusUnauthorized
			}
			if r.Method != http.MethodGet {
				return nil, http.StatusForbidden
			}
			found := s.Companies()
			switch r.URL.Query().Get("conditions") {
			case "":
			case "deletedFlag=false":
				found = slices.DeleteFunc(found, func(c Company) bool { return c.Deleted })
			default:
				return nil, http.StatusBadRequest
			}
			switch r.URL.Path {
			case path + "/count":
				return map[string]any{"count": len(found)}, http.StatusOK
			case path:
				return who.page(s, r, h, found)
			}
			return nil, http.StatusNotFound
		},
		refusal: func(status int, text string) any {
			code := map[int]string{http.StatusUnauthorized: "Unauthorized", http.StatusNotFound: "NotFound"}[status]
			if code == "" {
				code = "ConnectWiseApi"
			}
			return map[string]any{"code": code, "message": text, "errors": nil}
		},
	}, companies)
}

// page answers with a page and the link to the next: by number, or where the
// client says so by id, which is not disturbed by what is added or deleted.
func (who ConnectWise) page(s *Server, r *http.Request, h http.Header, found []Company) (any, int) {
	size, ok := number(r, "pageSize", 25)
	if !ok {
		return nil, http.StatusBadRequest
	}
	size = s.pageSize(size)
	slices.SortFunc(found, func(a, b Company) int { return a.ID - b.ID })
	next := r.URL.Query()
	var page []Company
	if r.Header.Get("Pagination-Type") == "forward-only" {
		after, _ := number(r, "pageId", 0)
		found = slices.DeleteFunc(found, func(c Company) bool { return c.ID <= after })
		page = slice(found, 1, size)
		if len(found) > size {
			next.Set("pageId", strconv.Itoa(page[size-1].ID))
		}
	} else {
		n, ok := number(r, "page", 1)
		if !ok {
			return nil, http.StatusBadRequest
		}
		if page = slice(found, n, size); n*size < len(found) {
			next.Set("page", strconv.Itoa(n+1))
		}
	}
	link := ""
	if next.Encode() != r.URL.Query().Encode() {
		u := url.URL{Scheme: "http", Host: r.Host, Path: r.URL.Path, RawQuery: next.Encode()}
		link = fmt.Sprintf(`<%s>; rel="next"`, u.String())
	}
	if s.Link != nil {
		link = s.Link(link)
	}
	if link != "" {
		h.Set("Link", link)
	}
	list := []any{}
	for _, c := range page {
		list = append(list, who.document(c))
	}
	return list, http.StatusOK
}

// document is a company as the API writes it.
func (who ConnectWise) document(c Company) map[string]any {
	named := func(name string) map[string]any {
		return map[string]any{"id": nameID(name), "name": name, "_info": map[string]any{}}
	}
	doc := map[string]any{
		"id": c.ID, "identifier": fmt.Sprintf("COMPANY%d", c.ID), "name": c.Name, "deletedFlag": c.Deleted,
		"addressLine1": nil, "phoneNumber": "5550100", "website": "", "territory": named("Main"),
		"status": named(c.Status), "_info": map[string]any{"lastUpdated": "2025-06-30T17:45:00Z"},
	}
	if who.OneType && len(c.Types) > 0 {
		doc["type"] = named(c.Types[0])
		return doc
	}
	types := []any{}
	for _, t := range c.Types {
		types = append(types, named(t))
	}
	doc["types"] = types
	return doc
}
