package sourcetest

import (
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
	Conformance(t, source.AD, func(*testing.T) source.Directory { return m })
}
