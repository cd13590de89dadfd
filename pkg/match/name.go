package match

import (
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/qpimport/qpimport/pkg/source"
)

// The places where a directory spells a name, one bit each.
const (
	inDisplay = 1 << iota // the display name
	inFields              // given name and surname
	inCN                  // the common name of AD's object
)

// spelledName is a personal name taken apart, as one attribute or pair of
// attributes spells it. Words are lower-case; titles, decorations and particles
// are gone, single letters are initials.
type spelledName struct {
	place                  uint8
	given, middle, surname []string // in order; a middle word may belong to either
	letters                []byte   // single letters in order, the first may stand for the given name
	all                    []string // every word, particles and letters too
	generation             string   // "jr", "sr", "2", "3"… or ""
	number                 string   // that stands behind the name to tell it from another
	salutation             uint8
	remark                 string // what stands in brackets or behind a dash, or decorates the name
	joined                 [2]string
	own                    string // given name and surname as attributes of their own have them
	written                string // the name as it is written
}

func (n *spelledName) words() int { return len(n.given) + len(n.middle) + len(n.surname) }

// setOf makes a set of the words of a text.
func setOf(words string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(words) {
		m[w] = true
	}
	return m
}

// lexicon holds the words that are no part of a name, given names, and the
// families of nicknames.
type lexicon struct {
	titles, decorations, credentials, particles map[string]bool
	sirs, madams, pronouns                      map[string]bool
	generations                                 map[string]string
	emptyNames, emptyFields, fillerWords        map[string]bool
	emptyBegins                                 map[string]bool // the first words of empty names
	givenNames                                  map[string]bool
	families                                    map[string][]int16
	accounts                                    *accountWords
}

// sharedLexicon is the lexicon, made when the first company is matched and never changed.
var sharedLexicon = sync.OnceValue(func() *lexicon {
	x := &lexicon{
		titles:      setOf("mr mrs ms miss mx mister señor senor señora senora signor signora sig sigra pan pani gospodin gospođa dr doctor prof professor rev reverend fr sir dame lord lady hon capt maj col lt sgt herr frau hr dipl ing mag mme mlle monsieur madame sr sra srta don doña dott ssa ir drs eng engr arch"),
		sirs:        setOf("mr sr mister sir lord herr hr monsieur don señor senor signor sig pan gospodin"),
		madams:      setOf("mrs ms miss dame lady frau mme mlle madame sra srta doña señora senora signora sigra pani gospođa"),
		pronouns:    setOf("she her hers he him his they them theirs sie ihr er ihm elle lui il ella"),
		decorations: setOf("ext extern external externe externer contractor consultant temp temporary intern trainee student vendor partner guest admin adm administrator inactive leaver onleave"),
		credentials: setOf("mba phd md cpa cfa pe esq esquire dds rn bsc msc ba bs ma ms jd llm llb pmp cissp dphil mphil mfa edd pharmd dvm frcs obe mbe cbe"),
		particles:   setOf("van von vom zu zur zum de der den del della dello di da das do dos du des la las le les lo los el al bin bint ibn abu ben ter ten te y e af av ap mc st"),
		generations: map[string]string{"2nd": "2", "3rd": "3", "4th": "4", "5th": "5", "i": "1", "ii": "2", "iii": "3", "iv": "4"},
		emptyNames:  map[string]bool{},
		emptyBegins: map[string]bool{},
		emptyFields: setOf(emptyFields),
		fillerWords: setOf(fillerWords),
		givenNames:  givenNameSet(),
		families:    families(),
		accounts:    newAccountWords(),
	}
	for _, name := range strings.Split(emptyNames, "|") {
		if !isASCII(name) {
			words := strings.Fields(name)
			for k, w := range words {
				words[k], _ = asciiForms(w)
			}
			name = strings.Join(words, " ")
		}
		x.emptyNames[name] = true
		first, _, _ := strings.Cut(name, " ")
		x.emptyBegins[first] = true
	}
	for mark, words := range map[string]string{"jr": youngerMarks, "sr": elderMarks, "gs": grandsonMarks, "np": nephewMarks} {
		for w := range maps.Keys(setOf(words)) {
			x.generations[w] = mark
		}
	}
	return x
})

// The marks of generation in the languages of the field, as one word.
const (
	youngerMarks  = "jr jnr jn cadet minor jun junior iun júnior filho fils hijo figlio jüngere juengere jüng yngre nuorempi ifj ifjabb ml mladší mladsi mlađi mladji mlajši młodszy mlodszy мл младший молодший"
	grandsonMarks = "neto nieto nipote"
	nephewMarks   = "sobrinho sobrino"
	elderMarks    = "sr snr sn aine maior sen id senior pere père padre pai ältere aeltere ält eldre ældre äldre vanhempi idősb idősebb st starší starsi stariji starejši starszy ст старший"
)

