package input

import (
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"36h": 36 * time.Hour, "7d": 7 * day, "2w": 14 * day, "1w1d": 8 * day, "1d12h": 36 * time.Hour, "90m": 90 * time.Minute,
		"": 0, "0": 0, "0d": 0, "d": 0, "7": 0, "-7d": 0, "7d-1h": 0, "7 d": 0, "1d1w": 0, "x": 0, "99999999d": 0, "9999999h": 0, "7d\n": 0,
	} {
		got, err := Span(text)
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.FixedZone("", 3600))
	for text, want := range map[string]string{
		"2026-03-01T12:00:00+02:00": "2026-03-01T10:00:00Z", "2026-03-01": "2026-03-01T00:00:00Z", "1d": "2026-03-09T11:00:00Z",
		"2026-3-1": "", "yesterday": "", "-1d": "", "": "", "2026-02-30": "",
	} {
		got, err := Moment(text, now)
		if want == "" {
			if err == nil {
				t.Errorf("%q: %v", text, got)
			}
			continue
		}
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("%q: %v, %v; want %s", text, got, err, want)
		}
	}
}
