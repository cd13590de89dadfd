// Package customercsv reads an MSP's customers from a CSV file, as other systems
// and spreadsheets write it.
package customercsv

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/qpimport/qpimport/internal/sheet"
	"github.com/qpimport/qpimport/pkg/source"
)

// maxSize bounds a file, in bytes; a customer has a line of some dozen.
const maxSize = 64 << 20

// Customer is one line of the file.
type Customer struct {
	Name        string
	ExternalIDs map[string]string // system → id, empty ones left out; never nil
	Line        int
}

// Read reads customers. The first line is the header: a column "name", and for
// each further column the name of the system whose ids it holds (itglue, m365,
// …), in any order and case. Columns are separated by comma, semicolon or tab.
// The text is UTF-8, UTF-16 or Windows-1252, with a byte order mark or without.
//
// Names compare without regard to case and spacing and occur once; so does an id
// of a system. All that is wrong is reported at once, each with the name of the file
// and the line: the error is a [source.Error] round the joined problems.
func Read(r io.Reader, name string) ([]Customer, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
	if err != nil {
		return nil, &source.Error{Code: source.CodeUnreachable, Message: name + " cannot be read", Err: err}
	}
	if len(data) > maxSize {
		return nil, failed(fmt.Errorf("%s is larger than %d MiB", name, maxSize>>20))
	}
	text, err := sheet.Decode(data)
	var rows []sheet.Row
	if err == nil {
		rows, err = sheet.Read(text, hasName)
	}
	var damaged *sheet.Error
	if err != nil && !errors.As(err, &damaged) {
		return nil, failed(fmt.Errorf("%s: %w", name, err))
	}
	p := &parser{file: name, seen: map[string]int{}, shortened: regexp.MustCompile(`^[0-9]([.,][0-9]+)?[Ee]\+?[0-9]+$`)}
	var customers []Customer
	if len(rows) > 0 || damaged == nil {
		customers = p.parse(rows)
	}
	if damaged != nil {
		// Where a quote is wrong nobody knows where the next line begins.
		p.wrong(damaged.Line, "cannot be read on from here: %v", damaged.Err)
	}
	if len(p.problems) > 0 {
		return nil, failed(errors.Join(p.problems...))
	}
	return customers, nil
}

// hasName says whether a row is a header as Read wants it.
func hasName(row sheet.Row) bool {
	return slices.ContainsFunc(row.Cells, func(cell string) bool { return strings.EqualFold(cell, nameColumn) })
}

func failed(err error) error {
	return &source.Error{
		Code: source.CodeUsage,
		Hint: "the first line names the columns: name, then a system for each column of ids, such as name,itglue,m365",
		Err:  err,
	}
}

type parser struct {
	file      string
	problems  []error
	seen      map[string]int // kind and value → line, for what may occur once
	shortened *regexp.Regexp // a long number after a spreadsheet has shortened it
}

func (p *parser) wrong(line int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
}

// parse takes the rows that could be read, the header first.
func (p *parser) parse(rows []sheet.Row) []Customer {
	if len(rows) == 0 {
		p.wrong(1, "is empty; a line that names the columns is needed")
		return nil
	}
	columns := p.header(rows[0])
	if columns == nil {
		return nil
	}
	var customers []Customer
	for _, row := range rows[1:] {
		// Too few may be a line that was cut; empty ones more are a spreadsheet's.
		if n := max(row.Filled(), min(len(row.Cells), len(columns))); n != len(columns) {
			p.wrong(row.Line, "has %d fields where the header names %d columns", n, len(columns))
			continue
		}
		customers = append(customers, p.customer(row, columns))
	}
	return customers
}

const nameColumn = "name"

// header reads the names of the columns, nil where they cannot be used.
func (p *parser) header(row sheet.Row) []string {
	columns := make([]string, row.Filled())
	ok := true
	for i := range columns {
		columns[i] = strings.ToLower(row.Cells[i])
		switch {
		case !systemName(columns[i]):
			p.wrong(row.Line, "column %d is headed %.40q: the name of a system has letters, digits, _ and -, and begins with a letter", i+1, row.Cells[i])
			ok = false
		case slices.Contains(columns[:i], columns[i]):
			p.wrong(row.Line, "column %q is there twice", columns[i])
			ok = false
		}
	}
	if !slices.Contains(columns, nameColumn) {
		p.wrong(row.Line, "no column is headed %q", nameColumn)
		ok = false
	}
	if !ok {
		return nil
	}
	return columns
}

// systemName says whether a text can name a system.
func systemName(s string) bool {
	for i := range len(s) {
		letter, other := 'a' <= s[i] && s[i] <= 'z', '0' <= s[i] && s[i] <= '9' || s[i] == '_' || s[i] == '-'
		if !letter && (i == 0 || !other) {
			return false
		}
	}
	return s != ""
}

func (p *parser) customer(row sheet.Row, columns []string) Customer {
	c, line := Customer{ExternalIDs: map[string]string{}, Line: row.Line}, row.Line
	for i, column := range columns {
		field := row.Cells[i]
		switch {
		case strings.ContainsFunc(field, unicode.IsControl):
			p.wrong(line, "%s holds a line break or a control character", column)
		case column == nameColumn && foldName(field) == "":
			p.wrong(line, "the name is empty")
		case column == nameColumn:
			p.once(line, "name", foldName(field), field)
			c.Name = field
		case field == "":
		case p.shortened.MatchString(field):
			p.wrong(line, "the %s id %q is a number that a spreadsheet has shortened: format the column as text", column, field)
		default:
			id := source.CanonicalID(column, field)
			p.once(line, column+" id", id, field)
			c.ExternalIDs[column] = id
		}
	}
	return c
}

// foldName is a name as it is compared here; "" for one that cannot be seen. The
// registry, which folds more, has the last word.
func foldName(name string) string {
	visible := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, name)
	return strings.Join(strings.Fields(visible), " ")
}

// once reports a value that another line has as well.
func (p *parser) once(line int, kind, key, shown string) {
	id := kind + "\x00" + key
	if first, ok := p.seen[id]; ok {
		p.wrong(line, "the %s %.80q is on line %d already", kind, shown, first)
		return
	}
	p.seen[id] = line
}
