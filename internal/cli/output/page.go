package output

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Page is the result for people: lines and tables in turn.
type Page struct {
	w      io.Writer
	screen Screen
	err    error
}

// Line writes a line of text; what is in it is cleaned.
func (p *Page) Line(format string, args ...any) { p.toned(Plain, format, args...) }

// toned writes a line of text in a tone.
func (p *Page) toned(tone Tone, format string, args ...any) {
	text := Clean(fmt.Sprintf(format, args...))
	lines := []string{text}
	if width := max(p.screen.Width, minWidth); p.screen.Width > 0 && Width(text) > width {
		words := strings.TrimLeft(text, " ")
		indent := text[:min(len(text)-len(words), width/2)]
		lines = Fold(words, width-len(indent))
		for i := range lines {
			lines[i] = indent + lines[i]
		}
	}
	for _, line := range lines {
		if p.err == nil {
			_, p.err = fmt.Fprintln(p.w, p.screen.Paint(tone, line))
		}
	}
}

// Blank leaves a line between two parts.
func (p *Page) Blank() { p.Line("") }

// TableOf writes items as a table of the columns that have a title.
func TableOf[T any](p *Page, columns []Column[T], items []T) {
	t := table{}
	var shown []Column[T]
	for _, c := range columns {
		switch {
		case c.Title == "" || c.Terminal && p.screen.Width == 0:
		case c.Group && p.screen.Width > 0:
			for _, item := range items {
				t.groups = append(t.groups, cmp.Or(c.Text(item), "-"))
			}
		default:
			shown = append(shown, c)
			t.head, t.ranks, t.tones, t.heads = append(t.head, c.Title), append(t.ranks, c.Rank), append(t.tones, c.Tone), append(t.heads, c.Head)
		}
	}
	t.rows = cellsOf(shown, items)
	p.table(t)
}

// Fields writes the properties of one item, one a line.
func (p *Page) Fields(rows [][]string) { p.table(table{rows: rows}) }

// table is what a table shows. Head may be nil, heads are the tones of its titles;
// ranks and tones are by column, and nil where there are none.
type table struct {
	head  []string
	rows  [][]string
	ranks []int
	tones []func(string) Tone
	heads []Tone
	// groups has the heading that each row stands under, nil for none.
	groups []string
}

// table writes columns without borders, two spaces apart. On a terminal it takes no
// more room than there is, and says what it left out; elsewhere it is the same
// everywhere and in every locale.
func (p *Page) table(t table) {
	if p.err != nil {
		return
	}
	columns, rows := len(t.head), make([][]string, len(t.rows))
	for i, row := range t.rows {
		cells := make([]string, len(row))
		for j, cell := range row {
			if cells[j] = shorten(strings.TrimSpace(Clean(cell))); cells[j] == "" {
				cells[j] = "-"
			}
		}
		rows[i], columns = cells, max(columns, len(row))
	}
	t.rows = rows
	if p.screen == (Screen{}) {
		p.write(t)
		return
	}
	p.fit(t, columns)
}

// fit writes a table in the width and the colours of the screen.
func (p *Page) fit(t table, columns int) {
	ranks := make([]int, columns)
	copy(ranks, t.ranks)
	widths := layout(t.head, t.rows, ranks, p.screen.Width)
	row := func(cells []string, tone func(i int) Tone) {
		lines := make([][]string, len(cells))
		deepest := 0
		for i, cell := range cells {
			if widths[i] > 0 {
				lines[i] = Fold(cell, widths[i])
				deepest = max(deepest, len(lines[i]))
			}
		}
		for n := range deepest {
			line, at, column := "", 0, 0 // at is how many cells are filled
			for i := range cells {
				if widths[i] == 0 {
					continue
				}
				if n < len(lines[i]) && lines[i][n] != "" {
					line += strings.Repeat(" ", column-at) + p.screen.Paint(tone(i), lines[i][n])
					at = column + Width(lines[i][n])
				}
				column += widths[i] + gap
			}
			if p.err == nil {
				_, p.err = fmt.Fprintln(p.w, line)
			}
		}
	}
	var left []string
	for i, title := range t.head {
		if widths[i] == 0 {
			left = append(left, title)
		}
	}
	row(t.head, func(i int) Tone { return cmp.Or(t.heads[i], Strong) })
	if !slices.ContainsFunc(t.groups, func(heading string) bool { return heading != "-" }) {
		t.groups = nil
	}
	for n, cells := range t.rows {
		if t.groups != nil && (n == 0 || t.groups[n] != t.groups[n-1]) {
			p.toned(Strong, "%s:", t.groups[n])
		}
		row(cells, func(i int) Tone {
			if i >= len(t.tones) || t.tones[i] == nil {
				return Plain
			}
			return t.tones[i](cells[i])
		})
	}
	if len(left) > 0 {
		p.toned(Faint, "%s left out: %s%s", Count(len(left), "column"), strings.Join(left, ", "), p.screen.More)
	}
}

// write writes a table as wide as it is.
func (p *Page) write(table table) {
	var b strings.Builder
	t := tablewriter.NewTable(&b,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone,
			Settings: tw.Settings{
				Separators: tw.SeparatorsNone,
				Lines:      tw.LinesNone,
			},
		})),
		tablewriter.WithEastAsian(false),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignment(tw.AlignLeft),
		tablewriter.WithRowAlignment(tw.AlignLeft),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithPadding(tw.Padding{Right: "  ", Overwrite: true}),
	)
	if table.head != nil {
		t.Header(table.head)
	}
	for _, row := range table.rows {
		if p.err = t.Append(row); p.err != nil {
			return
		}
	}
	if p.err = t.Render(); p.err != nil {
		return
	}
	for line := range strings.Lines(b.String()) {
		if _, p.err = fmt.Fprintln(p.w, strings.TrimRight(line, " \n")); p.err != nil {
			return
		}
	}
}

// maxCell is how many characters of a cell a table shows. One name of thousands
// would push every column off the screen.
const maxCell = 500

// shorten cuts what is too long for a table; the other formats have all of it.
func shorten(s string) string {
	if len(s) <= maxCell {
		return s
	}
	n := 0
	for i := range s {
		if n++; n > maxCell {
			return s[:i] + "…"
		}
	}
	return s
}
