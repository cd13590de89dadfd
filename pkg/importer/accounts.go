package importer

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Accounts lists accounts: a customer's, or all.
func (im *Importer) Accounts(ctx context.Context, r AccountsRequest) ([]Account, error) {
	accounts := []Account{}
	err := im.eachAccount(ctx, r.Customer, func(c registry.Customer, a *registry.Account) {
		if r.State == "" || r.State == a.State {
			accounts = append(accounts, viewAccount(a, c.Name))
		}
	})
	sortBy(accounts, accountOrder)
	slices.SortStableFunc(accounts, func(x, y Account) int { return compareFold(x.Customer, y.Customer) })
	return accounts, err
}

// eachAccount visits the accounts of a customer, or with "" of all.
func (im *Importer) eachAccount(ctx context.Context, sel string, visit func(registry.Customer, *registry.Account)) error {
	accounts := registry.Load{Accounts: true}
	var customers []*registry.Snapshot
	if sel != "" {
		snap, err := im.find(ctx, sel, accounts)
		if err != nil {
			return err
		}
		customers = append(customers, snap)
	} else {
		list, err := im.store.List(ctx)
		if err != nil {
			return err
		}
		for _, c := range list {
			snap, err := im.store.Snapshot(ctx, registry.Ref{ID: c.Customer.ID}, accounts)
			if source.CodeOf(err) == source.CodeNotFound {
				continue // deleted meanwhile
			}
			if err != nil {
				return err
			}
			customers = append(customers, snap)
		}
	}
	for _, snap := range customers {
		for _, a := range snap.Accounts {
			visit(snap.Customer, a)
		}
	}
	return nil
}

// Account shows the one account that sel names, among a customer's or all. Where
// the address was set by hand, it says what the directory has.
func (im *Importer) Account(ctx context.Context, customerSel, sel string) (Account, error) {
	var v Account
	var owner registry.Customer
	var found *registry.Account
	s := livingSelectors([]string{sel})
	err := im.eachAccount(ctx, customerSel, func(c registry.Customer, a *registry.Account) {
		if len(s.offerAccount(c.ID, a)) > 0 {
			v, owner, found = viewAccount(a, c.Name), c, a
		}
	})
	if err == nil {
		err = s.check("account", TopicUnknownAccount)
	}
	if err != nil || found.EmailSource != registry.EmailFromManual {
		return v, err
	}
	kind := source.AD
	if owner.PasswordSync == registry.ModeOn || found.AD == nil {
		kind = source.M365
	}
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

// SetEmails sets addresses by hand: all of them, or none and an error.
func (im *Importer) SetEmails(ctx context.Context, customerSel string, changes []EmailChange) (AccountsResult, error) {
	sels := make([]string, len(changes))
	for i, ch := range changes {
		sels[i] = ch.Account
	}
	customerSel, err := im.ownerOf(ctx, customerSel, livingSelectors(sels))
	if err != nil {
		return AccountsResult{}, err
	}
	result := AccountsResult{Applied: true}
	result.Run, err = im.change(ctx, customerSel, command{name: "accounts set-email", params: changes}, func(d *draft) error {
		result.Accounts = []Account{}
		touched, err := d.setEmails(changes)
		d.settle()
		for _, i := range touched {
			result.Accounts = append(result.Accounts, viewAccount(d.after.Accounts[i], d.after.Customer.Name))
		}
		return err
	})
	if err != nil {
		return AccountsResult{}, err
	}
	return result, nil
}

// setEmails drafts addresses set by hand, and returns the places of the accounts.
func (d *draft) setEmails(changes []EmailChange) ([]int, error) {
	var bad []string
	sels := make([]string, len(changes))
	for i, ch := range changes {
		sels[i] = ch.Account
		if !validEmail(strings.TrimSpace(ch.Email)) {
			bad = append(bad, fmt.Sprintf("%q (for %s)", ch.Email, ch.Account))
		}
	}
	if len(bad) > 0 {
		return nil, &source.Error{Code: source.CodeUsage, Message: "not an e-mail address: " + strings.Join(bad, ", "), Hint: "an address reads name@domain.example"}
	}
	found, err := d.find(livingSelectors(sels))
	if err != nil {
		return nil, err
	}
	var touched []int
	given := map[int]string{}
	holders := map[string]int{}
	for i, a := range d.after.Accounts {
		if a != nil && a.Email != "" && a.Living() && a.State != registry.StatePendingMatch {
			holders[emailKey(a.Email)] = i
		}
	}
	for k, i := range found {
		email := strings.TrimSpace(changes[k].Email)
		a := d.after.Accounts[i]
		switch before := given[i]; {
		case before == email:
			continue
		case before != "":
			return nil, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("%s is given two addresses: %s and %s", accountLabel(a), before, email),
				Hint: "leave one of the lines"}
		}
		given[i] = email
		touched = append(touched, i)
		if a.State == registry.StatePendingMatch {
			return nil, &source.Error{Code: CodeRefused, Topic: TopicMatchFirst, Message: accountLabel(a) + " waits for its mailbox, which brings the address"}
		}
		if other, held := holders[emailKey(email)]; held && other != i {
			return nil, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("%s is the address of %s already", email, accountLabel(d.after.Accounts[other])),
				Hint: "within a customer an address belongs to one account"}
		}
		holders[emailKey(email)] = i
		setEmail(d.edit(i), email, registry.EmailFromManual)
	}
	return touched, nil
}

// find returns the places of the accounts that the SELs name.
func (d *draft) find(s *selectors) ([]int, error) {
	return d.locate(s), s.check("account", TopicUnknownAccount)
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
	err := im.eachAccount(ctx, "", func(c registry.Customer, a *registry.Account) {
		if len(s.offerAccount(c.ID, a)) > 0 {
			owner = c.ID
			owners[owner] = true
		}
	})
	if err == nil {
		err = s.check("account", TopicUnknownAccount)
	}
	if err == nil && len(owners) > 1 {
		err = &source.Error{Code: source.CodeUsage, Topic: TopicSeveralCustomers, Message: "the accounts belong to several customers"}
	}
	return owner, err
}
