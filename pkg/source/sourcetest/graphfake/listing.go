package graphfake

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// defaultProperties is what Graph returns of a user without $select.
const defaultProperties = "businessPhones,displayName,givenName,jobTitle,mail,mobilePhone,officeLocation," +
	"preferredLanguage,surname,userPrincipalName,id"

// selectable are further properties that a list of users can be asked for.
const selectable = "accountEnabled,userType,creationType,externalUserState,assignedLicenses,assignedPlans," +
	"provisionedPlans,proxyAddresses,otherMails,mailNickname,showInAddressList,usageLocation,department," +
	"companyName,employeeId,employeeType,createdDateTime,identities,imAddresses,passwordPolicies," +
	"lastPasswordChangeDateTime,city,country,state,streetAddress,postalCode,faxNumber,ageGroup," +
	"onPremisesDistinguishedName,onPremisesDomainName,onPremisesImmutableId,onPremisesLastSyncDateTime," +
	"onPremisesSamAccountName,onPremisesSecurityIdentifier,onPremisesSyncEnabled,onPremisesUserPrincipalName"

// singleOnly are properties of a user that no list gives, nor this fake at all.
const singleOnly = "aboutMe,birthday,hireDate,interests,mySite,pastProjects,preferredName,responsibilities," +
	"schools,skills,mailboxSettings"

// unsupported are options that Graph knows and this fake does not.
var unsupported = []string{"$filter", "$search", "$orderby", "$expand"}

// listing is a collection to be served by pages.
type listing struct {
	context    string
	items      []json.RawMessage
	made       func(i int) json.RawMessage // in the place of items, of which there are number
	number     int
	properties []string // nil serves items whole
	filtered   bool     // $filter was obeyed
	counted    bool     // $count was asked for as it has to be
	size       int      // of a page, whatever $top says; 0 lets $top say
	path       string   // of the next page, where it is not v1.0 and the context
}

func (l *listing) count() int {
	if l.made != nil {
		return l.number
	}
	return len(l.items)
}

func (l *listing) item(i int) json.RawMessage {
	if l.made != nil {
		return l.made(i)
	}
	return l.items[i]
}

// people are the users as a listing of all their properties.
func (s *Server) people(c *Content) listing {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := listing{context: "users", items: s.users}
	switch {
	case c.Users != nil:
		l.items = c.Users
	case s.options.User != nil:
		l = listing{context: "users", made: s.options.User, number: s.options.Count}
	}
	if len(s.patches) == 0 {
		return l
	}
	return listing{context: "users", made: func(i int) json.RawMessage { return s.patched(l.item(i)) }, number: l.count()}
}

func (s *Server) serveUsers(w http.ResponseWriter, r *http.Request, c *Content) {
	l := s.people(c)
	var ok bool
	if l.properties, ok = selected(w, r); ok {
		s.servePage(w, r, l)
	}
}

// serveUser serves one user by id or user principal name. Who is not there, or no
// longer, is not found.
func (s *Server) serveUser(w http.ResponseWriter, r *http.Request, c *Content, key string) {
	properties, ok := selected(w, r)
	if !ok {
		return
	}
	l := s.people(c)
	for i := range l.count() {
		user := l.item(i)
		var u struct{ ID, UserPrincipalName string }
		_ = json.Unmarshal(user, &u) // a property of the wrong type stays empty
		if !strings.EqualFold(u.ID, key) && !strings.EqualFold(u.UserPrincipalName, key) {
			continue
		}
		s.writeObject(w, r, "users", user, properties)
		return
	}
	writeAbsent(w, key)
}

// writeObject writes one object of a collection, with these of its properties.
func (s *Server) writeObject(w http.ResponseWriter, r *http.Request, of string, whole json.RawMessage, properties []string) {
	var object, body bytes.Buffer
	project(&object, whole, properties)
	context := origin(r) + s.options.BasePath + "/v1.0/$metadata#" + of + "/$entity"
	fmt.Fprintf(&body, `{"@odata.context":%s,%s`, quote(context), object.Bytes()[1:])
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	_, _ = w.Write(body.Bytes())
}

// writeAbsent says that there is no such object.
func writeAbsent(w http.ResponseWriter, key string) {
	writeError(w, http.StatusNotFound, "Request_ResourceNotFound",
		fmt.Sprintf("Resource '%s' does not exist or one of its queried reference-property objects are not present.", key))
}

// selected are the properties of users that a request asks for, the documented
// ones where it does not say; where it may not ask so, the refusal is written.
func selected(w http.ResponseWriter, r *http.Request) (properties []string, ok bool) {
	names := r.URL.Query().Get("$select")
	if names == "" {
		return strings.Split(defaultProperties, ","), true
	}
	for name := range strings.SplitSeq(names, ",") {
		name = strings.TrimSpace(name)
		switch {
		case holds(singleOnly, name):
			writeError(w, http.StatusNotImplemented, "NotImplemented", "This operation target is not yet supported.")
			return nil, false
		case !holds(defaultProperties, name) && !holds(selectable, name):
			writeError(w, http.StatusBadRequest, "BadRequest",
				fmt.Sprintf("Could not find a property named '%s' on type 'microsoft.graph.user'.", name))
			return nil, false
		}
		properties = append(properties, name)
	}
	if !slices.Contains(properties, "id") {
		properties = append(properties, "id")
	}
	return properties, true
}

func holds(list, name string) bool {
	return slices.Contains(strings.Split(list, ","), name)
}

