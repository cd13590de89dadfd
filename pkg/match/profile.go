package match

import (
	"runtime"
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/qpimport/qpimport/pkg/source"
)

// word is a word of a name in its two ASCII forms; both are the same number for
// most words.
type word struct{ plain, spelt int32 }

func (a word) equals(b word) bool {
	return a.plain == b.plain || a.plain == b.spelt || a.spelt == b.plain || a.spelt == b.spelt
}

// The roles of a word in a name, as far as its spelling tells.
const (
	roleUnknown = iota
	roleGiven
	roleSurname
)

const maxWords = 6

// view is one spelling of a name with its words numbered.
type view struct {
	words    [maxWords]word
	roles    [maxWords]uint8
	n        uint8
	joined   [2]uint64 // hashes of given+surname and surname+given as one word
	initials uint32    // middle initials that stand as single letters, one bit each
	middle   uint32    // first letters of the words between
	first    uint32    // the given name's initial, where only that is known
}

// profile is a user prepared for comparison: everything normalised once.
type profile struct {
	user       *source.User
	views      []view
	latin      bool  // the name has Latin letters
	generation uint8 // number of the mark, 0 for none
	apart      string
	taken      bool

	addresses  []int32 // every address of the user
	mail       int32   // AD's mail, or the mailbox's primary address
	upn        int32
	logins     []int32 // sAMAccountName and alias; for a mailbox the local parts too
	derived    uint32  // bit by login: it follows from the user's own name
	onPrem     int32   // sAMAccountName (AD) or onPremisesSamAccountName
	employee   int32
	phones     []int32
	department []int32
	title      []int32
	domain     int32 // of mail
}

// sheet is the profiles of both sides and the dictionary that they share. Equal
// numbers mean equal text; 0 is no text.
type sheet struct {
	ad, m365 []profile
	texts    []string
	numbers  map[string]int32

	words   []string // words of names, numbered apart
	wordNum map[string]int32
	sounds  []string   // by word
	kin     [][]uint16 // by word: its families of nicknames
	nameDF  []int32    // by word: how many users carry it in their name
}

// rawProfile is a profile before its texts are numbered.
type rawProfile struct {
	names                       []spelledName
	forms                       [][2][]string // by name: plain and spelt of given, middle, surname in a row
	all                         [][2][]string // the same with particles and letters
	apart                       string
	addresses, logins, phones   []string
	mail, upn, onPrem, employee string
	domain                      string
	department, title           []string
	derived                     uint32
	generation                  string
}

var generationNumbers = map[string]uint8{"": 0, "jr": 1, "sr": 2, "2": 3, "3": 4, "4": 5}

func newSheet(ad, m365 []Person) *sheet {
	x := newLexicon()
	s := &sheet{numbers: make(map[string]int32, 4*(len(ad)+len(m365))), texts: []string{""}, wordNum: map[string]int32{}}
	s.numbers[""] = 0
	rawAD, rawM365 := make([]rawProfile, len(ad)), make([]rawProfile, len(m365))
	parallel(len(ad), func(i int) { rawAD[i] = x.raw(ad[i].User) })
	parallel(len(m365), func(j int) { rawM365[j] = x.raw(m365[j].User) })
	markTwins(ad, rawAD)
	s.ad, s.m365 = s.number(x, ad, rawAD), s.number(x, m365, rawM365)
	return s
}

// parallel calls f for 0…n-1 on all cores. Each call may write only what
// belongs to its number.
func parallel(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n/256+1)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := n * w / workers; i < n*(w+1)/workers; i++ {
				f(i)
			}
		})
	}
	wg.Wait()
}

