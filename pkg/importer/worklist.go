package importer

import (
	"cmp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/address/habit"
)

// needingEmail are the accounts of a customer that need an address, with what helps
// to find one.
func needingEmail(snap *registry.Snapshot) ([]Account, error) {
	var accounts []Account
	proposed := map[string]int{}
	if snap.Counts.NeedsEmail == 0 {
		return nil, nil
	}
	var learner habit.Learner
	holders, taken := map[string][]*registry.Account{}, map[string]bool{}
	for _, a := range snap.Accounts {
		if a.Email != "" {
			key := emailKey(a.Email)
			holders[key], taken[key] = append(holders[key], a), true
		}
		if a.State == registry.StateActive {
			learner.Learn(nameForAddress(a), a.Email)
		}
	}
	own := map[string][]string{} // address → the users that have it in a directory
	for _, people := range snap.People {
		present, missing, err := people.Users()
		if err != nil {
			return nil, err
		}
		for _, u := range slices.Concat(present, missing) {
			for _, address := range append(u.Addresses, u.Email, u.UPN) {
				if _, rest, ok := strings.Cut(address, ":"); ok {
					address = rest
				}
				if strings.Contains(address, "@") {
					own[emailKey(address)] = append(own[emailKey(address)], u.ID)
				}
			}
		}
	}
	for _, a := range snap.Accounts {
		if a.State != registry.StateNeedsEmail {
			continue
		}
		v := viewAccount(a, snap.Customer.Name)
		directory := a.Email
		if a.EmailSource == registry.EmailFromManual {
			kind := emailKind(snap.Customer.PasswordSync, a)
			directory = ""
			if p, known := snap.People[kind][a.LinkID(kind)]; known {
				u, err := p.User()
				if err != nil {
					return nil, err
				}
				directory = u.Email
			}
		}
		v.DirectoryEmail = &directory
		for _, other := range holders[emailKey(a.Email)] {
			if a.Email != "" && other != a {
				v.SharedWith = append(v.SharedWith, SharedWith{other.ID, other.DisplayName, other.Username})
			}
		}
		slices.SortFunc(v.SharedWith, func(x, y SharedWith) int {
			return cmp.Or(compareFold(x.DisplayName, y.DisplayName), cmp.Compare(x.Account, y.Account))
		})
		proposal := learner.Propose(nameForAddress(a), func(address string) bool {
			key := emailKey(address)
			return taken[key] || slices.ContainsFunc(own[key], func(id string) bool { return id != a.LinkID(source.AD) && id != a.LinkID(source.M365) })
		})
		if validEmail(proposal) {
			v.SuggestedEmail = &proposal
			proposed[proposal]++
		}
		accounts = append(accounts, v)
	}
	for i := range accounts { // of two namesakes nobody knows whose it would be
		if s := accounts[i].SuggestedEmail; s != nil && proposed[*s] > 1 {
			accounts[i].SuggestedEmail = nil
		}
	}
	return accounts, nil
}

func nameForAddress(a *registry.Account) habit.Name {
	_, domain, _ := strings.Cut(a.UPN, "@")
	return habit.Name{Given: a.GivenName, Surname: a.Surname, Username: a.Username, Domain: domain}
}
