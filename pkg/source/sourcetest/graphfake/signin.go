package graphfake

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

const (
	assertionType = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
	traceText     = " Trace ID: 3f1c2a00-0000-4000-8000-000000000001 Correlation ID: 3f1c2a00-0000-4000-8000-000000000002 Timestamp: 2026-11-24 10:00:00Z"
)

// signIn serves instance discovery, OpenID configuration and the token endpoint.
func (s *Server) signIn(w http.ResponseWriter, r *http.Request) {
	tenant, rest, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	switch {
	case r.URL.Path == "/common/discovery/instance":
		s.discoverInstance(w, r)
	case rest == "v2.0/.well-known/openid-configuration":
		if s.knowsTenant(w, tenant) {
			writeJSON(w, map[string]any{
				"token_endpoint":                        origin(r) + "/" + tenant + "/oauth2/v2.0/token",
				"authorization_endpoint":                origin(r) + "/" + tenant + "/oauth2/v2.0/authorize",
				"issuer":                                "https://" + r.Host + "/" + s.options.Tenant + "/v2.0",
				"token_endpoint_auth_methods_supported": []string{"client_secret_post", "private_key_jwt"},
			})
		}
	case rest == "oauth2/v2.0/token" && r.Method == http.MethodPost:
		if s.knowsTenant(w, tenant) {
			s.giveToken(w, r)
		}
	case rest == "oauth2/v2.0/devicecode" && s.options.DeviceCode != "":
		if s.knowsTenant(w, tenant) {
			writeJSON(w, map[string]any{
				"device_code": "device-" + s.options.DeviceCode, "user_code": s.options.DeviceCode, "expires_in": 60, "interval": 1,
				"verification_uri": "https://microsoft.example/devicelogin", "message": "To sign in, open the page and type the code",
			})
		}
	default:
		http.NotFound(w, r)
	}
}

// graphScope is what a person signs in for.
const graphScope = "https://graph.microsoft.com/.default"

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code"

// giveDeviceToken keeps a person waiting once.
func (s *Server) giveDeviceToken(w http.ResponseWriter, code string) {
	s.mu.Lock()
	s.polls++
	first := s.polls == 1
	s.mu.Unlock()
	switch {
	case code != "device-"+s.options.DeviceCode:
		refuse(w, http.StatusBadRequest, "invalid_grant", 70000, "The provided value for the 'code' parameter is not valid.")
	case first:
		refuse(w, http.StatusBadRequest, "authorization_pending", 70016, "OAuth 2.0 device flow error. Authorization is pending. Continue polling.")
	default:
		s.writeToken(w, graphScope)
	}
}

func (s *Server) discoverInstance(w http.ResponseWriter, r *http.Request) {
	writeJSON(w, map[string]any{
		"tenant_discovery_endpoint": origin(r) + "/" + s.options.Tenant + "/v2.0/.well-known/openid-configuration",
		"api-version":               "1.1",
		"metadata": []any{map[string]any{
			"preferred_network": r.Host, "preferred_cache": r.Host, "aliases": []string{r.Host},
		}},
	})
}

func (s *Server) knowsTenant(w http.ResponseWriter, tenant string) bool {
	if strings.EqualFold(tenant, s.options.Tenant) || holds(strings.Join(s.options.Domains, ","), tenant) {
		return true
	}
	refuse(w, http.StatusBadRequest, "invalid_tenant", 90002,
		fmt.Sprintf("Tenant '%s' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud.", tenant))
	return false
}

