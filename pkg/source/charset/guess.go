package charset

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// maxWords bounds what a [Guesser] looks at; more would not tell more.
const maxWords = 50_000

// Guesser finds the code page of a text by the words in it that are not ASCII.
// The text is written to it in pieces.
type Guesser struct {
	words map[string]bool
	part  []byte // a word that the next piece may go on with
	other bool   // it holds more than ASCII
}

// Write implements [io.Writer]. It never fails.
func (g *Guesser) Write(p []byte) (int, error) {
	for _, b := range p {
		switch {
		case b >= 0x80:
			g.part, g.other = append(g.part, b), true
		case 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z':
			g.part = append(g.part, b)
		default:
			g.endWord()
		}
		if len(g.part) > 1<<10 { // no word
			g.endWord()
		}
	}
	return len(p), nil
}

func (g *Guesser) endWord() {
	if g.other && len(g.words) < maxWords {
		if g.words == nil {
			g.words = map[string]bool{}
		}
		g.words[string(g.part)] = true
	}
	g.part, g.other = g.part[:0], false
}

// ErrUnknown is the error of a text that is in none of the code pages.
var ErrUnknown = errors.New("the encoding of the text cannot be told")

// AmbiguousError is the error of a text that reads well in two code pages, but
// not the same.
type AmbiguousError struct {
	Charsets [2]Charset
	Read     [2]string // a word of the text, as each of them has it
}

func (e *AmbiguousError) Error() string {
	return fmt.Sprintf("%q if it is %s would be %q if it is %s, and the text does not tell which",
		e.Read[0], e.Charsets[0].Name, e.Read[1], e.Charsets[1].Name)
}

// candidate is a code page with how well the words read in it.
type candidate struct {
	Charset
	bad  int  // words that nobody writes
	fits bool // some language has all of its letters
}

// Guess returns the code page in which the words read like words. Where two do, a
// language decides that has all letters of one reading and none has all of the
// other. Where that does not tell either, the error is an [AmbiguousError]; where
// the words read like none in any of them, [ErrUnknown].
func (g *Guesser) Guess() (Charset, error) {
	g.endWord()
	words := sorted(g.words)
	if len(words) == 0 {
		return Windows1252, nil
	}
	var best []candidate
	// The code page of the console comes last: of equals the other is meant.
	for _, c := range []Charset{Windows1252, Windows1250, CodePage850} {
		cand, ok := weigh(c, words)
		switch {
		case !ok || 20*cand.bad > len(words) && cand.bad > 0:
		case len(best) == 0 || cand.bad < best[0].bad:
			best = []candidate{cand}
		case cand.bad == best[0].bad && c != CodePage850:
			best = append(best, cand)
		}
	}
	switch {
	case len(best) == 0:
		return Charset{}, ErrUnknown
	case len(best) == 1:
		return best[0].Charset, nil
	}
	return decide(best[0], best[1], words)
}

// decide takes the code page in which words read as some language has them; where
// single words do not tell, all of them together do.
func decide(a, b candidate, words []string) (Charset, error) {
	var forA, forB int
	var differ *AmbiguousError
	for _, w := range words {
		x, y := a.text(w), b.text(w)
		if x == y {
			continue
		}
		if differ == nil {
			differ = &AmbiguousError{[2]Charset{a.Charset, b.Charset}, [2]string{x, y}}
		}
		switch fitsA, fitsB := fits(a.Charset, letters(x)), fits(b.Charset, letters(y)); {
		case fitsA && !fitsB:
			forA++
		case fitsB && !fitsA:
			forB++
		}
	}
	switch {
	case differ == nil, forA > 0 && forB == 0:
		return a.Charset, nil
	case forB > 0 && forA == 0:
		return b.Charset, nil
	case forA == 0 && a.fits != b.fits:
		if b.fits {
			return b.Charset, nil
		}
		return a.Charset, nil
	}
	return Charset{}, differ
}

// weigh reads the words in a code page; ok is false where one has a byte that it
// does not have.
func weigh(c Charset, words []string) (cand candidate, ok bool) {
	cand.Charset = c
	all := map[rune]bool{}
	for _, w := range words {
		runes, ok := c.word(w)
		if !ok {
			return cand, false
		}
		if !isPlausible(runes) {
			cand.bad++
		}
		for r := range letters(string(runes)) {
			all[r] = true
		}
	}
	cand.fits = fits(c, all)
	return cand, true
}

// letters are those of a word that are not ASCII, in small.
func letters(word string) map[rune]bool {
	set := map[rune]bool{}
	for _, r := range word {
		if r >= 0x80 && unicode.IsLetter(r) {
			set[unicode.ToLower(r)] = true
		}
	}
	return set
}

// fits says whether some language of the code page has all of the letters.
func fits(c Charset, letters map[rune]bool) bool {
	return slices.ContainsFunc(alphabets()[c.Name], func(alphabet string) bool {
		for r := range letters {
			if !strings.ContainsRune(alphabet, r) {
				return false
			}
		}
		return true
	})
}

// alphabets are the letters beyond ASCII of the languages that are written in a
// code page.
func alphabets() map[string][]string {
	return map[string][]string{
		Windows1252.Name: {
			"äöüß", "àâæçèéêëîïôœùûüÿ", "áéíñóúüªº", "àáâãçéêíóôõúüªº", "àèéìíîòóùú", "æøåéäö", "åäöéü",
			"áæéíðóöþúý", "áéëïíóúèêö", "çàèéíïòóúü", "äöåšž",
		},
		Windows1250.Name: {
			"áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "äöüß",
		},
	}
}

// isPlausible says whether somebody may have written the word: letters in the
// places of letters, no capital inside a word of small ones, signs where signs
// stand, and no long run of letters with marks.
func isPlausible(word []rune) bool {
	run := 0
	for i, r := range word {
		if r < 0x80 {
			run = 0
			continue
		}
		var before, after rune
		if i > 0 {
			before = word[i-1]
		}
		if i < len(word)-1 {
			after = word[i+1]
		}
		if unicode.IsLetter(r) {
			run++
			if run > 2 || unicode.IsUpper(r) && (unicode.IsLower(before) || unicode.IsLetter(before) && unicode.IsLower(after)) ||
				unicode.IsLower(r) && unicode.IsUpper(before) && unicode.IsUpper(after) && r != 'ß' {
				return false
			}
			continue
		}
		run = 0
		switch r {
		case '’', '‘', '´', '·', '–', '—', '\u00ad': // between letters as well
		case '‚', '„', '«', '¿', '¡': // in front of a word
			if unicode.IsLetter(before) {
				return false
			}
		case '“', '”', '»', '…', '®', '™', '°', '€', '§', '•', '\u00a0':
			if unicode.IsLetter(before) && unicode.IsLower(after) {
				return false
			}
		default:
			if unicode.IsLetter(before) || unicode.IsLetter(after) {
				return false
			}
		}
	}
	return true
}
