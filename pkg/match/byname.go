package match

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/qpimport/qpimport/internal/parallel"
)

// namesakes are the users of one display name. All of them count when the name
// is judged to be unique; only the free ones may be paired.
type namesakes struct {
	key              string
	ad, m365         int
	freeAD, freeM365 []int
	taken            bool // one of the mailboxes is somebody's already
}

// byDisplayName pairs users whose display names are equal and found once on
// either side, unless hard evidence contradicts.
func (e *engine) byDisplayName() {
	t := e.table
	adKeys, m365Keys := keysOfAll(t.ad, e.sheet.ad), keysOfAll(t.m365, e.sheet.m365)
	groups := make(map[string]*namesakes, len(t.ad))
	var order []*namesakes // by the first AD user
	for i, key := range adKeys {
		if key == "" {
			if t.adFree(i) {
				t.unmatched(i, ReasonNoName)
			}
			continue
		}
		g := groups[key]
		if g == nil {
			g = &namesakes{key: key}
			groups[key] = g
			order = append(order, g)
		}
		g.ad++
		if t.adFree(i) {
			g.freeAD = append(g.freeAD, i)
		}
	}
	for j, key := range m365Keys {
		if g := groups[key]; g != nil {
			g.m365++
			if t.m365Free(j) {
				g.freeM365 = append(g.freeM365, j)
			} else if t.m365Skip[j] == "" {
				g.taken = true
			}
		}
	}
	for _, g := range order {
		e.byName(g)
	}
}

// keysOfAll are the keys of the display names; AD's own objects and guests have
// none.
func keysOfAll(persons []Person, profiles []profile) []string {
	keys := make([]string, len(persons))
	parallel.Ranges(len(persons), func(from, to int) {
		for i := from; i < to; i++ {
			if !profiles[i].stranger {
				keys[i] = wholeKey(persons[i].DisplayName)
			}
		}
	})
	return keys
}

// wholeKey is the key of a name, none for one that lost characters on its way:
// what stood in their place may differ.
func wholeKey(name string) string {
	if !utf8.ValidString(name) || strings.ContainsRune(name, utf8.RuneError) {
		return ""
	}
	return Key(name)
}

func (e *engine) byName(g *namesakes) {
	t := e.table
	if len(g.freeAD) == 0 {
		return
	}
	if len(g.freeM365) == 0 {
		reason := ReasonNoCandidate
		if g.taken {
			reason = ReasonTaken
		}
		for _, i := range g.freeAD {
			t.unmatched(i, reason)
		}
		return
	}
	is, js := t.open(g.freeAD, g.freeM365)
	if len(is) == 0 {
		return
	}
	if g.ad > 1 || g.m365 > 1 {
		t.ambiguous(is, js, ReasonSameName)
		return
	}
	i, j := is[0], js[0]
	if c := e.candidate(i, int32(j)); e.contradicts(c) {
		t.review(i, ReasonContradiction, []Candidate{e.proposal(i, c)})
		return
	}
	t.pair(i, j, ReasonDisplayName, nameConfidence, []Evidence{{
		Rule: ReasonDisplayName, AD: g.key, M365: g.key,
		Text: "the display names are the same, and nobody else on either side has it",
	}})
}

// contradicts says whether something speaks against a pair of one display name.
// A department or title changes with the years: it counts where nothing else
// than the name speaks for the pair.
func (e *engine) contradicts(c *candidate) bool {
	forces := e.forces(c)
	if forces[veto]+forces[conflict] > 0 {
		return true
	}
	same := c.levels[ruleDepartment] == sameEqual || c.levels[ruleTitle] == sameEqual
	differs := c.levels[ruleDepartment] == sameDiffers || c.levels[ruleTitle] == sameDiffers
	return differs && !same && forces[proof]+forces[identifier] == 0
}

// nameConfidence is what a name that is unique on both sides is worth.
const nameConfidence = 0.9

// open drops those for whom every partner was rejected by hand. Both lists are
// in ascending order.
func (t *table) open(freeAD, freeM365 []int) (is, js []int) {
	rejectsOf := make(map[int]int)
	for _, i := range freeAD {
		count := 0
		for _, j := range t.rejects[i] {
			if _, ok := slices.BinarySearch(freeM365, j); ok {
				count++
				rejectsOf[j]++
			}
		}
		if count == len(freeM365) {
			t.unmatched(i, ReasonRejected)
		} else {
			is = append(is, i)
		}
	}
	for _, j := range freeM365 {
		if rejectsOf[j] < len(freeAD) {
			js = append(js, j)
		}
	}
	return is, js
}
