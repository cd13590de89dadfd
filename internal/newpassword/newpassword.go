// Package newpassword makes passwords for people, and says what is wrong with one:
// by the policy of the domain, by what is documented of Microsoft's rules for
// passwords, and by the person's own names.
package newpassword

import (
	"crypto/rand"
	_ "embed" // the words
	"fmt"
	"math/big"
	"strings"
	"sync"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/qpimport/qpimport/pkg/source"
)

// Style is how a password is made.
type Style string

// The styles.
const (
	Characters Style = "characters" // at least 16, no two of which are mistaken for one another
	Words      Style = "words"      // at least five, for people who have to type it
)

// Rules are what a person's password has to be like.
type Rules struct {
	source.PasswordPolicy
	// Names are the person's and the organization's: logon name, display name and so on.
	Names []string
}

const (
	minCharacters = 16
	minWords      = 5
	// minUnread is the least length where a stricter policy may apply that cannot be read.
	minUnread = 24
	maxLength = 256 // of Windows, and of Microsoft 365
)

// The characters: none that looks like another, and none that a shell, a sheet or a
// person on the telephone makes something else of.
const (
	upper   = "ABCDEFGHJKLMNPQRSTUVWXYZ"
	lower   = "abcdefghijkmnpqrstuvwxyz"
	digits  = "23456789"
	symbols = "!#%*+-.?_"
)

// Make makes a password by chance alone, of a length and kind that the rules ask for.
func Make(style Style, rules Rules) (source.Secret, error) {
	length := max(minCharacters, rules.MinLength)
	if rules.Unread != "" {
		length = max(length, minUnread)
	}
	if length > maxLength {
		return source.Secret{}, &source.Error{Code: source.CodePasswordRefused, Message: fmt.Sprintf("the policy asks for %d characters, and no password has more than %d", rules.MinLength, maxLength)}
	}
	// Most fit at once: a name of three letters is found in a passphrase now and then.
	for range 1000 {
		password := characters(length)
		if style == Words {
			password = words(length)
		}
		if Check(password, rules) == nil {
			return source.NewSecret(password), nil
		}
	}
	return source.Secret{}, &source.Error{Code: source.CodePasswordRefused, Message: "no password was found that holds nothing of the user's names"}
}

// below is a random number below n, each as likely as the other.
func below(n int) int {
	i, err := rand.Int(rand.Reader, big.NewInt(int64(n)))
	if err != nil {
		panic(err) // crypto/rand does not fail: it ends the program itself
	}
	return int(i.Int64())
}

// characters draws until each kind is there, and the first is a letter, which no sheet
// takes for a formula.
func characters(length int) string {
	const all = upper + lower + digits + symbols
	for {
		b := make([]byte, length)
		for i := range b {
			b[i] = all[below(len(all))]
		}
		p := string(b)
		if strings.ContainsAny(p, upper) && strings.ContainsAny(p, lower) && strings.ContainsAny(p, digits) && strings.ContainsAny(p, symbols) && strings.ContainsAny(p[:1], upper+lower) {
			return p
		}
	}
}

//go:embed words.txt
var wordList string

var allWords = sync.OnceValue(func() []string {
	var list []string
	for line := range strings.Lines(wordList) {
		if word := strings.TrimSpace(line); word != "" && word[0] != '#' {
			list = append(list, word)
		}
	}
	return list
})

// words draws words, of which one begins with a capital and one ends in a digit.
func words(length int) string {
	var drawn []string
	n := 0
	for len(drawn) < minWords || n < length {
		word := allWords()[below(len(allWords()))]
		drawn, n = append(drawn, word), n+len(word)+1
	}
	capital, digit := below(len(drawn)), below(len(drawn))
	drawn[capital] = strings.ToUpper(drawn[capital][:1]) + drawn[capital][1:]
	drawn[digit] += string(digits[below(len(digits))])
	return strings.Join(drawn, "-")
}

