package m365

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"github.com/qpimport/qpimport/pkg/source"
)

// consentLink is where an administrator of the tenant consents to the application,
// "" where tenant or application are not known.
func (e endpoint) consentLink(g source.Graph) string {
	if g.Tenant == "" || g.ClientID == "" {
		return ""
	}
	link := *e.authority
	link.Path = strings.TrimRight(link.Path, "/") + "/" + g.Tenant + "/adminconsent"
	link.RawQuery = url.Values{"client_id": {g.ClientID}}.Encode()
	return link.String()
}

// withoutSecret makes a credential for which no secret is kept.
func (t *tokens) withoutSecret(config Config, e endpoint) (azcore.TokenCredential, error) {
	c, getenv := config.Connection, config.Getenv
	if getenv == nil {
		getenv = func(string) string { return "" }
	}
	switch c.Auth {
	case source.AuthManagedIdentity:
		t.explain = explainManagedIdentity
		return openManagedIdentity(c.ClientID)
	case source.AuthAzureCLI:
		if _, err := exec.LookPath("az"); err != nil {
			return nil, &source.Error{Code: source.CodeUsage, Message: "the Azure CLI (az) is not on this computer's PATH", Hint: "install it and log in with `az login`, or sign in another way"}
		}
		t.explain = explainAzureCLI
		return azidentity.NewAzureCLICredential(&azidentity.AzureCLICredentialOptions{TenantID: c.Tenant})
	case source.AuthDeviceCode:
		if config.Prompt == nil {
			return nil, &source.Error{Code: source.CodeUsage, Message: "a sign-in by device code needs a person who types the code", Hint: "run it on a terminal, or sign in another way in scripts"}
		}
		return newDeviceCode(t.login, c.Graph, config.Prompt), nil
	case source.AuthWorkloadIdentity:
		c.Tenant = cmp.Or(c.Tenant, getenv("AZURE_TENANT_ID"))
		c.ClientID = cmp.Or(c.ClientID, getenv("AZURE_CLIENT_ID"))
		file := getenv("AZURE_FEDERATED_TOKEN_FILE")
		if c.Tenant == "" || c.ClientID == "" || file == "" {
			return nil, &source.Error{Code: source.CodeUsage, Message: "this is no pod with a workload identity: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_FEDERATED_TOKEN_FILE are not all set", Hint: "label the pod azure.workload.identity/use, and annotate its service account"}
		}
		c = c.Normalize("")
		if err := c.Validate(); err != nil { // the connection itself was valid
			return nil, &source.Error{Code: source.CodeUsage, Message: "AZURE_TENANT_ID and AZURE_CLIENT_ID have to be the ids of a tenant and an application", Hint: "look at the annotations of the pod's service account"}
		}
		return t.byAssertion(c, e, func(context.Context) (string, error) {
			token, err := source.ReadFile(file, 64<<10)
			if err != nil {
				return "", usage("the token of the pod's service account: %s", err)
			}
			return strings.TrimSpace(string(token)), nil
		})
	}
	if config.Assertion != nil {
		return t.byAssertion(c, e, func(ctx context.Context) (string, error) {
			token, err := reveal(ctx, "assertion", config.Assertion)
			return strings.TrimSpace(token), err
		})
	}
	address, bearer := getenv("ACTIONS_ID_TOKEN_REQUEST_URL"), getenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN")
	if address == "" || bearer == "" {
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicNoAssertion, Message: "there is no token of another identity service to sign in with"}
	}
	return t.byAssertion(c, e, func(ctx context.Context) (string, error) { return t.login.githubToken(ctx, address, bearer) })
}

// TopicNoAssertion is a federated sign-in outside a GitHub job, and without a
// token.
const TopicNoAssertion source.Topic = "no_assertion"

// byAssertion signs in by the token of another identity service, which the
// application trusts (a federated credential).
func (t *tokens) byAssertion(c source.Connection, e endpoint, get func(context.Context) (string, error)) (azcore.TokenCredential, error) {
	return azidentity.NewClientAssertionCredential(c.Tenant, c.ClientID, func(ctx context.Context) (string, error) {
		token, err := get(ctx)
		if err == nil && strings.Count(token, ".") != 2 {
			err = &source.Error{Code: source.CodeUsage, Message: "the assertion is no token of an identity service (a JWT)", Hint: "check where it is read from"}
		}
		if err != nil { // the library puts it into a text of its own
			t.login.failure = err
		}
		return token, err
	}, &azidentity.ClientAssertionCredentialOptions{ClientOptions: t.login.options(), DisableInstanceDiscovery: e.private})
}

// githubAudience is whom GitHub's token is for.
const githubAudience = "api://AzureADTokenExchange"

// githubToken asks GitHub for a token of the job that runs.
func (l *login) githubToken(ctx context.Context, address, bearer string) (string, error) {
	before, _, _ := strings.Cut(address, "?")
	u, err := url.Parse(address)
	if err := errors.Join(source.CheckWebAddress(before), err); err != nil {
		return "", usage("ACTIONS_ID_TOKEN_REQUEST_URL is no address that a token may be sent to")
	}
	query := u.Query()
	query.Set("audience", githubAudience)
	u.RawQuery = query.Encode()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "bearer "+bearer)
	request.Header.Set("Accept", "application/json")
	response, err := l.exchange.do(request, l.base.RoundTrip) // follows no redirection
	if err != nil {
		return "", &source.Error{Code: source.CodeUnreachable, Message: "GitHub gives no token of this job: it does not answer", Hint: "try again"}
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(io.LimitReader(response.Body, 64<<10))
	var answer struct{ Value string }
	if err != nil || response.StatusCode != http.StatusOK || json.Unmarshal(body, &answer) != nil || answer.Value == "" {
		return "", &source.Error{Code: source.CodeCredentials, Message: "GitHub gives no token of this job: " + statusText(response.StatusCode), Hint: "the job needs `permissions: {id-token: write}`"}
	}
	return answer.Value, nil
}

// openManagedIdentity uses the identity of the computer, or with a client id one
// of those that were assigned to it.
func openManagedIdentity(clientID string) (azcore.TokenCredential, error) {
	direct := http.Client{Transport: &http.Transport{}} // no proxy leads to an address of this computer's own
	options := azidentity.ManagedIdentityCredentialOptions{
		ClientOptions: azcore.ClientOptions{Transport: &direct, Retry: policy.RetryOptions{MaxRetries: 2, TryTimeout: 10 * time.Second}},
	}
	if clientID != "" {
		options.ID = azidentity.ClientID(clientID)
	}
	credential, err := azidentity.NewManagedIdentityCredential(&options)
	if err != nil {
		return nil, explainManagedIdentity(err)
	}
	return credential, nil
}

// explainManagedIdentity repeats nothing that an endpoint answered.
func explainManagedIdentity(err error) error {
	var refused *azidentity.AuthenticationFailedError
	if errors.As(err, &refused) && refused.RawResponse != nil {
		return &source.Error{
			Code: source.CodeCredentials, Message: "the managed identity was refused: " + statusText(refused.RawResponse.StatusCode),
			Hint: "is it assigned to this computer? a user-assigned one is named by its client id",
		}
	}
	return &source.Error{
		Code: source.CodeUnreachable, Permanent: true, Message: "this computer has no managed identity that answers",
		Hint: "it is for computers in Azure, or with the agent of Azure Arc",
	}
}

func explainAzureCLI(error) error {
	return &source.Error{
		Code: source.CodeCredentials, Message: "the Azure CLI gives no token for Microsoft Graph",
		Hint: "is somebody logged in? `az account get-access-token --resource-type ms-graph` tells more",
	}
}
