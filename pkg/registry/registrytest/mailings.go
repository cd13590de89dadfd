package registrytest

import (
	"github.com/qpimport/qpimport/pkg/registry"
)

// mailings are written without a run, until one records them as invitations.
func mailings(b *bench) {
	id := b.create("Contoso", registry.ModeOn)
	before, err := b.Runs(b.Context(), registry.RunFilter{})
	if err != nil {
		b.Fatal(err)
	}
	v := registry.Invitation{Account: "a", App: "mobile", Name: "Ann", Email: "ann@x.example", Way: registry.WayUnknown, Message: "<1@x.example>", At: noon, ADID: "1", M365ID: "2"}
	w := v
	w.Account, w.Way = "b", registry.WaySent
	know := func(mailings []registry.Invitation, unsent ...registry.InvitationKey) *registry.Snapshot {
		b.Helper()
		s := b.snapshot(id)
		cs := changeSet(s, s.Clone())
		cs.Mailings, cs.Unsent = mailings, unsent
		if cs.Empty() {
			b.Error("mail on its way is nothing")
		}
		if runs, err := b.Apply(b.Context(), cs); err != nil || runs[0] != 0 {
			b.Fatalf("run %v, %v", runs, err)
		}
		return b.snapshot(id)
	}
	if s := know([]registry.Invitation{v, w}); len(s.Mailings) != 2 || !s.Mailings[v.Key()].Same(v) || len(s.Invitations) != 0 || len(s.Invited()) != 2 {
		b.Errorf("%+v, %+v", s.Mailings, s.Invitations)
	}
	if s := know(nil, v.Key()); len(s.Mailings) != 1 || !s.Mailings[w.Key()].Same(w) {
		b.Errorf("%+v", s.Mailings)
	}
	b.change(id, func(s *registry.Snapshot) { s.Invitations[w.Key()] = w })
	s := b.snapshot(id)
	if len(s.Mailings) != 0 || !s.Invitations[w.Key()].Same(w) {
		b.Errorf("%+v, %+v", s.Mailings, s.Invitations)
	}
	if plain, err := b.Snapshot(b.Context(), registry.Ref{ID: id}, registry.Load{Accounts: true}); err != nil || len(plain.Invitations) != 0 {
		b.Errorf("read without being asked for: %+v, %v", plain.Invitations, err)
	}
	b.change(id, func(s *registry.Snapshot) {
		done := s.Invitations[w.Key()]
		done.DoneAt = noon
		s.Invitations[w.Key()] = done
	})
	if s := b.snapshot(id); !s.Invitations[w.Key()].DoneAt.Equal(noon) {
		b.Errorf("%+v", s.Invitations)
	}
	b.change(id, func(s *registry.Snapshot) { delete(s.Invitations, w.Key()) })
	if s := b.snapshot(id); len(s.Invitations) != 0 {
		b.Errorf("%+v", s.Invitations)
	}
	after, err := b.Runs(b.Context(), registry.RunFilter{EntityID: w.Account})
	if err != nil || len(after) != 3 || len(before) != 1 {
		b.Errorf("%d runs about the account, %v", len(after), err)
	}
}
