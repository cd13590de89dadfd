package importer

import (
	"time"

	"github.com/qpimport/qpimport/internal/newpassword"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// The errors of setting passwords, and their topics.
const (
	// CodePasswordChanged: somebody else has set the password meanwhile.
	CodePasswordChanged source.Code = "password_changed"

	TopicNoResetter   source.Topic = "no_resetter"   // subject: the kind
	TopicPrivileged   source.Topic = "privileged"    // a reset of somebody who holds power
	TopicResumeFirst  source.Topic = "resume_first"  // subject: the run
	TopicTakenUp      source.Topic = "taken_up"      // subject: the run
	TopicOwnPasswords source.Topic = "own_passwords" // each person has one
	TopicNobodyWaits  source.Topic = "nobody_waits"  // for a reset
	TopicPasswordGone source.Topic = "password_gone" // nothing takes a reset back
)

// commandReset is what a run of resets is recorded as.
const commandReset = "passwords reset"

// ResetRequest asks for new passwords.
type ResetRequest struct {
	Customer string   `json:"-"`
	Accounts []string `json:"accounts,omitempty"` // SEL
	// Pending takes all who wait for one: out of step, or set in one directory alone.
	Pending    bool              `json:"pending,omitempty"`
	MustChange bool              `json:"must_change,omitempty"`
	Unlock     bool              `json:"unlock,omitempty"`
	Privileged bool              `json:"privileged,omitempty"` // those who hold power too
	Style      newpassword.Style `json:"style,omitempty"`
	// Password is the one that all get; nil makes one for each.
	Password *source.Secret `json:"-"`
}

// ResumeRequest asks what came of a run of resets, and sets what is missing of those
// whose password is given.
type ResumeRequest struct {
	Customer string
	Run      int64
	// Passwords are by account, as [PreparedReset.Passwords] had them.
	Passwords []ResetPassword
	// Password is the one that all got, nil where each has one of its own.
	Password *source.Secret
}

// ResetPassword is a new password, for whom, and of which reset it is.
type ResetPassword struct {
	Account     string
	DisplayName string
	Username    string
	UPN         string
	Email       string
	Reset       string
	Password    source.Secret
}

// ResetResult says what became of passwords.
type ResetResult struct {
	Customer string         `json:"customer"`
	Applied  bool           `json:"applied"`
	Run      *int64         `json:"run"`
	Counts   ResetCounts    `json:"counts"`
	Accounts []AccountReset `json:"accounts"`
	// Sync is the cycle that carries them to Microsoft 365, nil where none is needed.
	Sync  *SyncResult `json:"sync"`
	Notes []string    `json:"notes"`
}

// ResetCounts counts accounts by what became of their passwords.
type ResetCounts struct {
	Selected int `json:"selected"`
	Planned  int `json:"planned"`
	Set      int `json:"set"`
	Half     int `json:"half"`
	NotSet   int `json:"not_set"`
	Unknown  int `json:"unknown"`
	Refused  int `json:"refused"`
}

// The outcomes of [AccountReset].
const (
	OutcomePlanned = "planned" // in a dry run
	OutcomeSet     = "set"     // everywhere that was meant
	OutcomeHalf    = "half"    // in one directory alone
	OutcomeNotSet  = "not_set" // nowhere
	OutcomeUnknown = "unknown" // a directory did not say
	// OutcomeRefused (undo.go): a rule speaks against it, nothing was tried
)

// AccountReset is what became of the password of one account.
type AccountReset struct {
	Account     string     `json:"account"`
	DisplayName string     `json:"display_name"`
	Username    string     `json:"username"`
	UPN         string     `json:"upn"`
	Outcome     string     `json:"outcome"`
	AD          *SideReset `json:"ad"`   // nil where it is not set there
	M365        *SideReset `json:"m365"` // the same
	// Follows says that AD Connect or Cloud Sync carries it to Microsoft 365.
	Follows bool     `json:"follows"`
	Notes   []string `json:"notes"`
	Error   *Problem `json:"error"`
	// Password is shown where that was asked for, and nowhere else.
	Password *string `json:"password,omitempty"`
	// reset is which one it is, for the list of passwords.
	Reset string `json:"-"`
}

// SideReset is a reset in one directory.
type SideReset struct {
	ID      string     `json:"id"`
	Server  *string    `json:"server"`  // where it is set, nil before that is known
	Outcome string     `json:"outcome"` // planned, set, not_set or unknown
	At      *time.Time `json:"at"`      // when the outcome was known
	Error   *Problem   `json:"error"`
}

// PasswordStatus is when an account's password was last set in either directory.
type PasswordStatus struct {
	Account     string     `json:"account"`
	DisplayName string     `json:"display_name"`
	Username    string     `json:"username"`
	ADSetAt     *time.Time `json:"ad_set_at"`   // nil where unknown, or to be changed
	M365SetAt   *time.Time `json:"m365_set_at"` // nil where unknown
	// InStep is nil where nobody knows.
	InStep *bool `json:"in_step"`
	// Why says in words on what InStep rests, or why nobody knows.
	Why   string `json:"why"`
	State string `json:"state"` // what it waits for: open, half, out_of_step, or ""
}

// PasswordStatusList is what `passwords status` shows.
type PasswordStatusList struct {
	Customer string           `json:"customer"`
	Accounts []PasswordStatus `json:"accounts"`
	Notes    []string         `json:"notes"`
}

// PasswordCheckResult says whose password was set in AD since the last check.
type PasswordCheckResult struct {
	Customer string `json:"customer"`
	// Since is when that was, nil for the first check, which only takes note.
	Since *time.Time `json:"since"`
	At    time.Time  `json:"at"`
	// Began says that there was nothing to compare with.
	Began    bool            `json:"began"`
	Accounts []PasswordReset `json:"accounts"`
	Others   int             `json:"others"` // people without an account whose password was set
	Sync     *SyncResult     `json:"sync"`
	// SyncError is why no cycle was begun; who was reset is noted all the same.
	SyncError error    `json:"-"`
	Notes     []string `json:"notes"`
}

// PasswordReset is an account whose password somebody else has set in AD.
type PasswordReset struct {
	Account     string     `json:"account"`
	DisplayName string     `json:"display_name"`
	Username    string     `json:"username"`
	SetAt       *time.Time `json:"set_at"` // nil where it has to be changed
	// Certain is not set where it may only have been marked to be changed.
	Certain   bool `json:"certain"`
	OutOfStep bool `json:"out_of_step"`
}

// outcome is what became of a reset as a whole.
func outcome(r *registry.Reset) string {
	switch {
	case r.Open():
		return OutcomeUnknown
	case r.Done():
		return OutcomeSet
	case r.Half():
		return OutcomeHalf
	}
	return OutcomeNotSet
}
