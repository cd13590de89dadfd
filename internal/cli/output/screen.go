package output

import (
	"cmp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/clipperhouse/displaywidth"
)

// Screen is what a result is shown on. The zero value is no terminal: a table is
// as wide as it is then, and without colours.
type Screen struct {
	// Width is how many cells a line has; 0 folds and leaves out nothing.
	Width int
	// Colour allows escape sequences for colours.
	Colour bool
	// More says how to see the columns that there was no room for.
	More string
}

// minWidth is the narrowest screen that is laid out for.
const minWidth = 20

// Tone is how a word is meant. It is shown as a colour, beside the word and never in
// its place.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Warning
	Bad
	Faint  // of no weight, or not known
	Strong // a heading
)

// Paint gives a text the colour of a tone. The text has to be clean: what is in it
// would be obeyed.
func (s Screen) Paint(tone Tone, text string) string {
	if !s.Colour || tone == Plain || text == "" {
		return text
	}
	code := map[Tone]string{Good: "32", Warning: "33", Bad: "31", Faint: "2", Strong: "1"}[tone]
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Width is how many cells of a terminal a clean text takes.
func Width(s string) int { return displaywidth.String(s) }

// signs end a part of an address, a path or a name. A state such as needs_email is
// one word.
const signs = "/@,;:.-="

// Fold breaks a clean text into lines of at most so many cells: behind a space,
// else behind a sign that ends a part of an address, a path or a name, else anywhere.
// Lines after the first begin with a space where there is room for one.
func Fold(s string, width int) []string {
	width = max(width, 2) // a wide character has two cells
	if Width(s) <= width {
		return []string{s}
	}
	indent := ""
	if width >= 6 {
		indent = " "
	}
	var lines []string
	line, used := "", 0
	atSpace, atSign := 0, 0 // where the line may be broken, in bytes; 0 is nowhere
	for clusters := displaywidth.StringGraphemes(s); clusters.Next(); {
		c, n := clusters.Value(), clusters.Width()
		for used+n > width {
			cut := cmp.Or(atSpace, atSign, len(line))
			if c == " " {
				cut = len(line)
			}
			lines = append(lines, strings.TrimRight(line[:cut], " "))
			line = indent + strings.TrimLeft(line[cut:], " ")
			used, atSpace, atSign = Width(line), 0, 0
		}
		if c == " " && strings.TrimLeft(line, " ") == "" && len(lines) > 0 {
			continue
		}
		line += c
		used += n
		switch {
		case c == " " && strings.TrimLeft(line, " ") != "":
			atSpace = len(line)
		case strings.Contains(signs, c):
			atSign = len(line)
		}
	}
	return append(lines, line)
}

// The widths between which columns give way: one that is wider than keptPart folds
// before another one is left out, and no column gets narrower than its longest word,
// unless that is longer than keptWord.
const (
	keptPart = 24
	keptWord = 16
)

// longestPart is how wide a cell's longest part is that is better not broken: a word
// or a time.
func longestPart(cell string) int {
	if _, err := time.Parse(time.RFC3339, cell); err == nil {
		return Width(cell)
	}
	longest := 0
	for word := range strings.FieldsSeq(cell) {
		for word != "" {
			part := word
			if i := strings.IndexAny(word, signs); i >= 0 {
				part = word[:i+1]
			}
			longest, word = max(longest, min(Width(part), keptWord)), word[len(part):]
		}
	}
	return longest
}

// gap is how many cells lie between two columns.
const gap = 2

// layout finds how wide each column of a table is on a screen; 0 leaves it out.
// What has a rank is left out first, the highest before the others. With a width of
// 0 all are as wide as they are.
func layout(head []string, rows [][]string, ranks []int, width int) []int {
	type column struct{ at, whole, most, word int }
	columns := make([]column, len(ranks))
	cells := make([][]int, len(ranks))
	for i := range columns {
		columns[i].at = i
	}
	for _, row := range append([][]string{head}, rows...) {
		for i, cell := range row {
			c := &columns[i]
			cells[i] = append(cells[i], Width(cell))
			c.word = max(c.word, longestPart(cell))
		}
	}
	for i := range columns {
		c := &columns[i]
		slices.Sort(cells[i])
		c.whole, c.most = cells[i][len(cells[i])-1], cells[i][(len(cells[i])*3-1)/4]
		if ranks[i] == Whole {
			c.word = c.whole
		}
	}
	widths := make([]int, len(ranks))
	if width == 0 {
		for _, c := range columns {
			widths[c.at] = c.whole
		}
		return widths
	}
	room := func() int { return max(width, minWidth) - gap*(len(columns)-1) }
	for {
		want, last := 0, -1
		for i, c := range columns {
			want += max(c.word, min(c.whole, keptPart))
			if rank := ranks[c.at]; rank > 0 && (last < 0 || rank >= ranks[columns[last].at]) {
				last = i
			}
		}
		if want <= room() || last < 0 {
			break
		}
		columns = slices.Delete(columns, last, last+1)
	}
	// Each gets what it wants up to a level that all share, and its longest word above
	// that, where there is room for the words of all. What is wanted is what three of
	// four cells need: one long name folds before the others do.
	share := func(level, above, word int) (total int) {
		for _, c := range columns {
			least := min(c.word, word)
			if ranks[c.at] == Whole {
				least = c.whole
			}
			widths[c.at] = max(min(c.most, level), min(c.whole, above), least, 1)
			total += widths[c.at]
		}
		return total
	}
	highest := func(fits func(level int) bool) int {
		return sort.Search(width, func(n int) bool { return !fits(n + 1) })
	}
	word := highest(func(word int) bool { return share(1, 1, word) <= room() })
	level := highest(func(level int) bool { return share(level, 1, word) <= room() })
	above := highest(func(above int) bool { return share(level, above, word) <= room() })
	share(level, above, word)
	return widths
}

// Cut shortens a clean text to so many cells.
func Cut(s string, width int) string { return displaywidth.TruncateString(s, width, "…") }
