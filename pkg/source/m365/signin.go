package m365

import (
	"bytes"
	"context"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/cloud"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/qpimport/qpimport/pkg/source"
)

// tokens gets access tokens. The credential below it keeps a token for as long
// as it is good.
type tokens struct {
	login     *login
	scope     string
	by        string // one of [source.Auths]
	clientID  string
	renewable bool
	// open makes a credential, and reads the secret for that.
	open func(context.Context) (azcore.TokenCredential, error)

	mu         sync.Mutex
	credential azcore.TokenCredential // nil until first used, and after renew
	current    string
	ends       time.Time // of the certificate, zero where there is none
	secretHint string    // how the client secret begins, as Graph tells them apart
	// explain says why a credential that asks no sign-in service gave no token.
	explain func(error) error
}

func newTokens(config Config, e endpoint, l *login) *tokens {
	c := config.Connection
	t := &tokens{login: l, scope: e.scope, clientID: c.ClientID, by: c.Auth}
	if config.AccessToken != nil {
		t.by = source.AuthToken
		t.open = func(ctx context.Context) (azcore.TokenCredential, error) {
			return openReady(ctx, config.AccessToken)
		}
		return t
	}
	t.renewable = true
	if c.Auth != "" {
		t.open = func(context.Context) (azcore.TokenCredential, error) { return t.withoutSecret(config, e) }
		return t
	}
	options := l.options()
	t.by = source.AuthCertificate
	if config.ClientSecret != nil {
		t.by = source.AuthSecret
		t.open = func(ctx context.Context) (azcore.TokenCredential, error) {
			secret, err := reveal(ctx, "client secret", config.ClientSecret)
			if err != nil {
				return nil, err
			}
			secret = strings.TrimSpace(secret) // it holds none; what is pasted may
			t.secretHint = secret[:min(len(secret), 3)]
			return azidentity.NewClientSecretCredential(c.Tenant, c.ClientID, secret,
				&azidentity.ClientSecretCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: e.private})
		}
		return t
	}
	t.open = func(ctx context.Context) (azcore.TokenCredential, error) {
		secret, err := reveal(ctx, "certificate", config.Certificate)
		if err != nil {
			return nil, err
		}
		credential, ends, err := openCertificate(c, secret,
			&azidentity.ClientCertificateCredentialOptions{ClientOptions: options, DisableInstanceDiscovery: e.private})
		t.ends = ends
		return credential, err
	}
	return t
}

// reveal resolves a secret.
func reveal(ctx context.Context, what string, resolve func(context.Context) (source.Secret, error)) (string, error) {
	if resolve == nil {
		return "", usage("nobody reads the %s", what)
	}
	secret, err := resolve(ctx)
	var known *source.Error
	switch {
	case err == nil && secret.Reveal() != "":
		return secret.Reveal(), nil
	case err == nil:
		return "", usage("the %s is empty", what)
	case errors.As(err, &known):
		return "", err
	}
	return "", &source.Error{Code: source.CodeUsage, Message: "the " + what + " cannot be read", Err: err}
}

func openCertificate(c source.Connection, secret string, options *azidentity.ClientCertificateCredentialOptions) (_ azcore.TokenCredential, ends time.Time, _ error) {
	refusal := &source.Error{
		Code:    source.CodeUsage,
		Message: "the certificate cannot be used",
		Hint:    "it must hold an RSA key that is not encrypted and its certificate, in PEM or in a PFX without password (with OpenSSL 3: -legacy)",
	}
	certificates, key, err := azidentity.ParseCertificates([]byte(plainPEM(secret)), nil)
	if err != nil {
		if pfx, textErr := base64.StdEncoding.DecodeString(strings.TrimSpace(secret)); textErr == nil {
			certificates, key, err = azidentity.ParseCertificates(pfx, nil)
		}
	}
	if err != nil {
		return nil, ends, refusal // the cause is left out: it may quote what it read
	}
	credential, err := azidentity.NewClientCertificateCredential(c.Tenant, c.ClientID, certificates, key, options)
	own, ok := key.(*rsa.PrivateKey)
	if err != nil || !ok {
		return nil, ends, refusal
	}
	for _, c := range certificates { // beside it there may be those of authorities
		if own.PublicKey.Equal(c.PublicKey) {
			ends = c.NotAfter
		}
	}
	return credential, ends, nil
}

