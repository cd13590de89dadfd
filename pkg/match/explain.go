package match

import (
	"fmt"
	"math"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Explanation says what became of a user or a pair, and why.
type Explanation struct {
	Method Method `json:"method"`
	// Outcome is paired, not_paired, ambiguous, review, unmatched,
	// already_matched or not_found, of the pair where two users were asked for.
	Outcome string `json:"outcome"`
	// Reason is the code under which the result lists it, "" where it has none.
	Reason string `json:"reason"`
	// Text is the outcome in plain words.
	Text string `json:"text"`
	AD   *Party `json:"ad"`
	M365 *Party `json:"m365"`
	// Weight is the sum of the evidence and of what is to be expected beforehand,
	// log2 of the odds that the two are one person.
	Weight     float64 `json:"weight"`
	Confidence float64 `json:"confidence"`
	// For and Against are what was found, Silent the rules that had nothing to
	// compare.
	For     []Evidence `json:"for"`
	Against []Evidence `json:"against"`
	Silent  []string   `json:"silent"`
	// RunnerUp is the next best pair of either user.
	RunnerUp *RunnerUp `json:"runner_up"`
	// Settle says what would decide the case.
	Settle []string `json:"settle"`
}

// Party is one of the users of an explanation.
type Party struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	// Excluded says why matching leaves the user out, "" where it does not.
	Excluded string `json:"apart"`
	// Matched is set where the user had a partner before.
	Matched bool `json:"matched"`
}

// RunnerUp is a pair that came second.
type RunnerUp struct {
	AD       Party      `json:"ad"`
	M365     Party      `json:"m365"`
	Weight   float64    `json:"weight"`
	BehindBy float64    `json:"behind_by"`
	For      []Evidence `json:"for"`
	Against  []Evidence `json:"against"`
}

// Explain matches and says what became of a user or a pair: see [Trace.Explain].
func Explain(in Input, by Method, adID, m365ID string) Explanation {
	return Auto(in, by).Explain(adID, m365ID)
}

// Explain says what became of an AD user, of a Microsoft 365 user or, where both
// ids are given, of that pair. A user alone is held against whom he is paired
// with, or else his best candidate.
func (t *Trace) Explain(adID, m365ID string) Explanation {
	x := Explanation{Method: t.by, For: []Evidence{}, Against: []Evidence{}, Silent: []string{}, Settle: []string{}}
	e := t.engine

	adIndex, m365Index := t.indexes()
	i, okAD := adIndex[normalID(adID)]
	j, okM365 := m365Index[normalID(m365ID)]
	if adID != "" && !okAD || m365ID != "" && !okM365 || adID == "" && m365ID == "" {
		x.Outcome, x.Text = "not_found", "no such user in the directories"
		return x
	}
	if m365ID == "" {
		j = -1
		if len(e.byAD[i]) > 0 {
			j = int(e.byAD[i][0].m365)
		}
	}
	if adID == "" {
		i = -1
		if len(e.byM365[j]) > 0 {
			i = int(e.byM365[j][0].ad)
		}
	}

	var made *Pair // of the two, or of the one that is named
	for k := range t.Pairs {
		p := &t.Pairs[k]
		a, m := adIndex[normalID(p.AD.ID)], m365Index[normalID(p.M365.ID)]
		if (adID == "" || a == i) && (m365ID == "" || m == j) {
			made, i, j = p, a, m
			break
		}
	}
	if made == nil && m365ID == "" { // what a person is asked to decide on
		for _, v := range t.Review {
			if v.AD == e.table.ad[i].User && len(v.Candidates) > 0 {
				j = m365Index[normalID(v.Candidates[0].M365.ID)]
			}
		}
	}
	x.outcome(e, &t.Result, i, j, adID != "" && m365ID != "", m365ID != "")
	if i >= 0 {
		x.AD = e.party(e.table.ad[i], e.adSkip[i], e.sheet.ad[i].excluded)
	}
	if j >= 0 {
		x.M365 = e.party(e.table.m365[j], e.m365Skip[j], e.sheet.m365[j].excluded)
	}
	if i < 0 || j < 0 {
		x.settle(e, nil)
		return x
	}
	c := e.candidate(i, int32(j))
	x.Weight, x.Confidence = round(c.weight), confidence(c.weight)
	if made != nil {
		x.Confidence = made.Confidence
	}
	x.For, x.Against = e.bothSides(i, c)
	for r := range e.rules {
		if c.levels[r] == 0 {
			x.Silent = append(x.Silent, e.rules[r].name)
		}
	}
	x.RunnerUp = e.runnerUp(i, j, c.weight)
	x.settle(e, c)
	return x
}

