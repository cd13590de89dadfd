package file

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

// person is a row or an object of Microsoft 365 on its way to a user.
type person struct {
	graphuser.JSON
	idRank    int // how well the name of the field fits that the id is from
	sawMail   bool
	deleted   bool
	recipient int64
	untimed   bool   // a time was written in a way that cannot be told
	ad        bool   // it has attributes of Active Directory
	other     string // what it is in the place of a user, as its directory calls it
}

// errOfAD is the error of an object that is one of Active Directory.
var errOfAD = errors.New("it is an object of Active Directory")

var errNoObject = errors.New("it is no JSON object")

// user makes the user. An id that is no GUID is no id of Microsoft 365: Exchange
// and lists made by hand have others.
func (p *person) user() (source.User, error) {
	p.ID = strings.ToLower(strings.Trim(strings.TrimSpace(p.ID), "{}"))
	if p.ID != "" && !source.IsID(p.ID) {
		return source.User{}, fmt.Errorf("the id of %.80q is no GUID but %.80q", p.who(), p.ID)
	}
	if p.UserPrincipalName != "" && !strings.Contains(p.UserPrincipalName, "@") {
		return source.User{}, fmt.Errorf("the user principal name of %.80q is %.80q, which has no @", cmp.Or(p.DisplayName, p.ID), p.UserPrincipalName)
	}
	if p.ID == "" && p.ad {
		return source.User{}, errOfAD
	}
	if !p.sawMail {
		p.Mail = adattr.PrimaryAddress(p.ProxyAddresses)
	}
	p.Mail = adattr.Address(p.Mail)
	u, err := p.Convert()
	if err != nil {
		return source.User{}, err
	}
	if p.deleted {
		u.NotPerson = source.SkipDeleted
	}
	u.RecipientType = p.recipient
	if p.recipient == mailUser || p.recipient == guestMailUser {
		u.Exchange = source.No
	}
	return u, nil
}

func (p *person) who() string {
	for _, name := range []string{p.UserPrincipalName, p.Mail, p.DisplayName} {
		if name != "" {
			return name
		}
	}
	return "somebody without name"
}

// setter puts what a file says of a field into a person. Lists come as their
// values, everything else as one; there is always at least one, and none is empty.
type setter func(p *person, values []string) error

// errLost stands for a value that the tool did not write: nothing is known of it.
var errLost = errors.New("the value was not written")

func text(at func(*person) *string) setter {
	return func(p *person, values []string) error {
		if len(values) > 1 {
			return fmt.Errorf("%d values in the place of one", len(values))
		}
		if isTypeName(values[0]) {
			return errLost
		}
		*at(p) = values[0]
		return nil
	}
}

// number is a text of digits, which Excel shortens.
func number(at func(*person) *string, refuse bool) setter {
	set := text(at)
	return func(p *person, values []string) error {
		if isShortened(values[0]) {
			if refuse {
				return errExcelNumber(values[0])
			}
			return errLost
		}
		return set(p, values)
	}
}

func list(at func(*person) *[]string) setter {
	return func(p *person, values []string) error {
		for _, v := range values {
			if isTypeName(v) || isCutList(v) {
				*at(p) = nil
				return errLost
			}
			*at(p) = append(*at(p), splitAddresses(v)...)
		}
		return nil
	}
}

func phones(p *person, values []string) error {
	for _, v := range values {
		if isTypeName(v) || isShortened(v) {
			p.BusinessPhones = nil
			return errLost
		}
		p.BusinessPhones = append(p.BusinessPhones, v)
	}
	return nil
}

// flag reads a truth value; yes is what true means.
func flag(at func(*person) **bool, yes bool) setter {
	return func(p *person, values []string) error {
		if isTypeName(values[0]) {
			return errLost
		}
		b, err := truth(values[0])
		if err != nil {
			return err
		}
		b = b == yes
		*at(p) = &b
		return nil
	}
}

// truth reads True and False, as Excel translates them too.
func truth(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "wahr", "vrai", "verdadero", "waar", "verdadeiro", "vero":
		return true, nil
	case "false", "0", "no", "falsch", "faux", "falso", "onwaar":
		return false, nil
	}
	return false, fmt.Errorf("%.20q is neither True nor False", s)
}

// licences reads the admin centre's list: product names joined with +, or
// Unlicensed in the language of the file.
func licences(p *person, values []string) error {
	p.AssignedLicenses = []graphuser.Licence{}
	for _, v := range values {
		if strings.HasSuffix(v, "[]") && isTypeName(v) || strings.Contains(v, "List`1[") {
			p.AssignedLicenses = nil
			return errLost
		}
		switch strings.ToLower(strings.TrimSpace(v)) {
		case "unlicensed", "nicht lizenziert", "sans licence", "sin licencia", "zonder licentie", "geen licentie", "não licenciado", "sem licença", "senza licenza":
		default:
			for _, name := range strings.Split(v, "+") {
				p.AssignedLicenses = append(p.AssignedLicenses, licenceNamed(name))
			}
		}
	}
	return nil
}