// plainPEM is PEM as variables and YAML files hold it, in lines of its own: newlines may
// be written \n, and lines be indented. What is no PEM stays.
func plainPEM(text string) string {
	if !strings.HasPrefix(strings.TrimSpace(text), "-----BEGIN ") {
		return text
	}
	var lines strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(text, `\n`, "\n")) {
		lines.WriteString(strings.TrimSpace(line) + "\n")
	}
	return lines.String()
}

// ready is a token that was obtained elsewhere.
type ready string

func openReady(ctx context.Context, resolve func(context.Context) (source.Secret, error)) (azcore.TokenCredential, error) {
	secret, err := reveal(ctx, "access token", resolve)
	if err != nil {
		return nil, err
	}
	token := strings.TrimSpace(secret)
	if token == "" || strings.ContainsFunc(token, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, usage("the access token holds characters that no token has")
	}
	return ready(token), nil
}

// GetToken implements azcore.TokenCredential. The token says when it ends, but
// Graph's tokens are not ours to read: Graph will say.
func (r ready) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: string(r), ExpiresOn: time.Now().Add(time.Hour)}, nil
}

// get returns a token. Errors of the libraries below quote what the server sent
// and are not passed on; what went wrong is known from the exchange itself.
func (t *tokens) get(ctx context.Context) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.credential == nil {
		credential, err := t.open(ctx)
		if err != nil {
			return "", err
		}
		t.credential = credential
	}
	t.login.failure = nil
	token, err := t.credential.GetToken(ctx, policy.TokenRequestOptions{Scopes: []string{t.scope}})
	switch {
	case err == nil:
		t.current = token.Token
		return token.Token, nil
	case ctx.Err() != nil:
		return "", ctx.Err()
	case source.CodeOf(t.login.failure) == source.CodeCredentials && !t.ends.IsZero() && t.ends.Before(t.login.retry.now()):
		return "", &source.Error{
			Code: source.CodeCredentials, Message: "the certificate that the application signs in with ended on " + t.ends.UTC().Format(time.RFC3339),
			Hint: "make a new one, and upload it " + portal,
		}
	case t.login.failure != nil:
		return "", t.login.failure
	case t.explain != nil:
		return "", t.explain(err)
	}
	return "", &source.Error{
		Code:    source.CodeIncomplete,
		Message: "the sign-in service gave an answer that is none",
		Hint:    "a proxy or a guest network may have answered in its place",
	}
}

// tenant is the id of the tenant that the last token says that it is for, "" where it
// does not say.
func (t *tokens) tenant() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	c, _ := readClaims(t.current)
	return strings.ToLower(c.Tenant)
}

// renew forgets a token that Graph refused, and says whether there can be
// another one.
func (t *tokens) renew(refused string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.renewable && t.current == refused {
		t.credential = nil // its cache goes with it
	}
	return t.renewable
}

// redact takes the token out of a text that a server sent back.
func (t *tokens) redact(text string) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.current == "" {
		return text
	}
	return strings.ReplaceAll(text, t.current, "[redacted]")
}

// options are those of a credential that asks the sign-in service.
func (l *login) options() azcore.ClientOptions {
	return azcore.ClientOptions{
		Cloud:     cloud.Configuration{ActiveDirectoryAuthorityHost: "https://" + l.endpoint.authority.Host + l.endpoint.authority.Path},
		Transport: l,
		Retry:     policy.RetryOptions{MaxRetries: -1}, // ours is in the transport
	}
}

// login carries the requests of the credential, and remembers why the last one
// failed. It is used under the lock of tokens.
type login struct {
	endpoint endpoint
	retry    *retry
	exchange *exchange
	base     http.RoundTripper
	consent  string // where an administrator of the tenant consents
	failure  error
}