func round(w float32) float64 { return math.Round(float64(w)*10) / 10 }

func (e *engine) party(p Person, skip, excluded string) *Party {
	name := p.DisplayName
	if Key(name) == "" {
		name = strings.TrimSpace(p.GivenName + " " + p.Surname)
	}
	if skip == "" {
		skip = excluded
	}
	return &Party{ID: p.ID, Name: name, Excluded: skip, Matched: p.Taken()}
}

// candidate is the comparison of a pair, made now where no key led to it.
func (e *engine) candidate(i int, j int32) *candidate {
	for k := range e.byAD[i] {
		if e.byAD[i][k].m365 == j {
			return &e.byAD[i][k]
		}
	}
	c := &candidate{findings: e.compare(int32(i), j), m365: j}
	e.finish(i, c)
	return c
}

func (e *engine) bothSides(i int, c *candidate) (in, against []Evidence) {
	in, against = e.evidence(i, c)
	return append([]Evidence{}, in...), append([]Evidence{}, against...)
}

// runnerUp is the best other pair of the AD user or of the mailbox.
func (e *engine) runnerUp(i, j int, weight float32) *RunnerUp {
	bestAD, best := -1, (*candidate)(nil)
	for k := range e.byAD[i] {
		if c := &e.byAD[i][k]; int(c.m365) != j {
			bestAD, best = i, c
			break
		}
	}
	for _, r := range e.byM365[j] {
		if int(r.ad) != i {
			if best == nil || r.weight > best.weight {
				bestAD, best = int(r.ad), &e.byAD[r.ad][r.at]
			}
			break
		}
	}
	if best == nil {
		return nil
	}
	in, against := e.bothSides(bestAD, best)
	m := int(best.m365)
	return &RunnerUp{
		AD:     *e.party(e.table.ad[bestAD], e.adSkip[bestAD], e.sheet.ad[bestAD].excluded),
		M365:   *e.party(e.table.m365[m], e.m365Skip[m], e.sheet.m365[m].excluded),
		Weight: round(best.weight), BehindBy: round(weight - best.weight), For: in, Against: against,
	}
}

// outcome finds the users in the result.
func (x *Explanation) outcome(e *engine, r *Result, i, j int, pair, byMailbox bool) {
	set := func(outcome, reason, text string) { x.Outcome, x.Reason, x.Text = outcome, reason, text }
	var ad, m365 *source.User
	if i >= 0 {
		ad = e.table.ad[i].User
	}
	if j >= 0 {
		m365 = e.table.m365[j].User
	}
	if ad != nil && e.table.ad[i].Taken() && (pair || !byMailbox) {
		set("already_matched", "", "this AD user has a mailbox already")
		return
	}
	if m365 != nil && e.table.m365[j].Taken() && byMailbox {
		set("already_matched", "", "this mailbox has an AD user already")
		return
	}
	for _, p := range r.Pairs {
		switch {
		case p.AD == ad && p.M365 == m365:
			set("paired", p.Reason, ReasonText(p.Reason))
			return
		case p.AD == ad && pair:
			set("not_paired", p.Reason, "this AD user goes with another mailbox: "+ReasonText(p.Reason))
			return
		case p.M365 == m365 && byMailbox:
			set("not_paired", p.Reason, "this mailbox goes with another AD user: "+ReasonText(p.Reason))
			return
		}
	}
	for _, a := range r.Ambiguous {
		for _, u := range a.AD {
			if u == ad {
				set("ambiguous", a.Reason, ReasonText(a.Reason))
				return
			}
		}
	}
	for _, v := range r.Review {
		if v.AD == ad {
			set("review", v.Reason, ReasonText(v.Reason))
			return
		}
	}
	for _, u := range r.UnmatchedAD {
		if u.User == ad {
			set("unmatched", u.Reason, ReasonText(u.Reason))
			return
		}
	}
	if i >= 0 && e.table.ad[i].Bystander {
		reason := ReasonNotImported
		if e.table.ad[i].Gone {
			reason = ReasonGone
		}
		set("unmatched", reason, ReasonText(reason))
		return
	}
	set("unmatched", ReasonNoCandidate, "no AD user looks like this mailbox")
}

