package registry

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Selection is who of a directory is imported: what the customer's imports asked
// for, kept so that a later refresh takes the same people.
type Selection struct {
	Source source.Kind `json:"source"`
	OUs    []OURef     `json:"ous"` // none is the whole directory
	// Recursive takes the users below the OUs as well.
	Recursive bool `json:"recursive"`
	// All takes everybody in the OUs but Exclude; Users are taken by name besides.
	All             bool     `json:"all"`
	Users           []string `json:"users"` // ids
	Exclude         []string `json:"exclude"`
	IncludeDisabled bool     `json:"include_disabled"`
	// AlsoM365 is a selection of Microsoft 365 beside AD, with password sync off.
	AlsoM365 bool `json:"also_m365"`
	// Groups take the people in them, of those in the OUs; none takes them all.
	Groups []GroupRef `json:"groups"`
	// Licensed takes those alone who have a licence (Microsoft 365); SKUs, by skuId,
	// those who have one of these.
	Licensed bool     `json:"licensed"`
	SKUs     []string `json:"skus"`
	// ExcludeOUs leave out who is in them or below.
	ExcludeOUs []OURef `json:"exclude_ous"`
	// IncludePrivileged takes those as well who hold power over the directory.
	IncludePrivileged bool `json:"include_privileged"`
}

// GroupRef names a group. It is the same group for as long as its id is.
type GroupRef struct {
	ID   string `json:"id"`   // objectGUID or object id
	Name string `json:"name"` // at the time of the import
}

// OURef names an OU. It is the same OU for as long as its id is.
type OURef struct {
	ID string `json:"id"` // objectGUID, "" where the export has none
	DN string `json:"dn"` // at the time of the import
}

func (o OURef) key() string { return cmp.Or(o.ID, source.DNKey(o.DN)) }

// Scope tells selections apart: a customer has one for each set of OUs, groups and
// licences.
func (s *Selection) Scope() string {
	scope := string(s.Source) + "/" + joined(s.OUs, OURef.key)
	if len(s.Groups) > 0 {
		scope += "/groups/" + joined(s.Groups, func(g GroupRef) string { return g.ID })
	}
	if s.Licensed {
		scope += "/licensed"
	}
	if len(s.SKUs) > 0 {
		scope += "/skus/" + joined(s.SKUs, func(id string) string { return id })
	}
	return scope
}

// joined are the keys of things, each once, whatever their order.
func joined[T any](things []T, key func(T) string) string {
	keys := make([]string, len(things))
	for i, t := range things {
		keys[i] = key(t)
	}
	return strings.Join(sortedSet(keys), "/")
}

// Narrow says that the selection takes some of those in its OUs: it needs no OU.
func (s *Selection) Narrow() bool { return len(s.Groups) > 0 || s.Licensed || len(s.SKUs) > 0 }

func (s *Selection) equal(t *Selection) bool {
	return s.Source == t.Source && s.Recursive == t.Recursive && s.All == t.All && s.IncludeDisabled == t.IncludeDisabled && s.AlsoM365 == t.AlsoM365 &&
		s.Licensed == t.Licensed && s.IncludePrivileged == t.IncludePrivileged &&
		slices.Equal(s.OUs, t.OUs) && slices.Equal(s.Users, t.Users) && slices.Equal(s.Exclude, t.Exclude) &&
		slices.Equal(s.Groups, t.Groups) && slices.Equal(s.SKUs, t.SKUs) && slices.Equal(s.ExcludeOUs, t.ExcludeOUs)
}

// Select returns the selections with one more import among them. An import of
// everybody takes the place of an earlier one of the same OUs; users taken by
// name are added to it.
func Select(selections []*Selection, s Selection) []*Selection {
	s.OUs, s.ExcludeOUs = distinct(s.OUs, OURef.key), distinct(s.ExcludeOUs, OURef.key)
	s.Groups, s.SKUs = distinct(s.Groups, func(g GroupRef) string { return g.ID }), sortedSet(s.SKUs)
	scope := s.Scope()
	at := slices.IndexFunc(selections, func(old *Selection) bool { return old.Scope() == scope })
	if at >= 0 {
		old := selections[at]
		s.Users = append(slices.Clone(old.Users), s.Users...)
		if !s.All {
			s.All, s.Recursive, s.Exclude, s.IncludeDisabled, s.AlsoM365 = old.All, old.Recursive, old.Exclude, old.IncludeDisabled, old.AlsoM365
			s.ExcludeOUs, s.IncludePrivileged = old.ExcludeOUs, old.IncludePrivileged
		}
	}
	s.Users = sortedSet(s.Users)
	s.Exclude = sortedSet(s.Exclude)
	next := slices.Clone(selections)
	if at >= 0 {
		next[at] = &s
		return next
	}
	next = append(next, &s)
	slices.SortFunc(next, func(a, b *Selection) int { return cmp.Compare(a.Scope(), b.Scope()) })
	return next
}

// distinct are things in the order of their keys, each once.
func distinct[T any](things []T, key func(T) string) []T {
	things = slices.Clone(things)
	slices.SortStableFunc(things, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
	return slices.CompactFunc(things, func(a, b T) bool { return key(a) == key(b) })
}

func sortedSet(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return append([]string{}, slices.Compact(s)...)
}
