package file

import (
	"fmt"
	"slices"
	"strings"
)

const hintADCSV = "export with `csvde -f FILE`, or with `Get-ADUser -Filter * -Properties displayName,mail,employeeID,department,title,company,userAccountControl | Export-Csv -Encoding UTF8 FILE`"

// adTable reads objects of AD from CSV: csvde, Get-ADUser, and lists with the
// names of AD's attributes as columns.
type adTable struct {
	*table
	attrs []attr // of each column
	dn    int    // the column of the DN, -1 without
	lost  []bool // columns in which a type's name stood in the place of a value
}

func newADTable(in *stream, known attrs) (*adTable, error) {
	t, err := newTable(in)
	if err != nil {
		return nil, err
	}
	if err := t.need(hintADCSV, "objectGUID", "sAMAccountName", "displayName", "userAccountControl|Enabled"); err != nil {
		return nil, err
	}
	a := &adTable{table: t, dn: -1, lost: make([]bool, len(t.columns))}
	seen := map[string]bool{}
	for i, name := range t.columns {
		found := known.find([]byte(name))
		isDN := name == "dn" || name == "distinguishedname"
		if (found != none || isDN) && seen[name] {
			return nil, in.damaged(t.before+1, "column %.60q is there twice", t.header[i])
		}
		seen[name] = true
		a.attrs = append(a.attrs, found)
		if isDN && a.dn < 0 {
			a.dn = i
		}
	}
	return a, nil
}

func (t *adTable) next(rec *record) error {
	row, line, err := t.table.next()
	if err != nil {
		return err
	}
	rec.reset(line)
	for i, cell := range row {
		switch {
		case cell == "":
		case i == t.dn:
			if b, ok := unhex(cell); ok {
				cell = string(b)
			}
			rec.dn = cell
		case t.attrs[i] == none:
		case isTypeName(cell):
			t.lost[i] = true
		default:
			for _, v := range cellValues(t.attrs[i], cell) {
				if err := rec.addText(t.attrs[i], v); err != nil {
					return t.in.wrong(line, fmt.Errorf("column %s: %w", t.header[i], err))
				}
			}
		}
	}
	return rec.checkID(t.in.input)
}

// cellValues splits the cell of an attribute that has several values.
func cellValues(a attr, cell string) []string {
	switch a {
	case proxyAddresses:
		return splitAddresses(cell)
	case objectClass, wellKnownObjects, otherWellKnownObjects:
		return strings.Split(cell, ";")
	}
	return []string{cell}
}

// notes says what the table could not tell.
func (t *adTable) notes() []string {
	var notes []string
	for i, lost := range t.lost {
		if lost {
			notes = append(notes, lostColumn(t.header[i]))
		}
	}
	if t.dn < 0 {
		notes = append(notes, "the export has no distinguished names, so that nothing is known of OUs")
	}
	if !slices.Contains(t.attrs, mail) && !slices.Contains(t.attrs, proxyAddresses) {
		notes = append(notes, "the export has no e-mail addresses: neither mail nor proxyAddresses")
	}
	return notes
}

func lostColumn(name string) string {
	return fmt.Sprintf("column %.60q is unknown: PowerShell wrote the name of a type in the place of its values", name)
}
