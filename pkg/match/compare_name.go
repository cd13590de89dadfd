package match

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// nameLevel compares every spelling of one name with every spelling of the
// other. The best counts, unless one contradicts its counterpart: the display
// names, given name with surname, or the common name of AD with either. Who has
// set his display name to somebody else's is still called what he is called, and
// Li Wei is not Wei Li where display names and fields change places alike.
func (c *comparer) nameLevel(a, m *profile) (uint8, float32) {
	best, bestBits := uint8(0), float32(0)
	var levels [2][2]uint8
	for x := range a.views {
		for y := range m.views {
			l, b := c.compareViews(&a.views[x], &m.views[y])
			levels[x][y] = l
			if l != 0 && (best == 0 || l < best || l == best && b > bestBits) {
				best, bestBits = l, b
			}
		}
	}
	worst := best
	for x := range a.views {
		for y := range m.views {
			if counterparts(a, m, x, y) && contradicts(levels[x][y]) {
				worst = max(worst, levels[x][y])
			}
		}
	}
	if len(a.views) == 2 && len(m.views) == 2 && levels[0][0] == nameSwapped && levels[1][1] == nameSwapped {
		worst = max(worst, nameSwapped)
	}
	if a.commonName != nil && len(m.views) > 0 {
		if l, _ := c.compareViews(a.commonName, &m.views[0]); contradicts(l) {
			worst = max(worst, l)
		}
	}
	return worst, bestBits
}

// contradicts says whether names that compare so are those of two people, as far
// as names can tell.
func contradicts(level uint8) bool { return nameAlike <= level && level <= nameOther }

// counterparts says whether spelling x of an AD user stands where spelling y of a
// mailbox does, or one of the two has no other.
func counterparts(a, m *profile, x, y int) bool {
	return a.views[x].places&m.views[y].places != 0 || len(a.views) == 1 || len(m.views) == 1
}

// bits is what it tells that two names share a word: the more the rarer it is.
func (c *comparer) bits(w word) float32 {
	df := max(c.nameDF[w.plain], c.nameDF[w.spelt], 1)
	return float32(math.Log2(max(1, c.names/float64(df))))
}

// alignment is which words of two spellings have found one another.
type alignment struct {
	a, b         *view
	usedA, usedB uint32 // words that have a counterpart, one bit each
	equal, alike int    // pairs of equal words, and of words that may be forms of one
	nicks        int    // alike as forms of a given name
	crossed      int    // a given name that is the other's surname
	worst        uint8  // how little alike they are
	bits         float32
}

func (m *alignment) leftA() int { return int(m.a.n) - bits.OnesCount32(m.usedA) }
func (m *alignment) leftB() int { return int(m.b.n) - bits.OnesCount32(m.usedB) }

// crosses says whether one of two words is a given name and the other a surname.
func (m *alignment) crosses(x, y int) bool {
	return m.a.roles[x]+m.b.roles[y] == roleGiven+roleSurname && m.a.roles[x] != roleUnknown && m.b.roles[y] != roleUnknown
}

// twoGiven says whether the given names of two people are known for two names.
func (c *comparer) twoGiven(a, m *profile) bool {
	for x := range a.views {
		for y := range m.views {
			if !counterparts(a, m, x, y) {
				continue
			}
			v, ok := a.views[x].given()
			w, too := m.views[y].given()
			if ok && too && !v.equals(w) && c.twoGivenNames(v.plain, w.plain) {
				return true
			}
		}
	}
	return false
}

// each calls f for every two words without a counterpart, until they have one:
// first those that stand in the same place.
func (m *alignment) each(f func(x, y int) bool) {
	for _, crossing := range [2]bool{false, true} {
		for x := range int(m.a.n) {
			for y := range int(m.b.n) {
				if m.usedA>>x&1 == 0 && m.usedB>>y&1 == 0 && m.crosses(x, y) == crossing && f(x, y) {
					m.usedA |= 1 << x
					m.usedB |= 1 << y
					if crossing {
						m.crossed++
					}
				}
			}
		}
	}
}

