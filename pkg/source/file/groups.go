package file

import (
	"context"
	"slices"

	"github.com/qpimport/qpimport/pkg/source"
)

var (
	_ source.GroupLister = (*Directory)(nil)
	_ source.PowerLister = (*Directory)(nil)
)

// Groups implements [source.GroupLister] for exports of Active Directory: of the groups
// that the export holds, by objectGUID, and of those that it names as groups of others,
// by the key of the DN. An export that says of nobody which groups he is in is
// [source.CodeUsage], and one of Microsoft 365 always; one that holds the members of a
// wanted group in part is [source.CodeIncomplete].
func (d *Directory) Groups(ctx context.Context, want func(*source.Group) bool) ([]source.Group, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.kind != source.AD {
		return nil, d.in.unsuitable(0, "connect the tenant itself: Microsoft Graph says who is in which group", "an export of Microsoft 365's users says nothing of groups")
	}
	s, err := d.survey(ctx)
	if err != nil {
		return nil, err
	}
	g := s.groups
	silent := !g.byUsers && !g.byGroups && (len(g.groups) == 0 || slices.ContainsFunc(g.groups, func(own exportedGroup) bool {
		return !own.primary && (want == nil || want(&own.Group))
	}))
	if silent {
		return nil, d.in.unsuitable(0, "export with memberOf and primaryGroupID of the users: `"+ldifdeCommand+"` or `"+adCommand+"`",
			"the export says of nobody which groups he is in")
	}
	groups := make([]source.Group, len(g.groups))
	var wanted []int32
	for i := range g.groups {
		groups[i] = g.groups[i].Group
		groups[i].Outsiders = nil
		if want == nil || want(&groups[i]) {
			wanted = append(wanted, int32(i))
		}
	}
	cut := ""
	g.descend(wanted, func(n int32) {
		groups[n] = g.group(n)
		if g.groups[n].partial && !g.byUsers && cut == "" {
			cut = groups[n].DN
		}
	})
	if cut != "" {
		return nil, d.in.incomplete(0, "export memberOf of the users too: `"+ldifdeCommand+"`", "the export holds a part of the members of %.500q only", cut)
	}
	return groups, nil
}
