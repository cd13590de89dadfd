package match

import (
	"strings"
	"unicode"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// spelled lists letters that are written in more than one way without their
// mark: the first is how most systems strip it, the second how its language
// spells it out.
var spelled = map[rune][2]string{
	'ä': {"a", "ae"}, 'ö': {"o", "oe"}, 'ü': {"u", "ue"}, 'å': {"a", "aa"},
	'ø': {"o", "oe"}, 'æ': {"ae", "a"}, 'œ': {"oe", "o"}, 'ß': {"ss", "s"},
	'ł': {"l", "l"}, 'đ': {"d", "dj"}, 'ð': {"d", "d"}, 'þ': {"th", "t"}, 'ı': {"i", "i"}, 'ĳ': {"ij", "y"},
}

// asciiForms writes a lower-case word in ASCII, with its marks stripped and with
// them spelled out. Both are equal for most words; both are "" for a word
// without letters or digits.
func asciiForms(word string) (plain, spelt string) {
	if isASCII(word) {
		s := keepAlnum(word)
		return s, s
	}
	var a, b strings.Builder
	for _, r := range norm.NFC.String(word) {
		if s, ok := spelled[r]; ok {
			a.WriteString(s[0])
			b.WriteString(s[1])
			continue
		}
		for _, base := range norm.NFKD.String(string(r)) {
			switch {
			case base < 0x80:
				a.WriteRune(base)
				b.WriteRune(base)
			case unicode.Is(unicode.M, base), isInvisible(base):
			default:
				s := strings.ToLower(unidecode.Unidecode(string(base)))
				a.WriteString(s)
				b.WriteString(s)
			}
		}
	}
	return keepAlnum(a.String()), keepAlnum(b.String())
}

func keepAlnum(s string) string {
	clean := true
	for i := 0; i < len(s) && clean; i++ {
		clean = isAlnum(s[i])
	}
	if clean {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if isAlnum(s[i]) {
			b = append(b, s[i])
		}
	}
	return string(b)
}

func isAlnum(c byte) bool { return 'a' <= c && c <= 'z' || '0' <= c && c <= '9' }

// sound reduces an ASCII word to what survives transliteration: its consonants,
// those that alphabets render differently taken together. A word that begins
// with a vowel keeps an "a" for it.
func sound(word string) string {
	b := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		c := word[i]
		next := byte(0)
		if i+1 < len(word) {
			next = word[i+1]
		}
		switch c {
		case 'p':
			if next == 'h' {
				c = 'f'
			}
		case 'c':
			c = 'k'
			if next == 'z' || next == 's' || next == 'e' || next == 'i' {
				c = 's'
			}
		case 'q', 'x':
			c = 'k'
		case 't':
			if next == 's' || next == 'z' {
				c = 's'
			}
		case 'z':
			c = 's'
		case 'w':
			c = 'v'
		case 'g':
			c = 'k'
		case 'd':
			c = 't'
		case 'b':
			c = 'p'
		case 'h':
			if i > 0 {
				continue
			}
		case 'a', 'e', 'i', 'o', 'u', 'y', 'j':
			if i > 0 {
				continue
			}
			c = 'a'
		}
		if n := len(b); n > 0 && b[n-1] == c {
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

// oneEdit says whether two ASCII words differ by one letter put in, left out or
// replaced, or by two neighbours swapped.
func oneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) < len(b) {
		return a[i:] == b[i+1:]
	}
	if i == len(a) {
		return false // equal
	}
	if a[i+1:] == b[i+1:] {
		return true
	}
	return i+1 < len(a) && a[i] == b[i+1] && a[i+1] == b[i] && a[i+2:] == b[i+2:]
}

// jaroWinkler is the similarity of two ASCII words, 0 to 1: letters in common
// within a window, less half the transpositions, raised for a shared beginning
// of up to four letters.
func jaroWinkler(a, b string) float64 {
	if a == b {
		return 1
	}
	if len(a) == 0 || len(b) == 0 || len(a) > 64 || len(b) > 64 {
		return 0
	}
	window := max(len(a), len(b))/2 - 1
	var usedA, usedB uint64
	common := 0
	for i := 0; i < len(a); i++ {
		for j := max(0, i-window); j < min(len(b), i+window+1); j++ {
			if usedB>>j&1 == 0 && a[i] == b[j] {
				usedA |= 1 << i
				usedB |= 1 << j
				common++
				break
			}
		}
	}
	if common == 0 {
		return 0
	}
	swapped, j := 0, 0
	for i := 0; i < len(a); i++ {
		if usedA>>i&1 == 0 {
			continue
		}
		for usedB>>j&1 == 0 {
			j++
		}
		if a[i] != b[j] {
			swapped++
		}
		j++
	}
	m := float64(common)
	jaro := (m/float64(len(a)) + m/float64(len(b)) + (m-float64(swapped)/2)/m) / 3
	prefix := 0
	for prefix < min(len(a), len(b), 4) && a[prefix] == b[prefix] {
		prefix++
	}
	if jaro < 0.7 {
		return jaro
	}
	return jaro + 0.1*float64(prefix)*(1-jaro)
}