// marksBefore are marks that stand before a name, as in Hungarian.
var marksBefore = map[string]string{"ifj": "jr", "ifjabb": "jr", "id": "sr", "idősb": "sr", "idősebb": "sr"}

// marksInWords are marks of generation of more than one word.
var marksInWords = []struct{ words, mark string }{
	{"d j", "jr"}, {"d ä", "sr"}, {"d ae", "sr"}, {"d ält", "sr"}, {"d jüng", "jr"}, {"d y", "jr"}, {"d e", "sr"}, {"d æ", "sr"},
	{"der jüngere", "jr"}, {"die jüngere", "jr"}, {"der ältere", "sr"}, {"die ältere", "sr"}, {"der juengere", "jr"}, {"der aeltere", "sr"},
	{"the younger", "jr"}, {"the elder", "sr"}, {"the second", "2"}, {"the third", "3"}, {"den yngre", "jr"}, {"den eldre", "sr"}, {"den ældre", "sr"}, {"den äldre", "sr"},
	{"le jeune", "jr"}, {"le vieux", "sr"}, {"el joven", "jr"}, {"el viejo", "sr"}, {"il giovane", "jr"}, {"il vecchio", "sr"}, {"o jovem", "jr"}, {"o velho", "sr"}, {"de jonge", "jr"}, {"de oude", "sr"},
}

// namesOf takes a user's name apart: as the display name has it, as the name
// attributes have it, and as AD's common name, each only where it is a name.
func (x *lexicon) namesOf(u *source.User, displayKey string) []spelledName {
	var out []spelledName
	add := func(place uint8, n spelledName) {
		if n.words() > 0 {
			n.place = place
			out = append(out, n)
		}
	}
	given, surname := x.fieldKey(u.GivenName), x.fieldKey(u.Surname)
	own := " " + given + " " + surname + " "
	if displayKey != "" {
		add(inDisplay, x.parseDisplay(displayKey, own, u.DisplayName))
	}
	add(inFields, x.parseFields(given, surname, u.Initials))
	if cn := commonName(u.DN); cn != "" {
		if key := x.nameKey(cn); key != "" && key != Key(u.Username) {
			if n := x.parseDisplay(key, own, cn); n.words() > 1 && !strings.ContainsAny(key, "0123456789_") {
				add(inCN, n)
			}
		}
	}
	return out
}

// commonName is the value of a DN's leaf where that is a CN, "" elsewhere.
func commonName(dn string) string {
	if len(dn) < 3 || !strings.EqualFold(dn[:3], "CN=") {
		return ""
	}
	leaf := dn
	if parent := source.ParentDN(dn); len(parent) < len(dn) {
		leaf = dn[:len(dn)-len(parent)]
	}
	rdns, err := source.ParseDN(strings.TrimRight(leaf, ", "))
	if err != nil || len(rdns) == 0 {
		return ""
	}
	return rdns[0].Value
}

// parseFields reads the keys of given name and surname, and initials, from
// attributes of their own.
func (x *lexicon) parseFields(given, surname, initials string) spelledName {
	var n spelledName
	if given == "" || surname == "" || x.isEmptyName(given+" "+surname) {
		return n
	}
	g := x.split(x.undecorated(given, &n), &n, partGiven)
	s := x.split(x.undecorated(surname, &n), &n, partSurname)
	n.joined = joinBoth(g, s)
	n.all = slices.Concat(g, s)
	g, s = x.significant(g, &n), x.significant(s, &n)
	n.surname = s
	if len(g) > 0 {
		n.given, n.middle = g[:1], g[1:]
	}
	// AD's initials are the middle initial in most companies, all initials in
	// some; only a single letter is clear.
	if in := keepAlnum(Key(initials)); len(in) == 1 && len(g) > 0 {
		n.letters = append(n.letters, in[0])
	}
	return n
}

