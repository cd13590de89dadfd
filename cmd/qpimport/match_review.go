package main

import (
	"fmt"
	"slices"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/match"
)

// review is a walk through open cases: where it stands, and what was decided so
// far.
type review struct {
	interrupted bool // by Ctrl-C: nothing is applied
	cases       []openCase
	free        []importer.User   // the mailboxes that can be given away
	meant       map[string]string // of these by id, whose an automatic match would make them
	at          int               // len(cases) at the end
	taken       []verdict
	note        string // about the last step
}

// verdict is a decision on a case; candidate is -1 with ignore.
type verdict struct {
	at, candidate int
	word          match.Verdict
}

func (r *review) done() bool { return r.at >= len(r.cases) }

// decide takes a decision on the case at hand. A match and ignore settle it; after
// a rejection it stays, as long as there is another candidate.
func (r *review) decide(word match.Verdict, candidate int) {
	r.note = ""
	if r.done() {
		return
	}
	if word != match.VerdictIgnore && candidate >= len(r.cases[r.at].candidates) {
		r.note = "there is no such candidate"
		return
	}
	if word == match.VerdictMatch {
		if other, ok := r.holder(r.cases[r.at].candidates[candidate].M365.ID); ok {
			r.note = "that mailbox was just given to " + personName(r.cases[other].ad)
			return
		}
	}
	r.drop(func(v verdict) bool { // an earlier decision that this one replaces
		return v.at == r.at && (v.candidate == candidate || word != match.VerdictReject && v.word != match.VerdictReject)
	})
	if word == match.VerdictReject {
		r.drop(func(v verdict) bool { return v.at == r.at && v.word == match.VerdictIgnore })
	}
	r.taken = append(r.taken, verdict{r.at, candidate, word})
	if word != match.VerdictReject || r.rejected() == len(r.cases[r.at].candidates) {
		r.at++
	}
}

func (r *review) drop(which func(verdict) bool) {
	var kept []verdict
	for _, v := range r.taken {
		if !which(v) {
			kept = append(kept, v)
		}
	}
	r.taken = kept
}

// add makes a mailbox a candidate of the case at hand, and says which.
func (r *review) add(mailbox importer.User) (candidate int) {
	r.note = ""
	c := &r.cases[r.at]
	for i, cand := range c.candidates {
		if cand.M365.ID == mailbox.ID {
			return i
		}
	}
	// A list that namesakes share stays as it is for the others.
	c.candidates = append(slices.Clip(c.candidates), importer.MatchCandidate{M365: mailbox})
	return len(c.candidates) - 1
}

// holder is another case that was given a mailbox.
func (r *review) holder(mailbox string) (at int, ok bool) {
	for _, v := range r.taken {
		if v.word == match.VerdictMatch && v.at != r.at && r.cases[v.at].candidates[v.candidate].M365.ID == mailbox {
			return v.at, true
		}
	}
	return 0, false
}

// rejected counts the candidates of the case at hand that were rejected.
func (r *review) rejected() int {
	n := 0
	for _, v := range r.taken {
		if v.at == r.at && v.word == match.VerdictReject {
			n++
		}
	}
	return n
}

// verdictOn is what was decided on a candidate of the case at hand, or with -1 on
// its user.
func (r *review) verdictOn(candidate int) match.Verdict {
	for _, v := range r.taken {
		if v.at == r.at && v.candidate == candidate {
			return v.word
		}
	}
	return ""
}

// move leaves the case at hand undecided and goes to another.
func (r *review) move(by int) {
	r.note = ""
	r.at = max(0, min(r.at+by, len(r.cases)))
}

// undo takes the last decision back and returns to its case.
func (r *review) undo() {
	if len(r.taken) == 0 {
		r.note = "nothing to undo"
		return
	}
	last := r.taken[len(r.taken)-1]
	r.taken, r.at = r.taken[:len(r.taken)-1], last.at
	r.note = fmt.Sprintf("undone: %s", last.word)
}

// rows are the decisions, ready to be carried out.
func (r *review) rows() []importer.DecisionRow {
	rows := make([]importer.DecisionRow, len(r.taken))
	for i, v := range r.taken {
		c := r.cases[v.at]
		rows[i] = importer.DecisionRow{Row: i + 1, AD: c.ad.ID, Verdict: v.word, Reason: "decided in review"}
		if v.candidate >= 0 {
			rows[i].M365 = c.candidates[v.candidate].M365.ID
		}
	}
	return rows
}

func personName(u importer.User) string { return output.OrDash(u.DisplayName) }
