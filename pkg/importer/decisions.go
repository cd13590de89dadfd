package importer

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// matchDecisions are decisions as a match takes them.
func matchDecisions(ds registry.Decisions) []match.Decision {
	list := make([]match.Decision, 0, len(ds))
	for _, d := range ds {
		list = append(list, match.Decision{ADID: d.ADID, M365ID: d.M365ID, Verdict: d.Verdict, Reason: d.Reason})
	}
	return list
}

// decider takes decisions. Its index finds those that one could contradict.
type decider struct {
	decisions registry.Decisions
	byAD      map[string][]registry.DecisionKey
	byM365    map[string][]registry.DecisionKey // the matches
}

func newDecider(ds registry.Decisions) *decider {
	x := &decider{decisions: ds, byAD: map[string][]registry.DecisionKey{}, byM365: map[string][]registry.DecisionKey{}}
	for _, d := range ds {
		x.index(d)
	}
	return x
}

func (x *decider) index(d registry.Decision) {
	x.byAD[d.ADID] = append(x.byAD[d.ADID], d.Key())
	if d.Verdict == source.VerdictMatch {
		x.byM365[d.M365ID] = append(x.byM365[d.M365ID], d.Key())
	}
}

// decide takes a decision and lifts those that it contradicts. It returns false
// where that was decided already.
func (x *decider) decide(d registry.Decision) bool {
	if old, ok := x.decisions[d.Key()]; ok && old.Verdict == d.Verdict && (old.Reason == d.Reason || d.Reason == "") {
		return false
	}
	lift := func(keys []registry.DecisionKey, lifts func(source.Verdict) bool) {
		for _, k := range keys {
			if old, ok := x.decisions[k]; ok && lifts(old.Verdict) {
				delete(x.decisions, k)
			}
		}
	}
	isMatch := func(v source.Verdict) bool { return v == source.VerdictMatch }
	switch d.Verdict {
	case source.VerdictMatch: // one mailbox, one user; and no longer ignored
		lift(x.byAD[d.ADID], func(v source.Verdict) bool { return v != source.VerdictReject })
		lift(x.byM365[d.M365ID], isMatch)
	case source.VerdictIgnore:
		lift(x.byAD[d.ADID], isMatch)
	}
	x.decisions[d.Key()] = d
	x.index(d)
	return true
}

// checkJoined refuses matches that would take a mailbox from somebody, or
// somebody from a mailbox, who were joined by hand.
func checkJoined(ds registry.Decisions, given []registry.Decision) error {
	joined := map[string]registry.Decision{} // by either id
	for _, d := range ds {
		if d.Verdict == source.VerdictMatch {
			joined[d.ADID], joined[d.M365ID] = d, d
		}
	}
	var found []string
	for _, g := range given {
		if g.Verdict != source.VerdictMatch {
			continue
		}
		for _, id := range []string{g.ADID, g.M365ID} {
			if old, ok := joined[id]; ok && (old.ADID != g.ADID || old.M365ID != g.M365ID) {
				found = append(found, fmt.Sprintf("%s was matched by hand with %s already", cmp.Or(old.ADName, old.ADID), cmp.Or(old.M365Name, old.M365ID)))
				break
			}
		}
		joined[g.ADID], joined[g.M365ID] = g, g
	}
	if len(found) == 0 {
		return nil
	}
	return &source.Error{Code: CodePairTaken, Topic: TopicForgetFirst, Message: "nothing was taken: " + strings.Join(found, "; ")}
}

// sortedDecisions lists decisions by name, then by ids.
func sortedDecisions(ds registry.Decisions) []registry.Decision {
	list := make([]registry.Decision, 0, len(ds))
	for _, d := range ds {
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b registry.Decision) int {
		return cmp.Or(compareFold(a.ADName, b.ADName), cmp.Compare(a.ADID, b.ADID), cmp.Compare(a.M365ID, b.M365ID))
	})
	return list
}

// clashes yields the places of decisions that cannot stand beside an earlier one
// of the list, and why.
func clashes(list []registry.Decision) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		byAD, matched := map[string][]registry.Decision{}, map[string]string{}
		for i, d := range list {
			clash := ""
			for _, earlier := range byAD[d.ADID] {
				one := earlier.Verdict
				switch {
				case earlier.M365ID == d.M365ID && one != d.Verdict:
					clash = fmt.Sprintf("another line says %s of the same", one)
				case one == source.VerdictMatch && d.Verdict == source.VerdictMatch && earlier.M365ID != d.M365ID:
					clash = "another line matches the user with another mailbox"
				case one == source.VerdictMatch && d.Verdict == source.VerdictIgnore, one == source.VerdictIgnore && d.Verdict == source.VerdictMatch:
					clash = "another line says " + string(one) + " of this user"
				}
			}
			if d.Verdict == source.VerdictMatch {
				if ad, ok := matched[d.M365ID]; ok && ad != d.ADID {
					clash = "another line gives the mailbox to another user"
				}
				matched[d.M365ID] = d.ADID
			}
			byAD[d.ADID] = append(byAD[d.ADID], d)
			if clash != "" && !yield(i, clash) {
				return
			}
		}
	}
}

