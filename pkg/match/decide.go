package match

import (
	"cmp"
	"math"
	"slices"

	"github.com/qpimport/qpimport/internal/parallel"
	"github.com/qpimport/qpimport/pkg/source"
)

// worthALook is the log2 odds from which on a candidate is proposed.
const worthALook = -6

// decideAll pairs what is proven and leaves the rest to people.
func (e *engine) decideAll() {
	type verdict struct {
		at       int
		reason   string
		evidence []Evidence // of a pair
	}
	verdicts := make([]verdict, len(e.byAD))
	parallel.Ranges(len(e.byAD), func(from, to int) {
		for i := from; i < to; i++ {
			if e.adFree(i) {
				at, reason := e.best(i)
				verdicts[i] = verdict{at: at, reason: reason}
				if at >= 0 && isAutomatic(reason) {
					evidence, against := e.evidence(i, &e.byAD[i][at])
					verdicts[i].evidence = append(evidence, against...)
				}
			}
		}
	})
	for i, v := range verdicts {
		if !e.adFree(i) || v.at < 0 {
			continue
		}
		if c := &e.byAD[i][v.at]; isAutomatic(v.reason) && e.m365Free(int(c.m365)) {
			e.pair(i, int(c.m365), v.reason, confidence(c.weight), v.evidence)
		}
	}
	for i, v := range verdicts {
		switch excluded := e.sheet.ad[i].excluded; {
		case e.adFree(i) && excluded != "":
			e.unmatched(i, excluded)
		case e.adFree(i), e.adSkip[i] == source.SkipDisabled && e.sheet.ad[i].isPerson() && !e.adDone[i]:
			e.toReview(i, v.reason)
		}
	}
}

// isAutomatic says whether a reason pairs without asking anybody.
func isAutomatic(reason string) bool {
	return reason == ReasonAnchor || reason == ReasonEvidence || reason == ReasonCorroborated
}

// confidence is the probability that belongs to log2 odds, kept below certainty.
func confidence(weight float32) float64 {
	p := 1 / (1 + math.Exp2(-float64(weight)))
	return math.Round(clamp(p, 0.0001, 0.9999)*1e4) / 1e4
}

// possible says whether the mailbox may still go to the AD user.
func (e *engine) possible(i int, c *candidate) bool {
	j := int(c.m365)
	return (e.m365Free(j) || e.heldBack(j)) && !e.isRejected(i, j)
}

// best names the AD user's best candidate that can be had, and the reason to
// pair them, or why a person has to decide.
func (e *engine) best(i int) (at int, reason string) {
	list := e.byAD[i]
	at = slices.IndexFunc(list, func(c candidate) bool { return e.possible(i, &c) })
	if at < 0 {
		return at, ""
	}
	c := &list[at]
	lead := e.lead(i, at)
	reason = e.judge(i, c, lead, e.namesakes(i, at))
	switch {
	case !isAutomatic(reason):
	case lead < clearLead:
		reason = ReasonClose
	case e.heldBack(int(c.m365)):
		reason = source.SkipPrivileged
	}
	return at, reason
}

// lead is how far a pair is ahead of every other pair of either user.
func (e *engine) lead(i, at int) float32 {
	c := &e.byAD[i][at]
	lead := float32(math.Inf(1))
	for k := range e.byAD[i] {
		if o := &e.byAD[i][k]; k != at && e.claimable(o.m365) && !e.isRejected(i, int(o.m365)) {
			lead = min(lead, c.weight-o.weight)
			break
		}
	}
	for _, r := range e.byM365[c.m365] {
		if int(r.ad) != i && e.claims(int(r.ad)) && !e.isRejected(int(r.ad), int(c.m365)) {
			lead = min(lead, c.weight-r.weight)
			break
		}
	}
	return lead
}

// claims says whether the AD user may be the one a mailbox belongs to: he has none
// yet, whether or not a rule may give him one.
func (e *engine) claims(i int) bool { return !e.table.ad[i].Taken() && !e.settledAD[i] }

// claimable is the same of a mailbox.
func (e *engine) claimable(j int32) bool {
	return !e.table.m365[j].Taken() && !e.settledM365[j] && !e.reserved[j]
}

// isNamesake says whether a comparison found a name that could be the same
// person's, with nothing that rules it out.
func (e *engine) isNamesake(c *candidate) bool {
	n := c.levels[ruleName]
	return (n == nameFull || n == namePart || n == nameInitial) && c.levels[ruleGeneration] != generationDiffers && c.levels[ruleInitial] != initialDiffers
}

