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
		{"lines of an old Mac", "a;b\rc;d\r", "a;b\nc;d\n"},
		{"lines of Windows", "a;b\r\nc;d\r\n", "a;b\r\nc;d\r\n"},
		{"the separator told to Excel", "\xef\xbb\xbfsep=;\r\na;b\r\n", "\r\na;b\r\n"},
		{"a column named sep", "sep=x,b\n", "sep=x,b\n"},
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

func TestSeparator(t *testing.T) {
	for text, want := range map[string]rune{
		"a,b;c,d\n;;;;": ',', "a;b,c;d": ';', "a\tb": '\t', "\"a,b,c\";d": ';', "name": ',', "\r\na;b": ';', "": ',',
	} {
		if got := Separator(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range []string{"a,b", "\xef\xbb\xbfa", "\xff\xfea\x00", "\xe4;b", "a\x00b\x00", "sep=;\ra;b"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if text, err := Decode(data); err == nil && !utf8.ValidString(text) {
			t.Errorf("%q is not UTF-8", text)
		}
	})
}
