package input

import (
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.FixedZone("", 3600))
	for text, want := range map[string]string{
		"2026-03-01T12:00:00+02:00": "2026-03-01T10:00:00Z", "2026-03-01": "2026-03-01T00:00:00Z", "1d": "2026-03-09T11:00:00Z",
		"2026-3-1": "", "yesterday": "", "-1d": "", "": "", "2026-02-30": "", "1d12h": "",
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
