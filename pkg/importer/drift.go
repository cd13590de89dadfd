package importer

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The codes of differences.
const (
	DriftName       = "name"         // the display names of the pair differ
	DriftADOff      = "ad_disabled"  // disabled or expired in AD, open in Microsoft 365
	DriftM365Off    = "m365_blocked" // open in AD, blocked in Microsoft 365
	DriftEmail      = "email"        // AD's mail is none of the mailbox's addresses
	DriftUPN        = "upn"          // the user principal names differ
	DriftMailbox    = "no_mailbox"   // the user has no mailbox any more: unlicensed, or turned into something else
	DriftMissing    = "missing"      // gone from a directory
	DriftOutOfScope = "out_of_scope" // no longer in the selection
	DriftPrivileged = "privileged"   // came to power over a directory after the account was chosen
	DriftStale      = "stale"        // the account is not what the directory says; refresh brings it up to date
)

// DriftCodes are the codes of all differences.
func DriftCodes() []string {
	return []string{DriftName, DriftADOff, DriftM365Off, DriftEmail, DriftUPN, DriftMailbox, DriftMissing, DriftOutOfScope, DriftPrivileged, DriftStale}
}

// Difference is something on which two directories, or registry and directory, do
// not agree.
type Difference struct {
	Account     string `json:"account"` // its id
	DisplayName string `json:"display_name"`
	Code        string `json:"code"`
	AD          string `json:"ad"`   // what AD says; with stale what would change
	M365        string `json:"m365"` // what Microsoft 365 says
}

// DriftResult lists differences, in the accounts' order.
type DriftResult struct {
	Customer    string       `json:"customer"`
	Differences []Difference `json:"differences"`
	Read        *MatchReads  `json:"read"`
	Notes       []string     `json:"notes"`
}

// Drift reads the connected directories and says where they, or they and the
// registry, no longer agree. Nothing is written.
func (im *Importer) Drift(ctx context.Context, sel string) (DriftResult, error) {
	snap, err := im.find(ctx, sel, everything)
	if err != nil {
		return DriftResult{}, err
	}
	var s sides
	var reads []func() error
	for kind, into := range map[source.Kind]**reading{source.AD: &s.ad, source.M365: &s.m365} {
		if snap.Connection(kind) != nil {
			reads = append(reads, func() (err error) {
				*into, err = im.readAndConfirm(ctx, snap, kind, len(snap.Accounts))
				return err
			})
		}
	}
	if len(reads) == 0 {
		_, err := connection(snap, source.AD)
		return DriftResult{}, err
	}
	if _, err := im.beside(ctx, snap.Customer.ID, registry.Load{}, reads...); err != nil {
		return DriftResult{}, err
	}
	d := newDraft(snap, im.clock())
	result := DriftResult{Customer: snap.Customer.Name, Differences: []Difference{}, Notes: s.notes()}
	result.Read = d.reads(s)
	for _, r := range []*reading{s.ad, s.m365} {
		if r != nil {
			if err := d.learn(r); err != nil {
				return DriftResult{}, err
			}
			d.refreshLinks(r)
		}
	}
	d.settle()
	for i, a := range d.after.Accounts {
		result.Differences = append(result.Differences, d.differences(d.was(i), a)...)
	}
	sortBy(result.Differences, func(x *Difference) (ou, name, id string) { return "", x.DisplayName, x.Account + x.Code })
	return result, nil
}

// differences are those of one account; a is as a refresh would make it.
func (d *draft) differences(was, a *registry.Account) []Difference {
	var found []Difference
	say := func(when bool, code, ad, m365 string) {
		if when {
			found = append(found, Difference{Account: a.ID, DisplayName: a.DisplayName, Code: code, AD: ad, M365: m365})
		}
	}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		l := a.Link(kind)
		if l == nil {
			continue
		}
		ad, m365 := l.Status, ""
		if kind == source.M365 {
			ad, m365 = "", l.Status
		}
		say(l.Gone(), DriftMissing, ad, m365)
		say(l.Status == registry.StatusOutOfScope, DriftOutOfScope, ad, m365)
		if ad != "" {
			say(!l.PrivilegedSince.IsZero(), DriftPrivileged, l.Privileged, "")
		} else {
			say(!l.PrivilegedSince.IsZero(), DriftPrivileged, "", l.Privileged)
		}
	}
	stale := staleFields(was, a)
	say(stale != "", DriftStale, stale, "")
	x, y := d.read(source.AD, a), d.read(source.M365, a)
	if y != nil {
		say(y.IsResource() || !y.HasMailbox() && y.Enabled != source.No, DriftMailbox, "", y.SkipReason())
	}
	if x == nil || y == nil {
		return found
	}
	expired := !x.AccountExpires.IsZero() && x.AccountExpires.Before(d.now)
	say(nameKey(x.DisplayName) != nameKey(y.DisplayName), DriftName, x.DisplayName, y.DisplayName)
	say(expired && y.Enabled != source.No, DriftADOff, "expired "+x.AccountExpires.Format(time.DateOnly), "enabled")
	say(!expired && x.Enabled == source.No && y.Enabled != source.No, DriftADOff, "disabled", "enabled")
	say(!expired && x.Enabled != source.No && y.Enabled == source.No, DriftM365Off, "enabled", "blocked")
	say(x.Email != "" && !hasAddress(y, x.Email), DriftEmail, x.Email, y.Email)
	say(x.UPN != "" && !strings.EqualFold(x.UPN, y.UPN), DriftUPN, x.UPN, y.UPN)
	return found
}

// read is the account's user in a directory as read now, nil for none.
func (d *draft) read(kind source.Kind, a *registry.Account) *source.User {
	l := a.Link(kind)
	if l == nil || l.Gone() {
		return nil
	}
	u, err := d.user(kind, l.ID)
	if err != nil {
		return nil // the directory was not read
	}
	return u
}

func hasAddress(u *source.User, address string) bool {
	if emailKey(u.Email) == emailKey(address) {
		return true
	}
	for _, a := range u.Addresses {
		if _, plain, ok := strings.Cut(a, ":"); ok && emailKey(plain) == emailKey(address) {
			return true
		}
	}
	return false
}

// staleFields says what an account has and what its directories say, where they
// differ.
func staleFields(was, is *registry.Account) string {
	var parts []string
	for _, f := range []struct{ name, was, is string }{
		{"display name", was.DisplayName, is.DisplayName},
		{"given name", was.GivenName, is.GivenName},
		{"surname", was.Surname, is.Surname},
		{"user name", was.Username, is.Username},
		{"UPN", was.UPN, is.UPN},
		{"e-mail", was.Email, is.Email},
	} {
		if f.was != f.is {
			parts = append(parts, fmt.Sprintf("%s: %s → %s", f.name, f.was, f.is))
		}
	}
	return strings.Join(parts, ", ")
}
