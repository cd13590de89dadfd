package postgres

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzEscape wants each text back, and what PostgreSQL can hold in between.
func FuzzEscape(f *testing.F) {
	for _, s := range []string{"", "Ünï\x00", "\x1a", "\x1a00", "\xff\xfe", "a\x1a", "\x1a1", strings.Repeat("\x00", 3), "\u202e"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kept := escape(s)
		if !utf8.ValidString(kept) || strings.Contains(kept, "\x00") {
			t.Errorf("%q is kept as %q", s, kept)
		}
		if got := unescape(kept); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	})
}
