package importer

import (
	"reflect"
	"testing"

	"github.com/qpimport/qpimport/pkg/match"
	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// promote makes Domain Admins of AD users, through IT Staff.
func (w *world) promote(ids ...string) {
	w.ad.Power = source.Powers{Groups: []source.Group{
		{ID: "da", Name: "Domain Admins", Power: true, Members: []string{"it"}},
		{ID: "it", Name: "IT Staff", Members: ids},
	}}
}

func reasons(skipped []SkippedUser) map[string]string {
	m := map[string]string{}
	for _, s := range skipped {
		m[s.DisplayName] = s.Reason
	}
	return m
}

// TestPrivilegeGate follows somebody who holds power, and somebody who comes to it.
func TestPrivilegeGate(t *testing.T) {
	w := newWorld(t)
	w.person(1, "Ann Adams", "OU=Staff", "")
	w.person(2, "Bob Brown", "OU=Staff", "")
	w.person(3, "Cid Clark", "OU=Staff", "").AdminCount = true
	w.mailbox(11, "Ann Adams", "ann@contoso.example")
	w.mailbox(12, "Bob Brown", "bob@contoso.example")
	w.promote(sourcetest.GUID(1))

	got := w.mustImport(staff(registry.ModeOn))
	if want := map[string]string{"Ann Adams": "privileged"}; !reflect.DeepEqual(reasons(got.Skipped), want) {
		t.Fatalf("skipped %v, want %v", reasons(got.Skipped), want)
	}
	if s := got.Skipped[0]; s.Why != "Domain Admins ← IT Staff ← p1" || !reflect.DeepEqual(s.By, [][]string{{"Domain Admins", "IT Staff"}}) {
		t.Errorf("%+v", s)
	}
	list, err := w.Privileged(t.Context(), "Contoso")
	if err != nil || len(list.People) != 1 || list.People[0].Username != "p1" || list.People[0].Imported || len(list.Was) != 1 || list.Was[0].Username != "p3" {
		t.Errorf("%+v, %v", list, err)
	}

	// By name he is taken, and no rule gives him a mailbox.
	w.mustImport(ImportRequest{Customer: "Contoso", Source: source.AD, Users: []string{"p1"}})
	m := w.mustMatch(MatchRequest{By: match.ByDisplayName})
	if m.Counts.Matched != 1 || m.Pairs[0].AD.Username != "p2" {
		t.Fatalf("%+v", m.Counts)
	}
	for _, u := range m.UnmatchedAD {
		if u.Username == "p1" && (u.Reason != "privileged" || u.Why != "Domain Admins ← IT Staff ← p1") {
			t.Errorf("%+v", u)
		}
	}
	w.byHand(joined("p1", "ann@contoso.example"))
	if s, err := w.Status(t.Context(), StatusRequest{Customer: "Contoso"}); err != nil || finding(s[0], "privileged") != 0 {
		t.Errorf("who was chosen as he is needs nobody's hand: %+v, %v", s[0].Findings, err)
	}

	// Bob comes to power.
	w.promote(sourcetest.GUID(1), sourcetest.GUID(2))
	drift, err := w.Drift(t.Context(), "Contoso")
	if err != nil || !hasDifference(drift, "Bob Brown", DriftPrivileged, "Domain Admins ← IT Staff ← p2") || hasDifference(drift, "Ann Adams", DriftPrivileged, "Domain Admins ← IT Staff ← p1") {
		t.Errorf("%+v, %v", drift.Differences, err)
	}
	r, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso"})
	if err != nil || r.Counts.Privileged != 1 || len(r.Changes) != 1 || r.Changes[0].What != WhatPrivileged {
		t.Fatalf("%+v, %v", r, err)
	}
	status := func() int {
		t.Helper()
		s, err := w.Status(t.Context(), StatusRequest{Customer: "Contoso"})
		if err != nil {
			t.Fatal(err)
		}
		return finding(s[0], "privileged")
	}
	if status() != 1 {
		t.Error("status does not tell of Bob")
	}

	// A directory that does not say takes nobody's power away.
	w.ad.Power = source.Powers{Unknown: "no permission"}
	if r, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso"}); err != nil || len(r.Changes) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	w.person(4, "Dee Davis", "OU=Staff", "")
	if got := w.mustImport(staff("")); !reflect.DeepEqual(reasons(got.Skipped), map[string]string{"Ann Adams": "privileged", "Bob Brown": "privileged"}) || got.Counts.Imported != 1 {
		t.Errorf("%v, %+v", reasons(got.Skipped), got.Counts)
	}

	// Whoever imports him by name has seen it; whoever loses it is as before.
	w.promote(sourcetest.GUID(1), sourcetest.GUID(2))
	w.mustImport(ImportRequest{Customer: "Contoso", Source: source.AD, Users: []string{"p2"}})
	if status() != 0 {
		t.Error("status goes on after somebody has chosen Bob as he is")
	}
	w.promote(sourcetest.GUID(1))
	if r, err := w.Refresh(t.Context(), RefreshRequest{Customer: "Contoso"}); err != nil || len(r.Changes) != 1 {
		t.Errorf("%+v, %v", r, err)
	}
	all := staff("")
	all.IncludePrivileged = true
	if got := w.mustImport(all); len(got.Skipped) != 0 {
		t.Errorf("with all who hold power: %v", reasons(got.Skipped))
	}
	before := w.dump()
	if w.mustImport(all); w.dump() != before {
		t.Error("the same again wrote something")
	}
}

func finding(s CustomerStatus, code string) int {
	for _, f := range s.Findings {
		if f.Code == code {
			return f.Count
		}
	}
	return 0
}

func hasDifference(r DriftResult, name, code, ad string) bool {
	for _, d := range r.Differences {
		if d.DisplayName == name && d.Code == code && d.AD == ad {
			return true
		}
	}
	return false
}

// TestMailboxClasses: a mailbox that was in doubt is skipped as what it is, and stays
// so while nobody can say.
func TestMailboxClasses(t *testing.T) {
	w := newWorld(t)
	w.mailbox(11, "Ann", "ann@contoso.example")
	w.mailbox(12, "Info", "info@contoso.example").Enabled = source.No
	w.mailbox(13, "Gone", "gone@contoso.example").Enabled = source.No
	w.m365.Boxes = source.Mailboxes{From: source.MailboxByPurpose, Classes: map[string]source.MailboxClass{sourcetest.GUID(12): source.MailboxShared}, Requests: 1}
	all := ImportRequest{Customer: "Contoso", Source: source.M365, PasswordSync: registry.ModeOff, All: true, IncludeDisabled: true}
	want := map[string]string{"Info": source.SkipShared}
	if got := w.mustImport(all); !reflect.DeepEqual(reasons(got.Skipped), want) {
		t.Errorf("skipped %v, want %v", reasons(got.Skipped), want)
	}
	before := w.dump()
	if w.mustImport(all); w.dump() != before {
		t.Error("the same again wrote something")
	}
	w.m365.Boxes = source.Mailboxes{Unknown: "no permission"}
	if got := w.mustImport(all); !reflect.DeepEqual(reasons(got.Skipped), want) || len(got.Notes) != 1 {
		t.Errorf("skipped %v, want %v; notes %v", reasons(got.Skipped), want, got.Notes)
	}
	users, err := w.Users(t.Context(), UsersRequest{Customer: "Contoso", Source: source.M365, All: true, Details: true})
	if err != nil || len(users.Users) != 3 || users.Users[2].Class != source.MailboxShared || users.Users[2].ClassFrom != source.MailboxByPurpose {
		t.Fatalf("%+v, %v", users, err)
	}
	tests, err := w.TestDirectories(t.Context(), "Contoso", []source.Kind{source.M365})
	if err != nil || tests[0].Mailboxes == nil || tests[0].Mailboxes.InDoubt != 2 || tests[0].Mailboxes.Unknown != "no permission" {
		t.Errorf("%+v, %v", tests, err)
	}
}
