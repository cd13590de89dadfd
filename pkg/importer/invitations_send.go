package importer

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
)

// Delivery is what became of a message.
type Delivery int

// The outcomes of sending a message.
const (
	Delivered Delivery = iota // the server took it
	Declined                  // the server did not take this one; others may go
	Stopped                   // it did not go, and no other will now
	Uncertain                 // the connection broke before the server said whether it took it
)

// Mailer sends messages that were made before.
type Mailer interface {
	// MessageID names the message of somebody.
	MessageID(Invitee) string
	// Connect makes sure, before a message is noted as begun, that there is a server
	// that will hear of it.
	Connect(ctx context.Context) error
	// Send sends somebody's message. Without an error it is [Delivered].
	Send(ctx context.Context, to Invitee) (Delivery, error)
}

// SendInvitations sends a message to each of those chosen, one after another with a
// pause between them. That a message is begun is written before it goes, and what
// became of it after, so that a process that is killed sends nobody a second one.
// What was done until an error is in the result.
func (im *Importer) SendInvitations(ctx context.Context, d *InvitationsDraft, m Mailer, pause time.Duration) (Invitations, error) {
	s := &sending{im: im, InvitationsDraft: d}
	stopped := s.all(ctx, m, pause)
	// What was sent is recorded, whatever happened since.
	ctx = context.WithoutCancel(ctx)
	run, err := im.changeFrom(ctx, s.snap, command{name: "invitations", params: d.request}, s.record, s.read(ctx))
	result, err := im.invited(ctx, d, run, err)
	if err == nil {
		err = stopped
	}
	return result, err
}

// sending is a draft while its messages go out.
type sending struct {
	*InvitationsDraft
	im *Importer
}

func (s *sending) all(ctx context.Context, m Mailer, pause time.Duration) error {
	for i, v := range s.Chosen {
		if i > 0 && pause > 0 {
			select {
			case <-time.After(pause):
			case <-ctx.Done():
			}
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := m.Connect(ctx); err != nil {
			return err
		}
		begun, err := s.begin(ctx, v, m.MessageID(v))
		if err != nil || begun == nil {
			if err != nil {
				return err
			}
			continue
		}
		outcome, err := m.Send(ctx, v)
		if outcome == Delivered {
			begun.Way = registry.WaySent
			s.Result.Now = append(s.Result.Now, viewInvited(begun.Invitation, nil))
		} else if outcome != Stopped {
			word := "refused"
			if outcome == Uncertain {
				word = "unknown"
			}
			s.Result.Failed = append(s.Result.Failed, Unsent{v.ID, v.DisplayName, v.Email, word, err.Error()})
		}
		if werr := s.end(context.WithoutCancel(ctx), *begun, outcome); werr != nil {
			return errors.Join(err, werr)
		}
		if outcome == Stopped || outcome == Uncertain {
			return err
		}
	}
	return nil
}

// underWay is a message on its way.
type underWay struct {
	registry.Invitation
	earlier registry.Invitation // that no run has recorded yet, zero for none
}

// begin notes that a message is about to go; nil for one that somebody else has
// sent, or that is no longer to go, since the draft was made.
func (s *sending) begin(ctx context.Context, v Invitee, message string) (*underWay, error) {
	made := s.invitation(v, registry.WayUnknown, message, s.im.clock())
	for begun, try := time.Now(), 1; ; try++ {
		// What is known of the customer may be newer than the draft from the first try on.
		if s.moved(s.snap, v) || !s.stillFits(v) {
			return nil, nil
		}
		earlier := s.snap.Mailings[made.Key()]
		err := s.note(ctx, registry.ChangeSet{Mailings: []registry.Invitation{made}})
		if err == nil {
			return &underWay{made, earlier}, nil
		}
		if !errors.Is(err, registry.ErrMoved) || !anew(ctx, begun, try) {
			return nil, err
		}
		if s.snap, err = s.read(ctx)(); err != nil {
			return nil, err
		}
	}
}

// stillFits says that the person can be invited at the address of his message.
func (s *sending) stillFits(v Invitee) bool {
	for _, a := range s.snap.Accounts {
		if a.ID == v.ID {
			reason, _, err := whyNotInvited(s.snap, a)
			return err == nil && reason == "" && a.Email == v.Email
		}
	}
	return false
}

// end notes what became of a message. Of one that did not go it is known again what
// was before.
func (s *sending) end(ctx context.Context, v underWay, outcome Delivery) error {
	cs := registry.ChangeSet{}
	switch {
	case outcome == Delivered:
		cs.Mailings = []registry.Invitation{v.Invitation}
	case outcome == Uncertain:
		return nil // as it was begun
	case v.earlier.Account != "":
		cs.Mailings = []registry.Invitation{v.earlier}
	default:
		cs.Unsent = []registry.InvitationKey{v.Key()}
	}
	return s.im.retry(ctx, func(try int) (err error) {
		if try > 1 {
			if s.snap, err = s.read(ctx)(); err != nil {
				return err
			}
		}
		return s.note(ctx, cs)
	})
}

// note writes what is known of a message, and follows the customer's revision.
func (s *sending) note(ctx context.Context, cs registry.ChangeSet) error {
	cs.CustomerID, cs.Revision = s.snap.Customer.ID, s.snap.Revision
	if _, err := s.im.apply(ctx, cs); err != nil {
		return err
	}
	next := s.snap.Clone()
	next.Revision++
	for _, v := range cs.Mailings {
		next.Mailings[v.Key()] = v
	}
	for _, key := range cs.Unsent {
		delete(next.Mailings, key)
	}
	s.snap = next
	return nil
}

// record makes invitations of all messages whose outcome is noted, those of a
// process that was killed included.
func (s *sending) record(d *draft) error {
	maps.Copy(d.after.Invitations, d.before.Mailings)
	return nil
}

func (s *sending) read(ctx context.Context) func() (*registry.Snapshot, error) {
	return func() (*registry.Snapshot, error) {
		return s.im.store.Snapshot(ctx, registry.Ref{ID: s.snap.Customer.ID}, invitationsLoad)
	}
}
