// Package match pairs the users of Active Directory with the mailboxes of
// Microsoft 365. It is pure: two lists and the decisions taken by hand go in, a
// partition of both lists with the reasons for it comes out, the same in
// whatever order the lists are given.
package match

import "github.com/qpimport/qpimport/pkg/source"

// Method is how people are told to be the same.
type Method string

// The methods.
const (
	ByDisplayName Method = "display-name" // equal display names, vetoes apart
	ByEvidence    Method = "evidence"     // anchors, or identifiers that agree with the name
)

// Person is one user of a side. Everybody in the two directories is one, whether
// or not he may be paired: his name and identifiers count when others are judged.
type Person struct {
	*source.User
	// Partner is the id of the user of the other side that this one is paired
	// with already, "" for none. Who has one is never paired again.
	Partner string
	// Bystander marks an AD user without an account: never paired, in no list of
	// the result, and yet a namesake, an owner and a rival.
	Bystander bool
	// Gone marks a user who is no longer in the directory: never paired. An AD
	// user who is not paired yet is then unmatched with [ReasonGone].
	Gone bool
}

// Taken says whether the user has a partner already.
func (p Person) Taken() bool { return p.Partner != "" }

// Verdict is what somebody decided by hand.
type Verdict = source.Verdict

// The verdicts. Match and reject name a pair; ignore names an AD user alone.
const (
	VerdictMatch  = source.VerdictMatch
	VerdictReject = source.VerdictReject
	VerdictIgnore = source.VerdictIgnore
)

// Decision is a verdict on a pair, or with ignore on an AD user. It is kept by
// GUID and beats every rule.
type Decision struct {
	ADID    string
	M365ID  string
	Verdict Verdict
	Reason  string
}

// Input is what is matched. M365 holds mailboxes and other users alike; who is
// left out of automatic matching is decided here ([source.User.SkipReason]).
type Input struct {
	AD        []Person
	M365      []Person
	Decisions []Decision
}

// Evidence is one comparison: a rule of the table, the two values as they were
// compared, and what it says for (positive) or against (negative) the pair.
type Evidence = source.Evidence

// Pair is an AD user and its mailbox.
type Pair struct {
	AD, M365 *source.User
	// Reason is display_name, anchor, evidence, corroborated_name or decision.
	Reason string
	// Confidence is between 0 and 1.
	Confidence float64
	// Evidence is what speaks for the pair and, with weights below zero, what
	// little speaks against it.
	Evidence []Evidence
}

// Ambiguous are users that cannot be told apart by name.
type Ambiguous struct {
	AD, M365 []*source.User
	Reason   string
}

// Candidate is a mailbox that may be the right one.
type Candidate struct {
	M365       *source.User
	Confidence float64
	Evidence   []Evidence // what speaks for it
	Against    []Evidence // what speaks against it
}

// Review is an AD user that somebody has to decide on, with up to three
// candidates, the best first.
type Review struct {
	AD         *source.User
	Candidates []Candidate
	Reason     string
}

// Unmatched is a user without a partner, and why.
type Unmatched struct {
	User   *source.User
	Reason string
}

// Doubtful is a standing pair that hard evidence contradicts. A match says so, and
// leaves it to people to part the two.
type Doubtful struct {
	AD, M365 *source.User
	Reason   string
	Against  []Evidence
}

// Result is a partition: every AD user that was not taken is in exactly one of
// Pairs, Ambiguous, Review and UnmatchedAD; every mailbox that was not taken in
// exactly one of Pairs, Ambiguous and UnmatchedM365.
type Result struct {
	Pairs         []Pair
	Ambiguous     []Ambiguous
	Review        []Review
	UnmatchedAD   []Unmatched
	UnmatchedM365 []*source.User
	// Doubtful are those of the pairs made before that would not be made again, by
	// what is hard, in the order of their AD users.
	Doubtful []Doubtful
	// DamagedAD and DamagedM365 count the names that lost letters in an export.
	DamagedAD, DamagedM365 int
}
