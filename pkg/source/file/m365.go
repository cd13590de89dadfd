package file

import (
	"fmt"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

// graphJSON reads users as Microsoft Graph writes them.
type graphJSON struct{ *jsonReader }

func (j graphJSON) next() (source.User, int, error) {
	raw, line, err := j.jsonReader.next()
	if err != nil {
		return source.User{}, 0, err
	}
	u, err := graphuser.Decode(raw)
	if err != nil {
		return source.User{}, 0, j.in.wrong(line, err)
	}
	return u, line, nil
}

const hintM365CSV = "export with the Microsoft 365 admin centre (Active users, Export users), or with `Get-MgUser -All -Property id,displayName,givenName,surname,userPrincipalName,mail,employeeId,department,jobTitle,accountEnabled,userType,onPremisesImmutableId | Export-Csv -Encoding UTF8 FILE`"

// graphTable reads users of Microsoft 365 from CSV: Get-MgUser, and the export
// of the admin centre, whose columns have other names.
type graphTable struct {
	*table
	fields  []field // of each column, nil for one that is not read
	hasMail bool
	lost    []bool
}

// person is a row on its way to a user.
type person struct {
	graphuser.JSON
	deleted bool
}

// field puts the cell of a column, never an empty one, into a person.
type field func(p *person, cell string) error

func text(at func(*person) *string) field {
	return func(p *person, cell string) error {
		*at(p) = cell
		return nil
	}
}

func list(at func(*person) *[]string, split func(string) []string) field {
	return func(p *person, cell string) error {
		*at(p) = split(cell)
		return nil
	}
}

// flag reads True or False; yes is what True means.
func flag(at func(*person) **bool, yes bool) field {
	return func(p *person, cell string) error {
		var b bool
		switch strings.ToLower(strings.TrimSpace(cell)) {
		case "true":
			b = yes
		case "false":
			b = !yes
		default:
			return fmt.Errorf("%.20q is neither True nor False", cell)
		}
		*at(p) = &b
		return nil
	}
}

// licences reads the admin centre's list: product names joined with +, or
// Unlicensed.
func licences(p *person, cell string) error {
	p.AssignedLicenses = []struct{}{}
	if !strings.EqualFold(strings.TrimSpace(cell), "Unlicensed") {
		p.AssignedLicenses = append(p.AssignedLicenses, struct{}{})
	}
	return nil
}

func deleted(p *person, _ string) error {
	p.deleted = true
	return nil
}

// graphFields knows the columns by their folded names.
func graphFields() map[string]field {
	one := func(phone string) []string { return []string{phone} }
	f := map[string]field{
		"id":                           text(func(p *person) *string { return &p.ID }),
		"displayname":                  text(func(p *person) *string { return &p.DisplayName }),
		"givenname":                    text(func(p *person) *string { return &p.GivenName }),
		"surname":                      text(func(p *person) *string { return &p.Surname }),
		"userprincipalname":            text(func(p *person) *string { return &p.UserPrincipalName }),
		"mail":                         text(func(p *person) *string { return &p.Mail }),
		"mailnickname":                 text(func(p *person) *string { return &p.MailNickname }),
		"proxyaddresses":               list(func(p *person) *[]string { return &p.ProxyAddresses }, splitAddresses),
		"employeeid":                   text(func(p *person) *string { return &p.EmployeeID }),
		"department":                   text(func(p *person) *string { return &p.Department }),
		"jobtitle":                     text(func(p *person) *string { return &p.JobTitle }),
		"companyname":                  text(func(p *person) *string { return &p.CompanyName }),
		"businessphones":               list(func(p *person) *[]string { return &p.BusinessPhones }, one),
		"mobilephone":                  text(func(p *person) *string { return &p.MobilePhone }),
		"accountenabled":               flag(func(p *person) **bool { return &p.AccountEnabled }, true),
		"blockcredential":              flag(func(p *person) **bool { return &p.AccountEnabled }, false),
		"usertype":                     text(func(p *person) *string { return &p.UserType }),
		"licenses":                     licences,
		"softdeletiontimestamp":        deleted,
		"onpremisesimmutableid":        text(func(p *person) *string { return &p.OnPremisesImmutableID }),
		"onpremisessamaccountname":     text(func(p *person) *string { return &p.OnPremisesSamAccountName }),
		"onpremisessecurityidentifier": text(func(p *person) *string { return &p.OnPremisesSecurityIdentifier }),
		"onpremisessyncenabled":        flag(func(p *person) **bool { return &p.OnPremisesSyncEnabled }, true),
	}
	for other, name := range map[string]string{
		"objectid": "id", "firstname": "givenname", "lastname": "surname", "title": "jobtitle",
		"phonenumber": "businessphones", "dirsyncenabled": "onpremisessyncenabled",
	} {
		f[other] = f[name]
	}
	return f
}

func newGraphTable(in *stream) (*graphTable, error) {
	t, err := newTable(in)
	if err != nil {
		return nil, err
	}
	if err := t.need(hintM365CSV, "Object Id|Id", "User principal name", "Display name", "Mail|Proxy addresses"); err != nil {
		return nil, err
	}
	g := &graphTable{table: t, hasMail: slices.Contains(t.columns, "mail"), lost: make([]bool, len(t.columns))}
	known, seen := graphFields(), map[string]bool{}
	for i, name := range t.columns {
		if known[name] != nil && seen[name] {
			return nil, in.damaged(t.before+1, "column %.60q is there twice", t.header[i])
		}
		seen[name] = true
		g.fields = append(g.fields, known[name])
	}
	return g, nil
}

func (t *graphTable) next() (source.User, int, error) {
	for {
		row, line, err := t.table.next()
		if err != nil {
			return source.User{}, 0, err
		}
		var p person
		for i, cell := range row {
			switch {
			case t.fields[i] == nil || cell == "":
			case isTypeName(cell):
				t.lost[i] = true
			default:
				if err := t.fields[i](&p, cell); err != nil {
					return source.User{}, 0, t.in.wrong(line, fmt.Errorf("column %s: %w", t.header[i], err))
				}
			}
		}
		if p.deleted {
			continue
		}
		if !t.hasMail {
			p.Mail = strings.TrimSpace(adattr.PrimaryAddress(p.ProxyAddresses))
		}
		u, err := p.Convert()
		if err != nil {
			return source.User{}, 0, t.in.wrong(line, err)
		}
		return u, line, nil
	}
}

// notes says what the table could not tell of the users read so far.
func (t *graphTable) notes() []string {
	var notes []string
	for i, lost := range t.lost {
		if lost {
			notes = append(notes, lostColumn(t.header[i]))
		}
	}
	return notes
}
