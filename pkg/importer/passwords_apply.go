package importer

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// grace is how long a person under way may still take after the command was
// interrupted: one whose password is set in one directory alone is worse.
const grace = 30 * time.Second

// slack is how far the clock of a directory may be from this machine's, and how long
// what was sent may have been on its way.
const slack = 15 * time.Minute

// Apply records what is meant and sets the passwords, one person after the other:
// first in AD, then in Microsoft 365. What came of each step is recorded before the
// next. One person's failure leaves the others alone. The result is that of
// [PreparedReset.Result], also beside an error.
func (p *PreparedReset) Apply(ctx context.Context) error {
	if err := p.record(ctx); err != nil {
		return err
	}
	p.applied = p.run != 0
	for _, t := range p.people {
		if t.refused != nil || t.idle {
			continue
		}
		if ctx.Err() != nil {
			break
		}
		err := p.apply(ctx, t)
		if errors.Is(err, registry.ErrParted) {
			t.note("the account was deleted meanwhile: what came of it is kept nowhere")
		} else if err != nil {
			return err
		}
	}
	left, err := p.leave(context.WithoutCancel(ctx))
	if err != nil {
		return err
	}
	p.follow(ctx)
	if !left {
		return nil
	}
	return context.Cause(ctx)
}

// follow has AD Connect carry what was set in AD alone to Microsoft 365. Where it
// cannot, that is remarked: it does so by itself before long.
func (p *PreparedReset) follow(ctx context.Context) {
	var accounts []string
	for _, t := range p.people {
		if t.refused == nil && t.record.Reset.Follows && t.record.Reset.Done() {
			accounts = append(accounts, t.account.ID)
		}
	}
	if ctx.Err() != nil || len(accounts) == 0 {
		return
	}
	result, err := p.im.Sync(ctx, SyncRequest{Customer: p.snap.Customer.ID, Accounts: accounts})
	if err != nil {
		p.notes = append(p.notes, "AD Connect could not be had run a cycle, and carries the passwords when it next does: "+err.Error())
		return
	}
	p.sync = &result
}

// apply sets one person's password. An error is one of the registry, after which
// nothing more is set.
func (p *PreparedReset) apply(ctx context.Context, t *toReset) error {
	longer, stop := lasting(ctx, grace)
	defer stop()
	before := true // the sides before have it
	for _, kind := range bothKinds {
		side := sideOf(t.record.Reset, kind)
		if side == nil || side.Outcome == registry.ResetSet {
			continue
		}
		switch {
		case side.Outcome == registry.ResetUnknown || !t.given:
			before = false
			continue
		case !before:
			p.fail(t, kind, &source.Error{Code: CodeRefused, Message: "not tried, since Active Directory does not have the new password"})
			continue
		}
		if err := p.set(longer, t, kind); err != nil {
			return err
		}
		before = side.Outcome == registry.ResetSet
	}
	if t.record.Reset.Done() {
		t.record.OutOfStep = time.Time{}
	}
	return p.keep(longer, t)
}

// settle says what came of a side.
func (p *PreparedReset) settle(side *registry.ResetSide, outcome string) {
	side.Outcome, side.At = outcome, p.im.clock()
}

// fail says that a side was not set, and why.
func (p *PreparedReset) fail(t *toReset, kind source.Kind, err error) {
	side := sideOf(t.record.Reset, kind)
	t.problems[kind] = err
	side.Error = source.CodeOf(err)
	p.settle(side, registry.ResetNotSet)
}

// set sets the password in one directory, if it is still as it was looked at.
func (p *PreparedReset) set(ctx context.Context, t *toReset, kind source.Kind) error {
	side := sideOf(t.record.Reset, kind)
	now, err := p.ask(ctx, kind, side.ID)
	if err == nil {
		err = p.changed(t, kind, now)
	}
	if err == nil && p.takesUp {
		err = p.overwritten(ctx, t, kind)
	}
	if err != nil {
		p.fail(t, kind, err)
		return nil
	}
	p.settle(side, registry.ResetSending)
	side.Error, side.Before, side.Server = "", now.Mark, p.open[kind].server
	if err := p.keep(ctx, t); errors.Is(err, registry.ErrParted) {
		p.fail(t, kind, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("the account of %s does not have this user of %s any more", accountLabel(t.account), kind), Hint: "look at the account; then reset it again"})
		return nil
	} else if err != nil {
		return err
	}
	reset := t.record.Reset
	err = p.open[kind].SetPassword(ctx, side.ID, source.NewPassword{Password: t.password, MustChange: reset.MustChange, Unlock: reset.Unlock && kind == source.AD})
	switch {
	case err == nil:
		side.Outcome = registry.ResetSet
		p.confirm(ctx, t, kind)
		p.settle(side, registry.ResetSet)
	case source.CodeOf(err) == source.CodeOutcomeUnknown:
		t.problems[kind] = err
		p.readBack(ctx, t, kind)
	default:
		p.fail(t, kind, err)
	}
	return p.keep(ctx, t)
}

