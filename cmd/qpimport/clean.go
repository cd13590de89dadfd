package main

import (
	"strings"
	"unicode"
)

// maxMarks bounds the combining marks on one character: more of them climb
// over the lines above and below.
const maxMarks = 4

// clean makes text from a directory safe for a terminal, a table cell and a CSV
// cell. What a terminal obeys or does not show (control characters, line
// breaks, bidi and zero-width characters, bytes that are no UTF-8) becomes
// U+FFFD, so that it is seen that something was there.
func clean(s string) string {
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

// formula says whether a spreadsheet would run a cell that begins so.
func formula(r rune) bool { return strings.ContainsRune("=+-@＝＋－＠", r) }

// csvCell makes a cell safe to open in a spreadsheet: a formula is turned into
// text by an apostrophe, also where a spreadsheet that separates by semicolons
// would see a cell begin.
func csvCell(s string) string {
	var b strings.Builder
	begin := true
	for _, r := range clean(s) {
		if begin && formula(r) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begin = r == ';' || begin && (r == ' ' || r == '"')
	}
	return b.String()
}

// shellWord quotes a word for a command that is shown to be copied.
func shellWord(s string) string {
	s = clean(s)
	plain := strings.IndexFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.@/", r)
	}) < 0
	if plain && s != "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// maxCell is how many characters of a cell a table shows. One name of thousands
// would push every column off the screen.
const maxCell = 500

// shorten cuts what is too long for a table; the other formats have all of it.
func shorten(s string) string {
	if len(s) <= maxCell {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxCell {
			return s[:i] + "…"
		}
	}
	return s
}
