package match

import (
	"math"

	"github.com/qpimport/qpimport/pkg/source"
)

// learn fits the weights to the customer's data where it carries enough: how
// often departments and titles agree between accounts that surely are one
// person's, how often by chance, and which attributes people with a partner
// have that people without one lack.
func (e *engine) learn() {
	e.learnSynonyms()
	e.learnSame(ruleDepartment, sameEqual, sameDiffers, func(i, j int) uint8 {
		return e.departmentLevel(e.sheet.ad[i].department, e.sheet.m365[j].department)
	})
	e.learnSame(ruleTitle, sameEqual, sameDiffers, func(i, j int) uint8 {
		return e.sameLevel(e.sheet.ad[i].title, e.sheet.m365[j].title)
	})
	e.learnSame(rulePhone, phoneShared, phoneDiffers, func(i, j int) uint8 { return e.phoneLevel(int32(i), int32(j)) })
	e.learnPhones()
	e.learnListed()
}

// learnSynonyms finds departments that the two directories call by different names:
// pairs of names that many people have who surely are one person, and not by
// having moved.
func (e *engine) learnSynonyms() {
	pairs, ad, m365 := map[[2]int32]int{}, map[int32]int{}, map[int32]int{}
	for i, list := range e.byAD {
		for k := range list {
			if c := &list[k]; isSure(&c.findings) {
				a, m := e.sheet.ad[i].department, e.sheet.m365[c.m365].department
				pairs[[2]int32{a, m}]++
				ad[a]++
				m365[m]++
			}
		}
	}
	e.synonyms = map[[2]int32]bool{}
	for pair, n := range pairs {
		if pair[0] != 0 && pair[1] != 0 && n >= synonymPairs && float64(n) >= synonymShare*float64(max(ad[pair[0]], m365[pair[1]])) {
			e.synonyms[pair] = true
		}
	}
	for i, list := range e.byAD {
		for k := range list {
			c := &list[k]
			if c.levels[ruleDepartment] == sameDiffers && e.synonyms[[2]int32{e.sheet.ad[i].department, e.sheet.m365[c.m365].department}] {
				c.levels[ruleDepartment] = sameEqual
			}
		}
	}
}

// What makes two names of departments one: how many people, and which share of
// those who are in either.
const (
	synonymPairs = 5
	synonymShare = 0.12
)

// enough is how many cases a weight is learnt from at the least.
const enough = 20

// learnSame learns what it means that two values are the same, or are not, from
// pairs that are sure for other reasons and from pairs that chance makes.
func (e *engine) learnSame(r int, same, differs uint8, compare func(i, j int) uint8) {
	var sure, sureSame, chance, chanceSame float64
	n := len(e.sheet.m365)
	for i, list := range e.byAD {
		if !e.adActive(i) {
			continue
		}
		for k := range list {
			if l := list[k].levels[r]; (l == same || l == differs) && isSure(&list[k].findings) {
				sure++
				if l == same {
					sureSame++
				}
			}
		}
		for k := 1; k <= 4 && n > 0; k++ { // somebody's mailbox, the same one in every run
			if l := compare(i, (i*7919+k*104729)%n); l == same || l == differs {
				chance++
				if l == same {
					chanceSame++
				}
			}
		}
	}
	if r == rulePhone && chance < enough {
		return
	}
	u := (chanceSame + 1) / (chance + 2)
	m := 0.8
	if sure >= enough {
		m = (sureSame + 1) / (sure + 2)
	} else if r == rulePhone {
		return
	}
	e.weights[r][same] = clamp(math.Log2(m/u), 0, 6)
	e.weights[r][differs] = clamp(math.Log2((1-m)/(1-u)), -6, 0)
}

// learnPhones learns what it means that two have telephones and none in common: the
// less often that happens to one person, the more it speaks for two.
func (e *engine) learnPhones() {
	var sure, differ float64
	for i, list := range e.byAD {
		if !e.adActive(i) {
			continue
		}
		for k := range list {
			if l := list[k].levels[rulePhone]; l != 0 && isSure(&list[k].findings) {
				sure++
				if l == phoneDiffers {
					differ++
				}
			}
		}
	}
	if sure >= enough {
		e.weights[rulePhone][phoneDiffers] = clamp(math.Log2((differ+1)/(sure+2)), -6, 0)
	}
}

func clamp(x, low, high float64) float64 { return max(low, min(x, high)) }

// isSure says whether a pair can teach: proven, or identified with the same name.
func isSure(f *findings) bool {
	return f.levels[ruleAnchor] == anchorSID || f.levels[ruleAnchor] == anchorEqual || f.levels[ruleName] == nameFull &&
		(f.levels[ruleAddress] == addressEqual || f.levels[ruleEmployee] == employeeEqual)
}

// learnListed learns what it means that somebody has a telephone, an address or
// an employee id at all: where nobody without a partner has one, having one
// speaks for a partner.
func (e *engine) learnListed() {
	likely := make([]bool, len(e.sheet.m365))
	found := make([]bool, len(e.sheet.m365))
	var with, without []*profile
	for i, list := range e.byAD {
		if !e.adActive(i) {
			continue
		}
		best := 0
		for k := range list {
			found[list[k].m365] = true
			if n := list[k].levels[ruleName]; n == nameFull || n == nameRomanised || n == nameHint || isSure(&list[k].findings) {
				best++
				likely[list[k].m365] = true
			}
		}
		if best == 1 {
			with = append(with, &e.sheet.ad[i])
		} else if len(list) == 0 {
			without = append(without, &e.sheet.ad[i])
		}
	}
	has := []func(*profile) bool{
		func(p *profile) bool { return len(p.phones) > 0 },
		func(p *profile) bool { return p.user.Kind == source.AD && p.mail != 0 },
		func(p *profile) bool { return p.employee != 0 },
	}
	yes, no := oddsOf(with, without, has)
	for i := range e.sheet.ad {
		e.listedAD[i] = listed(&e.sheet.ad[i], has, yes, no)
	}
	with, without = nil, nil
	for j := range e.sheet.m365 {
		switch {
		case !e.m365Active(j):
		case likely[j]:
			with = append(with, &e.sheet.m365[j])
		case !found[j]:
			without = append(without, &e.sheet.m365[j])
		}
	}
	yes, no = oddsOf(with, without, has)
	for j := range e.sheet.m365 {
		e.listed[j] = listed(&e.sheet.m365[j], has, yes, no)
	}
}

// oddsOf gives for each attribute what having it and lacking it is worth, 0
// where too few are known on either side.
func oddsOf(with, without []*profile, has []func(*profile) bool) (yes, no []float64) {
	yes, no = make([]float64, len(has)), make([]float64, len(has))
	if len(with) < enough || len(without) < enough/4 {
		return yes, no
	}
	share := func(list []*profile, f func(*profile) bool) float64 {
		k := 1.0
		for _, p := range list {
			if f(p) {
				k++
			}
		}
		return k / float64(len(list)+2)
	}
	for n, f := range has {
		p, q := share(with, f), share(without, f)
		yes[n] = clamp(math.Log2(p/q), -6, 6)
		no[n] = clamp(math.Log2((1-p)/(1-q)), -6, 6)
	}
	return yes, no
}

func listed(p *profile, has []func(*profile) bool, yes, no []float64) float32 {
	sum := 0.0
	for n, f := range has {
		if f(p) {
			sum += yes[n]
		} else {
			sum += no[n]
		}
	}
	return float32(clamp(sum, -6, 6))
}
