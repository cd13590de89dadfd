package match

import (
	"cmp"
	"slices"
	"strings"
	"sync"

	"github.com/qpimport/qpimport/pkg/source"
)

// Why a pair was made.
const (
	ReasonDisplayName = "display_name"
	ReasonDecision    = "decision"
)

// Why an AD user has no partner, besides the reasons of
// SkipReason of package source.
const (
	ReasonGone           = "gone"                    // no longer in the directory
	ReasonNotImported    = "not_imported"            // in the directory, and without an account
	ReasonNoName         = "no_display_name"         // nothing to go by
	ReasonDamagedName    = "damaged_name"            // letters of it were lost in an export
	ReasonNoCandidate    = "no_candidate"            // no mailbox looks like this user
	ReasonTaken          = "candidates_taken"        // every mailbox of this name has its user already
	ReasonRejected       = "rejected"                // decided by hand: not this mailbox
	ReasonIgnored        = "ignored"                 // decided by hand: leave this user alone
	ReasonDecidedMissing = "decided_mailbox_missing" // decided by hand, but the mailbox is not in the directory
	ReasonDecidedTaken   = "decided_mailbox_taken"   // decided by hand, but the mailbox has another user
)

// Why a case is ambiguous, or for review.
const (
	ReasonSameName         = "same_name"          // more than one user of a side has the name
	ReasonContradiction    = "contradiction"      // the names agree, hard evidence does not
	ReasonDecisionConflict = "decisions_conflict" // decisions by hand contradict one another
)

// table is the state of one match: both sides, ordered by id so that the order
// of the input cannot matter, and what became of each user so far.
type table struct {
	ad, m365         []Person
	adSkip, m365Skip []string      // why a user is set apart, "" where not
	adDone           []bool        // taken, or in the result
	m365Done         []bool        // taken, or in Pairs or Ambiguous
	settledAD        []bool        // who was placed by a decision
	settledM365      []bool        // what was given away by a decision
	reserved         []bool        // mailboxes that decisions keep for somebody
	rejects          map[int][]int // by AD user, the mailboxes rejected by hand, once each
	book             *book
	res              Result
}

func newTable(in Input) *table {
	t := &table{ad: slices.Clone(in.AD), m365: slices.Clone(in.M365), rejects: map[int][]int{}}
	var wg sync.WaitGroup
	for _, side := range [][]Person{t.ad, t.m365} {
		wg.Go(func() {
			slices.SortStableFunc(side, func(a, b Person) int { return cmp.Compare(a.ID, b.ID) })
		})
	}
	wg.Wait()
	t.adSkip, t.adDone = skipAndTaken(t.ad)
	t.m365Skip, t.m365Done = skipAndTaken(t.m365)
	t.reserved = make([]bool, len(t.m365))
	t.settledAD, t.settledM365 = make([]bool, len(t.ad)), make([]bool, len(t.m365))
	for i, p := range t.ad {
		if p.Gone && !t.adDone[i] {
			t.unmatched(i, ReasonGone)
		}
	}
	for j, p := range t.m365 {
		t.m365Done[j] = t.m365Done[j] || p.Gone
	}
	before, boxes := slices.Clone(t.adDone), slices.Clone(t.m365Done)
	t.book = newBook(in.Decisions)
	t.decide(t.book)
	for i := range t.ad {
		t.settledAD[i] = t.adDone[i] && !before[i]
	}
	for j := range t.m365 {
		t.settledM365[j] = t.m365Done[j] && !boxes[j]
	}
	return t
}

func skipAndTaken(persons []Person) (skip []string, taken []bool) {
	skip, taken = make([]string, len(persons)), make([]bool, len(persons))
	for i, p := range persons {
		skip[i], taken[i] = p.SkipReason(), p.Taken() || p.Bystander
	}
	return skip, taken
}

func (t *table) isRejected(i, j int) bool { return slices.Contains(t.rejects[i], j) }

// adFree says whether rules may pair the AD user.
func (t *table) adFree(i int) bool { return !t.adDone[i] && t.adSkip[i] == "" }

// m365Free says whether rules may pair the mailbox.
func (t *table) m365Free(j int) bool {
	return !t.m365Done[j] && !t.reserved[j] && t.m365Skip[j] == ""
}

// heldBack says that a mailbox could be had, but for the power that its user holds: a
// person has to decide.
func (t *table) heldBack(j int) bool {
	return !t.m365Done[j] && !t.reserved[j] && t.m365Skip[j] == source.SkipPrivileged
}

func (t *table) pair(i, j int, reason string, confidence float64, evidence []Evidence) {
	t.res.Pairs = append(t.res.Pairs, Pair{t.ad[i].User, t.m365[j].User, reason, confidence, evidence})
	t.adDone[i], t.m365Done[j] = true, true
}

func (t *table) ambiguous(is, js []int, reason string) {
	a := Ambiguous{Reason: reason}
	for _, i := range is {
		a.AD = append(a.AD, t.ad[i].User)
		t.adDone[i] = true
	}
	for _, j := range js {
		a.M365 = append(a.M365, t.m365[j].User)
		t.m365Done[j] = true
	}
	t.res.Ambiguous = append(t.res.Ambiguous, a)
}

func (t *table) review(i int, reason string, candidates []Candidate) {
	t.res.Review = append(t.res.Review, Review{t.ad[i].User, candidates, reason})
	t.adDone[i] = true
}

func (t *table) unmatched(i int, reason string) {
	t.res.UnmatchedAD = append(t.res.UnmatchedAD, Unmatched{t.ad[i].User, reason})
	t.adDone[i] = true
}

// maxCandidates is how many mailboxes a review proposes.
const maxCandidates = 3

func index(persons []Person) map[string]int {
	m := make(map[string]int, len(persons))
	for i, p := range persons {
		m[normalID(p.ID)] = i
	}
	return m
}

func normalID(id string) string { return strings.ToLower(strings.TrimSpace(id)) }

// result closes the match: whoever is in no list yet goes to where he belongs,
// and every list is put in order.
func (t *table) result() Result {
	for i := range t.ad {
		if !t.adDone[i] {
			t.unmatched(i, cmp.Or(t.adSkip[i], ReasonNoCandidate))
		}
	}
	for j, p := range t.m365 {
		if !t.m365Done[j] && p.HasMailbox() {
			t.res.UnmatchedM365 = append(t.res.UnmatchedM365, p.User)
		}
	}
	r := &t.res
	slices.SortFunc(r.Pairs, func(a, b Pair) int { return cmp.Compare(a.AD.ID, b.AD.ID) })
	slices.SortFunc(r.Ambiguous, func(a, b Ambiguous) int { return cmp.Compare(a.AD[0].ID, b.AD[0].ID) })
	slices.SortFunc(r.Review, func(a, b Review) int { return cmp.Compare(a.AD.ID, b.AD.ID) })
	slices.SortFunc(r.UnmatchedAD, func(a, b Unmatched) int { return cmp.Compare(a.User.ID, b.User.ID) })
	return *r
}
