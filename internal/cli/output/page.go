package output

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Page is the result for people: lines and tables in turn.
type Page struct {
	w   io.Writer
	err error
}

// Line writes a line of text; what is in it is cleaned.
func (p *Page) Line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, Clean(fmt.Sprintf(format, args...)))
	}
}

// Blank leaves a line between two parts.
func (p *Page) Blank() { p.Line("") }

// TableOf writes items as a table of the columns that have a title.
func TableOf[T any](p *Page, columns []Column[T], items []T) {
	head, rows := grid(columns, items, func(c Column[T]) string { return c.Title })
	p.Table(head, rows)
}

// Fields writes the properties of one item, one a line.
func (p *Page) Fields(rows [][]string) { p.Table(nil, rows) }

// Table writes columns under a head, without borders: two spaces apart, never
// wrapped, the same on every terminal and in every locale.
func (p *Page) Table(head []string, rows [][]string) {
	if p.err != nil {
		return
	}
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
	if head != nil {
		t.Header(head)
	}
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = shorten(strings.TrimSpace(Clean(cell)))
			if cells[i] == "" {
				cells[i] = "-"
			}
		}
		if p.err = t.Append(cells); p.err != nil {
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
