package match

// Trace is a match that was made: its result, and all that it was decided on, so
// that [Trace.Explain] tells about the very run and not about another one.
type Trace struct {
	Result
	by     Method
	engine *engine
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
	return &Trace{Result: e.result(), by: by, engine: e}
}
