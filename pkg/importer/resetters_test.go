package importer

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestPowerOfReset: who holds power is told by the directory that was asked, and where
// none was, or it does not say, by what the account knows.
func TestPowerOfReset(t *testing.T) {
	u := &source.User{Kind: source.M365, ID: "1", Username: "ann@x.example"}
	was := &registry.Link{ID: "1", Privileged: "Global Administrator ← ann@x.example"}
	admins := []source.Group{{ID: "r", Name: "User Administrator", Power: true, Members: []string{"1"}}}
	for _, tt := range []struct {
		name string
		open *resetter
		link *registry.Link
		want string
	}{
		{"not asked", nil, was, was.Privileged},
		{"not asked, and nothing known", nil, &registry.Link{ID: "1"}, ""},
		{"it does not say", &resetter{powers: source.Powers{Unknown: "no permission"}}, was, was.Privileged},
		{"it says of another role", &resetter{powers: source.Powers{Groups: admins}}, was, "User Administrator ← ann@x.example"},
		{"it says none", &resetter{powers: source.Powers{Groups: []source.Group{{ID: "r", Name: "R", Power: true}}}}, was, ""},
	} {
		if got := tt.open.power(u, tt.link); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
	if got := (*resetter)(nil).power(&source.User{Critical: true}, &registry.Link{}); got == "" {
		t.Error("a system object was taken")
	}
}
