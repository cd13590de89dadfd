package importer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// PrepareResume goes on with a run of resets that was cut off, or that set some
// passwords in one directory alone. [PreparedReset.Apply] asks the directories what
// came of what was sent, and sets what is missing of those whose password is given.
func (im *Importer) PrepareResume(ctx context.Context, r ResumeRequest) (*PreparedReset, error) {
	run, changes, err := im.readRun(ctx, r.Run)
	if err != nil {
		return nil, err
	}
	snap, err := im.store.Snapshot(ctx, registry.Ref{ID: run.CustomerID}, registry.Load{Accounts: true, Passwords: true})
	if err != nil {
		return nil, err
	}
	if r.Customer != "" {
		named, err := im.find(ctx, r.Customer, registry.Load{})
		if err != nil {
			return nil, err
		}
		if named.Customer.ID != run.CustomerID {
			return nil, &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf("run %d is of %s, not of %s", run.ID, run.CustomerName, named.Customer.Name)}
		}
	}
	if run.Command != commandReset {
		return nil, &source.Error{Code: CodeRefused, Message: fmt.Sprintf("run %d (%s) did not reset passwords", run.ID, run.Command)}
	}
	var meant ResetRequest
	if err := json.Unmarshal(run.Params, &meant); err != nil {
		return nil, registry.Damaged(err, "run %d", run.ID)
	}
	if r.Password != nil && meant.Style != "" {
		return nil, &source.Error{Code: source.CodeUsage, Topic: TopicOwnPasswords, Message: fmt.Sprintf("run %d made a password for each person: the one that is given is none of them", run.ID)}
	}
	p := &PreparedReset{im: im, snap: snap, privileged: meant.Privileged, open: map[source.Kind]*resetter{}, run: run.ID, takesUp: true, notes: []string{}}
	if err := p.gather(changes, r); err != nil {
		return nil, err
	}
	if err := p.openMissing(ctx); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

// gather collects who was meant in a run, as far as it is still the last word.
func (p *PreparedReset) gather(changes []registry.StoredChange, r ResumeRequest) error {
	accounts := map[string]*registry.Account{}
	for _, a := range p.snap.Accounts {
		accounts[a.ID] = a
	}
	passwords := map[string]ResetPassword{}
	for _, given := range r.Passwords {
		passwords[given.Account] = given
	}
	for _, c := range changes {
		a := accounts[c.ID]
		if c.Entity != registry.EntityPassword {
			continue
		}
		if a == nil {
			gone := &registry.Account{ID: c.ID, DisplayName: c.Name}
			p.people = append(p.people, &toReset{account: gone, refused: &source.Error{Code: CodeRefused, Message: "the account of " + c.Name + " was deleted since"}})
			continue
		}
		var meant registry.Reset
		if err := json.Unmarshal(c.After, &meant); err != nil {
			return registry.Damaged(err, "run %d", p.run)
		}
		t := &toReset{account: a, record: p.snap.Passwords[a.ID], problems: map[source.Kind]error{}}
		if resetID(t.record) != meant.ID {
			t.refused = &source.Error{Code: CodeRefused, Message: accountLabel(a) + " was reset again since"}
		} else {
			t.record.Reset = t.record.Reset.Clone()
			given, ok := passwords[a.ID]
			switch {
			case ok && given.Reset != meant.ID:
				t.refused = &source.Error{Code: CodeRefused, Message: "the password that is given for " + accountLabel(a) + " is of another reset"}
			case ok:
				t.password, t.given = given.Password, true
			case r.Password != nil:
				t.password, t.given = *r.Password, true
			}
		}
		p.people = append(p.people, t)
	}
	return nil
}

// openMissing opens the directories in which something is to be found out or set.
func (p *PreparedReset) openMissing(ctx context.Context) error {
	for _, t := range p.people {
		for _, kind := range bothKinds {
			if t.refused != nil || p.open[kind] != nil || !t.missing(kind) && !t.toCompare(kind) {
				continue
			}
			if err := p.openResetter(ctx, kind); err != nil {
				return err
			}
		}
	}
	return nil
}

// missing says that a directory has to be asked about the password, or be given it.
func (t *toReset) missing(kind source.Kind) bool {
	side := sideOf(t.record.Reset, kind)
	if side == nil {
		return false
	}
	switch side.Outcome {
	case registry.ResetSending, registry.ResetUnknown:
		return true
	case registry.ResetSet:
		return false
	}
	// What was not set though nobody said so is asked about once more.
	return t.given || side.Error == source.CodeOutcomeUnknown
}

// toCompare says that a directory has the password, and the other one is given it if
// that is so still.
func (t *toReset) toCompare(kind source.Kind) bool {
	side := sideOf(t.record.Reset, kind)
	return t.given && side != nil && side.Outcome == registry.ResetSet && !t.record.Reset.Done()
}

// takeUp makes the run this process's own, and finds out what came of it.
func (p *PreparedReset) takeUp(ctx context.Context) error {
	note := registry.PasswordNote{Run: p.run, TakeUp: true}
	for _, t := range p.people {
		if t.refused != nil {
			continue
		}
		if t.idle = !t.record.Reset.Open() && !t.missing(source.AD) && !t.missing(source.M365); !t.idle {
			t.record.Reset.Attempt++
			note.Passwords = append(note.Passwords, t.record)
		}
	}
	if len(note.Passwords) == 0 {
		return nil
	}
	err := p.im.store.Note(ctx, p.snap.Customer.ID, note)
	if errors.Is(err, registry.ErrMoved) || errors.Is(err, registry.ErrParted) {
		return &source.Error{Code: CodeRefused, Message: fmt.Sprintf("another process goes on with run %d, or deleted an account of it", p.run), Hint: "look at it, and try again"}
	}
	if err != nil {
		return err
	}
	for _, t := range p.people {
		if t.refused == nil && !t.idle {
			if err := p.findOut(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// findOut asks the directories what came of what was sent, and keeps the answer.
func (p *PreparedReset) findOut(ctx context.Context, t *toReset) error {
	for _, kind := range bothKinds {
		side := sideOf(t.record.Reset, kind)
		if side == nil || side.Outcome == registry.ResetSet {
			continue
		}
		if side.Outcome == registry.ResetIntended {
			p.settle(side, registry.ResetNotSet)
			continue
		}
		if !t.missing(kind) || side.Outcome == registry.ResetNotSet && side.Error != source.CodeOutcomeUnknown {
			continue
		}
		state, err := p.ask(ctx, kind, side.ID)
		if source.CodeOf(err) == source.CodePermission { // of this one user, perhaps
			t.problems[kind] = err
			p.settle(side, registry.ResetUnknown)
			continue
		}
		if err != nil {
			return err
		}
		moved := source.No
		if state != nil {
			moved = p.moved(side, kind, state)
		}
		switch moved {
		case source.Yes:
			p.ours(t, kind, state)
		case source.No:
			side.Error = ""
			p.settle(side, registry.ResetNotSet)
		default:
			p.settle(side, registry.ResetUnknown)
		}
	}
	return p.keep(ctx, t)
}