// Check says what is wrong with a password. It never repeats it.
func Check(password string, rules Rules) error {
	refused := func(format string, args ...any) error {
		return &source.Error{Code: source.CodePasswordRefused, Message: "the new password " + fmt.Sprintf(format, args...)}
	}
	length := len(utf16.Encode([]rune(password)))
	switch {
	case !utf8.ValidString(password) || strings.ContainsFunc(password, unseen):
		return refused("holds what nobody sees or types")
	case rules.ASCII && strings.ContainsFunc(password, func(c rune) bool { return c > unicode.MaxASCII }):
		return refused("holds letters with accents or other characters that Microsoft 365 does not take")
	case length < max(rules.MinLength, 8):
		return refused("has %d characters: at least %d are asked for", length, max(rules.MinLength, 8))
	case length > maxLength:
		return refused("has %d characters: no more than %d can be", length, maxLength)
	case kinds(password) < 3: // Microsoft 365 asks for it in any case
		return refused("needs three of these: capitals, small letters, digits, other characters")
	}
	folded := normalize(password)
	for _, name := range rules.Names {
		for _, part := range parts(name) {
			if strings.Contains(strings.ToLower(password), part) || strings.Contains(folded, normalize(part)) {
				return refused("holds a part of the user's or the organization's name")
			}
		}
	}
	if points(folded) < 5 {
		return refused("is too close to passwords that are banned")
	}
	return nil
}

// unseen says that a character is a control, a space but for the blank, or nothing at all
// to look at.
func unseen(c rune) bool { return !unicode.IsPrint(c) }

// kinds counts the kinds of characters. Letters without case are a kind of their own
// in AD, and none in Microsoft 365; here they count as others.
func kinds(p string) int {
	var upper, lower, digit, other int
	for _, c := range p {
		switch {
		case unicode.IsUpper(c):
			upper = 1
		case unicode.IsLower(c):
			lower = 1
		case unicode.IsDigit(c):
			digit = 1
		default:
			other = 1
		}
	}
	return upper + lower + digit + other
}

// parts are what counts of a name, as AD takes it apart: pieces of three characters
// and more, and the whole.
func parts(name string) []string {
	name = strings.ToLower(name)
	found := []string{}
	whole := strings.TrimSpace(name)
	pieces := strings.FieldsFunc(name, func(r rune) bool { return strings.ContainsRune(",.-_#@ \t", r) || unicode.IsSpace(r) })
	for _, piece := range append(pieces, whole) {
		if utf8.RuneCountInString(piece) >= 3 {
			found = append(found, piece)
		}
	}
	return found
}

// normalize is how Microsoft compares: in small letters, with the usual replacements
// undone.
func normalize(p string) string { return replacements.Replace(strings.ToLower(p)) }

var replacements = strings.NewReplacer("0", "o", "1", "l", "$", "s", "@", "a")

// banned are words of which passwords that everybody guesses are made. Microsoft's own
// list is not published.
var banned = strings.Fields(normalize(`password passwort passwd welcome willkommen letmein qwerty qwertz azerty iloveyou admin administrator
	login logon secret default changeme master monkey dragon sunshine princess football baseball superman
	spring summer autumn winter january february march april june july august september october november december
	monday tuesday wednesday thursday friday saturday sunday company office microsoft windows
	abc abcd abcde 123 1234 12345 123456 qwe asd zxc`))

// points are those of Microsoft's rule: one for each banned word, and one for each
// character outside them. It takes five.
func points(folded string) int {
	n := 0
	for len(folded) > 0 {
		longest := 0
		for _, word := range banned {
			if len(word) > longest && strings.HasPrefix(folded, word) {
				longest = len(word)
			}
		}
		if longest == 0 {
			_, longest = utf8.DecodeRuneInString(folded)
		}
		n++
		folded = folded[longest:]
	}
	return n
}
