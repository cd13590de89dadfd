package ad

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
)

// bind logs in, once: a second try with a wrong password brings the account
// nearer to being locked.
func (d *Directory) bind(ctx context.Context, cfg Config) error {
	account := cfg.Connection.BindDN
	if cfg.Password == nil {
		return usage("say where the password is read from", "no password for the bind account")
	}
	password, err := cfg.password(ctx, "the bind account")
	if err != nil {
		return err
	}
	d.guard.setWait(cfg.Timeouts.Bind)
	err = d.do(ctx, func() error { return d.conn.Bind(account, password.Reveal()) })
	if err == nil {
		d.log("logged in as %q", account)
		return nil
	}
	var answer *ldap.Error
	if ctx.Err() == nil && errors.As(err, &answer) && answer.ResultCode < ldap.ErrorNetwork {
		return bindError(answer, d.guard.server, account)
	}
	return d.explain(ctx, "", err)
}

// password asks for the password of an account. One that cannot be right is not
// tried: each try may bring the account nearer to being locked.
func (cfg Config) password(ctx context.Context, account string) (source.Secret, error) {
	password, err := cfg.Password(ctx)
	switch {
	case err != nil:
		return source.Secret{}, err
	case password.Reveal() == "": // AD takes it for an anonymous login and says success
		return source.Secret{}, usage("check where the password is read from", "the password of %s is empty", account)
	case strings.ContainsAny(password.Reveal(), "\r\n\x00"): // more than the password, or UTF-16 without its mark
		return source.Secret{}, usage("where it is read from there may be nothing but the password, as text in UTF-8", "the password of %s has a line break or a zero byte in it: it was not tried", account)
	case !utf8.ValidString(password.Reveal()):
		return source.Secret{}, usage("where it is read from it has to be in UTF-8; Windows PowerShell saves it so with -Encoding utf8", "the password of %s is not UTF-8, as AD has it: it was not tried", account)
	}
	return password, nil
}

// reasonPattern finds AD's own code in "…AcceptSecurityContext error, data 52e, v3839".
var reasonPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`, data ([0-9a-f]{1,8}),`) })

// refusals are AD's own codes for a refused login.
var refusals = map[string]struct{ why, hint string }{
	"525":      {"there is no such account", "check the bind account's name"},
	"52e":      {"the name or the password is wrong", "check both; it was tried once: more tries may lock the account"},
	"530":      {"the account may not log in at this time", "look at its logon hours"},
	"531":      {"the account may not log in from this computer", "look at the workstations it may log in from"},
	"532":      {"the password has expired", "set a new one, and that it does not expire"},
	"533":      {"the account is disabled", "enable it, or name another"},
	"568":      {"the account is in too many groups", "use an account in fewer groups"},
	"701":      {"the account has expired", "set a later date of expiry, or none"},
	"773":      {"the password must be changed first", "set a password with \"must change at next logon\" off"},
	"57":       {"the server takes another step of the login than was sent", "try again; the clock or something between here and the server may be at fault"},
	"80090346": {"it does not come over the connection that it was made for (channel binding)", "does something between here and the domain controller end the TLS connection?"},
	"775":      {"the account is locked", "unlock it, and find out what locked it: it was tried once here"},
}

// bindError explains why a login was refused.
func bindError(answer *ldap.Error, server, account string) error {
	refused := &source.Error{Code: source.CodeCredentials}
	switch answer.ResultCode {
	case ldap.LDAPResultInvalidCredentials, ldap.LDAPResultInappropriateAuthentication, ldap.LDAPResultInvalidDNSyntax:
		refused.Message = fmt.Sprintf("%s refuses the login of %q", server, account)
		refused.Hint = "check the bind account's name and password; it was tried once: more tries may lock the account"
		if found := reasonPattern().FindStringSubmatch(answer.Err.Error()); found != nil {
			if r, ok := refusals[found[1]]; ok {
				refused.Message += fmt.Sprintf(": %s (%s)", r.why, found[1])
				refused.Hint = r.hint
			}
		}
		return refused
	case ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired:
		return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("%s refuses a login by password over this connection", server), Hint: "it asks for TLS or signing: use ldaps://, or log in with a ticket, which seals the connection"}
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable, ldap.LDAPResultOther:
		return resultError(answer, server, "")
	}
	refused.Message = fmt.Sprintf("%s refuses the login of %q (%s)", server, account, codeName(int64(answer.ResultCode)))
	return refused
}
