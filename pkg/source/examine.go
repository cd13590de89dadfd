package source

import (
	"context"
	"fmt"
	"time"
)

// Examiner is a [Directory] that knows how it is reached, beside what it holds.
type Examiner interface {
	// Examine says who is signed in and how, what the directory asks of that, what it
	// rests on that will end, and which rights were granted. It asks for nothing that
	// would leave a trace of a failure.
	Examine(ctx context.Context) (Examination, error)
}

// Examination is how a directory is reached. Its lists are in a stable order.
type Examination struct {
	SignIn  SignIn
	Demands []Demand
	Ends    []End
	Rights  *Rights // nil where the directory does not say
	// Notes and Warnings are for people; they repeat nothing of Demands, Ends and Rights.
	Notes, Warnings []string
}

// SignIn is who is signed in, by what, and what protects the connection.
type SignIn struct {
	As   string `json:"as"`   // account or application, "" where the directory does not say
	By   string `json:"by"`   // a password, a ticket, a client secret …
	Over string `json:"over"` // TLS 1.3, …, or what seals
}

// Demand is what a directory may ask of whoever signs in.
type Demand struct {
	Name     string `json:"name"`     // signing or channel_binding
	Demanded Flag   `json:"demanded"` // Unknown where only a sign-in without it would tell
	Met      Flag   `json:"met"`      // by this connection
	Text     string `json:"text"`
}

// End is when something ends that a sign-in rests on.
type End struct {
	What string    `json:"what"`
	At   time.Time `json:"at"`
}

// Rights are what an account or an application may do.
type Rights struct {
	Granted []string `json:"granted"`
	Missing []Right  `json:"missing"` // of those that reading makes use of
}

// Right is one of them, and what it is needed for.
type Right struct {
	Name string `json:"name"`
	For  string `json:"for"`
}

// expirySoon is how long before its end a certificate or a secret is warned of.
const expirySoon = 30 * 24 * time.Hour

// Remark is what there is to say of an end: a note, or a warning where it is near.
func (e End) Remark(now time.Time) (note, warning string) {
	day := e.At.UTC().Format(time.DateOnly)
	switch left := e.At.Sub(now); {
	case left < 0:
		return "", fmt.Sprintf("%s expired on %s", e.What, day)
	case left < expirySoon:
		in := "today"
		if days := int(left / (24 * time.Hour)); days == 1 {
			in = "in 1 day"
		} else if days > 1 {
			in = fmt.Sprintf("in %d days", days)
		}
		return "", fmt.Sprintf("%s expires on %s, %s: renew it", e.What, day, in)
	}
	return fmt.Sprintf("%s is good until %s", e.What, day), ""
}