// compareViews compares two spellings. Names in scripts that say more than their
// transliteration are the same only as written.
func (c *comparer) compareViews(a, b *view) (uint8, float32) {
	level, bits := c.compareWords(a, b)
	sameScript := a.script.alphabets == b.script.alphabets && a.script.foreign == b.script.foreign
	switch {
	case level == 0:
	case level <= nameSwapped && a.script.lossy != b.script.lossy && !asWritten(a, b):
		level = nameHint
	case level != nameFull && (level <= nameSwapped || level == nameSlip) && !sameScript:
		level = nameRomanised
	case level == nameOther && a.script.foreign != b.script.foreign, (level == nameAlike || level == nameGiven || level == nameSurname) && !sameScript:
		// Cyrillic and Greek are read letter by letter, so that a name which has
		// nothing in common with another is another.
		level = nameScript
	}
	return level, bits
}

// asWritten says whether names are the same only as written: both are in a script
// that says more than its transliteration, or one has the tones of Vietnamese and
// the other marks as well.
func asWritten(a, b *view) bool {
	return a.script.lossy && b.script.lossy || a.script.tones && b.script.marked || b.script.tones && a.script.marked
}

func (c *comparer) compareWords(a, b *view) (uint8, float32) {
	m := alignment{a: a, b: b}
	asWritten := asWritten(a, b)
	respelt := false // both write marks, and not the same
	m.each(func(x, y int) bool {
		v, w := a.words[x], b.words[y]
		if asWritten && v.written != w.written || !v.equals(w) {
			return false
		}
		respelt = respelt || v.written != w.written && v.plain == w.plain && a.script.marked && b.script.marked
		m.equal++
		m.bits += c.bits(v)
		return true
	})
	level, bits := uint8(0), m.bits
	switch {
	case m.sameJoined() && (!asWritten || a.script.foreign):
		level, bits = m.wholeLevel(), bits+c.rest(&m)
	case m.leftA() == 0 || m.leftB() == 0:
		level, bits = c.containedLevel(&m)
	case asWritten:
		level = m.alikeLevel()
	default:
		c.alignAlike(&m)
		level, bits = m.alikeLevel(), m.bits
	}
	if level == nameFull && respelt {
		level = nameSounds
	}
	return level, bits
}

// sameJoined says whether the names are the same but for where words begin.
func (m *alignment) sameJoined() bool {
	j := m.a.joined[0]
	return j != 0 && (j == m.b.joined[0] || j == m.b.joined[1]) && (m.a.n > 1 || m.b.n > 1)
}

// wholeLevel judges names that have the same words.
func (m *alignment) wholeLevel() uint8 {
	if m.crossed > 0 || m.equal < 2 && m.a.joined[0] != m.b.joined[0] {
		return nameSwapped
	}
	return nameFull
}

// rest is what the words tell that found no counterpart, since they begin
// elsewhere.
func (c *comparer) rest(m *alignment) (bits float32) {
	for x := range m.a.words[:m.a.n] {
		if m.usedA>>x&1 == 0 {
			bits += c.bits(m.a.words[x])
		}
	}
	return bits
}

// containedLevel judges where all words of one name are in the other.
func (c *comparer) containedLevel(m *alignment) (uint8, float32) {
	a, b := m.a, m.b
	switch whole := m.leftA() == 0 && m.leftB() == 0; {
	case whole && (m.equal > 1 || a.script.foreign):
		return m.wholeLevel(), m.bits
	case whole && a.first != 0 && b.first != 0 && a.first != b.first:
		return nameSurname, m.bits
	case whole:
		return nameInitial, m.bits
	case m.equal > 1 && m.crossed > 0:
		return nameSwapped, m.bits
	case m.equal > 1 && (a.leaves(^m.usedA, roleGiven) || b.leaves(^m.usedB, roleGiven)):
		return nameSlip, m.bits
	case m.equal > 1:
		return namePart, m.bits
	}
	short, long, used := a, b, m.usedB
	if m.leftB() == 0 {
		short, long, used = b, a, m.usedA
	}
	if short.first == 0 {
		return 0, m.bits // one word against a whole name
	}
	for x := range long.words[:long.n] {
		if used>>x&1 == 0 && short.first == letterBit(c.words.texts[long.words[x].plain][0]) {
			return nameInitial, m.bits + 2
		}
	}
	return nameSurname, m.bits
}

