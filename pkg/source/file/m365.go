package file

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// graphJSON reads users as Microsoft Graph writes them, and the tools that read
// from it.
type graphJSON struct {
	*jsonReader
	fields *graphFields
	found  *findings
}

func (j graphJSON) next() (source.User, int, error) {
	for {
		raw, line, err := j.jsonReader.next()
		if err != nil {
			return source.User{}, 0, err
		}
		p, err := j.fields.read(raw, j.found.lose)
		if err == nil && p.other != "" {
			j.found.leaveOut(p.other)
			continue
		}
		var u source.User
		if err == nil {
			u, err = p.user()
		}
		if p.untimed {
			j.found.untimed++
		}
		if errors.Is(err, errOfAD) {
			return source.User{}, 0, j.in.otherDirectory(line)
		}
		if err != nil {
			return source.User{}, 0, j.in.wrong(line, err)
		}
		return u, line, nil
	}
}

// graphTable reads users of Microsoft 365 from CSV: Get-MgUser, and the export
// of the admin centre, whose columns have other names.
type graphTable struct {
	*table
	fields   []string // of each column, "" for one that is not read
	setters  map[string]setter
	found    *findings
	hasMail  bool
	language string // of the header, "" for English
}

func newGraphTable(in *stream, found *findings) (*graphTable, error) {
	t, err := newTable(in, found)
	if err != nil {
		return nil, err
	}
	g := &graphTable{table: t, setters: setters(), found: found}
	index, language := graphIndex(t.columns)
	g.language = language
	seen := map[string]bool{}
	for i, name := range t.columns {
		field := index[name]
		if field != "" && field != "id" && field != "isDeleted" && field != "deletedDateTime" && seen[field] && slices.Index(t.columns, name) < i {
			return nil, in.damaged(t.headerLine, "column %.60q is there twice", t.header[i])
		}
		seen[field] = true
		g.fields = append(g.fields, field)
	}
	g.hasMail = seen["mail"]
	for i, field := range g.fields {
		if field == "id" || field == "userPrincipalName" {
			t.least = max(t.least, i+1)
		}
	}
	if err := g.check(seen); err != nil {
		return nil, err
	}
	return g, nil
}

// check refuses a file that cannot say who is who. What it says of the columns is
// what a person can act on.
func (t *graphTable) check(seen map[string]bool) error {
	var missing []string
	for _, want := range []struct{ field, words string }{
		{"id", "Object Id or Id"}, {"userPrincipalName", "User principal name"}, {"displayName", "Display name"}, {"mail", "Mail or Proxy addresses"},
	} {
		if !seen[want.field] && (want.field != "mail" || !seen["proxyAddresses"]) {
			missing = append(missing, want.words)
		}
	}
	has := func(column string) bool { return slices.Contains(t.columns, foldColumn(column)) }
	switch {
	case missing != nil && (has("objectGUID") || has("sAMAccountName")):
		return t.in.otherDirectory(t.headerLine)
	case missing != nil && (has("RecipientTypeDetails") || has("PrimarySmtpAddress") || has("ExchangeGuid")):
		return t.in.incomplete(t.headerLine, "export the mailboxes with `"+mailboxCommand+"`", "this is a list of Exchange without: %s", strings.Join(missing, ", "))
	case missing != nil && t.language != "":
		return t.in.incomplete(t.headerLine, hintEnglish, "the header is that of the %s, and columns are missing: %s", t.language, strings.Join(missing, ", "))
	case missing != nil:
		return t.in.incomplete(t.headerLine, "", "columns are missing: %s", strings.Join(missing, ", "))
	case (has("RecipientTypeDetails") || has("PrimarySmtpAddress") || has("ExchangeGuid")) && !has("ExternalDirectoryObjectId") && !has("ObjectId"):
		return t.in.incomplete(t.headerLine, "export the mailboxes with `"+mailboxCommand+"`", "this is a list of Exchange, whose Id is not the user's: the column ExternalDirectoryObjectId is missing")
	case t.language != "" && !seen["accountEnabled"] && !seen["accountDisabled"]:
		return t.in.incomplete(t.headerLine, hintEnglish,
			"the header is that of the %s, and which column says who may sign in is not known: %s", t.language, t.unknown())
	}
	return nil
}

// unknown lists the columns of which nothing is known.
func (t *graphTable) unknown() string {
	var names []string
	for i, f := range t.fields {
		if f == "" {
			names = append(names, fmt.Sprintf("%.40q", t.header[i]))
		}
	}
	return strings.Join(names[:min(len(names), 12)], ", ")
}

func (t *graphTable) next() (source.User, int, error) {
	for {
		u, line, isUser, err := t.read()
		if isUser || err != nil {
			return u, line, err
		}
	}
}

// read reads a row. Lists of Exchange hold groups and contacts as well.
func (t *graphTable) read() (u source.User, line int, isUser bool, err error) {
	row, line, err := t.table.next()
	if err != nil {
		return source.User{}, 0, false, err
	}
	p := person{sawMail: t.hasMail}
	for i, cell := range row {
		cell = strings.TrimSpace(cell)
		if cell == "" && t.columns[i] == "externaldirectoryobjectid" {
			p.other = noUser
		}
		if cell == "" {
			continue
		}
		switch field := t.fields[i]; field {
		case "":
			if t.language != "" && isDeletionWord(t.columns[i]) {
				return source.User{}, 0, false, t.in.incomplete(line, hintEnglish, "column %.60q may say that the user was deleted, and is not known", t.header[i])
			}
		case "id":
			p.setID(t.columns[i], cell)
		default:
			err := t.setters[field](&p, cellTexts(field, cell))
			if errors.Is(err, errLost) {
				t.found.lose(t.header[i])
			} else if err != nil {
				return source.User{}, 0, false, t.wrong(row, line, fmt.Errorf("column %s: %w", t.header[i], err))
			}
		}
	}
	if p.other != "" {
		t.found.leaveOut(p.other)
		return source.User{}, 0, false, nil
	}
	if p.untimed {
		t.found.untimed++
	}
	if u, err = p.user(); err != nil {
		return source.User{}, 0, false, t.wrong(row, line, err)
	}
	return u, line, true, nil
}

// cellTexts makes values of a cell: the elements, where a tool wrote a JSON list
// into it.
func cellTexts(field, cell string) []string {
	switch field {
	case "proxyAddresses", "businessPhones", "assignedLicenses":
		if values, ok := jsonList(cell); ok && len(values) > 0 {
			return values
		}
	}
	return []string{cell}
}

// isDeletionWord knows the stems of the word in the languages of the admin centre.
func isDeletionWord(column string) bool {
	for _, stem := range []string{"lösch", "losch", "supprim", "suppress", "elimin", "verwijder", "exclu", "cancell"} {
		if strings.Contains(column, stem) {
			return true
		}
	}
	return false
}
