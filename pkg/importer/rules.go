package importer

import (
	"strings"
	"time"
	"unicode"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/address"
)

// The rules of the mission, as pure functions over accounts.

// nameKey is a customer's name as it is compared.
func nameKey(name string) string { return match.Key(name) }

// settle decides the state of every account of a customer from its mode and its
// addresses; within a customer an address belongs to one account alone.
func settle(d *draft) {
	mode := d.after.Customer.PasswordSync
	pending := func(a *registry.Account) bool { return mode == registry.ModeOn && a.M365 == nil }
	// A living person's claim on an address goes before that of somebody who is gone
	// or switched off.
	type claims struct{ living, others int }
	holders := make(map[string]claims, len(d.after.Accounts))
	for _, a := range d.after.Accounts {
		if a == nil || pending(a) || !validEmail(a.Email) {
			continue
		}
		c := holders[emailKey(a.Email)]
		if a.Living() {
			c.living++
		} else {
			c.others++
		}
		holders[emailKey(a.Email)] = c
	}
	shared := func(a *registry.Account) bool {
		c := holders[emailKey(a.Email)]
		if a.Living() {
			return c.living > 1
		}
		return c.living > 0 || c.others > 1
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
		case shared(a):
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

// emailKey is an address as mail systems compare it.
func emailKey(email string) string { return address.Key(email) }

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
func begin(mode registry.Mode, u *source.User, at time.Time) *registry.Account {
	a := &registry.Account{}
	adopt(mode, a, u, at)
	return a
}

// adopt takes over what a directory says about the account's user. Off:
// everything comes from the one directory. On: the address from Microsoft 365,
// everything else from AD. An address set by hand stays.
func adopt(mode registry.Mode, a *registry.Account, u *source.User, at time.Time) {
	a.SetLink(u.Kind, linkTo(a.Link(u.Kind), u, at))
	if mode == registry.ModeOff || u.Kind == source.AD {
		a.DisplayName, a.GivenName, a.Surname, a.Username, a.UPN = u.DisplayName, u.GivenName, u.Surname, u.Username, u.UPN
	}
	if (mode == registry.ModeOff || u.Kind == source.M365) && a.EmailSource != registry.EmailFromManual {
		setEmail(a, u.Email, string(u.Kind))
	}
}

func setEmail(a *registry.Account, email, from string) {
	a.Email, a.EmailSource = email, from
	if email == "" {
		a.EmailSource = ""
	}
}

// linkTo is the link from an account to a user, in place of what was there.
func linkTo(was *registry.Link, u *source.User, at time.Time) *registry.Link {
	l := registry.Link{ID: u.ID, Name: u.DN, Status: registry.StatusOK, Since: at}
	if u.Kind == source.M365 {
		l.Name = u.UPN
	}
	if u.Enabled == source.No {
		l.Status = registry.StatusDisabled
	}
	if l.Privileged = strings.Join(u.PrivilegePaths(), "; "); l.Privileged != "" && was != nil && was.ID == u.ID {
		l.PrivilegedSince = at
		if was.Privileged != "" {
			l.PrivilegedSince = was.PrivilegedSince
		}
	}
	return sinceThen(was, l)
}

// accept says that the account was chosen by somebody who is told what power its
// users hold.
func accept(a *registry.Account) {
	for _, kind := range []source.Kind{source.AD, source.M365} {
		if l := a.Link(kind); l != nil && !l.PrivilegedSince.IsZero() {
			accepted := *l
			accepted.PrivilegedSince = time.Time{}
			a.SetLink(kind, &accepted)
		}
	}
}

// sinceThen keeps the time of a status that stays.
func sinceThen(was *registry.Link, l registry.Link) *registry.Link {
	if was != nil && was.ID == l.ID && was.Status == l.Status {
		l.Since = was.Since
	}
	return &l
}

// pair joins a pending account with its mailbox. An address set by hand stays.
func pair(a *registry.Account, box *source.User, p registry.Pairing, at time.Time) {
	a.Pairing = &p
	adopt(registry.ModeOn, a, box, at)
}

// part makes a matched account pending again.
func part(a *registry.Account) {
	a.M365, a.Pairing = nil, nil
	if a.EmailSource != registry.EmailFromManual {
		setEmail(a, "", "")
	}
}
