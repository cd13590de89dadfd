package graphfake

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"
	"unicode"
)

// Passwords say what an application may do with users' passwords. The zero value
// may do nothing.
type Passwords struct {
	// Reset is the permission User-PasswordProfile.ReadWrite.All with a role.
	Reset bool
	// Privileged are ids of users whom that role does not reach.
	Privileged []string
	// CloudManaged are ids of synchronised users whose source of authority is the
	// cloud.
	CloudManaged []string
	// CloudSync are the DNs of AD that a job of Cloud Sync knows; nil is a tenant without
	// Cloud Sync.
	CloudSync []string
	// Now is the clock; nil is the machine's.
	Now func() time.Time
}

// Password is what was set for a user, by id; "" for nothing.
func (s *Server) Password(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.passwords[strings.ToLower(id)]
}

// Patch alters properties of a user, as somebody else may at any time.
func (s *Server) Patch(id string, properties map[string]any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.patch(id, properties)
}

func (s *Server) patch(id string, properties map[string]any) {
	id = strings.ToLower(id)
	if s.patches[id] == nil {
		s.patches[id] = map[string]json.RawMessage{}
	}
	for name, value := range properties {
		s.patches[id][name], _ = json.Marshal(value)
	}
}

// patched is a user with what was altered of him.
func (s *Server) patched(user json.RawMessage) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.patches) == 0 {
		return user
	}
	var all map[string]json.RawMessage
	var id string
	if json.Unmarshal(user, &all) != nil || json.Unmarshal(all["id"], &id) != nil {
		return user
	}
	altered, ok := s.patches[strings.ToLower(id)]
	if !ok {
		return user
	}
	for name, value := range altered {
		all[name] = value
	}
	b, _ := json.Marshal(all)
	return b
}

// find is a user by id, nil where there is none.
func (s *Server) find(id string) map[string]json.RawMessage {
	l := s.people(s.content())
	for i := range l.count() {
		var all map[string]json.RawMessage
		var has string
		if json.Unmarshal(l.item(i), &all) == nil && json.Unmarshal(all["id"], &has) == nil && strings.EqualFold(has, id) {
			return all
		}
	}
	return nil
}

// updateUser serves PATCH /users/{id}, of which only passwordProfile is known.
func (s *Server) updateUser(w http.ResponseWriter, r *http.Request, id string) {
	var body struct {
		PasswordProfile *struct {
			ForceChangePasswordNextSignIn bool
			Password                      string
		}
	}
	user := s.find(id)
	o := s.options.Passwords
	switch {
	case json.NewDecoder(r.Body).Decode(&body) != nil || body.PasswordProfile == nil:
		writeError(w, http.StatusBadRequest, "Request_BadRequest", "Invalid value specified for property 'passwordProfile' of resource 'User'.")
		return
	case user == nil:
		writeAbsent(w, id)
		return
	case !o.Reset || slices.Contains(o.Privileged, strings.ToLower(id)):
		writeError(w, http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
		return
	case string(user["onPremisesSyncEnabled"]) == "true" && !slices.Contains(o.CloudManaged, strings.ToLower(id)):
		writeError(w, http.StatusBadRequest, "Request_BadRequest", "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.")
		return
	case !complexEnough(body.PasswordProfile.Password):
		writeError(w, http.StatusBadRequest, "Request_BadRequest", "The specified password does not comply with password complexity requirements. Please provide a different password.")
		return
	}
	now := time.Now
	if o.Now != nil {
		now = o.Now
	}
	s.mu.Lock()
	s.passwords[strings.ToLower(id)] = body.PasswordProfile.Password
	s.patch(id, map[string]any{"lastPasswordChangeDateTime": now().UTC().Format(time.RFC3339)})
	s.mu.Unlock()
	w.Header().Del("Content-Type")
	w.WriteHeader(http.StatusNoContent)
}

// complexEnough is what Entra asks of a cloud user's password: 8 to 256 characters of
// three of four kinds, and none beyond ASCII.
func complexEnough(p string) bool {
	kinds := map[string]bool{}
	for _, c := range p {
		switch {
		case c > unicode.MaxASCII:
			return false
		case unicode.IsLower(c):
			kinds["lower"] = true
		case unicode.IsUpper(c):
			kinds["upper"] = true
		case unicode.IsDigit(c):
			kinds["digit"] = true
		default:
			kinds["other"] = true
		}
	}
	return len(p) >= 8 && len(p) <= 256 && len(kinds) >= 3
}

// serveSyncBehavior serves /users/{id}/onPremisesSyncBehavior.
func (s *Server) serveSyncBehavior(w http.ResponseWriter, r *http.Request, id string) {
	if s.find(id) == nil {
		writeAbsent(w, id)
		return
	}
	writeJSON(w, map[string]any{
		"@odata.context": origin(r) + s.options.BasePath + "/v1.0/$metadata#users('" + id + "')/onPremisesSyncBehavior/$entity",
		"id":             id, "isCloudManaged": slices.Contains(s.options.Passwords.CloudManaged, strings.ToLower(id)),
	})
}

// servePasswords serves what has to do with passwords, and says whether that was it.
func (s *Server) servePasswords(w http.ResponseWriter, r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "servicePrincipals") {
		s.serveCloudSync(w, r)
		return true
	}
	rest, ok := strings.CutPrefix(r.URL.Path, "users/")
	if !ok {
		return false
	}
	id, behavior := strings.CutSuffix(rest, "/onPremisesSyncBehavior")
	switch {
	case strings.Contains(id, "/"):
		return false
	case r.Method == http.MethodPatch && !behavior:
		s.updateUser(w, r, id)
	case r.Method == http.MethodGet && behavior:
		s.serveSyncBehavior(w, r, id)
	default:
		return false
	}
	return true
}

