package ad

import (
	"context"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

const containerFilter = "(|(objectClass=organizationalUnit)(objectClass=container)(objectClass=builtinDomain))"

// Tree implements [source.OULister]: the OUs and containers below the base DN,
// and the domain itself.
func (d *Directory) Tree(ctx context.Context) (source.Tree, error) {
	domain, err := d.lookup(ctx, d.root, "objectGUID", "objectClass", "name", "wellKnownObjects", "otherWellKnownObjects")
	if err != nil {
		return source.Tree{}, err
	}
	if err := d.completeRanges(ctx, domain); err != nil {
		return source.Tree{}, err
	}
	wellKnown := map[string]string{} // by the key of the DN
	for _, attribute := range []string{"wellKnownObjects", "otherWellKnownObjects"} {
		for _, v := range values(domain, attribute) {
			guid, dn, err := adattr.ParseWellKnown(string(v))
			if err != nil {
				return source.Tree{}, incomplete(err, "try again", "%s of %q", attribute, d.root)
			}
			wellKnown[source.DNKey(dn)] = guid
		}
	}

	tree := source.Tree{Root: domain.DN}
	add := func(e *ldap.Entry) error {
		id, err := adattr.GUID([]byte(text(e, "objectGUID")))
		if err != nil {
			return incomplete(err, "the bind account needs the right to read it", "objectGUID of %.500q", e.DN)
		}
		var classes []string
		for _, c := range values(e, "objectClass") {
			classes = append(classes, string(c))
		}
		tree.Containers = append(tree.Containers, source.Container{
			ID: id, DN: e.DN, Name: text(e, "name"), Class: adattr.LeafClass(classes),
			WellKnown: wellKnown[source.DNKey(e.DN)],
		})
		return nil
	}
	if err := add(domain); err != nil {
		return source.Tree{}, err
	}
	req := ldap.SearchRequest{
		BaseDN: d.base, Scope: ldap.ScopeWholeSubtree, Filter: containerFilter,
		Attributes: []string{"objectGUID", "objectClass", "name"},
	}
	for page, err := range d.pages(ctx, req, 0) {
		if err != nil {
			return source.Tree{}, err
		}
		for _, e := range page {
			if err := add(e); err != nil {
				return source.Tree{}, err
			}
		}
	}
	return tree, nil
}
