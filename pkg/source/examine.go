package source

import (
	"context"
	"fmt"
	"time"
)

// Examiner is a [Directory] that knows how it is reached, beside what it holds.
type Examiner interface {
	// Examine says for people who is logged in and what protects the connection;
	// warnings are what will soon fail, or is more than is needed.
	Examine(ctx context.Context) (notes, warnings []string, err error)
}

// expirySoon is how long before its end a certificate is warned of.
const expirySoon = 30 * 24 * time.Hour

// Expiry remarks on the end of what expires: as a note, or as a warning where it is
// near.
func Expiry(what string, end, now time.Time) (note, warning string) {
	day := end.UTC().Format(time.DateOnly)
	switch left := end.Sub(now); {
	case left < 0:
		return "", fmt.Sprintf("%s expired on %s", what, day)
	case left < expirySoon:
		return "", fmt.Sprintf("%s expires on %s, in %d days: renew it", what, day, int(left/(24*time.Hour)))
	}
	return fmt.Sprintf("%s is good until %s", what, day), ""
}
