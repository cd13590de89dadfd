package match

import "math"

// facts is what a decision is taken on.
type facts struct {
	levels    [ruleCount]uint8
	forces    [veto + 1]int // findings by what they may do
	hard      int           // identifiers that stay with a person: the employee id
	soft      int           // those that travel with a post or a home: address, telephone; and an anchor that anybody may have written
	phoneOnly bool          // the one identifier is a telephone number
	vouched   bool          // the AD user's display name is not the only one that says so
	twoGiven  bool          // the given names are known for two names
	fitsOther bool          // another mailbox fits the AD user better but for the anchor
	namesakes int           // others on either side whose name fits as well
	same      float64       // what department and title say
	lead      float32       // over every other pair of the two
	// corroboration is by how much what bears out the name exceeds what is asked;
	// below zero: it does not.
	corroboration float64
	supports      int // facts that bear the name out
}

func (f *facts) ids() int { return f.hard + f.soft }

// is says whether the outcome of a rule is one of some.
func (f *facts) is(rule int, levels ...uint8) bool {
	for _, l := range levels {
		if f.levels[rule] == l {
			return true
		}
	}
	return false
}

// sameName: the names are the same.
func (f *facts) sameName() bool { return f.is(ruleName, nameFull) }

// variant: the given names are the same, and the rest is a form or a part.
func (f *facts) variant() bool {
	return f.is(ruleName, namePart, nameSounds, nameTypo, nameSwapped, nameRomanised, nameHint)
}

// givenVariant: the surnames are the same, and the given names forms of one.
func (f *facts) givenVariant() bool { return f.is(ruleName, nameSlip, nameNick) }

// halfName: half of the name is the same, or only begins alike.
func (f *facts) halfName() bool {
	return f.is(ruleName, nameInitial, nameAlike, nameGiven, nameSurname)
}

// unreadable: there is no name to compare.
func (f *facts) unreadable() bool { return f.is(ruleName, 0, nameScript) }

// ownAddress: the mailbox's own address, no alias of it, is one of the AD user's.
func (f *facts) ownAddress() bool {
	return f.is(ruleAddress, addressEqual) || f.is(ruleUPN, upnEqual)
}

// bothDiffer: department and title both differ.
func (f *facts) bothDiffer() bool {
	return f.is(ruleDepartment, sameDiffers) && f.is(ruleTitle, sameDiffers)
}

// markedOnce: one of the names carries a mark that tells it from another.
func (f *facts) markedOnce() bool {
	return f.is(ruleGeneration, generationOneSide) || f.is(ruleNumber, numberOneSide)
}

// tier is a step of the decision. The first that holds decides.
type tier struct {
	reason string
	holds  func(f *facts) bool
}

// tiers is the decision, from top to bottom. A pair is made for three of the
// reasons, [ReasonAnchor], [ReasonEvidence] and [ReasonCorroborated], and then
// only with a clear lead; the others are for people.
func tiers() []tier {
	return []tier{
		// Hard evidence against the pair outweighs whatever speaks for it.
		{ReasonContradiction, func(f *facts) bool { return f.forces[veto] > 0 }},
		// An anchor can be copied or moved, a SID cannot: an anchor proves nothing
		// where the name is another, or another mailbox is the user's own.
		{ReasonNameDiffer, func(f *facts) bool {
			return f.is(ruleAnchor, anchorEqual) && (f.is(ruleName, nameOther) || f.fitsOther)
		}},
		// Directory synchronisation said so itself.
		{ReasonAnchor, func(f *facts) bool { return f.forces[proof] > 0 }},

		// Two identifiers that do not depend on one another, and a name that fits.
		{ReasonEvidence, func(f *facts) bool {
			return f.ids() > 1 && f.forces[conflict] == 0 && (f.sameName() || (f.variant() || f.givenVariant()) && (f.ownAddress() || f.hard > 0))
		}},
		// What travels with a post or a home goes to a successor of the same given
		// name, and to both of a couple: with half a name, or one that cannot be
		// compared, it takes what stays with a person, and more. Personnel numbers are
		// given out again, and a department is no second identifier where the given
		// names are two.
		{ReasonEvidence, func(f *facts) bool { return f.ids() > 1 && f.hard > 0 && f.forces[conflict] == 0 && f.unreadable() }},
		{ReasonEvidence, func(f *facts) bool {
			sure := f.ids() > 1 || f.same > 2 && !f.twoGiven && !f.is(ruleName, nameSurname)
			return f.hard > 0 && sure && f.forces[conflict] == 0 && f.halfName() && !f.bothDiffer() && !f.markedOnce()
		}},
		{ReasonNameDiffer, func(f *facts) bool { return f.halfName() || f.is(ruleName, nameOther) }},

		// One identifier and the name. Among namesakes it takes more: a department
		// or title, or an identifier that leaves them far behind.
		{ReasonNamesakes, func(f *facts) bool { return f.ids() == 0 && f.namesakes > 0 }},
		{ReasonContradiction, func(f *facts) bool { return f.forces[conflict] > 0 }},
		{ReasonForeign, func(f *facts) bool { return f.forces[foreign] > 0 && f.hard == 0 && f.soft < 2 }},
		{ReasonNotProven, func(f *facts) bool { return f.bothDiffer() || f.markedOnce() }},
		{ReasonEvidence, func(f *facts) bool {
			return f.ids() > 0 && f.sameName() && f.namesakes == 0 && (!f.phoneOnly || f.vouched)
		}},
		{ReasonEvidence, func(f *facts) bool {
			return f.ids() > 0 && f.sameName() && (f.lead >= farLead || f.same > 2) && (f.is(ruleAddress, addressEqual) || f.hard > 0)
		}},
		{ReasonEvidence, func(f *facts) bool {
			return f.variant() && f.namesakes == 0 && (f.ownAddress() || f.hard > 0 || f.phoneOnly && f.vouched && f.same > 0)
		}},
		{ReasonEvidence, func(f *facts) bool {
			return f.givenVariant() && f.namesakes == 0 && (f.ownAddress() || f.hard > 0 || f.phoneOnly && f.vouched && f.same > 2)
		}},
		{ReasonNamesakes, func(f *facts) bool { return f.namesakes > 0 }},

		// No identifier: a name found once on either side, and not in the display
		// name alone, that independent facts bear out.
		{ReasonCorroborated, func(f *facts) bool {
			asks := corroborationFor[f.levels[ruleName]]
			if f.is(ruleRemark, remarkOneSide) {
				asks += remarked
			}
			return f.ids() == 0 && f.vouched && f.corroboration >= asks && (f.sameName() || f.supports > 2)
		}},
	}
}

