package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// survey is what a pass over an export finds beside its users.
type survey struct {
	tree   source.Tree // Active Directory only
	id     string      // the domain's SID, or the tenant's id
	groups *grouping   // Active Directory only
	found  findings
	notes  []string
}

// Tree returns the domain, its OUs and containers. What the export does not
// hold itself, as a list of users does not, is taken from the users' DNs, with
// an ID left empty. An export without DNs has an empty tree, which Info notes;
// one of Microsoft 365 has none: [source.CodeUsage].
func (d *Directory) Tree(ctx context.Context) (source.Tree, error) {
	if d.kind != source.AD {
		return source.Tree{}, d.in.unsuitable(0, "", "Microsoft 365 has no OUs")
	}
	s, err := d.survey(ctx)
	if err != nil {
		return source.Tree{}, err
	}
	return s.tree, nil
}

func (d *Directory) surveyAD(ctx context.Context) (*survey, error) {
	s := &survey{}
	records, err := d.records(ctx, &s.found)
	if err != nil {
		return nil, err
	}
	b := newTreeBuilder()
	rec := record{attrs: d.attrs}
	for {
		err := records.next(&rec)
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = rec.check(d.in)
		}
		if err == nil {
			err = b.add(d.in, &rec, &s.found)
		}
		if err != nil {
			return nil, err
		}
	}
	s.tree, s.found.others = b.tree()
	s.id = b.domainSID()
	s.groups = b.groups
	s.groups.finish(s.tree.Root, s.id)
	s.notes = append(s.notes, s.groups.notes()...)
	noColumn := false
	if t, ok := records.(*adTable); ok {
		s.notes = append(s.notes, t.notes()...)
		noColumn = !t.hasAddresses()
	}
	if s.found.users > 0 && s.found.addresses == 0 && !noColumn {
		s.notes = append(s.notes, "nobody in the export has an e-mail address")
	}
	if len(b.sids) > 1 && len(s.found.others) == 0 {
		s.notes = append(s.notes, fmt.Sprintf("the export holds users of %d domains", len(b.sids)))
	}
	return s, nil
}

// treeBuilder collects containers, and the parents of users.
type treeBuilder struct {
	containers []source.Container
	index      map[string]int // in containers, by DNKey
	roots      []root
	wellKnown  map[string]string // GUID by DNKey
	parents    map[string]int    // how many users each has
	order      []string          // the parents, as they came
	sids       map[string]string // the domains of users: the DN's key by the SID
	root       string            // DN of the domain, once chosen
	rootSID    string
	groups     *grouping
}

// root is an object that is a domain.
type root struct {
	dn, sid string
	sure    bool // it has wellKnownObjects
}

func newTreeBuilder() *treeBuilder {
	return &treeBuilder{
		index:     map[string]int{},
		wellKnown: map[string]string{},
		parents:   map[string]int{},
		sids:      map[string]string{},
		groups:    newGrouping(),
	}
}

func (b *treeBuilder) add(in *input, rec *record, found *findings) error {
	classes := rec.all(objectClass)
	names := make([]string, len(classes))
	for i, c := range classes {
		names[i] = string(c)
	}
	switch class := adattr.LeafClass(names); class {
	case "organizationalUnit", "container", "builtinDomain", "domainDNS":
		return b.addContainer(in, rec, class)
	}
	if !rec.isUser() {
		if rec.isGroup() {
			return b.groups.addGroup(in, rec)
		}
		return nil
	}
	b.groups.addUser(rec)
	found.add(&source.User{
		DisplayName: string(rec.first(displayName)),
		Email:       cmp.Or(string(rec.first(mail)), string(rec.first(proxyAddresses))),
	})
	if sid := rec.first(objectSID); sid != nil {
		s, err := adattr.SID(sid)
		if err != nil {
			return in.wrong(rec.line, fmt.Errorf("objectSid of %s: %w", rec.name(), err))
		}
		if i := strings.LastIndexByte(s, '-'); i > 0 && strings.HasPrefix(s, "S-1-5-21-") {
			b.sids[s[:i]] = domainDN(rec.dn)
		}
	}
	if parent := source.ParentDN(rec.dn); parent != "" {
		if b.parents[parent] == 0 {
			b.order = append(b.order, parent)
		}
		b.parents[parent]++
	}
	return nil
}

