package output

import (
	"math"
	"slices"
)

// Column is one property of an item: in CSV under its key, in a table under
// its title.
type Column[T any] struct {
	Key   string // "" leaves it out of CSV
	Title string // "" leaves it out of tables
	Text  func(T) string

	// Rank orders what a narrow terminal leaves out, the highest first; 0 is always
	// shown, and [Whole] is not folded either.
	Rank int
	// Tone is how what a cell says is meant, nil for nothing.
	Tone func(cell string) Tone
	// Head is how what the column lists is meant.
	Head Tone
	// Group columns are headings on a terminal, above the rows that they are the same
	// for, and take no room beside the others.
	Group bool
	// Terminal columns are shown on terminals alone: tables elsewhere stay as scripts
	// know them.
	Terminal bool
}

// Whole is the rank of a column that is shown whole on every terminal.
const Whole = -1

// ColumnsOf makes the columns of a part those of the whole.
func ColumnsOf[T, Part any](columns []Column[Part], part func(T) Part) []Column[T] {
	of := make([]Column[T], len(columns))
	for i, c := range columns {
		of[i] = Column[T]{
			Key: c.Key, Title: c.Title, Text: func(item T) string { return c.Text(part(item)) },
			Rank: c.Rank, Tone: c.Tone, Head: c.Head, Group: c.Group, Terminal: c.Terminal,
		}
	}
	return of
}

// Beside has the columns that are headings stand beside the others, for a list that is
// in another order; a narrow terminal leaves them out first.
func Beside[T any](columns []Column[T]) []Column[T] {
	beside := slices.Clone(columns)
	for i := range beside {
		if beside[i].Group {
			beside[i].Group, beside[i].Rank = false, math.MaxInt
		}
	}
	return beside
}

// Rows makes the CSV of items, the header first.
func Rows[T any](columns []Column[T], items []T) [][]string {
	var shown []Column[T]
	var head []string
	for _, c := range columns {
		if c.Key != "" {
			shown, head = append(shown, c), append(head, c.Key)
		}
	}
	return append([][]string{head}, cellsOf(shown, items)...)
}

// cellsOf has a row an item.
func cellsOf[T any](columns []Column[T], items []T) [][]string {
	rows := make([][]string, len(items))
	for i, item := range items {
		rows[i] = make([]string, len(columns))
		for j, c := range columns {
			rows[i][j] = c.Text(item)
		}
	}
	return rows
}

// List shows items of one kind: a noun with an array in JSON, and beside it
// what else the document says.
func List[T any](noun string, items []T, columns []Column[T], beside map[string]any, foot func(*Page)) View {
	if items == nil {
		items = []T{}
	}
	document := map[string]any{noun: items}
	for k, v := range beside {
		document[k] = v
	}
	return View{
		Document: document,
		Items:    Items(items),
		Rows:     func() [][]string { return Rows(columns, items) },
		Page: func(p *Page) {
			if len(items) > 0 {
				TableOf(p, columns, items)
			} else {
				p.Line("no %s", noun)
			}
			if foot != nil {
				foot(p)
			}
		},
	}
}

// Item shows one item, flat, with a sentence for people.
func Item[T any](item T, columns []Column[T], sentence func(*Page)) View {
	return View{
		Document: item,
		Items:    []any{item},
		Rows:     func() [][]string { return Rows(columns, []T{item}) },
		Page:     sentence,
	}
}

// Items are items of one kind as the lines of JSON lines.
func Items[T any](items []T) []any {
	out := make([]any, len(items))
	for i := range items {
		out[i] = items[i]
	}
	return out
}