// changed says what speaks against setting a password that did not when it was looked at.
func (p *PreparedReset) changed(t *toReset, kind source.Kind, now *source.PasswordState) error {
	if err := p.against(t.account, kind, now); err != nil {
		return err
	}
	switch {
	case kind == source.M365 && followsAD(now):
		return &source.Error{Code: CodeRefused, Message: accountLabel(t.account) + " is synchronised from Active Directory by now, where the password has to be set", Hint: "reset it again"}
	case sideOf(t.record.Reset, kind).Before.Moved(now.Mark) == source.Yes:
		return changedByOther(t, kind)
	}
	return nil
}

// overwritten says that somebody else has set the password since in the other directory,
// which had the new one: the two would not be in step.
func (p *PreparedReset) overwritten(ctx context.Context, t *toReset, kind source.Kind) error {
	for _, other := range bothKinds {
		side := sideOf(t.record.Reset, other)
		if other == kind || side == nil || side.Outcome != registry.ResetSet {
			continue
		}
		state, err := p.ask(ctx, other, side.ID)
		switch {
		case err != nil:
			return err
		case state == nil:
			return p.against(t.account, other, nil)
		case side.SetSince(state.Mark):
			return changedByOther(t, other)
		}
	}
	return nil
}

func changedByOther(t *toReset, kind source.Kind) error {
	return &source.Error{Code: CodePasswordChanged, Message: fmt.Sprintf("somebody else has set the password of %s in %s meanwhile", accountLabel(t.account), kind), Hint: "find out who; then reset it again"}
}

// confirm reads what was set: how it is known again, and whether it has to be changed
// though nobody asked for that.
func (p *PreparedReset) confirm(ctx context.Context, t *toReset, kind source.Kind) {
	side := sideOf(t.record.Reset, kind)
	within := side.At.Truncate(time.Second) // Microsoft 365 knows no fractions
	for _, wait := range waits(kind) {
		if p.im.pause(ctx, wait) != nil {
			break
		}
		state, err := p.open[kind].Password(ctx, side.ID)
		if err != nil || state == nil {
			break
		}
		if side.Before.Moved(state.Mark) != source.No || !state.Mark.At.Before(within) {
			p.seen(t, kind, state)
			return
		}
	}
	t.note("the new password is set in %s, but does not show there yet", kind)
}

// seen notes how a password that was set stands.
func (p *PreparedReset) seen(t *toReset, kind source.Kind, state *source.PasswordState) {
	side := sideOf(t.record.Reset, kind)
	side.After = state.Mark
	if kind != source.AD {
		return
	}
	t.record.Seen = &registry.SeenPassword{ID: side.ID, Mark: state.Mark}
	if state.MustChange == source.Yes && !t.record.Reset.MustChange {
		t.note("the new password has to be changed at once, which nobody asked for: the account that sets passwords lacks the right Unexpire-Password on the domain")
	}
}

// waits are those before the password is read back, and once more: what was sent may
// still be on its way, and of Microsoft 365 another server may answer.
func waits(kind source.Kind) []time.Duration {
	if kind == source.AD {
		return []time.Duration{0, time.Second}
	}
	return []time.Duration{0, time.Second, 2 * time.Second, 4 * time.Second}
}

// readBack finds out whether a password was set whose answer was lost. AD is asked
// over a new connection to the same controller.
func (p *PreparedReset) readBack(ctx context.Context, t *toReset, kind source.Kind) {
	side := sideOf(t.record.Reset, kind)
	moved := source.Unknown
	for _, wait := range waits(kind) {
		if p.im.pause(ctx, wait) != nil {
			break
		}
		state, err := p.ask(ctx, kind, side.ID)
		if err != nil {
			continue
		}
		if state == nil { // gone, and with it the password
			moved = source.No
			break
		}
		if moved = p.moved(side, kind, state); moved == source.Yes {
			p.ours(t, kind, state)
			return
		}
	}
	if moved == source.No {
		p.settle(side, registry.ResetNotSet)
		side.Error = source.CodeOutcomeUnknown
		return
	}
	p.settle(side, registry.ResetUnknown)
	side.Error = source.CodeOutcomeUnknown
}

// moved says whether a password was set since. Another domain controller than the one
// that it was sent to can only say yes.
func (p *PreparedReset) moved(side *registry.ResetSide, kind source.Kind, state *source.PasswordState) source.Flag {
	moved := side.Before.Moved(state.Mark)
	if moved == source.No && side.Server != p.open[kind].server {
		return source.Unknown
	}
	return moved
}

// ours takes a password that was set since for the one that was sent, unless it was
// set more than once, or long after.
func (p *PreparedReset) ours(t *toReset, kind source.Kind, state *source.PasswordState) {
	side := sideOf(t.record.Reset, kind)
	fail := func(how string) {
		p.fail(t, kind, &source.Error{Code: CodePasswordChanged, Message: fmt.Sprintf("the password of %s was set %s in %s since: it is not known whose it is", accountLabel(t.account), how, kind), Hint: "reset it again"})
	}
	if side.Before.Version != 0 && state.Mark.Version > side.Before.Version+1 {
		fail("more than once")
		return
	}
	if late := side.At.Add(slack); p.im.clock().After(late) && state.SetAt.After(late) {
		fail("long after it was sent")
		return
	}
	delete(t.problems, kind)
	side.Error = ""
	p.settle(side, registry.ResetSet)
	p.seen(t, kind, state)
}

