package file

import (
	"fmt"
	"slices"
	"strings"
)

// adTable reads objects of AD from CSV: csvde, Get-ADUser, and lists with the
// names of AD's attributes as columns.
type adTable struct {
	*table
	attrs []attr // of each column
	dn    int    // the column of the DN, -1 without
}

func newADTable(in *stream, known attrs, found *findings) (*adTable, error) {
	t, err := newTable(in, found)
	if err != nil {
		return nil, err
	}
	has := func(column string) bool { return slices.Contains(t.columns, foldColumn(column)) }
	if err := t.need("objectGUID", "sAMAccountName", "displayName", "userAccountControl|Enabled"); err != nil {
		if !has("objectGUID") && !has("sAMAccountName") && (has("id") || has("objectId") || has("ExternalDirectoryObjectId") || has("Benutzerprinzipalname") || has("Proxy addresses")) {
			return nil, in.otherDirectory(t.headerLine)
		}
		return nil, err
	}
	index := namesOf(adNames(), everyTool)
	a := &adTable{table: t, dn: -1}
	seen := map[string]bool{}
	for i, name := range t.columns {
		field := index[name]
		isDN := field == "distinguishedName"
		if field != "" && seen[name] {
			return nil, in.damaged(t.headerLine, "column %.60q is there twice", t.header[i])
		}
		seen[name] = true
		a.attrs = append(a.attrs, known.find([]byte(field)))
		if isDN && (a.dn < 0 || isPath(t.columns[a.dn]) && !isPath(name)) {
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
		a := t.attrs[i]
		switch {
		case strings.TrimSpace(cell) == "":
		case i == t.dn:
			if b, ok := unhex(cell); ok {
				cell = string(b)
			}
			rec.dn = pathDN(t.columns[i], cell)
		case a == none:
		case a.isNames():
			names, ok := splitNames(cell)
			if !ok {
				t.found.loseNames(t.header[i])
			}
			for _, dn := range names {
				rec.add(a, []byte(dn))
			}
		case isTypeName(cell), a == proxyAddresses && isCutList(cell), a == phone && isShortened(cell):
			t.found.lose(t.header[i])
		case a.isNumber() && isShortened(cell):
			return t.in.wrong(line, fmt.Errorf("column %s: %w", t.header[i], errExcelNumber(cell)))
		default:
			for _, v := range cellValues(a, cell) {
				if err := rec.addText(a, v); err != nil {
					return t.wrong(row, line, fmt.Errorf("column %s: %w", t.header[i], err))
				}
			}
		}
	}
	return rec.checkID(t.in.input)
}

// isPath knows the properties in which ADSI has the name of an object.
func isPath(name string) bool { return name == "path" || name == "adspath" }

// pathDN takes the DN out of a value: as it is, or out of the path that ADSI gives,
// LDAP://DC1/CN=… Another path is no DN.
func pathDN(name, s string) string {
	if !isPath(name) {
		return s
	}
	if len(s) < len("LDAP://") || !strings.EqualFold(s[:len("LDAP://")], "LDAP://") {
		return ""
	}
	s = s[len("LDAP://"):]
	if server, rest, ok := strings.Cut(s, "/"); ok && !strings.Contains(server, "=") {
		return rest
	}
	return s
}

// cellValues splits the cell of an attribute that has several values.
func cellValues(a attr, cell string) []string {
	switch a {
	case proxyAddresses:
		if values, ok := jsonList(cell); ok {
			return values
		}
		return splitAddresses(cell)
	case objectClass, wellKnownObjects, otherWellKnownObjects, servicePrincipal:
		return strings.Split(cell, ";")
	}
	return []string{cell}
}

// notes says what the columns leave open.
func (t *adTable) notes() []string {
	var notes []string
	if t.dn < 0 {
		notes = append(notes, "the export has no distinguished names, so that nothing is known of OUs")
	}
	if !t.hasAddresses() {
		notes = append(notes, "the export has no e-mail addresses: neither mail nor proxyAddresses")
	}
	return notes
}

func (t *adTable) hasAddresses() bool {
	return slices.Contains(t.attrs, mail) || slices.Contains(t.attrs, proxyAddresses)
}
