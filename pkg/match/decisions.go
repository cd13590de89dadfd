package match

import (
	"cmp"
	"maps"
	"slices"
)

// book is what was decided by hand, by the ids of the users.
type book struct {
	pairs          [][2]string // AD user and mailbox, each once, in order
	matched        map[[2]string]bool
	perAD, perM365 map[string]int
	ignored        map[string]bool
	rejected       map[[2]string]bool
}

func newBook(decisions []Decision) *book {
	b := &book{matched: map[[2]string]bool{}, perAD: map[string]int{}, perM365: map[string]int{}, ignored: map[string]bool{}, rejected: map[[2]string]bool{}}
	for _, d := range decisions {
		key := [2]string{normalID(d.ADID), normalID(d.M365ID)}
		switch d.Verdict {
		case VerdictIgnore:
			b.ignored[key[0]] = true
		case VerdictReject:
			b.rejected[key] = true
		case VerdictMatch:
			b.matched[key] = true
		}
	}
	b.pairs = inOrder(b.matched)
	for _, key := range b.pairs {
		b.perAD[key[0]]++
		b.perM365[key[1]]++
	}
	return b
}

func inOrder(keys map[[2]string]bool) [][2]string {
	return slices.SortedFunc(maps.Keys(keys), func(a, b [2]string) int {
		return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1]))
	})
}

// hasPair says whether the two were matched by hand.
func (b *book) hasPair(ad, m365 string) bool {
	return b.matched[[2]string{normalID(ad), normalID(m365)}]
}

// conflicting says whether another decision contradicts a pair.
func (b *book) conflicting(key [2]string) bool {
	return b.perAD[key[0]] > 1 || b.perM365[key[1]] > 1 || b.ignored[key[0]] || b.rejected[key]
}

// decide applies what was decided by hand. A user whom a decision binds to a
// mailbox that cannot be had is left unmatched: no rule may find another one.
func (t *table) decide(b *book) {
	if len(b.matched)+len(b.rejected)+len(b.ignored) == 0 {
		return
	}
	ads, m365s := index(t.ad), index(t.m365)
	for _, key := range inOrder(b.rejected) {
		i, okAD := ads[key[0]]
		if j, ok := m365s[key[1]]; ok && okAD {
			t.rejects[i] = append(t.rejects[i], j)
		}
	}
	conflicts := map[int][]Candidate{}
	for _, key := range b.pairs {
		i, okAD := ads[key[0]]
		j, okM365 := m365s[key[1]]
		if okM365 {
			t.reserved[j] = true
		}
		switch {
		case !okAD || t.adDone[i]:
		case b.conflicting(key):
			candidates := conflicts[i]
			if okM365 {
				candidates = append(candidates, Candidate{M365: t.m365[j].User})
			}
			conflicts[i] = candidates
		case !okM365, t.m365[j].Gone:
			t.unmatched(i, ReasonDecidedMissing)
		case t.m365Done[j]:
			t.unmatched(i, ReasonDecidedTaken)
		default:
			t.pair(i, j, ReasonDecision, 1, []Evidence{{Rule: ReasonDecision, Text: "decided by hand"}})
		}
	}
	for i := range t.ad {
		if candidates, ok := conflicts[i]; ok {
			t.review(i, ReasonDecisionConflict, candidates[:min(len(candidates), maxCandidates)])
		} else if b.ignored[normalID(t.ad[i].ID)] && !t.adDone[i] {
			t.unmatched(i, ReasonIgnored)
		}
	}
}
