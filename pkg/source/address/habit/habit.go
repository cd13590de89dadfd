// Package habit learns how an organisation makes the addresses of its people out of
// their names, and proposes addresses in the same way. A proposal is for a person to
// look at: that an address fits the pattern does not make it anybody's.
package habit

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Name is what an address may be made of.
type Name struct {
	Given, Surname, Username string
	// Domain is that of the user principal name, "" for none.
	Domain string
}

// layouts are the ways to make the local part, the commonest first. An empty part
// makes no address.
var layouts = []func(given, surname, username string) string{
	func(g, s, _ string) string { return join(g, ".", s) },
	func(g, s, _ string) string { return join(initial(g), ".", s) },
	func(g, s, _ string) string { return join(initial(g), "", s) },
	func(g, _, _ string) string { return g },
	func(g, s, _ string) string { return join(s, ".", g) },
	func(g, s, _ string) string { return join(g, "_", s) },
	func(g, s, _ string) string { return join(g, "-", s) },
	func(g, s, _ string) string { return join(g, "", s) },
	func(_, s, _ string) string { return s },
	func(g, s, _ string) string { return join(s, "", initial(g)) },
	func(g, s, _ string) string { return join(g, "", initial(s)) },
	func(g, s, _ string) string { return join(g, ".", initial(s)) },
	func(g, s, _ string) string { return join(s, "", g) },
	func(g, s, _ string) string { return join(initial(g), "", initial(s)) },
	func(_, _, u string) string { return u },
}

func join(a, with, b string) string {
	if a == "" || b == "" {
		return ""
	}
	return a + with + b
}

func initial(s string) string {
	for _, r := range s {
		return string(r)
	}
	return ""
}

// styles are the ways to write a letter that ASCII does not have.
var styles = [2]func(string) string{plain, doubled}

// Learner counts by which pattern addresses are made.
type Learner struct {
	people  int
	layouts map[int]int
	styles  map[int]int               // of names that the styles write differently
	domains map[int]map[string]int    // by layout
	known   map[string]map[string]int // by domain of the user principal name
}

// Learn takes the address of somebody into account.
func (l *Learner) Learn(n Name, address string) {
	local, domain, ok := strings.Cut(strings.ToLower(address), "@")
	if !ok {
		return
	}
	if l.layouts == nil {
		l.layouts, l.styles, l.domains, l.known = map[int]int{}, map[int]int{}, map[int]map[string]int{}, map[string]map[string]int{}
	}
	l.people++
	if from := strings.ToLower(n.Domain); from != "" {
		count(l.known, from, domain)
	}
	var spelled [len(styles)]spelling
	for style := range styles {
		spelled[style] = spell(n, style)
	}
	var inStyle [len(styles)]bool
	for layout := range layouts {
		fits := false
		for style, s := range spelled {
			if s.lay(layout) == local {
				fits, inStyle[style] = true, true
			}
		}
		if fits {
			l.layouts[layout]++
			count(l.domains, layout, domain)
		}
	}
	for style := range styles {
		if inStyle[style] && !inStyle[1-style] {
			l.styles[style]++
		}
	}
}

func count[K comparable](m map[K]map[string]int, key K, value string) {
	if m[key] == nil {
		m[key] = map[string]int{}
	}
	m[key][value]++
}

// fewest is of how many people a pattern has to be the one: fewer are no custom.
const fewest = 3

// Propose makes an address for somebody by the customer's pattern, "" where there is
// none that at least three people and more than half of all follow, or where the
// address is taken.
func (l *Learner) Propose(n Name, taken func(address string) bool) string {
	layout, most := -1, 0
	for i := range layouts { // in order: of two that are as common the one before
		if l.layouts[i] > most {
			layout, most = i, l.layouts[i]
		}
	}
	if most < fewest || 2*most <= l.people {
		return ""
	}
	style := 0
	if l.styles[1] > l.styles[0] {
		style = 1
	}
	local := spell(n, style).lay(layout)
	domain := commonest(l.known[strings.ToLower(n.Domain)])
	if l.domains[layout][domain] == 0 {
		domain = commonest(l.domains[layout])
	}
	if local == "" || domain == "" || taken(local+"@"+domain) {
		return ""
	}
	return local + "@" + domain
}

func commonest(counts map[string]int) string {
	names := slices.Sorted(maps.Keys(counts))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(counts[b], counts[a]) })
	if len(names) == 0 {
		return ""
	}
	return names[0]
}

// spelling is a name in ASCII, without the parts that cannot be written so.
type spelling struct{ given, surname, username string }

func spell(n Name, style int) spelling {
	write := styles[style]
	username, _, _ := strings.Cut(n.Username, "@")
	return spelling{letters(write(strings.ToLower(n.Given))), letters(write(strings.ToLower(n.Surname))), letters(strings.ToLower(username))}
}

// lay makes the local part of an address, "" where the name does not give one.
func (s spelling) lay(layout int) string {
	local := layouts[layout](s.given, s.surname, s.username)
	if strings.Trim(local, ".-_") != local {
		return ""
	}
	return local
}

// letters drops what stands between the parts of a name; a letter that is not ASCII
// makes nothing of all of it.
func letters(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_':
			b.WriteRune(r)
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			return ""
		}
	}
	return b.String()
}

// plain writes letters without their marks: Müller is muller.
func plain(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
		return s
	}
	s = ligatures.Replace(s)
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// doubled writes them as German and its neighbours do: Müller is mueller.
func doubled(s string) string {
	return plain(umlauts.Replace(norm.NFC.String(s)))
}

var (
	ligatures = strings.NewReplacer("ß", "ss", "ø", "o", "æ", "ae", "œ", "oe", "ł", "l", "đ", "d", "ð", "d", "þ", "th", "ı", "i")
	umlauts   = strings.NewReplacer("ä", "ae", "ö", "oe", "ü", "ue", "ø", "oe", "å", "aa")
)
