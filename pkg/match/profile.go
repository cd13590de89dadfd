package match

import (
	"slices"
	"strings"
	"sync"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/source"
)

// word is a word of a name in its two ASCII forms and as it is written; all are
// the same number for most words.
type word struct{ plain, spelt, written int32 }

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
	places   uint8     // where the name is spelled so
	joined   [2]uint64 // hashes of given+surname and surname+given as one word
	initials uint32    // middle initials that stand as single letters, one bit each
	middle   uint32    // first letters of the words between
	first    uint32    // the given name's initial, where only that is known
	script   script
}

// profile is a user prepared for comparison: everything normalised once. Texts
// are kept as their hashes; 0 is no text.
type profile struct {
	user       *source.User
	key        string // of the display name, "" where there is none to go by
	views      []view
	commonName *view  // AD's common name, where that is another spelling
	cnAgrees   bool   // AD's common name is the same
	forged     bool   // a spelling mixes alphabets
	generation uint8  // number of the mark, 0 for none
	number     uint64 // behind the name, to tell it from another
	remark     int32  // what the name is decorated with, by its number in the dictionary
	salutation uint8
	excluded   string // why the account is left out as nobody's own, "" where not
	skip       string // why matching does not take the user, "" where it does
	purpose    bool   // known by a login that is made for a purpose, not for a person
	stranger   bool   // no person of this company: an object of AD's own, a room, a guest
	copied     bool   // an account out of use of somebody who has another one

	addresses  []uint64 // every address of the user
	mail       uint64   // AD's mail, or the mailbox's primary address
	mailLogin  uint64   // what stands before its @
	mailStem   uint64   // the same without the digits at its end
	domain     uint64   // what stands behind
	upn        uint64
	upnLogin   uint64
	upnStem    uint64
	upnDomain  uint64
	logins     []uint64 // sAMAccountName and alias, and what stands before the @ of UPN and addresses
	derived    uint32   // bit by login: it follows from the user's own name
	onPrem     uint64   // sAMAccountName (AD) or onPremisesSamAccountName
	employee   uint64
	bare       uint64 // the employee id without leading zeros
	phones     []uint64
	countries  []uint64 // of the phones, in their order
	lines      []uint64 // the phones without extensions, in their order
	phoneKinds uint8    // which of a desk's and a mobile's are among them, one bit each
	department int32    // number of the dictionary
	title      int32
}

// isPerson says whether the user may be somebody: a namesake, an owner and a rival,
// whether or not he may be paired.
func (p *profile) isPerson() bool { return p.excluded == "" && !p.stranger && !p.copied }

// vouched says whether more than the display name says what the user is called:
// given name and surname, or a login that follows from it, or for a name that has
// a given name in it the common name of AD.
func (s *sheet) vouched(p *profile) bool {
	for k := range p.views {
		v := &p.views[k]
		if v.places&inFields != 0 || p.derived != 0 {
			return true
		}
		if p.cnAgrees && slices.ContainsFunc(v.words[:v.n], func(w word) bool { return s.given[w.plain] }) {
			return true
		}
	}
	return false
}

