package input

import (
	"errors"
	"regexp"
	"strconv"
	"time"
)

var span = regexp.MustCompile(`^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(.*)$`)

// Span reads a span of time as people write one: 36h, 7d, 2w, 1d12h.
func Span(text string) (time.Duration, error) {
	parts := span.FindStringSubmatch(text)
	var total, rest time.Duration
	for i, day := range []time.Duration{7 * 24 * time.Hour, 24 * time.Hour} {
		if parts != nil && parts[i+1] != "" {
			n, err := strconv.Atoi(parts[i+1])
			if err != nil {
				return 0, err
			}
			total += time.Duration(n) * day
		}
	}
	var err error
	if parts != nil && parts[3] != "" {
		rest, err = time.ParseDuration(parts[3])
	}
	if total += rest; err != nil || rest < 0 || total <= 0 {
		return 0, errors.New("want a span of time such as 36h, 7d or 2w")
	}
	return total, nil
}

// Moment reads a moment: a time as RFC 3339 writes it, a date, which is its
// beginning in UTC, or a span of time, which is so long ago.
func Moment(text string, now time.Time) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t.UTC(), nil
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	d, err := Span(text)
	if err != nil {
		return time.Time{}, errors.New("want a time (2026-03-01T12:00:00Z), a date (2026-03-01) or a span of time such as 36h or 7d")
	}
	return now.UTC().Add(-d), nil
}
