package match

import "sync"

// Trace is a match that was made: its result, and all that it was decided on, so
// that [Trace.Explain] tells about the very run and not about another one.
type Trace struct {
	Result
	by     Method
	engine *engine
	weighs sync.Once // a match by name compares no more than it must, until asked why
}

// Auto pairs the users of both sides by the method. Decisions taken by hand
// come first and beat every rule. The trace holds on to the input and to every
// comparison; who needs the result alone keeps that.
func Auto(in Input, by Method) *Trace {
	t := &Trace{by: by, engine: newEngine(newTable(in))}
	if by == ByEvidence {
		t.weighs.Do(t.engine.weighEvidence)
		t.engine.decideAll()
	} else {
		t.engine.byDisplayName()
	}
	t.Result = t.engine.result()
	return t
}
