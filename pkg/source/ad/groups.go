package ad

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

const groupFilter = "(objectClass=group)"

// How much of groups is asked for at once. What AD bounds by itself, Samba sends whole
// to who does not say: more than one message, or one page, may hold.
const (
	firstMembers  = 1500 // of each group, as many as AD gives
	groupsAPage   = 200  // with members
	groupsAFilter = 200  // named in one filter
)

// extendedDN is the control that asks for each DN with the ids of its object, as
// <GUID=…>;<SID=…>;DN (MS-ADTS 3.1.1.3.4.1.5): members are known by id, and a rename
// while they are read does not matter. The value is the flag 1 in BER: ids in the form
// that people write.
func extendedDN() ldap.Control {
	return ldap.NewControlString("1.2.840.113556.1.4.529", false, "\x30\x03\x02\x01\x01")
}

// parseExtendedDN takes an extended DN apart; what is no security principal has no SID.
func parseExtendedDN(s string) (id, sid, dn string, err error) {
	bad := fmt.Errorf("%.500q is not <GUID=…>;<SID=…>;DN", s)
	rest, ok := strings.CutPrefix(s, "<GUID=")
	if !ok {
		return "", "", "", bad
	}
	id, rest, ok = strings.Cut(rest, ">;")
	if id = strings.ToLower(id); !ok || !source.IsID(id) {
		return "", "", "", bad
	}
	if named, ok := strings.CutPrefix(rest, "<SID="); ok {
		sid, rest, ok = strings.Cut(named, ">;")
		if _, err := adattr.SIDBytes(sid); !ok || err != nil {
			return "", "", "", bad
		}
	}
	if rest == "" || rest[0] == '<' {
		return "", "", "", bad
	}
	return id, sid, rest, nil
}

// Groups implements [source.GroupLister]. It reads the whole domain, whatever the base
// DN: groups may lie elsewhere than the users in them.
func (d *Directory) Groups(ctx context.Context, want func(*source.Group) bool) ([]source.Group, error) {
	if want == nil {
		return d.readGroups(ctx, groupFilter, true)
	}
	groups, err := d.readGroups(ctx, groupFilter, false)
	if err != nil {
		return nil, err
	}
	index := make(map[string]int, len(groups))
	var wanted []string
	for i := range groups {
		index[groups[i].ID] = i
		if want(&groups[i]) {
			wanted = append(wanted, groups[i].ID)
		}
	}
	left := 0 // asked for and not yet there
	x := descent{d: d, seen: map[string]bool{}}
	x.enter = func(id string) bool {
		_, isGroup := index[id]
		if isGroup {
			left++
		}
		return isGroup
	}
	x.take = func(g source.Group) {
		if i, asked := index[g.ID]; asked {
			left--
			groups[i].Members, groups[i].Outsiders = g.Members, g.Outsiders
		}
	}
	if err := x.from(ctx, wanted); err != nil {
		return nil, err
	}
	if left != 0 {
		return nil, incomplete(nil, "try again", "groups were deleted while they were read")
	}
	return groups, nil
}

// descent goes down from group to group.
type descent struct {
	d     *Directory
	seen  map[string]bool // ids that were asked for
	enter func(id string) bool
	take  func(source.Group)
}

// from reads the groups that are named, what else is named being none, and the groups
// in them that enter says yes to, level by level.
func (x *descent) from(ctx context.Context, ids []string) error {
	for level := x.fresh(nil, ids); len(level) > 0; {
		var below []string
		for some := range slices.Chunk(level, groupsAFilter) {
			var filter strings.Builder
			filter.WriteString("(&" + groupFilter + "(|")
			for _, id := range some {
				raw, err := adattr.GUIDBytes(id)
				if err != nil {
					return incomplete(err, "try again", "the id of a group")
				}
				filter.WriteString(equals("objectGUID", raw))
			}
			filter.WriteString("))")
			groups, err := x.d.readGroups(ctx, filter.String(), true)
			if err != nil {
				return err
			}
			for _, g := range groups {
				x.take(g)
				below = x.fresh(below, g.Members)
			}
		}
		level = below
	}
	return nil
}

// fresh adds the ids that were not asked for yet and are to be.
func (x *descent) fresh(list, ids []string) []string {
	for _, id := range ids {
		if !x.seen[id] && x.enter(id) {
			x.seen[id] = true
			list = append(list, id)
		}
	}
	return list
}

// equals is a filter for a value of bytes.
func equals(attribute string, value []byte) string {
	var b strings.Builder
	b.WriteString("(" + attribute + "=")
	for _, c := range value {
		fmt.Fprintf(&b, `\%02x`, c)
	}
	b.WriteString(")")
	return b.String()
}

// readGroups reads the groups that a filter finds, in the server's order.
func (d *Directory) readGroups(ctx context.Context, filter string, members bool) ([]source.Group, error) {
	req := ldap.SearchRequest{
		BaseDN: d.root, Scope: ldap.ScopeWholeSubtree, Filter: filter,
		Attributes: []string{"objectGUID", "objectSid", "name", "sAMAccountName", "mail"},
	}
	size := pageSize
	if members {
		size = groupsAPage
		req.Attributes = append(req.Attributes, fmt.Sprintf("member;range=0-%d", firstMembers-1))
		req.Controls = []ldap.Control{extendedDN()}
	}
	var groups []source.Group
	for page, err := range d.pagesOf(ctx, req, size, 0) {
		if err != nil {
			return nil, err
		}
		for _, e := range page {
			g, err := d.group(e, members)
			if err != nil {
				return nil, err
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// group makes a group of an entry, which has extended DNs where it has members.
func (d *Directory) group(e *ldap.Entry, members bool) (source.Group, error) {
	g := source.Group{Kind: source.AD, DN: e.DN, Name: text(e, "name"), Account: text(e, "sAMAccountName"), Email: adattr.Address(text(e, "mail"))}
	var err error
	if g.ID, err = adattr.GUID([]byte(text(e, "objectGUID"))); err != nil {
		return g, incomplete(err, "the bind account needs the right to read it", "objectGUID of %.500q", e.DN)
	}
	if sid := text(e, "objectSid"); sid != "" {
		if g.SID, err = adattr.SID([]byte(sid)); err != nil {
			return g, incomplete(err, "try again", "objectSid of %.500q", e.DN)
		}
	}
	if !members {
		return g, nil
	}
	extended := func(s string) (id, sid, dn string, err error) {
		if id, sid, dn, err = parseExtendedDN(s); err != nil {
			err = incomplete(err, "is this a domain controller of Active Directory?", "%s does not say which objects the members of a group are", d.guard.server)
		}
		return id, sid, dn, err
	}
	if _, _, g.DN, err = extended(e.DN); err != nil {
		return g, err
	}
	for _, v := range values(e, "member") {
		id, sid, _, err := extended(string(v))
		if err != nil {
			return g, err
		}
		if sid == "" || d.isOwn(sid) {
			g.Members = append(g.Members, id)
		} else {
			g.Outsiders = append(g.Outsiders, sid)
		}
	}
	return g, nil
}

// isOwn says whether a SID is one of this domain, or of its built-in groups.
func (d *Directory) isOwn(sid string) bool {
	return strings.HasPrefix(sid, d.info.ID+"-") || strings.HasPrefix(sid, builtinSID)
}

// builtinSID begins the SIDs of the groups that each domain has of itself.
const builtinSID = "S-1-5-32-"