// ask reads how a user's password stands, over a new connection where the one before
// was lost.
func (p *PreparedReset) ask(ctx context.Context, kind source.Kind, id string) (*source.PasswordState, error) {
	state, err := p.open[kind].Password(ctx, id)
	if code := source.CodeOf(err); code != source.CodeUnreachable && code != source.CodeIncomplete {
		return state, err
	}
	if p.reopen(ctx, kind) != nil {
		return nil, err
	}
	return p.open[kind].Password(ctx, id)
}

// reopen opens a directory again whose connection is of no more use.
func (p *PreparedReset) reopen(ctx context.Context, kind source.Kind) error {
	r, err := p.im.openResetter(ctx, p.snap, kind)
	if err != nil {
		return err
	}
	_ = p.open[kind].dir.Close() // it is lost already
	p.open[kind] = r
	return nil
}

// record writes what is meant, as a run, before anything is set.
func (p *PreparedReset) record(ctx context.Context) error {
	if p.takesUp {
		return p.takeUp(ctx)
	}
	var cs registry.ChangeSet
	for _, t := range p.people {
		if t.refused == nil {
			cs.Passwords = append(cs.Passwords, t.record)
			cs.Changes = append(cs.Changes, registry.Change{Entity: registry.EntityPassword, ID: t.account.ID, Name: t.account.Label(), After: t.record.Reset})
		}
	}
	if len(cs.Changes) == 0 {
		return nil
	}
	return p.im.retry(ctx, func(try int) (err error) {
		if try > 1 {
			if err := p.lookAgain(ctx); err != nil {
				return err
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		c := command{name: commandReset, params: p.params}
		cs.CustomerID, cs.Revision = p.snap.Customer.ID, p.snap.Revision
		if cs.Run, err = p.im.run(c, p.snap.Customer.Name, p.im.clock()); err != nil {
			return err
		}
		runs, err := p.im.apply(ctx, cs)
		if err != nil {
			return err
		}
		p.run = runs[0]
		for _, t := range p.people {
			if t.refused == nil {
				t.record.Reset.Run = p.run
			}
		}
		return nil
	})
}

// lookAgain reads the customer anew, which another process has changed. Somebody
// whose links or password are not what was looked at stops everything: nothing is set
// yet.
func (p *PreparedReset) lookAgain(ctx context.Context) error {
	snap, err := p.im.store.Snapshot(ctx, registry.Ref{ID: p.snap.Customer.ID}, registry.Load{Accounts: true, Passwords: true})
	if err != nil {
		return err
	}
	now := map[string]*registry.Account{}
	for _, a := range snap.Accounts {
		now[a.ID] = a
	}
	for _, t := range p.people {
		a := now[t.account.ID]
		was, is := p.snap.Passwords[t.account.ID], snap.Passwords[t.account.ID]
		same := a != nil && a.LinkID(source.AD) == t.account.LinkID(source.AD) && a.LinkID(source.M365) == t.account.LinkID(source.M365)
		if t.refused == nil && (!same || resetID(was) != resetID(is) || is.Reset != nil && is.Reset.UnderWay()) {
			return &source.Error{Code: CodeRefused, Message: accountLabel(t.account) + " was changed or reset by another process meanwhile: nothing was set", Hint: "look at it, and try again"}
		}
	}
	p.snap = snap
	return nil
}

func resetID(p registry.Password) string {
	if p.Reset == nil {
		return ""
	}
	return p.Reset.ID
}

// keep records how far a person's reset has come.
func (p *PreparedReset) keep(ctx context.Context, t *toReset) error {
	note := registry.PasswordNote{Run: p.run, Passwords: []registry.Password{t.record}}
	err := p.im.store.Note(context.WithoutCancel(ctx), p.snap.Customer.ID, note)
	if errors.Is(err, registry.ErrMoved) {
		return &source.Error{
			Code: CodeRefused, Topic: TopicTakenUp, Subject: strconv.FormatInt(p.run, 10),
			Message: fmt.Sprintf("run %d was taken up by another process", p.run),
		}
	}
	return err
}

// leave says of those whose turn did not come that nothing was sent, and whether there
// are any.
func (p *PreparedReset) leave(ctx context.Context) (bool, error) {
	left := false
	for _, t := range p.people {
		if t.refused != nil {
			continue
		}
		changed := false
		for _, kind := range bothKinds {
			if side := sideOf(t.record.Reset, kind); side != nil && side.Outcome == registry.ResetIntended {
				p.fail(t, kind, &source.Error{Code: CodeInterrupted, Message: "interrupted before its turn"})
				changed = true
			}
		}
		if !changed {
			continue
		}
		left = true
		if err := p.keep(ctx, t); err != nil && !errors.Is(err, registry.ErrParted) {
			return left, err
		}
	}
	return left, nil
}