// parseDisplay reads the key of a display name: First Middle Last or Last, First
// Middle, with whatever people decorate it with. What is the user's own name is no
// mark: Sen is a surname as well.
func (x *lexicon) parseDisplay(key, own, written string) spelledName {
	n := spelledName{own: own, written: written}
	parts := strings.Split(x.undecorated(key, &n), ",")
	kept := make([][]string, 0, 2)
	for i, part := range parts {
		kind := partWhole
		if len(parts) > 1 {
			kind = min(partSurname+i, partGiven)
		}
		words := x.split(part, &n, kind)
		if i > 0 && x.allIn(words, x.credentials) {
			continue
		}
		if mark := x.markOfWords(words); mark != "" && (i > 1 || i == 1 && len(kept) > 0 && len(kept[0]) > 1) {
			n.generation = mark // Robert King, Jr.
			continue
		}
		if len(words) > 0 {
			kept = append(kept, words)
		}
	}
	n.all = slices.Concat(kept...)
	switch {
	case len(kept) == 0:
	case len(kept) == 1:
		x.placeWords(kept[0], &n)
	default:
		n.joined = joinBoth(kept[1], kept[0])
		n.surname = x.significant(kept[0], &n)
		if g := x.significant(kept[1], &n); len(g) > 0 {
			n.given, n.middle = g[:1], g[1:]
		}
	}
	return n
}

// placeWords says of the words of a name without a comma which is the given name
// and which the surname: the first and the last.
func (x *lexicon) placeWords(all []string, n *spelledName) {
	n.joined = joinBoth(all, nil)
	if len(all) > 1 {
		n.joined = joinBoth(all[:len(all)-1], all[len(all)-1:])
	}
	words := x.significant(all, n)
	if len(words) == 1 && len(n.letters) > 0 && words[0] != all[0] {
		n.surname = words // R. Barney
		return
	}
	if len(words) > 0 {
		n.given, n.middle = words[:1], words[1:]
	}
	if k := len(words); k > 1 {
		n.middle, n.surname = words[1:k-1], words[k-1:]
	}
}

// undecorated cuts what stands in brackets, and what follows a separator once a
// name of two words stands before it, and keeps what it says.
func (x *lexicon) undecorated(s string, n *spelledName) string {
	if strings.ContainsAny(s, "([{<") {
		var kept, cut strings.Builder
		depth := 0
		for _, r := range s {
			switch r {
			case '(', '[', '{', '<':
				depth++
				kept.WriteByte(' ')
				cut.WriteByte(' ')
			case ')', ']', '}', '>':
				depth = max(0, depth-1)
			default:
				if depth == 0 {
					kept.WriteRune(r)
				} else {
					cut.WriteRune(r)
				}
			}
		}
		s = kept.String()
		x.readRemark(cut.String(), n)
	}
	if !strings.ContainsAny(s, "-–—|/:@") {
		return s
	}
	for _, sep := range []string{" - ", " – ", " — ", " | ", " / ", " : ", " @ "} {
		if before, after, ok := strings.Cut(s, sep); ok && len(strings.Fields(before)) > 1 {
			s = before
			x.readRemark(after, n)
		}
	}
	return s
}

// readRemark reads what was cut from a name: a mark of generation, a number, or
// words. Junior and senior are ranks as well, so that they have to stand alone.
func (x *lexicon) readRemark(remark string, n *spelledName) {
	words := strings.FieldsFunc(remark, func(r rune) bool { return strings.ContainsRune(" .,;", r) })
	switch mark := x.markOfWords(words); {
	case len(words) == 0:
	case mark != "":
		n.generation = mark
	case isNumber(words):
		n.number = strings.TrimLeft(digitsOf(words[len(words)-1]), "0")
	case !x.arePronouns(remark):
		n.decorate(words...)
	}
}

// arePronouns says whether a remark is how somebody wants to be spoken of, she/her,
// which tells nobody from another.
func (x *lexicon) arePronouns(remark string) bool {
	words := strings.FieldsFunc(remark, func(r rune) bool { return strings.ContainsRune(" /,|", r) })
	return len(words) > 1 && x.allIn(words, x.pronouns)
}

// isNumber says whether a remark is a number: 2, #2, No. 2.
func isNumber(words []string) bool {
	last := strings.TrimPrefix(words[len(words)-1], "#")
	if last == "" || len(last) > 3 || digitsOf(last) != last {
		return false
	}
	return len(words) == 1 || len(words) == 2 && (words[0] == "no" || words[0] == "nr" || words[0] == "#" || words[0] == "n°")
}

// How people are addressed: what tells men from women, one bit each. M. is
// Monsieur, or an initial.
const (
	salutedSir = 1 << iota
	salutedMadam
	maybeSir
)

func (n *spelledName) address(x *lexicon, title string) {
	switch {
	case x.sirs[title]:
		n.salutation |= salutedSir
	case x.madams[title]:
		n.salutation |= salutedMadam
	}
}

func (n *spelledName) decorate(words ...string) {
	n.remark = strings.TrimSpace(n.remark + " " + strings.Join(words, " "))
}

// The parts of a name that [lexicon.split] cuts into words.
const (
	partWhole = iota
	partSurname
	partGiven
)

