package input

import (
	"errors"
	"fmt"
	"strings"

	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/sheet"
)

// Names reads a list of users, one a line; empty lines and lines that begin with #
// do not count. A sheet will do as well, such as a list of users that a command
// wrote: its first line has the name of a column that identifies users, and the
// other columns do not matter. Of several that do, a preferred one is taken first.
func (f File) Names(preferred ...string) ([]string, error) {
	text, err := sheet.Decode(f.Data)
	if err != nil {
		return nil, usage.Errorf("%s %s", f.Name, err)
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			lines[i] = ""
		}
	}
	text = strings.Join(lines, "\n")
	column := func(first sheet.Row) int { return nameColumn(first, preferred) }
	rows, err := sheet.Read(text, func(first sheet.Row) bool { return column(first) >= 0 })
	if len(rows) > 0 && column(rows[0]) >= 0 {
		return f.namesIn(rows, column(rows[0]), err)
	}
	var names []string
	text, _ = sheet.Preamble(text)
	for line := range strings.Lines(text) {
		if name := sheet.Unescape(unquote(strings.TrimSpace(line))); name != "" {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, usage.Errorf("%s names nobody", f.Name)
	}
	return names, nil
}

// namesIn takes the names from a column of a sheet that was read as far as the error
// says.
func (f File) namesIn(rows []sheet.Row, at int, err error) ([]string, error) {
	head := rows[0]
	if err := f.once(head, head.Cells[at], ""); err != nil {
		return nil, err
	}
	var names, bad []string
	for i, row := range rows[1:] {
		name := row.Cell(at)
		switch {
		case row.Filled() > head.Filled():
			bad = append(bad, f.tooLong(row))
		case name == "":
			bad = append(bad, fmt.Sprintf("%s: %s is empty", f.line(row), head.Cells[at]))
		case i == 0 && strings.Trim(name, "-") == "": // PowerShell underlines the header of a table
		default:
			names = append(names, name)
		}
	}
	var damaged *sheet.Error
	if errors.As(err, &damaged) {
		bad = append(bad, f.Name+" "+damaged.Error())
	}
	if len(bad) == 0 && len(names) == 0 {
		bad = append(bad, f.Name+" names nobody")
	}
	return names, usage.Lines(bad)
}

// nameColumn is the column of a header that identifies users, -1 where the row is
// no header: a user may be called id or mail, and then stands alone in his line.
func nameColumn(first sheet.Row, preferred []string) int {
	if at := Column(preferred).in(first); at >= 0 && first.Filled() > 1 {
		return at
	}
	if at := (Column{"objectGUID", "distinguishedName", "userPrincipalName", "sAMAccountName"}).in(first); at >= 0 {
		return at
	}
	if first.Filled() < 2 {
		return -1
	}
	return Column{"user", "id", "dn", "upn", "username", "email", "mail"}.in(first)
}

// unquote takes the quotes off a line that is one cell.
func unquote(line string) string {
	if n := len(line); n >= 2 && line[0] == '"' && line[n-1] == '"' {
		return strings.TrimSpace(strings.ReplaceAll(line[1:n-1], `""`, `"`))
	}
	return line
}
