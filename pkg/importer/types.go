package importer

import (
	"time"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// Customer is an organisation that the MSP serves.
type Customer struct {
	ID           string            `json:"id"`
	Name         string            `json:"name"`
	ExternalIDs  map[string]string `json:"external_ids"` // system → id: itglue, m365, …
	PasswordSync registry.Mode     `json:"password_sync"`
	Directories  Directories       `json:"directories"`
	// Resetters are the connections that set passwords, nil for none at all.
	Resetters *Directories           `json:"resetters,omitempty"`
	Accounts  registry.AccountCounts `json:"accounts"`
}

// Directories are a customer's connections, nil where there is none.
type Directories struct {
	AD   *source.Connection `json:"ad"`
	M365 *source.Connection `json:"m365"`
}

// Get returns the connection of a kind, nil where there is none.
func (d Directories) Get(kind source.Kind) *source.Connection {
	if kind == source.AD {
		return d.AD
	}
	return d.M365
}

// Account is an end-user account in the registry.
type Account struct {
	ID          string  `json:"id"`
	Customer    string  `json:"customer"`
	DisplayName string  `json:"display_name"`
	GivenName   string  `json:"given_name"`
	Surname     string  `json:"surname"`
	Username    string  `json:"username"`
	UPN         string  `json:"upn"`
	Email       string  `json:"email"`
	EmailSource *string `json:"email_source"`
	EmailIssue  *string `json:"email_issue"`
	// DirectoryEmail is what the directory says where the address was set by hand;
	// it is shown of a single account, and of accounts that need an address.
	DirectoryEmail *string `json:"directory_email,omitempty"`
	// SharedWith are those who have the same address, and SuggestedEmail is one by the
	// customer's own pattern. They are shown of accounts that need an address, where
	// there are any; a suggestion is never applied by itself.
	SharedWith     []SharedWith   `json:"shared_with,omitempty"`
	SuggestedEmail *string        `json:"suggested_email,omitempty"`
	State          registry.State `json:"state"`
	Light          Light          `json:"light"` // the worst of what there is to say
	AD             *ADLink        `json:"ad"`
	M365           *M365Link      `json:"m365"`
	ImportedAt     time.Time      `json:"imported_at"`
	UpdatedAt      time.Time      `json:"updated_at"`
}

// SharedWith is an account that has the address of another.
type SharedWith struct {
	Account     string `json:"account"` // its id
	DisplayName string `json:"display_name"`
	Username    string `json:"username"`
}

// ADLink is the AD user behind an account.
type ADLink struct {
	ID string `json:"id"`
	DN string `json:"dn"`
	LinkStatus
}

// M365Link is the Microsoft 365 user behind an account.
type M365Link struct {
	ID  string `json:"id"`
	UPN string `json:"upn"`
	LinkStatus
}

// LinkStatus is how a link stands.
type LinkStatus struct {
	Status string     `json:"status"` // ok, disabled, out_of_scope, missing or replaced
	Since  *time.Time `json:"since"`  // nil where it was so before this was kept
	// Privileged is the way in which the user holds power over the directory, nil for
	// none; PrivilegedSince when that was first seen, nil where it was so when the
	// account was chosen.
	Privileged      *string    `json:"privileged,omitempty"`
	PrivilegedSince *time.Time `json:"privileged_since,omitempty"`
}

// User is a user of a directory as the program shows it.
type User struct {
	Source      source.Kind `json:"source"`
	ID          string      `json:"id"`
	Username    string      `json:"username"`
	UPN         string      `json:"upn"`
	DisplayName string      `json:"display_name"`
	GivenName   string      `json:"given_name"`
	Surname     string      `json:"surname"`
	Email       string      `json:"email"`
	OU          string      `json:"ou"` // DN of the container, "" in Microsoft 365
	Enabled     source.Flag `json:"enabled"`
	Imported    bool        `json:"imported"`
	SkipReason  *string     `json:"skip_reason"`
}

// UserDetail is a user with all that a filter may want to look at.
type UserDetail struct {
	User
	Why        string              `json:"why"` // more than the skip reason, in words
	Department string              `json:"department"`
	Title      string              `json:"title"`
	Groups     []string            `json:"groups"`   // that he is in himself; nil where they were not read
	Licences   []string            `json:"licences"` // by name where that is known
	Class      source.MailboxClass `json:"class"`    // of the mailbox, "" where it is not known
	ClassFrom  string              `json:"class_from"`
	Privileges [][]string          `json:"privileges"` // nil where they are not known
	// WasPrivileged says that AD protected the user once (adminCount), and that he
	// holds no power now.
	WasPrivileged      bool       `json:"was_privileged"`
	LastPasswordChange *time.Time `json:"last_password_change"` // nil where it is not known
	// Light is green for who is imported, red where he would not be any more, yellow for
	// who could be and grey for who is left out.
	Light Light `json:"light"`
}

// UserList are users of a directory, with what is remarked about the read.
type UserList struct {
	Users []UserDetail `json:"users"`
	Notes []string     `json:"notes"`
	Of    int          `json:"-"` // how many there are but for light and text
}

// OUList is what `ous` shows.
type OUList struct {
	OUs    []source.OU  `json:"ous"`
	Hidden HiddenCounts `json:"hidden"`
}

// HiddenCounts counts the OUs that are not shown and the users directly in them.
type HiddenCounts struct {
	OUs   int `json:"ous"`
	Users int `json:"users"`
}

// UsersRequest asks for the users of a directory.
type UsersRequest struct {
	Customer  string
	Source    source.Kind
	OUs       []string // DN, path or objectGUID; none is the whole directory
	Recursive bool
	All       bool // those that could not be imported as well
	// Groups, Licensed and SKUs take some of them, as an import does.
	Groups   []string
	Licensed bool
	SKUs     []string
	// Details reads the groups of everybody and the names of licences besides.
	Details bool
	// Light and Text show some of them; see [Filter].
	Light Light
	Text  string
	Order Order // "" is by OU
	// Survey is what was read of the directory before; nil reads it. It knows no groups
	// and licences by name.
	Survey *Survey
}

// ImportRequest asks for an import.
type ImportRequest struct {
	Customer        string        `json:"-"`
	Source          source.Kind   `json:"source"`
	PasswordSync    registry.Mode `json:"password_sync,omitempty"` // "" keeps what the customer has
	OUs             []string      `json:"ous,omitempty"`           // DN, path or objectGUID
	Recursive       bool          `json:"recursive,omitempty"`
	All             bool          `json:"all,omitempty"`
	Users           []string      `json:"users,omitempty"`   // SEL, or a pattern with * and ?
	Exclude         []string      `json:"exclude,omitempty"` // SEL, or a pattern with * and ?
	IncludeDisabled bool          `json:"include_disabled,omitempty"`
	// Groups take the people in them, nested or not, of those in the OUs.
	Groups []string `json:"groups,omitempty"` // id, DN, SID, name, account name or address
	// Licensed and SKUs take those with a licence, or one of these (Microsoft 365).
	Licensed bool     `json:"licensed,omitempty"`
	SKUs     []string `json:"skus,omitempty"` // skuId or skuPartNumber
	// ExcludeOUs leave out who is in them or below.
	ExcludeOUs        []string `json:"exclude_ous,omitempty"`
	IncludePrivileged bool     `json:"include_privileged,omitempty"`
	DryRun            bool     `json:"-"`
	// OtherDirectory allows a domain or tenant that is not the one imported from before.
	OtherDirectory bool `json:"other_directory,omitempty"`
	// AlsoM365 imports from Microsoft 365 beside AD, with password sync off: those
	// whom AD does not know.
	AlsoM365 bool `json:"also_m365,omitempty"`
	// Allow answers guards: the numbers that were found.
	Allow registry.Answers `json:"allow,omitempty"`
	// Survey is what was read of the directory before; nil reads it. It knows no groups
	// and licences by name.
	Survey *Survey `json:"-"`
	// told says that somebody asks for it now, and is told what power users hold.
	told bool
}

// ImportResult says what an import did or, where it was not applied, would do.
type ImportResult struct {
	Customer     string            `json:"customer"`
	PasswordSync registry.Mode     `json:"password_sync"`
	Source       source.Kind       `json:"source"`
	Applied      bool              `json:"applied"`
	Run          *int64            `json:"run"` // nil where nothing was written
	Counts       ImportCounts      `json:"counts"`
	Accounts     []ImportedAccount `json:"accounts"`
	Skipped      []SkippedUser     `json:"skipped"`
	// UnusedExclusions are those of the request that fit nobody.
	UnusedExclusions []string `json:"unused_exclusions,omitempty"`
	// LikeExclusions says of those what they may have been meant for.
	LikeExclusions map[string]string `json:"-"`
	Notes          []string          `json:"notes"` // what the directory remarks about itself
}

// ImportCounts counts users by what became of them.
type ImportCounts struct {
	Selected      int `json:"selected"`
	Imported      int `json:"imported"`
	Updated       int `json:"updated"`
	Unchanged     int `json:"unchanged"`
	Skipped       int `json:"skipped"`
	NeedsEmail    int `json:"needs_email"`
	NotTakenBelow int `json:"not_taken_below"`
	// OthersChanged counts accounts that were not selected and changed all the
	// same: they share an address with one that was, or their user is skipped now, as
	// disabled or privileged.
	OthersChanged int `json:"others_changed"`
}

// ImportedAccount is an account with what the import did to it.
type ImportedAccount struct {
	Account
	Outcome string `json:"outcome"` // imported, updated or unchanged
}

// SkippedUser is a user that was not imported.
type SkippedUser struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	Reason      string `json:"reason"`
	// Why says more than the reason, in words: the path of groups of one who is
	// privileged, what makes a service account of one. "" where there is no more.
	Why string `json:"why,omitempty"`
	// By are the paths of one who is privileged.
	By [][]string `json:"by,omitempty"`
	// Refused is set for a user that was asked for by name.
	Refused bool `json:"refused,omitempty"`
}

