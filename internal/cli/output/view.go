package output

// Column is one property of an item: in CSV under its key, in a table under
// its title.
type Column[T any] struct {
	Key   string // "" leaves it out of CSV
	Title string // "" leaves it out of tables
	Text  func(T) string
}

// Rows makes the CSV of items, the header first.
func Rows[T any](columns []Column[T], items []T) [][]string {
	head, rows := grid(columns, items, func(c Column[T]) string { return c.Key })
	return append([][]string{head}, rows...)
}

// grid takes from items the columns that have a name.
func grid[T any](columns []Column[T], items []T, name func(Column[T]) string) (head []string, rows [][]string) {
	var shown []Column[T]
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
			rows[i][j] = c.Text(item)
		}
	}
	return head, rows
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
