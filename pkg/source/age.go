package source

import (
	"fmt"
	"time"
)

// StaleAfter is how much older than its rival one of two exports may be.
const StaleAfter = 7 * 24 * time.Hour

// StaleNote says of two directories that are compared that one is an export much
// older than the other, "" where it is not. What is live is as of now.
func StaleNote(a, b Info, now time.Time) string {
	as := func(i Info) time.Time {
		if i.AsOf.IsZero() {
			return now
		}
		return i.AsOf
	}
	if as(b).Before(as(a)) {
		a, b = b, a
	}
	apart := as(b).Sub(as(a))
	if a.AsOf.IsZero() || apart <= StaleAfter {
		return ""
	}
	return fmt.Sprintf("The export of %s is %d days older than what it is compared with: who came, left or changed since then is not in it.",
		a.Kind, int(apart.Hours()/24))
}
