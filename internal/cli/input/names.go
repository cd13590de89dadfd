package input

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/sheet"
)

// Names are the people of a list.
type Names struct {
	Names  []string
	Column string // the columns that name them, "" where each line is a name
	Others int    // lines of other customers, which were left out
}

// Names reads a list of people, one a line; empty lines and lines that begin with #
// do not count. A sheet will do as well, and JSON, such as a list of people that a
// command wrote: its first line has the name of a column that identifies people, and
// the other columns do not matter. Of several that do, a preferred one is taken first.
// Where it has a column customer, other says whose lines are left out; nil is nobody's.
func (f File) Names(other func(customer string) bool, preferred ...string) (Names, error) {
	text, err := sheet.Decode(f.Data)
	if err != nil {
		return Names{}, f.notText(err)
	}
	if strings.HasPrefix(strings.TrimSpace(text), "<") {
		return Names{}, usage.Hintf("write one a line, or a CSV with a column id, dn, upn, username or email", "%s is XML or a web page, and no list of people", f.Name)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines[i] = ""
		}
	}
	text = strings.Join(lines, "\n")
	isJSON := beginsJSON.MatchString(text)
	columns := func(first sheet.Row) []int { return nameColumns(first, isJSON || first.Filled() > 1, preferred) }
	rows, err := readRows(text, func(first sheet.Row) bool { return len(columns(first)) > 0 })
	if len(rows) > 0 && len(columns(rows[0])) > 0 {
		return f.namesIn(rows, columns(rows[0]), other, err)
	}
	if isJSON || len(rows) > 0 && isTable(rows[0], text) {
		return Names{}, f.noColumn(rows, isJSON, err)
	}
	var names []string
	text, _ = sheet.Preamble(text)
	for line := range strings.Lines(text) {
		if name := sheet.Unescape(unquote(strings.TrimSpace(line))); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return Names{}, usage.Errorf("%s names nobody", f.Name)
	}
	return Names{Names: names}, nil
}

// isTable says that a list whose columns nobody knows is a sheet all the same: no name
// has a separator in it but that of a DN.
func isTable(first sheet.Row, text string) bool {
	text, _ = sheet.Preamble(text)
	line, _, _ := strings.Cut(strings.TrimLeft(text, "\r\n"), "\n")
	return first.Filled() > 1 && !strings.Contains(line, "=")
}

// noColumn is the error of a sheet none of whose columns identifies people.
func (f File) noColumn(rows []sheet.Row, isJSON bool, err error) error {
	const hint = "head the column that says who it is with id, dn, upn, username or email, or write one a line"
	var damaged *sheet.Error
	switch {
	case errors.As(err, &damaged):
		return usage.Errorf("%s %s", f.Name, err)
	case isJSON && len(rows) < 2:
		return usage.Errorf("%s names nobody", f.Name)
	case isJSON:
		return usage.Hintf("name people by the key id, dn, upn, username or email", "%s: no key says who is meant: it has %s", f.Name, someOf(rows[0].Cells))
	}
	return usage.Hintf(hint, "%s: no column says who is meant: they are %s", f.line(rows[0]), someOf(rows[0].Cells))
}

// someOf lists the first of some columns.
func someOf(columns []string) string {
	const most = 8
	if more := len(columns) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(columns[:most], ", "), more)
	}
	return strings.Join(columns, ", ")
}

// namesIn takes the names from columns of a sheet that was read as far as the error
// says: of each row the first that is filled.
func (f File) namesIn(rows []sheet.Row, at []int, other func(string) bool, err error) (Names, error) {
	head := rows[0]
	var found Names
	for _, i := range at {
		if err := f.once(head, head.Cells[i], ""); err != nil {
			return Names{}, err
		}
		found.Column += ", " + head.Cells[i]
	}
	found.Column = strings.TrimPrefix(found.Column, ", ")
	var bad []string
	for i, row := range rows[1:] {
		name := ""
		for n, column := range at {
			if cell := row.Cell(column); name == "" && (n == 0 || !isID[strings.ToLower(head.Cells[column])] || guid.MatchString(cell)) {
				name = cell
			}
		}
		switch {
		case row.Filled() > head.Filled():
			bad = append(bad, f.tooLong(row))
		case isOther(head, row, other):
			found.Others++
		case name == "":
			bad = append(bad, fmt.Sprintf("%s: %s is empty", f.line(row), head.Cells[at[0]]))
		case i == 0 && strings.Trim(name, "-") == "": // PowerShell underlines the header of a table
		default:
			found.Names = append(found.Names, name)
		}
	}
	var damaged *sheet.Error
	if errors.As(err, &damaged) {
		bad = append(bad, f.Name+" "+damaged.Error())
	}
	if len(bad) == 0 && len(found.Names) == 0 {
		if found.Others > 0 {
			return found, f.allOthers(found.Others)
		}
		bad = append(bad, f.Name+" names nobody")
	}
	return found, usage.Lines(bad)
}

// isID are the columns that stand in for an empty one before them with nothing but an
// id of this program or of a directory: those of other programs may mean anybody.
var isID = map[string]bool{"id": true, "account": true}

var guid = regexp.MustCompile(`(?i)^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// isOther says that a row is another customer's.
func isOther(head, row sheet.Row, other func(string) bool) bool {
	at := Column{"customer"}.in(head)
	return at >= 0 && other != nil && row.Cell(at) != "" && other(row.Cell(at))
}

// allOthers is the error of a list that is of other customers as a whole.
func (f File) allOthers(lines int) error {
	return usage.Hintf("its column customer says whose they are; name that customer, or another list",
		"%s names nobody of this customer: lines of others: %d", f.Name, lines)
}

// nameColumns are the columns of a header that identify people, none where the row is
// no header: somebody may be called id or mail, and then stands alone in his line.
func nameColumns(first sheet.Row, isHead bool, preferred []string) []int {
	if isHead {
		if at := inAll(first, preferred); len(at) > 0 {
			return at
		}
	}
	for _, name := range []string{"objectGUID", "distinguishedName", "userPrincipalName", "sAMAccountName"} {
		if at := inAll(first, []string{name}); len(at) > 0 {
			return at
		}
	}
	if !isHead {
		return nil
	}
	for _, names := range [][]string{{"user"}, {"id", "account", "ad_id", "m365_id"}, {"dn"}, {"upn"}, {"username"}, {"email"}, {"mail"}} {
		if at := inAll(first, names); len(at) > 0 {
			return at
		}
	}
	return nil
}

// inAll is where those of some columns stand that a header has.
func inAll(head sheet.Row, names []string) []int {
	var at []int
	for _, name := range names {
		if i := (Column{name}).in(head); i >= 0 {
			at = append(at, i)
		}
	}
	return at
}

// unquote takes the quotes off a line that is one cell.
func unquote(line string) string {
	if n := len(line); n >= 2 && line[0] == '"' && line[n-1] == '"' {
		return strings.TrimSpace(strings.ReplaceAll(line[1:n-1], `""`, `"`))
	}
	return line
}
