package match

import (
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// namesakes are the users of one display name. All of them count when the name
// is judged to be unique; only the free ones may be paired.
type namesakes struct {
	key              string
	ad, m365         int
	freeAD, freeM365 []int
	held             []int // mailboxes of users who hold power
	taken            bool  // one of the mailboxes is somebody's already
}

// byDisplayName pairs users whose display names are equal and found once on
// either side, unless hard evidence contradicts.
func (e *engine) byDisplayName() {
	t := e.table
	groups := make(map[string]*namesakes, len(t.ad))
	var order []*namesakes // by the first AD user
	for i := range e.sheet.ad {
		key := e.sheet.ad[i].key
		if e.sheet.ad[i].stranger || e.sheet.ad[i].copied {
			continue
		}
		if key == "" {
			if t.adFree(i) {
				t.unmatched(i, noNameReason(t.ad[i].DisplayName))
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
	for j := range e.sheet.m365 {
		if g := groups[e.sheet.m365[j].key]; g != nil && !e.sheet.m365[j].stranger && !e.sheet.m365[j].copied {
			g.m365++
			switch {
			case t.m365Free(j):
				g.freeM365 = append(g.freeM365, j)
			case t.heldBack(j):
				g.held = append(g.held, j)
			case t.m365Skip[j] == "":
				g.taken = true
			}
		}
	}
	others := newSpellings(e.sheet)
	for _, g := range order {
		e.byName(g, others)
	}
}

// spellings counts who has a name, however it is written: Sören Müller, and
// Mueller, Soeren.
type spellings struct {
	*sheet
	ad, m365 map[uint64][]int32 // people by the words of a name
}

func newSpellings(s *sheet) *spellings {
	x := &spellings{sheet: s, ad: map[uint64][]int32{}, m365: map[uint64][]int32{}}
	for _, side := range []struct {
		profiles []profile
		people   map[uint64][]int32
	}{{s.ad, x.ad}, {s.m365, x.m365}} {
		for i := range side.profiles {
			p := &side.profiles[i]
			if !p.isPerson() {
				continue
			}
			for k := range p.views {
				if key := x.key(&p.views[k]); key != 0 && !slices.Contains(side.people[key], int32(i)) && len(side.people[key]) < 3 {
					side.people[key] = append(side.people[key], int32(i))
				}
			}
		}
	}
	return x
}

// key is the words of a name in any order, umlauts as one letter or as two.
func (x *spellings) key(v *view) uint64 {
	if v.n < 2 {
		return 0
	}
	sum := uint64(0)
	for _, w := range v.words[:v.n] {
		text := x.words.texts[w.spelt]
		if v.script.lossy {
			text = x.words.texts[w.written]
		}
		h := hashText(umlauts.Replace(text))
		sum += h * (h>>7 | 1)
	}
	return sum
}

var umlauts = strings.NewReplacer("ae", "a", "oe", "o", "ue", "u")

// shared says whether somebody else has a name of the AD user's or the mailbox's.
func (x *spellings) shared(i, j int) bool {
	for _, p := range []*profile{&x.sheet.ad[i], &x.sheet.m365[j]} {
		for k := range p.views {
			key := x.key(&p.views[k])
			if slices.ContainsFunc(x.ad[key], func(o int32) bool { return int(o) != i }) || slices.ContainsFunc(x.m365[key], func(o int32) bool { return int(o) != j }) {
				return true
			}
		}
	}
	return false
}

func (e *engine) byName(g *namesakes, others *spellings) {
	t := e.table
	if len(g.freeAD) == 0 {
		return
	}
	if len(g.freeM365) == 0 && len(g.held) > 0 {
		is, js := t.open(g.freeAD, g.held)
		for _, i := range is {
			var list []Candidate
			for _, j := range js[:min(len(js), maxCandidates)] {
				list = append(list, e.proposal(i, e.candidate(i, int32(j))))
			}
			t.review(i, source.SkipPrivileged, list)
		}
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
		t.ambiguous(is, append(js, g.held...), ReasonSameName)
		return
	}
	i, j := is[0], js[0]
	c := e.candidate(i, int32(j))
	switch {
	case e.contradicts(c):
		t.review(i, ReasonContradiction, []Candidate{e.proposal(i, c)})
		return
	case e.lonely(i, c):
		t.review(i, ReasonNotProven, []Candidate{e.proposal(i, c)})
		return
	case others.shared(i, j):
		t.review(i, ReasonNamesakes, []Candidate{e.proposal(i, c)})
		return
	}
	t.pair(i, j, ReasonDisplayName, nameConfidence, []Evidence{{
		Rule: ReasonDisplayName, AD: g.key, M365: g.key,
		Text: "the display names are the same, and nobody else on either side has it",
	}})
}

// lonely says whether nothing but the display name speaks for a pair of which both
// look like people without a partner here: one who left, and one yet to come.
func (e *engine) lonely(i int, c *candidate) bool {
	forces := e.forces(c)
	if forces[proof]+forces[identifier] > 0 || e.listedAD[i]+e.listed[c.m365] >= -listedBound {
		return false
	}
	return !slices.ContainsFunc(ownFacts, func(r int) bool { return e.fact(i, c, r) >= 1 })
}

// contradicts says whether something speaks against a pair of one display name.
// A department or title changes with the years: it counts where nothing else
// than the name speaks for the pair.
func (e *engine) contradicts(c *candidate) bool {
	forces := e.forces(c)
	if c.levels[ruleAccount] == accountAdmin && (c.levels[ruleEmployee] != employeeEqual || c.levels[ruleAddress] != addressEqual) {
		return true
	}
	if forces[veto]+forces[conflict]+forces[foreign] > 0 || contradicts(c.levels[ruleName]) {
		return true
	}
	if c.levels[ruleAccount] == accountPurpose && forces[proof]+forces[identifier] == 0 {
		return true
	}
	same := c.levels[ruleDepartment] == sameEqual || c.levels[ruleTitle] == sameEqual
	differs := c.levels[ruleDepartment] == sameDiffers || c.levels[ruleTitle] == sameDiffers
	return differs && !same && forces[proof]+forces[identifier] == 0
}

// noNameReason says why a display name cannot be matched.
func noNameReason(name string) string {
	if isDamaged(name) {
		return ReasonDamagedName
	}
	return ReasonNoName
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
