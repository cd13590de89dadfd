package importer

import (
	"slices"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

func TestAccountLight(t *testing.T) {
	link := func(status string) *registry.Link { return &registry.Link{Status: status} }
	risen := &registry.Link{Status: registry.StatusOK, PrivilegedSince: time.Now()}
	for _, c := range []struct {
		name     string
		state    registry.State
		ad, m365 *registry.Link
		want     Light
	}{
		{"all is well", registry.StateActive, link(registry.StatusOK), link(registry.StatusOK), Green},
		{"one directory", registry.StateActive, nil, link(registry.StatusOK), Green},
		{"waits for a mailbox", registry.StatePendingMatch, link(registry.StatusOK), nil, Yellow},
		{"waits for an address", registry.StateNeedsEmail, link(registry.StatusOK), nil, Yellow},
		{"disabled, and nothing is open", registry.StateActive, link(registry.StatusDisabled), nil, Yellow},
		{"out of scope", registry.StateActive, link(registry.StatusOutOfScope), link(registry.StatusOK), Yellow},
		{"disabled in both", registry.StateActive, link(registry.StatusDisabled), link(registry.StatusDisabled), Yellow},
		{"left, and the mailbox is open", registry.StateActive, link(registry.StatusDisabled), link(registry.StatusOK), Red},
		{"gone", registry.StateActive, link(registry.StatusOK), link(registry.StatusMissing), Red},
		{"replaced", registry.StatePendingMatch, link(registry.StatusReplaced), nil, Red},
		{"came to power", registry.StateActive, risen, link(registry.StatusOK), Red},
	} {
		if got := accountLight(&registry.Account{State: c.state, AD: c.ad, M365: c.m365}); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestFilterByOU names OUs in each way that an import takes, of a directory that is
// not asked.
func TestFilterByOU(t *testing.T) {
	account := func(name, dn string) *registry.Account {
		return &registry.Account{DisplayName: name, AD: &registry.Link{Name: dn}}
	}
	snap := &registry.Snapshot{
		Customer: registry.Customer{Name: "Contoso"},
		Accounts: []*registry.Account{
			account("Ann", `CN=Ann,OU=Sales\, East,OU=Staff,DC=corp,DC=example`),
			account("Ben", "cn=Ben,ou=staff,dc=corp,dc=example"),
			account("Eve", "CN=Eve,OU=Labs,DC=corp,DC=example"),
			{DisplayName: "Max"},
		},
		Selections: []*registry.Selection{{Source: source.AD, OUs: []registry.OURef{{ID: "0a0b0c0d-0000-4000-8000-000000000001", DN: "OU=Labs,DC=corp,DC=example"}}}},
	}
	for _, c := range []struct {
		filter Filter
		want   []string
	}{
		{Filter{OUs: []string{"corp.example/Staff"}}, []string{"Ben"}},
		{Filter{OUs: []string{"corp.example/Staff"}, Recursive: true}, []string{"Ann", "Ben"}},
		{Filter{OUs: []string{`OU=Sales\2C East,OU=Staff,DC=corp,DC=example`}}, []string{"Ann"}},
		{Filter{OUs: []string{"{0A0B0C0D-0000-4000-8000-000000000001}"}}, []string{"Eve"}},
		{Filter{OUs: []string{"DC=corp,DC=example"}, Recursive: true}, []string{"Ann", "Ben", "Eve"}},
		{Filter{OUs: []string{"DC=corp,DC=example"}}, nil},
		{Filter{OUs: []string{"corp.example/Labs", "corp.example/Staff"}, Text: "  bEN\u200b "}, []string{"Ben"}},
		{Filter{}, []string{"Ann", "Ben", "Eve", "Max"}},
	} {
		filters, err := c.filter.of([]*registry.Snapshot{{Customer: registry.Customer{Name: "Other"}}, snap})
		if err != nil {
			t.Errorf("%+v: %v", c.filter, err)
			continue
		}
		var got []string
		for _, a := range snap.Accounts {
			v := viewAccount(a, "Contoso")
			ou, _, _ := accountOrder(&v)
			if filters[1].lets(ou, v.Light, accountWords(&v)...) {
				got = append(got, a.DisplayName)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %v, want %v", c.filter, got, c.want)
		}
	}
	if _, err := (Filter{OUs: []string{"corp.example/Stuff"}}).of([]*registry.Snapshot{snap}); source.CodeOf(err) != source.CodeNotFound {
		t.Errorf("an OU that there is none of: %v", err)
	}
}
