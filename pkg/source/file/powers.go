package file

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Powers implements [source.PowerLister] for exports of Active Directory. The groups
// that give power are known by SID where the export holds them, or where they are
// users' primary groups; of a group that it only names the place and the name tell, in
// the languages of [groupNames], and a note says so. Who holds power is known in full
// only where the export holds the groups and says who is in them.
func (d *Directory) Powers(ctx context.Context) (source.Powers, error) {
	if d.kind != source.AD {
		return source.Powers{Unknown: "an export of users does not say who holds a role"}, nil
	}
	s, err := d.survey(ctx)
	if err != nil {
		return source.Powers{}, err
	}
	g := s.groups
	roots := g.powerful()
	var powers source.Powers
	g.descend(roots, func(n int32) {
		group := g.group(n)
		group.Power = slices.Contains(roots, n)
		powers.Groups = append(powers.Groups, group)
		if g.groups[n].partial && !g.byUsers {
			powers.Unknown = fmt.Sprintf("the export holds a part of the members of the group %.100q only", group.Name)
		}
		if len(group.Outsiders) > 0 {
			powers.Notes = append(powers.Notes, source.OutsidersNote(&group))
		}
	})
	if names := g.told(roots); names != "" {
		powers.Notes = append(powers.Notes, "groups that give power were told by their names, because the export does not hold their SIDs: "+names)
	}
	switch {
	case !g.byUsers && !(g.byGroups && g.holdsAdmins()):
		powers.Unknown = "the export does not say who is in the groups that give power: it has neither memberOf of the users nor those groups with their members"
	case !g.holdsAdmins():
		powers.Unknown = "the export does not hold the groups that give power: who is in one through another group, or in one of another name, is not known"
	case !g.byGroups && !g.nested:
		powers.Unknown = "the export does not say which groups are in the groups that give power"
	}
	return powers, nil
}

// powerful are the groups that give power, the weightiest first.
func (g *grouping) powerful() []int32 {
	byRID := map[string]int32{}
	var dns []int32
	for i := range g.groups {
		switch own, n := &g.groups[i], int32(i); {
		case own.rid == source.DNSAdmins:
			dns = append(dns, n)
		case own.rid != "":
			byRID[own.rid] = n
		}
	}
	var roots []int32
	for _, rid := range source.PowerfulSIDs("") {
		if n, ok := byRID[rid]; ok {
			roots = append(roots, n)
		}
	}
	return append(roots, dns...)
}

// holdsAdmins says whether the export holds Domain Admins, and so most likely the other
// groups of the domain as well.
func (g *grouping) holdsAdmins() bool {
	return slices.ContainsFunc(g.groups, func(own exportedGroup) bool { return own.held && own.rid == "-512" })
}

// told are the names of the groups of which only the name tells what they are.
func (g *grouping) told(roots []int32) string {
	var names []string
	for _, n := range roots {
		if own := &g.groups[n]; own.told {
			names = append(names, fmt.Sprintf("%.100q", own.Name))
		}
	}
	return strings.Join(names, ", ")
}

// identify finds out which groups are those that each domain has, and DnsAdmins. rid is
// their SID without the domain's. root and domain are the domain's DN and SID.
func (g *grouping) identify(root, domain string) {
	places := map[string]string{}
	for _, known := range groupNames() {
		for _, name := range known.names {
			places[known.dn(name, root)] = known.rid
		}
	}
	for i := range g.groups {
		own := &g.groups[i]
		isDNS := own.Account != "" && strings.EqualFold(own.Account, source.DNSAdmins)
		rid, named := places[typographic(source.DNKey(own.DN))]
		switch {
		case isDNS && own.local && ofDomain(own.SID, domain) >= firstMade:
			own.rid = source.DNSAdmins
		case own.SID != "" && strings.HasPrefix(own.SID, builtinSID):
			own.rid = own.SID
		case own.SID != "" && ofDomain(own.SID, domain) > 0:
			own.rid = strings.TrimPrefix(own.SID, domain)
		case named && root != "" && (own.SID == "" || domain == ""):
			own.rid, own.told = rid, true
			switch {
			case own.SID != "" || rid == source.DNSAdmins:
			case strings.HasPrefix(rid, builtinSID):
				own.SID = rid
			case domain != "":
				own.SID = domain + rid
			}
		}
	}
}

// builtinSID begins the SIDs of the groups in CN=Builtin, the same in each domain.
const builtinSID = "S-1-5-32-"

// firstMade is the least relative id of what was not made with the domain.
const firstMade = 1000

// ofDomain is the relative id of a SID of the domain, 0 for any other.
func ofDomain(sid, domain string) uint64 {
	digits, ok := strings.CutPrefix(sid, domain+"-")
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || domain == "" {
		return 0
	}
	return n
}
