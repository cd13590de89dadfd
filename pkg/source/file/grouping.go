package file

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// grouping is what an export of AD says of groups, collected by the pass that surveys
// it. Users and groups go by number, so that what a large export holds stays small.
type grouping struct {
	groups  []exportedGroup
	bySpelt map[string]int32 // by the DN as it is spelled, which is the same most times
	byKey   map[string]int32 // by DNKey
	ids     [][16]byte       // of the users: objectGUID

	byUsers  bool // users say which groups they are in
	byGroups bool // groups say who is in them
	nested   bool // groups say which groups they are in

	// Until the export was read to its end:
	names   []nameKey // of the users
	pending []pending
	primary map[uint32]int   // users by the relative id of the primary group, and
	spelt   map[uint32]int32 // that group where its DN stands beside it
	sidless []primaryUser
	seeds   [2]maphash.Seed
}

// exportedGroup is a group that an export holds, or names as a group of an object.
type exportedGroup struct {
	source.Group // without members
	held         bool
	local        bool    // its scope may be domain local
	partial      bool    // it does not name all of its members
	rid          string  // which of those it is that each domain has: see identify
	told         bool    // by its name alone
	primary      bool    // some users' primary group
	users        []int32 // who is in it, by number
	below        []int32 // the groups in it
}

// nameKey is two hashes of a DNKey: a tenth of the name itself.
type nameKey [2]uint64

// pending is a member of a group, whose object may stand further down.
type pending struct {
	group int32
	name  nameKey
}

// primaryUser is a user without a SID, whose primary group nobody could find by it.
type primaryUser struct {
	user int32
	rid  uint32
}

func newGrouping() *grouping {
	return &grouping{
		bySpelt: map[string]int32{}, byKey: map[string]int32{},
		primary: map[uint32]int{}, spelt: map[uint32]int32{},
		seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
	}
}

func (g *grouping) key(dnKey string) nameKey {
	return nameKey{maphash.String(g.seeds[0], dnKey), maphash.String(g.seeds[1], dnKey)}
}

// named is the number of the group with a DN.
func (g *grouping) named(dn []byte) int32 {
	if n, ok := g.bySpelt[string(dn)]; ok {
		return n
	}
	spelt := string(dn)
	key := source.DNKey(spelt)
	n, ok := g.byKey[key]
	if !ok {
		n = int32(len(g.groups))
		g.groups = append(g.groups, exportedGroup{Group: source.Group{Kind: source.AD, ID: key, DN: spelt, Name: leafName(spelt)}})
		g.byKey[key] = n
	}
	g.bySpelt[spelt] = n
	return n
}

// addUser takes what a user says of his groups.
func (g *grouping) addUser(rec *record) {
	guid := rec.first(objectGUID)
	if len(guid) != 16 {
		return // what is wrong with him the pass over the users says
	}
	user := int32(len(g.ids))
	g.ids = append(g.ids, [16]byte(guid))
	g.names = append(g.names, g.key(source.DNKey(rec.dn)))
	for _, dn := range rec.all(memberOf) {
		g.byUsers = true
		n := g.named(dn)
		g.groups[n].users = append(g.groups[n].users, user)
	}
	spelt := rec.first(primaryGroupDN)
	digits := rec.first(primaryGroup)
	if digits == nil {
		if spelt != nil {
			n := g.named(spelt)
			g.groups[n].users = append(g.groups[n].users, user)
		}
		return
	}
	rid, err := strconv.ParseUint(string(digits), 10, 32)
	if err != nil {
		return // the pass over the users says so
	}
	if spelt != nil {
		g.spelt[uint32(rid)] = g.named(spelt)
	}
	g.primary[uint32(rid)]++
	if rec.first(objectSID) == nil {
		g.sidless = append(g.sidless, primaryUser{user, uint32(rid)})
	}
}

// isGroup says whether a record is a group.
func (r *record) isGroup() bool {
	for _, class := range r.all(objectClass) {
		if strings.EqualFold(string(class), "group") {
			return true
		}
	}
	switch string(r.first(sAMAccountType)) {
	case "268435456", "268435457", "536870912", "536870913": // of each scope, for security and for mail
		return true
	}
	return false
}

// addGroup takes a group that the export holds.
func (g *grouping) addGroup(in *input, rec *record) error {
	if rec.dn == "" {
		return nil // nobody could be told to be in it
	}
	n := g.named([]byte(rec.dn))
	own := &g.groups[n]
	if own.held {
		return in.damaged(rec.line, "%s stands in the export twice", rec.name())
	}
	own.held = true
	own.Account, own.Email = string(rec.first(sAMAccountName)), adattr.Address(string(rec.first(mail)))
	var err error
	if guid := rec.first(objectGUID); guid != nil {
		if own.ID, err = adattr.GUID(guid); err != nil {
			return in.wrong(rec.line, fmt.Errorf("objectGUID of %s: %w", rec.name(), err))
		}
	}
	if sid := rec.first(objectSID); sid != nil {
		if own.SID, err = adattr.SID(sid); err != nil {
			return in.wrong(rec.line, fmt.Errorf("objectSid of %s: %w", rec.name(), err))
		}
	}
	bits, err := strconv.ParseInt(string(rec.first(groupType)), 10, 64)
	own.local = err != nil || bits&localGroup != 0

	domain := source.DNKey(domainDN(rec.dn))
	for _, v := range rec.all(member) {
		g.byGroups = true
		dn := string(v)
		key := source.DNKey(dn)
		switch sid, isForeign := foreignSID(key); {
		case isForeign:
			own.Outsiders = append(own.Outsiders, sid)
		case domainDN(key) != domain:
			own.Outsiders = append(own.Outsiders, dn)
		default:
			g.pending = append(g.pending, pending{n, g.key(key)})
		}
	}
	own.partial = rec.partial
	for _, dn := range rec.all(memberOf) {
		g.nested = true
		above := g.named(dn) // may move the groups
		g.groups[above].below = append(g.groups[above].below, n)
	}
	return nil
}

