package match_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/qpimport/qpimport/pkg/match"
)

func TestKey(t *testing.T) {
	same := [][]string{
		{"Ada Lovelace", "ada lovelace", "  ADA\u00a0\t LOVELACE ", "Ada\u200b Love\u200elace", "\ufeffAda Lovelace\u00ad", "Ａｄａ Ｌｏｖｅｌａｃｅ"},
		{"Zoë", "Zoe\u0308", "ZOË", "ZOE\u0308", "Zoe\u200d\u0308"},
		{"Strauß", "STRAUSS", "strauss"},
		{"Σίσυφος", "ΣΊΣΥΦΟΣ", "σίσυφοσ"},
		{"Fioﬁ", "FIOFI"},
		{"\u202eevil\u202c", "evil"},
		{"", "  ", "\u200b", "\u3164", "\u00a0\u2060"},
	}
	keys := map[string]string{}
	for _, names := range same {
		want := match.Key(names[0])
		for _, name := range names {
			if got := match.Key(name); got != want {
				t.Errorf("Key(%+q) = %+q, want %+q as for %+q", name, got, want, names[0])
			}
		}
		if other, ok := keys[want]; ok {
			t.Errorf("%+q and %+q share the key %+q", other, names[0], want)
		}
		keys[want] = names[0]
	}
	for _, pair := range [][2]string{{"Zoë", "Zoe"}, {"Ada Lovelace", "Lovelace, Ada"}, {"Ada  L", "AdaL"}, {"Jon", "John"}} {
		if match.Key(pair[0]) == match.Key(pair[1]) {
			t.Errorf("%q and %q must have different keys", pair[0], pair[1])
		}
	}
}

func FuzzKey(f *testing.F) {
	for _, s := range []string{"Ada Lovelace", " a\u00a0b ", "\u200b", "Zoe\u0308", "İstanbul ß ﬁ ǅ", "\xff\xfe", "\u1100\u200d\u1161", "K\u0345\u0301", "\u0378", "ﾡ\u3164"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		key := match.Key(s)
		if again := match.Key(key); again != key {
			t.Errorf("Key(Key(%+q)) = %+q, want %+q", s, again, key)
		}
		if key != strings.TrimSpace(key) || strings.Contains(key, "  ") {
			t.Errorf("Key(%+q) = %+q: white space is left", s, key)
		}
		if strings.ContainsFunc(key, func(r rune) bool { return unicode.Is(unicode.Cf, r) }) {
			t.Errorf("Key(%+q) = %+q: a format character is left", s, key)
		}
		if got := match.Key("\u200e  " + s + "\u2060\t"); got != key {
			t.Errorf("padding changed Key(%+q) from %+q to %+q", s, key, got)
		}
	})
}
