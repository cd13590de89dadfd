package importer

import (
	"context"
	"fmt"
	"slices"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// RelinkRequest gives an account another user of a directory: that of a person who
// came back under another id.
type RelinkRequest struct {
	Customer string      `json:"-"`
	Account  string      `json:"account"` // SEL
	Kind     source.Kind `json:"source"`
	User     string      `json:"user"` // SEL
	DryRun   bool        `json:"-"`
}

// Relink reads the directory and gives the account the user. Its id, its address if
// that was set by hand, and what was decided by hand stay.
func (im *Importer) Relink(ctx context.Context, r RelinkRequest) (AccountsResult, error) {
	owner, err := im.ownerOf(ctx, r.Customer, newSelectors([]string{r.Account}))
	if err != nil {
		return AccountsResult{}, err
	}
	snap, err := im.find(ctx, owner, registry.Load{})
	if err != nil {
		return AccountsResult{}, err
	}
	var read *reading
	full, err := im.beside(ctx, snap.Customer.ID, everything, func() (err error) {
		read, err = im.readWhole(ctx, snap, r.Kind, question{})
		return err
	})
	if err != nil {
		return AccountsResult{}, err
	}
	result := AccountsResult{Applied: !r.DryRun}
	run, err := im.changeLoaded(ctx, full, everything, command{name: "accounts relink", params: r, dry: r.DryRun, limits: &registry.Limits{}}, func(d *draft) error {
		if err := d.learn(read); err != nil {
			return err
		}
		place, err := d.relink(r, read)
		if err != nil {
			return err
		}
		d.settle()
		result.Accounts = []Account{viewAccount(d.after.Accounts[place], d.after.Customer.Name)}
		return nil
	})
	result.Run = run
	return result, err
}

// relink drafts it, and returns the place of the account.
func (d *draft) relink(r RelinkRequest, read *reading) (int, error) {
	places, err := d.find(newSelectors([]string{r.Account}))
	if err != nil {
		return 0, err
	}
	place := places[0]
	a := d.after.Accounts[place]
	old := a.Link(r.Kind)
	if old == nil {
		return 0, &source.Error{Code: CodeRefused, Topic: TopicNothingToRelink, Message: fmt.Sprintf("%s has no user of %s", accountLabel(a), r.Kind)}
	}
	s := newSelectors([]string{r.User})
	var u *source.User
	for _, candidate := range read.users {
		if len(s.offerUser(candidate)) > 0 {
			u = candidate
		}
	}
	topic := TopicUnknownUser
	if r.Kind == source.M365 {
		topic = TopicUnknownMailbox
	}
	if err := s.check("user of "+r.Kind.String(), topic, namesOfUsers(slices.Values(read.users))); err != nil {
		return 0, err
	}
	if other, taken := d.places(r.Kind)[u.ID]; taken && other != place {
		return 0, &source.Error{Code: CodePairTaken, Topic: TopicDeleteFirst, Subject: d.after.Accounts[other].ID,
			Message: fmt.Sprintf("%s is the user of another account, %s", userLabel(u), accountLabel(d.after.Accounts[other]))}
	}
	if r.Kind == source.M365 && u.Email == "" {
		return 0, &source.Error{Code: CodeRefused, Message: userLabel(u) + " has no address and so no mailbox", Hint: "name a user that has a mailbox"}
	}
	a = d.edit(place)
	adopt(d.after.Customer.PasswordSync, a, u, d.now)
	d.moveDecisions(a, old.ID, u)
	if r.Kind == source.M365 && a.AD != nil && old.ID != u.ID {
		a.Pairing = &registry.Pairing{Reason: ReasonManual, Confidence: 1}
		newDecider(d.after.Decisions).decide(registry.Decision{Verdict: match.VerdictMatch, ADID: a.AD.ID, M365ID: u.ID, ADName: a.DisplayName, M365Name: u.DisplayName, DecidedAt: d.now})
	}
	delete(d.after.Dismissals, registry.DismissalKey{Kind: u.Kind, ID: u.ID})
	return place, nil
}

// moveDecisions keeps what was decided about the person, not about the id. It goes
// before what was decided of the new id, as of an account of his that was deleted.
func (d *draft) moveDecisions(a *registry.Account, old string, u *source.User) {
	if u.Kind != source.AD || old == u.ID {
		return
	}
	moved := newDecider(d.after.Decisions)
	for _, x := range sortedDecisions(d.after.Decisions) {
		if x.ADID == old {
			delete(d.after.Decisions, x.Key())
			x.ADID, x.ADName = u.ID, a.DisplayName
			moved.decide(x)
		}
	}
}