// raw normalises what a user's directory says.
func (x *lexicon) raw(u *source.User) rawProfile {
	p := rawProfile{names: x.namesOf(u), apart: x.accounts.classify(u)}
	for i := range p.names {
		n := &p.names[i]
		var forms [2][]string
		for _, list := range [][]string{n.given, n.middle, n.surname} {
			for _, w := range list {
				plain, spelt := asciiForms(w)
				forms[0], forms[1] = append(forms[0], plain), append(forms[1], spelt)
			}
		}
		p.forms = append(p.forms, forms)
		var all [2][]string
		for _, w := range n.all {
			plain, spelt := asciiForms(w)
			all[0], all[1] = append(all[0], plain), append(all[1], spelt)
		}
		p.all = append(p.all, all)
		if n.generation != "" {
			p.generation = n.generation
		}
	}

	addAddress := func(a string) string {
		a = strings.ToLower(strings.TrimSpace(a))
		local, domain, ok := strings.Cut(a, "@")
		if !ok || local == "" || domain == "" {
			return ""
		}
		if !slices.Contains(p.addresses, a) {
			p.addresses = append(p.addresses, a)
		}
		return a
	}
	p.mail = addAddress(u.Email)
	_, p.domain, _ = strings.Cut(p.mail, "@")
	for _, a := range u.Addresses {
		if len(a) > 5 && strings.EqualFold(a[:5], "smtp:") {
			addAddress(a[5:])
		}
	}
	p.upn = strings.ToLower(strings.TrimSpace(u.UPN))
	addLogin := func(l string) {
		l = strings.ToLower(strings.TrimSpace(l))
		if l != "" && len(p.logins) < 16 && !slices.Contains(p.logins, l) {
			p.logins = append(p.logins, l)
		}
	}
	addLogin(u.Alias)
	if u.Kind == source.AD {
		addLogin(u.Username)
		p.onPrem = strings.ToLower(strings.TrimSpace(u.Username))
	} else {
		p.onPrem = strings.ToLower(strings.TrimSpace(u.OnPremUsername))
	}
	local, _, _ := strings.Cut(p.upn, "@")
	addLogin(local)
	for _, a := range p.addresses {
		local, _, _ := strings.Cut(a, "@")
		addLogin(local)
	}
	for i, l := range p.logins {
		if p.derives(l) {
			p.derived |= 1 << i
		}
	}

	p.employee = employeeID(u.EmployeeID)
	for _, number := range append(strings.Split(u.Phone, ";"), strings.Split(u.Mobile, ";")...) {
		if n := phone(number); n != "" && !slices.Contains(p.phones, n) {
			p.phones = append(p.phones, n)
		}
	}
	p.department, p.title = plainWords(u.Department), plainWords(u.Title)
	return p
}

// derives says whether a login follows from the user's own name: it is made of
// beginnings of the name's words, and at most a counter.
func (p *rawProfile) derives(login string) bool {
	digits := 0
	letters := make([]byte, 0, len(login))
	for i := 0; i < len(login); i++ {
		switch c := login[i]; {
		case '0' <= c && c <= '9':
			digits++
		case 'a' <= c && c <= 'z':
			letters = append(letters, c)
		}
	}
	if digits > 3 || len(letters) == 0 {
		return false
	}
	for _, forms := range p.all {
		for _, words := range forms {
			if len(words) <= 8 && composed(string(letters), words, 0) {
				return true
			}
		}
	}
	return len(p.all) == 0
}

// composed says whether s is a row of beginnings of different words.
func composed(s string, words []string, used uint32) bool {
	if s == "" {
		return true
	}
	for i, w := range words {
		if used>>i&1 == 1 {
			continue
		}
		k := 0
		for k < len(s) && k < len(w) && s[k] == w[k] {
			k++
		}
		for ; k > 0; k-- {
			if composed(s[k:], words, used|1<<i) {
				return true
			}
		}
	}
	return false
}

// employeeID folds a personnel number; leading zeros come and go between
// systems. What says that there is none is "".
func employeeID(id string) string {
	id = strings.TrimLeft(keepAlnum(Key(id)), "0")
	switch id {
	case "na", "none", "null", "tbd", "unknown", "x", "xx", "xxx":
		return ""
	}
	return id
}

