package postgres

import (
	"strings"
	"unicode/utf8"
)

// A text of PostgreSQL holds neither NUL nor what is no UTF-8, and names out of
// directories may hold both. Such bytes are kept as U+001A and two hexadecimal digits,
// and so is U+001A itself.
const mark = '\x1a'

const digits = "0123456789abcdef"

// escape is a text as it is kept.
func escape(s string) string {
	if utf8.ValidString(s) && strings.IndexByte(s, 0) < 0 && strings.IndexByte(s, mark) < 0 {
		return s
	}
	b := make([]byte, 0, len(s)+16)
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == mark || r == utf8.RuneError && size == 1 {
			b = append(b, mark, digits[s[i]>>4], digits[s[i]&0xf])
		} else {
			b = append(b, s[i:i+size]...)
		}
		i += size
	}
	return string(b)
}

// unescape is the text that is kept so.
func unescape(s string) string {
	if strings.IndexByte(s, mark) < 0 {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] == mark && i+2 < len(s) {
			high, low := strings.IndexByte(digits, s[i+1]), strings.IndexByte(digits, s[i+2])
			if high >= 0 && low >= 0 {
				b = append(b, byte(high<<4|low))
				i += 2
				continue
			}
		}
		b = append(b, s[i])
	}
	return string(b)
}
