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
	rules       [ruleCount]rule
	tiers       []tier
	weights     [ruleCount][]float64 // by level
	listedAD    []float32            // by AD user: what being listed is worth
	listed      []float32            // by mailbox
	counts      []bool               // mailboxes of people whom matching takes, taken or not
	disabledAD  []bool               // AD users who are looked up, but never paired by a rule
	disabledBox []bool               // mailboxes that are proposed for them alone
	byAD        [][]candidate        // best first
	byM365      [][]rival            // best first
	crowded     []bool               // AD users whose name leads to too many mailboxes
}

// rival is an AD user that a mailbox was compared with.
type rival struct {
	ad, at int32 // byAD[ad][at]
	weight float32
}

func newEngine(t *table) *engine {
	e := &engine{table: t, rules: rules(), tiers: tiers()}
	s := newSheet(t.ad, t.m365)
	e.disabledAD, e.disabledBox, e.counts = make([]bool, len(t.ad)), make([]bool, len(t.m365)), make([]bool, len(t.m365))
	for i := range e.disabledAD {
		e.disabledAD[i] = t.adSkip[i] == source.SkipDisabled && s.ad[i].excluded == "" && !t.adDone[i]
	}
	for j := range e.counts {
		e.counts[j] = t.m365Skip[j] == "" && s.m365[j].excluded == ""
		e.disabledBox[j] = s.m365[j].excluded == "" && isDisabledBox(&t.m365[j], t.m365Skip[j]) && !t.m365Done[j]
	}
	e.comparer = newComparer(s, findOrigins(t.ad, t.m365),
		func(i int) bool { return t.adSkip[i] == "" && s.ad[i].excluded == "" },
		func(j int) bool { return e.counts[j] })
	for r := range e.rules {
		for _, l := range e.rules[r].levels {
			e.weights[r] = append(e.weights[r], l.weight)
		}
	}
	e.listedAD, e.listed = make([]float32, len(t.ad)), make([]float32, len(t.m365))
	return e
}

// isDisabledBox says whether a mailbox may be proposed for an AD user who is
// disabled: it keeps an address, but is switched off or shared.
func isDisabledBox(p *Person, skip string) bool {
	return (skip == source.SkipDisabled || skip == source.SkipNoMailbox) && p.Email != "" && !p.Guest
}

// adCounts says whether the AD user is a person whom matching takes, taken or not.
func (e *engine) adCounts(i int) bool { return e.adSkip[i] == "" && e.sheet.ad[i].excluded == "" }

// weighEvidence finds the candidates of everybody and weighs them, with what the
// customer's own data teaches.
func (e *engine) weighEvidence() {
	e.findCandidates()
	e.learn()
	e.weigh()
}

// weighByTable is the same where matching goes by name: with the weights that a
// review was given, those of the table of rules.
func (e *engine) weighByTable() {
	e.findCandidates()
	e.weigh()
}

func (e *engine) byEvidence() {
	e.leaveOutAccounts()
	e.decideAll()
}

// leaveOutAccounts takes accounts that are nobody's own out of the match.
func (e *engine) leaveOutAccounts() {
	for i := range e.sheet.ad {
		if e.adFree(i) && e.sheet.ad[i].excluded != "" {
			e.unmatched(i, e.sheet.ad[i].excluded)
		}
	}
}

// findCandidates compares every AD user with the mailboxes that share a key with
// it and keeps those that may be the same person.
func (e *engine) findCandidates() {
	e.byAD, e.crowded = make([][]candidate, len(e.sheet.ad)), make([]bool, len(e.sheet.ad))
	blocks := newBlocks(e.sheet, func(j int) bool { return e.counts[j] || e.disabledBox[j] })
	parallel.Ranges(len(e.sheet.ad), func(from, to int) {
		var found []int32
		var kept []candidate
		for i := from; i < to; i++ {
			if !e.adCounts(i) && !e.disabledAD[i] {
				continue
			}
			found, kept = e.lookUp(&blocks, i, found[:0]), kept[:0]
			for _, j := range found {
				if !e.counts[j] && e.adCounts(i) {
					continue
				}
				if f := e.compare(int32(i), j); plausible(&f) {
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
	if j := e.mailbox[i]; j >= 0 && (e.counts[j] || e.disabledBox[j]) {
		found = append(found, j)
	}
	slices.Sort(found)
	return slices.Compact(found)
}

// plausible says whether a comparison is worth keeping: a name that fits, or
// something that names the person.
func plausible(f *findings) bool {
	l := &f.levels
	if n := l[ruleName]; n >= nameFull && n <= nameInitial {
		return true
	}
	return l[ruleAnchor] == anchorEqual || l[ruleAnchor] == anchorOtherSID || l[ruleAddress] == addressEqual || l[ruleAddress] == addressShared ||
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