// licenceNamed is a licence by its id or the product's name, as far as a tool wrote
// either.
func licenceNamed(name string) graphuser.Licence {
	if isTypeName(name) {
		return graphuser.Licence{}
	}
	return graphuser.Licence{SkuID: strings.TrimSpace(name)}
}

func licensed(p *person, values []string) error {
	yes, err := truth(values[0])
	if p.AssignedLicenses = make([]graphuser.Licence, 0, 1); yes {
		p.AssignedLicenses = append(p.AssignedLicenses, graphuser.Licence{})
	}
	return err
}

func deletedAt(p *person, values []string) error {
	p.deleted = p.deleted || !isTypeName(values[0]) && !strings.HasPrefix(values[0], "0001-01-01") && !strings.HasPrefix(values[0], "01/01/0001")
	return nil
}

func deletedFlag(p *person, values []string) error {
	yes, err := truth(values[0])
	p.deleted = p.deleted || yes
	return err
}

// passwordSet reads when the password was last set.
func passwordSet(p *person, values []string) error {
	t, ok := parseTime(values[0])
	p.untimed = p.untimed || !ok && !isTypeName(values[0])
	if ok {
		p.LastPasswordChangeDateTime = t.Format(time.RFC3339)
	}
	return nil
}

// parseTime reads a time as Graph, Windows PowerShell or the admin centre writes it.
// A day and a month in the order of some country are no time.
func parseTime(s string) (time.Time, bool) {
	s = strings.TrimSpace(s)
	if digits, ok := strings.CutPrefix(s, "/Date("); ok {
		n, err := strconv.ParseInt(strings.TrimSuffix(digits, ")/"), 10, 64)
		return time.UnixMilli(n).UTC(), err == nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// The types of Exchange that are no mailbox of the tenant.
const (
	mailUser      = 1 << 7
	guestMailUser = 1 << 45
)

// isGroupOrContact holds the types of recipients that are no users.
var isGroupOrContact = map[int64]bool{1 << 6: true, 1 << 8: true, 1 << 9: true, 1 << 10: true, 1 << 11: true, 1 << 12: true, 1 << 28: true}

func recipientType(p *person, values []string) error {
	p.recipient = source.RecipientTypeOf(values[0])
	if isGroupOrContact[p.recipient] {
		p.other = values[0]
	}
	return nil
}

// setters knows how each field of graphNames is read, the id apart.
func setters() map[string]setter {
	return map[string]setter{
		"displayName":                  text(func(p *person) *string { return &p.DisplayName }),
		"givenName":                    text(func(p *person) *string { return &p.GivenName }),
		"surname":                      text(func(p *person) *string { return &p.Surname }),
		"userPrincipalName":            text(func(p *person) *string { return &p.UserPrincipalName }),
		"mail":                         text(func(p *person) *string { return &p.Mail }),
		"mailNickname":                 text(func(p *person) *string { return &p.MailNickname }),
		"proxyAddresses":               list(func(p *person) *[]string { return &p.ProxyAddresses }),
		"employeeId":                   number(func(p *person) *string { return &p.EmployeeID }, true),
		"department":                   text(func(p *person) *string { return &p.Department }),
		"jobTitle":                     text(func(p *person) *string { return &p.JobTitle }),
		"companyName":                  text(func(p *person) *string { return &p.CompanyName }),
		"businessPhones":               phones,
		"mobilePhone":                  number(func(p *person) *string { return &p.MobilePhone }, false),
		"accountEnabled":               flag(func(p *person) **bool { return &p.AccountEnabled }, true),
		"accountDisabled":              flag(func(p *person) **bool { return &p.AccountEnabled }, false),
		"userType":                     text(func(p *person) *string { return &p.UserType }),
		"assignedPlans":                func(*person, []string) error { return errLost },
		"assignedLicenses":             licences,
		"isLicensed":                   licensed,
		"deletedDateTime":              deletedAt,
		"isDeleted":                    deletedFlag,
		"recipientTypeDetails":         recipientType,
		"onPremisesImmutableId":        text(func(p *person) *string { return &p.OnPremisesImmutableID }),
		"onPremisesSamAccountName":     text(func(p *person) *string { return &p.OnPremisesSamAccountName }),
		"onPremisesSecurityIdentifier": text(func(p *person) *string { return &p.OnPremisesSecurityIdentifier }),
		"onPremisesSyncEnabled":        flag(func(p *person) **bool { return &p.OnPremisesSyncEnabled }, true),
		"lastPasswordChangeDateTime":   passwordSet,
	}
}

// idRank orders the names under which tools write ids. Exchange has an Id that is
// none beside the right one.
func idRank(name string) int {
	switch name {
	case "externaldirectoryobjectid":
		return 3
	case "objectid":
		return 2
	}
	return 1
}

// noUser is what Exchange keeps without a user: some of its own mailboxes, and what
// lies on site.
const noUser = "mailbox without a user in Entra ID"

// setID takes the id of the best-named field.
func (p *person) setID(name, value string) {
	if rank := idRank(name); rank > p.idRank && value != "" {
		p.ID, p.idRank = value, rank
	}
}

// typeForm is how PowerShell writes the name of a type in the place of values. A
// name of two parts may be somebody's login.
var typeForm = regexp.MustCompile("^(System|Microsoft)(\\.[A-Z][A-Za-z0-9]*)+(`[0-9]+(\\[.*\\])?|\\[\\]|(\\.[A-Z][A-Za-z0-9]*))(\\[\\])?$")

// isTypeName says whether PowerShell wrote the name of a .NET type, or the form of
// an object, where a value should stand.
func isTypeName(cell string) bool {
	if strings.HasPrefix(cell, "@{") {
		return true
	}
	if !strings.HasPrefix(cell, "System.") && !strings.HasPrefix(cell, "Microsoft.") {
		return false
	}
	for _, name := range strings.Fields(cell) { // of several, one behind another
		if !typeForm.MatchString(name) {
			return false
		}
	}
	return true
}

// isCutList says whether a tool for the screen cut a list short.
func isCutList(cell string) bool {
	cell = strings.TrimSuffix(strings.TrimSpace(cell), "}")
	return strings.HasSuffix(cell, "...") || strings.HasSuffix(cell, "…")
}

var shortForm = regexp.MustCompile(`^[0-9]([.,][0-9]+)?E\+?[0-9]+$`)

// isShortened says whether Excel wrote a long number in short form.
func isShortened(cell string) bool { return shortForm.MatchString(strings.TrimSpace(cell)) }

func errExcelNumber(cell string) error {
	return fmt.Errorf("%.30q is how Excel shortens a long number, and its digits are lost: take the file as the tool wrote it, not as Excel saved it again", cell)
}

// graphFields finds the fields of JSON objects and reads them.
type graphFields struct {
	index   map[string]string
	setters map[string]setter
	known   map[string]knownName // by the name as spelled
	raw     *bytes.Buffer
	dec     *jsontext.Decoder
}

type knownName struct {
	field, folded string
	ad            bool // a name that only Active Directory has
}

func newGraphFields() *graphFields {
	raw := &bytes.Buffer{}
	return &graphFields{
		index: namesOf(graphNames(), func(tool int) bool { return tool < firstLanguage }), setters: setters(),
		known: map[string]knownName{}, raw: raw,
		dec: jsontext.NewDecoder(raw, jsontext.AllowDuplicateNames(true)),
	}
}

func (f *graphFields) find(name []byte) knownName {
	if k, ok := f.known[string(name)]; ok {
		return k
	}
	folded := foldColumn(string(name))
	k := knownName{f.index[folded], folded, isADName(folded)}
	if len(f.known) < 10_000 {
		f.known[string(name)] = k
	}
	return k
}

// isADName knows the names of AD's attributes that Microsoft 365 has no like of.
func isADName(folded string) bool {
	return folded == "objectguid" || folded == "samaccountname" || folded == "useraccountcontrol" || folded == "objectsid"
}

// read reads the properties of a JSON object into a person. It calls lost with the
// names of those that hold no value in the place of one.
func (f *graphFields) read(raw []byte, lost func(name string)) (person, error) {
	var p person
	f.raw.Reset()
	f.raw.Write(raw)
	d := f.dec
	d.Reset(f.raw, jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return p, errNoObject
	}
	ad := false
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return p, fmt.Errorf("the JSON is damaged: %w", err)
		}
		if len(name) < 2 {
			return p, errors.New("the JSON is damaged")
		}
		k := f.find(name[1 : len(name)-1])
		ad = ad || k.ad
		value, err := d.ReadValue()
		switch {
		case err != nil:
			return p, fmt.Errorf("the JSON is damaged: %w", err)
		case k.folded == "@removed":
			return p, errors.New(onlyChanges)
		case k.folded == "@odata.type":
			p.other = otherType(value)
		case k.folded == "externaldirectoryobjectid" && (value.Kind() == 'n' || string(value) == `""`):
			p.other = noUser
		case k.field == "", value.Kind() == 'n':
		default:
			switch err := p.set(k, value, f.setters); {
			case errors.Is(err, errLost):
				lost(k.field)
			case err != nil:
				return p, fmt.Errorf("user %.80q: %s: %w", p.who(), k.field, err)
			}
		}
	}
	p.ad = ad
	return p, nil
}

