// Package pick has people choose from a list on a terminal.
package pick

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/qpimport/qpimport/internal/cli/output"
)

// The errors of who leaves a list without a choice, or goes back to the one before it.
var (
	ErrLeft = errors.New("left without a choice")
	ErrBack = errors.New("back to the choice before")
)

// Item is one line of a list. What is in it may come from a directory.
type Item struct {
	Label string
	Note  string // what there is to say beside it
	Why   string // why it cannot be chosen, "" for one that can
}

// List is a list to choose from. Whatever is typed searches it.
type List struct {
	Title string
	Help  []string // what the choice is about, below the title
	Items []Item
	// Many lets any number be marked. Where nobody is, the line at the cursor counts.
	Many   bool
	Marked []bool // by item; nil is none
	// Switch is what Ctrl-R turns on and off, "" for nothing.
	Switch string
	On     bool

	// Noun is what an item is, for counts: "user".
	Noun string
	// First says that there is no list before this one: who goes back leaves.
	First  bool
	Screen output.Screen // Width is set by Run

	text   string
	cursor int // in shown
	shown  []int
	chosen []int
	height int
}

// Outcome is what a key led to.
type Outcome int

// The outcomes.
const (
	Open   Outcome = iota // the list goes on
	Chosen                // see [List.Chosen]
	Back                  // by Esc or the left arrow
	Left                  // by Ctrl-C
)

// Chosen are the places of the items that were chosen.
func (l *List) Chosen() []int { return l.chosen }

// search shows the items that have every word of the text.
func (l *List) search() {
	words := strings.Fields(strings.ToLower(l.text))
	l.shown, l.cursor = l.shown[:0], 0
	for i, item := range l.Items {
		all := strings.ToLower(item.Label + " " + item.Note + " " + item.Why)
		if !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(all, word) }) {
			l.shown = append(l.shown, i)
		}
	}
}

// begin makes a list ready.
func (l *List) begin() {
	if l.shown == nil {
		l.shown = []int{}
		l.search()
	}
	if l.Marked == nil {
		l.Marked = make([]bool, len(l.Items))
	}
}

// Press obeys a key.
func (l *List) Press(key tea.KeyPressMsg) Outcome {
	l.begin()
	last := len(l.shown) - 1
	page := max(l.height/2, 1)
	switch name := key.String(); name {
	case "esc", "left":
		return Back
	case "ctrl+c":
		return Left
	case "enter":
		return l.choose()
	case "up", "ctrl+p":
		l.cursor--
	case "down", "ctrl+n":
		l.cursor++
	case "pgup":
		l.cursor -= page
	case "pgdown":
		l.cursor += page
	case "home":
		l.cursor = 0
	case "end":
		l.cursor = last
	case "tab":
		l.mark()
	case "ctrl+a":
		l.markAll()
	case "ctrl+r":
		l.On = l.On != (l.Switch != "")
	case "backspace":
		if runes := []rune(l.text); len(runes) > 0 {
			l.text = string(runes[:len(runes)-1])
			l.search()
		}
	case "ctrl+u":
		l.text = ""
		l.search()
	default:
		if key.Text != "" && output.Clean(key.Text) == key.Text {
			l.text += key.Text
			l.search()
		}
	}
	l.cursor = max(min(l.cursor, len(l.shown)-1), 0)
	return Open
}

// Paste searches for what was pasted.
func (l *List) Paste(msg tea.PasteMsg) {
	for _, r := range msg.Content {
		l.Press(tea.KeyPressMsg{Text: string(r), Code: r})
	}
}

// Resume takes the marks, the switch and the place over from an earlier list, where that
// had the same items.
func (l *List) Resume(earlier *List) {
	if earlier == nil || !slices.Equal(l.Items, earlier.Items) {
		return
	}
	earlier.begin()
	l.Marked, l.On = slices.Clone(earlier.Marked), earlier.On
	l.text = earlier.text
	l.begin()
	l.search()
	l.cursor = earlier.cursor
}

// choose takes what is marked, else what is at the cursor.
func (l *List) choose() Outcome {
	l.chosen = nil
	for i, marked := range l.Marked {
		if marked && l.Many {
			l.chosen = append(l.chosen, i)
		}
	}
	if len(l.chosen) == 0 && len(l.shown) > 0 && l.Items[l.shown[l.cursor]].Why == "" {
		l.chosen = []int{l.shown[l.cursor]}
	}
	if len(l.chosen) == 0 {
		return Open
	}
	return Chosen
}

// mark turns the mark of the line at the cursor, and goes on to the next.
func (l *List) mark() {
	if !l.Many || len(l.shown) == 0 {
		return
	}
	if i := l.shown[l.cursor]; l.Items[i].Why == "" {
		l.Marked[i] = !l.Marked[i]
	}
	l.cursor++
}

// markAll marks all that are shown, or where they are marked takes the marks away.
func (l *List) markAll() {
	if !l.Many {
		return
	}
	all := true
	for _, i := range l.shown {
		all = all && (l.Marked[i] || l.Items[i].Why != "")
	}
	for _, i := range l.shown {
		l.Marked[i] = !all && l.Items[i].Why == ""
	}
}

// marks counts the marked, and those that can be.
func (l *List) marks() (marked, of int) {
	for i, item := range l.Items {
		if l.Marked[i] {
			marked++
		}
		if item.Why == "" {
			of++
		}
	}
	return marked, of
}