func (s *Server) giveToken(w http.ResponseWriter, r *http.Request) {
	if err := r.ParseForm(); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'.")
		return
	}
	form := r.PostForm
	switch {
	case form.Get("grant_type") == deviceGrant && s.options.DeviceCode != "":
		s.giveDeviceToken(w, form.Get("device_code"))
	case form.Get("grant_type") != "client_credentials":
		refuse(w, http.StatusBadRequest, "unsupported_grant_type", 70003,
			fmt.Sprintf("The app requested an unsupported grant type '%s'.", form.Get("grant_type")))
	case !hasDefaultScope(form.Get("scope")):
		refuse(w, http.StatusBadRequest, "invalid_scope", 1002012,
			fmt.Sprintf("The provided value for scope %s is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier.", form.Get("scope")))
	case !strings.EqualFold(form.Get("client_id"), s.options.ClientID):
		refuse(w, http.StatusBadRequest, "unauthorized_client", 700016,
			fmt.Sprintf("Application with identifier '%s' was not found in the directory '%s'.", form.Get("client_id"), s.options.TenantName))
	case form.Has("client_assertion"):
		if form.Get("client_assertion_type") != assertionType || !isAssertion(form.Get("client_assertion"), s.options.ClientID) && !isFederated(form.Get("client_assertion"), s.options.Federated) {
			refuse(w, http.StatusUnauthorized, "invalid_client", 700027, "The certificate with identifier used to sign the client assertion is not registered on application.")
			return
		}
		s.writeToken(w, form.Get("scope"))
	case form.Get("client_secret") == "":
		refuse(w, http.StatusUnauthorized, "invalid_client", 7000218, "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.")
	case form.Get("client_secret") != s.options.ClientSecret:
		refuse(w, http.StatusUnauthorized, "invalid_client", 7000215,
			fmt.Sprintf("Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '%s'.", s.options.ClientID))
	default:
		s.writeToken(w, form.Get("scope"))
	}
}

// hasDefaultScope allows for the OpenID scopes that client libraries add.
func hasDefaultScope(scopes string) bool {
	for _, scope := range strings.Fields(scopes) {
		if strings.HasSuffix(scope, "/.default") {
			return true
		}
	}
	return false
}

// isAssertion checks the form of a signed JWT and whom it speaks for, not the
// signature: the fake knows no certificates.
func isAssertion(assertion, clientID string) bool {
	parts := strings.Split(assertion, ".")
	if len(parts) != 3 || parts[2] == "" {
		return false
	}
	var header struct{ Alg, Typ string }
	var claims struct {
		Iss, Sub, Jti string
		Aud           any
		Exp           int64
	}
	return decodePart(parts[0], &header) && decodePart(parts[1], &claims) &&
		(header.Alg == "RS256" || header.Alg == "PS256") &&
		strings.EqualFold(claims.Iss, clientID) && strings.EqualFold(claims.Sub, clientID) &&
		claims.Aud != nil && claims.Exp > 0
}

// isFederated checks that an assertion is one of another identity service that the
// application trusts, for whom it has to be.
func isFederated(assertion, issuer string) bool {
	parts := strings.Split(assertion, ".")
	var claims struct{ Iss, Sub, Aud string }
	return issuer != "" && len(parts) == 3 && decodePart(parts[1], &claims) && claims.Iss == issuer && claims.Aud == "api://AzureADTokenExchange"
}

func decodePart(part string, v any) bool {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	return err == nil && json.Unmarshal(raw, v) == nil
}

func (s *Server) writeToken(w http.ResponseWriter, scope string) {
	granted := s.content().Roles
	s.mu.Lock()
	s.issued++
	token := fmt.Sprintf("fake-access-token-%d", s.issued)
	if granted != nil {
		claims, _ := json.Marshal(map[string]any{ // names and numbers: it does not fail
			"aud": "https://graph.microsoft.com", "tid": s.options.Tenant, "appid": s.options.ClientID, "app_displayname": "qpimport",
			"idtyp": "app", "roles": granted, "uti": token,
		})
		token = "e30." + base64.RawURLEncoding.EncodeToString(claims) + ".fake"
	}
	s.tokens[token] = slices.Contains(strings.Fields(scope), exchangeScope)
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	writeJSON(w, map[string]any{
		"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token,
	})
}

// refuse writes an error as the sign-in service does.
func refuse(w http.ResponseWriter, status int, name string, code int, description string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	writeJSON(w, map[string]any{
		"error":             name,
		"error_description": fmt.Sprintf("AADSTS%d: %s%s", code, description, traceText),
		"error_codes":       []int{code},
		"timestamp":         "2026-11-24 10:00:00Z",
		"trace_id":          "3f1c2a00-0000-4000-8000-000000000001",
		"correlation_id":    "3f1c2a00-0000-4000-8000-000000000002",
		"error_uri":         fmt.Sprintf("https://login.microsoftonline.example/error?code=%d", code),
	})
}
