package sheet

import (
	"errors"
	"testing"
	"unicode/utf8"
)

func TestDecode(t *testing.T) {
	for _, c := range []struct{ name, in, want string }{
		{"UTF-8", "näme", "näme"},
		{"UTF-8 with its mark", "\xef\xbb\xbfnäme", "näme"},
		{"UTF-16 with its mark", "\xff\xfen\x00\xe4\x00m\x00e\x00", "näme"},
		{"UTF-16, big end first", "\xfe\xff\x00n\x00\xe4\x00m\x00e", "näme"},
		{"UTF-16 without a mark", "n\x00a\x00m\x00e\x00", "name"},
		{"Windows-1252", "n\xe4me \x80", "näme €"},
		{"Windows-1252 that has a character of UTF-8 in it by chance", "n\xe4me;Vo\xdf\x92 Stra\xdfe;\xfc", "näme;Voß’ Straße;ü"},
		{"lines of an old Mac", "a;b\rc;d\r", "a;b\nc;d\n"},
		{"lines of Windows", "a;b\r\nc;d\r\n", "a;b\r\nc;d\r\n"},
		{"empty", "", ""},
	} {
		if got, err := Decode([]byte(c.in)); err != nil || got != c.want {
			t.Errorf("%s: %q, %v; want %q", c.name, got, err, c.want)
		}
	}
	for _, bad := range []string{"\xff\xfen", "\xff\xfe\x00\xd8", "na\x00me", "n\x81me"} {
		if got, err := Decode([]byte(bad)); !errors.Is(err, ErrNotText) {
			t.Errorf("%q was read as %q, %v", bad, got, err)
		}
	}
}

// TestDecodeDamaged keeps one bad byte from making other people of all who have an
// umlaut.
func TestDecodeDamaged(t *testing.T) {
	got, err := Decode([]byte("näme\nMüller\nS\xfcss, Jörg\nBjörn\n"))
	var damaged *Error
	if !errors.As(err, &damaged) || damaged.Line != 3 {
		t.Errorf("read as %q, %v", got, err)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a,b", "\xef\xbb\xbfa", "\xff\xfea\x00", "\xe4;b", "a\x00b\x00", "sep=;\ra;b"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data string) {
		if text, err := Decode([]byte(data)); err == nil && !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
	})
}