// View draws the list into so many lines; no line is wider than the screen.
func (l *List) View(height int) string {
	l.begin()
	l.height = height
	width := l.Screen.Width
	var head, foot []string
	for _, line := range output.Fold(output.Clean(l.Title), width) {
		head = append(head, l.Screen.Paint(output.Strong, line))
	}
	for _, help := range l.Help {
		head = append(head, output.Fold(output.Clean(help), width)...)
	}
	if l.Switch != "" {
		box := "[ ] "
		if l.On {
			box = "[x] "
		}
		head = append(head, output.Fold(box+l.Switch, width)...)
	}
	if l.searched() {
		head = append(head, output.Cut("search: "+l.text+"_", width))
	}
	head = append(head, "")
	foot = append(foot, "")
	if count := l.count(); count != "" {
		foot = append(foot, count)
	}
	foot = append(foot, Keys(width, l.keys()...)...)
	lines := head
	lines = append(lines, l.lines(max(height-len(head)-len(foot), 1))...)
	for _, line := range foot {
		lines = append(lines, l.Screen.Paint(output.Faint, line))
	}
	return strings.Join(lines, "\n") + "\n"
}

// searched says that a list is long enough to be searched, or is.
func (l *List) searched() bool { return l.text != "" || len(l.Items) > 5 }

func (l *List) keys() []string {
	keys := []string{"up/down move"}
	if l.searched() {
		keys = append([]string{"type to search"}, keys...)
	}
	if l.Many {
		keys = append(keys, "tab mark", "ctrl-a all or none")
	}
	if l.Switch != "" {
		keys = append(keys, "ctrl-r [x] on or off")
	}
	if l.First {
		return append(keys, "enter go on", "esc leave")
	}
	return append(keys, "enter go on", "esc go back", "ctrl-c leave")
}

// count says how many are marked, and how many are shown.
func (l *List) count() string {
	var parts []string
	marked, of := l.marks()
	if l.Many {
		parts = append(parts, fmt.Sprintf("%d of %s marked", marked, output.Count(of, l.Noun)))
		if left := len(l.Items) - of; left > 0 {
			parts = append(parts, fmt.Sprintf("%d cannot be", left))
		}
	}
	if l.text != "" {
		parts = append(parts, fmt.Sprintf("%d of %d found", len(l.shown), len(l.Items)))
	}
	return output.Cut(strings.Join(parts, ", "), l.Screen.Width)
}

// lines draws the items round the cursor.
func (l *List) lines(room int) []string {
	if len(l.shown) == 0 {
		return []string{"  nothing is found"}
	}
	first := max(min(l.cursor-room/2, len(l.shown)-room), 0)
	window := l.shown[first:min(first+room, len(l.shown))]
	box := 2
	if l.Many {
		box = 6
	}
	label, beside := 0, 0
	for _, i := range l.shown {
		label = max(label, output.Width(output.Clean(l.Items[i].Label)))
		beside = max(beside, output.Width(output.Clean(l.Items[i].Note))+2)
	}
	label = min(label, max((l.Screen.Width-box)*3/5, l.Screen.Width-box-beside, 8))
	var lines []string
	for n, i := range window {
		item := l.Items[i]
		cursor, mark, note, tone := "  ", "", item.Note, output.Plain
		if first+n == l.cursor {
			cursor, tone = "> ", output.Strong
		}
		if l.Many {
			mark = "[ ] "
			if l.Marked[i] {
				mark = "[x] "
			}
		}
		if item.Why != "" {
			mark, tone = strings.Repeat(" ", len(mark)), output.Faint
			note = strings.TrimSuffix(item.Why+", "+note, ", ")
		}
		name := output.Cut(output.Clean(item.Label), label)
		line := cursor + mark + name
		if note != "" {
			line += strings.Repeat(" ", label-output.Width(name)+2) + output.Clean(note)
		}
		lines = append(lines, l.Screen.Paint(tone, output.Cut(line, l.Screen.Width)))
	}
	return lines
}

// Keys lays out what keys do, a few a line.
func Keys(width int, keys ...string) []string {
	lines := []string{""}
	for _, key := range keys {
		last := &lines[len(lines)-1]
		switch {
		case *last == "":
			*last = output.Cut(key, width)
		case output.Width(*last)+3+output.Width(key) > width:
			lines = append(lines, output.Cut(key, width))
		default:
			*last += "   " + key
		}
	}
	return lines
}

// Run shows a list until something is chosen, or somebody leaves it: ErrLeft, or goes
// back: ErrBack.
func Run(ctx context.Context, in io.Reader, out io.Writer, l *List) error {
	l.Screen.Width = 80
	l.begin()
	end, err := tea.NewProgram(program{List: l, height: 24}, tea.WithContext(ctx), tea.WithInput(in), tea.WithOutput(out)).Run()
	switch {
	case errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		return err
	}
	if p, ok := end.(program); ok && p.over == Back && !l.First {
		return ErrBack
	}
	if l.chosen == nil {
		return ErrLeft
	}
	return nil
}

// program runs a list alone.
type program struct {
	*List
	height int
	over   Outcome
}

func (p program) Init() tea.Cmd { return nil }

// Update takes a key.
func (p program) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		p.Screen.Width, p.height = msg.Width, msg.Height
	case tea.PasteMsg:
		p.Paste(msg)
	case tea.KeyPressMsg:
		if p.over = p.Press(msg); p.over != Open {
			return p, tea.Quit
		}
	}
	return p, nil
}

// View draws the list, and leaves one line of it at the end.
func (p program) View() tea.View {
	if p.over == Open {
		return tea.NewView(p.List.View(p.height - 1))
	}
	what := "nothing"
	switch n := len(p.chosen); {
	case p.over == Back && !p.First:
		what = "back"
	case n > 3:
		what = output.Count(n, p.Noun)
	case n > 0:
		var labels []string
		for _, i := range p.chosen {
			labels = append(labels, p.Items[i].Label)
		}
		what = strings.Join(labels, ", ")
	}
	return tea.NewView(output.Cut(output.Clean(p.Title+": "+what), p.Screen.Width) + "\n")
}
