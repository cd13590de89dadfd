package match

import "math"

// facts is what a decision is taken on.
type facts struct {
	levels        [ruleCount]uint8
	contrary      int     // findings that contradict the pair
	proofs        int     // anchors
	ids           int     // identifiers that agree and do not depend on one another
	strong        bool    // the names are the same, or one is part of the other
	weak          bool    // the names are forms of one another: sound, slip, nickname, initial
	namesakes     int     // others on either side whose name fits as well
	elsewhere     bool    // an address or login of the AD user is another's in Microsoft 365, or the reverse
	bothDiffer    bool    // department and title both differ
	same          float64 // what department and title say
	lead          float32 // over every other pair of the two
	corroboration float64 // by how much what bears out the name exceeds what is asked; below zero: it does not
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
	name := func(f *facts, levels ...uint8) bool {
		for _, l := range levels {
			if f.levels[ruleName] == l {
				return true
			}
		}
		return false
	}
	return []tier{
		// Hard evidence against the pair outweighs whatever speaks for it.
		{ReasonContradiction, func(f *facts) bool { return f.contrary > 0 }},
		// An anchor can be copied or moved: it proves nothing where the name is
		// another and the AD user's own address is that of another mailbox.
		{ReasonNameDiffer, func(f *facts) bool {
			return f.proofs > 0 && name(f, nameOther) && (f.levels[ruleAddress] == addressElsewhere || f.levels[ruleUPN] == upnElsewhere)
		}},
		// Directory synchronisation said so itself.
		{ReasonAnchor, func(f *facts) bool { return f.proofs > 0 }},

		// Two identifiers that do not depend on one another, and a name that
		// fits, or cannot be compared.
		{ReasonEvidence, func(f *facts) bool {
			return f.ids > 1 && !f.elsewhere && (f.strong || f.weak || name(f, 0, nameScript))
		}},
		// The same where half of the name changed: a marriage, a call name.
		{ReasonEvidence, func(f *facts) bool {
			return f.ids > 1 && !f.elsewhere && !f.bothDiffer && name(f, nameGiven, nameSurname)
		}},
		// A new surname, with the old one in an alias of the mailbox, and more
		// that bears it out.
		{ReasonEvidence, func(f *facts) bool {
			return name(f, nameGiven) && f.levels[ruleLogin] == loginFormer && !f.elsewhere && !f.bothDiffer && f.corroboration >= formerName
		}},
		{ReasonNameDiffer, func(f *facts) bool { return name(f, nameGiven, nameSurname, nameOther) }},

		// One identifier and the name. Among namesakes it takes more: a
		// department or title, or an identifier that leaves them far behind.
		{ReasonNamesakes, func(f *facts) bool { return f.ids == 0 && f.namesakes > 0 }},
		{ReasonContradiction, func(f *facts) bool { return f.elsewhere }},
		{ReasonEvidence, func(f *facts) bool { return f.ids > 0 && f.strong && (f.namesakes == 0 || f.same > 2) }},
		{ReasonEvidence, func(f *facts) bool {
			return f.ids > 0 && f.strong && f.lead >= farLead && (f.levels[ruleAddress] == addressEqual || f.levels[ruleEmployee] == employeeEqual)
		}},
		{ReasonEvidence, func(f *facts) bool { return f.ids > 0 && f.weak && f.namesakes == 0 && !f.bothDiffer }},
		{ReasonNamesakes, func(f *facts) bool { return f.namesakes > 0 }},

		// No identifier: a name found once on either side that independent facts
		// bear out.
		{ReasonCorroborated, func(f *facts) bool {
			return f.ids == 0 && f.levels[ruleGeneration] != generationOneSide && !f.bothDiffer && f.corroboration >= corroborationFor[f.levels[ruleName]]
		}},
	}
}

// What the tiers ask for, in log2.
const (
	clearLead  = 4 // of every pair that is made
	farLead    = 8 // of one identifier among namesakes
	formerName = 2 // more than an equal name asks for, where the surname is new
)

// corroborationFor is how much more corroboration a name asks for than an equal
// one: the less it agrees, the more.
var corroborationFor = [nameScript + 1]float64{
	0: math.MaxFloat64, nameFull: 0, namePart: 3, nameSounds: 4, nameTypo: 4, nameInitial: 4, nameNick: 6,
	nameGiven: math.MaxFloat64, nameSurname: math.MaxFloat64, nameOther: math.MaxFloat64, nameScript: math.MaxFloat64,
}

func (e *engine) facts(i int, c *candidate, lead float32, namesakes int) facts {
	l := c.levels
	forces := e.forces(c)
	f := facts{
		levels: l, contrary: forces[veto], proofs: forces[proof], namesakes: namesakes, lead: lead,
		strong:        l[ruleName] == nameFull || l[ruleName] == namePart,
		weak:          l[ruleName] >= nameSounds && l[ruleName] <= nameInitial,
		elsewhere:     l[ruleAddress] == addressElsewhere || l[ruleAddress] == addressOthers || l[ruleUPN] == upnElsewhere || l[ruleOnPrem] == onPremOtherUser || l[ruleOnPrem] == onPremDiffers,
		bothDiffer:    l[ruleDepartment] == sameDiffers && l[ruleTitle] == sameDiffers,
		same:          e.weights[ruleDepartment][l[ruleDepartment]] + e.weights[ruleTitle][l[ruleTitle]],
		corroboration: e.corroboration(i, c),
	}
	sameAddress := l[ruleAddress] == addressEqual || l[ruleUPN] == upnEqual || l[ruleLogin] == loginEqual
	onPrem := l[ruleOnPrem] == onPremEqual
	if a := &e.sheet.ad[i]; onPrem && sameAddress && (a.onPrem == a.mailLogin || a.onPrem == a.upnLogin) {
		onPrem = false // the address was made of the sAMAccountName: it is one identifier
	}
	for _, is := range []bool{
		sameAddress, // address, UPN and login are one identifier in three places
		l[ruleAnchor] == anchorOtherSID, onPrem, l[ruleEmployee] == employeeEqual, l[rulePhone] == phoneEqual,
	} {
		if is {
			f.ids++
		}
	}
	return f
}

// corroboration adds up what bears a name out and does not follow from it, less what is
// asked: more than one fact, and the more the more people there are, since what
// they have in common by chance grows with their number.
func (e *engine) corroboration(i int, c *candidate) float64 {
	sum, supports := 0.0, 0
	for _, r := range []int{ruleAddress, rulePhone, ruleDepartment, ruleTitle, ruleListedAD, ruleListedM365} {
		if e.rules[r].levels[c.levels[r]].force == identifier {
			continue // counted as such
		}
		w := e.weight(i, c, r)
		sum += w
		switch listed := r == ruleListedAD || r == ruleListedM365; {
		case w >= 4 && listed:
			supports += 2 // hardly anybody without a partner has it
		case w >= 1:
			supports++
		case w < 0 && !listed && r != rulePhone:
			sum-- // a contradiction, if a soft one
		}
	}
	// Taken together they look like people without a partner, who may be two of one
	// name: one who left, and one yet to come.
	if alone := e.listedAD[i]+e.listed[c.m365] < -listedBound; alone || supports < 2 {
		return math.Inf(-1)
	}
	return sum - math.Log2(float64(len(e.sheet.m365)+1))/4 - 0.5
}
