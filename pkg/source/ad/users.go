package ad

import (
	"context"
	"fmt"
	"iter"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// userFilter finds user objects and nothing else: a single indexed equality
// that leaves out computers, trusts and contacts and takes inetOrgPersons.
const userFilter = "(sAMAccountType=" + adattr.UserType + ")"

// Users implements [source.Directory]. A user without userAccountControl is an
// error with CodePermission: the bind account may not read it, and a disabled
// user would look enabled.
func (d *Directory) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	base := scope.Base
	if base == "" {
		base = d.base
	}
	attributes := adattr.UserAttributes()
	if scope.Brief {
		attributes = adattr.BriefAttributes()
	}
	req := ldap.SearchRequest{BaseDN: base, Scope: ldap.ScopeWholeSubtree, Filter: userFilter, Attributes: attributes}
	return func(yield func(source.User, error) bool) {
		left := scope.Limit
		for page, err := range d.pages(ctx, req, scope.Limit) {
			if err != nil {
				yield(source.User{}, err)
				return
			}
			for _, e := range page {
				u, err := user(e, scope.Brief)
				if !yield(u, err) || err != nil {
					return
				}
				if left--; left == 0 {
					return
				}
			}
		}
	}
}

func user(e *ldap.Entry, brief bool) (source.User, error) {
	u, err := adattr.FromAttributes(e.DN, func(name string) [][]byte { return values(e, name) })
	if err != nil {
		return source.User{}, err
	}
	if u.Enabled == source.Unknown && !brief {
		return source.User{}, &source.Error{
			Code:    source.CodePermission,
			Message: fmt.Sprintf("cannot read userAccountControl of %.500q", e.DN),
			Hint:    "give the bind account the right to read it, which each domain user has by default: without it nobody can tell who is disabled",
		}
	}
	return u, nil
}