// What the tiers ask for, in log2.
const (
	clearLead = 4 // of every pair that is made
	farLead   = 8 // of one identifier among namesakes
	remarked  = 1 // more corroboration, where one of the names carries a remark
)

// corroborationFor is how much more corroboration a name asks for than an equal
// one, and then of three facts; the others are never enough without an identifier.
var corroborationFor = [nameScript + 1]float64{
	0: math.MaxFloat64, nameFull: 0, namePart: 3, nameSounds: 4, nameTypo: 4, nameRomanised: 4,
	nameSwapped: math.MaxFloat64, nameHint: math.MaxFloat64, nameSlip: math.MaxFloat64, nameNick: math.MaxFloat64,
	nameInitial: math.MaxFloat64, nameAlike: math.MaxFloat64, nameGiven: math.MaxFloat64, nameSurname: math.MaxFloat64,
	nameOther: math.MaxFloat64, nameScript: math.MaxFloat64,
}

func (e *engine) facts(i int, c *candidate, lead float32, namesakes int) facts {
	l := c.levels
	f := facts{
		levels: l, forces: e.forces(c), namesakes: namesakes, lead: lead,
		vouched:   e.vouched(&e.sheet.ad[i]),
		twoGiven:  e.twoGiven(&e.sheet.ad[i], &e.sheet.m365[c.m365]),
		fitsOther: e.fitsOther(i, c),
		same:      e.weights[ruleDepartment][l[ruleDepartment]] + e.weights[ruleTitle][l[ruleTitle]],
	}
	f.corroboration, f.supports = e.corroboration(i, c)
	count := func(n *int, holds bool) {
		if holds {
			*n++
		}
	}
	// Address, UPN and login are one identifier in three places.
	sameAddress := f.is(ruleAddress, addressEqual, addressAlias) || f.is(ruleUPN, upnEqual) || f.is(ruleLogin, loginEqual)
	count(&f.soft, f.is(ruleAnchor, anchorStamped))
	count(&f.hard, f.is(ruleEmployee, employeeEqual))
	count(&f.soft, sameAddress)
	count(&f.soft, f.is(rulePhone, phoneEqual))
	f.phoneOnly = f.ids() == 1 && f.is(rulePhone, phoneEqual)
	return f
}

// fitsOther says whether an anchor leads the AD user to a mailbox of another name
// while he has one of his own.
func (e *engine) fitsOther(i int, c *candidate) bool {
	if c.levels[ruleAnchor] != anchorEqual || c.levels[ruleName] == nameFull {
		return false
	}
	weight := c.weight - float32(e.weight(i, c, ruleAnchor))
	for k := range e.byAD[i] {
		o := &e.byAD[i][k]
		own := o.weight - float32(e.weight(i, o, ruleAnchor))
		if o.m365 != c.m365 && o.levels[ruleName] == nameFull && own > weight && e.claimable(o.m365) {
			return true
		}
	}
	return false
}

// ownFacts are the rules that bear a name out and do not follow from it.
var ownFacts = []int{ruleAddress, ruleLogin, rulePhone, ruleInitial, ruleDepartment, ruleTitle}

// fact is what one of them is worth; an identifier counts as such, and a login that
// follows from the name as nothing.
func (e *engine) fact(i int, c *candidate, r int) float64 {
	if e.rules[r].levels[c.levels[r]].force == identifier || r == ruleLogin && c.levels[r] == loginDerived {
		return 0
	}
	return e.weight(i, c, r)
}

// corroboration adds up what bears a name out and does not follow from it, less
// what is asked: more than one fact, and the more the more people there are,
// since what they have in common by chance grows with their number.
func (e *engine) corroboration(i int, c *candidate) (sum float64, supports int) {
	people := math.Log2(float64(len(e.sheet.m365) + 1))
	listed := float64(e.listedAD[i] + e.listed[c.m365])
	own := 0 // facts of the two, not of what people have here
	for _, r := range ownFacts {
		w := e.fact(i, c, r)
		sum += w
		switch {
		case w >= 1:
			supports++
			own++
		case w < 0 && r != rulePhone:
			sum-- // a contradiction, if a soft one
		}
	}
	for _, w := range []float32{e.listedAD[i], e.listed[c.m365]} {
		switch {
		case w >= 4:
			supports += 2 // hardly anybody without a partner has it
		case w >= 1:
			supports++
		}
	}
	switch {
	case supports < 2:
		return math.Inf(-1), supports
	case listed >= -listedBound:
		return sum + listed - people/4 - 0.5, supports
	case own < 2:
		// They look like people without a partner, who may be two of one name: one
		// who left, and one yet to come.
		return math.Inf(-1), supports
	}
	return sum - people/2 - 0.5, supports
}
