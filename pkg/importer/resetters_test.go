package importer

import (
	"context"
	"testing"
	"time"

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

// saysPowers is a directory that says who holds power, or why it does not.
type saysPowers struct {
	source.Directory
	info   source.Info
	powers source.Powers
	closed int
}

func (d *saysPowers) Info(context.Context) (source.Info, error)     { return d.info, nil }
func (d *saysPowers) Powers(context.Context) (source.Powers, error) { return d.powers, nil }
func (d *saysPowers) Close() error                                  { d.closed++; return nil }

// TestPowersOfReader: where the account that sets passwords may not see who holds power,
// the one that reads is asked, unless that is an export or another directory.
func TestPowersOfReader(t *testing.T) {
	unknown := source.Powers{Unknown: "no permission"}
	says := source.Powers{Groups: []source.Group{{ID: "r", Name: "Global Administrator", Power: true, Members: []string{"1"}}}}
	for _, tt := range []struct {
		name   string
		reader saysPowers
		known  bool
	}{
		{"it says", saysPowers{info: source.Info{ID: "t"}, powers: says}, true},
		{"it may not either", saysPowers{info: source.Info{ID: "t"}, powers: unknown}, false},
		{"an export", saysPowers{info: source.Info{ID: "t", AsOf: time.Now()}, powers: says}, false},
		{"another tenant", saysPowers{info: source.Info{ID: "u"}, powers: says}, false},
	} {
		snap := registry.New(registry.Customer{})
		snap.Directories[source.M365] = registry.Directory{Kind: source.M365, Identity: "t", Connection: source.Connection{Kind: source.M365}}
		im := New(Options{Open: func(context.Context, source.Connection) (source.Directory, error) { return &tt.reader, nil }})
		p := &PreparedReset{im: im, snap: snap}
		r := &resetter{dir: &saysPowers{powers: unknown}}
		if err := p.readPowers(t.Context(), source.M365, r); err != nil {
			t.Fatal(err)
		}
		if known := r.powers.Unknown == ""; known != tt.known || (len(p.notes) == 0) != tt.known || tt.reader.closed != 1 {
			t.Errorf("%s: %+v, notes %q, closed %d times", tt.name, r.powers, p.notes, tt.reader.closed)
		}
	}
}
