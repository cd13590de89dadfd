package importer

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// selection is the part of a directory that is asked for.
type selection struct {
	index     *source.OUIndex
	asked     []source.Container
	chosen    []source.Container // none is everybody
	recursive bool
	places    map[string]place // users share parents
	excluded  []source.Container
	outside   map[string]bool // by parent, whether that is in an excluded OU or below
	groups    []registry.GroupRef
	members   map[string]bool // who is in one of the groups, nil where there are none
	licensed  bool
	skus      []string
}

// newSelection finds in a directory what an import asks for: OUs, groups, licences.
// Without any of them it is the whole directory.
func newSelection(r *reading, customer string, ask ImportRequest) (*selection, error) {
	s := &selection{index: r.index, recursive: ask.Recursive, places: map[string]place{}, outside: map[string]bool{}, licensed: ask.Licensed}
	var err error
	if s.asked, err = findOUs(r, customer, ask.OUs); err != nil {
		return nil, err
	}
	if s.excluded, err = findOUs(r, customer, ask.ExcludeOUs); err != nil {
		return nil, err
	}
	root := source.DNKey(r.tree.Root)
	if !s.recursive || !slices.ContainsFunc(s.asked, func(c source.Container) bool { return source.DNKey(c.DN) == root }) {
		s.chosen = s.asked // the domain's own DN with recursion takes everybody
	}
	for _, name := range ask.Groups {
		found := source.FindGroups(r.groups, name)
		switch len(found) {
		case 0:
			return nil, &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownGroup, Subject: meant([]string{name}, namesOfGroups(r.groups)), Message: fmt.Sprintf("no group %q in %s's %s", name, customer, r.kind)}
		case 1:
			s.groups = append(s.groups, registry.GroupRef{ID: found[0].ID, Name: found[0].Name})
		default:
			hits := make([]hit, len(found))
			for i, g := range found {
				hits[i] = hit{id: g.ID, label: fmt.Sprintf("%s (%s, id %s)", g.Name, cmp.Or(g.DN, g.Email, g.Account), g.ID)}
			}
			return nil, notUnique(listHits(name, hits))
		}
	}
	s.enter(r)
	return s, s.findLicences(r, customer, ask.SKUs)
}

// findOUs finds OUs of a directory by what they are called.
func findOUs(r *reading, customer string, names []string) ([]source.Container, error) {
	switch {
	case len(names) == 0:
		return nil, nil
	case r.kind != source.AD:
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicNoOUs, Message: "Microsoft 365 has no OUs"}
	case r.index == nil:
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicNoOUs, Message: "this directory has no OUs"}
	}
	var found []source.Container
	var unknown []string
	for _, name := range names {
		if c, ok := r.index.Find(name); ok {
			found = append(found, c)
		} else {
			unknown = append(unknown, name)
		}
	}
	if len(unknown) > 0 {
		return nil, &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownOU, Subject: meant(unknown, namesOfOUs(r.index.Containers)),
			Message: "no OU " + quoteAll(unknown) + " in " + customer + "'s Active Directory"}
	}
	return found, nil
}

// enter finds who is in the groups.
func (s *selection) enter(r *reading) {
	if len(s.groups) == 0 {
		return
	}
	s.members = map[string]bool{}
	index := source.NewGroupIndex(r.groups, r.users)
	for _, g := range s.groups {
		maps.Copy(s.members, index.People(g.ID))
	}
}

