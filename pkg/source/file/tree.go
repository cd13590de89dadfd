package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// survey is what a pass over an export of AD finds beside its users.
type survey struct {
	tree      source.Tree
	domainSID string
	notes     []string
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

// survey reads the export once; later calls get the same.
func (d *Directory) survey(ctx context.Context) (*survey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.surveyed != nil {
		return d.surveyed, nil
	}
	records, err := d.records(ctx)
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
			err = b.add(d.in, &rec)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := d.in.unchanged(); err != nil {
		return nil, err
	}
	s := &survey{tree: b.tree(), domainSID: b.domainSID()}
	if t, ok := records.(*adTable); ok {
		s.notes = append(s.notes, t.notes()...)
	}
	if len(b.userDomains) > 1 {
		s.notes = append(s.notes, fmt.Sprintf("the export holds users of %d domains", len(b.userDomains)))
	}
	if d.in.charset == windows1252 {
		s.notes = append(s.notes, noteWindows1252)
	}
	d.surveyed = s
	return s, nil
}

// treeBuilder collects containers, and the parents of users.
type treeBuilder struct {
	containers  []source.Container
	index       map[string]int // in containers, by DNKey
	root        string         // DN of the domain
	rootIsSure  bool           // it is the object with wellKnownObjects
	rootSID     string
	wellKnown   map[string]string // GUID by DNKey
	parents     map[string]bool
	order       []string        // the parents, as they came
	userDomains map[string]bool // SIDs of the users' domains
}

func newTreeBuilder() *treeBuilder {
	return &treeBuilder{
		index:       map[string]int{},
		wellKnown:   map[string]string{},
		parents:     map[string]bool{},
		userDomains: map[string]bool{},
	}
}

func (b *treeBuilder) add(in *input, rec *record) error {
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
		return nil
	}
	if sid := rec.first(objectSID); sid != nil {
		s, err := adattr.SID(sid)
		if err != nil {
			return in.wrong(rec.line, fmt.Errorf("objectSid of %s: %w", rec.name(), err))
		}
		if i := strings.LastIndexByte(s, '-'); i > 0 && strings.HasPrefix(s, "S-1-5-21-") {
			b.userDomains[s[:i]] = true
		}
	}
	if parent := source.ParentDN(rec.dn); parent != "" && !b.parents[parent] {
		b.parents[parent] = true
		b.order = append(b.order, parent)
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
	if isRoot := class == "domainDNS"; isRoot && (b.root == "" || len(known) > 0 && !b.rootIsSure) {
		b.root, b.rootIsSure, b.rootSID = rec.dn, len(known) > 0, ""
		if sid := rec.first(objectSID); sid != nil {
			s, err := adattr.SID(sid)
			if err != nil {
				return in.wrong(rec.line, fmt.Errorf("objectSid of %s: %w", rec.name(), err))
			}
			b.rootSID = s
		}
	}
	return nil
}

// tree completes what was collected: the domain itself, and containers that
// only the users' DNs tell of.
func (b *treeBuilder) tree() source.Tree {
	if b.root == "" {
		b.root = b.derivedRoot()
	}
	rootKey := source.DNKey(b.root)
	if b.root != "" {
		b.derive(b.root, rootKey)
	}
	walked := map[string]bool{}
	for _, dn := range b.order {
		for ; dn != "" && !walked[dn]; dn = source.ParentDN(dn) {
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
	return source.Tree{Root: b.root, Containers: b.containers}
}

// derivedRoot takes the domain from the DNs: the DC= steps at their end.
func (b *treeBuilder) derivedRoot() string {
	dns := b.order
	for _, c := range b.containers {
		dns = append(dns, c.DN)
	}
	for _, dn := range dns {
		for ; dn != ""; dn = source.ParentDN(dn) {
			if isDomain(dn) {
				return dn
			}
		}
	}
	return ""
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
// the one that all users share.
func (b *treeBuilder) domainSID() string {
	if b.rootSID != "" || len(b.userDomains) != 1 {
		return b.rootSID
	}
	for sid := range b.userDomains {
		return sid
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