// MatchRequest asks for a match by rule.
type MatchRequest struct {
	Customer string       `json:"-"`
	By       match.Method `json:"by"`
	// ADAsRead takes AD as it was last read whole, and does not read it now.
	ADAsRead bool `json:"ad_as_read,omitempty"`
	DryRun   bool `json:"-"`
	// Filter chooses who is shown of the result. Everybody is matched all the same, so
	// that it goes with a dry run alone.
	Filter Filter `json:"-"`
	// Allow answers guards: the numbers that were found.
	Allow registry.Answers `json:"allow,omitempty"`
}

// HandRequest asks for what was decided by hand. A reject without a mailbox parts
// an account from the one it has.
type HandRequest struct {
	Customer string        `json:"-"`
	Rows     []DecisionRow `json:"rows"`
	// FromSheet says that the rows are lines of a review: they are told what is
	// wrong with each, all at once.
	FromSheet bool             `json:"-"`
	Allow     registry.Answers `json:"allow,omitempty"`
	DryRun    bool             `json:"-"`
	// told says that somebody asks for it now, and is told what power users hold.
	told bool
}

// MatchResult is the summary screen: what a match did or would do.
type MatchResult struct {
	Customer      string           `json:"customer"`
	Applied       bool             `json:"applied"`
	Run           *int64           `json:"run"`
	Counts        MatchCounts      `json:"counts"`
	Pairs         []MatchedPair    `json:"pairs"`
	Ambiguous     []MatchAmbiguous `json:"ambiguous"`
	Review        []MatchReview    `json:"review"`
	UnmatchedAD   []UnmatchedUser  `json:"unmatched_ad"`
	UnmatchedM365 []User           `json:"unmatched_m365"`
	// Doubtful are standing pairs that hard evidence contradicts now. They stand.
	Doubtful []MatchDoubtful `json:"doubtful"`
	// Filter is what the lists were filtered by, nil where they hold everybody. Counts
	// are of everybody.
	Filter *Filter `json:"filter,omitempty"`
	// Free are the mailboxes that no account has before the match, whatever the filter.
	Free      []User        `json:"-"`
	Unpaired  []MatchedPair `json:"unpaired,omitempty"`
	Decisions []DecisionRow `json:"decisions,omitempty"` // row by row, where decisions were given
	// Read says when the two directories were read, and how many users they hold.
	Read  *MatchReads `json:"read"`
	Notes []string    `json:"notes"` // what the directories remark about themselves
	// ByHand marks a match of those alone who were named.
	ByHand bool `json:"-"`
}