// phone reduces a telephone number to its last nine digits, with an extension
// behind an x; "" for less than seven digits.
func phone(s string) string {
	s = strings.ToLower(s)
	ext := ""
	for _, mark := range []string{"ext", "x", "#", "durchwahl", "dw"} {
		if before, after, ok := strings.Cut(s, mark); ok && digitsOf(before) != "" {
			s, ext = before, digitsOf(after)
			break
		}
	}
	digits := digitsOf(s)
	if len(digits) < 7 {
		return ""
	}
	digits = digits[max(0, len(digits)-9):]
	if ext != "" {
		return digits + "x" + ext
	}
	return digits
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

// plainWords are the words of a department or title, in ASCII.
func plainWords(s string) []string {
	var out []string
	for _, w := range strings.FieldsFunc(Key(s), func(r rune) bool { return strings.ContainsRune(" .,/-&+()_", r) }) {
		if plain, _ := asciiForms(w); plain != "" && plain != "and" && plain != "of" && plain != "und" && plain != "the" {
			out = append(out, plain)
		}
	}
	return out
}

// markTwins sets apart the second accounts of AD users: a login that is another
// user's with something before or after a separator, under the same surname.
func markTwins(ad []Person, raw []rawProfile) {
	byLogin := make(map[string]int, len(ad))
	for i, p := range ad {
		byLogin[strings.ToLower(p.Username)] = i
	}
	for i, p := range ad {
		login := strings.ToLower(p.Username)
		at := strings.IndexAny(login, "-_.")
		last := strings.LastIndexAny(login, "-_.")
		if raw[i].apart != "" || at < 1 || last == len(login)-1 {
			continue
		}
		for _, rest := range []string{login[at+1:], login[:last]} {
			j, ok := byLogin[rest]
			if ok && j != i && len(login)-len(rest) <= 4 && sharesWord(raw[i].forms, raw[j].forms) {
				raw[i].apart = ReasonAdmin
			}
		}
	}
}

func sharesWord(a, b [][2][]string) bool {
	for _, x := range a {
		for _, y := range b {
			if slices.ContainsFunc(x[0], func(w string) bool { return slices.Contains(y[0], w) }) {
				return true
			}
		}
	}
	return false
}

func (s *sheet) num(text string) int32 {
	if n, ok := s.numbers[text]; ok {
		return n
	}
	n := int32(len(s.texts))
	s.numbers[text] = n
	s.texts = append(s.texts, text)
	return n
}

func (s *sheet) nums(texts []string) []int32 {
	if len(texts) == 0 {
		return nil
	}
	out := make([]int32, 0, len(texts))
	for _, t := range texts {
		out = append(out, s.num(t))
	}
	return out
}

// number turns texts into numbers.
func (s *sheet) number(x *lexicon, persons []Person, raw []rawProfile) []profile {
	out := make([]profile, len(persons))
	for i := range persons {
		r := &raw[i]
		p := profile{
			user: persons[i].User, taken: persons[i].Taken, apart: r.apart, latin: hasLatin(persons[i].DisplayName + persons[i].Surname), generation: generationNumbers[r.generation],
			addresses: s.nums(r.addresses), mail: s.num(r.mail), upn: s.num(r.upn), logins: s.nums(r.logins), derived: r.derived,
			onPrem: s.num(r.onPrem), employee: s.num(r.employee), phones: s.nums(r.phones), department: s.nums(r.department),
			title: s.nums(r.title), domain: s.num(r.domain),
		}
		var seen []int32
		for k := range r.names {
			v := s.view(x, &r.names[k], r.forms[k])
			if len(p.views) == 1 && sameView(&p.views[0], &v) {
				p.views[0].middle |= v.middle
				p.views[0].initials |= v.initials
				continue
			}
			p.views = append(p.views, v)
			for _, w := range v.words[:v.n] {
				if !slices.Contains(seen, w.plain) {
					seen = append(seen, w.plain)
					s.nameDF[w.plain]++
					if w.spelt != w.plain {
						s.nameDF[w.spelt]++
					}
				}
			}
		}
		out[i] = p
		*r = rawProfile{}
	}
	return out
}

func sameView(a, b *view) bool {
	return a.n == b.n && a.words == b.words && a.first == b.first && a.roles == b.roles
}

func (s *sheet) view(x *lexicon, n *spelledName, forms [2][]string) view {
	var v view
	given, middle := len(n.given), len(n.middle)
	for k := range forms[0] {
		if v.n == maxWords || forms[0][k] == "" {
			continue
		}
		w := word{s.nameWord(x, forms[0][k]), s.nameWord(x, forms[1][k])}
		role := uint8(roleSurname)
		if k < given {
			role = roleGiven
		} else if k < given+middle {
			role = roleUnknown
		}
		v.words[v.n], v.roles[v.n] = w, role
		v.n++
		if k >= given && k < given+middle {
			v.middle |= letterBit(forms[0][k][0])
		}
	}
	for k, c := range n.letters {
		if given == 0 && k == 0 {
			v.first = letterBit(c)
		} else {
			v.initials |= letterBit(c)
		}
	}
	for k := range v.joined {
		plain, _ := asciiForms(n.joined[k])
		v.joined[k] = hashText(plain)
	}
	return v
}

func hasLatin(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Latin, r) })
}

// hashText is FNV-1a, 0 for no text.
func hashText(s string) uint64 {
	if s == "" {
		return 0
	}
	h := uint64(14695981039346656037)
	for i := 0; i < len(s); i++ {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

func letterBit(c byte) uint32 {
	if c < 'a' || c > 'z' {
		return 0
	}
	return 1 << (c - 'a')
}

func (s *sheet) nameWord(x *lexicon, text string) int32 {
	if n, ok := s.wordNum[text]; ok {
		return n
	}
	n := int32(len(s.words))
	s.wordNum[text] = n
	s.words = append(s.words, text)
	s.sounds = append(s.sounds, sound(text))
	s.kin = append(s.kin, x.families[text])
	s.nameDF = append(s.nameDF, 0)
	return n
}