// namesakes counts the other users on both sides, matched ones included, whose
// name fits as well.
func (e *engine) namesakes(i, at int) int {
	n := 0
	if e.crowded[i] {
		n++
	}
	c := &e.byAD[i][at]
	for k := range e.byAD[i] {
		if k != at && e.isNamesake(&e.byAD[i][k]) {
			n++
		}
	}
	for _, r := range e.byM365[c.m365] {
		if int(r.ad) != i && e.isNamesake(&e.byAD[r.ad][r.at]) {
			n++
		}
	}
	return n
}

// judge says what becomes of a pair that is an AD user's best: the reason of the
// first tier that holds.
func (e *engine) judge(i int, c *candidate, lead float32, namesakes int) string {
	f := e.facts(i, c, lead, namesakes)
	for _, t := range e.tiers {
		if t.holds(&f) {
			return t.reason
		}
	}
	return ReasonNotProven
}

// toReview proposes the candidates that are worth a look.
func (e *engine) toReview(i int, reason string) {
	var list []Candidate
	taken, unlikely := false, false
	for k := range e.byAD[i] {
		c := &e.byAD[i][k]
		if e.isRejected(i, int(c.m365)) || !e.proposable(i, int(c.m365)) {
			continue
		}
		if !e.worthShowing(c) {
			unlikely = true
			continue
		}
		if e.m365Done[c.m365] || e.reserved[c.m365] {
			taken = true
			continue
		}
		if len(list) < maxCandidates {
			list = append(list, e.proposal(i, c))
		}
	}
	if len(list) == 0 && !taken && e.adSkip[i] == "" {
		// Somebody should know why the one of the same name is not his.
		for k := range e.byAD[i] {
			c := &e.byAD[i][k]
			if len(list) < maxCandidates && c.levels[ruleName] == nameFull && e.possible(i, c) && e.proposable(i, int(c.m365)) {
				list = append(list, e.proposal(i, c))
				reason = ReasonContradiction
			}
		}
	}
	switch {
	case len(list) > 0 && e.adSkip[i] != "":
		e.review(i, e.adSkip[i], list)
	case len(list) > 0:
		e.review(i, cmp.Or(reason, ReasonNotProven), list)
	case e.adSkip[i] != "":
		e.unmatched(i, e.adSkip[i])
	case len(e.rejects[i]) > 0:
		e.unmatched(i, ReasonRejected)
	case taken:
		e.unmatched(i, ReasonTaken)
	case unlikely:
		e.unmatched(i, ReasonUnlikely)
	case len(e.sheet.ad[i].views) == 0:
		e.unmatched(i, noNameReason(e.table.ad[i].DisplayName))
	}
}

// proposal is a candidate as a review shows it.
func (e *engine) proposal(i int, c *candidate) Candidate {
	evidence, against := e.evidence(i, c)
	return Candidate{M365: e.table.m365[c.m365].User, Confidence: confidence(c.weight), Evidence: evidence, Against: against}
}

// worthShowing says whether somebody should look at a candidate: it is not
// unlikely, or has the very name, or something that names the person.
func (e *engine) worthShowing(c *candidate) bool {
	forces := e.forces(c)
	return c.weight >= worthALook || c.levels[ruleName] == nameFull && forces[veto] == 0 || forces[identifier] > 0
}

// forces counts the findings by what they may do.
func (e *engine) forces(c *candidate) (found [veto + 1]int) {
	for r := range e.rules {
		found[e.rules[r].levels[c.levels[r]].force]++
	}
	return found
}

// evidence writes the findings out, what speaks for the pair and what against.
func (e *engine) evidence(i int, c *candidate) (in, against []Evidence) {
	n := 0
	for _, l := range c.levels {
		n += int(min(l, 1))
	}
	in = make([]Evidence, 0, n)
	for r := range e.rules {
		l := e.rules[r].levels[c.levels[r]]
		if c.levels[r] == 0 {
			continue
		}
		a, m := e.values(r, int32(i), c)
		ev := Evidence{Rule: e.rules[r].name, Weight: math.Round(e.weight(i, c, r)*10) / 10, AD: a, M365: m, Text: l.text}
		if ev.Weight < 0 {
			against = append(against, ev)
		} else {
			in = append(in, ev)
		}
	}
	return in, against
}