// MatchReads are the reads that a match rests on, nil where there was none.
type MatchReads struct {
	AD   *MatchRead `json:"ad"`
	M365 *MatchRead `json:"m365"`
}

// MatchRead is one read of a whole directory.
type MatchRead struct {
	At    time.Time `json:"at"`
	Users int       `json:"users"`
	// AsRead says that it was read by an earlier command.
	AsRead bool `json:"-"`
}

// MatchCounts counts users by what became of them.
type MatchCounts struct {
	Matched        int `json:"matched"`
	AlreadyMatched int `json:"already_matched"`
	Ambiguous      int `json:"ambiguous"` // AD users whose name is not unique
	Review         int `json:"review"`
	UnmatchedAD    int `json:"unmatched_ad"`
	UnmatchedM365  int `json:"unmatched_m365"`
	Unpaired       int `json:"unpaired,omitempty"`
}

// All counts everybody whom a match is about.
func (c MatchCounts) All() int {
	return c.Matched + c.Ambiguous + c.Review + c.UnmatchedAD + c.UnmatchedM365
}

// MatchedPair is a pair with its reason.
type MatchedPair struct {
	AD         User             `json:"ad"`
	M365       User             `json:"m365"`
	Reason     string           `json:"reason"` // display_name, manual, anchor, …
	Confidence float64          `json:"confidence"`
	Evidence   []match.Evidence `json:"evidence"`
	// Privileged are the ways in which either of the two holds power over a directory, in
	// words; it is told of pairs given by hand.
	Privileged string `json:"privileged,omitempty"`
	// Unchanged marks a pair given by hand that stood already.
	Unchanged bool `json:"unchanged,omitempty"`
}

