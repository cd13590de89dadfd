package source

import (
	"testing"
	"time"
)

func TestRemark(t *testing.T) {
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		left          time.Duration
		note, warning string
	}{
		{-time.Second, "", "the certificate expired on 2026-11-01"},
		{time.Hour, "", "the certificate expires on 2026-11-01, today: renew it"},
		{36 * time.Hour, "", "the certificate expires on 2026-11-03, in 1 day: renew it"},
		{30*24*time.Hour - time.Second, "", "the certificate expires on 2026-12-01, in 29 days: renew it"},
		{30 * 24 * time.Hour, "the certificate is good until 2026-12-01", ""},
	} {
		if note, warning := (End{"the certificate", now.Add(c.left)}).Remark(now); note != c.note || warning != c.warning {
			t.Errorf("%s: %q, %q", c.left, note, warning)
		}
	}
}
