// Package sheet reads CSV as spreadsheets and scripts save it, in whichever
// encoding and with whichever separator, and knows which cells are safe to open in
// one.
package sheet

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// Row is a line that holds something.
type Row struct {
	Line  int
	Cells []string // without white space round them, and as they were before [Escape]
}

// Filled is the number of cells up to the last that holds something: spreadsheets
// leave empty ones behind, and leave them out.
func (r Row) Filled() int {
	for i := len(r.Cells); i > 0; i-- {
		if r.Cells[i-1] != "" {
			return i
		}
	}
	return 0
}

// Cell is the cell of a column, "" where the row ends before it.
func (r Row) Cell(i int) string {
	if i >= len(r.Cells) {
		return ""
	}
	return r.Cells[i]
}

// Error is what is wrong with a line.
type Error struct {
	Line int
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %v", e.Line, e.Err) }

func (e *Error) Unwrap() error { return e.Err }

// Read reads the rows of a sheet that was decoded, the header among them. Cells are separated as a
// first line such as sep=; says, and else by the one of comma, semicolon and tab
// under which the first row fits. Where a quote is wrong nobody knows where the next
// row begins: the rows before it are returned, and an [Error] with them.
func Read(text string, fits func(first Row) bool) ([]Row, error) {
	text, comma := Preamble(text)
	if comma == 0 {
		comma = separator(text, fits)
	}
	var rows []Row
	for r := reader(text, comma); ; {
		row, err := next(r)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return rows, err
		}
		rows = append(rows, row)
	}
}

func reader(text string, comma rune) *csv.Reader {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = comma
	r.FieldsPerRecord = -1
	return r
}

// next reads up to the next row that holds something.
func next(r *csv.Reader) (Row, error) {
	for {
		cells, err := r.Read()
		var damaged *csv.ParseError
		if errors.As(err, &damaged) {
			return Row{}, &Error{damaged.StartLine, damaged.Err}
		}
		if err != nil {
			return Row{}, err
		}
		for i := range cells {
			cells[i] = Unescape(strings.TrimSpace(cells[i]))
		}
		line, _ := r.FieldPos(0)
		if row := (Row{line, cells}); row.Filled() > 0 {
			return row, nil
		}
	}
}

// Preamble empties a first line that is above the sheet: the one that tells Excel
// the separator, which is then returned, and the type that Export-Csv names.
func Preamble(text string) (rest string, comma rune) {
	first, _, _ := strings.Cut(text, "\n")
	line := strings.TrimRight(first, "\r")
	if strings.HasPrefix(line, "#TYPE ") {
		return text[len(first):], 0
	}
	const sep = "sep="
	if len(line) <= len(sep) || !strings.EqualFold(line[:len(sep)], sep) {
		return text, 0
	}
	comma, n := utf8.DecodeRuneInString(line[len(sep):])
	if len(sep)+n != len(line) || !strings.ContainsRune(",;\t|", comma) {
		return text, 0 // a column of this name
	}
	return text[len(first):], comma
}

// separator is the one under which the first row fits; where none is, the one that
// the first line has most often.
func separator(text string, fits func(first Row) bool) rune {
	likely := mostOften(text)
	for _, comma := range []rune{likely, ';', '\t', ','} {
		if row, err := next(reader(text, comma)); err == nil && fits(row) {
			return comma
		}
	}
	return likely
}

// mostOften is the one of comma, semicolon and tab that parts the first line most
// often, outside quotes.
func mostOften(text string) rune {
	first, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	counts := map[rune]int{}
	quoted := false
	for _, c := range first {
		if c == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[c]++
		}
	}
	best := ','
	for _, c := range ";\t" {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best
}
