package source

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Group is a group of a directory, or one of the roles that give power in it.
type Group struct {
	Kind Kind
	// ID is objectGUID, the object id, or the id of a role; an export without ids has
	// the key of the DN here ([DNKey]).
	ID   string
	Name string // as people are shown it
	// Account is AD's sAMAccountName, or Microsoft 365's mailNickname.
	Account string
	Email   string
	DN      string // AD only
	SID     string // AD only
	// Power says that who is in it holds power over the directory.
	Power bool
	// Members are the ids of the users and groups that are in it. Whose primary group
	// it is, is not among them.
	Members []string
	// Outsiders are members that are not in this directory, as it calls them: SIDs of
	// other domains.
	Outsiders []string
}

// GroupLister is a [Directory] that has groups. It may be asked after its users
// were read.
type GroupLister interface {
	// Groups reads all groups of the directory, and the members of those that want
	// says yes to and of the groups in them; nil is of all. Of a group that is wanted
	// everybody in it is found by going down the Members; a directory that says at
	// once who is in a group, nested or not, may give those. A missing permission is
	// a [CodePermission] error, an export that says nothing of groups [CodeUsage].
	Groups(ctx context.Context, want func(*Group) bool) ([]Group, error)
}

// Powers are the groups and roles that give power, with the groups in them.
type Powers struct {
	Groups []Group
	// Unknown says in words why it is not known who holds power, "" where it is. What
	// is known all the same, such as roles whose groups may not be read, is in Groups.
	Unknown string
	Notes   []string // remarks for people
}

// PowerLister is a [Directory] that says who holds power over it. A missing
// permission or a server that does not serve this is no error but [Powers.Unknown].
type PowerLister interface {
	Powers(ctx context.Context) (Powers, error)
}

// Licence is a product that a tenant has: its skuId, lower-case, and skuPartNumber.
type Licence struct{ ID, Name string }

// LicenceLister is a [Directory] whose users are assigned licences. A missing
// permission is a [CodePermission] error.
type LicenceLister interface {
	Licences(ctx context.Context) ([]Licence, error)
}

// powerfulRIDs are the relative ids of a domain's own groups that give power, the
// weightiest first: those that AD protects (AdminSDHolder), and Group Policy Creator
// Owners, Protected Users, the Key Admins and Cert Publishers, which it does not
// (MS-DTYP 2.4.2.4).
var powerfulRIDs = []uint32{519, 518, 512, 520, 526, 527, 516, 521, 522, 517, 525}

// powerfulBuiltins are those of S-1-5-32: Administrators, the operators, Replicator,
// Incoming Forest Trust Builders, Cryptographic Operators, Hyper-V Administrators, and
// who may sign in to domain controllers from afar.
var powerfulBuiltins = []uint32{544, 548, 549, 551, 550, 552, 557, 569, 578, 562, 555, 580}

// DNSAdmins is the account name of the one powerful group that has no fixed SID.
const DNSAdmins = "DnsAdmins"

// PowerfulSIDs are the SIDs of the groups that give power in a domain, the
// weightiest first.
func PowerfulSIDs(domain string) []string {
	var sids []string
	for _, rid := range powerfulRIDs {
		sids = append(sids, domain+"-"+strconv.FormatUint(uint64(rid), 10))
	}
	for _, rid := range powerfulBuiltins {
		sids = append(sids, "S-1-5-32-"+strconv.FormatUint(uint64(rid), 10))
	}
	return sids
}

// GroupIndex finds who is in which group.
type GroupIndex struct {
	groups  []Group
	byID    map[string]int
	people  map[string]bool
	primary map[int][]string // by group, the users whose primary group it is
}

// NewGroupIndex makes an index of groups with the users of their directory.
func NewGroupIndex(groups []Group, users []*User) *GroupIndex {
	x := &GroupIndex{groups: groups, byID: make(map[string]int, len(groups)), people: make(map[string]bool, len(users)), primary: map[int][]string{}}
	bySID := map[string]int{}
	for i, g := range groups {
		x.byID[g.ID] = i
		if g.SID != "" {
			bySID[g.SID] = i
		}
	}
	for _, u := range users {
		x.people[u.ID] = true
		if u.PrimaryGroup == 0 || u.SID == "" {
			continue
		}
		domain := u.SID[:strings.LastIndexByte(u.SID, '-')+1]
		if i, ok := bySID[domain+strconv.FormatUint(uint64(u.PrimaryGroup), 10)]; ok {
			x.primary[i] = append(x.primary[i], u.ID)
		}
	}
	return x
}

// Is says whether the group goes by a name: its id, DN, SID, name, account name or
// address.
func (g *Group) Is(name string) bool {
	name = strings.TrimSpace(name)
	return name != "" && (g.ID == strings.ToLower(strings.Trim(name, "{}")) || g.DN != "" && DNKey(g.DN) == DNKey(name) || strings.EqualFold(g.SID, name) ||
		strings.EqualFold(g.Name, name) || strings.EqualFold(g.Account, name) || strings.EqualFold(g.Email, name))
}

// FindGroups are the groups that go by a name. An id is one group's, whatever others
// are called.
func FindGroups(groups []Group, name string) []Group {
	var found []Group
	id := strings.ToLower(strings.Trim(strings.TrimSpace(name), "{}"))
	for _, g := range groups {
		if g.ID == id && id != "" {
			return []Group{g}
		}
		if g.Is(name) {
			found = append(found, g)
		}
	}
	return found
}