// split cuts a part of a name into words, without titles before it, and without
// marks of generation, numbers and decorations, which it keeps. Letters stay in;
// [significant] sorts them out.
func (x *lexicon) split(s string, n *spelledName, part int) []string {
	words := strings.FieldsFunc(nameReplacer.Replace(s), func(r rune) bool {
		switch r {
		case ' ', '.', '-', '‐', '‑', '–', '·', '_', ';':
			return true
		}
		return false
	})
	words = words[:min(len(words), maxParts)]
	for len(words) > 1 && x.titles[words[0]] {
		n.address(x, words[0])
		words = words[1:]
	}
	if len(words) > 2 && words[0] == "m" && part == partWhole {
		n.salutation |= maybeSir
	}
	if len(words) > 2 && marksBefore[words[0]] != "" {
		n.generation = marksBefore[words[0]]
		words = words[1:]
	}
	for len(words) > 0 {
		cut := x.cutMark(words, n, part)
		if cut == 0 {
			break
		}
		words = words[:len(words)-cut]
	}
	return words
}

// cutMark reads a mark at the end of a part of a name and says how many words it
// has, 0 where there is none.
func (x *lexicon) cutMark(words []string, n *spelledName, part int) int {
	k := len(words)
	last := words[k-1]
	if k > 3-min(part, 1) {
		whole := words[k-2] + " " + last
		for _, m := range marksInWords {
			// John D. J. has two initials, John d. J. is the younger one.
			if whole == m.words && (part != partGiven || len(whole) > 3 || strings.Contains(n.written, " d.")) {
				n.generation = m.mark
				return 2
			}
		}
	}
	if g := x.markOf(last); g != "" && (k > 2 || k > 1 && part != partWhole) && !strings.Contains(n.own, " "+last+" ") {
		n.generation = g
		return 1
	}
	switch name, digits := cutDigits(last); {
	case x.decorations[last] && k > 2:
		n.decorate(last)
	case name == "" && k > 1 && len(digits) < 4, name == "#" && k > 1:
		n.number = strings.TrimLeft(digits, "0")
	case digits != "" && len(digits) < 3 && k > 1-min(part, 1):
		n.number = strings.TrimLeft(digits, "0")
		words[k-1] = name
		return 0
	default:
		return 0
	}
	return 1
}

// markOf is the generation that a word marks, "" for none.
func (x *lexicon) markOf(word string) string {
	if g := x.generations[word]; g != "" || isASCII(word) {
		return g
	}
	plain, _ := asciiForms(word)
	return x.generations[plain]
}

// markOfWords is the same of several words.
func (x *lexicon) markOfWords(words []string) string {
	if len(words) == 1 {
		return x.markOf(words[0])
	}
	whole := strings.Join(words, " ")
	for _, m := range marksInWords {
		if whole == m.words {
			return m.mark
		}
	}
	return ""
}

// cutDigits cuts the digits at the end of a word.
func cutDigits(word string) (rest, digits string) {
	rest = strings.TrimRight(word, "0123456789")
	return rest, word[len(rest):]
}

// maxParts bounds the words of one name.
const maxParts = 16

// nameReplacer takes apostrophes out of words: O'Brien, N’Dour.
var nameReplacer = strings.NewReplacer("'", "", "’", "", "‘", "", "`", "", "ʼ", "", "´", "", `"`, "")

// significant drops particles and moves single letters to the initials, but
// leaves no name without a word.
func (x *lexicon) significant(words []string, n *spelledName) []string {
	out := make([]string, 0, len(words))
	for i, w := range words {
		switch {
		case len(w) == 1 && isAlnum(w[0]):
			if w[0] >= 'a' {
				n.letters = append(n.letters, w[0])
			}
		case x.particles[w] && len(words) > 1 && (i > 0 || len(words) > 2 || len(w) > 3):
		default:
			out = append(out, w)
		}
	}
	if len(out) == 0 && len(words) > 0 && len(words[len(words)-1]) > 1 {
		out = append(out, words[len(words)-1])
	}
	return out
}

func (x *lexicon) allIn(words []string, set map[string]bool) bool {
	for _, w := range words {
		if !set[w] {
			return false
		}
	}
	return true
}

// joinBoth writes a name as one word in either order, so that Jeon Hee-chul equals
// Jeon Heechul, and van den Berg equals Vandenberg.
func joinBoth(given, surname []string) [2]string {
	var g, s strings.Builder
	for _, w := range given {
		if len(w) > 1 {
			g.WriteString(w)
		}
	}
	for _, w := range surname {
		if len(w) > 1 {
			s.WriteString(w)
		}
	}
	return [2]string{g.String() + s.String(), s.String() + g.String()}
}
