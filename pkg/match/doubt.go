package match

// findDoubtful judges the standing pairs again: what contradicts them is listed,
// unless the pair was decided by hand.
func (e *engine) findDoubtful() {
	boxes := index(e.table.m365)
	for i, p := range e.table.ad {
		j, ok := boxes[normalID(p.Partner)]
		if !ok || normalID(e.table.m365[j].Partner) != normalID(p.ID) || e.book.hasPair(p.ID, p.Partner) {
			continue
		}
		c := e.candidate(i, int32(j))
		if reason := e.doubt(c); reason != "" {
			_, against := e.evidence(i, c)
			e.res.Doubtful = append(e.res.Doubtful, Doubtful{AD: p.User, M365: e.table.m365[j].User, Reason: reason, Against: against})
		}
	}
}

// doubt says why a standing pair is in doubt, "" where it is not. What names
// somebody else counts less than an anchor or an employee id that the two share.
func (e *engine) doubt(c *candidate) string {
	forces := e.forces(c)
	switch {
	case forces[veto] > 0:
		return ReasonContradiction
	case forces[proof] > 0 || c.levels[ruleEmployee] == employeeEqual:
		return ""
	case forces[conflict] > 0:
		return ReasonContradiction
	case c.levels[ruleName] == nameOther && forces[identifier] == 0:
		return ReasonNameDiffer
	}
	return ""
}

// countDamaged counts the names that lost letters on their way here.
func (e *engine) countDamaged() {
	for i := range e.table.ad {
		if isDamaged(e.table.ad[i].DisplayName) {
			e.res.DamagedAD++
		}
	}
	for j := range e.table.m365 {
		if isDamaged(e.table.m365[j].DisplayName) {
			e.res.DamagedM365++
		}
	}
}
