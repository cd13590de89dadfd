package m365

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

var (
	_ source.GroupLister   = (*Directory)(nil)
	_ source.LicenceLister = (*Directory)(nil)
)

// groupProperties are what is read of a group.
const groupProperties = "id,displayName,mail,mailNickname,isAssignableToRole,visibility"

// Groups implements [source.GroupLister]. A group that is wanted has everybody in it,
// nested or not, as its Members, a group of which nobody asked for the members none;
// with want nil every group has who and what is in it directly. A wanted group whose
// membership is hidden and shows nobody is an error, in the list of all it is empty.
//
// The members are asked for without a cast to users, and those that are no users or
// groups left out here: with a cast Graph answers from an index that lags behind, so
// that somebody may be missing and nothing says so.
func (d *Directory) Groups(ctx context.Context, want func(*source.Group) bool) ([]source.Group, error) {
	found, err := d.groups(ctx, "")
	if err != nil {
		return nil, err
	}
	groups := make([]source.Group, 0, len(found))
	for _, g := range found {
		groups = append(groups, g.Group)
	}
	if want == nil {
		lists, gone, err := d.relations(ctx, groups, "members")
		if err != nil {
			return nil, err
		}
		here := groups[:0]
		for i, g := range groups {
			if g.Members = lists[i]; !gone[i] {
				here = append(here, g)
			}
		}
		return here, nil
	}
	here := groups[:0]
	for i, g := range groups {
		if !want(&g) {
			here = append(here, g)
			continue
		}
		members, err := readAll(ctx, d.client, d.relation(g.ID, "transitiveMembers"), decodeMember)
		if isAbsence(err) { // it was deleted meanwhile
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("the members of the group %.100q: %w", g.Name, err)
		}
		if g.Members = idsOf(members); len(g.Members) == 0 && found[i].hidden {
			return nil, &source.Error{
				Code:    source.CodePermission,
				Message: fmt.Sprintf("the membership of the group %.100q is hidden, and Microsoft Graph shows nobody in it", g.Name),
				Hint:    "give the application the permission Member.Read.Hidden of Microsoft Graph as well; where it has that, the group is empty",
			}
		}
		here = append(here, g)
	}
	return here, nil
}

// foundGroup is a group with what only this adapter looks at.
type foundGroup struct {
	source.Group
	assignable bool // roles can be assigned to it
	hidden     bool // its membership is
}

// groups lists the groups that a filter lets through, each once.
func (d *Directory) groups(ctx context.Context, filter string) ([]foundGroup, error) {
	query := url.Values{"$select": {groupProperties}, "$top": {strconv.Itoa(pageSize)}}
	if filter != "" {
		query.Set("$filter", filter)
	}
	all, err := readAll(ctx, d.client, d.client.url("groups", query), decodeGroup)
	if err != nil {
		return nil, err
	}
	seen := make(map[string]bool, len(all))
	return slices.DeleteFunc(all, func(g foundGroup) bool {
		twice := seen[g.ID]
		seen[g.ID] = true
		return twice
	}), nil
}

// relation is the link to the members, transitiveMembers or owners of a group. Owners,
// of whom there are few, are documented without a size of pages.
func (d *Directory) relation(group, name string) *url.URL {
	query := url.Values{"$select": {"id"}}
	if name != "owners" {
		query.Set("$top", strconv.Itoa(pageSize))
	}
	return d.client.url("groups/"+group+"/"+name, query)
}

// relations reads one relation of many groups. A group that was deleted meanwhile is
// gone.
func (d *Directory) relations(ctx context.Context, groups []source.Group, name string) (ids [][]string, gone map[int]bool, err error) {
	links := make([]*url.URL, len(groups))
	for i, g := range groups {
		links[i] = d.relation(g.ID, name)
	}
	gone = map[int]bool{}
	lists, err := all(ctx, d.client, links, decodeMember, func(i int, err error) error {
		if gone[i] = isAbsence(err); gone[i] {
			return nil
		}
		return fmt.Errorf("the %s of the group %.100q: %w", name, groups[i].Name, err)
	})
	ids = make([][]string, len(lists))
	for i, list := range lists {
		ids[i] = idsOf(list)
	}
	return ids, gone, err
}

func decodeGroup(d *jsontext.Decoder) (foundGroup, error) {
	var g struct {
		ID                 string `json:"id"`
		DisplayName        string `json:"displayName"`
		Mail               string `json:"mail"`
		MailNickname       string `json:"mailNickname"`
		Visibility         string `json:"visibility"`
		IsAssignableToRole bool   `json:"isAssignableToRole"`
	}
	if err := json.UnmarshalDecode(d, &g); err != nil {
		return foundGroup{}, fmt.Errorf("a group cannot be read: %w", err)
	}
	id, err := objectID("a group", g.ID)
	return foundGroup{
		Group:      source.Group{Kind: source.M365, ID: id, Name: cmp.Or(g.DisplayName, g.Mail, g.MailNickname, id), Account: g.MailNickname, Email: g.Mail},
		assignable: g.IsAssignableToRole,
		hidden:     strings.EqualFold(g.Visibility, "HiddenMembership"),
	}, err
}

// objectID is an id of a directory object in lower case. It becomes a part of paths,
// and has to be a GUID for that.
func objectID(what, id string) (string, error) {
	lower := strings.ToLower(strings.TrimSpace(id))
	switch {
	case lower == "":
		return "", errors.New(what + " has no id")
	case !source.IsID(lower):
		return "", fmt.Errorf("%s has the id %.80q, which is no GUID", what, id)
	}
	return lower, nil
}

// member is an object in a group; id is "" where it is nobody and no group.
type member struct{ id string }

// decodeMember reads an object of which the application may know no more than type and
// id. One of an unknown type stays: it may be a user.
func decodeMember(d *jsontext.Decoder) (member, error) {
	var m struct {
		Type string `json:"@odata.type"`
		ID   string `json:"id"`
	}
	if err := json.UnmarshalDecode(d, &m); err != nil {
		return member{}, fmt.Errorf("a member cannot be read: %w", err)
	}
	id, err := objectID("a member", m.ID)
	switch strings.TrimPrefix(m.Type, "#microsoft.graph.") {
	case "device", "servicePrincipal", "orgContact", "application":
		return member{}, err
	}
	return member{id}, err
}

// idsOf are the ids of members, sorted, each once.
func idsOf(members []member) []string {
	var ids []string
	for _, m := range members {
		if m.id != "" {
			ids = append(ids, m.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// Licences implements [source.LicenceLister].
func (d *Directory) Licences(ctx context.Context) ([]source.Licence, error) {
	all, err := readAll(ctx, d.client, d.client.url("subscribedSkus", url.Values{"$select": {"skuId,skuPartNumber"}}), decodeSKU)
	if err != nil {
		return nil, err
	}
	slices.SortFunc(all, func(a, b source.Licence) int { return strings.Compare(a.ID, b.ID) })
	return slices.CompactFunc(all, func(a, b source.Licence) bool { return a.ID == b.ID }), nil
}

func decodeSKU(d *jsontext.Decoder) (source.Licence, error) {
	var sku struct {
		ID   string `json:"skuId"`
		Name string `json:"skuPartNumber"`
	}
	if err := json.UnmarshalDecode(d, &sku); err != nil {
		return source.Licence{}, fmt.Errorf("a licence cannot be read: %w", err)
	}
	id, err := objectID("a licence", sku.ID)
	return source.Licence{ID: id, Name: sku.Name}, err
}
