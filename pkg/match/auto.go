package match

import "sync"

// Trace is a match that was made: its result, and all that it was decided on, so
// that [Trace.Explain] tells about the very run and not about another one.
type Trace struct {
	Result
	by     Method
	engine *engine
	// indexes are the places of people by id, made when the first is explained.
	indexes func() (ad, m365 map[string]int)
}

// Auto pairs the users of both sides by the method. Decisions taken by hand
// come first and beat every rule. The trace holds on to the input and to every
// comparison; who needs the result alone keeps that.
func Auto(in Input, by Method) *Trace {
	e := newEngine(newTable(in))
	e.findCandidates()
	e.learn()
	e.weigh()
	if by == ByEvidence {
		e.decideAll()
	} else {
		e.byDisplayName()
	}
	e.findDoubtful()
	e.countDamaged()
	indexes := sync.OnceValues(func() (ad, m365 map[string]int) { return index(e.table.ad), index(e.table.m365) })
	return &Trace{Result: e.result(), by: by, engine: e, indexes: indexes}
}
