package importer

import (
	"slices"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// leavers lists who left AD and has a mailbox that is open: the two halves of an
// account, and whoever was never imported, by the address that AD has for him.
func (w *reportWriter) leavers() {
	held, paired := map[string]bool{}, map[string]bool{}
	for _, a := range w.snap.Accounts {
		if a.M365 != nil {
			held[a.M365.ID] = true
		}
		if a.AD == nil || a.M365 == nil {
			continue
		}
		paired[a.AD.ID] = true
		ad, err := w.user(source.AD, a.AD.ID)
		if err != nil {
			continue // nothing is known of him but that he was
		}
		status, since := w.leftAs(ad, a.AD)
		if box := w.openMailbox(a.M365.ID); status != "" && box != nil {
			w.addLeaver(ad, box, status, since, KnownByPair)
		}
	}
	boxes := w.freeMailboxes(held)
	for id, ad := range w.known[source.AD] {
		if paired[id] || source.NeverImported(ad.SkipReason()) && !w.gone[id] {
			continue
		}
		status, since := w.leftAs(ad, nil)
		if status == "" {
			continue
		}
		for _, address := range []string{ad.Email, ad.UPN} {
			if box := boxes[emailKey(address)]; address != "" && box != nil {
				w.addLeaver(ad, box, status, since, KnownByAddress)
				break
			}
		}
	}
	sortBy(w.Leavers, func(l *Leaver) (ou, name, id string) { return userOrder(&l.AD) })
}

func (w *reportWriter) addLeaver(ad, box *source.User, status string, since time.Time, by string) {
	l := Leaver{AD: viewUser(ad, by == KnownByPair), Mailbox: viewUser(box, by == KnownByPair), Status: status, KnownBy: by, New: w.isNew(since)}
	if !since.IsZero() {
		l.Since = &since
	}
	w.Leavers = append(w.Leavers, l)
}

// statusExpired is that of a user whose account has expired in AD.
const statusExpired = "expired"

// leftAs says in which way an AD user left, "" for one who did not, and since when,
// zero where that is not known. link is that of his account, nil for none.
func (w *reportWriter) leftAs(u *source.User, link *registry.Link) (status string, since time.Time) {
	expired := !u.AccountExpires.IsZero() && u.AccountExpires.Before(w.now)
	switch {
	case link != nil && (link.Gone() || link.Status == registry.StatusDisabled):
		return link.Status, link.Since
	case w.gone[u.ID]:
		return registry.StatusMissing, w.snap.People[source.AD][u.ID].Missing
	case u.Enabled == source.No:
		return registry.StatusDisabled, time.Time{}
	case expired:
		return statusExpired, u.AccountExpires
	}
	return "", time.Time{}
}

// openMailbox is a user of Microsoft 365 whose mailbox is in use: nil for one that
// is gone, switched off, or is no person's.
func (w *reportWriter) openMailbox(id string) *source.User {
	u := w.known[source.M365][id]
	if u == nil || w.gone[id] || u.Enabled == source.No || !u.HasMailbox() {
		return nil
	}
	switch u.Class() {
	case source.MailboxShared, source.MailboxRoom, source.MailboxEquipment, source.MailboxExchange:
		return nil // what becomes of a leaver's mailbox that is kept for others
	}
	return u
}

// freeMailboxes are the open ones that no account has, by their addresses. One that
// two have is nobody's here.
func (w *reportWriter) freeMailboxes(held map[string]bool) map[string]*source.User {
	boxes := map[string]*source.User{}
	for id := range w.known[source.M365] {
		u := w.openMailbox(id)
		if u == nil || held[id] {
			continue
		}
		for _, address := range addressesOf(u) {
			if _, taken := boxes[address]; taken {
				boxes[address] = nil
			} else {
				boxes[address] = u
			}
		}
	}
	return boxes
}

// addressesOf are all addresses of a user as they are compared.
func addressesOf(u *source.User) []string {
	keys := []string{emailKey(u.Email), emailKey(u.UPN)}
	for _, a := range u.Addresses {
		if prefix, plain, ok := strings.Cut(a, ":"); ok && strings.EqualFold(prefix, "smtp") {
			keys = append(keys, emailKey(plain))
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	return slices.DeleteFunc(keys, func(k string) bool { return k == "" })
}

// privileged lists who holds power over a directory and might be imported. A
// directory always has somebody who does: where nobody is known, it did not say.
func (w *reportWriter) privileged() {
	accounts := map[string]*registry.Account{}
	for _, a := range w.snap.Accounts {
		for _, kind := range []source.Kind{source.AD, source.M365} {
			if id := a.LinkID(kind); id != "" {
				accounts[id] = a
			}
		}
	}
	for _, kind := range []source.Kind{source.AD, source.M365} {
		known := w.known[kind]
		powerful := false
		for id, u := range known {
			if len(u.Privileges) == 0 || w.gone[id] {
				continue
			}
			powerful = true
			a := accounts[id]
			if source.NeverImported(u.SkipReason(source.SkipPrivileged)) && a == nil {
				continue // Administrator itself is nobody to import
			}
			p := ReportPrivileged{User: viewUser(u, a != nil), Standing: PowerHeldBack, By: list(u.Privileges), Paths: list(u.PrivilegePaths())}
			if a != nil && a.State != registry.StatePendingMatch {
				p.Standing = PowerChosen
			}
			if a != nil && !a.Link(kind).PrivilegedSince.IsZero() {
				since := a.Link(kind).PrivilegedSince
				p.Standing, p.Since, p.New = PowerRisen, &since, w.isNew(since)
			}
			switch p.Standing {
			case PowerRisen:
				w.Counts.Risen++
			case PowerHeldBack:
				w.Counts.HeldBack++
			}
			w.Privileged = append(w.Privileged, p)
		}
		if known != nil && !powerful {
			w.PowerUnknown = append(w.PowerUnknown, kind)
		}
	}
	rank := map[string]string{PowerRisen: "0", PowerHeldBack: "1", PowerChosen: "2"}
	sortBy(w.Privileged, func(p *ReportPrivileged) (ou, name, id string) {
		return rank[p.Standing] + string(p.User.Source), p.User.DisplayName, p.User.ID
	})
}
