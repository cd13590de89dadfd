package match

import (
	"strings"
)

// employeeID is a personnel number as it is compared: as written, but for case
// and blanks. What is typed where there is none is "": a word (n/a, extern,
// pending), such a word with a number (TBD1, temp01), one digit, the same digit
// over and over, the digits in order.
func employeeID(id string) string {
	id = strings.ReplaceAll(Key(id), " ", "")
	digits := digitsOf(id)
	bare := strings.TrimLeft(digits, "0")
	letters := strings.Map(func(r rune) rune {
		if r < 'a' {
			return -1
		}
		return r
	}, id)
	switch {
	case len(bare) == 0, len(id) == len(digits) && len(bare) < 2:
		return ""
	case len(bare) < 3 && len(letters) > 0 && (isFiller(letters) || len(letters) > 3):
		return ""
	case len(id) == len(digits) && len(bare) > 3 && (oneDigit(bare) || isRun(bare)):
		return ""
	}
	return id
}

// bareID is a personnel number without leading zeros, which come and go between
// systems.
func bareID(id string) string { return strings.TrimLeft(id, "0") }

// fillers are words that people type where they have nothing to enter.
var fillers = setOf("na none no nil null nan tbd tba tbc todo unknown undefined pending missing empty blank open new neu temp tmp temporary test demo dummy sample ext extern external externe intern internal contractor consultant vendor guest various x xx xxx xxxx nn leer keine keiner unbekannt offen ohne inconnu aucun sconosciuto nessuno desconocido ninguno onbekend geen brak ref value name")

func isFiller(word string) bool { return fillers[word] }

func oneDigit(digits string) bool { return strings.Trim(digits, digits[:1]) == "" }

// isRun says whether digits count up or down: 1234567, 98765.
func isRun(digits string) bool {
	return len(digits) > 1 && (runLength(digits, 1) == len(digits) || runLength(digits, 9) == len(digits))
}

// runLength is how many digits at the end each follow the one before by a step,
// modulo ten.
func runLength(digits string, step byte) int {
	n := 1
	for k := len(digits) - 1; k > 0 && digits[k]-'0' == (digits[k-1]-'0'+step)%10; k-- {
		n++
	}
	return n
}

// number is a telephone number as it is compared.
type number struct {
	country string // its country code, "" where it is written without
	rest    string // the digits behind it, without a leading zero; an extension follows an x
}

func (n number) String() string {
	if n.country == "" {
		return n.rest
	}
	return "+" + n.country + " " + n.rest
}

// phone reads a telephone number. What cannot be a whole number of somebody's own
// is empty: an extension alone, zeros, the digits in order, a date.
func phone(s string) number {
	s = strings.ReplaceAll(strings.ToLower(strings.TrimSpace(s)), "(0)", "")
	ext := ""
	for _, mark := range []string{"ext", "x", "#", "durchwahl", "dw"} {
		if before, after, ok := strings.Cut(s, mark); ok && digitsOf(before) != "" {
			s, ext = before, digitsOf(after)
			break
		}
	}
	if isDate(s) {
		return number{}
	}
	n := number{rest: digitsOf(s)}
	switch abroad, ok := strings.CutPrefix(n.rest, "00"); {
	case strings.HasPrefix(s, "+"):
		n.split(n.rest)
	case ok && len(abroad) > 8 && abroad[0] != '0':
		n.split(abroad)
	case len(n.rest) == 11 && n.rest[0] == '1':
		n.split(n.rest)
	case len(n.rest) == 11 && n.rest[0] == '8':
		n.split("7" + n.rest[1:])
	}
	n.rest = strings.TrimLeft(n.rest, "0")
	if len(n.rest) < 7 || isFillerNumber(n.rest) {
		return number{}
	}
	if ext != "" {
		n.rest += "x" + ext
	}
	return n
}

// split takes the country code off an international number: 1 and 7 have one
// digit, some countries two, the others three.
func (n *number) split(digits string) {
	k := 3
	switch {
	case len(digits) < 4:
		return
	case digits[0] == '1' || digits[0] == '7':
		k = 1
	case strings.Contains(" 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98 ", " "+digits[:2]+" "):
		k = 2
	}
	n.country, n.rest = digits[:k], digits[k:]
}

// equals says whether two numbers may be one: a number without a country is that
// of any.
func (n number) equals(o number) bool {
	return n.rest == o.rest && (n.country == o.country || n.country == "" || o.country == "")
}

// isFillerNumber says whether digits were typed to fill a field: the last of them
// are all the same, or in order.
func isFillerNumber(digits string) bool {
	return runLength(digits, 0) > 5 || runLength(digits, 1) > 6 || runLength(digits, 9) > 6 || len(digits) == 8 && isDay(digits)
}

// isDate says whether a text is a date rather than a number: 01.02.2024.
func isDate(s string) bool {
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '/' || r == '-' })
	if len(parts) != 3 {
		return false
	}
	for k, p := range parts {
		parts[k] = strings.TrimSpace(p)
		if len(parts[k]) == 1 {
			parts[k] = "0" + parts[k]
		}
	}
	return isDay(strings.Join(parts, ""))
}

// isDay says whether eight digits are a day of these times, the year first or last.
func isDay(digits string) bool {
	if len(digits) != 8 || digitsOf(digits) != digits {
		return false
	}
	within := func(s, low, high string) bool { return low <= s && s <= high }
	if within(digits[:4], "1890", "2060") && within(digits[4:6], "01", "12") && within(digits[6:], "01", "31") {
		return true
	}
	return within(digits[4:], "1890", "2060") && within(digits[:2], "01", "31") && within(digits[2:4], "01", "31")
}

func digitsOf(s string) string {
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if '0' <= s[i] && s[i] <= '9' {
			b = append(b, s[i])
		}
	}
	return string(b)
}
