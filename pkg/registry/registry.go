// Package registry is the model of what qpimport keeps: customers, how their
// directories are reached, everybody in those directories as last read, the
// accounts chosen among them, what was decided by hand, and the runs that
// brought all this about.
//
// There is one way to write. A [Store] gives a [Snapshot] of one customer; a use
// case clones it and changes the clone; [NewChangeSet] says how the two differ;
// [Store.Apply] writes that in one transaction, provided that the customer is
// still the one of the snapshot. The package does no I/O of its own.
package registry

import (
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/qpimport/qpimport/pkg/source"
)

// Mode is a customer's Password Sync mode.
type Mode string

// The modes. A customer begins as unset; the first import settles it.
const (
	ModeUnset Mode = "unset"
	ModeOff   Mode = "off"
	ModeOn    Mode = "on"
)

// State is what an account is waiting for.
type State string

// The states.
const (
	StateActive       State = "active"
	StateNeedsEmail   State = "needs_email"
	StatePendingMatch State = "pending_match"
)

// The values of [Account.EmailSource] and [Account.EmailIssue].
const (
	EmailFromAD     = "ad"
	EmailFromM365   = "m365"
	EmailFromManual = "manual"

	EmailMissing   = "missing"
	EmailInvalid   = "invalid"
	EmailDuplicate = "duplicate"
)

// The values of [Link.Status].
const (
	StatusOK         = "ok"
	StatusDisabled   = "disabled"
	StatusOutOfScope = "out_of_scope" // in the directory, no longer in the selection
	StatusMissing    = "missing"      // gone from the directory
	StatusReplaced   = "replaced"     // gone, and another user has the logon name or the address
)

// Customer is an organisation that the MSP serves.
type Customer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Key is the name as it is compared; no two customers share one.
	Key          string            `json:"key"`
	ExternalIDs  map[string]string `json:"external_ids"` // system → id; no two customers share one
	PasswordSync Mode              `json:"password_sync"`
	// NewPeople says what a refresh does with who newly fits the selection: "" lists
	// them, "import" imports them.
	NewPeople string `json:"new_people"`
	// MatchBy is the method of the last automatic match, "" before the first.
	MatchBy   string    `json:"match_by"`
	CreatedAt time.Time `json:"created_at"`
}

// ImportNew is the value of [Customer.NewPeople] that imports them.
const ImportNew = "import"

// Directory is a directory that a customer has connected.
type Directory struct {
	Kind       source.Kind       `json:"kind"`
	Connection source.Connection `json:"connection"`
	// Identity is the domain's SID or the tenant's id at the first read, "" before.
	Identity    string    `json:"identity"`
	ConnectedAt time.Time `json:"connected_at"`
}

// Read is the last time that a directory was read whole.
type Read struct {
	At     time.Time `json:"at"`
	People int       `json:"people"` // how many users it held
	// Failure is the last read that failed, nil where one went well since.
	Failure *Failure `json:"failure"`
}

// Failure is a read of a directory that failed.
type Failure struct {
	At   time.Time   `json:"at"`
	Code source.Code `json:"code"`
	Text string      `json:"text"`
}

// Dismissal is a user whose account was deleted by hand. An import of everybody
// leaves him out until he is named.
type Dismissal struct {
	Kind source.Kind `json:"kind"`
	ID   string      `json:"id"`
	Name string      `json:"name"`
	At   time.Time   `json:"at"`
}

// DismissalKey is whom a dismissal is about.
type DismissalKey struct {
	Kind source.Kind
	ID   string
}

// Key is whom the dismissal is about.
func (d Dismissal) Key() DismissalKey { return DismissalKey{d.Kind, d.ID} }

// Account is an end-user account: a choice among the people of a directory.
type Account struct {
	ID          string `json:"id"`
	State       State  `json:"state"`
	DisplayName string `json:"display_name"`
	GivenName   string `json:"given_name"`
	Surname     string `json:"surname"`
	Username    string `json:"username"`
	UPN         string `json:"upn"`
	Email       string `json:"email"`
	EmailSource string `json:"email_source"` // ad, m365, manual, or "" for none
	EmailIssue  string `json:"email_issue"`  // missing, invalid, duplicate, or "" for none
	AD          *Link  `json:"ad"`
	M365        *Link  `json:"m365"`
	// Pairing says why the two users belong together, nil where there are not two.
	Pairing    *Pairing  `json:"pairing"`
	ImportedAt time.Time `json:"imported_at"`
	UpdatedAt  time.Time `json:"updated_at"`
}

