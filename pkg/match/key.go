package match

import (
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// Key folds a display name to the form under which two names are the same:
// Unicode NFKC, case folding, no white space at the ends, one space within, and
// no character that cannot be seen (format characters, variation selectors).
// The key of a key is the key itself; a name without a visible character has
// the key "", which matches nothing.
func Key(name string) string {
	if isASCII(name) {
		return foldASCII(name)
	}
	// Folding can bring forth what the next round composes or drops; almost
	// every name is stable after the first.
	for range 8 {
		next := fold(name)
		if next == name {
			break
		}
		name = next
	}
	return name
}

func fold(s string) string {
	s = strings.Map(func(r rune) rune {
		if isInvisible(r) {
			return -1
		}
		return r
	}, s)
	s = norm.NFKC.String(cases.Fold().String(norm.NFKC.String(s)))
	return strings.Join(strings.Fields(s), " ")
}

// foldASCII does for ASCII, in one go, what [fold] does.
func foldASCII(s string) string {
	b := make([]byte, 0, len(s))
	space := false
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == ' ' || '\t' <= c && c <= '\r' {
			space = len(b) > 0
			continue
		}
		if space {
			b, space = append(b, ' '), false
		}
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	if string(b) == s {
		return s
	}
	return string(b)
}

func isInvisible(r rune) bool {
	return unicode.In(r, unicode.Cf, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point)
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
