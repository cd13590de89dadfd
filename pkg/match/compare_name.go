package match

import (
	"math"
	"math/bits"
	"slices"
	"strings"
)

// nameLevel compares every spelling of one name with every spelling of the
// other; the best counts.
func (c *comparer) nameLevel(a, m *profile) (uint8, float32) {
	best, bestBits := uint8(0), float32(0)
	for x := range a.views {
		for y := range m.views {
			l, b := c.compareViews(&a.views[x], &m.views[y])
			if l != 0 && (best == 0 || l < best || l == best && b > bestBits) {
				best, bestBits = l, b
			}
		}
	}
	// Cyrillic and Greek are read letter by letter, so that a name which has nothing
	// in common with another is another.
	if best >= nameGiven && a.latin != m.latin && !(best == nameOther && a.lettered && m.lettered) {
		best = nameScript
	}
	return best, bestBits
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
	worst        uint8  // how little alike they are
	bits         float32
}

func (m *alignment) leftA() int { return int(m.a.n) - bits.OnesCount32(m.usedA) }
func (m *alignment) leftB() int { return int(m.b.n) - bits.OnesCount32(m.usedB) }

// each calls f for every two words without a counterpart, until they have one.
func (m *alignment) each(f func(x, y int) bool) {
	for x := range int(m.a.n) {
		for y := range int(m.b.n) {
			if m.usedA>>x&1 == 0 && m.usedB>>y&1 == 0 && f(x, y) {
				m.usedA |= 1 << x
				m.usedB |= 1 << y
			}
		}
	}
}

func (c *comparer) compareViews(a, b *view) (uint8, float32) {
	m := alignment{a: a, b: b}
	m.each(func(x, y int) bool {
		if !a.words[x].equals(b.words[y]) {
			return false
		}
		m.equal++
		m.bits += c.bits(a.words[x])
		return true
	})
	if m.sameJoined() {
		for x := range a.words[:a.n] {
			if m.usedA>>x&1 == 0 {
				m.bits += c.bits(a.words[x])
			}
		}
		return nameFull, m.bits
	}
	if m.leftA() == 0 || m.leftB() == 0 {
		return c.containedLevel(&m)
	}
	c.alignAlike(&m)
	return m.alikeLevel(), m.bits
}

// sameJoined says whether the names are the same but for where words begin.
func (m *alignment) sameJoined() bool {
	j := m.a.joined[0]
	return j != 0 && (j == m.b.joined[0] || j == m.b.joined[1]) && (m.a.n > 1 || m.b.n > 1)
}

// containedLevel judges where all words of one name are in the other.
func (c *comparer) containedLevel(m *alignment) (uint8, float32) {
	a, b := m.a, m.b
	switch whole := m.leftA() == 0 && m.leftB() == 0; {
	case whole && m.equal > 1:
		return nameFull, m.bits
	case whole && a.first != 0 && b.first != 0 && a.first != b.first:
		return nameSurname, m.bits
	case whole:
		return nameInitial, m.bits
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
		kind := c.likeness(m.a.words[x], m.b.words[y])
		if kind == 0 || kind == nameNick && (m.a.roles[x] == roleSurname || m.b.roles[y] == roleSurname) {
			return false
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
// Two given names that are both known are one name only where they are listed as
// forms of one: Christian is no slip for Christine.
func (c *comparer) likeness(x, y word) uint8 {
	a, b := c.words.texts[x.plain], c.words.texts[y.plain]
	p, q := c.kin[x.plain], c.kin[y.plain]
	related := slices.ContainsFunc(p, func(f uint16) bool { return slices.Contains(q, f) })
	if len(p) > 0 && len(q) > 0 && !related {
		return 0
	}
	if sa, sb := c.sounds[x.plain], c.sounds[y.plain]; sa == sb && len(sa) > 1 && jaroWinkler(a, b) > 0.7 {
		return nameSounds
	}
	for _, p := range [2]int32{x.plain, x.spelt} {
		for _, q := range [2]int32{y.plain, y.spelt} {
			a, b := c.words.texts[p], c.words.texts[q]
			if min(len(a), len(b)) > 3 && oneEdit(a, b) {
				return nameTypo
			}
		}
	}
	if related {
		return nameNick
	}
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(a) > 2 && len(b) > len(a)+1 && strings.HasPrefix(b, a) {
		return nameNick
	}
	if min(len(a), len(b)) > 4 && jaroWinkler(a, b) > 0.93 {
		return nameTypo
	}
	return 0
}
