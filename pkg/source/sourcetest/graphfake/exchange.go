package graphfake

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// exchangeScope is what a token for Exchange's admin interface is asked for with.
const exchangeScope = "https://outlook.office365.com/.default"

// serveExchange serves POST adminapi/beta/{tenant}/InvokeCommand for Get-Mailbox: a
// page of at most as many mailboxes as the request prefers, with a link that is
// followed by the same POST. It answers as published clients of it expect.
func (s *Server) serveExchange(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json; odata.metadata=minimal")
	c := s.content()
	var body struct {
		CmdletInput struct {
			CmdletName string
			Parameters map[string]any
		}
	}
	tenant, command, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, s.options.BasePath+"/adminapi/beta/"), "/")
	switch {
	case !s.authorized(r, true):
		writeError(w, http.StatusUnauthorized, "Unauthorized", "The token is not for this service.")
		return
	case c.refuses(w, []string{"adminapi"}):
		return
	case !strings.EqualFold(tenant, s.options.Tenant) && !holds(strings.Join(s.options.Domains, ","), tenant), command != "InvokeCommand":
		writeError(w, http.StatusNotFound, "ResourceNotFound", "Not found.")
		return
	case r.Method != http.MethodPost || json.NewDecoder(r.Body).Decode(&body) != nil || r.Header.Get("X-AnchorMailbox") == "":
		writeError(w, http.StatusBadRequest, "BadRequest", "The request is malformed.")
		return
	case body.CmdletInput.CmdletName != "Get-Mailbox" || body.CmdletInput.Parameters["ResultSize"] != "Unlimited":
		writeError(w, http.StatusBadRequest, "BadRequest", "The command is not known here.")
		return
	}
	size := 100
	if n, err := strconv.Atoi(strings.TrimPrefix(r.Header.Get("Prefer"), "odata.maxpagesize=")); err == nil && n > 0 {
		size = min(n, 1000)
	}
	s.servePage(w, r, listing{
		context: "Mailboxes", items: c.Mailboxes, properties: selection(r), size: size,
		path: strings.TrimPrefix(r.URL.Path, s.options.BasePath+"/"),
	})
}
