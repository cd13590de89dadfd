package pick

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"

	"github.com/qpimport/qpimport/internal/cli/output"
)

// press presses the keys of a text, or with a name in <> that key.
func press(l *List, keys string) (o Outcome) {
	named := map[string]tea.KeyPressMsg{
		"tab": {Code: tea.KeyTab}, "enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "left": {Code: tea.KeyLeft}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown},
		"end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome}, "back": {Code: tea.KeyBackspace}, "all": {Code: 'a', Mod: tea.ModCtrl},
		"clear": {Code: 'u', Mod: tea.ModCtrl}, "switch": {Code: 'r', Mod: tea.ModCtrl}, "ctrl-c": {Code: 'c', Mod: tea.ModCtrl},
	}
	for keys != "" {
		if name, rest, ok := strings.Cut(strings.TrimPrefix(keys, "<"), ">"); ok && keys[0] == '<' {
			o, keys = l.Press(named[name]), rest
			continue
		}
		r := []rune(keys)[0]
		o, keys = l.Press(tea.KeyPressMsg{Code: r, Text: string(r)}), keys[len(string(r)):]
	}
	return o
}

func people() []Item {
	return []Item{
		{Label: "Anna Schmidt", Note: "aschmidt"},
		{Label: "Ben Novák", Note: "bnovak"},
		{Label: "krbtgt", Why: "system_object"},
		{Label: "田中 有希", Note: "ytanaka"},
	}
}

func TestList(t *testing.T) {
	for _, c := range []struct {
		name    string
		keys    string
		many    bool
		outcome Outcome
		want    []int
	}{
		{"the first line", "<enter>", false, Chosen, []int{0}},
		{"moved", "<down><enter>", false, Chosen, []int{1}},
		{"no further than the end", "<up><end><down><enter>", false, Chosen, []int{3}},
		{"searched, in any order and case", "SCH ann<enter>", false, Chosen, []int{0}},
		{"searched with letters beyond ASCII", "ová<enter>", false, Chosen, []int{1}},
		{"by what stands beside", "tanaka<enter>", false, Chosen, []int{3}},
		{"taken back", "xyz<back><back><back>ben<enter>", false, Chosen, []int{1}},
		{"cleared", "xyz<clear><enter>", false, Chosen, []int{0}},
		{"nothing found", "xyz<enter>", false, Open, nil},
		{"one that cannot be chosen", "krb<enter>", false, Open, nil},
		{"left", "<esc>", false, Back, nil},
		{"back", "an<left>", false, Back, nil},
		{"interrupted", "an<ctrl-c>", false, Left, nil},
		{"marked", "<tab>tanaka<tab><enter>", true, Chosen, []int{0, 3}},
		{"mark taken away", "<tab><up><tab><enter>", true, Chosen, []int{1}},
		{"all, but who cannot be", "<all><enter>", true, Chosen, []int{0, 1, 3}},
		{"all and none", "<all><all><enter>", true, Chosen, []int{0}},
		{"all that are shown", "ben<all><clear><enter>", true, Chosen, []int{1}},
		{"a mark where none can be", "krb<tab><enter>", true, Open, nil},
		{"no marks in a list of one choice", "<down><tab><all><enter>", false, Chosen, []int{1}},
	} {
		l := &List{Items: people(), Many: c.many, Noun: "user"}
		if got := press(l, c.keys); got != c.outcome || !slices.Equal(l.Chosen(), c.want) {
			t.Errorf("%s: outcome %d and %v, want %d and %v", c.name, got, l.Chosen(), c.outcome, c.want)
		}
	}
	earlier := &List{Items: people(), Many: true, Switch: "below"}
	press(earlier, "<tab><switch>an")
	again := &List{Items: people(), Many: true, Switch: "below"}
	again.Resume(earlier)
	if got := press(again, "<enter>"); got != Chosen || !slices.Equal(again.Chosen(), []int{0}) || !again.On || again.text != "an" {
		t.Errorf("shown again: %d, %v, %t, %q", got, again.Chosen(), again.On, again.text)
	}
	other := &List{Items: people()[1:], Many: true, Switch: "below"}
	other.Resume(earlier)
	if other.On || press(other, "<enter>") != Chosen || !slices.Equal(other.Chosen(), []int{0}) {
		t.Error("another list has the marks of an earlier one")
	}
	l := &List{Items: people(), Switch: "with OUs below"}
	if press(l, "<switch>"); !l.On {
		t.Error("the switch is not on")
	}
	if l = (&List{Items: people()}); press(l, "<switch>") != Open || l.On {
		t.Error("a switch that there is none of")
	}
}

// TestView checks that a list keeps to its room, whatever it holds.
func TestView(t *testing.T) {
	items := append(people(),
		Item{Label: "\x1b[2J\u202eevil" + strings.Repeat("x", 300), Note: "\x1b]0;owned\x07", Why: strings.Repeat("why ", 50)})
	for i := range 500 {
		items = append(items, Item{Label: fmt.Sprintf("User %d", i), Note: "user@contoso.example"})
	}
	for _, width := range []int{20, 40, 60, 80, 200} {
		for _, height := range []int{12, 24, 60} {
			for _, keys := range []string{"", "<tab><down>", "<end>", "user 4", "nobody"} {
				l := &List{
					Title: "Whom of Contoso's \x1b[31mActive Directory?", Help: []string{"a word on what this is about, which is longer than the screen is wide"},
					Items: items, Many: true, Noun: "user", Switch: "with the OUs below", Screen: output.Screen{Width: width},
				}
				press(l, keys)
				view := l.View(height)
				lines := strings.Split(strings.TrimSuffix(view, "\n"), "\n")
				if len(lines) > height && height > 15 {
					t.Errorf("%dx%d after %q: %d lines", width, height, keys, len(lines))
				}
				for _, line := range lines {
					if output.Width(line) > width {
						t.Errorf("%dx%d after %q: %q is too wide", width, height, keys, line)
					}
				}
				if strings.Contains(view, "\x1b") {
					t.Errorf("%dx%d after %q: a name is obeyed: %q", width, height, keys, view)
				}
				if keys == "<end>" && !strings.Contains(view, "> [ ] User 499") {
					t.Errorf("%dx%d: the end is not in sight:\n%s", width, height, view)
				}
			}
		}
	}
}
