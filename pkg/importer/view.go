package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// viewUser is a user as the program shows it.
func viewUser(u *source.User, imported bool) User {
	v := User{
		Source: u.Kind, ID: u.ID, Username: u.Username, UPN: u.UPN, DisplayName: u.DisplayName,
		GivenName: u.GivenName, Surname: u.Surname, Email: u.Email, OU: u.OU(), Enabled: u.Enabled, Imported: imported,
	}
	if reason := u.SkipReason(); reason != "" {
		v.SkipReason = &reason
	}
	return v
}

// whySkipped says more than the reason for which a user is skipped, "" where there is
// no more to say.
func whySkipped(u *source.User, reason string) string {
	switch reason {
	case source.SkipPrivileged:
		return strings.Join(u.PrivilegePaths(), "; ")
	case source.SkipServiceUser:
		return u.Service()
	}
	return ""
}

// viewAccount is an account as the program shows it.
func viewAccount(a *registry.Account, customer string) Account {
	v := Account{
		ID: a.ID, Customer: customer, DisplayName: a.DisplayName, GivenName: a.GivenName, Surname: a.Surname,
		Username: a.Username, UPN: a.UPN, Email: a.Email, State: a.State, Light: accountLight(a),
		EmailSource: orNull(a.EmailSource), EmailIssue: orNull(a.EmailIssue), ImportedAt: a.ImportedAt, UpdatedAt: a.UpdatedAt,
	}
	if l := a.AD; l != nil {
		v.AD = &ADLink{ID: l.ID, DN: l.Name, LinkStatus: viewStanding(l)}
	}
	if l := a.M365; l != nil {
		v.M365 = &M365Link{ID: l.ID, UPN: l.Name, LinkStatus: viewStanding(l)}
	}
	return v
}

func viewStanding(l *registry.Link) LinkStatus {
	s := LinkStatus{Status: l.Status}
	if !l.Since.IsZero() {
		s.Since = &l.Since
	}
	if !l.PrivilegedSince.IsZero() {
		s.PrivilegedSince = &l.PrivilegedSince
	}
	s.Privileged = orNull(l.Privileged)
	return s
}

func orNull(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}

// list makes a nil list an empty one, since JSON tells them apart.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// sortBy puts a list in the order that everything is listed in: by OU, then
// name, then id. An account that a dry run would make has no id yet, and comes
// last among equals, as it will.
func sortBy[T any](items []T, of func(*T) (ou, name, id string)) {
	type entry struct {
		ou, name, id string
		at           int
	}
	// Folding once an item, not once a comparison; and items are large.
	entries, folded := make([]entry, len(items)), map[string]string{}
	for i := range items {
		ou, name, id := of(&items[i])
		key, ok := folded[ou]
		if !ok {
			key = strings.ToLower(ou)
			folded[ou] = key
		}
		entries[i] = entry{key, strings.ToLower(name), id, i}
	}
	slices.SortFunc(entries, func(a, b entry) int {
		byID := cmp.Compare(a.id, b.id)
		if a.id == "" || b.id == "" {
			byID = -byID
		}
		return cmp.Or(cmp.Compare(a.ou, b.ou), cmp.Compare(a.name, b.name), byID, cmp.Compare(a.at, b.at))
	})
	for i := range entries { // in place: a circle of moves at a time
		moved, to := items[i], i
		for entries[to].at != i {
			from := entries[to].at
			items[to], entries[to].at = items[from], to
			to = from
		}
		items[to], entries[to].at = moved, to
	}
}

func userOrder(u *User) (ou, name, id string) { return u.OU, u.DisplayName, u.ID }

func accountOrder(a *Account) (ou, name, id string) {
	if a.AD != nil {
		ou = source.ParentDN(a.AD.DN)
	}
	return ou, a.DisplayName, a.ID
}

func compareFold(a, b string) int {
	if a == b {
		return 0
	}
	return cmp.Or(cmp.Compare(strings.ToLower(a), strings.ToLower(b)), cmp.Compare(a, b))
}