// alignAlike pairs words that may be forms of one another.
func (c *comparer) alignAlike(m *alignment) {
	m.each(func(x, y int) bool {
		kind := c.likeness(m.a.words[x], m.b.words[y], m.a.roles[x], m.b.roles[y])
		if kind == 0 {
			return false
		}
		if given := m.a.roles[x] == roleGiven || m.b.roles[y] == roleGiven; given && kind <= nameTypo {
			kind = nameSlip
		}
		m.worst = max(m.worst, kind)
		m.alike++
		if kind == nameNick {
			m.nicks++
			m.bits += 2
		} else {
			m.bits += 0.6 * min(c.bits(m.a.words[x]), c.bits(m.b.words[y]))
		}
		return true
	})
}

// alikeLevel judges names of which neither is part of the other.
func (m *alignment) alikeLevel() uint8 {
	whole := m.leftA() == 0 || m.leftB() == 0
	switch found := m.equal + m.alike; {
	case found == 0, found > 1 && whole && m.nicks > 0 && m.equal == 0:
		return nameOther
	case found > 1 && whole && m.crossed > 0:
		return nameSwapped
	case found > 1 && whole:
		return m.worst
	}
	given := m.a.leaves(m.usedA, roleGiven) || m.b.leaves(m.usedB, roleGiven)
	surname := m.a.leaves(m.usedA, roleSurname) || m.b.leaves(m.usedB, roleSurname)
	if given && !surname {
		return nameGiven
	}
	return nameSurname
}

// leaves says whether a word of the role is among those that are used.
func (v *view) leaves(used uint32, role uint8) bool {
	for x := range v.words[:v.n] {
		if used>>x&1 == 1 && v.roles[x] == role {
			return true
		}
	}
	return false
}

// likeness says how two different words may stand for one another: 0 not at all.
// What looks alike, but is known to be two names, is no form of one.
func (c *comparer) likeness(x, y word, roleX, roleY uint8) uint8 {
	a, b := c.words.texts[x.plain], c.words.texts[y.plain]
	related := areRelated(c.kin[x.plain], c.kin[y.plain])
	given := roleX != roleSurname && roleY != roleSurname
	if c.respelt[x.plain] == c.respelt[y.plain] && (!given || related || !c.twoGivenNames(x.plain, y.plain)) {
		return nameSounds
	}
	level := c.resemblance(x, y)
	if level == 0 && given {
		switch {
		case related:
			return nameNick
		case shortens(a, b) && c.twoGivenNames(x.plain, y.plain):
			return nameAlike
		case shortens(a, b):
			return nameNick
		}
	}
	switch {
	case level == 0 || related:
	case given && swapsLetters(a, b) && !c.twoGivenNames(x.plain, y.plain): // Thoams
	case given && (c.given[x.plain] || c.given[y.plain] || !c.sameEnds(x.plain, y.plain)),
		!given && (a[0] != b[0] && c.respelt[x.plain][0] != c.respelt[y.plain][0] || c.twoSurnames(x.plain, y.plain)):
		return nameAlike
	}
	return level
}

// areRelated says whether one of two given names is a form of the other.
func areRelated(a, b []int16) bool {
	for _, k := range a {
		if slices.Contains(b, -k) || k < 0 && slices.Contains(b, k) {
			return true
		}
	}
	return false
}