// sheet is the profiles of both sides and the dictionaries that they share.
type sheet struct {
	ad, m365 []profile
	words    dictionary // words of names
	labels   dictionary // departments and titles
	sounds   []string   // by word
	respelt  []string   // by word, in the spelling of no language
	given    []bool     // by word: a given name, of the lists or of two people here
	surnames []bool     // by word: the surname of two people here
	kin      [][]int16  // by word: its families of nicknames
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

func (d *dictionary) text(n int32) string {
	d.mu.RLock()
	defer d.mu.RUnlock()
	return d.texts[n]
}

var generationNumbers = map[string]uint8{"": 0, "jr": 1, "sr": 2, "2": 3, "3": 4, "4": 5, "5": 6, "1": 7, "gs": 8, "np": 9}

func newSheet(ad, m365 []Person) *sheet {
	x := sharedLexicon()
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
	s.foldZeros()
	s.markTwins()
	markCopies(s.ad)
	markCopies(s.m365)
	return s
}

// describe looks the words and labels up once all are known.
func (s *sheet) describe(x *lexicon) {
	n := len(s.words.texts)
	s.sounds, s.respelt, s.kin, s.nameDF = make([]string, n), make([]string, n), make([][]int16, n), make([]int32, n)
	s.given, s.surnames = make([]bool, n), make([]bool, n)
	parallel.Ranges(n, func(from, to int) {
		for k, w := range s.words.texts[from:to] {
			k += from
			s.sounds[k], s.respelt[k], s.kin[k], s.given[k] = sound(w), respell(w), x.families[w], x.givenNames[w]
		}
	})
	s.meaning = make([][]string, len(s.labels.texts))
	for k, l := range s.labels.texts {
		s.meaning[k] = plainWords(l)
	}
	for _, side := range [][]profile{s.ad, s.m365} {
		for i := range side {
			s.countWords(&side[i])
		}
		s.findNames(side)
	}
	s.readRemarks()
}

// readRemarks takes a remark on a name that is a department here for what it is,
// and one that only repeats the title or the company for none.
func (s *sheet) readRemarks() {
	departments := map[int32]bool{}
	for _, side := range [][]profile{s.ad, s.m365} {
		for i := range side {
			departments[side[i].department] = true
		}
	}
	delete(departments, 0)
	known := map[int32]bool{} // by remark: is it a department
	for _, side := range [][]profile{s.ad, s.m365} {
		for i := range side {
			p := &side[i]
			if p.remark == 0 {
				continue
			}
			is, ok := known[p.remark]
			if !ok {
				is = s.isLabel(p.remark, departments)
				known[p.remark] = is
			}
			switch {
			case is && p.department == 0:
				p.department, p.remark = p.remark, 0
			case is, s.sameLabel(p.remark, p.title), sameWords(s.meaning[p.remark], plainWords(p.user.Company)) == sameEqual:
				p.remark = 0
			}
		}
	}
}

// isLabel says whether a label means the same as one of a set.
func (s *sheet) isLabel(label int32, set map[int32]bool) bool {
	if set[label] {
		return true
	}
	for other := range set {
		if s.sameLabel(label, other) {
			return true
		}
	}
	return false
}

func (s *sheet) sameLabel(a, b int32) bool { return sameWords(s.meaning[a], s.meaning[b]) == sameEqual }

// findNames learns names from the customer's own people: a word is one where two
// people of a side have it in its place.
func (s *sheet) findNames(side []profile) {
	once := map[[2]int32]int{}
	for i := range side {
		for k := range side[i].views {
			v := &side[i].views[k]
			for w, role := range v.roles[:v.n] {
				if role == roleUnknown {
					continue
				}
				key := [2]int32{v.words[w].plain, int32(role)}
				if other, ok := once[key]; !ok {
					once[key] = i
				} else if other == i {
					continue
				} else if role == roleGiven {
					s.given[key[0]] = true
				} else {
					s.surnames[key[0]] = true
				}
			}
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
	p.user, p.excluded, p.purpose = u, x.accounts.classify(u), x.accounts.isPurpose(u)
	p.skip = u.SkipReason()
	switch p.skip {
	case "", source.SkipDisabled, source.SkipNoMailbox, source.SkipDeleted, source.SkipPrivileged, source.SkipServiceUser, source.SkipShared:
	default:
		p.stranger = true
	}
	p.key = x.nameKey(u.DisplayName)
	names := x.namesOf(u, p.key)
	var all [][]string // the words of the names in ASCII, particles and letters too
	for k := range names {
		n := &names[k]
		if n.generation != "" {
			p.generation = generationNumbers[n.generation]
		}
		if n.number != "" && n.place != inCN {
			p.number = hashText(n.number)
		}
		if n.remark != "" {
			p.remark = s.labels.number(n.remark)
		}
		p.salutation |= n.salutation
		v := s.view(n)
		p.forged = p.forged || v.script.forged
		if n.place == inCN {
			if p.cnAgrees = slices.ContainsFunc(p.views, func(o view) bool { return sameView(&o, &v) }); !p.cnAgrees {
				p.commonName = &v
			}
			continue
		}
		plain, spelt := make([]string, len(n.all)), make([]string, len(n.all))
		for w := range n.all {
			plain[w], spelt[w] = asciiForms(n.all[w])
		}
		all = append(all, plain, spelt)
		if len(p.views) == 1 && sameView(&p.views[0], &v) {
			p.views[0].middle |= v.middle
			p.views[0].initials |= v.initials
			p.views[0].places |= v.places
		} else {
			p.views = append(p.views, v)
		}
	}
	markTones(p)
	s.dropSurnames(p)

	addresses, logins := addressesOf(u), loginsOf(u)
	phones := phonesOf(u)
	hashes := make([]uint64, 0, len(addresses)+len(logins)+3*len(phones))
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
		hashes = append(hashes, hashText(n.rest))
	}
	for _, n := range phones {
		hashes = append(hashes, hashText(n.country))
	}
	for _, n := range phones {
		line, _, _ := strings.Cut(n.rest, "x")
		hashes = append(hashes, hashText(line))
	}
	p.addresses = hashes[:len(addresses):len(addresses)]
	p.logins = hashes[len(addresses) : len(addresses)+len(logins)]
	hashes = hashes[len(addresses)+len(logins):]
	p.phones, p.countries, p.lines = hashes[:len(phones)], hashes[len(phones):2*len(phones)], hashes[2*len(phones):]
	for k, s := range [...]string{u.Phone, u.Mobile} {
		if len(phonesIn(s)) > 0 {
			p.phoneKinds |= 1 << k
		}
	}
	if mail := address(u.Email); mail != "" {
		local, domain, _ := strings.Cut(mail, "@")
		p.mail, p.mailLogin, p.domain = hashText(mail), hashText(local), hashText(domain)
		stem, _ := cutDigits(local)
		p.mailStem = hashText(stem)
	}
	upn := login(u.UPN)
	local, domain, _ := strings.Cut(upn, "@")
	p.upn, p.upnLogin = hashText(upn), hashText(local)
	stem, _ := cutDigits(local)
	p.upnStem, p.upnDomain = hashText(stem), hashText(domain)
	p.onPrem = hashText(onPrem(u))
	id := employeeID(u.EmployeeID)
	p.employee, p.bare = hashText(id), hashText(bareID(id))
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

// phonesOf are a user's telephone numbers, each once.
func phonesOf(u *source.User) []number {
	out := phonesIn(u.Phone)
	for _, n := range phonesIn(u.Mobile) {
		if !slices.ContainsFunc(out, n.equals) {
			out = append(out, n)
		}
	}
	return out
}

// phonesIn are the numbers of one attribute, each once. An adapter joins several
// with a semicolon.
func phonesIn(s string) []number {
	if s == "" {
		return nil
	}
	var out []number
	for _, part := range strings.SplitN(s, ";", maxValues) {
		if n := phone(part); n.rest != "" && !slices.ContainsFunc(out, n.equals) {
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

// markTwins finds the second accounts of AD users: a login that is another user's
// with something before or after it that the name does not explain, and a word of
// the name in common.
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
			if j, ok := byLogin[cut[1]]; ok && j != i && s.isTwin(p, &s.ad[j], cut[0]) {
				p.excluded = ReasonAdmin
			}
		}
	}
}

// isTwin says whether an account whose login is another's with a mark is a second
// one of that person.
func (s *sheet) isTwin(p, owner *profile, mark string) bool {
	switch {
	case p.employee != 0 && p.employee == owner.employee && sameName(p, owner):
		return true
	case !shareWord(p, owner) || s.begins(p, mark):
		return false
	}
	return len(mark) <= 3 || purposes[mark]
}

// purposes are the words that an account for a purpose has in its login beside its
// owner's.
var purposes = setOf("test tests testing temp training trainer schulung old alt new neu svc serv service vpn lab labor backup demo dev prod admin priv privileged mobile remote cloud azure guest kiosk scan scanner fax shared user spare second secondary zweit copy")

// foldZeros takes employee ids without their leading zeros in a company that shows
// that they do not count: people of one name have the same id but for the zeros,
// hardly anybody of another name has, and no two of a side would become one.
func (s *sheet) foldZeros() {
	ad, ok := bareOwners(s.ad)
	m365, okToo := bareOwners(s.m365)
	if !ok || !okToo {
		return
	}
	agree, differ := 0, 0
	for bare, i := range ad {
		if j, ok := m365[bare]; ok && s.ad[i].employee != s.m365[j].employee {
			if sameName(&s.ad[i], &s.m365[j]) {
				agree++
			} else {
				differ++
			}
		}
	}
	if agree < zerosShown || agree < 4*differ {
		return
	}
	for _, side := range [][]profile{s.ad, s.m365} {
		for k := range side {
			side[k].employee = side[k].bare
		}
	}
}

// zerosShown is how many people have to show that leading zeros do not count.
const zerosShown = 3

// bareOwners tells who has an employee id, taken without its zeros; ok is false
// where two people of the side differ by zeros alone.
func bareOwners(side []profile) (of map[uint64]int, ok bool) {
	of = map[uint64]int{}
	for i := range side {
		p := &side[i]
		if j, taken := of[p.bare]; taken && side[j].employee != p.employee {
			return nil, false
		} else if !taken && p.bare != 0 {
			of[p.bare] = i
		}
	}
	return of, true
}

// markCopies finds the accounts out of use of people who have another one on the
// same side: the same employee id and the same name. They are nobody's rivals. An
// equal login is not enough: that of a leaver may be given to a namesake.
func markCopies(side []profile) {
	employees := owners{}
	for i := range side {
		if p := &side[i]; p.skip == "" && p.isPerson() {
			employees.add(p.employee, i)
		}
	}
	for i := range side {
		p := &side[i]
		if p.skip == "" || !p.isPerson() {
			continue
		}
		own, ok := employees[p.employee]
		p.copied = ok && own >= 0 && sameName(p, &side[own])
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
	v := view{places: n.place, script: scriptOf(n.all)}
	for _, part := range []struct {
		words []string
		role  uint8
	}{{n.given, roleGiven}, {n.middle, roleUnknown}, {n.surname, roleSurname}} {
		for _, w := range part.words {
			plain, spelt := asciiForms(w)
			if v.n == maxWords || plain == "" {
				continue
			}
			v.words[v.n], v.roles[v.n] = word{s.words.number(plain), s.words.number(spelt), s.words.number(w)}, part.role
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
	for k, joined := range n.joined {
		if !v.script.foreign {
			joined, _ = asciiForms(joined)
		}
		v.joined[k] = hashText(joined)
	}
	return v
}

// dropSurnames takes no word for a middle name that the user's surname has as an
// attribute of its own: Ana López García.
func (s *sheet) dropSurnames(p *profile) {
	if len(p.views) != 2 || p.views[1].places&inFields == 0 {
		return
	}
	shown, own := &p.views[0], &p.views[1]
	shown.middle = 0
	for x, w := range shown.words[:shown.n] {
		if shown.roles[x] == roleUnknown && !slices.ContainsFunc(own.surname(), w.equals) {
			shown.middle |= letterBit(s.words.text(w.plain)[0])
		}
	}
}

// given is the given name of a spelling, where that is known.
func (v *view) given() (word, bool) {
	k := slices.Index(v.roles[:v.n], roleGiven)
	if k < 0 {
		return word{}, false
	}
	return v.words[k], true
}

// surname is the words of a spelling that are known for those of the surname.
func (v *view) surname() []word {
	for x := range v.words[:v.n] {
		if v.roles[x] == roleSurname {
			return v.words[x:v.n]
		}
	}
	return nil
}

// markTones takes every word of a name as it is written where one has the tones of
// Vietnamese: Mai is not Mái.
func markTones(p *profile) {
	tones := slices.ContainsFunc(p.views, func(v view) bool { return v.script.tones })
	for k := range p.views {
		p.views[k].script.lossy = p.views[k].script.lossy || tones && p.views[k].script.alphabets == alphabetLatin
	}
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
