package importer

import (
	"cmp"
	"fmt"
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
}

// newSelection finds the OUs that are asked for in a directory; none is all of it.
func newSelection(r *reading, customer string, ous []string, recursive bool) (*selection, error) {
	s := &selection{index: r.index, recursive: recursive, places: map[string]place{}}
	switch {
	case len(ous) == 0:
		return s, nil
	case r.kind != source.AD:
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicNoOUs, Message: "Microsoft 365 has no OUs"}
	case s.index == nil:
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicNoOUs, Message: "this directory has no OUs"}
	}
	var unknown []string
	for _, name := range ous {
		c, ok := s.index.Find(name)
		if !ok {
			unknown = append(unknown, fmt.Sprintf("%q", name))
			continue
		}
		s.asked = append(s.asked, c)
	}
	if len(unknown) > 0 {
		return nil, &source.Error{Code: source.CodeNotFound, Topic: TopicUnknownOU, Message: "no OU " + strings.Join(unknown, ", ") + " in " + customer + "'s Active Directory"}
	}
	root := source.DNKey(r.tree.Root)
	if !recursive || !slices.ContainsFunc(s.asked, func(c source.Container) bool { return source.DNKey(c.DN) == root }) {
		s.chosen = s.asked // the domain's own DN with recursion takes everybody
	}
	return s, nil
}

// base is the DN of the nearest container that holds all that is chosen, so that
// one search finds the users; "" is the whole directory.
func (s *selection) base() string {
	if len(s.chosen) == 0 {
		return ""
	}
	base := s.chosen[0].DN
	for _, c := range s.chosen[1:] {
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
	hits  [][]hit
	// livingFirst takes names from accounts that are gone or disabled where somebody
	// living in the same customer goes by them too.
	livingFirst bool
}

type hit struct {
	id, label string
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
	s := &selectors{raw: raw, wants: map[string][]int{}, hits: make([][]hit, len(raw))}
	for i, r := range raw {
		r = strings.TrimSpace(r)
		keys := map[string]bool{strings.ToLower(r): true, strings.ToLower(strings.Trim(r, "{}")): true, source.DNKey(r): true}
		if _, user, ok := source.DomainUser(r); ok { // a customer has one domain
			keys[strings.ToLower(user)] = true
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
	h := hit{id: id, label: label}
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
		for _, i := range s.wants[strings.ToLower(name)] {
			if slices.ContainsFunc(s.hits[i], func(o hit) bool { return o.id == h.id || h.gaveUp != "" && h.gaveUp == o.customer }) {
				continue
			}
			s.hits[i] = append(slices.DeleteFunc(s.hits[i], func(o hit) bool { return h.customer != "" && h.customer == o.gaveUp }), h)
			hits = append(hits, i)
		}
	}
	return hits
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
	dn, mailbox := "", ""
	if a.AD != nil {
		dn = source.DNKey(a.AD.Name)
	}
	if a.M365 != nil {
		mailbox = a.M365.Name
	}
	return s.offerOf(customer, a.Living(), a.ID, accountLabel(a), a.ID, a.LinkID(source.AD), a.LinkID(source.M365), dn, a.UPN, mailbox, a.Username, a.Email)
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

// check returns an error unless each selector hit exactly one.
func (s *selectors) check(what string, topic source.Topic) error {
	var missing, many []string
	for i, hits := range s.hits {
		switch {
		case len(hits) == 0:
			missing = append(missing, fmt.Sprintf("%q", s.raw[i]))
		case len(hits) > 1:
			labels := make([]string, len(hits))
			for j, h := range hits {
				labels[j] = h.label
			}
			many = append(many, fmt.Sprintf("%q is %s", s.raw[i], strings.Join(labels, " and ")))
		}
	}
	switch {
	case len(missing) > 0:
		return &source.Error{Code: source.CodeNotFound, Topic: topic, Message: "no " + what + " " + strings.Join(missing, ", ")}
	case len(many) > 0:
		return &source.Error{Code: CodeNotUnique, Message: strings.Join(many, "; "), Hint: "name one by its id"}
	}
	return nil
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

// exclusions are users that are left out: SELs, or patterns with * and ?.
type exclusions struct {
	exact    *selectors
	patterns []pattern
}

type pattern struct {
	raw string
	re  *regexp.Regexp
	hit bool
}

func newExclusions(raw []string) *exclusions {
	var exact []string
	e := &exclusions{}
	for _, r := range raw {
		if !strings.ContainsAny(r, "*?") {
			exact = append(exact, r)
			continue
		}
		expr := strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(strings.TrimSpace(r)))
		e.patterns = append(e.patterns, pattern{raw: r, re: regexp.MustCompile(`(?is)^` + expr + `$`)})
	}
	e.exact = newSelectors(exact)
	return e
}

func (e *exclusions) match(u *source.User) bool {
	if len(e.exact.offerUser(u)) > 0 {
		return true
	}
	found := false
	for i := range e.patterns {
		p := &e.patterns[i]
		for _, name := range []string{u.Username, u.UPN, u.Email, u.DisplayName, u.DN} {
			if name != "" && p.re.MatchString(name) {
				p.hit, found = true, true
			}
		}
	}
	return found
}

// unused lists what has fitted nobody.
func (e *exclusions) unused() []string {
	var raw []string
	for i, hits := range e.exact.hits {
		if len(hits) == 0 {
			raw = append(raw, e.exact.raw[i])
		}
	}
	for _, p := range e.patterns {
		if !p.hit {
			raw = append(raw, p.raw)
		}
	}
	return raw
}