// Direct are the ids of the users who are in a group themselves, each once.
func (x *GroupIndex) Direct(id string) map[string]bool {
	in := map[string]bool{}
	if i, ok := x.byID[id]; ok {
		x.each(i, func(user string) { in[user] = true })
	}
	return in
}

// People are the ids of the users who are in a group, or in a group in it.
func (x *GroupIndex) People(id string) map[string]bool {
	in := map[string]bool{}
	if i, ok := x.byID[id]; ok {
		x.walk(i, func(int) bool { return true }, func(_ int, user string) { in[user] = true })
	}
	return in
}

// each calls take for each user who is in a group himself.
func (x *GroupIndex) each(i int, take func(user string)) {
	for _, id := range x.groups[i].Members {
		if x.people[id] {
			take(id)
		}
	}
	for _, id := range x.primary[i] {
		take(id)
	}
}

// walk goes down from a group, the nearest first, into each group below it that
// enter says yes to, once, however they lie in one another. It calls take for each
// user with the group that the user is in himself, and returns from which group each
// was entered.
func (x *GroupIndex) walk(root int, enter func(int) bool, take func(at int, user string)) (above map[int]int) {
	above = map[int]int{root: root}
	for level := []int{root}; len(level) > 0; {
		var next []int
		for _, at := range level {
			x.each(at, func(user string) { take(at, user) })
			from := len(next)
			for _, id := range x.groups[at].Members {
				if i, ok := x.byID[id]; ok && enter(i) {
					if _, seen := above[i]; !seen {
						above[i] = at
						next = append(next, i)
					}
				}
			}
			slices.SortFunc(next[from:], func(a, b int) int {
				return cmp.Or(cmp.Compare(x.groups[a].Name, x.groups[b].Name), cmp.Compare(x.groups[a].ID, x.groups[b].ID))
			})
		}
		level = next
	}
	return above
}

// Privileges says of each user who holds power by which ways, each from the powerful
// group down to the one that the user is in himself, by name: the shortest way for each
// powerful group, in the order of the groups. A way that leads through another
// powerful group is told as that one's.
func (x *GroupIndex) Privileges() map[string][][]string {
	ways := map[string][][]string{}
	for root := range x.groups {
		if !x.groups[root].Power {
			continue
		}
		in := map[string]int{} // the group, by the user in it
		above := x.walk(root, func(i int) bool { return !x.groups[i].Power }, func(at int, user string) {
			if _, told := in[user]; !told {
				in[user] = at
			}
		})
		for user, at := range in {
			names := []string{x.groups[at].Name}
			for ; at != root; at = above[at] {
				names = append(names, x.groups[above[at]].Name)
			}
			slices.Reverse(names)
			ways[user] = append(ways[user], names)
		}
	}
	return ways
}

// Names are the names of the groups that each user is in himself, sorted.
func (x *GroupIndex) Names() map[string][]string {
	names := map[string][]string{}
	for i := range x.groups {
		for user := range x.Direct(x.groups[i].ID) {
			names[user] = append(names[user], x.groups[i].Name)
		}
	}
	for _, list := range names {
		slices.Sort(list)
	}
	return names
}

// WasPrivileged says that AD protected the user once, and that he holds no power that
// is known of now.
func (u *User) WasPrivileged() bool { return u.AdminCount && !u.Critical && len(u.Privileges) == 0 }

// PrivilegePaths are the ways in which the user holds power, in words, each down to
// him: "Domain Admins ← IT Staff ← jdoe".
func (u *User) PrivilegePaths() []string {
	var paths []string
	for _, way := range u.Privileges {
		paths = append(paths, strings.Join(append(slices.Clone(way), cmp.Or(u.Username, u.DisplayName, u.ID)), " ← "))
	}
	return paths
}

// OutsidersNote remarks on members of a powerful group that are not in its domain.
func OutsidersNote(g *Group) string {
	const most = 10
	var names []string
	for _, sid := range g.Outsiders[:min(len(g.Outsiders), most)] {
		switch name := wellKnownSIDs()[sid]; {
		case name != "":
			sid = name + " (" + sid + ")"
		case !strings.HasPrefix(sid, "S-1-"): // an export knows them by their names
			sid = fmt.Sprintf("%.200q", sid)
		}
		names = append(names, sid)
	}
	if more := len(g.Outsiders) - most; more > 0 {
		names = append(names, fmt.Sprintf("and %d more", more))
	}
	return fmt.Sprintf("the group %.100q gives power to members that are not of this domain, and who they are is not known: %s", g.Name, strings.Join(names, ", "))
}

// wellKnownSIDs are the SIDs that stand for many (MS-DTYP 2.4.2.4), by name.
func wellKnownSIDs() map[string]string {
	return map[string]string{
		"S-1-1-0": "Everyone", "S-1-5-2": "Network", "S-1-5-4": "Interactive", "S-1-5-7": "Anonymous Logon",
		"S-1-5-9": "Enterprise Domain Controllers", "S-1-5-11": "Authenticated Users", "S-1-5-14": "Remote Interactive Logon",
		"S-1-5-15": "This Organization", "S-1-5-17": "IUSR", "S-1-5-18": "Local System", "S-1-5-19": "Local Service", "S-1-5-20": "Network Service",
	}
}
