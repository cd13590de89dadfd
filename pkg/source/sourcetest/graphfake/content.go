package graphfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// Content is what a tenant holds beside its users. It has a JSON form, so that a
// script can write it.
type Content struct {
	Users []json.RawMessage `json:"users,omitempty"` // in the place of [Options.Users]

	// Groups are group objects as Graph v1.0 writes them, with an id each. Members and
	// Owners are ids by the id of the group: of users, groups, and of others, which are
	// served as service principals.
	Groups  []json.RawMessage   `json:"groups,omitempty"`
	Members map[string][]string `json:"members,omitempty"`
	Owners  map[string][]string `json:"owners,omitempty"`

	SubscribedSkus  []json.RawMessage `json:"subscribedSkus,omitempty"`
	RoleDefinitions []json.RawMessage `json:"roleDefinitions,omitempty"`
	RoleAssignments []json.RawMessage `json:"roleAssignments,omitempty"`

	// Purposes are values of userPurpose by the id of the user, or a status: "403",
	// "404". Who is not among them has no mailbox that Graph can speak of (404).
	Purposes map[string]string `json:"purposes,omitempty"`
	// Mailboxes are what Get-Mailbox writes, for Exchange's admin interface.
	Mailboxes []json.RawMessage `json:"mailboxes,omitempty"`

	// Roles are the application permissions that were granted. With nil a token does not
	// show them: it is opaque.
	Roles []string `json:"roles,omitempty"`
	// Application is the registration of the application, nil where it is in another
	// tenant.
	Application json.RawMessage `json:"application,omitempty"`

	// Denied and Unserved name what the application has no permission for (403), and
	// what this Graph does not know: the first step of a path (groups, subscribedSkus,
	// roleManagement, $batch), the last (members, transitiveMembers, owners), or
	// mailboxSettings and adminapi.
	Denied   []string `json:"denied,omitempty"`
	Unserved []string `json:"unserved,omitempty"`
	// Hidden says that the application may not read hidden memberships: groups of the
	// visibility HiddenMembership show nobody.
	Hidden bool `json:"hidden,omitempty"`
}

// selectableOfGroups are the properties of a group that a request may ask for.
const selectableOfGroups = "id,displayName,description,mail,mailEnabled,mailNickname,securityEnabled,groupTypes," +
	"visibility,isAssignableToRole,onPremisesSyncEnabled,onPremisesSecurityIdentifier,proxyAddresses,createdDateTime"

// eventual says whether a request asks for an advanced query as it has to be asked
// for, on each page anew: with the header and with $count.
func eventual(r *http.Request) bool {
	return strings.EqualFold(r.Header.Get("ConsistencyLevel"), "eventual") && strings.EqualFold(r.URL.Query().Get("$count"), "true")
}

