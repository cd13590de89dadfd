package sourcetest

import (
	"errors"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

func TestMemoryConforms(t *testing.T) {
	const root, staff = "DC=corp,DC=example", "OU=Staff,DC=corp,DC=example"
	m := &Memory{
		Identity: source.Info{Kind: source.AD, Server: "memory"},
		Domain: source.Tree{Root: root, Containers: []source.Container{
			{DN: root, Class: "domainDNS"}, {DN: staff, Class: "organizationalUnit"},
		}},
	}
	for n := range 4 {
		m.People = append(m.People, source.User{Kind: source.AD, ID: GUID(n), DN: "CN=" + GUID(n) + "," + staff})
	}
	m.Grouped = []source.Group{{Kind: source.AD, ID: GUID(20), Name: "Staff", Members: []string{GUID(1), GUID(21)}}, {Kind: source.AD, ID: GUID(21), Name: "London", Members: []string{GUID(2)}}}
	m.Power = source.Powers{Groups: []source.Group{{ID: GUID(22), Name: "Domain Admins", Power: true, Members: []string{GUID(3)}}}}
	m.Missed = []source.User{{Kind: source.AD, ID: GUID(9)}}
	Conformance(t, source.AD, func(*testing.T) source.Directory { return m })

	if u, err := m.Find(t.Context(), GUID(9)); err != nil || u == nil || u.ID != GUID(9) {
		t.Errorf("whom reads miss: %+v, %v", u, err)
	}
	m.FindFails = errors.New("connection reset")
	if u, err := m.Find(t.Context(), GUID(0)); u != nil || !errors.Is(err, m.FindFails) {
		t.Errorf("%+v, %v", u, err)
	}
}