// settle proposes what would decide the case.
func (x *Explanation) settle(e *engine, c *candidate) {
	if x.Outcome == "paired" || x.Outcome == "already_matched" {
		return
	}
	add := func(format string, args ...any) { x.Settle = append(x.Settle, fmt.Sprintf(format, args...)) }
	if x.AD != nil && x.AD.Excluded != "" {
		add("the AD user is left out of automatic matching (%s); pair it by hand if it is a person's", x.AD.Excluded)
	}
	if x.M365 != nil && x.M365.Excluded != "" {
		add("the mailbox is left out of automatic matching (%s); pair it by hand if it is a person's", x.M365.Excluded)
	}
	if x.Reason == ReasonNotImported {
		add("import the AD user")
	}
	if len(x.Settle) > 0 {
		return
	}
	switch x.Reason {
	case ReasonNoName:
		add("enter a display name")
	case ReasonDamagedName:
		add("export the users again, as UTF-8")
	}
	if c == nil {
		add("an address, employee id or telephone number that both directories have would make a candidate")
		return
	}
	for r, l := range c.levels {
		if advice := e.rules[r].levels[l].settle; advice != "" {
			add("%s", advice)
		}
	}
	f := facts{levels: c.levels, forces: e.forces(c)}
	// Nothing outweighs what contradicts a pair. Half a name, and one that cannot be
	// read, want what stays with a person.
	contradicted := f.forces[veto] > 0
	if addressHelps := !contradicted && !f.halfName() && !f.unreadable() && !f.is(ruleName, nameOther); addressHelps {
		if c.levels[ruleAddress] != addressEqual {
			add("enter the mailbox's address as mail in AD")
		}
		if c.levels[rulePhone] != phoneEqual {
			add("enter a telephone or mobile number of this person alone in both directories")
		}
	}
	if c.levels[ruleEmployee] == 0 && !contradicted {
		add("enter the employee id in both directories")
	}
	add("decide by hand: match the two, or reject the pair")
}

// ReasonText says a reason of a result in plain words; a reason that it does not
// know comes back as it is.
func ReasonText(reason string) string {
	switch reason {
	case ReasonDisplayName:
		return "the display names are the same, and nobody else on either side has it"
	case ReasonDecision:
		return "decided by hand"
	case ReasonAnchor:
		return "the mailbox was synchronised from this AD user"
	case ReasonEvidence:
		return "independent identifiers agree, and so does the name"
	case ReasonCorroborated:
		return "the name is found once on either side, and more than one independent fact bears it out"
	case ReasonGone:
		return "the user is no longer in Active Directory"
	case ReasonNotImported:
		return "the AD user was not imported, and only counts when others are matched"
	case ReasonNoName:
		return "the user has no display name"
	case ReasonDamagedName:
		return "letters of the name were lost when it was exported: question marks stand in their places"
	case ReasonNoCandidate:
		return "no mailbox looks like this user"
	case ReasonTaken:
		return "every mailbox that fits has its user already"
	case ReasonRejected:
		return "decided by hand: not this mailbox"
	case ReasonIgnored:
		return "decided by hand: leave this user alone"
	case ReasonDecidedMissing:
		return "the mailbox that was decided on by hand is not in the directory"
	case ReasonDecidedTaken:
		return "the mailbox that was decided on by hand has another user"
	case ReasonSameName:
		return "more than one user of a side has this display name"
	case ReasonContradiction:
		return "something contradicts the pair that is otherwise the best"
	case ReasonDecisionConflict:
		return "decisions by hand contradict one another"
	case ReasonUnlikely:
		return "mailboxes look a little like this user, but none enough to propose it"
	case ReasonNotProven:
		return "what speaks for the best candidate is not enough, or is what others may have as well"
	case ReasonNamesakes:
		return "somebody else has a name that fits as well, and among namesakes a name proves nothing"
	case ReasonClose:
		return "another candidate is almost as good"
	case ReasonNameDiffer:
		return "something agrees, but the names are not those of one person for certain"
	case ReasonForeign:
		return "the mailbox was synchronised from a directory that is not this one"
	case ReasonService:
		return "this looks like a service account"
	case ReasonAdmin:
		return "this looks like somebody's second, privileged account"
	case ReasonShared:
		return "this looks like a shared mailbox or a room"
	case source.SkipDisabled:
		return "the user is disabled"
	case source.SkipPrivileged:
		return "one of the two holds power over a directory, and only a person may pair them"
	case source.SkipSystem:
		return "this is one of AD's own accounts"
	case source.SkipConflict:
		return "this is a copy that a replication conflict left behind"
	case source.SkipDeleted:
		return "the user was deleted"
	case source.SkipExchange:
		return "this is one of Exchange's own mailboxes"
	case source.SkipRoom:
		return "this is a room"
	case source.SkipEquipment:
		return "this is equipment"
	case source.SkipService:
		return "this is a managed service account"
	case source.SkipTrust:
		return "this stands for another domain"
	case source.SkipGuest:
		return "this is a guest"
	case source.SkipNoMailbox:
		return "the user has no mailbox"
	}
	return reason
}
