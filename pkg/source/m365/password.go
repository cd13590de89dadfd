package m365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/qpimport/qpimport/pkg/source"
)

// Resetter is a [Directory] that sets passwords, and writes nothing else.
type Resetter struct{ *Directory }

var _ source.PasswordResetter = (*Resetter)(nil)

// OpenResetter is [Open] for a connection with [source.RoleReset].
func OpenResetter(ctx context.Context, config Config) (*Resetter, error) {
	if config.Connection.Role != source.RoleReset {
		return nil, usage("the connection is not one that sets passwords")
	}
	d, err := Open(ctx, config)
	if err != nil {
		return nil, err
	}
	return &Resetter{d}, nil
}

// Password implements [source.PasswordResetter]. Microsoft 365 says neither whether
// the password has to be changed, nor more of its rules than are documented.
func (r *Resetter) Password(ctx context.Context, id string) (*source.PasswordState, error) {
	u, err := r.Find(ctx, id)
	if u == nil || err != nil {
		return nil, err
	}
	s := &source.PasswordState{User: *u, Mark: source.PasswordMark{At: u.PasswordLastSet}, SetAt: u.PasswordLastSet, Policy: source.PasswordPolicy{MinLength: 8, Complex: true, ASCII: true}}
	if u.Synced == source.Yes {
		s.CloudManaged, err = r.cloudManaged(ctx, id)
	}
	return s, err
}

// cloudManaged says of a synchronised user whether Microsoft 365 is where he is
// changed all the same; Unknown where that may not be read, or is not served.
func (r *Resetter) cloudManaged(ctx context.Context, id string) (source.Flag, error) {
	var b struct {
		IsCloudManaged *bool `json:"isCloudManaged"`
	}
	link := r.client.url("users/"+id+"/onPremisesSyncBehavior", url.Values{"$select": {"isCloudManaged"}})
	err := r.client.get(ctx, link, func(body io.Reader) error { return json.UnmarshalRead(body, &b) })
	switch {
	case source.CodeOf(err) == source.CodePermission || notServed(err):
		return source.Unknown, nil
	case err != nil || b.IsCloudManaged == nil:
		return source.Unknown, err
	}
	return source.FlagOf(*b.IsCloudManaged), nil
}

// SetPassword implements [source.PasswordResetter]: one PATCH of passwordProfile. A
// synchronised user's must not be set here: Graph takes it now and then, and the next
// change in AD takes it back.
func (r *Resetter) SetPassword(ctx context.Context, id string, p source.NewPassword) error {
	if err := source.CheckID(id); err != nil {
		return err
	}
	if p.Password.Reveal() == "" {
		return &source.Error{Code: source.CodePasswordRefused, Message: "the new password is empty"}
	}
	type profile struct {
		ForceChange bool   `json:"forceChangePasswordNextSignIn"`
		Password    string `json:"password"`
	}
	body, err := json.Marshal(struct {
		PasswordProfile profile `json:"passwordProfile"`
	}{profile{p.MustChange, p.Password.Reveal()}})
	if err != nil { // it is not repeated: it may quote the password
		return &source.Error{Code: source.CodePasswordRefused, Message: "the new password is not text"}
	}
	defer clear(body)
	if err := ctx.Err(); err != nil {
		return err
	}
	status, said, err := r.client.write(ctx, http.MethodPatch, r.client.url("users/"+id, nil), body, nil)
	if err == nil && (status == http.StatusNoContent || status == http.StatusOK) {
		return nil
	}
	return passwordError(status, said, err)
}

// passwordError explains why a password was not set, or that nobody knows. What the
// server says in free text is not repeated: it may hold what it was sent.
func passwordError(status int, said graphFailure, err error) error {
	text := statusText(status)
	if said.code != "" {
		text += ", " + said.code
	}
	message := strings.ToLower(said.message)
	switch {
	case status == 0 && !errors.Is(err, errSent):
		return err // a [source.Error]: it was not sent
	case status == http.StatusUnauthorized:
		return &source.Error{Code: source.CodeCredentials, Message: "Microsoft Graph refuses the access token (" + text + ")"}
	case status == http.StatusForbidden:
		return &source.Error{
			Code:    source.CodePermission,
			Message: "the application may not set the password of this user (" + text + ")",
			Hint: "it needs the application permission User-PasswordProfile.ReadWrite.All with admin consent, and a role that reaches this user: User Administrator for people without one; " +
				"who holds a role, or is a member or an owner of a role-assignable group, is reached by Privileged Authentication Administrator alone",
		}
	case status == http.StatusNotFound:
		return &source.Error{Code: source.CodeNotFound, Message: "the user is no longer in the tenant (" + text + ")"}
	case status == http.StatusTooManyRequests:
		return &source.Error{Code: source.CodeThrottled, Message: "Microsoft Graph is still busy after many tries (" + text + ")", Hint: "try again later"}
	case status == http.StatusBadRequest && strings.Contains(message, "on-premises mastered"):
		return &source.Error{Code: source.CodePasswordRefused, Message: "the user is synchronised from Active Directory, where the password has to be set (" + text + ")"}
	case status == http.StatusBadRequest && strings.Contains(message, "password"):
		return &source.Error{Code: source.CodePasswordRefused, Message: "the rules of Microsoft 365 refuse the new password (" + text + ")", Hint: "it may be too plain, or hold a word that is banned"}
	case status >= 400 && status < 500 && status != http.StatusRequestTimeout:
		return &source.Error{Code: source.CodePasswordRefused, Message: "Microsoft Graph refuses to set the password (" + text + ")"}
	case status != 0:
		err = fmt.Errorf("status %s", text)
	}
	return &source.Error{Code: source.CodeOutcomeUnknown, Message: "nobody knows whether Microsoft 365 has set the password", Err: err}
}
