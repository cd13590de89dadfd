package ad

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// Resetter is a [Directory] that sets passwords, and writes nothing else.
type Resetter struct {
	*Directory
	domain *source.PasswordPolicy // read once
	own    map[string]ownPolicy   // policies of their own, by DN
}

var (
	_ source.PasswordResetter = (*Resetter)(nil)
	_ source.PasswordWatcher  = (*Directory)(nil)
	_ source.SyncLocator      = (*Directory)(nil)
)

// OpenResetter is [Open] for a connection with [source.RoleReset]. It is not safe for
// use by several goroutines.
func OpenResetter(ctx context.Context, cfg Config) (*Resetter, error) {
	if cfg.Connection.Role != source.RoleReset {
		return nil, usage("", "the connection is not one that sets passwords")
	}
	d, err := Open(ctx, cfg)
	if err != nil {
		return nil, err
	}
	return &Resetter{Directory: d, own: map[string]ownPolicy{}}, nil
}

// The bits of userAccountControl and of its computed form that count here.
const (
	neverExpires = 0x10000 // ADS_UF_DONT_EXPIRE_PASSWD
	lockedOut    = 0x10    // ADS_UF_LOCKOUT
)

// Password implements [source.PasswordResetter].
func (r *Resetter) Password(ctx context.Context, id string) (*source.PasswordState, error) {
	u, err := r.Find(ctx, id)
	if u == nil || err != nil {
		return nil, err
	}
	e, err := r.lookup(ctx, guidBase(id), "pwdLastSet", "replPropertyMetaData", "userAccountControl",
		"msDS-User-Account-Control-Computed", "msDS-ResultantPSO")
	if err != nil {
		return nil, err
	}
	s := &source.PasswordState{User: *u}
	if s.Mark, s.MustChange, err = mark(e); err != nil {
		return nil, err
	}
	s.SetAt = s.Mark.At
	if found, ok := passwordMetadata([]byte(text(e, "replPropertyMetaData"))); ok && s.SetAt.IsZero() {
		s.SetAt = found.at
	}
	if computed, err := strconv.ParseInt(text(e, "msDS-User-Account-Control-Computed"), 10, 64); err == nil {
		s.Locked = source.FlagOf(computed&lockedOut != 0)
	}
	uac, err := strconv.ParseInt(text(e, "userAccountControl"), 10, 64)
	s.NeverExpires = err == nil && uac&neverExpires != 0
	s.Policy, err = r.policy(ctx, text(e, "msDS-ResultantPSO"))
	return s, err
}

func guidBase(id string) string { return "<GUID=" + id + ">" }

// mark reads when a password was set, and whether it has to be changed.
func mark(e *ldap.Entry) (m source.PasswordMark, mustChange source.Flag, err error) {
	if found, ok := passwordMetadata([]byte(text(e, "replPropertyMetaData"))); ok {
		m.Version = found.version
	}
	set := text(e, "pwdLastSet")
	if m.At, err = adattr.FileTime(set); err != nil {
		return m, source.Unknown, incomplete(err, "try again", "pwdLastSet of %.500q", e.DN)
	}
	if set != "" {
		mustChange = source.FlagOf(set == "0")
	}
	return m, mustChange, nil
}

// policy is what a user's password has to be like: the domain's policy, or one of his
// own (a fine-grained one), which only some may read.
func (r *Resetter) policy(ctx context.Context, own string) (source.PasswordPolicy, error) {
	if r.domain == nil {
		e, err := r.lookup(ctx, r.root, "minPwdLength", "pwdProperties")
		if err != nil {
			return source.PasswordPolicy{}, err
		}
		const complexity = 1 // DOMAIN_PASSWORD_COMPLEX
		properties, err := strconv.ParseInt(text(e, "pwdProperties"), 10, 64)
		p := source.PasswordPolicy{Complex: err != nil || properties&complexity != 0}
		if p.MinLength, err = strconv.Atoi(text(e, "minPwdLength")); err != nil {
			p.Unread = "the domain's password policy"
		}
		r.domain = &p
	}
	if own == "" {
		return *r.domain, nil
	}
	found, ok := r.own[own]
	if !ok {
		var err error
		if found, err = r.readOwn(ctx, own); err != nil {
			return source.PasswordPolicy{}, err
		}
		r.own[own] = found
	}
	if !found.readable {
		p := *r.domain
		p.Complex, p.Unread = true, "the fine-grained policy "+strconv.Quote(own)
		return p, nil
	}
	return found.PasswordPolicy, nil
}

// ownPolicy is a fine-grained password policy.
type ownPolicy struct {
	source.PasswordPolicy
	readable bool
}

