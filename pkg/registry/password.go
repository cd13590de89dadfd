package registry

import (
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

// Password is what is known of an account's password: when, where and by whom it
// was set. What it is nobody keeps.
type Password struct {
	Account string `json:"account"`
	// Seen is the AD user's password as a check or a reset last saw it, nil before.
	Seen *SeenPassword `json:"seen"`
	// OutOfStep is when a check found that it was set in AD alone; zero where it was
	// not, or was set in both since.
	OutOfStep time.Time `json:"out_of_step"`
	// Reset is the last one of this program, nil for none.
	Reset *Reset `json:"reset"`
}

// SeenPassword is one setting of the password of a user.
type SeenPassword struct {
	ID   string              `json:"id"`
	Mark source.PasswordMark `json:"mark"`
}

// Reset is what was meant with the password of an account, and what came of it.
type Reset struct {
	ID string `json:"id"`
	// Run is the one in which it was meant, 0 until that is numbered.
	Run int64 `json:"run"`
	// Attempt rises with each process that takes it up.
	Attempt    int        `json:"attempt"`
	At         time.Time  `json:"at"` // when it was meant
	MustChange bool       `json:"must_change"`
	Unlock     bool       `json:"unlock"`
	AD         *ResetSide `json:"ad"`   // nil where it is not set there
	M365       *ResetSide `json:"m365"` // the same
	// Follows says that AD Connect or Cloud Sync carries it to Microsoft 365.
	Follows bool `json:"follows"`
}

// ResetSide is a reset in one directory.
type ResetSide struct {
	ID      string `json:"id"`      // of the user
	Outcome string `json:"outcome"` // one of the outcomes below
	// Server is the one that it was sent to: another may not have heard of it yet.
	Server string `json:"server"`
	// Before is the password's mark when the reset was meant, After when it was set.
	Before source.PasswordMark `json:"before"`
	After  source.PasswordMark `json:"after"`
	At     time.Time           `json:"at"` // when it was sent, or the outcome was known
	Error  source.Code         `json:"error"`
}

// SetSince says that the password was set once more after this side was, as far as a mark
// of now tells.
func (s *ResetSide) SetSince(now source.PasswordMark) bool {
	if s.After.Version == 0 && s.After.At.IsZero() {
		return s.Before.Version != 0 && now.Version > s.Before.Version+1
	}
	return s.After.Moved(now) == source.Yes
}

// The values of [ResetSide.Outcome].
const (
	ResetIntended = "intended" // nothing was sent
	ResetSending  = "sending"  // something was sent, or is; nobody has said what came of it
	ResetSet      = "set"
	ResetNotSet   = "not_set"
	ResetUnknown  = "unknown" // the directory did not answer, nor tell afterwards
)

// The values of [Password.State].
const (
	PasswordOpen      = "open"        // a reset whose outcome is not known
	PasswordHalf      = "half"        // one directory has the new password, the other has not
	PasswordOutOfStep = "out_of_step" // it was set in AD alone, by somebody else
)

// Sides are those in which the password is set, in their order.
func (r *Reset) Sides() []*ResetSide {
	var sides []*ResetSide
	for _, s := range []*ResetSide{r.AD, r.M365} {
		if s != nil {
			sides = append(sides, s)
		}
	}
	return sides
}

// Count says in how many directories the outcome is the given one.
func (r *Reset) Count(outcome string) int {
	n := 0
	for _, s := range r.Sides() {
		if s.Outcome == outcome {
			n++
		}
	}
	return n
}

// Done says that each directory that was meant has the new password.
func (r *Reset) Done() bool { return r.Count(ResetSet) == len(r.Sides()) }

// Open says that what came of it is not known everywhere.
func (r *Reset) Open() bool {
	return r.Count(ResetIntended)+r.Count(ResetSending)+r.Count(ResetUnknown) > 0
}

// UnderWay says that a process may be at it, or that nobody has asked again what came of
// it.
func (r *Reset) UnderWay() bool {
	return r.Count(ResetIntended)+r.Count(ResetSending) > 0 || r.Count(ResetUnknown) > 0 && r.Attempt == 0
}

// Half says that one directory has it, and the other has not.
func (r *Reset) Half() bool { return !r.Open() && !r.Done() && r.Count(ResetSet) > 0 }

// Clone returns a reset that can be changed on its own.
func (r *Reset) Clone() *Reset {
	c := *r
	for _, side := range []**ResetSide{&c.AD, &c.M365} {
		if *side != nil {
			s := **side
			*side = &s
		}
	}
	return &c
}

// State says what the password waits for, "" for nothing.
func (p *Password) State() string {
	switch {
	case p.Reset != nil && p.Reset.Open():
		return PasswordOpen
	case p.Reset != nil && p.Reset.Half():
		return PasswordHalf
	case !p.OutOfStep.IsZero():
		return PasswordOutOfStep
	}
	return ""
}

// WithReset is what is known of a password once a reset of it came so far. A check
// that saw something meanwhile is not forgotten.
func (p Password) WithReset(n Password) Password {
	after := p
	after.Account, after.Reset = n.Account, n.Reset
	if p.Seen == nil || n.Seen != nil && (n.Seen.ID != p.Seen.ID || n.Seen.Mark.Version >= p.Seen.Mark.Version) {
		after.Seen = n.Seen
	}
	if ad := n.Reset.AD; n.Reset.Done() && (ad == nil || !p.OutOfStep.After(ad.At)) {
		after.OutOfStep = time.Time{}
	}
	return after
}

// WithCheck is what is known of a password once a check saw it. A reset that is under
// way goes on.
func (p Password) WithCheck(n Password) Password {
	after := p
	after.Account, after.Seen = n.Account, n.Seen
	if !n.OutOfStep.IsZero() {
		after.OutOfStep = n.OutOfStep
	}
	return after
}

// PasswordNote is what became known of passwords after it was decided: what came
// of a reset, or what a check saw. It is true whatever else has changed.
type PasswordNote struct {
	// Run is the one in which the resets were meant: what it did is completed. 0 is a
	// check.
	Run       int64
	Passwords []Password
	// TakeUp says that the attempts are new ones, of a process that goes on where
	// another was cut off.
	TakeUp bool
	// Cursor is how far a check looked, nil for none.
	Cursor *source.PasswordCursor
}