// refuses writes what stands against a request: a permission that is missing, or
// that this Graph does not know the resource.
func (c *Content) refuses(w http.ResponseWriter, steps []string) bool {
	for _, step := range steps {
		step, _, _ = strings.Cut(step, "(") // applications(appId='…')
		switch {
		case slices.Contains(c.Unserved, step):
			writeError(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", step))
			return true
		case slices.Contains(c.Denied, step) && step == "mailboxSettings":
			writeError(w, http.StatusForbidden, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")
			return true
		case slices.Contains(c.Denied, step):
			writeError(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
			return true
		}
	}
	return false
}

// serveContent serves what is no list of users. It says whether it knows the path.
func (s *Server) serveContent(w http.ResponseWriter, r *http.Request, c *Content) bool {
	steps := strings.Split(r.URL.Path, "/")
	switch {
	case r.URL.Path == "groups":
		s.serveGroups(w, r, c)
	case steps[0] == "groups" && (len(steps) == 3 || len(steps) == 4):
		s.serveRelation(w, r, c, steps)
	case r.URL.Path == "subscribedSkus":
		if !onlyOptions(w, r, "$select", "$skiptoken") {
			return true
		}
		s.servePage(w, r, listing{context: "subscribedSkus", items: c.SubscribedSkus, properties: selection(r)})
	case r.URL.Path == "roleManagement/directory/roleAssignments":
		s.servePage(w, r, listing{context: r.URL.Path, items: c.RoleAssignments, properties: selection(r)})
	case r.URL.Path == "roleManagement/directory/roleDefinitions":
		s.servePage(w, r, listing{context: r.URL.Path, items: c.RoleDefinitions, properties: selection(r)})
	case steps[0] == "users" && len(steps) == 4 && steps[2] == "mailboxSettings" && steps[3] == "userPurpose":
		s.servePurpose(w, r, c, steps[1])
	case strings.HasPrefix(r.URL.Path, "applications(appId='"):
		if c.Application == nil || r.URL.Path != "applications(appId='"+s.options.ClientID+"')" {
			writeAbsent(w, r.URL.Path)
			return true
		}
		s.writeObject(w, r, "applications", c.Application, selection(r))
	default:
		return false
	}
	return true
}

// selection are the properties that a request selects; nil are all.
func selection(r *http.Request) []string {
	if names := r.URL.Query().Get("$select"); names != "" {
		return strings.Split(names, ",")
	}
	return nil
}

// onlyOptions says whether a request has no other options than those that are
// documented for it, or writes the refusal.
func onlyOptions(w http.ResponseWriter, r *http.Request, known ...string) bool {
	for option := range r.URL.Query() {
		if !slices.Contains(known, option) {
			writeError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "The query option '"+option+"' is not supported.")
			return false
		}
	}
	return true
}

// serveGroups serves the groups, of all the filters by the one for those that roles
// can be assigned to.
func (s *Server) serveGroups(w http.ResponseWriter, r *http.Request, c *Content) {
	properties := selection(r)
	for _, name := range properties {
		if !holds(selectableOfGroups, name) {
			writeError(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Could not find a property named '%s' on type 'microsoft.graph.group'.", name))
			return
		}
	}
	groups := c.Groups
	switch r.URL.Query().Get("$filter") {
	case "":
	case "isAssignableToRole eq true":
		groups = slices.DeleteFunc(slices.Clone(groups), func(raw json.RawMessage) bool { return !groupOf(raw).IsAssignableToRole })
	default:
		writeError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported Query.")
		return
	}
	s.servePage(w, r, listing{context: "groups", items: groups, properties: properties, filtered: true})
}

// group is what the fake itself looks at in a group.
type group struct {
	ID                 string
	Visibility         string
	IsAssignableToRole bool
}

func groupOf(raw json.RawMessage) group {
	var g group
	_ = json.Unmarshal(raw, &g) // what is null or of the wrong type stays empty
	return g
}

// serveRelation serves groups/{id}/members, transitiveMembers or owners, cast or not.
func (s *Server) serveRelation(w http.ResponseWriter, r *http.Request, c *Content, steps []string) {
	id := steps[1]
	at := slices.IndexFunc(c.Groups, func(raw json.RawMessage) bool { return strings.EqualFold(groupOf(raw).ID, id) })
	if at < 0 {
		writeAbsent(w, id)
		return
	}
	var ids []string
	switch steps[2] {
	case "members":
		ids = c.Members[groupOf(c.Groups[at]).ID]
	case "transitiveMembers":
		ids = c.transitive(groupOf(c.Groups[at]).ID)
	case "owners":
		if !onlyOptions(w, r, "$select", "$filter", "$count", "$search", "$expand", "$skiptoken") {
			return
		}
		ids = c.Owners[groupOf(c.Groups[at]).ID]
	default:
		writeError(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Resource not found for the segment '%s'.", steps[2]))
		return
	}
	if c.Hidden && steps[2] != "owners" && groupOf(c.Groups[at]).Visibility == "HiddenMembership" {
		ids = nil
	}
	cast := ""
	if len(steps) == 4 {
		if cast = steps[3]; !eventual(r) {
			writeError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "OData casts need the header ConsistencyLevel: eventual and $count=true.")
			return
		}
	}
	var items []json.RawMessage
	for _, member := range ids {
		if item, kind := s.object(c, member); cast == "" || cast == kind {
			items = append(items, item)
		}
	}
	l := listing{context: strings.Join(steps, "/"), items: items, counted: eventual(r)}
	if l.properties = selection(r); l.properties != nil {
		l.properties = append([]string{"@odata.type"}, l.properties...)
	}
	s.servePage(w, r, l)
}

// transitive are the ids of everything below a group, each once, groups included.
func (c *Content) transitive(id string) []string {
	seen := map[string]bool{id: true}
	var ids []string
	for todo := []string{id}; len(todo) > 0; {
		members := c.Members[todo[0]]
		todo = todo[1:]
		for _, member := range members {
			if !seen[member] {
				seen[member] = true
				ids, todo = append(ids, member), append(todo, member)
			}
		}
	}
	return ids
}

// object is a directory object with its type, of which it says no more than the id.
func (s *Server) object(c *Content, id string) (item json.RawMessage, kind string) {
	kind = "microsoft.graph.servicePrincipal"
	isID := func(raw json.RawMessage) bool { return strings.EqualFold(groupOf(raw).ID, id) }
	people := s.people(c)
	n, _ := strconv.ParseUint(id[:min(len(id), 8)], 16, 32) // the number of a [Person]
	switch {
	case slices.ContainsFunc(c.Groups, isID):
		kind = "microsoft.graph.group"
	case slices.ContainsFunc(people.items, isID), people.made != nil && int(n) < people.number && isID(people.made(int(n))):
		kind = "microsoft.graph.user"
	}
	return json.RawMessage(fmt.Sprintf(`{"@odata.type":%s,"id":%s}`, quote("#"+kind), quote(id))), kind
}

func (s *Server) servePurpose(w http.ResponseWriter, r *http.Request, c *Content, id string) {
	switch purpose := c.Purposes[id]; purpose {
	case "", "404":
		writeError(w, http.StatusNotFound, "MailboxNotEnabledForRESTAPI", "The mailbox is either inactive, soft-deleted, or is hosted on-premise.")
	case "403":
		writeError(w, http.StatusForbidden, "ErrorAccessDenied", "The process failed to get the correct properties.")
	default:
		writeJSON(w, map[string]any{
			"@odata.context": origin(r) + s.options.BasePath + "/v1.0/$metadata#users('" + id + "')/mailboxSettings/userPurpose",
			"value":          purpose,
		})
	}
}
