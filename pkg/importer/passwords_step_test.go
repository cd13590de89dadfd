package importer

import (
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/source"
)

func TestInStep(t *testing.T) {
	at := time.Date(2026, 5, 6, 7, 8, 9, 500, time.UTC)
	later, earlier := at.Add(time.Minute), at.Add(-time.Minute)
	user := func(kind source.Kind, set time.Time, synced source.Flag) *source.User {
		return &source.User{Kind: kind, PasswordLastSet: set, Synced: synced}
	}
	reset := func(ad, m365 string, adAt time.Time) *registry.Reset {
		return &registry.Reset{
			At:   at,
			AD:   &registry.ResetSide{Outcome: ad, After: source.PasswordMark{Version: 3, At: adAt}},
			M365: &registry.ResetSide{Outcome: m365, After: source.PasswordMark{At: at.Truncate(time.Second)}},
		}
	}
	set := registry.ResetSet
	half := func(ad, m365 time.Time) registry.Password {
		r := reset(registry.ResetSet, registry.ResetNotSet, ad)
		r.M365.Before, r.M365.After = source.PasswordMark{At: m365}, source.PasswordMark{}
		return registry.Password{Reset: r}
	}
	silent := reset(set, set, at) // one that Microsoft 365 did not show
	silent.M365.After = source.PasswordMark{}
	elsewhere := reset(set, set, at) // of a mailbox that was paired before
	elsewhere.M365.ID = "another"
	for name, c := range map[string]struct {
		known         registry.Password
		onPrem, cloud *source.User
		want          string
	}{
		"never in both":            {registry.Password{}, user(source.AD, at, 0), user(source.M365, at, 0), "?"},
		"by the same reset":        {registry.Password{Reset: reset(set, set, at)}, user(source.AD, at, 0), user(source.M365, at.Truncate(time.Second), 0), "yes"},
		"set in AD since":          {registry.Password{Reset: reset(set, set, at)}, user(source.AD, later, 0), user(source.M365, at.Truncate(time.Second), 0), "no"},
		"set in the cloud since":   {registry.Password{Reset: reset(set, set, at)}, user(source.AD, at, 0), user(source.M365, later, 0), "no"},
		"to be changed since":      {registry.Password{Reset: reset(set, set, at)}, user(source.AD, time.Time{}, 0), user(source.M365, at.Truncate(time.Second), 0), "?"},
		"to be changed by it":      {registry.Password{Reset: reset(set, set, time.Time{})}, user(source.AD, time.Time{}, 0), user(source.M365, at.Truncate(time.Second), 0), "yes"},
		"changed, as it had to be": {registry.Password{Reset: reset(set, set, time.Time{})}, user(source.AD, later, 0), user(source.M365, at.Truncate(time.Second), 0), "no"},
		"half":                     {registry.Password{Reset: reset(set, registry.ResetNotSet, at)}, user(source.AD, at, 0), user(source.M365, at, 0), "no"},
		"half, and set by hand":    {half(at, earlier), user(source.AD, at, 0), user(source.M365, later, 0), "?"},
		"half still":               {half(at, earlier), user(source.AD, at, 0), user(source.M365, earlier, 0), "no"},
		"half, and set in AD":      {half(at, earlier), user(source.AD, later, 0), user(source.M365, earlier, 0), "?"},
		"not shown":                {registry.Password{Reset: silent}, user(source.AD, at, 0), user(source.M365, later, 0), "?"},
		"another mailbox":          {registry.Password{Reset: elsewhere}, user(source.AD, at, 0), user(source.M365, at.Truncate(time.Second), 0), "?"},
		"in AD, then in the cloud": {registry.Password{OutOfStep: at}, user(source.AD, at, 0), user(source.M365, later, 0), "?"},
		"cut off":                  {registry.Password{Reset: reset(set, registry.ResetSending, at)}, user(source.AD, at, 0), user(source.M365, at, 0), "?"},
		"not done":                 {registry.Password{Reset: reset(registry.ResetNotSet, registry.ResetNotSet, at)}, user(source.AD, at, 0), user(source.M365, at, 0), "?"},
		"set in AD alone":          {registry.Password{OutOfStep: at}, user(source.AD, at, 0), user(source.M365, at, 0), "no"},
		"carried":                  {registry.Password{}, user(source.AD, at, 0), user(source.M365, later, source.Yes), "yes"},
		"carried in that second":   {registry.Password{}, user(source.AD, at, 0), user(source.M365, at.Truncate(time.Second), source.Yes), "yes"},
		"not carried yet":          {registry.Password{}, user(source.AD, at, 0), user(source.M365, earlier, source.Yes), "no"},
		"carried, to be changed":   {registry.Password{}, user(source.AD, time.Time{}, 0), user(source.M365, later, source.Yes), "?"},
		"one alone":                {registry.Password{}, user(source.AD, at, 0), nil, "?"},
	} {
		got, why := inStep(&c.known, c.onPrem, c.cloud)
		text := "?"
		if got != nil {
			text = map[bool]string{true: "yes", false: "no"}[*got]
		}
		if text != c.want || why == "" {
			t.Errorf("%s: %s (%s), want %s", name, text, why, c.want)
		}
	}
}

// A check that read a change before a reset of ours, and looks at what is known after it,
// takes neither for somebody's.
func TestIsSeen(t *testing.T) {
	seen := &registry.SeenPassword{ID: "1", Mark: source.PasswordMark{Version: 6}}
	for version, want := range map[int64]bool{5: true, 6: true, 7: false} {
		if got := isSeen(seen, source.PasswordChange{ID: "1", Mark: source.PasswordMark{Version: version}}); got != want {
			t.Errorf("version %d: %v", version, got)
		}
	}
	if isSeen(nil, source.PasswordChange{ID: "1"}) || isSeen(seen, source.PasswordChange{ID: "2", Mark: source.PasswordMark{Version: 6}}) {
		t.Error("somebody else's")
	}
}
