package match

import (
	"math/bits"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// alphabets are the scripts whose letters look like one another's.
var alphabets = []*unicode.RangeTable{
	unicode.Latin, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Georgian, unicode.Cherokee, unicode.Coptic,
	unicode.Lisu, unicode.Deseret, unicode.Osage, unicode.Glagolitic, unicode.Tifinagh, unicode.Warang_Citi, unicode.Canadian_Aboriginal,
}

const alphabetLatin = 1

// script is what the letters of a name are.
type script struct {
	alphabets uint32 // one bit each
	// lossy letters say more than their transliteration: signs of words or
	// syllables, vowels that are not written or stand as marks, tones.
	lossy   bool
	foreign bool // lossy ones that are not Latin
	marked  bool // Latin ones with marks
	tones   bool // Latin ones of Vietnamese
	// forged is a name with a word of two alphabets, or with signs that only look
	// like letters of names.
	forged bool
}

// scriptOf reads the words of a name.
func scriptOf(words []string) script {
	var s script
	for _, w := range words {
		if isASCII(w) {
			if w != "" {
				s.alphabets |= latinOf(w)
			}
			s.forged = s.forged || digitInside(w)
			continue
		}
		s.read(norm.NFC.String(w))
	}
	s.tones = s.tones || s.marked && slices.ContainsFunc(words, func(w string) bool { return strings.Contains(vietnamese, " "+w+" ") })
	s.lossy = s.lossy || s.tones
	s.forged = s.forged || bits.OnesCount32(s.alphabets) > 1
	return s
}

// vietnamese are words of names by which a name is known to be Vietnamese even
// where no letter of it is of that language alone.
const vietnamese = " nguyễn nguyên trần trân lê phạm hoàng huỳnh phan vũ võ đặng đăng bùi đỗ hồ hô ngô dương lý đinh trương lâm tô trịnh đào đoàn lương lưu thái châu quách tăng tạ vương đình thị văn hữu đức "

func latinOf(ascii string) uint32 {
	if strings.ContainsFunc(ascii, func(r rune) bool { return 'a' <= r && r <= 'z' }) {
		return alphabetLatin
	}
	return 0
}

func (s *script) read(word string) {
	for _, r := range word {
		switch k := alphabetOf(r); {
		case k == alphabetLatin:
			s.alphabets |= alphabetLatin
			s.marked = s.marked || r > 0x7F && utf8.RuneCountInString(word) > 1
			s.tones = s.tones || 0x1EA0 <= r && r <= 0x1EF9 || r == 'ơ' || r == 'ư'
			s.forged = s.forged || !inNames(r)
		case k != 0:
			s.alphabets |= k
		case unicode.IsLetter(r):
			s.lossy, s.foreign = true, true
		case unicode.Is(unicode.Mn, r) && !s.foreign && !usualMark(r):
			s.forged = true
		}
	}
	s.forged = s.forged || digitInside(word)
}

func alphabetOf(r rune) uint32 {
	if 'a' <= r && r <= 'z' {
		return alphabetLatin
	}
	if !unicode.IsLetter(r) {
		return 0
	}
	for k, table := range alphabets {
		if unicode.Is(table, r) {
			return 1 << k
		}
	}
	return 0
}

// inNames says whether a Latin letter stands in names of people; phonetic signs
// and small capitals do not, but look like those that do.
func inNames(r rune) bool {
	return r < 0x180 || 0x1CD <= r && r <= 0x233 || 0x1E00 <= r && r <= 0x1EFF || strings.ContainsRune("ơưəɓɗɖɛɔƙƴƒŋɣʋ", r)
}

// usualMark says whether names have a mark that no letter is composed with:
// accents, not strokes and rings through a letter.
func usualMark(r rune) bool {
	return 0x300 <= r && r <= 0x30C || r == 0x30F || r == 0x311 || r == 0x31B || 0x323 <= r && r <= 0x328 || r == 0x331 || r >= 0x483
}

// digitInside says whether a digit stands between letters, as in Thornt0n.
func digitInside(word string) bool {
	for i := 1; i+1 < len(word); i++ {
		if '0' <= word[i] && word[i] <= '9' && isLetterByte(word[i-1]) && isLetterByte(word[i+1]) {
			return true
		}
	}
	return false
}

func isLetterByte(c byte) bool { return 'a' <= c && c <= 'z' || c >= 0x80 }