func (r *Resetter) readOwn(ctx context.Context, dn string) (ownPolicy, error) {
	res, err := r.ask(ctx, &ldap.SearchRequest{
		BaseDN: dn, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)",
		Attributes: []string{"msDS-MinimumPasswordLength", "msDS-PasswordComplexityEnabled"},
	})
	if err != nil && !isNoSuchObject(err) {
		return ownPolicy{}, r.explain(ctx, dn, err)
	}
	if len(res.Entries) != 1 {
		return ownPolicy{}, nil
	}
	e := res.Entries[0]
	length, err := strconv.Atoi(text(e, "msDS-MinimumPasswordLength"))
	p := source.PasswordPolicy{MinLength: length, Complex: text(e, "msDS-PasswordComplexityEnabled") != "FALSE"}
	return ownPolicy{p, err == nil}, nil
}

// maxPassword is how long a password may be, in UTF-16 units: Windows takes no more.
const maxPassword = 256

// SetPassword implements [source.PasswordResetter]: one modify request for the object
// with the GUID, whatever it is called by now, that does all or nothing. It is sent
// once.
func (r *Resetter) SetPassword(ctx context.Context, id string, p source.NewPassword) error {
	if err := source.CheckID(id); err != nil {
		return err
	}
	value, err := unicodePwd(p.Password.Reveal())
	if err != nil {
		return err
	}
	req := ldap.NewModifyRequest(guidBase(id), nil)
	req.Replace("unicodePwd", []string{value})
	if p.MustChange {
		req.Replace("pwdLastSet", []string{"0"})
	}
	if p.Unlock {
		req.Replace("lockoutTime", []string{"0"})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	r.searching.Lock()
	err = r.do(ctx, func() error { return r.conn.Modify(req) })
	r.searching.Unlock()
	var answer *ldap.Error
	switch {
	case err == nil:
		r.log("password of %s set", id)
		return nil
	case errors.As(err, &answer) && answer.ResultCode < ldap.ErrorNetwork && !mayBeDone(answer.ResultCode):
		return r.modifyError(answer, p)
	}
	// It was on its way, and may have arrived.
	return &source.Error{
		Code:    source.CodeOutcomeUnknown,
		Message: fmt.Sprintf("nobody knows whether %s has set the password", r.guard.server),
		Err:     r.explain(context.WithoutCancel(ctx), guidBase(id), err),
	}
}

// mayBeDone says that a server failed, and does not say how far it had come.
func mayBeDone(code uint16) bool {
	return code == ldap.LDAPResultOther || code == ldap.LDAPResultTimeLimitExceeded
}

// unicodePwd is a password as AD takes it: in quotes, in UTF-16. What AD would take
// and nobody could log in with is refused.
func unicodePwd(password string) (string, error) {
	refused := func(why string) (string, error) {
		return "", &source.Error{Code: source.CodePasswordRefused, Message: "the new password " + why}
	}
	units := utf16.Encode([]rune(password))
	switch {
	case password == "":
		return refused("is empty")
	case !utf8.ValidString(password):
		return refused("is not text")
	case len(units) > maxPassword:
		return refused(fmt.Sprintf("is longer than %d characters", maxPassword))
	}
	for _, u := range units {
		if u < 0x20 || u == 0x7f {
			return refused("holds a control character")
		}
	}
	value := make([]byte, 0, 2*len(units)+4)
	value = binary.LittleEndian.AppendUint16(value, '"')
	for _, u := range units {
		value = binary.LittleEndian.AppendUint16(value, u)
	}
	return string(binary.LittleEndian.AppendUint16(value, '"')), nil
}

// The Windows errors that AD gives for a password.
const (
	windowsPolicy    = "0000052D" // ERROR_PASSWORD_RESTRICTION
	windowsUnwilling = "0000001F" // ERROR_GEN_FAILURE: not over this connection, or not so written
)

// modifyError explains why a password was not set.
func (r *Resetter) modifyError(answer *ldap.Error, p source.NewPassword) error {
	server, name := r.guard.server, codeName(int64(answer.ResultCode))
	windows := windowsCode(answer)
	if windows != "" {
		name += ", Windows error " + windows
	}
	switch answer.ResultCode {
	case ldap.LDAPResultConstraintViolation:
		if windows == windowsPolicy {
			return &source.Error{Code: source.CodePasswordRefused, Message: "the domain's password policy refuses the new password (" + name + ")", Hint: "it may be too short or too plain, or hold a part of the user's name; a fine-grained policy may ask for more than the domain's"}
		}
		return &source.Error{Code: source.CodePasswordRefused, Message: fmt.Sprintf("%s refuses the new password (%s)", server, name)}
	case ldap.LDAPResultInsufficientAccessRights:
		rights := "Reset Password"
		if p.MustChange {
			rights += ", to write pwdLastSet"
		}
		if p.Unlock {
			rights += ", to write lockoutTime"
		}
		return &source.Error{
			Code:    source.CodePermission,
			Message: "the bind account may not set the password of this user (" + name + ")",
			Hint:    "it needs on that user: " + rights + "; members of protected groups such as Domain Admins are out of reach of what is delegated on an OU",
		}
	case ldap.LDAPResultUnwillingToPerform:
		hint := "it asks for an encrypted connection to a domain controller that takes changes: not to the port of the global catalog, nor to a read-only one"
		if windows != windowsUnwilling {
			hint = ""
		}
		return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("%s is unwilling to set a password over this connection (%s)", server, name), Hint: hint}
	case ldap.LDAPResultNoSuchObject:
		return &source.Error{Code: source.CodeNotFound, Message: "the user is no longer in the directory"}
	case ldap.LDAPResultReferral:
		return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("%s takes no changes%s", server, referredTo(answer)), Hint: "connect the role reset to a domain controller that is not read-only"}
	case ldap.LDAPResultOperationsError, ldap.LDAPResultStrongAuthRequired, ldap.LDAPResultConfidentialityRequired,
		ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		return resultError(answer, server, "the user")
	}
	return &source.Error{Code: source.CodePermission, Message: fmt.Sprintf("%s did not set the password (%s)", server, name)}
}

