package ad

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// Find implements [source.Finder]: it asks for the object by its GUID, so that it
// does not matter where in the domain the user is, within the base DN or not.
// An absence is the result noSuchObject with nothing beside it. AD gives it for
// what was deleted as well, and for what the bind account may not even see. What
// is there and no user, so that [Directory.Users] would never yield it, is absent
// too: a user's account can be turned into a computer's.
func (d *Directory) Find(ctx context.Context, id string) (*source.User, error) {
	if err := source.CheckID(id); err != nil {
		return nil, err
	}
	// Not only users are asked for: an empty answer could then mean that the
	// filter does not fit, or that the object may not be read.
	base := "<GUID=" + id + ">"
	res, err := d.ask(ctx, &ldap.SearchRequest{
		BaseDN: base, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=*)",
		Attributes: append(adattr.UserAttributes(), "objectClass", "sAMAccountType", "isDeleted"),
	})
	if err != nil && !isNoSuchObject(err) {
		return nil, d.explain(ctx, base, err)
	}
	switch parts := len(res.Entries) + len(res.Referrals); {
	case parts == 0 && err != nil:
		return nil, nil
	case parts == 0:
		return nil, unreadable(base)
	case parts > 1 || len(res.Entries) == 0 || err != nil:
		return nil, incomplete(nil, "try again", "%s contradicts itself about %s", d.guard.server, describe(base))
	}
	return d.found(ctx, id, res.Entries[0])
}

func isNoSuchObject(err error) bool {
	var answer *ldap.Error
	return errors.As(err, &answer) && answer.ResultCode == ldap.LDAPResultNoSuchObject
}

// found makes a user of the object that was asked for, nil where it is none.
func (d *Directory) found(ctx context.Context, id string, e *ldap.Entry) (*source.User, error) {
	guid, err := adattr.GUID([]byte(text(e, "objectGUID")))
	if err != nil {
		return nil, incomplete(err, "the bind account needs the right to read it", "objectGUID of %.500q", e.DN)
	}
	if guid != id {
		return nil, incomplete(nil, "try again", "%s was asked for the object %s and sent %.500q", d.guard.server, id, e.DN)
	}
	if strings.EqualFold(text(e, "isDeleted"), "TRUE") {
		return nil, nil
	}
	isUser := slices.ContainsFunc(values(e, "objectClass"), func(v []byte) bool { return strings.EqualFold(string(v), "user") })
	switch kind := text(e, "sAMAccountType"); {
	case kind == "" && (isUser || len(values(e, "objectClass")) == 0):
		return nil, unreadable(e.DN) // nobody can tell what it is
	case kind != adattr.UserType:
		return nil, nil
	}
	if err := d.completeRanges(ctx, e); err != nil {
		return nil, err
	}
	u, err := user(e, false)
	if err != nil {
		return nil, err
	}
	return &u, nil
}
