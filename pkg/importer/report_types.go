package importer

import (
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// ReportRequest asks for a report.
type ReportRequest struct {
	Customer string
	// Since is from when changes are told; zero is from the last report on.
	Since time.Time
	// Redact puts pseudonyms in the place of people's names, addresses and ids.
	Redact bool
	// MaxAge is how old the last read of a directory, or an export, may be; 0 is
	// DefaultMaxAge.
	MaxAge time.Duration
}

// Report is how a customer stands, as the registry knows it: no directory is asked.
type Report struct {
	Customer   string    `json:"customer"`
	CustomerID string    `json:"customer_id"`
	At         time.Time `json:"at"`
	// Since is from when Changes are told: the last report, or what was asked for; nil
	// in the first report.
	Since        *time.Time    `json:"since"`
	LastRun      int64         `json:"last_run"` // the last that it saw, 0 for none
	Redacted     bool          `json:"redacted"`
	PasswordSync registry.Mode `json:"password_sync"`
	// Light is the worst of Lights.
	Light      Light              `json:"light"`
	Lights     []ReportLight      `json:"lights"`
	Counts     ReportCounts       `json:"counts"`
	Sources    []ReportSource     `json:"sources"`
	Open       []OpenCase         `json:"open"`
	Doubtful   []MatchDoubtful    `json:"doubtful"` // pairs that stand and are contradicted
	Leavers    []Leaver           `json:"leavers"`
	Privileged []ReportPrivileged `json:"privileged"`
	// PowerUnknown are directories of which it is not known who holds power.
	PowerUnknown []source.Kind  `json:"power_unknown"`
	Pairs        []MatchedPair  `json:"pairs"`
	Changes      []ReportChange `json:"changes"`
	// ChangesComplete says that Changes are all: false where the history does not
	// reach back far enough, or keeps less than it takes.
	ChangesComplete bool        `json:"changes_complete"`
	Runs            []ReportRun `json:"runs"` // what was done since, the oldest first
}

// ReportLight is one subject with its light.
type ReportLight struct {
	Code  string `json:"code"` // directories, accounts, matching, addresses, leavers or privileges
	Light Light  `json:"light"`
	Count int    `json:"count"`
	Of    int    `json:"of"` // of how many, 0 where that says nothing
	Text  string `json:"text"`
}

// ReportCounts are the state in numbers.
type ReportCounts struct {
	PeopleAD      int                    `json:"people_ad"` // in the directory when it was last read
	PeopleM365    int                    `json:"people_m365"`
	Accounts      registry.AccountCounts `json:"accounts"`
	Pairs         int                    `json:"pairs"`
	Open          int                    `json:"open"`
	Ignored       int                    `json:"ignored"` // left alone by decision
	Doubtful      int                    `json:"doubtful"`
	FreeMailboxes int                    `json:"free_mailboxes"`
	Leavers       int                    `json:"leavers"`
	HeldBack      int                    `json:"held_back"` // for their power over a directory
	Risen         int                    `json:"risen"`
	Changes       int                    `json:"changes"`
}

// ReportSource is a directory, and when it was read.
type ReportSource struct {
	Source    source.Kind `json:"source"`
	Transport string      `json:"transport"`
	Where     string      `json:"where"`    // address, tenant or file
	Identity  string      `json:"identity"` // the domain's SID or the tenant's id, "" where it is not known
	ReadAt    *time.Time  `json:"read_at"`  // nil where it was never read whole
	People    int         `json:"people"`
	Written   *time.Time  `json:"written"` // of an export that is at hand: when
	Failure   *ReadError  `json:"failure"` // the last read, where it failed
}

// The kinds of open cases.
const (
	OpenReady     = "ready" // the next automatic match pairs it
	OpenReview    = "review"
	OpenAmbiguous = "ambiguous"
	OpenUnmatched = "unmatched"
	OpenEmail     = "needs_email"
)

// OpenCase is an account that waits for something.
type OpenCase struct {
	Kind       string           `json:"kind"`
	User       User             `json:"user"`
	Reason     string           `json:"reason"`
	Text       string           `json:"text"` // the reason in words
	Why        string           `json:"why"`  // more than the reason, in words
	Candidates []MatchCandidate `json:"candidates"`
	// Others have the same address, where that is the reason.
	Others []User `json:"others"`
	// Settle says what would settle it.
	Settle []string `json:"settle"`
}

// The ways in which a leaver's mailbox is known.
const (
	KnownByPair    = "pair"    // the two are one account
	KnownByAddress = "address" // AD had the mailbox's address for him, and no account has it
)

// Leaver is somebody who left AD and whose mailbox is open.
type Leaver struct {
	AD      User       `json:"ad"`
	Mailbox User       `json:"m365"`
	Status  string     `json:"status"` // disabled, expired, missing or replaced
	Since   *time.Time `json:"since"`  // nil where it was so before that was kept
	KnownBy string     `json:"known_by"`
	New     bool       `json:"new"` // since the last report
}

// The standings of somebody who holds power.
const (
	PowerRisen    = "risen"     // after the account was chosen
	PowerHeldBack = "held_back" // has no account, or none with a mailbox by a rule
	PowerChosen   = "chosen"    // imported or paired by name, all the same
)

// ReportPrivileged is somebody who holds power over a directory.
type ReportPrivileged struct {
	User     User       `json:"user"`
	Standing string     `json:"standing"`
	By       [][]string `json:"by"`    // see [PrivilegedPerson]
	Paths    []string   `json:"paths"` // the same in words
	Since    *time.Time `json:"since"` // of one who has risen
	New      bool       `json:"new"`   // since the last report
}

// ReportChange is what became of an account, all in all, since the last report.
type ReportChange struct {
	Account     string        `json:"account"` // its id
	DisplayName string        `json:"display_name"`
	What        string        `json:"what"` // imported, matched, parted, deleted, missing, …
	Fields      []ReportField `json:"fields"`
}

// ReportField is a property before and after.
type ReportField struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// ReportRun is a run that changed something.
type ReportRun struct {
	ID      int64     `json:"id"`
	At      time.Time `json:"at"`
	Command string    `json:"command"`
	Counts  RunCounts `json:"counts"`
	Undone  bool      `json:"undone"`
}
