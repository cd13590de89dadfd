package output

import (
	"strings"
	"unicode"
)

// maxMarks bounds the combining marks on one character: more of them climb
// over the lines above and below.
const maxMarks = 4

// Clean makes text from a directory safe for a terminal, a table cell and a CSV
// cell. What a terminal obeys or does not show (control characters, line
// breaks, bidi and zero-width characters, bytes that are no UTF-8) becomes
// U+FFFD, so that it is seen that something was there.
func Clean(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		if unicode.In(r, unicode.Mn, unicode.Me) {
			if marks++; marks > maxMarks {
				return -1
			}
		} else {
			marks = 0
		}
		if invisible(r) {
			return unicode.ReplacementChar
		}
		return r
	}, s)
}

// invisible says whether a character has no picture of its own.
func invisible(r rune) bool {
	switch r {
	case '\u034F', '\u115F', '\u1160', '\u17B4', '\u17B5', '\u2800', '\u3164', '\uFFA0': // fillers
		return true
	}
	return !unicode.IsGraphic(r)
}
