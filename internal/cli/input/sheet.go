package input

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/sheet"
)

// Row is a line of a CSV whose first line names the columns.
type Row struct {
	Line  int
	Cells map[string]string // by column, in lower case
}

// Sheet reads a CSV as a spreadsheet may have saved it. The columns stand in
// any order, and others beside them do not matter; rows that hold nothing are left
// out. All bad lines are reported at once.
func (f File) Sheet(columns ...string) ([]Row, error) {
	text, err := sheet.Decode(f.Data)
	if err != nil {
		return nil, usage.Errorf("%s %s", f.Name, err)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = sheet.Separator(text)
	r.FieldsPerRecord = -1 // trailing empty cells may be missing
	var head, found []string
	var rows []Row
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			found = append(found, fmt.Sprintf("%s line %d: %s", f.Name, bad.StartLine, bad.Err))
			break // where a quote is wrong, no later line is sure
		}
		if err != nil {
			return nil, usage.Errorf("cannot read %s: %s", f.Name, err)
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = sheet.Unescape(strings.TrimSpace(record[i]))
		}
		switch last := lastFilled(record); {
		case last < 0:
		case head == nil:
			head = record
			for i := range head {
				head[i] = strings.ToLower(head[i])
			}
			for _, want := range columns {
				if n := len(slices.DeleteFunc(slices.Clone(head), func(h string) bool { return h != want })); n != 1 {
					return nil, usage.Hintf("the columns are "+strings.Join(columns, ", "), "%s line %d: %d columns are headed %s", f.Name, line, n, want)
				}
			}
		case last >= len(head):
			found = append(found, fmt.Sprintf("%s line %d: there are more cells than columns", f.Name, line))
		default:
			row := Row{line, make(map[string]string, len(head))}
			for i := range last + 1 {
				row.Cells[head[i]] = record[i]
			}
			rows = append(rows, row)
		}
	}
	if len(found) == 0 && head == nil {
		found = append(found, f.Name+" holds no lines")
	}
	return rows, usage.Join(found)
}

// lastFilled is the index of the last cell that holds something, -1 for none.
func lastFilled(record []string) int {
	for i := len(record) - 1; i >= 0; i-- {
		if record[i] != "" {
			return i
		}
	}
	return -1
}