// findLicences finds products by skuId or skuPartNumber, or as the users have them.
func (s *selection) findLicences(r *reading, customer string, names []string) error {
	if !s.licensed && len(names) == 0 {
		return nil
	}
	if r.kind != source.M365 {
		return &source.Error{Code: source.CodeUsage, Message: "Active Directory knows no licences"}
	}
	if err := r.saysLicences(customer); err != nil {
		return err
	}
	assigned := map[string]bool{}
	for _, u := range r.users {
		for _, l := range u.Licences {
			assigned[strings.ToLower(l)] = true
		}
	}
	var unknown []string
	for _, name := range names {
		id := strings.ToLower(strings.TrimSpace(name))
		i := slices.IndexFunc(r.licences, func(l source.Licence) bool { return l.ID == id || strings.EqualFold(l.Name, id) })
		switch {
		case i >= 0:
			s.skus = append(s.skus, r.licences[i].ID)
		case assigned[id]:
			s.skus = append(s.skus, id)
		default:
			unknown = append(unknown, fmt.Sprintf("%q", name))
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	var known []string
	for _, l := range r.licences {
		known = append(known, l.Name)
	}
	if len(r.licences) == 0 {
		known = slices.Collect(maps.Keys(assigned))
	}
	slices.Sort(known)
	return &source.Error{Code: source.CodeNotFound, Message: fmt.Sprintf("no licence %s in %s's Microsoft 365, which has %s", strings.Join(unknown, ", "), customer, cmp.Or(strings.Join(known, ", "), "none"))}
}

// saysLicences is an error where the directory says of nobody whether he has a licence.
func (r *reading) saysLicences(customer string) error {
	if slices.ContainsFunc(r.users, func(u *source.User) bool { return u.Licensed != source.Unknown }) || len(r.users) == 0 {
		return nil
	}
	return &source.Error{Code: source.CodeUsage, Topic: TopicNoLicences, Message: customer + "'s Microsoft 365 does not say who has a licence"}
}

// takes says whether a user is asked for; below that he is not, and lies below an OU
// that is.
func (s *selection) takes(u *source.User) (take, below bool) {
	if take, below = s.place(u.OU()); !take {
		return false, below
	}
	switch {
	case s.members != nil && !s.members[u.ID], s.licensed && u.Licensed != source.Yes:
		return false, false
	case len(s.skus) == 0:
		return true, false
	}
	return slices.ContainsFunc(u.Licences, func(l string) bool { return slices.Contains(s.skus, strings.ToLower(l)) }), false
}

// leavesOut says that the user is in an OU that is excluded, or below one.
func (s *selection) leavesOut(u *source.User) bool {
	if len(s.excluded) == 0 {
		return false
	}
	parent := u.OU()
	out, ok := s.outside[parent]
	if !ok {
		for _, c := range s.excluded {
			direct, below, _ := s.index.Place(parent, source.DNKey(c.DN))
			out = out || direct || below
		}
		s.outside[parent] = out
	}
	return out
}

// base is the DN of the nearest container that holds all of some containers, so that
// one search finds the users; "" is the whole directory.
func base(chosen []source.Container) string {
	if len(chosen) == 0 {
		return ""
	}
	base := chosen[0].DN
	for _, c := range chosen[1:] {
		key := source.DNKey(c.DN)
		for base != "" {
			if b := source.DNKey(base); key == b || strings.HasSuffix(key, ","+b) {
				break
			}
			base = source.ParentDN(base)
		}
	}
	return base
}

// place says what becomes of the users with a parent.
type place struct{ take, below bool }

// place decides for a parent: the users directly in a chosen OU are taken, with
// recursive those below as well, AD's own containers excepted. below says that
// the parent lies below a chosen OU.
func (s *selection) place(parent string) (take, below bool) {
	if s.chosen == nil {
		return true, false
	}
	p, ok := s.places[parent]
	if !ok {
		for _, c := range s.chosen {
			key := source.DNKey(c.DN)
			direct, below, system := s.index.Place(parent, key)
			_, _, chosenIsSystem := s.index.Place(c.DN, key)
			p.take = p.take || direct || below && s.recursive && (!system || chosenIsSystem)
			p.below = p.below || below
		}
		s.places[parent] = p
	}
	return p.take, p.below
}

// selectors are the SELs of a request, and what each has hit so far.
type selectors struct {
	raw   []string
	wants map[string][]int // folded key → selectors that name it
	// logins are names as in DOMAIN\name, with the selectors that have them so.
	logins map[string][]login
	hits   [][]hit
	// livingFirst takes names from accounts that are gone or disabled where somebody
	// living in the same customer goes by them too.
	livingFirst bool
	of          string // the name of the customer whose people are offered, "" where there is but one
}

type hit struct {
	id, label string
	of        string // the name of the customer, "" where there is but one
	customer  string // of a living account
	gaveUp    string // the customer of one that is gone or disabled
}

// livingSelectors are for what is done with people who are there. Whoever deletes or
// relinks may mean the other, and has to say whom.
func livingSelectors(raw []string) *selectors {
	s := newSelectors(raw)
	s.livingFirst = true
	return s
}

func newSelectors(raw []string) *selectors {
	s := &selectors{raw: raw, wants: map[string][]int{}, logins: map[string][]login{}, hits: make([][]hit, len(raw))}
	for i, r := range raw {
		r = strings.TrimSpace(r)
		keys := map[string]bool{strings.ToLower(r): true, strings.ToLower(strings.Trim(r, "{}")): true, source.DNKey(r): true}
		if domain, user, ok := source.DomainUser(r); ok {
			key := strings.ToLower(user)
			s.logins[key] = append(s.logins[key], login{i, domain})
		}
		for key := range keys {
			if key != "" {
				s.wants[key] = append(s.wants[key], i)
			}
		}
	}
	return s
}

// offer tries something that goes by these names, and returns which selectors
// it hits.
func (s *selectors) offer(id, label string, names ...string) []int {
	return s.offerOf("", true, id, label, names...)
}

// offerOf tries somebody of a customer.
func (s *selectors) offerOf(customer string, living bool, id, label string, names ...string) []int {
	h := hit{id: id, label: label, of: s.of}
	switch {
	case !s.livingFirst:
	case living:
		h.customer = customer
	default:
		h.gaveUp = customer
	}
	var hits []int
	for _, name := range names {
		if name == "" {
			continue
		}
		for _, i := range s.wanting(strings.ToLower(name), names) {
			if slices.ContainsFunc(s.hits[i], func(o hit) bool { return o.id == h.id || h.gaveUp != "" && h.gaveUp == o.customer }) {
				continue
			}
			s.hits[i] = append(slices.DeleteFunc(s.hits[i], func(o hit) bool { return h.customer != "" && h.customer == o.gaveUp }), h)
			hits = append(hits, i)
		}
	}
	return hits
}

// login is a selector DOMAIN\name.
type login struct {
	i      int
	domain string
}

// wanting are the selectors of one of the names that somebody goes by. Of a login the
// domain has to be one that the other names have: the NetBIOS name is not known, and
// elsewhere the same user name is another person's.
func (s *selectors) wanting(name string, names []string) []int {
	wanting := s.wants[name]
	for _, l := range s.logins[name] {
		if slices.ContainsFunc(names, func(n string) bool { return source.InDomain(n, l.domain) }) {
			wanting = append(slices.Clip(wanting), l.i)
		}
	}
	return wanting
}

// offerUser offers a user of a directory.
func (s *selectors) offerUser(u *source.User) []int {
	if len(s.wants) == 0 {
		return nil
	}
	return s.offer(u.ID, userLabel(u), userNames(u)...)
}

// userNames are what a user goes by.
func userNames(u *source.User) []string {
	dn := ""
	if u.DN != "" {
		dn = source.DNKey(u.DN)
	}
	return []string{u.ID, dn, u.UPN, u.Username, u.OnPremUsername, u.Email}
}

// offerAccount offers an account of a customer.
func (s *selectors) offerAccount(customer string, a *registry.Account) []int {
	return s.offerOf(customer, a.Living(), a.ID, accountLabel(a), accountNames(a)...)
}

// offerAccounts offers the accounts of customers, and says which are hit.
func (s *selectors) offerAccounts(customers []*registry.Snapshot, found func(registry.Customer, *registry.Account)) {
	for _, snap := range customers {
		if len(customers) > 1 {
			s.of = snap.Customer.Name
		}
		for _, a := range snap.Accounts {
			if len(s.offerAccount(snap.Customer.ID, a)) > 0 {
				found(snap.Customer, a)
			}
		}
	}
}

// accountIDs are the first of [accountNames].
const accountIDs = 3

// accountNames are what an account goes by, its ids first.
func accountNames(a *registry.Account) []string {
	dn, mailbox := "", ""
	if a.AD != nil {
		dn = source.DNKey(a.AD.Name)
	}
	if a.M365 != nil {
		mailbox = a.M365.Name
	}
	return []string{a.ID, a.LinkID(source.AD), a.LinkID(source.M365), dn, a.UPN, mailbox, a.Username, a.Email}
}

// selOf is what names an account and no other that lives.
func selOf(a *registry.Account) string {
	if a.Living() && a.Username != "" {
		return a.Username
	}
	return a.ID
}

// only leaves the selectors that count.
func (s *selectors) only(counts func(i int) bool) *selectors {
	some := &selectors{}
	for i := range s.raw {
		if counts(i) {
			some.raw, some.hits = append(some.raw, s.raw[i]), append(some.hits, s.hits[i])
		}
	}
	return some
}

// unused lists what has hit nothing.
func (s *selectors) unused() []string {
	var raw []string
	for i, hits := range s.hits {
		if len(hits) == 0 {
			raw = append(raw, s.raw[i])
		}
	}
	return raw
}

// check returns an error unless each selector hit exactly one. What is there is looked
// at for names that the missing may have been meant for; nil is nothing.
func (s *selectors) check(what string, topic source.Topic, there iter.Seq[called]) error {
	var many []string
	for i, hits := range s.hits {
		if len(hits) > 1 {
			many = append(many, listHits(s.raw[i], hits))
		}
	}
	switch missing := s.unused(); {
	case len(missing) > 0:
		return &source.Error{Code: source.CodeNotFound, Topic: topic, Subject: meant(missing, there), Message: "no " + what + " " + quoteAll(missing)}
	case len(many) > 0:
		return notUnique(many...)
	}
	return nil
}

// quoteAll names the first of some names: a wrong file may hold thousands.
func quoteAll(names []string) string {
	var quoted []string
	for _, name := range names[:min(mostListed, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%q", name))
	}
	text := strings.Join(quoted, ", ")
	if more := len(names) - mostListed; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// mostListed bounds the lines about one name in an error, and the names.
const mostListed = 10

// notUnique is the error of names that several go by, each with its hits.
func notUnique(lists ...string) error {
	if more := len(lists) - mostListed; more > 0 {
		lists = append(lists[:mostListed:mostListed], fmt.Sprintf("and %d more names of which several are known", more))
	}
	return &source.Error{Code: CodeNotUnique, Message: strings.Join(lists, "\n"), Hint: "name one by its id"}
}

// listHits says whom a name may mean, one a line, in an order that stays.
func listHits(sel string, hits []hit) string {
	hits = slices.SortedFunc(slices.Values(hits), func(a, b hit) int {
		return cmp.Or(compareFold(a.of, b.of), compareFold(a.label, b.label), cmp.Compare(a.id, b.id))
	})
	lines := []string{fmt.Sprintf("%q is the name of %d:", sel, len(hits))}
	for _, h := range hits[:min(mostListed, len(hits))] {
		line := oneLine(h.label)
		if h.of != "" {
			line += " of " + oneLine(h.of)
		}
		lines = append(lines, line)
	}
	if more := len(hits) - mostListed; more > 0 {
		lines = append(lines, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(lines, "\n")
}

func userLabel(u *source.User) string {
	return fmt.Sprintf("%s (%s, id %s)", cmp.Or(u.DisplayName, u.Username), cmp.Or(u.Email, u.UPN, u.DN), u.ID)
}

func accountLabel(a *registry.Account) string {
	dn := ""
	if a.AD != nil {
		dn = a.AD.Name
	}
	return fmt.Sprintf("%s (%s, id %s)", cmp.Or(a.DisplayName, a.Username), cmp.Or(a.Email, a.UPN, dn), a.ID)
}

// nameList are users as people name them: SELs, or patterns with * and ?.
type nameList struct {
	exact    *selectors
	patterns []pattern
}

type pattern struct {
	raw string
	re  *regexp.Regexp
	hit bool
}

func newNameList(raw []string) *nameList {
	var exact []string
	n := &nameList{}
	for _, r := range raw {
		if !strings.ContainsAny(r, "*?") {
			exact = append(exact, r)
			continue
		}
		expr := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(strings.TrimSpace(r)))
		n.patterns = append(n.patterns, pattern{raw: r, re: regexp.MustCompile(`(?is)^` + expr + `$`)})
	}
	n.exact = newSelectors(exact)
	return n
}

// match says whether the user is named, and whether by a SEL.
func (n *nameList) match(u *source.User) (found, exactly bool) {
	exactly = len(n.exact.offerUser(u)) > 0
	found = exactly
	for i := range n.patterns {
		p := &n.patterns[i]
		for _, name := range []string{u.Username, u.UPN, u.Email, u.DisplayName, u.DN} {
			if name != "" && p.re.MatchString(name) {
				p.hit, found = true, true
			}
		}
	}
	return found, exactly
}

// unused lists what has fitted nobody.
func (n *nameList) unused() []string {
	return append(n.exact.unused(), n.unusedPatterns()...)
}

// unusedPatterns lists the patterns that have fitted nobody.
func (n *nameList) unusedPatterns() []string {
	var raw []string
	for _, p := range n.patterns {
		if !p.hit {
			raw = append(raw, p.raw)
		}
	}
	return raw
}
