package importer

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Accounts lists accounts: a customer's, or all.
func (im *Importer) Accounts(ctx context.Context, r AccountsRequest) (AccountList, error) {
	list := AccountList{Accounts: []Account{}}
	load := registry.Load{Accounts: true}
	if r.State == registry.StateNeedsEmail || len(r.Filter.OUs) > 0 {
		load.People = []source.Kind{source.AD, source.M365}
	}
	customers, err := im.snapshots(ctx, r.Customer, load)
	if err != nil {
		return list, err
	}
	filters, err := r.Filter.of(customers)
	if err != nil {
		return list, err
	}
	for i, snap := range customers {
		var accounts []Account
		if r.State == registry.StateNeedsEmail {
			if accounts, err = needingEmail(snap); err != nil {
				return list, err
			}
		} else {
			for _, a := range snap.Accounts {
				if r.State == "" || r.State == a.State {
					accounts = append(accounts, viewAccount(a, snap.Customer.Name))
				}
			}
		}
		list.Of += len(accounts)
		if !r.Filter.IsZero() {
			keep(&accounts, func(a Account) bool {
				ou, _, _ := accountOrder(&a)
				return filters[i].known && filters[i].lets(ou, a.Light, accountWords(&a)...)
			})
		}
		list.Accounts = append(list.Accounts, accounts...)
	}
	sortBy(list.Accounts, accountOrder)
	order(list.Accounts, r.Order, func(a *Account) (light Light, name, id string) { return a.Light, a.DisplayName, a.ID })
	slices.SortStableFunc(list.Accounts, func(x, y Account) int { return compareFold(x.Customer, y.Customer) })
	return list, nil
}

// snapshots reads a customer, or with "" all.
func (im *Importer) snapshots(ctx context.Context, sel string, load registry.Load) ([]*registry.Snapshot, error) {
	if sel != "" {
		snap, err := im.find(ctx, sel, load)
		if err != nil {
			return nil, err
		}
		return []*registry.Snapshot{snap}, nil
	}
	return im.store.List(ctx, load)
}

// Account shows the one account that sel names, among a customer's or all. Where
// the address was set by hand, it says what the directory has.
func (im *Importer) Account(ctx context.Context, customerSel, sel string) (Account, error) {
	var v Account
	var owner registry.Customer
	var found *registry.Account
	s := livingSelectors([]string{sel})
	customers, err := im.snapshots(ctx, customerSel, registry.Load{Accounts: true})
	if err != nil {
		return v, err
	}
	s.offerAccounts(customers, func(c registry.Customer, a *registry.Account) {
		v, owner, found = viewAccount(a, c.Name), c, a
	})
	err = s.check("account", TopicUnknownAccount, namesOfAccounts(customers...))
	if err != nil || found.EmailSource != registry.EmailFromManual {
		return v, err
	}
	kind := emailKind(owner.PasswordSync, found)
	snap, err := im.store.Snapshot(ctx, registry.Ref{ID: owner.ID}, registry.Load{People: []source.Kind{kind}})
	if err != nil {
		return v, err
	}
	if p, known := snap.People[kind][found.LinkID(kind)]; known {
		u, err := p.User()
		if err != nil {
			return v, err
		}
		v.DirectoryEmail = &u.Email
	}
	return v, nil
}

// find returns the places of the accounts that the SELs name.
func (d *draft) find(s *selectors) ([]int, error) {
	return d.locate(s), s.check("account", TopicUnknownAccount, namesOfAccounts(d.after))
}

// locate returns the places of the accounts that the SELs name, -1 for one that does
// not name just one.
func (d *draft) locate(s *selectors) []int {
	found := make([]int, len(s.raw))
	for place, a := range d.after.Accounts {
		if a == nil {
			continue
		}
		for _, i := range s.offerAccount(d.after.Customer.ID, a) {
			found[i] = place
		}
	}
	for i, hits := range s.hits {
		if len(hits) != 1 {
			found[i] = -1
		}
	}
	return found
}

// DeleteRequest says which accounts are deleted: those that are named, all of a
// customer, or those whose user is gone for so long.
type DeleteRequest struct {
	Customer   string        `json:"-"`
	Accounts   []string      `json:"accounts,omitempty"` // SEL
	All        bool          `json:"all,omitempty"`
	MissingFor time.Duration `json:"missing_for,omitempty"`
	DryRun     bool          `json:"-"`
}

// takes says whether an account is among those of a request that names nobody.
func (r DeleteRequest) takes(a *registry.Account, now time.Time) bool {
	if r.MissingFor == 0 {
		return r.All
	}
	for _, l := range []*registry.Link{a.AD, a.M365} {
		if l.Gone() && !l.Since.IsZero() && now.Sub(l.Since) >= r.MissingFor {
			return true
		}
	}
	return false
}

// DeleteAccounts deletes accounts and returns them as they were. The directories
// are not touched. An account that was named does not come back with an import of
// everybody.
func (im *Importer) DeleteAccounts(ctx context.Context, r DeleteRequest) (AccountsResult, error) {
	customerSel, err := im.ownerOf(ctx, r.Customer, newSelectors(r.Accounts))
	if err != nil {
		return AccountsResult{}, err
	}
	result := AccountsResult{Applied: !r.DryRun}
	result.Run, err = im.change(ctx, customerSel, command{name: "accounts delete", params: r, dry: r.DryRun}, func(d *draft) error {
		result.Accounts = []Account{}
		places, err := d.find(newSelectors(r.Accounts))
		if err != nil {
			return err
		}
		toDelete := make(map[int]bool, len(places))
		for _, i := range places {
			toDelete[i] = true
		}
		for i, a := range d.after.Accounts {
			if toDelete[i] || r.takes(a, d.now) {
				result.Accounts = append(result.Accounts, viewAccount(a, d.after.Customer.Name))
				d.after.Accounts[i] = nil
				if toDelete[i] {
					d.dismiss(a)
				}
			}
		}
		return nil
	})
	sortBy(result.Accounts, accountOrder)
	return result, err
}

// dismiss keeps who was deleted by hand from coming back with everybody else.
func (d *draft) dismiss(a *registry.Account) {
	x := registry.Dismissal{Kind: source.AD, ID: a.LinkID(source.AD), Name: cmp.Or(a.DisplayName, a.Username), At: d.now}
	if a.AD == nil {
		x.Kind, x.ID = source.M365, a.LinkID(source.M365)
	}
	d.after.Dismissals[x.Key()] = x
}

// ownerOf is the customer whose accounts are named: the one given, or where
// none is, the one that owns them all.
func (im *Importer) ownerOf(ctx context.Context, customerSel string, s *selectors) (string, error) {
	if customerSel != "" || len(s.raw) == 0 {
		return customerSel, nil
	}
	owners := map[string]bool{}
	owner := ""
	customers, err := im.snapshots(ctx, "", registry.Load{Accounts: true})
	if err != nil {
		return "", err
	}
	s.offerAccounts(customers, func(c registry.Customer, _ *registry.Account) {
		owner = c.ID
		owners[owner] = true
	})
	err = s.check("account", TopicUnknownAccount, namesOfAccounts(customers...))
	if err == nil && len(owners) > 1 {
		err = &source.Error{Code: source.CodeUsage, Topic: TopicSeveralCustomers, Message: "the accounts belong to several customers"}
	}
	return owner, err
}
