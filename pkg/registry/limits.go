package registry

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Guard is a kind of change that is refused where there is too much of it at once:
// more often a directory, an export or a selection is at fault than the people.
type Guard string

// The guards. Those of the second group cannot be answered.
const (
	GuardMissing    Guard = "missing"      // people gone from a directory
	GuardDisabled   Guard = "disabled"     // people who may no longer sign in
	GuardOutOfScope Guard = "out_of_scope" // accounts that are no longer selected
	GuardEmails     Guard = "emails"       // accounts whose address changes
	GuardUPNSuffix  Guard = "upn_suffix"   // people with another UPN suffix

	GuardNobody    Guard = "nobody"         // the directory holds no users any more
	GuardAttribute Guard = "attribute_lost" // what all had and nobody has
	GuardStrangers Guard = "strangers"      // nobody whom the directory held, but others

	GuardNew Guard = "new" // new accounts, in an unattended run
)

// Guards are those that can be answered.
func Guards() []Guard {
	return []Guard{GuardMissing, GuardDisabled, GuardOutOfScope, GuardEmails, GuardUPNSuffix}
}

// Answers let guards pass: the numbers that were found, of each directory its own.
type Answers map[Guard][]int

// Limits bound what one change set may do at once.
type Limits struct {
	NewAccounts int // 0 is no bound
	Allow       Answers
	// ByHand leaves out the guards of accounts: what was named is meant. What was
	// read on the way is guarded, or the next run would take it for granted.
	ByHand bool
	// OtherDirectory takes a directory in which nobody is known.
	OtherDirectory bool
}

// Breach is a limit that a change set goes beyond.
type Breach struct {
	Guard Guard
	Kind  source.Kind // "" where it is about accounts
	Found int
	Limit int
	// What is the attribute that was lost.
	What string
}

// Answer is what allows the breach, "" where nothing does.
func (b Breach) Answer() string {
	if !slices.Contains(Guards(), b.Guard) {
		return ""
	}
	return fmt.Sprintf("%s=%d", b.Guard, b.Found)
}

// String says what was found in plain words.
func (b Breach) String() string {
	switch b.Guard {
	case GuardMissing:
		return fmt.Sprintf("%d people are gone from %s since the last read; at most %d may be at once", b.Found, b.Kind, b.Limit)
	case GuardDisabled:
		return fmt.Sprintf("%d people of %s became disabled since the last read; at most %d may at once", b.Found, b.Kind, b.Limit)
	case GuardUPNSuffix:
		return fmt.Sprintf("%d people of %s have another UPN suffix since the last read; at most %d may at once", b.Found, b.Kind, b.Limit)
	case GuardOutOfScope:
		return fmt.Sprintf("%d accounts are no longer in the selection; at most %d may leave it at once", b.Found, b.Limit)
	case GuardEmails:
		return fmt.Sprintf("%d accounts get another address; at most %d may at once", b.Found, b.Limit)
	case GuardNobody:
		return fmt.Sprintf("%s holds no users, where it held %d", b.Kind, b.Found)
	case GuardStrangers:
		return fmt.Sprintf("none of the %d people of %s is in it any more, but others: it is another directory, or another customer's", b.Found, b.Kind)
	case GuardAttribute:
		return fmt.Sprintf("nobody in %s has a value for %s any more, where all had", b.Kind, b.What)
	}
	return fmt.Sprintf("the imports would make %d new accounts; at most %d are allowed at once", b.Found, b.Limit)
}

// most is how many of so many may change at once.
func most(of int) int { return max(5, of/10) }

// Check lists the limits that a change set, decided from a snapshot, goes beyond.
func (l Limits) Check(before *Snapshot, cs *ChangeSet) []Breach {
	var found []Breach
	see := func(b Breach) {
		if b.Found > b.Limit && (b.Answer() == "" || !slices.Contains(l.Allow[b.Guard], b.Found)) {
			found = append(found, b)
		}
	}
	added, outside, addresses := 0, 0, 0
	for _, c := range cs.Changes {
		was, _ := c.Before.(*Account)
		is, _ := c.After.(*Account)
		switch {
		case is == nil:
		case was == nil:
			added++
		default:
			outside += leavesScope(was.AD, is.AD) + leavesScope(was.M365, is.M365)
			if was.Email != "" && !strings.EqualFold(was.Email, is.Email) {
				addresses++
			}
		}
	}
	if l.NewAccounts > 0 {
		see(Breach{Guard: GuardNew, Found: added, Limit: l.NewAccounts})
	}
	for _, p := range cs.People {
		if p.before == 0 {
			continue
		}
		if p.Read.People == 0 {
			found = append(found, Breach{Guard: GuardNobody, Kind: p.Kind, Found: p.before})
			continue
		}
		if p.absent == p.before && p.before > 1 && !l.OtherDirectory && before.hasAccountsOf(p.Kind) {
			found = append(found, Breach{Guard: GuardStrangers, Kind: p.Kind, Found: p.before})
			continue
		}
		for _, what := range p.lost {
			found = append(found, Breach{Guard: GuardAttribute, Kind: p.Kind, What: what})
		}
		see(Breach{Guard: GuardMissing, Kind: p.Kind, Found: p.absent, Limit: most(p.before)})
		see(Breach{Guard: GuardDisabled, Kind: p.Kind, Found: p.disabled, Limit: most(p.before)})
		see(Breach{Guard: GuardUPNSuffix, Kind: p.Kind, Found: p.suffixes, Limit: most(p.before)})
	}
	if l.ByHand {
		outside, addresses = 0, 0
	}
	see(Breach{Guard: GuardOutOfScope, Found: outside, Limit: most(len(before.Accounts))})
	see(Breach{Guard: GuardEmails, Found: addresses, Limit: most(len(before.Accounts))})
	return found
}

// hasAccountsOf says whether anybody in a directory has an account: while nobody
// has, another directory may take its place.
func (s *Snapshot) hasAccountsOf(kind source.Kind) bool {
	return slices.ContainsFunc(s.Accounts, func(a *Account) bool { return a.Link(kind) != nil })
}

func leavesScope(was, is *Link) int {
	if was != nil && is != nil && was.ID == is.ID && was.Status != StatusOutOfScope && is.Status == StatusOutOfScope {
		return 1
	}
	return 0
}