// Do implements policy.Transporter.
func (l *login) Do(request *http.Request) (*http.Response, error) {
	response, err := l.send(request)
	if err != nil {
		l.failure = err
		return nil, err
	}
	if l.endpoint.private && strings.HasSuffix(request.URL.Path, discoveryPath) {
		if response, err = discover(request, response); err != nil {
			return nil, err
		}
	}
	if response.StatusCode == http.StatusOK {
		return response, nil
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	response.Body = io.NopCloser(bytes.NewReader(body))
	l.failure = refusal(response.StatusCode, body, l.consent)
	return response, nil
}

func (l *login) send(request *http.Request) (*http.Response, error) {
	if !slices.Contains(l.endpoint.loginHosts, strings.ToLower(request.URL.Host)) {
		return nil, incomplete(fmt.Errorf("the sign-in service sends us on to %.100q", request.URL.Host))
	}
	return l.retry.do(request, func(request *http.Request) (*http.Response, error) {
		// The library speaks https alone; an authority on this machine may not.
		request.URL.Scheme = "https"
		if strings.EqualFold(request.URL.Host, l.endpoint.authority.Host) {
			request.URL.Scheme = l.endpoint.authority.Scheme
		}
		return l.exchange.do(request, l.base.RoundTrip)
	})
}

// refusal explains an error of the sign-in service. Of the body it uses the
// number alone. consent is where an administrator of the tenant consents, "" where
// that is not known.
func refusal(status int, body []byte, consent string) error {
	if status == http.StatusTooManyRequests {
		return &source.Error{Code: source.CodeThrottled, Message: "the sign-in service is busy", Hint: "try again later"}
	}
	if status >= 500 || status < 400 {
		return &source.Error{
			Code: source.CodeUnreachable, Message: "the sign-in service answers " + statusText(status), Hint: "try again later",
		}
	}
	code := aadsts(body)
	if code == 0 {
		return &source.Error{
			Code: source.CodeCredentials, Message: "the sign-in service refuses with " + statusText(status),
			Hint: "check the tenant, the cloud and the authority URL",
		}
	}
	message, hint := meaning(code)
	if consent != "" && (code == 65001 || code == 700016 || code == 7000229) {
		hint += "; whoever administers the tenant opens " + consent
	}
	return &source.Error{
		Code: source.CodeCredentials, Message: fmt.Sprintf("sign-in to Microsoft 365 was refused: %s (AADSTS%d)", message, code), Hint: hint,
	}
}

// aadsts is the number of an error of the sign-in service, 0 where there is none.
func aadsts(body []byte) int {
	var e struct {
		Codes       []int  `json:"error_codes"`
		Description string `json:"error_description"`
	}
	if json.Unmarshal(body, &e) != nil {
		return 0
	}
	if len(e.Codes) > 0 {
		return e.Codes[0]
	}
	var code int
	if _, err := fmt.Sscanf(e.Description, "AADSTS%d", &code); err != nil {
		return 0
	}
	return code
}

const portal = "in the Entra admin centre, under App registrations"

// meaning puts an AADSTS number into words and says what helps.
func meaning(code int) (message, hint string) {
	switch code {
	case 7000215:
		return "the client secret is wrong", "use the secret's value, not its id; make a new one " + portal
	case 7000222:
		return "the client secret has expired", "make a new one " + portal
	case 7000218:
		return "no client secret reached the sign-in service", "check the secret's reference"
	case 700016, 700038, 7000229:
		return "the application is not in this tenant", "check client id and tenant, and consent to the application as an administrator of the tenant"
	case 7000112:
		return "the application is disabled in this tenant", "enable it in the Entra admin centre, under Enterprise applications"
	case 90002, 900021, 900023, 50059:
		return "there is no such tenant", "check the tenant's id or domain, and the cloud it is in"
	case 65001:
		return "nobody has consented to the application", "grant admin consent to its permissions " + portal
	case 700027:
		return "the certificate is not registered with the application, or has expired", "upload it " + portal
	case 700024:
		return "what the application signs in with is out of time", "set this machine's clock; the token of another identity service is good for minutes alone: get a new one for each run"
	case 70021, 700211, 700212, 700213, 7002381:
		return "the application does not trust this token of another identity service", "its issuer, subject and audience have to be those of a federated credential " + portal
	case 53003, 530035, 53000:
		return "a Conditional Access policy forbids it", "exclude the application from the policy, or allow this place"
	case 500011, 1002012:
		return "Microsoft Graph is unknown to this tenant", "check which cloud the tenant is in"
	}
	return "the sign-in service gave no reason known here", "look the number up at https://login.microsoftonline.com/error"
}