func (p *person) set(k knownName, value jsontext.Value, setters map[string]setter) error {
	switch k.field {
	case "assignedPlans":
		return p.plans(value)
	case "assignedLicenses":
		return p.licences(value)
	}
	p.sawMail = p.sawMail || k.field == "mail"
	values, err := jsonTexts(value)
	if err != nil || len(values) == 0 {
		return err
	}
	if k.field == "id" {
		p.setID(k.folded, values[0])
		return nil
	}
	return setters[k.field](p, values)
}

// otherType is what an object of Graph is in the place of a user: lists of members
// hold groups and devices as well.
func otherType(value jsontext.Value) string {
	name, err := jsontext.AppendUnquote(nil, value)
	if err != nil || !bytes.HasPrefix(name, []byte("#microsoft.graph.")) {
		return ""
	}
	if what := strings.TrimPrefix(string(name), "#microsoft.graph."); what != "user" {
		return what
	}
	return ""
}

// plans reads assignedPlans; a list of types' names, as a tool writes that was told
// too small a depth, tells nothing.
func (p *person) plans(value jsontext.Value) error {
	value, err := unwrapList(value)
	if err != nil {
		return err
	}
	var plans []graphuser.Plan
	if err := json.Unmarshal(value, &plans); err != nil {
		if value.Kind() == '"' || strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(string(value), "[")), `"`) {
			return errLost
		}
		return fmt.Errorf("it is no list of plans")
	}
	p.AssignedPlans = plans
	return nil
}

