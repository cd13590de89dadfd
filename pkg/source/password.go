package source

import (
	"context"
	"time"
)

// RoleReset is the role of a [Connection] that sets passwords. Any other reads, and
// cannot write.
const RoleReset = "reset"

// The errors of setting a password, beside those of a directory.
const (
	// CodePasswordRefused: the directory's rules refuse the new password, or nobody
	// may set that user's there.
	CodePasswordRefused Code = "password_refused"
	// CodeOutcomeUnknown: nobody answered whether it was set. Ask
	// [PasswordResetter.Password] before anything else.
	CodeOutcomeUnknown Code = "password_outcome_unknown"
)

// PasswordResetter is a [Directory] that sets passwords: one of a [Connection] with
// [RoleReset].
type PasswordResetter interface {
	// Password reads how the password of the user with this id stands now, and what a
	// new one has to be like. Nil and no error say that there is no such user, as
	// [Finder] does.
	Password(ctx context.Context, id string) (*PasswordState, error)
	// SetPassword sets the password of the user with this id, once: nothing is tried
	// again. Where it cannot tell whether that was done, the error has
	// [CodeOutcomeUnknown]; after any other error nothing was changed.
	SetPassword(ctx context.Context, id string, p NewPassword) error
}

// NewPassword is what a password is set to, and what is done with it.
type NewPassword struct {
	Password Secret
	// MustChange has the user choose another one at the next sign-in.
	MustChange bool
	// Unlock lifts a lockout (AD only).
	Unlock bool
}

// PasswordState is how a user's password stands.
type PasswordState struct {
	User User
	Mark PasswordMark
	// SetAt is when it was set, also of who has to change it; zero where that is unknown.
	SetAt time.Time
	// MustChange says that another one has to be chosen at the next sign-in.
	MustChange Flag
	// Locked says that the user is locked out (AD only).
	Locked Flag
	// NeverExpires says that must-change has no effect (AD only).
	NeverExpires bool
	// CloudManaged says of a synchronised user that Microsoft 365 is where he is
	// changed all the same (m365 only).
	CloudManaged Flag
	Policy       PasswordPolicy
}

// PasswordMark tells one setting of a password from the next.
type PasswordMark struct {
	// Version counts how often it was set, 0 where that may not be read or it never was
	// (AD only).
	Version int64 `json:"version,omitempty"`
	// At is when it was set; zero where that is unknown, and in AD where the user must
	// change it.
	At time.Time `json:"at,omitzero"`
}

// Moved says whether the password was set between two marks of one user.
func (m PasswordMark) Moved(now PasswordMark) Flag {
	switch {
	case m.Version != 0 && now.Version != 0:
		return FlagOf(m.Version != now.Version)
	case m.At.IsZero() && now.Version > m.Version: // there was none before
		return Yes
	case !now.At.IsZero():
		return FlagOf(!m.At.Equal(now.At))
	}
	return Unknown // it was never known, or now has to be changed, which erases the time
}

// PasswordPolicy is what a directory asks of a password.
type PasswordPolicy struct {
	MinLength int
	// Complex asks for three of four kinds of characters and nothing of the user's name.
	Complex bool
	// ASCII takes no letters with accents, nor others beyond ASCII.
	ASCII bool
	// Unread names a stricter policy that may apply and may not be read, "" for none.
	Unread string
}

// PasswordCursor is how far the changes of a directory were looked at.
type PasswordCursor struct {
	// Server is the id of the database that counts: another controller, or one that was
	// restored, counts otherwise.
	Server string    `json:"server"`
	USN    int64     `json:"usn"`
	At     time.Time `json:"at"`
}

// PasswordChange is a user whose password was set.
type PasswordChange struct {
	ID   string
	Mark PasswordMark
	// Certain is not set where the directory does not tell a password that was set from
	// one that has to be changed.
	Certain bool
}

// PasswordWatcher is a [Directory] that tells whose password was set lately.
type PasswordWatcher interface {
	// PasswordChanges lists whose password was set since a cursor, and how far it
	// looked. With the zero cursor, or one of another server, there is nothing to
	// compare with: nobody is listed, and the next cursor is of another server than
	// since.
	PasswordChanges(ctx context.Context, since PasswordCursor) ([]PasswordChange, PasswordCursor, error)
}
