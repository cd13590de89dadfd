package match

import (
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// spelledName is a personal name taken apart, as one attribute or pair of
// attributes spells it. Words are lower-case; titles, decorations and particles
// are gone, single letters are initials.
type spelledName struct {
	given, middle, surname []string // in order; a middle word may belong to either
	letters                []byte   // single letters in order, the first may stand for the given name
	all                    []string // every word, particles and letters too
	generation             string   // "jr", "sr", "2", "3"… or ""
	joined                 [2]string
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

// lexicon holds the words that are no part of a name, and the families of
// nicknames.
type lexicon struct {
	titles, decorations, credentials, particles map[string]bool
	generations                                 map[string]string
	families                                    map[string][]uint16
	accounts                                    *accountWords
}

func newLexicon() *lexicon {
	return &lexicon{
		titles:      setOf("mr mrs ms miss mx mister dr doctor prof professor rev reverend fr sir dame lord lady hon capt maj col lt sgt herr frau hr dipl ing mag mme mlle monsieur madame sr sra srta don doña dott ssa ir drs eng engr arch"),
		decorations: setOf("ext extern external externe externer contractor consultant temp temporary intern trainee student vendor partner guest admin adm administrator inactive leaver onleave"),
		credentials: setOf("mba phd md cpa cfa pe esq esquire dds rn bsc msc ba bs ma ms jd llm llb pmp cissp dphil mphil mfa edd pharmd dvm frcs obe mbe cbe"),
		particles:   setOf("van von vom zu zur zum de der den del della dello di da das do dos du des la las le les lo los el al bin bint ibn abu ben ter ten te y e af av ap mc st"),
		generations: map[string]string{
			"jr": "jr", "jnr": "jr", "junior": "jr", "sr": "sr", "snr": "sr", "senior": "sr",
			"ii": "2", "2nd": "2", "iii": "3", "3rd": "3", "iv": "4", "4th": "4",
			"júnior": "jr", "filho": "jr", "fils": "jr", "hijo": "jr", "jüngere": "jr", "juengere": "jr",
			"père": "sr", "pere": "sr", "pai": "sr", "ältere": "sr", "aeltere": "sr",
		},
		families: families(),
		accounts: newAccountWords(),
	}
}

// namesOf takes a user's name apart: as the display name has it and as the name
// attributes have it, each only where it has words.
func (x *lexicon) namesOf(u *source.User) []spelledName {
	var out []spelledName
	if n := x.parseDisplay(u.DisplayName); n.words() > 0 {
		out = append(out, n)
	}
	if n := x.parseFields(u.GivenName, u.Surname, u.Initials); n.words() > 0 {
		out = append(out, n)
	}
	return out
}

// parseFields reads given name, surname and initials from attributes of their own.
func (x *lexicon) parseFields(given, surname, initials string) spelledName {
	var n spelledName
	if Key(given) == "" || Key(surname) == "" {
		return n
	}
	g := x.split(x.undecorated(Key(given), &n), &n, false)
	s := x.split(x.undecorated(Key(surname), &n), &n, false)
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

// parseDisplay reads a display name: First Middle Last or Last, First Middle,
// with whatever people decorate it with.
func (x *lexicon) parseDisplay(display string) spelledName {
	var n spelledName
	parts := strings.Split(x.undecorated(Key(display), &n), ",")
	kept := make([][]string, 0, 2)
	for i, part := range parts {
		words := x.split(part, &n, len(parts) == 1)
		if i > 0 && x.allIn(words, x.credentials) {
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
		words := kept[0]
		n.joined = joinBoth(words, nil)
		if len(words) > 1 {
			n.joined = joinBoth(words[:len(words)-1], words[len(words)-1:])
		}
		words = x.significant(words, &n)
		if len(words) > 0 && len(n.letters) > 0 && words[0] != kept[0][0] && len(words) == 1 {
			n.surname = words // R. Barney
		} else if len(words) > 0 {
			n.given = words[:1]
			n.middle = words[1:]
			if k := len(words); k > 1 {
				n.middle, n.surname = words[1:k-1], words[k-1:]
			}
		}
	default:
		n.joined = joinBoth(kept[1], kept[0])
		n.surname = x.significant(kept[0], &n)
		if g := x.significant(kept[1], &n); len(g) > 0 {
			n.given, n.middle = g[:1], g[1:]
		}
	}
	return n
}

// undecorated cuts what stands in brackets, and what follows a separator once a
// name of two words stands before it. A generation mark there counts.
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
		x.findGeneration(cut.String(), n)
	}
	for _, sep := range []string{" - ", " – ", " — ", " | ", " / ", " : ", " @ "} {
		if before, after, ok := strings.Cut(s, sep); ok && len(strings.Fields(before)) > 1 {
			s = before
			x.findGeneration(after, n)
		}
	}
	return s
}

// findGeneration looks for a generation mark in a remark that was cut from a
// name. Junior and senior are ranks as well, so that it has to stand alone there.
func (x *lexicon) findGeneration(remark string, n *spelledName) {
	words := strings.FieldsFunc(remark, func(r rune) bool { return strings.ContainsRune(" .,", r) })
	if len(words) == 2 && words[0] == "der" || len(words) == 2 && words[0] == "die" {
		words = words[1:]
	}
	if len(words) == 1 && x.generations[words[0]] != "" {
		n.generation = x.generations[words[0]]
	}
}

// split cuts a part of a name into words, without titles before it and
// generation marks and decorations after it. Letters stay in; [significant]
// sorts them out.
func (x *lexicon) split(s string, n *spelledName, whole bool) []string {
	words := strings.FieldsFunc(nameReplacer.Replace(s), func(r rune) bool {
		switch r {
		case ' ', '.', '-', '‐', '‑', '–', '·', '_', ';':
			return true
		}
		return false
	})
	words = words[:min(len(words), maxParts)]
	for len(words) > 1 && x.titles[words[0]] {
		words = words[1:]
	}
	for len(words) > 0 {
		last := words[len(words)-1]
		if g := x.generations[last]; g != "" && (len(words) > 2 || !whole) && (len(last) < 5 || len(words) > 2) {
			n.generation = g
		} else if !(x.decorations[last] && len(words) > 2) {
			break
		}
		words = words[:len(words)-1]
	}
	return words
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

// joinBoth writes a name as one word in either order, so that Hee-chul Jeon
// equals Jeon Heechul, and van den Berg equals Vandenberg.
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
