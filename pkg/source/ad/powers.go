package ad

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

var (
	_ source.GroupLister = (*Directory)(nil)
	_ source.PowerLister = (*Directory)(nil)
)

// Powers implements [source.PowerLister]. The groups that give power are found by SID,
// so that a translation or a new name does not matter, and the groups in them by going
// down: AD's own rule for that, in chain, makes it go through all users.
func (d *Directory) Powers(ctx context.Context) (source.Powers, error) {
	groups, err := d.powerful(ctx)
	if source.CodeOf(err) == source.CodePermission {
		return source.Powers{Unknown: err.Error()}, nil
	}
	if err != nil {
		return source.Powers{}, err
	}
	powers := source.Powers{Groups: groups}
	for i := range groups {
		if g := &groups[i]; len(g.Outsiders) > 0 {
			powers.Notes = append(powers.Notes, source.OutsidersNote(g))
		}
	}
	return powers, nil
}

// powerful reads the groups that give power, the weightiest first, and behind them the
// groups in them, by name.
func (d *Directory) powerful(ctx context.Context) ([]source.Group, error) {
	roots, err := d.powerRoots(ctx)
	if err != nil {
		return nil, err
	}
	x := descent{d: d, seen: map[string]bool{}, enter: func(string) bool { return true }}
	var inside []string
	for i := range roots {
		roots[i].Power = true
		x.seen[roots[i].ID] = true
		inside = append(inside, roots[i].Members...)
	}
	var nested []source.Group
	x.take = func(g source.Group) { nested = append(nested, g) }
	if err := x.from(ctx, inside); err != nil {
		return nil, err
	}
	slices.SortFunc(nested, func(a, b source.Group) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return append(roots, nested...), nil
}

// powerRoots reads the groups that give power themselves.
func (d *Directory) powerRoots(ctx context.Context) ([]source.Group, error) {
	sids := source.PowerfulSIDs(d.info.ID)
	var filter strings.Builder
	filter.WriteString("(&" + groupFilter + "(|")
	for _, sid := range sids {
		raw, err := adattr.SIDBytes(sid)
		if err != nil {
			return nil, incomplete(err, "try again", "the SID of the domain")
		}
		filter.WriteString(equals("objectSid", raw))
	}
	// The bit 4 of groupType is the scope domain local.
	filter.WriteString("(&(sAMAccountName=" + source.DNSAdmins + ")(groupType:1.2.840.113556.1.4.803:=4))))")
	found, err := d.readGroups(ctx, filter.String(), true)
	if err != nil {
		return nil, err
	}
	var roots []source.Group
	bySID := map[string]*source.Group{}
	for i := range found {
		bySID[found[i].SID] = &found[i]
	}
	for _, sid := range sids {
		if g := bySID[sid]; g != nil {
			roots = append(roots, *g)
		}
	}
	for _, g := range found {
		if d.isOrdinary(g.SID) {
			roots = append(roots, g)
		}
	}
	return roots, d.checkRoots(bySID)
}

// isOrdinary says whether a group or user of this domain was made by somebody, not with
// the domain: those have relative ids from 1000 on.
func (d *Directory) isOrdinary(sid string) bool {
	rid, ok := strings.CutPrefix(sid, d.info.ID+"-")
	n, err := strconv.ParseUint(rid, 10, 32)
	return ok && err == nil && n >= 1000
}

// checkRoots makes sure that the bind account sees who holds power: Administrators and
// Domain Admins are in each domain, and the former is never empty.
func (d *Directory) checkRoots(bySID map[string]*source.Group) error {
	unseen := func(what string) error {
		return &source.Error{Code: source.CodePermission, Message: "the bind account cannot read " + what, Hint: "give it the right to read groups and their members, which each domain user has by default; a global catalog does not hold all of them"}
	}
	administrators := bySID[builtinSID+"544"]
	switch {
	case administrators == nil:
		return unseen("the group Administrators")
	case bySID[d.info.ID+"-512"] == nil:
		return unseen("the group Domain Admins")
	case len(administrators.Members)+len(administrators.Outsiders) == 0:
		return unseen("the members of the group Administrators")
	}
	return nil
}