// MatchAmbiguous are users that share a name.
type MatchAmbiguous struct {
	AD     []User `json:"ad"`
	M365   []User `json:"m365"`
	Reason string `json:"reason"`
}

// MatchReview is an AD user that somebody has to decide on.
type MatchReview struct {
	AD         User             `json:"ad"`
	Candidates []MatchCandidate `json:"candidates"`
	Reason     string           `json:"reason"`
	Why        string           `json:"why,omitempty"` // more than the reason, in words
}

// MatchCandidate is a mailbox that may be the right one.
type MatchCandidate struct {
	M365       User             `json:"m365"`
	Confidence float64          `json:"confidence"`
	Evidence   []match.Evidence `json:"evidence"`
	Against    []match.Evidence `json:"against"`
}

// MatchDoubtful is a standing pair that is contradicted.
type MatchDoubtful struct {
	AD      User             `json:"ad"`
	M365    User             `json:"m365"`
	Reason  string           `json:"reason"`
	Against []match.Evidence `json:"against"`
}

// UnmatchedUser is an AD user without a mailbox, and why.
type UnmatchedUser struct {
	User
	Reason string     `json:"reason"`
	Why    string     `json:"why,omitempty"` // more than the reason, in words
	By     [][]string `json:"by,omitempty"`  // the paths of one who is privileged
}

// DecisionRow is a decision as it is given: the users by SEL.
type DecisionRow struct {
	Row     int           `json:"row"` // line of the file it comes from, 0 for none
	AD      string        `json:"ad"`
	M365    string        `json:"m365"`
	Verdict match.Verdict `json:"decision"`
	Reason  string        `json:"reason"`
	// ADName and M365Name are the display names of the users that were found.
	ADName   string `json:"ad_name"`
	M365Name string `json:"m365_name"`
	// Outcome is recorded or unchanged.
	Outcome string `json:"outcome"`
}

// DecisionsResult says which decisions a change touched.
type DecisionsResult struct {
	Customer  string              `json:"customer"`
	Applied   bool                `json:"applied"`
	Run       *int64              `json:"run"`
	Unchanged int                 `json:"unchanged"`
	Decisions []registry.Decision `json:"decisions"`
}

// AccountsRequest asks for accounts.
type AccountsRequest struct {
	Customer string         // "" is all customers
	State    registry.State // "" is all states
	Filter   Filter
	Order    Order // "" is by OU; always by customer first
}

