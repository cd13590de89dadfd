package importer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"regexp"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// selection is an open directory and the part of it that is asked for.
type selection struct {
	dir       source.Directory
	base      string // DN that is read below, "" for all
	index     *source.OUIndex
	chosen    []source.Container // none is everybody
	recursive bool
	below     int // users below the chosen OUs that were not taken
}

// openSelection opens a directory and finds the OUs in it.
func (im *Importer) openSelection(ctx context.Context, reg *registry, kind source.Kind, ous []string, recursive bool) (*selection, error) {
	conn, err := reg.connection(kind)
	if err != nil {
		return nil, err
	}
	if kind != source.AD && len(ous) > 0 {
		return nil, &source.Error{Code: source.CodeUsage, Message: "Microsoft 365 has no OUs", Hint: "leave --ou out, or use --source ad"}
	}
	dir, err := im.open(ctx, conn)
	if err != nil {
		return nil, err
	}
	s := &selection{dir: dir, recursive: recursive}
	if len(ous) > 0 {
		if err := s.choose(ctx, reg.customer.name, ous); err != nil {
			_ = dir.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *selection) choose(ctx context.Context, customer string, ous []string) error {
	lister, ok := s.dir.(source.OULister)
	if !ok {
		return &source.Error{Code: source.CodeUsage, Message: "this directory has no OUs", Hint: "leave --ou out"}
	}
	tree, err := lister.Tree(ctx)
	if err != nil {
		return err
	}
	s.index = source.NewOUIndex(tree)
	var unknown []string
	for _, name := range ous {
		c, ok := s.index.Find(name)
		if !ok {
			unknown = append(unknown, fmt.Sprintf("%q", name))
			continue
		}
		s.chosen = append(s.chosen, c)
	}
	if len(unknown) > 0 {
		return &source.Error{Code: source.CodeNotFound, Message: "no OU " + strings.Join(unknown, ", ") + " in " + customer + "'s Active Directory",
			Hint: "`qpimport ous` lists them; name one by DN, by path (corp.example/Staff) or by objectGUID"}
	}
	if s.recursive {
		for _, c := range s.chosen {
			if source.DNKey(c.DN) == source.DNKey(tree.Root) {
				s.chosen = nil // the domain's own DN takes everybody
				return nil
			}
		}
	}
	s.base = commonBase(s.chosen)
	return nil
}

// commonBase is the DN of the nearest container that holds all of them, so that
// one search finds their users.
func commonBase(containers []source.Container) string {
	base := containers[0].DN
	for _, c := range containers[1:] {
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

// users yields the users of the selection, and counts those below it.
func (s *selection) users(ctx context.Context) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		s.below = 0
		places := map[string]place{} // users share parents
		for u, err := range s.dir.Users(ctx, source.Scope{Base: s.base}) {
			if err != nil {
				yield(u, err)
				return
			}
			if s.chosen != nil {
				parent := u.OU()
				p, ok := places[parent]
				if !ok {
					p = s.place(parent)
					places[parent] = p
				}
				if !p.take {
					if p.below {
						s.below++
					}
					continue
				}
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

// place decides for a parent: the users directly in a chosen OU are taken, with
// recursive those below as well, AD's own containers excepted.
func (s *selection) place(parent string) place {
	var p place
	for _, c := range s.chosen {
		key := source.DNKey(c.DN)
		direct, below, system := s.index.Place(parent, key)
		_, _, chosenIsSystem := s.index.Place(c.DN, key)
		p.take = p.take || direct || below && s.recursive && (!system || chosenIsSystem)
		p.below = p.below || below
	}
	return p
}

// selectors are the SELs of a request, and what each has hit so far.
type selectors struct {
	raw   []string
	wants map[string][]int // folded key → selectors that name it
	hits  [][]hit
}

type hit struct{ id, label string }

func newSelectors(raw []string) *selectors {
	s := &selectors{raw: raw, wants: map[string][]int{}, hits: make([][]hit, len(raw))}
	for i, r := range raw {
		r = strings.TrimSpace(r)
		keys := map[string]bool{strings.ToLower(r): true, strings.ToLower(strings.Trim(r, "{}")): true, source.DNKey(r): true}
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
	var hits []int
	for _, name := range names {
		if name == "" {
			continue
		}
	selectors:
		for _, i := range s.wants[strings.ToLower(name)] {
			for _, h := range s.hits[i] {
				if h.id == id {
					continue selectors
				}
			}
			s.hits[i] = append(s.hits[i], hit{id, label})
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
	dn := ""
	if u.DN != "" {
		dn = source.DNKey(u.DN)
	}
	return s.offer(u.ID, userLabel(u), u.ID, dn, u.UPN, u.Username, u.OnPremUsername, u.Email)
}

// offerAccount offers an account.
func (s *selectors) offerAccount(a *account) []int {
	dn := ""
	if a.adDN != "" {
		dn = source.DNKey(string(a.adDN))
	}
	return s.offer(a.id, accountLabel(a), a.id, string(a.adID), string(a.m365ID), dn, a.upn, string(a.m365UPN), a.username, a.email)
}

// check returns an error unless each selector hit exactly one.
func (s *selectors) check(what, hint string) error {
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
		return &source.Error{Code: source.CodeNotFound, Message: "no " + what + " " + strings.Join(missing, ", "), Hint: hint}
	case len(many) > 0:
		return &source.Error{Code: CodeNotUnique, Message: strings.Join(many, "; "), Hint: "name one by its id"}
	}
	return nil
}

func userLabel(u *source.User) string {
	return fmt.Sprintf("%s (%s, id %s)", cmp.Or(u.DisplayName, u.Username), cmp.Or(u.Email, u.UPN, u.DN), u.ID)
}

func accountLabel(a *account) string {
	return fmt.Sprintf("%s (%s, id %s)", cmp.Or(a.displayName, a.username), cmp.Or(a.email, a.upn, string(a.adDN)), a.id)
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
