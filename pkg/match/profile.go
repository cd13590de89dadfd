package match

import (
	"slices"
	"strings"
	"sync"
	"unicode"

	"github.com/qpimport/qpimport/internal/parallel"
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

// profile is a user prepared for comparison: everything normalised once. Texts
// are kept as their hashes; 0 is no text.
type profile struct {
	user       *source.User
	views      []view
	latin      bool   // the name has Latin letters
	lettered   bool   // and no letters beyond Latin, Cyrillic and Greek
	generation uint8  // number of the mark, 0 for none
	excluded   string // why the account is left out as nobody's own, "" where not
	skip       string // why matching does not take the user, "" where it does
	stranger   bool   // an object of AD's own, or a guest
	copied     bool   // an account out of use of somebody who has another one

	addresses  []uint64 // every address of the user
	mail       uint64   // AD's mail, or the mailbox's primary address
	mailLogin  uint64   // what stands before its @
	domain     uint64   // what stands behind
	upn        uint64
	upnLogin   uint64
	logins     []uint64 // sAMAccountName and alias, and what stands before the @ of UPN and addresses
	derived    uint32   // bit by login: it follows from the user's own name
	onPrem     uint64   // sAMAccountName (AD) or onPremisesSamAccountName
	employee   uint64
	phones     []uint64
	department int32 // number of the dictionary
	title      int32
}

// isPerson says whether the user may be somebody: a namesake, an owner and a rival,
// whether or not he may be paired.
func (p *profile) isPerson() bool { return p.excluded == "" && !p.stranger && !p.copied }

// sheet is the profiles of both sides and the dictionaries that they share.
type sheet struct {
	ad, m365 []profile
	words    dictionary // words of names
	labels   dictionary // departments and titles
	sounds   []string   // by word
	kin      [][]uint16 // by word: its families of nicknames
	nameDF   []int32    // by word: how many users carry it in their name
	meaning  [][]string // by label: its words
}

// dictionary numbers texts. Which number a text has differs from run to run, so
// that nothing may depend on more than whether two are equal.
type dictionary struct {
	mu      sync.RWMutex
	numbers map[string]int32
	texts   []string
}

func newDictionary() dictionary {
	return dictionary{numbers: map[string]int32{"": 0}, texts: []string{""}}
}

func (d *dictionary) number(text string) int32 {
	d.mu.RLock()
	n, ok := d.numbers[text]
	d.mu.RUnlock()
	if ok {
		return n
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if n, ok := d.numbers[text]; ok {
		return n
	}
	n = int32(len(d.texts))
	d.numbers[text] = n
	d.texts = append(d.texts, text)
	return n
}

var generationNumbers = map[string]uint8{"": 0, "jr": 1, "sr": 2, "2": 3, "3": 4, "4": 5}

func newSheet(ad, m365 []Person) *sheet {
	x := newLexicon()
	s := &sheet{ad: make([]profile, len(ad)), m365: make([]profile, len(m365)), words: newDictionary(), labels: newDictionary()}
	for _, side := range []struct {
		persons  []Person
		profiles []profile
	}{{ad, s.ad}, {m365, s.m365}} {
		parallel.Ranges(len(side.persons), func(from, to int) {
			for i := from; i < to; i++ {
				s.profile(x, side.persons[i].User, &side.profiles[i])
			}
		})
	}
	s.describe(x)
	s.markTwins()
	markCopies(s.ad)
	markCopies(s.m365)
	return s
}

// describe looks the words and labels up once all are known.
func (s *sheet) describe(x *lexicon) {
	n := len(s.words.texts)
	s.sounds, s.kin, s.nameDF = make([]string, n), make([][]uint16, n), make([]int32, n)
	for k, w := range s.words.texts {
		s.sounds[k], s.kin[k] = sound(w), x.families[w]
	}
	s.meaning = make([][]string, len(s.labels.texts))
	for k, l := range s.labels.texts {
		s.meaning[k] = plainWords(l)
	}
	for _, side := range [][]profile{s.ad, s.m365} {
		for i := range side {
			s.countWords(&side[i])
		}
	}
}

// countWords counts each word of a user's name once.
func (s *sheet) countWords(p *profile) {
	var seen [4 * maxWords]int32
	n := 0
	for k := range p.views {
		v := &p.views[k]
		for _, w := range v.words[:v.n] {
			for _, form := range [2]int32{w.plain, w.spelt} {
				if !slices.Contains(seen[:n], form) {
					seen[n] = form
					n++
					s.nameDF[form]++
				}
			}
		}
	}
}

// profile normalises what a user's directory says.
func (s *sheet) profile(x *lexicon, u *source.User, p *profile) {
	p.user, p.excluded = u, x.accounts.classify(u)
	p.skip = u.SkipReason()
	p.stranger = p.skip == source.SkipSystem || p.skip == source.SkipConflict || p.skip == source.SkipGuest
	p.lettered = true
	names := x.namesOf(u)
	var all [][]string // the words of the names in ASCII, particles and letters too
	for k := range names {
		n := &names[k]
		if n.generation != "" {
			p.generation = generationNumbers[n.generation]
		}
		plain, spelt := make([]string, len(n.all)), make([]string, len(n.all))
		for w := range n.all {
			p.latin = p.latin || hasLatin(n.all[w])
			p.lettered = p.lettered && isLettered(n.all[w])
			plain[w], spelt[w] = asciiForms(n.all[w])
		}
		all = append(all, plain, spelt)
		v := s.view(n)
		if len(p.views) == 1 && sameView(&p.views[0], &v) {
			p.views[0].middle |= v.middle
			p.views[0].initials |= v.initials
		} else {
			p.views = append(p.views, v)
		}
	}

	addresses, logins := addressesOf(u), loginsOf(u)
	phones := phonesOf(u)
	hashes := make([]uint64, 0, len(addresses)+len(logins)+len(phones))
	for _, a := range addresses {
		hashes = append(hashes, hashText(a))
	}
	for k, l := range logins {
		hashes = append(hashes, hashText(l))
		if derives(l, all) {
			p.derived |= 1 << k
		}
	}
	for _, n := range phones {
		hashes = append(hashes, hashText(n))
	}
	p.addresses = hashes[:len(addresses):len(addresses)]
	p.logins = hashes[len(addresses) : len(addresses)+len(logins)]
	p.phones = hashes[len(addresses)+len(logins):]
	if mail := address(u.Email); mail != "" {
		local, domain, _ := strings.Cut(mail, "@")
		p.mail, p.mailLogin, p.domain = hashText(mail), hashText(local), hashText(domain)
	}
	upn := login(u.UPN)
	local, _, _ := strings.Cut(upn, "@")
	p.upn, p.upnLogin = hashText(upn), hashText(local)
	p.onPrem = hashText(onPrem(u))
	p.employee = hashText(employeeID(u.EmployeeID))
	p.department, p.title = s.labels.number(u.Department), s.labels.number(u.Title)
}

// address is an address as it is compared, "" for what is none.
func address(a string) string {
	a = login(a)
	at := strings.IndexByte(a, '@')
	if at < 1 || at == len(a)-1 {
		return ""
	}
	return a
}

func login(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// onPrem is AD's sAMAccountName, or what a mailbox remembers of it.
func onPrem(u *source.User) string {
	if u.Kind == source.AD {
		return login(u.Username)
	}
	return login(u.OnPremUsername)
}

// addressesOf are a user's addresses, each once.
func addressesOf(u *source.User) []string {
	out := make([]string, 0, 1+len(u.Addresses))
	add := func(a string) {
		if a = address(a); a != "" && !slices.Contains(out, a) {
			out = append(out, a)
		}
	}
	add(u.Email)
	for _, a := range u.Addresses[:min(len(u.Addresses), maxValues)] {
		if len(a) > 5 && strings.EqualFold(a[:5], "smtp:") {
			add(a[5:])
		}
	}
	return out
}

// maxValues bounds how many values of one attribute are compared.
const maxValues = 64

// loginsOf are the names by which a user is known: sAMAccountName, alias, and
// what stands before the @ of UPN and addresses; each once, as many as there are
// bits in profile.derived.
func loginsOf(u *source.User) []string {
	out := make([]string, 0, 4)
	add := func(l string) {
		if l = login(l); l != "" && len(out) < 32 && !slices.Contains(out, l) {
			out = append(out, l)
		}
	}
	add(u.Alias)
	if u.Kind == source.AD {
		add(u.Username)
	}
	local, _, _ := strings.Cut(u.UPN, "@")
	add(local)
	for _, a := range addressesOf(u) {
		local, _, _ := strings.Cut(a, "@")
		add(local)
	}
	return out
}

// phonesOf are a user's telephone numbers, each once. An adapter joins several
// numbers with a semicolon.
func phonesOf(u *source.User) []string {
	if u.Phone == "" && u.Mobile == "" {
		return nil
	}
	var out []string
	for _, number := range append(strings.SplitN(u.Phone, ";", maxValues), strings.SplitN(u.Mobile, ";", maxValues)...) {
		if n := phone(number); n != "" && !slices.Contains(out, n) {
			out = append(out, n)
		}
	}
	return out
}

// derives says whether a login follows from the user's own name: it is made of
// beginnings of the name's words, and at most a counter. Without a name nobody
// can tell, and it is taken to.
func derives(login string, names [][]string) bool {
	digits := 0
	letters := make([]byte, 0, 32)
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
	for _, words := range names {
		if len(words) <= 8 && composed(string(letters), words, 0) {
			return true
		}
	}
	return len(names) == 0
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
// systems. What is typed where there is none is "": a word (n/a, extern, pending),
// one digit over and over, the digits in order.
func employeeID(id string) string {
	id = strings.TrimLeft(keepAlnum(Key(id)), "0")
	switch {
	case !strings.ContainsAny(id, "0123456789"),
		len(id) > 3 && (strings.Trim(id, id[:1]) == "" || strings.HasPrefix("123456789", id)):
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
// user's with something before or after a separator that the name does not
// explain, and a word of the name in common.
func (s *sheet) markTwins() {
	byLogin := make(map[string]int, len(s.ad))
	for i := range s.ad {
		byLogin[onPrem(s.ad[i].user)] = i
	}
	for i := range s.ad {
		p := &s.ad[i]
		name := onPrem(p.user)
		at, last := strings.IndexAny(name, "-_."), strings.LastIndexAny(name, "-_.")
		if p.excluded != "" || at < 1 || last == len(name)-1 {
			continue
		}
		for _, cut := range [][2]string{{name[:at], name[at+1:]}, {name[last+1:], name[:last]}} {
			j, ok := byLogin[cut[1]]
			if ok && j != i && len(cut[0]) <= 3 && shareWord(p, &s.ad[j]) && !s.begins(p, cut[0]) {
				p.excluded = ReasonAdmin
			}
		}
	}
}

// markCopies finds the accounts out of use of people who have another one on the
// same side: the same employee id and the same name. They are nobody's rivals.
func markCopies(side []profile) {
	inUse := owners{}
	for i := range side {
		if side[i].skip == "" && side[i].isPerson() {
			inUse.add(side[i].employee, i)
		}
	}
	for i := range side {
		p := &side[i]
		if j, ok := inUse[p.employee]; ok && j >= 0 && p.skip != "" && p.isPerson() && sameName(p, &side[j]) {
			p.copied = true
		}
	}
}

// sameName says whether two users have the same words in a spelling of their names.
func sameName(a, b *profile) bool {
	for x := range a.views {
		for y := range b.views {
			v, w := &a.views[x], &b.views[y]
			if v.n == w.n && !slices.ContainsFunc(v.words[:v.n], func(o word) bool { return !slices.ContainsFunc(w.words[:w.n], o.equals) }) {
				return true
			}
		}
	}
	return false
}

// begins says whether a word of the user's name, admin and the like apart, begins
// so: j.smith is John Smith, whoever else is smith.
func (s *sheet) begins(p *profile, mark string) bool {
	for k := range p.views {
		for _, w := range p.views[k].words[:p.views[k].n] {
			if word := s.words.texts[w.plain]; strings.HasPrefix(word, mark) && !strings.HasPrefix(word, "adm") {
				return true
			}
		}
	}
	return false
}

func shareWord(a, b *profile) bool {
	for x := range a.views {
		for _, w := range a.views[x].words[:a.views[x].n] {
			for y := range b.views {
				if slices.ContainsFunc(b.views[y].words[:b.views[y].n], w.equals) {
					return true
				}
			}
		}
	}
	return false
}

func sameView(a, b *view) bool {
	return a.n == b.n && a.words == b.words && a.first == b.first && a.roles == b.roles
}

func (s *sheet) view(n *spelledName) view {
	var v view
	for _, part := range []struct {
		words []string
		role  uint8
	}{{n.given, roleGiven}, {n.middle, roleUnknown}, {n.surname, roleSurname}} {
		for _, w := range part.words {
			plain, spelt := asciiForms(w)
			if v.n == maxWords || plain == "" {
				continue
			}
			v.words[v.n], v.roles[v.n] = word{s.words.number(plain), s.words.number(spelt)}, part.role
			v.n++
			if part.role == roleUnknown {
				v.middle |= letterBit(plain[0])
			}
		}
	}
	for k, c := range n.letters {
		if len(n.given) == 0 && k == 0 {
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

// isLettered says whether a word's letters stand for sounds one by one, in scripts
// that are written in Latin ones alike by everybody, nearly.
func isLettered(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool {
		return unicode.IsLetter(r) && !unicode.In(r, unicode.Latin, unicode.Cyrillic, unicode.Greek)
	})
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
