package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Filter chooses whom a list shows. It never changes what a command does.
type Filter struct {
	OUs       []string `json:"ou"` // DN, path or objectGUID, as an import takes them; none is everywhere
	Recursive bool     `json:"recursive"`
	Light     Light    `json:"light"` // "" for any
	Text      string   `json:"text"`  // a part of a name, a login or an address; "" for any
}

// IsZero says that the filter lets everybody through.
func (f Filter) IsZero() bool { return len(f.OUs) == 0 && f.Light == "" && f.Text == "" }

// Order is how a list is ordered.
type Order string

// The orders. Names are compared without case, and the worst light comes first.
const (
	ByOU    Order = "ou" // then by name and id
	ByName  Order = "name"
	ByLight Order = "light"
)

// filtering is a filter that knows the OUs it names.
type filtering struct {
	Filter
	places *selection // nil where no OU is named
	text   string     // folded
	known  bool       // the OUs are some of this customer's
}

// in makes a filter know the OUs of a directory.
func (f Filter) in(r *reading, customer string) (filtering, error) {
	k := filtering{Filter: f, text: match.Key(f.Text)}
	if len(f.OUs) == 0 {
		return k, nil
	}
	var err error
	k.places, err = newSelection(r, customer, ImportRequest{OUs: f.OUs, Recursive: f.Recursive})
	return k, err
}

// of makes a filter know the OUs of each customer. An OU has to be one of some
// customer's.
func (f Filter) of(customers []*registry.Snapshot) ([]filtering, error) {
	filters := make([]filtering, len(customers))
	var unknown error
	found := len(f.OUs) == 0
	for i, snap := range customers {
		filters[i].Filter = f
		r := &reading{kind: source.AD}
		var err error
		if len(f.OUs) > 0 {
			if r, err = knownOUs(snap); err != nil {
				return nil, err
			}
		}
		filters[i], err = f.in(r, snap.Customer.Name)
		if err != nil {
			unknown = err
			continue
		}
		filters[i].known, found = true, true
	}
	if !found {
		return nil, unknown
	}
	return filters, nil
}

// lets says whether somebody in an OU, "" for none, with a light and these names goes
// through.
func (f filtering) lets(ou string, light Light, names ...string) bool {
	if f.Light != "" && f.Light != light {
		return false
	}
	if f.places != nil {
		if take, _ := f.places.place(ou); !take || ou == "" {
			return false
		}
	}
	return f.text == "" || slices.ContainsFunc(names, func(name string) bool { return strings.Contains(match.Key(name), f.text) })
}

// knownOUs are the OUs of a customer's AD as far as they are known without asking it:
// those of its people and accounts, and those above them, with the ids of those that
// were imported from.
func knownOUs(snap *registry.Snapshot) (*reading, error) {
	r := &reading{kind: source.AD}
	seen := map[string]bool{}
	add := func(dn string) {
		for ; dn != "" && !seen[dn]; dn = source.ParentDN(dn) {
			seen[dn] = true
			r.tree.Containers = append(r.tree.Containers, source.Container{DN: dn})
			if strings.HasPrefix(source.DNKey(dn), "dc=") {
				r.tree.Root = dn
				return
			}
		}
	}
	for _, a := range snap.Accounts {
		if a.AD != nil {
			add(source.ParentDN(a.AD.Name))
		}
	}
	present, missing, err := snap.People[source.AD].Users()
	if err != nil {
		return nil, err
	}
	for _, u := range slices.Concat(present, missing) {
		add(u.OU())
	}
	ids := map[string]string{}
	for _, s := range snap.Selections {
		for _, o := range slices.Concat(s.OUs, s.ExcludeOUs) {
			add(o.DN)
			ids[source.DNKey(o.DN)] = o.ID
		}
	}
	for i := range r.tree.Containers {
		r.tree.Containers[i].ID = ids[source.DNKey(r.tree.Containers[i].DN)]
	}
	r.index = source.NewOUIndex(r.tree)
	return r, nil
}

// accountLight is how an account stands.
func accountLight(a *registry.Account) Light {
	light := Green
	if a.State != registry.StateActive {
		light = Yellow
	}
	for _, l := range []*registry.Link{a.AD, a.M365} {
		switch {
		case l == nil:
		case l.Gone(), !l.PrivilegedSince.IsZero():
			light = Red
		case l.Status != registry.StatusOK:
			light = worse(light, Yellow)
		}
	}
	if a.AD != nil && a.M365 != nil && a.AD.Status == registry.StatusDisabled && a.M365.Status == registry.StatusOK {
		light = Red // left, and the mailbox is open
	}
	return light
}

// userLight is how a user of a directory stands to the registry.
func userLight(u *User) Light {
	switch {
	case u.Imported && u.SkipReason != nil:
		return Red // would not be imported any more
	case u.Imported:
		return Green
	case u.SkipReason != nil:
		return Grey
	}
	return Yellow
}

// order puts a list that is in order of its OUs into another one.
func order[T any](items []T, by Order, of func(*T) (light Light, name, id string)) {
	if by == ByOU || by == "" {
		return
	}
	slices.SortStableFunc(items, func(a, b T) int {
		lightA, nameA, idA := of(&a)
		lightB, nameB, idB := of(&b)
		if by == ByLight && lightA != lightB {
			if worse(lightA, lightB) == lightA {
				return -1
			}
			return 1
		}
		if by == ByLight {
			return 0
		}
		return cmp.Or(compareFold(nameA, nameB), cmp.Compare(idA, idB))
	})
}

// match leaves in a match what a filter lets through: pairs by either of the two,
// and all who share a name where one of them goes through. Counts stay those of
// everybody.
func (f filtering) match(r *MatchResult) {
	f.OUs = list(f.OUs)
	r.Filter = &f.Filter
	user := func(light Light, users ...User) bool {
		ou, names := "", []string{}
		for _, u := range users {
			ou = cmp.Or(ou, u.OU)
			names = append(names, userWords(&u)...)
		}
		return f.lets(ou, light, names...)
	}
	keep(&r.Pairs, func(p MatchedPair) bool { return user(Green, p.AD, p.M365) })
	keep(&r.Doubtful, func(x MatchDoubtful) bool { return user(Red, x.AD, x.M365) })
	keep(&r.Ambiguous, func(x MatchAmbiguous) bool {
		return slices.ContainsFunc(slices.Concat(x.AD, x.M365), func(u User) bool { return user(Yellow, u) })
	})
	keep(&r.Review, func(x MatchReview) bool {
		about := []User{x.AD}
		for _, c := range x.Candidates {
			about = append(about, c.M365)
		}
		return user(Yellow, about...)
	})
	keep(&r.UnmatchedAD, func(u UnmatchedUser) bool {
		light := Yellow
		if u.Reason == match.ReasonIgnored {
			light = Grey
		}
		return user(light, u.User)
	})
	keep(&r.UnmatchedM365, func(u User) bool { return user(Grey, u) })
}

// keep leaves those in a list who fit.
func keep[T any](items *[]T, fits func(T) bool) {
	*items = slices.DeleteFunc(*items, func(item T) bool { return !fits(item) })
}

// userWords are the texts by which people look for a user.
func userWords(u *User) []string {
	return []string{u.DisplayName, u.GivenName, u.Surname, u.Username, u.UPN, u.Email}
}

// accountWords are the texts by which people look for an account.
func accountWords(a *Account) []string {
	words := []string{a.DisplayName, a.GivenName, a.Surname, a.Username, a.UPN, a.Email}
	if a.M365 != nil {
		words = append(words, a.M365.UPN)
	}
	return words
}