// AccountList are accounts, of how many.
type AccountList struct {
	Accounts []Account
	Of       int // before the filter
}

// AccountsResult says which accounts a change touched.
type AccountsResult struct {
	Applied  bool      `json:"applied"`
	Run      *int64    `json:"run"`
	Accounts []Account `json:"accounts"`
}

// DirectoryTest is what a look into a directory found.
type DirectoryTest struct {
	Source source.Kind `json:"source"`
	OK     bool        `json:"ok"`
	// Info is nil where the directory could not be read.
	Info *source.Info `json:"info"`
	// Users is how many users the look saw.
	Users  int  `json:"users"`
	More   bool `json:"more"`   // there are more than were looked at
	Synced int  `json:"synced"` // of those, how many AD Connect made or joined (Microsoft 365)
	OUs    int  `json:"ous"`    // organizational units (AD)
	// Mailboxes is how it was found out what those are that are in doubt, nil where the
	// directory has no way (Microsoft 365).
	Mailboxes *MailboxTest `json:"mailboxes"`
	// PrivilegesUnknown says in words why it is not known who holds power over the
	// directory, nil where it is.
	PrivilegesUnknown *string `json:"privileges_unknown"`
	// SignIn is who is signed in and how, nil for an export and where that failed.
	SignIn *source.SignIn `json:"sign_in"`
	// Demands are what the directory asks of that (AD), Ends when something ends that it
	// rests on.
	Demands []source.Demand `json:"demands"`
	Ends    []source.End    `json:"ends"`
	// Rights are nil where it is not known which there are.
	Rights *source.Rights `json:"rights"`
	Notes  []string       `json:"notes"`
	// Warnings are notes that ask for a decision.
	Warnings []string `json:"warnings"`
	Error    *Problem `json:"error"`
}

// MailboxTest is how mailboxes in doubt were asked about.
type MailboxTest struct {
	From     string `json:"from"` // user_purpose, exchange or export; "" for none
	InDoubt  int    `json:"in_doubt"`
	Known    int    `json:"known"` // of those in doubt
	Requests int    `json:"requests"`
	Unknown  string `json:"unknown,omitempty"` // why nothing was found out, in words
}

// Problem is an error inside a result.
type Problem struct {
	Code    source.Code `json:"code"`
	Message string      `json:"message"`
	Hint    string      `json:"hint,omitempty"`
	// Cause is the error itself, for who knows what to do about it.
	Cause error `json:"-"`
}

// NotDone says that the command ended before it came to this, or in it.
func (p *Problem) NotDone() bool { return p.Code == CodeInterrupted || p.Code == CodeTimeout }

// CustomerStatus is one line of `status`.
type CustomerStatus struct {
	Customer
	Directories DirectoryStatuses `json:"directories"`
	Attention   []string          `json:"attention"` // what needs somebody's hand, in plain words
	Findings    []StatusFinding   `json:"findings"`  // the same for programs
}

// StatusFinding is one thing that needs somebody's hand.
type StatusFinding struct {
	Code  string `json:"code"` // to_match, needs_email, read_failed, …
	Count int    `json:"count"`
	Text  string `json:"text"`
}

// DirectoryStatuses are a customer's directories, nil where there is none.
type DirectoryStatuses struct {
	AD   *DirectoryStatus `json:"ad"`
	M365 *DirectoryStatus `json:"m365"`
}

// DirectoryStatus is how a directory is reached, and what was last read of it.
type DirectoryStatus struct {
	source.Connection
	LastRead *time.Time `json:"last_read"` // nil where it was never read whole
	People   *int       `json:"people"`    // how many users it held
	// LastError is the last read that failed, nil where one went well since.
	LastError *ReadError `json:"last_error"`
}

// ReadError is a read of a directory that failed.
type ReadError struct {
	At      time.Time   `json:"at"`
	Code    source.Code `json:"code"`
	Message string      `json:"message"`
}

// Finding is one line of `doctor`.
type Finding struct {
	Subject string `json:"subject"` // state file or registry, config, or customer / directory
	Level   string `json:"level"`   // ok, warning or error
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"`
	// Topic and Cause say what it is about, for who words the advice.
	Topic source.Topic `json:"-"`
	Cause error        `json:"-"`
}