// licences reads assignedLicenses; the admin centre's text is taken too.
func (p *person) licences(value jsontext.Value) error {
	value, err := unwrapList(value)
	if err != nil {
		return err
	}
	switch value.Kind() {
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(value, &elements); err != nil {
			return err
		}
		p.AssignedLicenses = make([]graphuser.Licence, len(elements))
		for i, e := range elements {
			p.AssignedLicenses[i] = licenceOf(jsontext.Value(e))
		}
		return nil
	case '{':
		p.AssignedLicenses = []graphuser.Licence{licenceOf(value)}
		return nil
	}
	values, err := jsonTexts(value)
	if err != nil || len(values) == 0 {
		return errLost
	}
	if isTypeName(values[0]) {
		return errLost
	}
	return licences(p, values)
}

// licenceOf reads an element of assignedLicenses: an object as Graph writes it, whose
// names PowerShell spells its own way, or the text of a tool.
func licenceOf(value jsontext.Value) graphuser.Licence {
	var l graphuser.Licence
	if value.Kind() == '{' {
		_ = json.Unmarshal(value, &l) // what is written otherwise stays without id
		return l
	}
	if values, err := jsonTexts(value); err == nil && len(values) == 1 {
		return licenceNamed(values[0])
	}
	return l
}

// unwrapList takes a list out of the object {"value":[…],"Count":n} in which old
// versions of PowerShell write lists.
func unwrapList(value jsontext.Value) (jsontext.Value, error) {
	if value.Kind() != '{' {
		return value, nil
	}
	var wrapped struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(value, &wrapped); err != nil {
		return nil, err
	}
	if wrapped.Value == nil {
		return value, nil
	}
	return jsontext.Value(wrapped.Value), nil
}

// objectText takes the text of an object as Exchange's own shell writes addresses.
func objectText(value jsontext.Value) ([]string, error) {
	var address struct{ ProxyAddressString, Address string }
	if err := json.Unmarshal(value, &address); err != nil {
		return nil, err
	}
	if s := cmp.Or(address.ProxyAddressString, address.Address); s != "" {
		return []string{s}, nil
	}
	return nil, errors.New("an object in the place of a text")
}

// jsonTexts makes texts of a value: of a list each element, of null and "" none.
func jsonTexts(value jsontext.Value) ([]string, error) {
	value, err := unwrapList(value)
	if err != nil {
		return nil, err
	}
	switch value.Kind() {
	case 'n':
		return nil, nil
	case '"':
		s, err := jsontext.AppendUnquote(nil, value)
		if err != nil || len(s) == 0 {
			return nil, err
		}
		return []string{string(s)}, nil
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(value, &elements); err != nil {
			return nil, err
		}
		var out []string
		for _, e := range elements {
			v := jsontext.Value(e)
			if v.Kind() == '[' {
				return nil, fmt.Errorf("a list of lists in the place of texts")
			}
			texts, err := jsonTexts(v)
			if err != nil {
				return nil, err
			}
			out = append(out, texts...)
		}
		return out, nil
	case '{':
		return objectText(value)
	}
	return []string{string(value)}, nil // a number, true or false
}