// resemblance says whether one word may be another misheard or mistyped.
func (c *comparer) resemblance(x, y word) uint8 {
	a, b := c.words.texts[x.plain], c.words.texts[y.plain]
	switch sa, sb := c.sounds[x.plain], c.sounds[y.plain]; {
	case sa == sb && len(sa) > 1 && c.respelt[x.plain][0] == c.respelt[y.plain][0] && jaroWinkler(a, b) > 0.7:
		return nameSounds
	case c.oneSlip(x, y), min(len(a), len(b)) > 4 && jaroWinkler(a, b) > 0.93:
		return nameTypo
	}
	return 0
}

// shortens says whether one given name is the beginning of the other.
func shortens(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	return len(a) > 2 && len(b) > len(a)+1 && strings.HasPrefix(b, a)
}

// respell reduces a word to what is the same in the spellings of several languages:
// Sergej and Sergey, Philippos and Filippos, Eric and Erik.
func respell(word string) string {
	word = foreignSpellings.Replace(word)
	b := make([]byte, 0, len(word))
	for i := 0; i < len(word); i++ {
		c := word[i]
		if i > 0 && (c == 'y' || c == 'j') {
			c = 'i'
		}
		if n := len(b); n == 0 || b[n-1] != c {
			b = append(b, c)
		}
	}
	return string(b)
}

var foreignSpellings = strings.NewReplacer("ph", "f", "ck", "k", "ch", "ch", "ce", "ce", "ci", "ci", "cy", "cy", "c", "k", "w", "v", "th", "t", "x", "ks", "q", "k")

// twoGivenNames says whether two words are given names each of its own, which no
// slip makes of one another: Christian is not Christine.
func (c *comparer) twoGivenNames(x, y int32) bool { return c.given[x] && c.given[y] }

// twoSurnames says the same of surnames: other people here have either, or one is
// the form that women have of the other.
func (c *comparer) twoSurnames(x, y int32) bool {
	a, b := c.words.texts[x], c.words.texts[y]
	if len(a) > len(b) {
		a, b = b, a
	}
	feminine := b == a+"a" || strings.HasSuffix(a, "i") && b == a[:len(a)-1]+"a" || strings.HasSuffix(b, "ova") && strings.HasPrefix(b, a[:len(a)-1])
	return feminine || c.surnames[x] && c.surnames[y]
}

// sameEnds says whether two given names begin and end alike, as a slip mostly
// leaves them, or end in the same letters swapped: Kerry and Terry, Zdenko and
// Zdenka are two people.
func (c *comparer) sameEnds(x, y int32) bool {
	a, b, sa, sb := c.words.texts[x], c.words.texts[y], c.sounds[x], c.sounds[y]
	if sa == "" || sb == "" || sa[0] != sb[0] {
		return false
	}
	m, n := len(a), len(b)
	return ending(a) == ending(b) || m == n && m > 3 && a[m-1] == b[n-2] && a[m-2] == b[n-1]
}

func ending(s string) byte {
	if c := s[len(s)-1]; c != 'y' && c != 'j' {
		return c
	}
	return 'i'
}

// swapsLetters says whether two words differ by two neighbours swapped.
func swapsLetters(a, b string) bool {
	if len(a) != len(b) || len(a) < 5 {
		return false
	}
	k := 0
	for k < len(a)-2 && a[k] == b[k] {
		k++
	}
	return a[k] == b[k+1] && a[k+1] == b[k] && a[k] != b[k] && a[k+2:] == b[k+2:]
}

// oneSlip says whether a form of one word is a form of the other but for a slip.
func (c *comparer) oneSlip(x, y word) bool {
	for _, p := range [2]int32{x.plain, x.spelt} {
		for _, q := range [2]int32{y.plain, y.spelt} {
			a, b := c.words.texts[p], c.words.texts[q]
			if min(len(a), len(b)) > 3 && oneEdit(a, b) {
				return true
			}
		}
	}
	return false
}
