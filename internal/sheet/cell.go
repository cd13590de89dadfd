package sheet

import "strings"

// formula says whether a spreadsheet would run a cell that begins so.
func formula(r rune) bool { return strings.ContainsRune("=+-@＝＋－＠", r) }

// Escape makes a cell safe to open in a spreadsheet: a formula is turned into
// text by an apostrophe, also where a spreadsheet that separates by semicolons
// would see a cell begin.
func Escape(cell string) string {
	var b strings.Builder
	begin := true
	for _, r := range cell {
		if begin && formula(r) {
			b.WriteByte('\'')
		}
		b.WriteRune(r)
		begin = r == ';' || begin && (r == ' ' || r == '"')
	}
	return b.String()
}

// Unescape is a cell as it was before [Escape].
func Unescape(cell string) string {
	var b strings.Builder
	begin, text := true, []rune(cell)
	for i, r := range text {
		if begin && r == '\'' && i+1 < len(text) && formula(text[i+1]) {
			continue
		}
		b.WriteRune(r)
		begin = r == ';' || begin && (r == ' ' || r == '"')
	}
	return b.String()
}
