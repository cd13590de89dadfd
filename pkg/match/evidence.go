package match

import (
	"cmp"
	"math"
	"slices"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/source"
)

// Reasons of pairs that evidence makes.
const (
	ReasonAnchor       = "anchor"
	ReasonEvidence     = "evidence"
	ReasonCorroborated = "corroborated_name"
)

// Reasons for a review.
const (
	ReasonUnlikely   = "unlikely_candidates" // left unmatched: there are candidates, none worth a look
	ReasonNotProven  = "not_proven"          // nothing but the name speaks for it
	ReasonNamesakes  = "namesakes"           // several users have a name that fits
	ReasonClose      = "close_call"          // another candidate is almost as good
	ReasonNameDiffer = "name_differs"        // an identifier agrees, the name does not
	ReasonForeign    = "foreign_origin"      // the mailbox was synchronised from elsewhere
)

// candidate is a mailbox that an AD user was compared with.
type candidate struct {
	findings
	m365   int32
	weight float32
}

// engine compares and decides, by either method.
type engine struct {
	*table
	*comparer
	rules    [ruleCount]rule
	tiers    []tier
	weights  [ruleCount][]float64 // by level
	listedAD []float32            // by AD user: what being listed is worth
	listed   []float32            // by mailbox
	byAD     [][]candidate        // best first
	byM365   [][]rival            // best first
	crowded  []bool               // AD users whose name leads to too many mailboxes
}

// rival is an AD user that a mailbox was compared with.
type rival struct {
	ad, at int32 // byAD[ad][at]
	weight float32
}

func newEngine(t *table) *engine {
	e := &engine{table: t, rules: rules(), tiers: tiers()}
	s := newSheet(t.ad, t.m365)
	e.comparer = newComparer(s, findOrigins(t.ad, t.m365))
	for r := range e.rules {
		for _, l := range e.rules[r].levels {
			e.weights[r] = append(e.weights[r], l.weight)
		}
	}
	e.listedAD, e.listed = make([]float32, len(t.ad)), make([]float32, len(t.m365))
	return e
}

// adActive and m365Active say whether the user is a person whom matching takes,
// paired already or not.
func (e *engine) adActive(i int) bool   { return e.adSkip[i] == "" && e.sheet.ad[i].isPerson() }
func (e *engine) m365Active(j int) bool { return e.m365Skip[j] == "" && e.sheet.m365[j].isPerson() }

// proposable says whether a mailbox may be shown to whoever decides on an AD
// user: to one who is disabled, also one that keeps an address but is switched
// off or shared.
func (e *engine) proposable(i, j int) bool {
	return e.m365Skip[j] == "" || e.m365Skip[j] == source.SkipPrivileged || e.adSkip[i] == source.SkipDisabled && e.table.m365[j].Email != ""
}

// mayLookUp says whether mailboxes are looked for: for people, and for what looks
// like a second account, which may be that of Sally Jones, sa.jones.
func (p *profile) mayLookUp() bool {
	return p.isPerson() || p.excluded == ReasonAdmin && !p.stranger && !p.copied
}

// worthKeeping says whether a comparison makes a candidate. For an account that
// looks like a privileged one nothing does but what is beyond doubt.
func (e *engine) worthKeeping(a, m *profile, f *findings) bool {
	if a.excluded != "" || m.excluded != "" {
		l := &f.levels
		return l[ruleAnchor] == anchorSID || l[ruleAnchor] == anchorEqual || l[ruleEmployee] == employeeEqual && l[ruleAddress] == addressEqual
	}
	return plausible(f)
}

// findCandidates compares every AD user with the mailboxes that share a key with
// it and keeps those that may be the same person.
func (e *engine) findCandidates() {
	e.byAD, e.crowded = make([][]candidate, len(e.sheet.ad)), make([]bool, len(e.sheet.ad))
	blocks := newBlocks(e.sheet)
	parallel.Ranges(len(e.sheet.ad), func(from, to int) {
		var found []int32
		var kept []candidate
		for i := from; i < to; i++ {
			a := &e.sheet.ad[i]
			if !a.mayLookUp() {
				continue
			}
			found, kept = e.lookUp(&blocks, i, found[:0]), kept[:0]
			for _, j := range found {
				if f := e.compare(int32(i), j); e.worthKeeping(a, &e.sheet.m365[j], &f) {
					kept = append(kept, candidate{findings: f, m365: j})
				}
			}
			e.byAD[i] = slices.Clone(kept)
		}
	})
}

