package importer

import (
	"strings"
	"unicode"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The rules of the mission, as pure functions over accounts.

// nameKey is a customer's name as it is compared.
func nameKey(name string) string { return match.Key(name) }

// settle decides the state of every account of a customer from its mode and its
// addresses; within a customer an address belongs to one account alone.
func settle(d *draft) {
	mode := d.after.Customer.PasswordSync
	pending := func(a *registry.Account) bool { return mode == registry.ModeOn && a.M365 == nil }
	holders := make(map[string]int, len(d.after.Accounts))
	for _, a := range d.after.Accounts {
		if a != nil && !pending(a) && validEmail(a.Email) {
			holders[emailKey(a.Email)]++
		}
	}
	for i, a := range d.after.Accounts {
		if a == nil {
			continue
		}
		issue, state := "", registry.StateActive
		switch {
		case pending(a):
			state = registry.StatePendingMatch
		case a.Email == "":
			issue = registry.EmailMissing
		case !validEmail(a.Email):
			issue = registry.EmailInvalid
		case holders[emailKey(a.Email)] > 1:
			issue = registry.EmailDuplicate
		}
		if issue != "" {
			state = registry.StateNeedsEmail
		}
		if a.EmailIssue != issue || a.State != state {
			a = d.edit(i)
			a.EmailIssue, a.State = issue, state
		}
	}
}

func emailKey(email string) string { return strings.ToLower(email) }

// validEmail accepts what mail systems deliver to: a local part and a domain of
// at least two labels (RFC 5321 without quoted local parts and address
// literals, which no mailbox here has).
func validEmail(email string) bool {
	local, domain, ok := strings.Cut(email, "@")
	if !ok || local == "" || len(local) > 64 || len(email) > 254 {
		return false
	}
	for i, r := range local {
		if !mailRune(r) && !strings.ContainsRune("!#$%&'*+/=?^_`{|}~.-", r) ||
			r == '.' && (i == 0 || i == len(local)-1 || local[i+1] == '.') {
			return false
		}
	}
	labels := strings.Split(domain, ".")
	if len(labels) < 2 {
		return false
	}
	for _, label := range labels {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return false
		}
		for _, r := range label {
			if !mailRune(r) && r != '-' {
				return false
			}
		}
	}
	return true
}

// mailRune is a letter or digit of an address, beyond ASCII too (RFC 6531).
func mailRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)
}

// begin makes an account of a user. On: the address comes with the mailbox.
func begin(mode registry.Mode, u *source.User) *registry.Account {
	a := &registry.Account{}
	adopt(mode, a, u)
	return a
}

// adopt takes over what a directory says about the account's user. Off:
// everything comes from the one directory. On: everything from AD but the
// address, which comes with the mailbox. An address set by hand stays.
func adopt(mode registry.Mode, a *registry.Account, u *source.User) {
	a.DisplayName, a.GivenName, a.Surname, a.Username, a.UPN = u.DisplayName, u.GivenName, u.Surname, u.Username, u.UPN
	if u.Kind == source.AD {
		a.AD = linkTo(u)
	} else {
		a.M365 = linkTo(u)
	}
	if mode == registry.ModeOff && a.EmailSource != registry.EmailFromManual {
		setEmail(a, u.Email, string(u.Kind))
	}
}

func setEmail(a *registry.Account, email, from string) {
	a.Email, a.EmailSource = email, from
	if email == "" {
		a.EmailSource = ""
	}
}

// linkTo is the link from an account to a user.
func linkTo(u *source.User) *registry.Link {
	l := &registry.Link{ID: u.ID, Name: u.DN, Status: registry.StatusOK}
	if u.Kind == source.M365 {
		l.Name = u.UPN
	}
	if u.Enabled == source.No {
		l.Status = registry.StatusDisabled
	}
	return l
}

// pair joins a pending account with its mailbox.
func pair(a *registry.Account, box *source.User, p registry.Pairing) {
	a.M365, a.Pairing = linkTo(box), &p
	setEmail(a, box.Email, registry.EmailFromM365)
}

// part makes a matched account pending again.
func part(a *registry.Account) {
	a.M365, a.Pairing = nil, nil
	setEmail(a, "", "")
}
