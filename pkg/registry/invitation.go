package registry

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// Way is how an invitation went.
type Way string

// The ways.
const (
	WaySent    Way = "sent"    // the mail server took the message
	WayUnknown Way = "unknown" // sending was begun, and nobody knows its end
	WayWritten Way = "written" // into a file, for somebody to send
	WayMarked  Way = "marked"  // none: somebody said that the person is there
)

// Invitation is how the person of an account was asked onto an app. It outlives the
// account: what was sent stays sent.
type Invitation struct {
	Account string `json:"account"` // its id
	App     string `json:"app"`
	Name    string `json:"name"`  // of the person at the time
	Email   string `json:"email"` // to which it went
	Way     Way    `json:"way"`
	// Message is the Message-ID of what was sent, "" where nothing was.
	Message string    `json:"message"`
	At      time.Time `json:"at"`
	DoneAt  time.Time `json:"done_at"` // when it was marked as done, zero while it is not
	// ADID and M365ID are the users of the account at the time, "" for none: the same
	// person may have another account later.
	ADID   string `json:"ad_id,omitempty"`
	M365ID string `json:"m365_id,omitempty"`
}

// InvitationKey is what a customer has at most one invitation about: the last one.
type InvitationKey struct{ Account, App string }

// Key is whom and what the invitation is about.
func (v Invitation) Key() InvitationKey { return InvitationKey{v.Account, v.App} }

// String is the key as changes have it.
func (k InvitationKey) String() string { return k.Account + "/" + k.App }

// Same says whether two invitations are one.
func (v Invitation) Same(w Invitation) bool {
	at, done := v.At.Equal(w.At), v.DoneAt.Equal(w.DoneAt)
	v.At, v.DoneAt, w.At, w.DoneAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	return at && done && v == w
}

// Invitations are a customer's.
type Invitations map[InvitationKey]Invitation

// Invited are all invitations of the customer, those included that no run has
// recorded yet.
func (s *Snapshot) Invited() Invitations {
	all := maps.Clone(s.Invitations)
	maps.Copy(all, s.Mailings)
	return all
}

// Invitation is the last one that is known, of a run or not.
func (s *Snapshot) Invitation(key InvitationKey) (v Invitation, ok bool) {
	if v, ok = s.Mailings[key]; !ok {
		v, ok = s.Invitations[key]
	}
	return v, ok
}

func invitationChanges(before, after Invitations) []Change {
	var changes []Change
	for key, v := range before {
		if _, ok := after[key]; !ok {
			changes = append(changes, Change{EntityInvitation, key.String(), v.Name, &v, nil})
		}
	}
	for key, v := range after {
		if old, had := before[key]; !had {
			changes = append(changes, Change{EntityInvitation, key.String(), v.Name, nil, &v})
		} else if !old.Same(v) {
			changes = append(changes, Change{EntityInvitation, key.String(), v.Name, &old, &v})
		}
	}
	slices.SortFunc(changes, func(a, b Change) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return changes
}