func (s *Server) servePage(w http.ResponseWriter, r *http.Request, l listing) {
	query := r.URL.Query()
	if query.Has("$skip") {
		writeError(w, http.StatusBadRequest, "Request_BadRequest", "'$skip' is not supported by the service.")
		return
	}
	for _, option := range unsupported {
		if query.Has(option) && (option != "$filter" || !l.filtered) {
			writeError(w, http.StatusBadRequest, "Request_UnsupportedQuery", "Unsupported Query.")
			return
		}
	}
	size := 100
	if top := query.Get("$top"); top != "" {
		n, err := strconv.Atoi(top)
		if err != nil || n < 1 || n > 999 {
			writeError(w, http.StatusBadRequest, "Request_BadRequest",
				fmt.Sprintf("Invalid page size specified: '%s'. Must be between 1 and 999 inclusive.", top))
			return
		}
		size = n
	}
	if l.size > 0 {
		size = l.size
	}
	if s.options.PageSize > 0 {
		size = min(size, s.options.PageSize)
	}
	start, ok := s.readToken(query, l)
	if !ok {
		writeError(w, http.StatusBadRequest, "", "Invalid Skip Token")
		return
	}
	end := min(start+size, l.count())

	var body bytes.Buffer
	root := origin(r) + s.options.BasePath + "/v1.0/"
	fmt.Fprintf(&body, `{"@odata.context":%s`, quote(root+"$metadata#"+l.context))
	if l.counted && start == 0 {
		fmt.Fprintf(&body, `,"@odata.count":%d`, l.count())
	}
	next := root + l.context
	if l.path != "" {
		next = origin(r) + s.options.BasePath + "/" + l.path
	}
	if end < l.count() {
		fmt.Fprintf(&body, `,"@odata.nextLink":%s`, quote(next+"?"+s.nextQuery(query, end)))
	}
	body.WriteString(`,"value":[`)
	for i := start; i < end; i++ {
		if i > start {
			body.WriteByte(',')
		}
		project(&body, l.item(i), l.properties)
	}
	body.WriteString(`]}`)
	w.Header().Set("Content-Length", strconv.Itoa(body.Len()))
	_, _ = w.Write(body.Bytes())
}

// nextQuery is the query of the next page. Like the real ones it leaves $ and
// quotes partly unescaped.
func (s *Server) nextQuery(query url.Values, offset int) string {
	var parts []string
	for _, option := range []string{"$select", "$top", "$filter", "$count"} {
		if value := query.Get(option); value != "" {
			parts = append(parts, option+"="+url.QueryEscape(value))
		}
	}
	plain := "page:" + strconv.Itoa(offset)
	if s.options.Links == Hex {
		parts = append(parts, "$skiptoken=X%27"+strings.ToUpper(hex.EncodeToString([]byte(plain)))+"%27")
	} else {
		parts = append(parts, "$skiptoken=m~"+base64.RawURLEncoding.EncodeToString([]byte(plain)))
	}
	return strings.Join(parts, "&")
}

// readToken returns the offset that a $skiptoken stands for.
func (s *Server) readToken(query url.Values, l listing) (offset int, ok bool) {
	if !query.Has("$skiptoken") {
		return 0, true
	}
	token := query.Get("$skiptoken")
	var plain []byte
	var err error
	if digits, isHex := strings.CutPrefix(token, "X'"); isHex {
		plain, err = hex.DecodeString(strings.TrimSuffix(digits, "'"))
	} else {
		plain, err = base64.RawURLEncoding.DecodeString(strings.TrimPrefix(token, "m~"))
	}
	if err != nil {
		return 0, false
	}
	number, isPage := strings.CutPrefix(string(plain), "page:")
	offset, err = strconv.Atoi(number)
	return min(offset, l.count()), isPage && err == nil && offset >= 0
}

// project writes the properties of an object that were asked for. What is no
// object is served as it is: a test wants it so.
func project(body *bytes.Buffer, object json.RawMessage, properties []string) {
	var all map[string]json.RawMessage
	if properties == nil || json.Unmarshal(object, &all) != nil {
		body.Write(object)
		return
	}
	body.WriteByte('{')
	first := true
	for _, name := range properties {
		value, ok := all[name]
		if !ok {
			continue
		}
		if !first {
			body.WriteByte(',')
		}
		first = false
		body.WriteString(quote(name))
		body.WriteByte(':')
		body.Write(value)
	}
	body.WriteByte('}')
}

func quote(s string) string {
	b, _ := json.Marshal(s) // a string always marshals; & becomes \u0026 as at Graph
	return string(b)
}

func origin(r *http.Request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) serveOrganization(w http.ResponseWriter, r *http.Request) {
	o := s.options
	domains := []map[string]any{}
	for i, name := range o.Domains {
		domains = append(domains, map[string]any{
			"capabilities": "Email, OfficeCommunicationsOnline", "isDefault": i == 0,
			"isInitial": i == len(o.Domains)-1, "name": name, "type": "Managed",
		})
	}
	organization := map[string]any{
		"id": o.Tenant, "displayName": o.TenantName, "verifiedDomains": domains,
		"onPremisesSyncEnabled": o.Synced, "onPremisesLastSyncDateTime": nil,
	}
	if o.LastSync != nil {
		organization["onPremisesLastSyncDateTime"] = o.LastSync.UTC().Format(time.RFC3339)
	}
	if selected := r.URL.Query().Get("$select"); selected != "" {
		for name := range organization {
			if !holds(selected, name) {
				delete(organization, name)
			}
		}
	}
	writeJSON(w, map[string]any{
		"@odata.context": origin(r) + o.BasePath + "/v1.0/$metadata#organization",
		"value":          []any{organization},
	})
}
