package m365

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

const discoveryPath = "/v2.0/.well-known/openid-configuration"

// discover makes the discovery document that the sign-in library asks a private
// authority for fit to be used: the library wants an issuer of its own liking,
// where all that matters is the token endpoint, and some authorities serve no
// document but have the endpoint where Microsoft documents it. What else goes
// wrong is left to the library.
func discover(request *http.Request, response *http.Response) (*http.Response, error) {
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	tenant := url.URL{Scheme: "https", Host: request.URL.Host, Path: strings.TrimSuffix(request.URL.Path, discoveryPath)}
	var document struct {
		TokenEndpoint string `json:"token_endpoint"`
	}
	switch response.StatusCode {
	case http.StatusOK:
		_ = json.Unmarshal(body, &document) // what is none names no endpoint
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented:
		if aadsts(body) == 0 {
			document.TokenEndpoint = tenant.String() + "/oauth2/v2.0/token"
		}
	}
	if document.TokenEndpoint != "" {
		body, err = json.Marshal(map[string]string{
			"issuer":                 tenant.String() + "/v2.0",
			"authorization_endpoint": tenant.String() + "/oauth2/v2.0/authorize",
			"token_endpoint":         document.TokenEndpoint,
		})
		response.StatusCode = http.StatusOK
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	return response, err
}