// Provisioned are the DNs that were provisioned on demand so far.
func (s *Server) Provisioned() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.provisioned)
}

// serveCloudSync serves the application of Cloud Sync, its jobs, their schema and
// provisionOnDemand.
func (s *Server) serveCloudSync(w http.ResponseWriter, r *http.Request) {
	const application, job, rule = "5b1a0c52-0000-4000-8000-00000000aaaa", "AD2AADProvisioning.0123456789abcdef.0", "6c409270-f78a-4bc6-af23-7cf3ab6482fe"
	known := s.options.Passwords.CloudSync
	root := "servicePrincipals/" + application + "/synchronization/jobs"
	value := func(items ...any) {
		writeJSON(w, map[string]any{"@odata.context": origin(r) + "/v1.0/$metadata#" + r.URL.Path, "value": items})
	}
	switch {
	case r.Method == http.MethodGet && r.URL.Path == "servicePrincipals" && known == nil:
		value([]any{}...)
	case r.Method == http.MethodGet && r.URL.Path == "servicePrincipals" && r.URL.Query().Get("$filter") == "applicationTemplateId eq '1a4721b3-e57f-4451-ae87-ef078703ec94'":
		value(map[string]any{"id": application})
	case r.Method == http.MethodGet && r.URL.Path == root:
		value(map[string]any{"id": "AD2AADPasswordHash.0123456789abcdef.1", "templateId": "AD2AADPasswordHash"}, map[string]any{"id": job, "templateId": "AD2AADProvisioning"})
	case r.Method == http.MethodGet && r.URL.Path == root+"/"+job+"/schema":
		writeJSON(w, map[string]any{"id": job, "version": "v1", "synchronizationRules": []any{map[string]any{"id": rule, "name": "AD to AAD"}}})
	case r.Method == http.MethodPost && r.URL.Path == root+"/"+job+"/provisionOnDemand":
		var body struct {
			Parameters []struct {
				RuleID   string
				Subjects []struct{ ObjectID, ObjectTypeName string }
			}
		}
		if json.NewDecoder(r.Body).Decode(&body) != nil || len(body.Parameters) != 1 || body.Parameters[0].RuleID != rule || len(body.Parameters[0].Subjects) != 1 || body.Parameters[0].Subjects[0].ObjectTypeName != "user" {
			writeError(w, http.StatusBadRequest, "BadRequest", "The request is not valid.")
			return
		}
		dn, result := body.Parameters[0].Subjects[0].ObjectID, "Failure"
		if slices.Contains(known, dn) {
			result = "Success"
			s.mu.Lock()
			s.provisioned = append(s.provisioned, dn)
			s.mu.Unlock()
		}
		key, _ := json.Marshal(map[string]any{"result": result, "description": "", "details": map[string]any{}})
		writeJSON(w, map[string]any{"@odata.context": origin(r) + "/v1.0/$metadata#microsoft.graph.stringKeyStringValuePair", "key": string(key), "value": "[]"})
	default:
		writeError(w, http.StatusBadRequest, "BadRequest", "Resource not found for the segment '"+r.URL.Path+"'.")
	}
}

// LostAnswer does what is asked for, and closes the connection in place of an answer.
func LostAnswer() Fault {
	return func(_ http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	}
}
