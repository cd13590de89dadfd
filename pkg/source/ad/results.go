package ad

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
)

// explain makes of a failed call an error with a code. What the server says in
// free text is not repeated: it may hold anything, even the password that it
// was sent.
func (d *Directory) explain(ctx context.Context, dn string, err error) error {
	if ctx.Err() != nil {
		return contextError(ctx, d.guard.server)
	}
	var answer *ldap.Error
	if errors.As(err, &answer) && answer.ResultCode < ldap.ErrorNetwork {
		return resultError(answer, d.guard.server, dn)
	}
	if reason := d.guard.because(); reason != nil {
		return reason
	}
	if d.conn.IsClosing() {
		return unreachable(nil, "try again", "the connection to %s is closed", d.guard.server)
	}
	return incomplete(nil, "try again", "%s sent an answer that cannot be read", d.guard.server)
}

// resultError explains a result code of LDAP other than success.
func resultError(answer *ldap.Error, server, dn string) error {
	what, name := describe(dn), codeName(int64(answer.ResultCode))
	windows := windowsCode(answer)
	if windows != "" {
		name += ", Windows error " + windows
	}
	switch answer.ResultCode {
	case ldap.LDAPResultOperationsError:
		// 4DC: a successful bind must be completed; Samba says 2020.
		if windows == "000004DC" || windows == "00002020" {
			return notLoggedIn()
		}
	case ldap.LDAPResultTimeLimitExceeded, ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		return incomplete(nil, "try again when the server is less busy, or another domain controller", "%s gave up in the middle of reading %s (%s)", server, what, name)
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("%s refuses to be read over this connection (%s)", server, name), Hint: "it asks for TLS or signing: use ldaps://"}
	case ldap.LDAPResultReferral:
		return &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("%s does not hold %s%s", server, what, referredTo(answer)), Hint: "connect to a domain controller of that domain"}
	case ldap.LDAPResultNoSuchObject:
		return &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("%s is not in the directory", what), Hint: "was it renamed, moved or deleted? the bind account must also be allowed to see it"}
	case ldap.LDAPResultInvalidDNSyntax:
		return &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("%s is no DN to the server", what)}
	case ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication:
		return notLoggedIn()
	case ldap.LDAPResultInsufficientAccessRights:
		return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("the bind account may not read %s", what), Hint: "give it the right to read, which each domain user has by default"}
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultOther:
		return unreachable(nil, "try again later", "%s cannot answer now (%s)", server, name)
	}
	return incomplete(nil, "try again", "%s could not read %s (%s)", server, what, name)
}

func notLoggedIn() error {
	return &source.Error{Code: source.CodeCredentials, Message: "the server took the password but treats the connection as anonymous", Hint: "check the bind account's name, and that this is a domain controller"}
}

// describe names an object for a message.
func describe(dn string) string {
	if dn == "" {
		return "the server's description of itself (rootDSE)"
	}
	return fmt.Sprintf("%.500q", dn)
}

// codeName names a result code.
func codeName(code int64) string {
	if name, ok := ldap.LDAPResultCodeMap[uint16(code)]; ok && 0 <= code && code < int64(ldap.ErrorNetwork) {
		return fmt.Sprintf("%s, LDAP result %d", strings.ToLower(name), code)
	}
	return fmt.Sprintf("LDAP result %d", code)
}

// windowsPattern is how AD begins its messages: the Windows error in hex.
var windowsPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[0-9A-Fa-f]{8}:`) })

// windowsCode is the Windows error in the message of an answer, "" for none.
func windowsCode(answer *ldap.Error) string {
	if answer.Err == nil {
		return ""
	}
	return strings.ToUpper(strings.TrimSuffix(windowsPattern().FindString(answer.Err.Error()), ":"))
}

var hostPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^[A-Za-z0-9.-]+$`) })

// referredTo names the host of a referral. It is never followed: the server
// named there would be sent the password.
func referredTo(answer *ldap.Error) string {
	if answer.Packet == nil || len(answer.Packet.Children) < 2 {
		return ""
	}
	for _, part := range answer.Packet.Children[1].Children {
		for _, uri := range part.Children {
			u, err := url.Parse(string(uri.ByteValue))
			if err != nil {
				continue
			}
			if host := u.Hostname(); len(host) < 256 && hostPattern().MatchString(host) {
				return "; it names " + host
			}
		}
	}
	return ""
}
