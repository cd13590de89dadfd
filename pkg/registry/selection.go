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
	AlsoM365 bool `json:"also_m365,omitempty"`
}

// OURef names an OU. It is the same OU for as long as its id is.
type OURef struct {
	ID string `json:"id"` // objectGUID, "" where the export has none
	DN string `json:"dn"` // at the time of the import
}

func (o OURef) key() string { return cmp.Or(o.ID, source.DNKey(o.DN)) }

// Scope tells selections apart: a customer has one for each set of OUs.
func (s *Selection) Scope() string {
	keys := make([]string, len(s.OUs))
	for i, o := range s.OUs {
		keys[i] = o.key()
	}
	slices.Sort(keys)
	return string(s.Source) + "/" + strings.Join(slices.Compact(keys), "/")
}

func (s *Selection) equal(t *Selection) bool {
	return s.Source == t.Source && s.Recursive == t.Recursive && s.All == t.All && s.IncludeDisabled == t.IncludeDisabled && s.AlsoM365 == t.AlsoM365 &&
		slices.Equal(s.OUs, t.OUs) && slices.Equal(s.Users, t.Users) && slices.Equal(s.Exclude, t.Exclude)
}

// Select returns the selections with one more import among them. An import of
// everybody takes the place of an earlier one of the same OUs; users taken by
// name are added to it.
func Select(selections []*Selection, s Selection) []*Selection {
	s.OUs = slices.Clone(s.OUs)
	slices.SortFunc(s.OUs, func(a, b OURef) int { return cmp.Compare(a.key(), b.key()) })
	s.OUs = slices.CompactFunc(s.OUs, func(a, b OURef) bool { return a.key() == b.key() })
	scope := s.Scope()
	at := slices.IndexFunc(selections, func(old *Selection) bool { return old.Scope() == scope })
	if at >= 0 {
		old := selections[at]
		s.Users = append(slices.Clone(old.Users), s.Users...)
		if !s.All {
			s.All, s.Recursive, s.Exclude, s.IncludeDisabled, s.AlsoM365 = old.All, old.Recursive, old.Exclude, old.IncludeDisabled, old.AlsoM365
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

func sortedSet(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return append([]string{}, slices.Compact(s)...)
}