func (b *treeBuilder) addContainer(in *input, rec *record, class string) error {
	c := source.Container{DN: rec.dn, Name: leafName(rec.dn), Class: class}
	if guid := rec.first(objectGUID); guid != nil {
		var err error
		if c.ID, err = adattr.GUID(guid); err != nil {
			return in.wrong(rec.line, fmt.Errorf("objectGUID of %s: %w", rec.name(), err))
		}
	}
	key := source.DNKey(rec.dn)
	if _, twice := b.index[key]; twice {
		return in.damaged(rec.line, "%s stands in the export twice", rec.name())
	}
	b.index[key] = len(b.containers)
	b.containers = append(b.containers, c)

	known := append(rec.all(wellKnownObjects), rec.all(otherWellKnownObjects)...)
	for _, v := range known {
		guid, dn, err := adattr.ParseWellKnown(string(v))
		if err != nil {
			return in.wrong(rec.line, fmt.Errorf("wellKnownObjects of %s: %w", rec.name(), err))
		}
		b.wellKnown[source.DNKey(dn)] = guid
	}
	if class == "domainDNS" {
		r := root{dn: rec.dn, sure: len(known) > 0}
		if sid := rec.first(objectSID); sid != nil {
			s, err := adattr.SID(sid)
			if err != nil {
				return in.wrong(rec.line, fmt.Errorf("objectSid of %s: %w", rec.name(), err))
			}
			r.sid = s
		}
		b.roots = append(b.roots, r)
	}
	return nil
}

// tree completes what was collected: the domain itself, and containers that
// only the users' DNs tell of. Others counts the users of other domains.
func (b *treeBuilder) tree() (tree source.Tree, others map[string]int) {
	users, order := map[string]int{}, []string{} // by the DN of the domain
	spelled := map[string]string{}
	add := func(dn string, n int) {
		domain := domainDN(dn)
		key := source.DNKey(domain)
		if _, ok := spelled[key]; !ok && domain != "" {
			spelled[key] = domain
			order = append(order, key)
		}
		users[key] += n
	}
	for _, parent := range b.order {
		add(parent, b.parents[parent])
	}
	if len(order) == 0 {
		for _, c := range b.containers {
			add(c.DN, 0)
		}
	}
	b.chooseRoot(users, spelled, order)
	rootKey := source.DNKey(b.root)
	others = map[string]int{}
	for _, key := range order {
		if key != rootKey && users[key] > 0 {
			others[strings.ToLower(source.CanonicalPath(spelled[key]))] = users[key]
		}
	}
	several := len(others) > 0 || slices.ContainsFunc(b.roots, func(r root) bool { return !isWithin(source.DNKey(r.dn), rootKey) })
	ofDomain := func(dn string) bool { return !several || source.DNKey(domainDN(dn)) == rootKey }

	if b.root != "" {
		b.derive(b.root, rootKey)
	}
	walked := map[string]bool{}
	for _, dn := range b.order {
		for ; dn != "" && !walked[dn] && ofDomain(dn); dn = source.ParentDN(dn) {
			walked[dn] = true
			b.derive(dn, rootKey)
		}
	}
	if len(b.wellKnown) == 0 && b.root != "" {
		for rdn, guid := range defaultWellKnown() {
			b.wellKnown[rdn+","+rootKey] = guid
		}
	}
	for key, guid := range b.wellKnown {
		if i, ok := b.index[key]; ok {
			b.containers[i].WellKnown = guid
		}
	}
	b.containers = slices.DeleteFunc(b.containers, func(c source.Container) bool { return !ofDomain(c.DN) })
	return source.Tree{Root: b.root, Containers: b.containers}, others
}

