package importer

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Accounts lists accounts: a customer's, or all.
func (im *Importer) Accounts(ctx context.Context, r AccountsRequest) ([]Account, error) {
	accounts := []Account{}
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		return eachAccount(ctx, tx, r.Customer, func(c customer, a *account) {
			if r.State == "" || r.State == State(a.state) {
				accounts = append(accounts, a.view(c.name))
			}
		})
	})
	sorted(accounts, accountOrder)
	slices.SortStableFunc(accounts, func(x, y Account) int { return compareFold(x.Customer, y.Customer) })
	return accounts, err
}

// eachAccount visits the accounts of a customer, or with "" of all.
func eachAccount(ctx context.Context, tx *sql.Tx, sel string, visit func(customer, *account)) error {
	var customers []customer
	var err error
	if sel == "" {
		customers, err = findCustomers(ctx, tx)
	} else {
		var c customer
		c, err = findCustomer(ctx, tx, sel)
		customers = []customer{c}
	}
	if err != nil {
		return err
	}
	for _, c := range customers {
		accounts, err := findAccounts(ctx, tx, c.n, 0, false)
		if err != nil {
			return err
		}
		for _, a := range accounts {
			visit(c, a)
		}
	}
	return nil
}

// Account shows the one account that sel names, among a customer's or all.
func (im *Importer) Account(ctx context.Context, customerSel, sel string) (Account, error) {
	var v Account
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		s := newSelectors([]string{sel})
		err := eachAccount(ctx, tx, customerSel, func(c customer, a *account) {
			if len(s.offerAccount(a)) > 0 {
				v = a.view(c.name)
			}
		})
		if err != nil {
			return err
		}
		return s.check("account", "`qpimport accounts` lists them")
	})
	return v, err
}

// SetEmails sets addresses by hand: all of them, or none and an error.
func (im *Importer) SetEmails(ctx context.Context, customerSel string, changes []EmailChange) (AccountsResult, error) {
	sels := make([]string, len(changes))
	for i, ch := range changes {
		sels[i] = ch.Account
	}
	customerSel, err := im.ownerOf(ctx, customerSel, sels)
	if err != nil {
		return AccountsResult{}, err
	}
	result := AccountsResult{Applied: true, Accounts: []Account{}}
	var finish func()
	result.Run, err = im.change(ctx, customerSel, "accounts set-email", false, func(d *draft) error {
		touched, err := d.setEmails(changes)
		finish = func() {
			for _, a := range touched {
				result.Accounts = append(result.Accounts, a.view(d.reg.customer.name))
			}
		}
		return err
	})
	if err != nil {
		return AccountsResult{}, err
	}
	finish()
	return result, nil
}

// setEmails drafts addresses set by hand.
func (d *draft) setEmails(changes []EmailChange) ([]*account, error) {
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
	found, err := d.find(sels)
	if err != nil {
		return nil, err
	}
	var touched []*account
	given := map[*account]string{}
	holders := map[string]*account{}
	for _, a := range d.accounts() {
		if a.emailIssue == "" && a.email != "" {
			holders[emailKey(a.email)] = a
		}
	}
	for i, a := range found {
		email := strings.TrimSpace(changes[i].Email)
		switch before := given[a]; {
		case before == email:
			continue
		case before != "":
			return nil, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("%s is given two addresses: %s and %s", accountLabel(a), before, email),
				Hint: "leave one of the lines"}
		}
		given[a] = email
		touched = append(touched, a)
		if a.state == string(StatePendingMatch) {
			return nil, &source.Error{Code: CodeRefused, Message: accountLabel(a) + " waits for its mailbox, which brings the address",
				Hint: "match it first: `qpimport match --pair AD=M365`"}
		}
		if other := holders[emailKey(email)]; other != nil && other != a {
			return nil, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("%s is the address of %s already", email, accountLabel(other)),
				Hint: "within a customer an address belongs to one account"}
		}
		holders[emailKey(email)] = a
		if a.email != email || a.emailSource != EmailFromManual {
			a.setEmail(email, EmailFromManual)
		}
	}
	return touched, nil
}

// DeleteAccounts deletes the accounts that are named, or all of a customer.
// It returns them as they were. The directories are not touched.
func (im *Importer) DeleteAccounts(ctx context.Context, customerSel string, sels []string, all bool) (AccountsResult, error) {
	customerSel, err := im.ownerOf(ctx, customerSel, sels)
	if err != nil {
		return AccountsResult{}, err
	}
	result := AccountsResult{Applied: true}
	result.Run, err = im.change(ctx, customerSel, "accounts delete", false, func(d *draft) error {
		doomed := d.accounts()
		if !all {
			if doomed, err = d.find(sels); err != nil {
				return err
			}
		}
		named := make(map[*account]bool, len(doomed))
		for _, a := range doomed {
			named[a] = true
		}
		result.Accounts = []Account{}
		for i, a := range d.after {
			if named[a] {
				result.Accounts = append(result.Accounts, a.view(d.reg.customer.name))
				d.after[i] = nil
			}
		}
		return nil
	})
	sorted(result.Accounts, accountOrder)
	return result, err
}

// ownerOf is the customer whose accounts are named: the one given, or where
// none is, the one that owns them all.
func (im *Importer) ownerOf(ctx context.Context, customerSel string, sels []string) (string, error) {
	if customerSel != "" || len(sels) == 0 {
		return customerSel, nil
	}
	owners := map[string]bool{}
	owner := ""
	err := im.inTx(ctx, func(tx *sql.Tx) error {
		s := newSelectors(sels)
		err := eachAccount(ctx, tx, "", func(c customer, a *account) {
			if len(s.offerAccount(a)) > 0 {
				owners[c.name], owner = true, c.id
			}
		})
		if err != nil {
			return err
		}
		return s.check("account", "`qpimport accounts` lists them")
	})
	if err == nil && len(owners) > 1 {
		err = &source.Error{Code: source.CodeUsage, Message: "the accounts belong to several customers", Hint: "change one customer's at a time, named with --customer"}
	}
	return owner, err
}
