package m365

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

var _ source.PowerLister = (*Directory)(nil)

// globalAdministrator is the definition of the weightiest role, the same everywhere.
const globalAdministrator = "62e90394-69f5-4237-9190-012177145e10"

// Powers implements [source.PowerLister]. A role that is assigned to somebody is a
// group of those that it is assigned to, whatever its scope; service principals are
// among their ids and are nobody. Groups to which roles can be assigned come with
// their members, and have power by themselves where no role is assigned to them, as
// have the owners of each: Entra ID protects all of these alike. Roles that somebody
// may activate, and has not, are not read.
//
// It takes one request each for the assignments, the names of roles and those groups,
// and one for every ten groups.
func (d *Directory) Powers(ctx context.Context) (source.Powers, error) {
	const ofRoles = "who holds roles"
	assignments, err := readAll(ctx, d.client, d.client.url("roleManagement/directory/roleAssignments", nil), decodeAssignment)
	if unknown := permissionOr(err, ofRoles, "RoleManagement.Read.Directory"); unknown != "" {
		return source.Powers{Unknown: unknown}, nil
	}
	if err != nil {
		return source.Powers{}, err
	}
	names, err := readAll(ctx, d.client, d.client.url("roleManagement/directory/roleDefinitions", url.Values{"$select": {"id,displayName"}}), decodeRole)
	if unknown := permissionOr(err, "the names of roles", "RoleManagement.Read.Directory"); unknown != "" {
		names, err = nil, nil // the ids will do
	}
	if err != nil {
		return source.Powers{}, err
	}
	roles := rolesOf(assignments, names)
	groups, err := d.roleGroups(ctx, assignments)
	powers := source.Powers{Groups: append(roles, groups...)}
	if powers.Unknown = permissionOr(err, "groups to which roles can be assigned", "GroupMember.Read.All"); powers.Unknown != "" {
		return powers, nil
	}
	return powers, err
}

// assignment is who holds a role: the id of a user, a group or a service principal.
type assignment struct{ role, principal string }

// rolesOf makes groups of the roles that are assigned, the weightiest first.
func rolesOf(assignments []assignment, names []source.Group) []source.Group {
	byID := map[string]*source.Group{}
	for _, a := range assignments {
		g := byID[a.role]
		if g == nil {
			g = &source.Group{Kind: source.M365, ID: a.role, Name: a.role, Power: true}
			byID[a.role] = g
		}
		g.Members = append(g.Members, a.principal)
	}
	for _, n := range names {
		if g := byID[n.ID]; g != nil {
			g.Name = cmp.Or(n.Name, n.ID)
		}
	}
	roles := make([]source.Group, 0, len(byID))
	for _, g := range byID {
		slices.Sort(g.Members)
		g.Members = slices.Compact(g.Members)
		roles = append(roles, *g)
	}
	slices.SortFunc(roles, func(a, b source.Group) int {
		first := func(g source.Group) int {
			if g.ID == globalAdministrator {
				return 0
			}
			return 1
		}
		return cmp.Or(cmp.Compare(first(a), first(b)), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return roles
}

// roleGroups are the groups to which roles can be assigned with who is in them, and
// who owns them as a group beside each.
func (d *Directory) roleGroups(ctx context.Context, assignments []assignment) ([]source.Group, error) {
	holds := map[string]bool{}
	for _, a := range assignments {
		holds[a.principal] = true
	}
	found, err := d.groups(ctx, "isAssignableToRole eq true")
	if notServed(err) { // the filter
		found, err = d.groups(ctx, "")
	}
	if err != nil {
		return nil, err
	}
	var groups []source.Group
	for _, g := range found {
		if !g.assignable && !holds[g.ID] {
			continue
		}
		g.Power = !holds[g.ID]
		groups = append(groups, g.Group)
	}
	slices.SortFunc(groups, func(a, b source.Group) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })

	links := make([]*url.URL, 0, 2*len(groups))
	for _, g := range groups {
		links = append(links, d.relation(g.ID, "transitiveMembers"), d.relation(g.ID, "owners"))
	}
	lists, err := all(ctx, d.client, links, decodeMember, func(i int, err error) error {
		if isAbsence(err) { // the group was deleted meanwhile, and gives nobody power
			return nil
		}
		return fmt.Errorf("the group %.100q: %w", groups[i/2].Name, err)
	})
	if err != nil {
		return nil, err
	}
	var out []source.Group
	for i, g := range groups {
		g.Members = idsOf(lists[2*i])
		out = append(out, g)
		if owners := idsOf(lists[2*i+1]); len(owners) > 0 {
			out = append(out, source.Group{Kind: source.M365, ID: g.ID + "/owners", Name: "Owners of " + g.Name, Power: true, Members: owners})
		}
	}
	return out, nil
}

func decodeAssignment(d *jsontext.Decoder) (assignment, error) {
	var a struct {
		Role      string `json:"roleDefinitionId"`
		Principal string `json:"principalId"`
	}
	if err := json.UnmarshalDecode(d, &a); err != nil {
		return assignment{}, fmt.Errorf("an assignment of a role cannot be read: %w", err)
	}
	principal, err := objectID("the principal of a role", a.Principal)
	if err == nil && a.Role == "" {
		err = errors.New("an assignment of a role does not say which")
	}
	return assignment{strings.ToLower(a.Role), principal}, err
}

func decodeRole(d *jsontext.Decoder) (source.Group, error) {
	var r struct {
		ID   string `json:"id"`
		Name string `json:"displayName"`
	}
	if err := json.UnmarshalDecode(d, &r); err != nil {
		return source.Group{}, fmt.Errorf("a role cannot be read: %w", err)
	}
	if r.ID == "" {
		return source.Group{}, errors.New("a role has no id")
	}
	return source.Group{ID: strings.ToLower(r.ID), Name: r.Name}, nil
}