// chooseRoot finds the domain that the export is of: the object that lists the
// well-known containers, or else any that is a domain, as long as there are users
// in it; or else the domain of most users, of equals the one above the others, or the first.
func (b *treeBuilder) chooseRoot(users map[string]int, spelled map[string]string, order []string) {
	best := -1
	for i, r := range b.roots {
		if best < 0 || r.sure && !b.roots[best].sure {
			best = i
		}
	}
	if best >= 0 {
		b.root, b.rootSID = b.roots[best].dn, b.roots[best].sid
		if users[source.DNKey(b.root)] > 0 || len(order) == 0 {
			return
		}
	}
	most := ""
	for _, key := range order {
		if most == "" || users[key] > users[most] || users[key] == users[most] && isWithin(most, key) {
			most = key
		}
	}
	if users[most] == 0 && best >= 0 || most == "" {
		return
	}
	b.root, b.rootSID = spelled[most], ""
	for _, r := range b.roots {
		if source.DNKey(r.dn) == most {
			b.root, b.rootSID = r.dn, r.sid
		}
	}
}

func isDomain(dn string) bool { return strings.HasPrefix(strings.ToLower(dn), "dc=") }

// derive adds a container of which only the DN is known, unless it is there
// already or is a part of the domain's own name.
func (b *treeBuilder) derive(dn, rootKey string) {
	key := source.DNKey(dn)
	if _, ok := b.index[key]; ok || isDomain(dn) && key != rootKey {
		return
	}
	b.index[key] = len(b.containers)
	b.containers = append(b.containers, source.Container{DN: dn, Name: leafName(dn), Class: derivedClass(key, rootKey)})
}

// derivedClass says what an object is by the type of its name.
func derivedClass(key, rootKey string) string {
	switch {
	case key == rootKey:
		return "domainDNS"
	case key == "cn=builtin,"+rootKey:
		return "builtinDomain"
	case strings.HasPrefix(key, "ou="):
		return "organizationalUnit"
	}
	return "container"
}

// defaultWellKnown are the well-known objects of MS-ADTS 6.1.1.4 under the names
// that a new domain of English language gives them; they count where an export
// does not hold the domain's own list.
func defaultWellKnown() map[string]string {
	return map[string]string{
		"cn=users":                     "A9D1CA15768811D1ADED00C04FD8D5CD",
		"cn=computers":                 "AA312825768811D1ADED00C04FD8D5CD",
		"ou=domain controllers":        "A361B2FFFFD211D1AA4B00C04FD7D83A",
		"cn=system":                    "AB1D30F3768811D1ADED00C04FD8D5CD",
		"cn=infrastructure":            "2FBAC1870ADE11D297C400C04FD8D5CD",
		"cn=deleted objects":           "18E2EA80684F11D2B9AA00C04F79F805",
		"cn=lostandfound":              "AB8153B7768811D1ADED00C04FD8D5CD",
		"cn=foreignsecurityprincipals": "22B70C67D56E4EFB91E9300FCA3DC1AA",
		"cn=program data":              "09460C08AE1E4A4EA0F64AEE7DAA1E5A",
		"cn=microsoft,cn=program data": "F4BE92A4C777485E878E9421D53087DB",
		"cn=ntds quotas":               "6227F0AF1FC2410D8E3BB10615BB5B0F",
		"cn=managed service accounts":  "1EB93889E40C45DF9F0C64D23BBB6237",
		"cn=keys":                      "683A24E2E8164BD3AF86AC3C2CF3F981",
	}
}

// domainSID is the domain's own, or where the export does not hold the domain
// the one that all its users share.
func (b *treeBuilder) domainSID() string {
	if b.rootSID != "" {
		return b.rootSID
	}
	var found []string
	for sid, dn := range b.sids {
		if source.DNKey(dn) == source.DNKey(b.root) {
			found = append(found, sid)
		}
	}
	if len(found) == 1 {
		return found[0]
	}
	return ""
}

func leafName(dn string) string {
	rdns, err := source.ParseDN(dn)
	if err != nil {
		return dn
	}
	return rdns[0].Value
}