// Link leads from an account to a person of a directory.
type Link struct {
	ID     string `json:"id"`   // objectGUID or object id
	Name   string `json:"name"` // DN in AD, UPN in Microsoft 365, as the account last took it over
	Status string `json:"status"`
	// Since is when the status was first seen, zero where that was not kept.
	Since time.Time `json:"since"`
	// Privileged is the way in which the user holds power over the directory, "" for
	// none: "Domain Admins ← IT Staff ← jdoe".
	Privileged string `json:"privileged,omitempty"`
	// PrivilegedSince is when that was first seen, zero where it was so when the
	// account was imported or paired.
	PrivilegedSince time.Time `json:"privileged_since,omitzero"`
}

// Risen says that the user came to power after somebody chose the account.
func (a *Account) Risen() bool {
	for _, l := range []*Link{a.AD, a.M365} {
		if l != nil && !l.PrivilegedSince.IsZero() {
			return true
		}
	}
	return false
}

// Gone says that the directory no longer has the user.
func (l *Link) Gone() bool {
	return l != nil && (l.Status == StatusMissing || l.Status == StatusReplaced)
}

// Living says that nothing of the account is gone or switched off.
func (a *Account) Living() bool {
	for _, l := range []*Link{a.AD, a.M365} {
		if l.Gone() || l != nil && l.Status == StatusDisabled {
			return false
		}
	}
	return true
}

// Link returns the account's link to a directory, nil for none.
func (a *Account) Link(kind source.Kind) *Link {
	if kind == source.AD {
		return a.AD
	}
	return a.M365
}

// SetLink puts another link to a directory in place.
func (a *Account) SetLink(kind source.Kind, l *Link) {
	if kind == source.AD {
		a.AD = l
	} else {
		a.M365 = l
	}
}

// LinkID returns the id of the account's user in a directory, "" for none.
func (a *Account) LinkID(kind source.Kind) string {
	if l := a.Link(kind); l != nil {
		return l.ID
	}
	return ""
}

// Pairing is why an AD user and a mailbox belong together.
type Pairing struct {
	Reason     string            `json:"reason"`
	Confidence float64           `json:"confidence"`
	Evidence   []source.Evidence `json:"evidence,omitempty"`
}

// Same says whether two versions of an account differ at most in when they were
// written.
func (a *Account) Same(b *Account) bool {
	if a == b {
		return true
	}
	x, y := *a, *b
	x.AD, x.M365, x.Pairing, x.ImportedAt, x.UpdatedAt = nil, nil, nil, time.Time{}, time.Time{}
	y.AD, y.M365, y.Pairing, y.ImportedAt, y.UpdatedAt = nil, nil, nil, time.Time{}, time.Time{}
	return x == y && equalTo(a.AD, b.AD) && equalTo(a.M365, b.M365) && a.Pairing.same(b.Pairing)
}

func equalTo[T comparable](a, b *T) bool {
	return a == b || a != nil && b != nil && *a == *b
}

func (p *Pairing) same(q *Pairing) bool {
	if p == nil || q == nil || len(p.Evidence) != len(q.Evidence) {
		return p == q
	}
	for i := range p.Evidence {
		if p.Evidence[i] != q.Evidence[i] {
			return false
		}
	}
	return p.Reason == q.Reason && p.Confidence == q.Confidence
}

// Decision is a verdict on a pair, or with ignore on an AD user. It is kept by
// their ids, and beats every rule.
type Decision struct {
	Verdict   source.Verdict `json:"decision"`
	ADID      string         `json:"ad_id"`
	M365ID    string         `json:"m365_id"` // "" with ignore
	Reason    string         `json:"reason"`
	ADName    string         `json:"ad_name"` // the names at the time, for people
	M365Name  string         `json:"m365_name"`
	DecidedAt time.Time      `json:"decided_at"`
}

// DecisionKey is what a customer has at most one decision about.
type DecisionKey struct{ ADID, M365ID string }

// Key is what the decision is about.
func (d Decision) Key() DecisionKey { return DecisionKey{d.ADID, d.M365ID} }

// Decisions are a customer's.
type Decisions map[DecisionKey]Decision

// Clone returns decisions that can be changed on their own.
func (ds Decisions) Clone() Decisions { return maps.Clone(ds) }

// NewID makes an id whose order is that of time, which keeps indexes compact.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }
