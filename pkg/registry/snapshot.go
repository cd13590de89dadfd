package registry

import (
	"maps"
	"slices"

	"github.com/qpimport/qpimport/pkg/source"
)

// Snapshot is a customer at one moment. What it points to is shared with its
// clones and must not be changed: put another value in its place.
type Snapshot struct {
	Customer Customer
	// Revision rises with every change; 0 is a customer that is not there yet.
	Revision    int64
	Directories map[source.Kind]Directory
	// Resetters are the connections that set passwords.
	Resetters  map[source.Kind]Directory
	Reads      map[source.Kind]Read
	Selections []*Selection
	Decisions  Decisions
	Dismissals map[DismissalKey]Dismissal
	// Invitations, and as Mailings those messages of which no run has recorded yet what
	// became of them, are there where they were asked for.
	Invitations Invitations
	Mailings    Invitations
	// Doubtful is how many standing pairs the last match found contradicted.
	Doubtful int
	// Counts are those of the accounts that the store holds.
	Counts AccountCounts
	// Links counts the accounts by the status of their links; Ignored are pending
	// and left alone by decision.
	Links   LinkCounts
	Ignored int
	// Risen is how many accounts are of users who came to power since.
	Risen int
	// Waiting counts the accounts by [Password.State].
	Waiting map[string]int
	// Cursor is how far passwords that were set in AD were looked for, nil before the
	// first time.
	Cursor *source.PasswordCursor
	// Reported is the last report, LastRun the customer's last run, 0 for none.
	Reported Reported
	LastRun  int64
	// Accounts are in the order in which they were made.
	Accounts []*Account
	// Passwords are what is known of those of the accounts, by account.
	Passwords map[string]Password
	// People are those of the kinds that were asked for.
	People map[source.Kind]People
}

// AccountCounts counts accounts by state.
type AccountCounts struct {
	Total        int `json:"total"`
	Active       int `json:"active"`
	NeedsEmail   int `json:"needs_email"`
	PendingMatch int `json:"pending_match"`
}

// LinkCounts count links by status.
type LinkCounts map[LinkStatus]int

// LinkStatus is a status of the links to a directory.
type LinkStatus struct {
	Kind   source.Kind
	Status string
}

// Add counts so many accounts of a state.
func (c *AccountCounts) Add(state State, n int) {
	c.Total += n
	switch state {
	case StateActive:
		c.Active += n
	case StateNeedsEmail:
		c.NeedsEmail += n
	case StatePendingMatch:
		c.PendingMatch += n
	}
}

// New is a customer that is not in the registry yet.
func New(c Customer) *Snapshot {
	return &Snapshot{
		Customer: c, Directories: map[source.Kind]Directory{}, Resetters: map[source.Kind]Directory{}, Reads: map[source.Kind]Read{},
		Decisions: Decisions{}, Waiting: map[string]int{}, Passwords: map[string]Password{},
		Dismissals: map[DismissalKey]Dismissal{}, Links: LinkCounts{}, People: map[source.Kind]People{},
		Invitations: Invitations{}, Mailings: Invitations{},
	}
}

// Exists says whether the customer is in the registry.
func (s *Snapshot) Exists() bool { return s.Revision != 0 }

// Clone returns a snapshot that can be changed on its own.
func (s *Snapshot) Clone() *Snapshot {
	c := *s
	c.Customer.ExternalIDs = maps.Clone(s.Customer.ExternalIDs)
	c.Directories, c.Resetters, c.Reads = maps.Clone(s.Directories), maps.Clone(s.Resetters), maps.Clone(s.Reads)
	c.Selections, c.Accounts = slices.Clone(s.Selections), slices.Clone(s.Accounts)
	c.Decisions, c.Dismissals = s.Decisions.Clone(), maps.Clone(s.Dismissals)
	c.Invitations, c.Mailings = maps.Clone(s.Invitations), maps.Clone(s.Mailings)
	return &c
}

// Connection returns how a directory is reached, nil where it is not connected.
func (s *Snapshot) Connection(kind source.Kind) *source.Connection {
	d, ok := s.Directories[kind]
	if !ok {
		return nil
	}
	return &d.Connection
}
