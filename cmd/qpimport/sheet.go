package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source/spreadsheet"
)

// sheetRow is a line of a CSV whose first line names the columns.
type sheetRow struct {
	line  int
	cells map[string]string // by column, in lower case
}

// readSheet reads a CSV as a spreadsheet may have saved it. The columns stand in
// any order, and others beside them do not matter; rows that hold nothing are left
// out. All bad lines are reported at once.
func readSheet(raw []byte, name string, columns ...string) ([]sheetRow, error) {
	text, err := spreadsheet.Decode(raw)
	if err != nil {
		return nil, usagef("%s %s", name, err)
	}
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = spreadsheet.Separator(text)
	r.FieldsPerRecord = -1 // trailing empty cells may be missing
	var head, found []string
	var rows []sheetRow
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			found = append(found, fmt.Sprintf("%s line %d: %s", name, bad.StartLine, bad.Err))
			break // where a quote is wrong, no later line is sure
		}
		if err != nil {
			return nil, usagef("cannot read %s: %s", name, err)
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = sheetCell(record[i])
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
					return nil, usageHint("the columns are "+strings.Join(columns, ", "), "%s line %d: %d columns are headed %s", name, line, n, want)
				}
			}
		case last >= len(head):
			found = append(found, fmt.Sprintf("%s line %d: there are more cells than columns", name, line))
		default:
			row := sheetRow{line, make(map[string]string, len(head))}
			for i := range last + 1 {
				row.cells[head[i]] = record[i]
			}
			rows = append(rows, row)
		}
	}
	if len(found) == 0 && head == nil {
		found = append(found, name+" holds no lines")
	}
	return rows, problems(found)
}

// sheetCell is a cell as it was before csvCell made it safe.
func sheetCell(cell string) string {
	var b strings.Builder
	begin, text := true, []rune(strings.TrimSpace(cell))
	for i, r := range text {
		if begin && r == '\'' && i+1 < len(text) && formula(text[i+1]) {
			continue
		}
		b.WriteRune(r)
		begin = r == ';' || begin && (r == ' ' || r == '"')
	}
	return b.String()
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

// replaceFile writes a file as a whole: what was there before stays until all is
// written, and nobody but its owner can read the new one.
func replaceFile(path string, write func(io.Writer) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return usagef("cannot write %s: %s", path, reason(err))
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
			err = usagef("cannot write %s: %s", path, reason(err))
		}
	}()
	if err = write(f); err == nil {
		err = f.Sync()
	}
	if err == nil {
		err = f.Close()
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	return err
}

// checkFolder makes sure, before anything is done, that a result has a place.
func checkFolder(flag, path string) error {
	if path == "-" {
		return usagef("%s: standard output is taken by the result; name a file", flag)
	}
	info, err := os.Stat(filepath.Dir(path))
	switch {
	case err != nil:
		return usagef("%s %s: %s", flag, path, reason(err))
	case !info.IsDir():
		return usagef("%s %s: its folder is none", flag, path)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return usagef("%s %s: this is a folder; name a file in it", flag, path)
	}
	return nil
}