// PasswordChanges implements [source.PasswordWatcher]: it asks for the users that
// changed since, which an index answers, and looks at when the password itself did.
func (d *Directory) PasswordChanges(ctx context.Context, since source.PasswordCursor) ([]source.PasswordChange, source.PasswordCursor, error) {
	now, err := d.cursor(ctx)
	if err != nil || since.Server != now.Server || since.USN > now.USN {
		return nil, now, err
	}
	if since.USN == now.USN {
		return nil, now, nil
	}
	req := ldap.SearchRequest{
		BaseDN: d.root, Scope: ldap.ScopeWholeSubtree, Filter: fmt.Sprintf("(&%s(uSNChanged>=%d))", userFilter, since.USN+1),
		Attributes: []string{"objectGUID", "pwdLastSet", "replPropertyMetaData"},
	}
	var changes []source.PasswordChange
	for page, err := range d.pages(ctx, req, 0) {
		if err != nil {
			return nil, now, err
		}
		for _, e := range page {
			c, set, err := passwordChange(e, since)
			if err != nil {
				return nil, now, err
			}
			if set {
				changes = append(changes, c)
			}
		}
	}
	return changes, now, nil
}

// passwordChange says whether a user's password was set since. The server's own
// number of that change tells it; where that may not be read, the time does, and
// nothing does of one that has to be changed.
func passwordChange(e *ldap.Entry, since source.PasswordCursor) (c source.PasswordChange, set bool, err error) {
	if c.ID, err = adattr.GUID([]byte(text(e, "objectGUID"))); err != nil {
		return c, false, incomplete(err, "try again", "objectGUID of %.500q", e.DN)
	}
	var mustChange source.Flag
	if c.Mark, mustChange, err = mark(e); err != nil {
		return c, false, err
	}
	if found, ok := passwordMetadata([]byte(text(e, "replPropertyMetaData"))); ok {
		c.Certain = true
		return c, found.usn > since.USN, nil
	}
	c.Certain = !c.Mark.At.IsZero()
	return c, mustChange == source.Yes || !c.Mark.At.Before(since.At) && c.Certain, nil
}

// cursor is how far the changes of the domain have come, by this server's count.
func (d *Directory) cursor(ctx context.Context) (source.PasswordCursor, error) {
	var c source.PasswordCursor
	dse, err := d.lookup(ctx, "", "dsServiceName", "highestCommittedUSN", "currentTime")
	if err != nil {
		return c, err
	}
	if c.USN, err = strconv.ParseInt(text(dse, "highestCommittedUSN"), 10, 64); err != nil || c.USN <= 0 {
		return c, incomplete(nil, "is this a domain controller?", "%s does not say how far its changes have come (highestCommittedUSN)", d.guard.server)
	}
	// A clock that cannot be read leaves the zero time, which is before everything.
	c.At, _ = time.Parse("20060102150405.0Z", text(dse, "currentTime"))
	service, err := d.lookup(ctx, text(dse, "dsServiceName"), "invocationId")
	if err != nil {
		return c, err
	}
	if c.Server, err = adattr.GUID([]byte(text(service, "invocationId"))); err != nil {
		return c, incomplete(err, "the bind account needs the right to read it", "invocationId of %s", d.guard.server)
	}
	return c, nil
}

// syncServer finds the server in the description of an account of AD Connect:
// "… running on computer AADC01 configured to synchronize to tenant …", quoted or not.
var syncServer = regexp.MustCompile(`(?i)\bcomputer '?([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)'?`)

// SyncServers implements [source.SyncLocator] by the accounts that AD Connect makes to
// read AD, MSOL_ and some digits.
func (d *Directory) SyncServers(ctx context.Context) ([]string, error) {
	req := ldap.SearchRequest{
		BaseDN: d.root, Scope: ldap.ScopeWholeSubtree, Filter: "(&" + userFilter + "(sAMAccountName=MSOL_*))", Attributes: []string{"objectGUID", "description"},
	}
	var servers []string
	for page, err := range d.pages(ctx, req, 0) {
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			if found := syncServer.FindStringSubmatch(text(e, "description")); found != nil {
				servers = append(servers, found[1])
			}
		}
	}
	return servers, nil
}
