package input

import (
	"fmt"
	"time"
)

// Moment reads a moment: a time as RFC 3339 writes it, a date, which is its
// beginning in UTC, or an [Age], which is so long ago.
func Moment(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	d, err := Age(text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%q is neither a time (2026-03-01T12:00:00Z), a date (2026-03-01) nor a length of time such as 36h or 7d", text)
	}
	return now.UTC().Add(-d), nil
}