// CheckDecisions yields the places of exported decisions that cannot be kept, and
// why. Ids are in lower case.
func CheckDecisions(given []registry.Decision) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i, d := range given {
			problem := ""
			switch wantsBox := d.Verdict != source.VerdictIgnore; {
			case wantsBox && d.Verdict != source.VerdictMatch && d.Verdict != source.VerdictReject:
				problem = fmt.Sprintf("the decision %q is none of match, reject, ignore", d.Verdict)
			case !source.IsID(d.ADID):
				problem = fmt.Sprintf("ad_id %q is not an objectGUID", d.ADID)
			case wantsBox && !source.IsID(d.M365ID):
				problem = fmt.Sprintf("m365_id %q is not an object id", d.M365ID)
			case !wantsBox && d.M365ID != "":
				problem = "ignore is about the AD user alone: leave m365_id empty"
			}
			if problem != "" && !yield(i, problem) {
				return
			}
		}
		for i, clash := range clashes(given) {
			if !yield(i, clash) {
				return
			}
		}
	}
}

// userKey is a user of a directory.
type userKey struct {
	kind source.Kind
	id   string
}

// NamedDecision is a decision with the user principal names of whom it is about, ""
// where they are not known. They are what the directories say now and no part of
// the decision, which reads the same wherever it is.
type NamedDecision struct {
	registry.Decision
	ADUPN   string `json:"-"`
	M365UPN string `json:"-"`
}

// Decisions lists what was decided by hand for a customer.
func (im *Importer) Decisions(ctx context.Context, customerSel string) ([]NamedDecision, error) {
	snap, err := im.find(ctx, customerSel, everything)
	if err != nil {
		return nil, err
	}
	upns := map[userKey]string{} // of those who have an account; others are known by what was read
	for _, a := range snap.Accounts {
		if a.AD != nil {
			upns[userKey{source.AD, a.AD.ID}] = a.UPN
		}
		if a.M365 != nil {
			upns[userKey{source.M365, a.M365.ID}] = a.M365.Name
		}
	}
	upn := func(kind source.Kind, id string) (string, error) {
		if upn, ok := upns[userKey{kind, id}]; ok {
			return upn, nil
		}
		p, known := snap.People[kind][id]
		if !known {
			return "", nil
		}
		u, err := p.User()
		if err != nil {
			return "", err
		}
		return u.UPN, nil
	}
	list := []NamedDecision{}
	for _, d := range sortedDecisions(snap.Decisions) {
		named := NamedDecision{Decision: d}
		if named.ADUPN, err = upn(source.AD, d.ADID); err != nil {
			return nil, err
		}
		if named.M365UPN, err = upn(source.M365, d.M365ID); err != nil {
			return nil, err
		}
		list = append(list, named)
	}
	return list, nil
}

// ImportDecisions keeps decisions as they were exported: by id, whether or not
// the users are known here yet. They take effect with the next match.
func (im *Importer) ImportDecisions(ctx context.Context, customerSel string, given []registry.Decision) (DecisionsResult, error) {
	for i, problem := range CheckDecisions(given) {
		return DecisionsResult{}, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("decision %d: %s", i+1, problem)}
	}
	var result DecisionsResult
	run, err := im.change(ctx, customerSel, command{name: "decisions import"}, func(d *draft) error {
		result = DecisionsResult{Customer: d.after.Customer.Name, Applied: true, Decisions: []registry.Decision{}}
		if err := checkJoined(d.after.Decisions, given); err != nil {
			return err
		}
		taken := newDecider(d.after.Decisions)
		for _, g := range given {
			g.DecidedAt = d.now
			if taken.decide(g) {
				result.Decisions = append(result.Decisions, g)
			} else {
				result.Unchanged++
			}
		}
		return nil
	})
	result.Run = run
	return result, err
}

// ForgetDecisions lifts the decisions about the users that are named by id or
// by the name they had, or all. Pairs that stand keep standing.
func (im *Importer) ForgetDecisions(ctx context.Context, customerSel string, sels []string, all bool) (DecisionsResult, error) {
	var result DecisionsResult
	run, err := im.change(ctx, customerSel, command{name: "decisions forget", params: named{sels, all}}, func(d *draft) error {
		result = DecisionsResult{Customer: d.after.Customer.Name, Applied: true, Decisions: []registry.Decision{}}
		s := newSelectors(sels)
		names := map[string][]string{} // an AD user's account goes by more names than its decision
		for _, a := range d.after.Accounts {
			if a.AD != nil {
				names[a.AD.ID] = []string{a.ID, a.Username, a.UPN, a.Email, a.AD.Name}
			}
		}
		decisions := sortedDecisions(d.after.Decisions)
		for _, old := range decisions {
			// Several decisions about one user are one hit.
			hit := s.offer(old.ADID, fmt.Sprintf("%s (id %s)", old.ADName, old.ADID), append(names[old.ADID], old.ADID, old.ADName)...)
			if all || len(hit) > 0 || s.names(old.ADID) {
				result.Decisions = append(result.Decisions, old)
				delete(d.after.Decisions, old.Key())
			}
		}
		return s.check("decision about", TopicUnknownDecision, func(yield func(called) bool) {
			for _, old := range decisions {
				for _, name := range append(names[old.ADID], old.ADName) {
					if !yield(called{whose: old.ADID, name: name}) {
						return
					}
				}
			}
		})
	})
	result.Run = run
	return result, err
}

// named are the parameters of a run on what was named, or on all.
type named struct {
	Selected []string `json:"selected"`
	All      bool     `json:"all"`
}

// names says whether a selector has hit this id.
func (s *selectors) names(id string) bool {
	for _, hits := range s.hits {
		for _, h := range hits {
			if h.id == id {
				return true
			}
		}
	}
	return false
}
