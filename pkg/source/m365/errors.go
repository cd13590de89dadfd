package m365

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/qpimport/qpimport/pkg/source"
)

// errPageExpired marks the one error that reading from the start can mend.
var errPageExpired = errors.New("the link to the next page expired")

// incomplete is the error for an answer that cannot be believed.
func incomplete(err error) error {
	var known *source.Error
	if errors.As(err, &known) {
		return known
	}
	return &source.Error{
		Code:    source.CodeIncomplete,
		Message: "Microsoft Graph did not answer properly",
		Hint:    "nothing was taken from this read; try again later",
		Err:     err,
	}
}

// explain turns a failed request into an error for people. The errors of the
// SDK are not wrapped: their text is the server's, of any length, and asking
// some of them for it panics. Secrets are taken out of what the server says.
func (c *client) explain(err error, status int, location string, link *url.URL) error {
	var known *source.Error
	if errors.As(err, &known) {
		return known
	}
	said := graphError(err)
	text := statusText(status)
	if said.code != "" {
		text += ", " + said.code
	}
	switch {
	case status == 0:
		return &source.Error{Code: source.CodeUnreachable, Message: c.retry.server + " cannot be reached", Err: err}
	case status == http.StatusOK:
		return incomplete(err)
	case said.code == identityNotFound:
		hint := "an administrator of the tenant has to consent to it"
		if c.tokens.login.consent != "" {
			hint = "whoever administers the tenant opens " + c.tokens.login.consent
		}
		return &source.Error{
			Code: source.CodePermission, Message: "the application is not in the tenant, whose consent it lacks", Hint: hint,
			Err: &statusError{status, said.code, text},
		}
	case said.pageExpired():
		return incomplete(errPageExpired)
	case status == http.StatusUnauthorized:
		return &source.Error{
			Code:    source.CodeCredentials,
			Message: c.retry.server + " refuses the access token",
			Hint:    "a ready-made token must be for this Graph and not have expired; check the cloud",
			Err:     &statusError{status, said.code, text},
		}
	case status == http.StatusForbidden:
		return &source.Error{
			Code:    source.CodePermission,
			Message: "the application may not read " + c.collection(link) + " (" + text + ")",
			Hint:    "give it the application permission " + permission(c.collection(link)) + " of Microsoft Graph, and grant admin consent",
		}
	case status == http.StatusTooManyRequests:
		return &source.Error{
			Code: source.CodeThrottled, Message: c.retry.server + " is still busy after many tries (" + text + ")", Hint: "try again later",
		}
	case status >= 500 || status == http.StatusRequestTimeout:
		return &source.Error{
			Code: source.CodeUnreachable, Message: c.retry.server + " fails", Hint: "try again later", Err: &statusError{status, said.code, text},
		}
	case status >= 300 && status < 400 && location != "":
		return incomplete(fmt.Errorf("it redirects to %s, which a proxy or a guest network does", withoutQuery(location)))
	}
	if said.message != "" {
		text += fmt.Sprintf(": %.200q", c.tokens.redact(said.message))
	}
	return incomplete(&statusError{status, said.code, text})
}

// identityNotFound is Graph's word for an application without consent in a tenant
// that a partner manages.
const identityNotFound = "Authorization_IdentityNotFound"

// statusError is an answer that no other error tells of.
type statusError struct {
	status int
	code   string // of Graph, "" where the answer is not its own
	text   string
}

func (e *statusError) Error() string { return "status " + e.text }

// notServed says that a Graph does not know the resource, or not as it is asked
// for, as gateways and Graphs made for tests may not.
func notServed(err error) bool {
	return slices.Contains([]int{http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusNotImplemented}, statusOf(err))
}

// statusOf is the status of an answer that no other error tells of, 0 where there is
// none.
func statusOf(err error) int {
	var e *statusError
	if !errors.As(err, &e) {
		return 0
	}
	return e.status
}

// isAbsence says that Graph itself says that the one object that was asked for is
// not there: a proxy's 404 has no such code, and a wrong address another.
func isAbsence(err error) bool {
	var e *statusError
	return errors.As(err, &e) && e.status == http.StatusNotFound && strings.EqualFold(e.code, "Request_ResourceNotFound")
}

// graphFailure is what Graph says of an error.
type graphFailure struct{ code, message string }

func (f graphFailure) pageExpired() bool {
	return strings.EqualFold(f.code, "Directory_ExpiredPageToken") || strings.EqualFold(f.message, "Invalid Skip Token")
}

func graphError(err error) graphFailure {
	var f graphFailure
	var typed *odataerrors.ODataError
	if !errors.As(err, &typed) {
		return f
	}
	main := typed.GetErrorEscaped()
	if main == nil {
		return f
	}
	if code := main.GetCode(); code != nil && isName(*code) {
		f.code = *code
	}
	if message := main.GetMessage(); message != nil {
		f.message = *message
	}
	return f
}

// isName keeps anything but a plain name out of messages.
func isName(s string) bool {
	return s != "" && len(s) <= 80 && !strings.ContainsFunc(s, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '_' || r == '.')
	})
}

// withoutQuery is a link as errors quote it: its query is nobody's business.
func withoutQuery(link string) string {
	plain, _, _ := strings.Cut(link, "?")
	return fmt.Sprintf("%.120q", plain)
}

// collection is the first step of a link's path behind the version: users.
func (c *client) collection(link *url.URL) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(link.Path, c.root.Path+c.version), "/")
	return name
}

// permission is the least that lets an application read a collection.
func permission(collection string) string {
	switch collection {
	case "users":
		return "User.Read.All"
	case "groups":
		return "GroupMember.Read.All"
	case "subscribedSkus":
		return "LicenseAssignment.Read.All (or Organization.Read.All)"
	case "roleManagement":
		return "RoleManagement.Read.Directory"
	case "contracts":
		return "Directory.Read.All"
	}
	return "Organization.Read.All"
}

// statusText is a status for people.
func statusText(status int) string {
	if text := http.StatusText(status); text != "" {
		return strconv.Itoa(status) + " " + text
	}
	return strconv.Itoa(status)
}
