package output

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestFold(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  []string
	}{
		{"", 10, []string{""}},
		{"Anna Schmidt", 12, []string{"Anna Schmidt"}},
		{"aa bb cc", 5, []string{"aa bb", "cc"}},
		{"Anna Maria Schmidt", 12, []string{"Anna Maria", " Schmidt"}},
		{"anna.schmidt@contoso.example", 14, []string{"anna.schmidt@", " contoso.", " example"}},
		{"corp.example/Staff/London", 19, []string{"corp.example/Staff/", " London"}},
		{"needs_email", 8, []string{"needs_em", " ail"}},
		{strings.Repeat("x", 12), 5, []string{"xxxxx", "xxxxx", "xx"}},
		{"田中有希", 5, []string{"田中", "有希"}},
		{"e\u0301e\u0301e\u0301", 2, []string{"e\u0301e\u0301", "e\u0301"}},
		{"👍🏽👍🏽", 3, []string{"👍🏽", "👍🏽"}},
		{"🇩🇪🇫🇷", 3, []string{"🇩🇪", "🇫🇷"}},
		{"one", 0, []string{"on", "e"}},
	} {
		if got := Fold(c.in, c.width); !slices.Equal(got, c.want) {
			t.Errorf("Fold(%q, %d) = %q, want %q", c.in, c.width, got, c.want)
		}
	}
}

// FuzzFold checks that no line is wider than the screen and that nothing but spaces
// is lost or made up.
func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "Zoë O'Connor", "田中 有希", "a@b.example", strings.Repeat("👍🏽", 20), "a\u0301\u0302 b", "   x   ", "\xff"} {
		for _, width := range []int{0, 1, 5, 6, 40} {
			f.Add(s, width)
		}
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		s, width = Clean(s), min(max(width, 0), 500)
		lines := Fold(s, width)
		for _, line := range lines {
			if Width(line) > max(width, 2) {
				t.Errorf("%q at %d has the line %q", s, width, line)
			}
		}
		plain := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if got := strings.Join(lines, ""); plain(got) != plain(s) {
			t.Errorf("%q at %d is %q", s, width, lines)
		}
	})
}

var escapes = regexp.MustCompile("\x1b\\[[0-9]*m")

// staff is a table with all that people are called.
func staff(p *Page) {
	type row = []string
	text := func(i int) func(row) string { return func(r row) string { return r[i] } }
	TableOf(p, []Column[row]{
		{Title: "Display name", Text: text(0)},
		{Title: "User name", Text: text(1), Rank: 1},
		{Title: "E-mail", Text: text(2)},
		{Title: "State", Text: text(3), Tone: func(s string) Tone { return map[string]Tone{"active": Good}[s] }},
		{Title: "OU", Text: text(4), Rank: 2, Terminal: true},
	}, []row{
		{"Zoë O'Connor", "zoconnor", "zoe.oconnor@contoso.example", "active", "corp.contoso.example/Staff/London"},
		{"田中 有希", "ytanaka", "yuki.tanaka@contoso.example", "active", "corp.contoso.example/Staff/Osaka"},
		{"\x1b[2J\u202eevil" + strings.Repeat("x", 300), "\x1b]0;owned\x07", "=cmd", "pending_match", "corp.contoso.example/Staff"},
		{strings.Repeat("Ann ", 75), "", "", "needs_email", ""},
		{"👩🏽 ❤️ 🇩🇪 e\u0301", "x", "y", "active", "z"},
	})
}

// TestWidths checks at each width that no line is wider, that what was left out is
// said, and that a terminal obeys nothing but colours.
func TestWidths(t *testing.T) {
	render := func(s Screen) string {
		var b strings.Builder
		if err := Render(&b, Table, false, s, View{Page: staff}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	for _, width := range []int{1, 20, 40, 60, 80, 120, 200} {
		for _, colour := range []bool{false, true} {
			text := render(Screen{Width: width, Colour: colour, More: "!"})
			if got := strings.Contains(text, "\x1b"); got != colour {
				t.Errorf("width %d: escapes are there: %t", width, got)
			}
			plain := escapes.ReplaceAllString(text, "")
			if strings.Contains(plain, "\x1b") {
				t.Errorf("width %d: a name is obeyed: %q", width, plain)
			}
			for line := range strings.Lines(plain) {
				if n := Width(strings.TrimSuffix(line, "\n")); n > max(width, minWidth) {
					t.Errorf("width %d: %d cells in %q", width, n, line)
				}
			}
			left := ""
			if oneLine := strings.ReplaceAll(plain, "\n", ""); strings.Contains(oneLine, " left out: ") {
				_, left, _ = strings.Cut(oneLine, " left out: ")
			}
			for _, title := range []string{"Display", "User", "E-mail", "State", "OU"} {
				head, _, _ := strings.Cut(plain, "\n")
				if !strings.Contains(left, title) && !strings.Contains(head, title[:2]) {
					t.Errorf("width %d: nothing is said of %s in %.300q", width, title, plain)
				}
			}
		}
	}
	if text := render(Screen{}); strings.Contains(text, "OU") || strings.Contains(text, "\x1b") || !strings.Contains(text, "active\n") {
		t.Errorf("without a terminal: %q", text)
	}
	if text := render(Screen{Colour: true}); !strings.Contains(text, "\x1b[32mactive\x1b[0m") || strings.Contains(text, "OU") {
		t.Errorf("in colour without a terminal: %q", text)
	}
	if wide, none := escapes.ReplaceAllString(render(Screen{Width: 2000, Colour: true}), ""), render(Screen{}); !strings.Contains(wide, fmt.Sprintf("%.30s", none)) {
		t.Errorf("where there is room: %q", wide)
	}
}