// localGroup is the bit of groupType that groups of scope domain local have.
const localGroup = 4

// foreignSID takes the SID out of the name of an object that stands for one of another
// domain.
func foreignSID(dnKey string) (sid string, ok bool) {
	leaf, rest, _ := strings.Cut(dnKey, ",")
	if !strings.HasPrefix(leaf, "cn=s-1-") || !strings.HasPrefix(rest, "cn=foreignsecurityprincipals,") {
		return "", false
	}
	return strings.ToUpper(leaf[len("cn="):]), true
}

// finish joins what was read, once the export has come to its end. root and domain are
// the DN and the SID of the domain, "" where they are not known.
func (g *grouping) finish(root, domain string) {
	if len(g.pending) > 0 {
		users := make(map[nameKey]int32, len(g.names))
		for n, name := range g.names {
			users[name] = int32(n)
		}
		groups := make(map[nameKey]int32, len(g.byKey))
		for key, n := range g.byKey {
			groups[g.key(key)] = n
		}
		for _, p := range g.pending {
			own := &g.groups[p.group]
			if n, ok := groups[p.name]; ok {
				own.below = append(own.below, n)
			} else if n, ok := users[p.name]; ok {
				own.users = append(own.users, n)
			}
		}
	}
	g.identify(root, domain)
	g.finishPrimary(root, domain)
	for i := range g.groups {
		own := &g.groups[i]
		slices.Sort(own.users)
		slices.Sort(own.below)
		own.users, own.below = slices.Compact(own.users), slices.Compact(own.below)
	}
	g.names, g.pending, g.sidless, g.bySpelt = nil, nil, nil, nil
	if len(g.groups) == 0 {
		g.ids = nil
	}
}

// finishPrimary finds the groups that are users' primary ones, of which each export
// that has them says the relative id and few anything else.
func (g *grouping) finishPrimary(root, domain string) {
	rids := make([]uint32, 0, len(g.primary))
	for rid := range g.primary {
		rids = append(rids, rid)
	}
	slices.Sort(rids)
	byRID := map[uint32]int32{}
	for _, rid := range rids {
		sid := ""
		if domain != "" {
			sid = domain + "-" + strconv.FormatUint(uint64(rid), 10)
		}
		n, ok := g.withSID(sid)
		if !ok {
			n, ok = g.spelt[rid]
		}
		if name := groupName(rid); !ok && name != "" && root != "" {
			n, ok = g.named([]byte("CN="+name+",CN=Users,"+root)), true
		}
		if !ok && sid != "" {
			n, ok = int32(len(g.groups)), true
			g.groups = append(g.groups, exportedGroup{Group: source.Group{Kind: source.AD, ID: strings.ToLower(sid), Name: sid}})
		}
		if ok {
			byRID[rid] = n
			if own := &g.groups[n]; own.SID == "" {
				own.SID = sid
			}
			g.groups[n].rid = "-" + strconv.FormatUint(uint64(rid), 10)
			g.groups[n].told, g.groups[n].primary = false, true
		}
	}
	for _, u := range g.sidless {
		if n, ok := byRID[u.rid]; ok {
			g.groups[n].users = append(g.groups[n].users, u.user)
		}
	}
}

func (g *grouping) withSID(sid string) (int32, bool) {
	if sid == "" {
		return 0, false
	}
	n := slices.IndexFunc(g.groups, func(own exportedGroup) bool { return own.SID == sid })
	return int32(n), n >= 0
}

// group is a group with its members.
func (g *grouping) group(n int32) source.Group {
	own := &g.groups[n]
	group := own.Group
	for _, user := range own.users {
		id, _ := adattr.GUID(g.ids[user][:]) // of 16 bytes, so that it never fails
		group.Members = append(group.Members, id)
	}
	for _, below := range own.below {
		group.Members = append(group.Members, g.groups[below].ID)
	}
	return group
}

// descend calls take for groups and for those in them, each once, level by level.
func (g *grouping) descend(from []int32, take func(n int32)) {
	seen := map[int32]bool{}
	for level := from; len(level) > 0; {
		var below []int32
		for _, n := range level {
			if !seen[n] {
				seen[n] = true
				take(n)
				below = append(below, g.groups[n].below...)
			}
		}
		level = below
	}
}

// notes says what is not known of the groups that the export names.
func (g *grouping) notes() []string {
	missing := 0
	for i := range g.groups {
		if own := &g.groups[i]; !own.held && len(own.users)+len(own.below) > 0 {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	return []string{fmt.Sprintf("%d of the %d groups that the export names are not in it: which groups are in those is not known", missing, len(g.groups))}
}
