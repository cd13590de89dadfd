package importer

import (
	"cmp"
	"fmt"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// reasonNotRead is why nobody can be matched yet.
const reasonNotRead = "not_read"

// pairs lists those that stand.
func (w *reportWriter) pairs() error {
	for _, a := range w.snap.Accounts {
		if a.AD == nil || a.M365 == nil {
			continue
		}
		p, err := w.standing(a)
		if err != nil {
			return err
		}
		w.Pairs = append(w.Pairs, p)
	}
	sortBy(w.Pairs, func(p *MatchedPair) (ou, name, id string) { return userOrder(&p.AD) })
	return nil
}

// maxNamesakes bounds the candidates of a user whose name is ambiguous.
const maxNamesakes = 3

// toMatch lists who is left to match, as the next match would find it.
func (w *reportWriter) toMatch() error {
	if w.snap.Customer.PasswordSync != registry.ModeOn {
		return nil
	}
	if w.known[source.M365] == nil || w.known[source.AD] == nil {
		return w.notRead()
	}
	in, err := w.matchInput(sides{})
	if err != nil {
		return err
	}
	taken := map[string]bool{}
	for _, p := range in.M365 {
		taken[p.ID] = p.Taken()
	}
	trace := match.Auto(in, cmp.Or(match.Method(w.snap.Customer.MatchBy), match.ByDisplayName))
	found := viewMatch(trace.Result, true, taken)
	w.Doubtful, w.Counts.FreeMailboxes = list(found.Doubtful), len(found.UnmatchedM365)
	open := func(kind string, ad User, reason, why string, candidates []MatchCandidate, settle ...string) {
		if settle == nil {
			settle = trace.Explain(ad.ID, "").Settle
		}
		w.Open = append(w.Open, OpenCase{
			Kind: kind, User: ad, Reason: reason, Text: match.ReasonText(reason), Why: why, Candidates: list(candidates), Others: []User{}, Settle: list(settle),
		})
	}
	for _, p := range found.Pairs {
		open(OpenReady, p.AD, p.Reason, "", []MatchCandidate{{M365: p.M365, Confidence: p.Confidence, Evidence: p.Evidence, Against: []match.Evidence{}}}, "run the match")
	}
	for _, x := range found.Review {
		open(OpenReview, x.AD, x.Reason, x.Why, x.Candidates)
	}
	for _, x := range found.Ambiguous {
		var candidates []MatchCandidate
		for _, u := range x.M365[:min(len(x.M365), maxNamesakes)] {
			candidates = append(candidates, MatchCandidate{M365: u, Evidence: []match.Evidence{}, Against: []match.Evidence{}})
		}
		why := ""
		if more := len(x.M365) - len(candidates); more > 0 {
			why = fmt.Sprintf("%d more mailboxes have it", more)
		}
		for _, u := range x.AD {
			open(OpenAmbiguous, u, x.Reason, why, candidates)
		}
	}
	for _, u := range found.UnmatchedAD {
		if u.Reason != match.ReasonIgnored {
			open(OpenUnmatched, u.User, u.Reason, u.Why, nil)
		}
	}
	return nil
}

// notRead lists who is left to match where a directory was not read yet.
func (w *reportWriter) notRead() error {
	for _, a := range w.snap.Accounts {
		if a.State != registry.StatePendingMatch || w.snap.Decisions[registry.DecisionKey{ADID: a.LinkID(source.AD)}].Verdict == source.VerdictIgnore {
			continue
		}
		u, err := w.user(source.AD, a.LinkID(source.AD))
		if err != nil {
			return err
		}
		w.Open = append(w.Open, OpenCase{
			Kind: OpenUnmatched, User: viewUser(u, true), Reason: reasonNotRead, Text: "a directory was not read yet", Candidates: []MatchCandidate{}, Others: []User{},
			Settle: []string{"connect both directories, and run the match"},
		})
	}
	return nil
}

// withoutEmail lists who has no usable address.
func (w *reportWriter) withoutEmail() error {
	sharing := map[string][]*registry.Account{}
	for _, a := range w.snap.Accounts {
		if a.Email != "" {
			sharing[emailKey(a.Email)] = append(sharing[emailKey(a.Email)], a)
		}
	}
	var cases []OpenCase
	for _, a := range w.snap.Accounts {
		if a.State != registry.StateNeedsEmail {
			continue
		}
		u, err := w.ownUser(a)
		if err != nil {
			return err
		}
		c := OpenCase{Kind: OpenEmail, User: u, Reason: a.EmailIssue, Candidates: []MatchCandidate{}, Others: []User{}}
		where := source.AD
		if w.PasswordSync == registry.ModeOn || a.AD == nil {
			where = source.M365
		}
		advice := ""
		switch a.EmailIssue {
		case registry.EmailMissing:
			c.Text, advice = "no address is known", "enter one in %s, or set one by hand"
		case registry.EmailInvalid:
			c.Text, advice = "the address cannot be one", "mend it in %s, or set one by hand"
		case registry.EmailDuplicate:
			c.Text, advice = "others have the same address", "give each an address of his own in %s, or set one by hand"
			for _, other := range sharing[emailKey(a.Email)] {
				if other == a || len(c.Others) == maxNamesakes {
					continue
				}
				u, err := w.ownUser(other)
				if err != nil {
					return err
				}
				c.Others = append(c.Others, u)
			}
		}
		c.Settle = []string{fmt.Sprintf(advice, where)}
		cases = append(cases, c)
	}
	sortBy(cases, func(c *OpenCase) (ou, name, id string) { return userOrder(&c.User) })
	w.Open = append(w.Open, cases...)
	return nil
}

// ownUser is the user whom an account has its names from, with the account's
// address.
func (w *reportWriter) ownUser(a *registry.Account) (User, error) {
	kind := source.AD
	if a.AD == nil {
		kind = source.M365
	}
	u, err := w.user(kind, a.LinkID(kind))
	if err != nil {
		return User{}, err
	}
	v := viewUser(u, true)
	v.Email = a.Email
	return v, nil
}
