package address

import (
	"strings"
	"testing"
)

func TestKey(t *testing.T) {
	for _, same := range [][]string{
		{"ann@corp.example", " Ann@CORP.example\u00a0", "ann@corp.example.", "\u200bann@corp.example\t", "ANN@corp.EXAMPLE"},
		{"jörg@corp.example", "jo\u0308rg@corp.example", "JÖRG@corp.example"},
		{"ann@müller.example", "ann@xn--mller-kva.example", "ann@MU\u0308LLER.example", "Ann@XN--MLLER-KVA.example", "ann@ｍüller.example"},
		{"ann@straße.example", "ann@xn--strae-oqa.example"},
		{"ann@under_score.example", "Ann@Under_Score.example"},
		{"nobody", " Nobody"},
		{"", " "},
		{`"a@b"@corp.example`, `"A@b"@corp.example.`},
	} {
		for _, s := range same {
			if Key(s) != Key(same[0]) {
				t.Errorf("%q has the key %q, and %q %q", s, Key(s), same[0], Key(same[0]))
			}
		}
	}
	for _, differ := range [][2]string{
		{"ann@corp.example", "a.nn@corp.example"},
		{"ann@corp.example", "ann+x@corp.example"},
		{"ann@corp.example", "ann@corp.example.com"},
		{"ann@strasse.example", "ann@straße.example"},
		{"jorg@corp.example", "jörg@corp.example"},
		{"ann@corp..example", "ann@corp.example"},
		{"", "@"},
	} {
		if Key(differ[0]) == Key(differ[1]) {
			t.Errorf("%q and %q have one key", differ[0], differ[1])
		}
	}
}

// A key is its own key, and blanks never matter.
func FuzzKey(f *testing.F) {
	for _, s := range []string{"Ann@müller.example", "a@xn--0", "@", "a@b@c", "x@\u00ad.example", "İ@x", "a@ⅷ.example"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := Key(s)
		if strings.ContainsRune(s, '\uFFFD') || strings.ToValidUTF8(s, "") != s {
			return
		}
		if again := Key(key); again != key {
			t.Errorf("%q has the key %q, which has %q", s, key, again)
		}
		if spaced := Key(" " + s + "\t"); spaced != key {
			t.Errorf("%q has the key %q, with blanks %q", s, key, spaced)
		}
	})
}

func TestWire(t *testing.T) {
	for in, want := range map[string]string{
		"Ann.Bell@X.example":            "Ann.Bell@X.example",
		"jo@müller.example":             "jo@xn--mller-kva.example",
		"jörg@MÜLLER.example":           "jörg@xn--mller-kva.example",
		"jo@mail.xn--mller-kva.example": "jo@mail.xn--mller-kva.example",
		"nobody":                        "nobody",
	} {
		if got := Wire(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}
