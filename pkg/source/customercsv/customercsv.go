// Package customercsv reads an MSP's customers from a CSV file, as other systems
// and spreadsheets write it.
package customercsv

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/internal/sheet"
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
	if err != nil {
		return nil, failed(fmt.Errorf("%s: %w", name, err))
	}
	p := &parser{file: name, seen: map[string]int{}}
	customers := p.parse(text)
	if len(p.problems) > 0 {
		return nil, failed(errors.Join(p.problems...))
	}
	return customers, nil
}

func failed(err error) error {
	return &source.Error{
		Code: source.CodeUsage,
		Hint: "the first line names the columns: name, then a system for each column of ids, such as name,itglue,m365",
		Err:  err,
	}
}

type parser struct {
	file     string
	problems []error
	seen     map[string]int // kind and value → line, for what may occur once
}

func (p *parser) wrong(line int, format string, args ...any) {
	p.problems = append(p.problems, fmt.Errorf("%s:%d: %s", p.file, line, fmt.Sprintf(format, args...)))
}

func (p *parser) parse(text string) []Customer {
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = sheet.Separator(text)
	r.FieldsPerRecord = -1 // counted below, to report every line
	var columns []string
	var customers []Customer
	for {
		row, err := r.Read()
		var damaged *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if columns == nil {
				p.wrong(1, "is empty; a line that names the columns is needed")
			}
			return customers
		case errors.As(err, &damaged):
			// Where a quote is wrong nobody knows where the next line begins.
			p.wrong(damaged.StartLine, "cannot be read on from here: %v", damaged.Err)
			return nil
		case err != nil:
			p.wrong(1, "%v", err)
			return nil
		}
		line, _ := r.FieldPos(0)
		switch {
		case blank(row):
		case columns == nil:
			if columns = p.header(row, line); columns == nil {
				return nil
			}
		case len(row) != len(columns):
			p.wrong(line, "has %d fields where the header names %d columns", len(row), len(columns))
		default:
			customers = append(customers, p.customer(row, columns, line))
		}
	}
}

// blank says whether a row holds nothing: spreadsheets leave such rows behind.
func blank(row []string) bool {
	return !slices.ContainsFunc(row, func(f string) bool { return strings.TrimSpace(f) != "" })
}

const nameColumn = "name"

var systemName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// header reads the names of the columns, nil where they cannot be used.
func (p *parser) header(row []string, line int) []string {
	columns := make([]string, len(row))
	ok := true
	for i, field := range row {
		columns[i] = strings.ToLower(strings.TrimSpace(field))
		switch {
		case !systemName.MatchString(columns[i]):
			p.wrong(line, "column %d is headed %.40q: the name of a system has letters, digits, _ and -, and begins with a letter", i+1, field)
			ok = false
		case slices.Contains(columns[:i], columns[i]):
			p.wrong(line, "column %q is there twice", columns[i])
			ok = false
		}
	}
	if !slices.Contains(columns, nameColumn) {
		p.wrong(line, "no column is headed %q", nameColumn)
		ok = false
	}
	if !ok {
		return nil
	}
	return columns
}

// inScientific is a long number after a spreadsheet has shortened it.
var inScientific = regexp.MustCompile(`^[0-9]([.,][0-9]+)?[Ee]\+?[0-9]+$`)

func (p *parser) customer(row, columns []string, line int) Customer {
	c := Customer{ExternalIDs: map[string]string{}, Line: line}
	for i, field := range row {
		field = strings.TrimSpace(field)
		switch {
		case strings.ContainsFunc(field, unicode.IsControl):
			p.wrong(line, "%s holds a line break or a control character", columns[i])
		case columns[i] == nameColumn && foldName(field) == "":
			p.wrong(line, "the name is empty")
		case columns[i] == nameColumn:
			p.once(line, "name", foldName(field), field)
			c.Name = field
		case field == "":
		case inScientific.MatchString(field):
			p.wrong(line, "the %s id %q is a number that a spreadsheet has shortened: format the column as text", columns[i], field)
		default:
			p.once(line, columns[i]+" id", field, field)
			c.ExternalIDs[columns[i]] = field
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
