package input

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/sheet"
)

// Column is the names that a column may have in a header, the usual one first.
type Column []string

// in is where the column stands in a header, -1 where it does not.
func (c Column) in(head sheet.Row) int {
	for _, name := range c {
		if i := slices.IndexFunc(head.Cells, func(cell string) bool { return strings.EqualFold(cell, name) }); i >= 0 {
			return i
		}
	}
	return -1
}

// Row is a line of a sheet whose first line names the columns.
type Row struct {
	Line  int
	Cells map[string]string // by column, in lower case
}

// Sheet reads a sheet whose first line names the columns. They stand in any order,
// and others beside them do not matter. All bad lines are reported at once.
func (f File) Sheet(columns ...string) ([]Row, error) {
	rows, found, err := f.rows(func(first sheet.Row) bool {
		return !slices.ContainsFunc(columns, func(c string) bool { return Column{c}.in(first) < 0 })
	})
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, usage.Lines(found)
	}
	head := rows[0]
	for i := range head.Cells {
		head.Cells[i] = strings.ToLower(head.Cells[i])
	}
	for _, want := range columns {
		if err := f.once(head, want, "the columns are "+strings.Join(columns, ", ")); err != nil {
			return nil, err
		}
	}
	var bad []string
	var out []Row
	for _, row := range rows[1:] {
		n := row.Filled()
		if n > len(head.Cells) {
			bad = append(bad, f.tooLong(row))
			continue
		}
		cells := make(map[string]string, n)
		for i := range n {
			cells[head.Cells[i]] = row.Cells[i]
		}
		out = append(out, Row{row.Line, cells})
	}
	return out, usage.Lines(append(bad, found...))
}

// Pair is a line of a sheet of two columns.
type Pair struct {
	Line  int
	Cells [2]string
}

// Pairs are the lines of a sheet of two columns.
type Pairs struct {
	Pairs    []Pair
	Unfilled int  // lines whose second cell is empty
	Others   int  // lines of other customers, which were left out
	Wide     bool // there are columns beside the two
	// Beside are for each of the pairs the cells that were asked for, by column, of the
	// columns that there are.
	Beside []map[string]string
}

// Pairs reads a sheet of two columns. A sheet of these alone may do without a
// header; in one with others beside them, such as a command wrote to be filled in, a
// line whose second cell is empty does not count. All bad lines are reported at once,
// with the good ones. The cells of columns beside the two come along. Where there is a
// column customer, other says whose lines are left out; nil is nobody's.
func (f File) Pairs(other func(customer string) bool, first, second Column, beside ...string) (lines Pairs, err error) {
	isHead := func(r sheet.Row) bool { return first.in(r) >= 0 && second.in(r) >= 0 }
	rows, found, err := f.rows(func(r sheet.Row) bool { return isHead(r) || r.Filled() == 2 })
	if err != nil {
		return lines, err
	}
	at, columns := [2]int{0, 1}, 2
	others := map[string]int{}
	var head sheet.Row
	if len(rows) > 0 && isHead(rows[0]) {
		at, columns = [2]int{first.in(rows[0]), second.in(rows[0])}, rows[0].Filled()
		for _, i := range at {
			if err := f.once(rows[0], rows[0].Cells[i], ""); err != nil {
				return lines, err
			}
		}
		for _, name := range beside {
			if i := (Column{name}).in(rows[0]); i >= 0 {
				others[name] = i
			}
		}
		head, rows = rows[0], rows[1:]
	}
	lines.Wide = columns > 2
	var bad []string
	for _, row := range rows {
		n := max(row.Filled(), min(len(row.Cells), 2))
		pair := Pair{row.Line, [2]string{row.Cell(at[0]), row.Cell(at[1])}}
		switch {
		case columns == 2 && n != 2:
			bad = append(bad, fmt.Sprintf("%s: want two columns, %s and %s, not %d", f.line(row), first[0], second[0], n))
		case n > columns:
			bad = append(bad, f.tooLong(row))
		case isOther(head, row, other):
			lines.Others++
		case columns > 2 && pair.Cells[1] == "":
			lines.Unfilled++
		case pair.Cells[0] == "" || pair.Cells[1] == "":
			empty := first[0]
			if pair.Cells[0] != "" {
				empty = fmt.Sprintf("%s of %s", second[0], pair.Cells[0])
			}
			bad = append(bad, fmt.Sprintf("%s: %s is empty", f.line(row), empty))
		default:
			cells := make(map[string]string, len(others))
			for name, i := range others {
				cells[name] = row.Cell(i)
			}
			lines.Pairs, lines.Beside = append(lines.Pairs, pair), append(lines.Beside, cells)
		}
	}
	if bad = append(bad, found...); len(bad) == 0 && len(lines.Pairs) == 0 {
		switch {
		case lines.Unfilled == 0 && lines.Others > 0:
			return lines, f.allOthers(lines.Others)
		case lines.Unfilled > 0:
			return lines, usage.Errorf("%s: no line has the %s filled in", f.Name, second[0])
		}
		bad = append(bad, f.Name+" holds no lines")
	}
	return lines, usage.Lines(bad)
}

// rows reads a sheet, and says in which line it cannot be read on.
func (f File) rows(fits func(first sheet.Row) bool) (rows []sheet.Row, found []string, err error) {
	text, err := sheet.Decode(f.Data)
	if err == nil {
		rows, err = readRows(text, fits)
	}
	var damaged *sheet.Error
	switch {
	case errors.As(err, &damaged):
		return rows, []string{f.Name + " " + damaged.Error()}, nil
	case err != nil:
		return nil, nil, f.notText(err)
	case len(rows) == 0 || len(rows[0].Cells) == 0: // JSON without an object
		return nil, nil, usage.Errorf("%s holds no lines", f.Name)
	}
	return rows, nil, nil
}

// notText is the error of a file that is no text.
func (f File) notText(err error) error {
	return usage.Hintf("of an Excel workbook save the sheet as \"CSV UTF-8 (Comma delimited)\"", "%s %s", f.Name, err)
}

// readRows reads the rows of a list that was decoded, the header among them.
func readRows(text string, fits func(first sheet.Row) bool) ([]sheet.Row, error) {
	if beginsJSON.MatchString(text) {
		return jsonRows(text)
	}
	return sheet.Read(text, fits)
}

// once refuses a header that does not have just one column of a name: of two, nobody
// knows which is meant.
func (f File) once(head sheet.Row, name, hint string) error {
	n := 0
	for _, cell := range head.Cells {
		if strings.EqualFold(cell, name) {
			n++
		}
	}
	switch n {
	case 0:
		return usage.Hintf(hint, "%s: no column is headed %s", f.line(head), name)
	case 1:
		return nil
	}
	return usage.Hintf(hint, "%s: %d columns are headed %s", f.line(head), n, name)
}

// line is how an error names a row.
func (f File) line(r sheet.Row) string { return fmt.Sprintf("%s line %d", f.Name, r.Line) }

func (f File) tooLong(r sheet.Row) string { return f.line(r) + ": there are more cells than columns" }