// lookUp collects the mailboxes that share a key with an AD user, in order.
func (e *engine) lookUp(b *blocks, i int, found []int32) []int32 {
	e.keysOf(&e.sheet.ad[i], func(k uint64) {
		var tooMany bool
		found, tooMany = b.lookUp(found, k)
		e.crowded[i] = e.crowded[i] || tooMany && (k&0xF == keyWords || k&0xF == keyJoined)
	})
	if j := e.mailbox[i]; j >= 0 && e.sheet.m365[j].mayLookUp() {
		found = append(found, j)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// plausible says whether a comparison is worth keeping: a name that fits, or
// something that names the person.
func plausible(f *findings) bool {
	l := &f.levels
	if n := l[ruleName]; n >= nameFull && n <= nameAlike {
		return true
	}
	return l[ruleAnchor] != 0 && l[ruleAnchor] <= anchorStamped || l[ruleAddress] == addressEqual || l[ruleAddress] == addressAlias || l[ruleAddress] == addressShared ||
		l[ruleUPN] == upnEqual || l[ruleUPN] == upnDerived || l[ruleEmployee] == employeeEqual || l[ruleLogin] != 0 || l[rulePhone] == phoneEqual || l[ruleOnPrem] == onPremEqual
}

// weigh adds the findings up and puts candidates and rivals in order.
func (e *engine) weigh() {
	parallel.Ranges(len(e.byAD), func(from, to int) {
		for i := from; i < to; i++ {
			list := e.byAD[i]
			for k := range list {
				e.finish(i, &list[k])
			}
			slices.SortFunc(list, func(a, b candidate) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.m365, b.m365)) })
		}
	})
	e.byM365 = make([][]rival, len(e.sheet.m365))
	for i, list := range e.byAD {
		for k, c := range list {
			e.byM365[c.m365] = append(e.byM365[c.m365], rival{int32(i), int32(k), c.weight})
		}
	}
	for _, list := range e.byM365 {
		slices.SortFunc(list, func(a, b rival) int { return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.ad, b.ad)) })
	}
}

// finish adds what was learnt to a comparison.
func (e *engine) finish(i int, c *candidate) {
	c.levels[ruleListedAD] = listedLevel(e.listedAD[i])
	c.levels[ruleListedM365] = listedLevel(e.listed[c.m365])
	c.weight = float32(e.total(i, c))
}

// listedBound is what being listed, or not, has to be worth to be a finding.
const listedBound = 0.5

func listedLevel(w float32) uint8 {
	switch {
	case w > listedBound:
		return listedYes
	case w < -listedBound:
		return listedNo
	}
	return 0
}

// maxName bounds what a name can be worth, its prior included: however rare, one
// in a hundred people of a unique name is taken to be somebody else.
const maxName = 6.6

// total is the log2 odds that the two are one person.
func (e *engine) total(i int, c *candidate) float64 {
	prior := -math.Log2(float64(max(2, len(e.sheet.m365))))
	name := prior + e.weight(i, c, ruleName)
	sum := min(name, maxName)
	for r := range ruleCount {
		if r != ruleName {
			sum += e.weight(i, c, r)
		}
	}
	return sum
}

// weight is what a rule says about a candidate.
func (e *engine) weight(i int, c *candidate, r int) float64 {
	switch r {
	case ruleName:
		return float64(c.nameBits) + e.weights[r][c.levels[r]]
	case ruleListedAD:
		return float64(e.listedAD[i])
	case ruleListedM365:
		return float64(e.listed[c.m365])
	}
	return e.weights[r][c.levels[r]]
}
