package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// column is one property of an item: in CSV under its key, in a table under
// its title.
type column[T any] struct {
	key   string // "" leaves it out of CSV
	title string // "" leaves it out of tables
	text  func(T) string
}

// csvRows makes the CSV of items, the header first.
func csvRows[T any](columns []column[T], items []T) [][]string {
	head, rows := grid(columns, items, func(c column[T]) string { return c.key })
	return append([][]string{head}, rows...)
}

// grid takes from items the columns that have a name.
func grid[T any](columns []column[T], items []T, name func(column[T]) string) (head []string, rows [][]string) {
	var shown []column[T]
	for _, c := range columns {
		if name(c) != "" {
			shown = append(shown, c)
			head = append(head, name(c))
		}
	}
	rows = make([][]string, len(items))
	for i, item := range items {
		rows[i] = make([]string, len(shown))
		for j, c := range shown {
			rows[i][j] = c.text(item)
		}
	}
	return head, rows
}

// listView shows items of one kind: a noun with an array in JSON, and beside it
// what else the document says.
func listView[T any](noun string, items []T, columns []column[T], beside map[string]any, foot func(*page)) view {
	if items == nil {
		items = []T{}
	}
	document := map[string]any{noun: items}
	for k, v := range beside {
		document[k] = v
	}
	return view{
		document: document,
		items:    anySlice(items),
		rows:     func() [][]string { return csvRows(columns, items) },
		page: func(p *page) {
			if len(items) > 0 {
				tableOf(p, columns, items)
			} else {
				p.line("no %s", noun)
			}
			if foot != nil {
				foot(p)
			}
		},
	}
}

// itemView shows one item, flat, with a sentence for people.
func itemView[T any](item T, columns []column[T], sentence func(*page)) view {
	return view{
		document: item,
		items:    []any{item},
		rows:     func() [][]string { return csvRows(columns, []T{item}) },
		page:     sentence,
	}
}

func anySlice[T any](items []T) []any {
	out := make([]any, len(items))
	for i := range items {
		out[i] = items[i]
	}
	return out
}

// page is the result for people: lines and tables in turn.
type page struct {
	w   io.Writer
	err error
}

// line writes a line of text; what is in it is cleaned.
func (p *page) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintln(p.w, clean(fmt.Sprintf(format, args...)))
	}
}

// blank leaves a line between two parts.
func (p *page) blank() { p.line("") }

// tableOf writes items as a table of the columns that have a title.
func tableOf[T any](p *page, columns []column[T], items []T) {
	head, rows := grid(columns, items, func(c column[T]) string { return c.title })
	p.table(head, rows)
}

// fields writes the properties of one item, one a line.
func (p *page) fields(rows [][]string) { p.table(nil, rows) }

// table writes columns under a head, without borders: two spaces apart, never
// wrapped, the same on every terminal and in every locale.
func (p *page) table(head []string, rows [][]string) {
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
			cells[i] = shorten(strings.TrimSpace(clean(cell)))
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

// count is a number with its noun.
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
