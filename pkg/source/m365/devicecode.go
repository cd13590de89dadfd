package m365

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"github.com/qpimport/qpimport/pkg/source"
)

// deviceCode signs a person in who types a code into a browser (RFC 8628). The
// library's own way brings a web server and its pages along, a megabyte.
type deviceCode struct {
	login  *login
	client string
	base   *url.URL // of the tenant's sign-in
	prompt func(message string)
	sleep  func(context.Context, time.Duration) error
}

func newDeviceCode(l *login, g source.Graph, prompt func(string)) *deviceCode {
	return &deviceCode{login: l, client: g.ClientID, base: l.endpoint.authority.JoinPath(g.Tenant, "oauth2", "v2.0"), prompt: prompt, sleep: l.retry.limits.sleep}
}

// slower is how much longer to wait when the service is asked too often.
const slower = 5 * time.Second

// GetToken implements azcore.TokenCredential. It waits for the person for as long
// as the code is good.
func (d *deviceCode) GetToken(ctx context.Context, options policy.TokenRequestOptions) (azcore.AccessToken, error) {
	var begun struct {
		DeviceCode string `json:"device_code"`
		UserCode   string `json:"user_code"`
		Address    string `json:"verification_uri"`
		ExpiresIn  int    `json:"expires_in"`
		Interval   int    `json:"interval"`
	}
	form := url.Values{"client_id": {d.client}, "scope": {strings.Join(options.Scopes, " ")}}
	if refused, err := d.post(ctx, "devicecode", form, &begun); err != nil || refused != "" {
		return azcore.AccessToken{}, fmt.Errorf("%s: %w", refused, err)
	}
	d.prompt(fmt.Sprintf("open %.200s and type the code %.40s", begun.Address, begun.UserCode))
	wait := time.Duration(max(1, begun.Interval)) * time.Second
	ctx, cancel := context.WithTimeout(ctx, time.Duration(begun.ExpiresIn)*time.Second)
	defer cancel()
	form = url.Values{"client_id": {d.client}, "grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {begun.DeviceCode}}
	for {
		if err := d.sleep(ctx, wait); err != nil {
			d.login.failure = &source.Error{Code: source.CodeCredentials, Message: "nobody typed the code in time", Hint: "run it again"}
			return azcore.AccessToken{}, err
		}
		var given struct {
			AccessToken string `json:"access_token"`
			ExpiresIn   int    `json:"expires_in"`
		}
		switch refused, err := d.post(ctx, "token", form, &given); {
		case err != nil:
			return azcore.AccessToken{}, err
		case refused == "" && given.AccessToken != "":
			return azcore.AccessToken{Token: given.AccessToken, ExpiresOn: time.Now().Add(time.Duration(given.ExpiresIn) * time.Second)}, nil
		case refused == "slow_down":
			wait += slower
		case refused != "authorization_pending":
			return azcore.AccessToken{}, fmt.Errorf("refused: %q", refused)
		}
		d.login.failure = nil // so far it is none
	}
}

// post sends a form and reads the answer into v, or the name of its error.
func (d *deviceCode) post(ctx context.Context, path string, form url.Values, v any) (refused string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, d.base.JoinPath(path).String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := d.login.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if response.StatusCode != http.StatusOK {
		var answer struct{ Error string }
		if json.Unmarshal(body, &answer) != nil || answer.Error == "" {
			answer.Error = "unknown"
		}
		return answer.Error, nil
	}
	return "", json.Unmarshal(body, v)
}
