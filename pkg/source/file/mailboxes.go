package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// mailbox is what an export of Get-Mailbox says of a mailbox: whose it is, by id, user
// principal name and primary address as far as they are there, and of what type.
type mailbox struct{ id, upn, address, recipientType string }

// mailboxFields are the properties of a mailbox that are read, by their folded names.
var mailboxFields = map[string]func(*mailbox) *string{
	"externaldirectoryobjectid": func(m *mailbox) *string { return &m.id },
	"userprincipalname":         func(m *mailbox) *string { return &m.upn },
	"primarysmtpaddress":        func(m *mailbox) *string { return &m.address },
	"recipienttypedetails":      func(m *mailbox) *string { return &m.recipientType },
}

// mailboxes are the types of mailboxes by the id of their user, and what is to be said
// of how they were found.
type mailboxes struct {
	types map[string]int64
	notes []string
}

// mailboxTypes joins the export of the mailboxes with the one of the users, once.
func (d *Directory) mailboxTypes(ctx context.Context) (*mailboxes, error) {
	d.joining.Lock()
	defer d.joining.Unlock()
	if d.joined != nil {
		return d.joined, nil
	}
	rows, err := d.boxes.mailboxes(ctx)
	if err != nil {
		return nil, err
	}
	users, err := d.people(ctx, &findings{})
	if err != nil {
		return nil, err
	}
	who := &owners{map[string]bool{}, map[string][]string{}, map[string][]string{}}
	for {
		u, _, err := users.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		who.add(&u)
	}
	joined := join(rows, who)
	if nobody, several := joined.nobody, joined.several; nobody+several > 0 {
		joined.notes = append(joined.notes, fmt.Sprintf("of the %d mailboxes in %s, %d fit nobody in the export of the users, and %d more than one user or mailbox: what these are is not known",
			len(rows), filepath.Base(d.boxes.path), nobody, several))
	}
	d.joined = &joined.mailboxes
	return d.joined, nil
}

// owners finds users by what a mailbox says of its own.
type owners struct {
	ids              map[string]bool
	byUPN, byAddress map[string][]string // ids by folded name
}

func (o *owners) add(u *source.User) {
	o.ids[u.ID] = true
	for _, of := range []struct {
		index map[string][]string
		name  string
	}{{o.byUPN, u.UPN}, {o.byAddress, u.Email}} {
		if name := strings.ToLower(of.name); name != "" {
			of.index[name] = append(of.index[name], u.ID)
		}
	}
}

// find says whose mailbox it is: by its id alone where it has one, else by its names,
// which may be those of two.
func (o *owners) find(m mailbox) []string {
	if m.id != "" {
		if id := strings.ToLower(strings.Trim(m.id, "{}")); o.ids[id] {
			return []string{id}
		}
		return nil
	}
	ids := slices.Concat(o.byUPN[strings.ToLower(m.upn)], o.byAddress[strings.ToLower(m.address)])
	slices.Sort(ids)
	return slices.Compact(ids)
}

type joining struct {
	mailboxes
	nobody, several int
}

// join gives each user the type of his mailbox, where one mailbox is his and he is the
// only one whose it is.
func join(rows []mailbox, who *owners) joining {
	j := joining{mailboxes: mailboxes{types: map[string]int64{}}}
	of := map[string][]mailbox{}
	for _, m := range rows {
		switch ids := who.find(m); len(ids) {
		case 0:
			j.nobody++
		case 1:
			of[ids[0]] = append(of[ids[0]], m)
		default:
			j.several++
		}
	}
	for id, his := range of {
		types := map[int64]bool{}
		for _, m := range his {
			types[source.RecipientTypeOf(m.recipientType)] = true
		}
		if len(types) > 1 {
			j.several += len(his)
			continue
		}
		for t := range types {
			j.types[id] = t
		}
	}
	return j
}

// classed gives users what their mailboxes were found to be.
type classed struct {
	users userReader
	types map[string]int64
}

func (c classed) next() (source.User, int, error) {
	u, line, err := c.users.next()
	if t := c.types[u.ID]; err == nil && t != 0 {
		if u.RecipientType == 0 {
			u.RecipientType = t
		}
		if class := source.ClassOfRecipient(t); class != source.MailboxUnknown {
			u.Mailbox = &source.Mailbox{Class: class, From: source.MailboxByExport}
		}
	}
	return u, line, err
}

// openMailboxes opens an export of Get-Mailbox.
func openMailboxes(ctx context.Context, path, encoding string) (*input, error) {
	in, err := openInput(source.M365, path, true)
	if err != nil {
		return nil, err
	}
	if what := foreign(in); what.name != "" {
		err = in.unsuitable(0, what.hint, "the file is %s, not an export of mailboxes", what.name)
	} else if encoding != "" && in.written == utf8Text {
		in.encode(encoding)
	} else {
		err = in.guess(ctx)
	}
	if err != nil {
		_ = in.file.Close()
		return nil, err
	}
	return in, nil
}

// mailboxes reads all rows. A file that is no export of Get-Mailbox is refused.
func (in *input) mailboxes(ctx context.Context) ([]mailbox, error) {
	head, err := in.open(ctx).head()
	if err != nil {
		return nil, err
	}
	read := in.mailboxTable
	if head == '[' || head == '{' {
		read = in.mailboxJSON
	}
	rows, err := read(ctx)
	if err == nil {
		err = in.unchanged()
	}
	return rows, err
}

// head is the first byte of the text that is no white space, 0 of a blank one.
func (s *stream) head() (byte, error) {
	buf := make([]byte, bufferSize)
	n, err := io.ReadFull(s, buf)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, s.failed(0, err)
	}
	if text := bytes.TrimSpace(buf[:n]); len(text) > 0 {
		return text[0], nil
	}
	return 0, nil
}

const hintMailboxes = "make the export of the mailboxes with `" + MailboxesCommand + "`"

// noMailboxes refuses a file that says nothing of mailboxes.
func (in *input) noMailboxes(line int, missing []string) error {
	return in.unsuitable(line, hintMailboxes, "the file is no export of Get-Mailbox: it lacks %s", strings.Join(missing, ", "))
}

// missingOf are the properties that mailboxes have to have and these have not.
func missingOf(has func(folded string) bool) []string {
	var missing []string
	if !has("recipienttypedetails") {
		missing = append(missing, "RecipientTypeDetails")
	}
	if !has("externaldirectoryobjectid") && !has("userprincipalname") && !has("primarysmtpaddress") {
		missing = append(missing, "ExternalDirectoryObjectId (or UserPrincipalName, or PrimarySmtpAddress)")
	}
	return missing
}

func (in *input) mailboxTable(ctx context.Context) ([]mailbox, error) {
	t, err := newTable(in.open(ctx), &findings{})
	if err != nil {
		return nil, err
	}
	if missing := missingOf(func(name string) bool { return slices.Contains(t.columns, name) }); missing != nil {
		return nil, in.noMailboxes(t.headerLine, missing)
	}
	t.least = slices.Index(t.columns, "recipienttypedetails") + 1
	var rows []mailbox
	for {
		row, line, err := t.next()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		var m mailbox
		for i, cell := range row {
			if at := mailboxFields[t.columns[i]]; at != nil && !isTypeName(cell) {
				*at(&m) = strings.TrimSpace(cell)
			}
		}
		if err := m.check(); err != nil {
			return nil, in.wrong(line, err)
		}
		rows = append(rows, m)
	}
}

func (in *input) mailboxJSON(ctx context.Context) ([]mailbox, error) {
	j := newJSONReader(in.open(ctx))
	var rows []mailbox
	seen := map[string]bool{}
	for {
		raw, line, err := j.next()
		if errors.Is(err, io.EOF) {
			if missing := missingOf(func(name string) bool { return seen[name] }); missing != nil && len(rows) > 0 {
				return nil, in.noMailboxes(0, missing)
			}
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		var m mailbox
		if err := m.read(raw, seen); err != nil {
			return nil, in.wrong(line, err)
		}
		if err := m.check(); err != nil {
			return nil, in.wrong(line, err)
		}
		rows = append(rows, m)
	}
}

// read reads the properties of a JSON object, and notes which there are.
func (m *mailbox) read(raw []byte, seen map[string]bool) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw), jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return errNoObject
	}
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return fmt.Errorf("the JSON is damaged: %w", err)
		}
		folded := foldColumn(name.String())
		value, err := d.ReadValue()
		if err != nil {
			return fmt.Errorf("the JSON is damaged: %w", err)
		}
		at := mailboxFields[folded]
		if at == nil {
			continue
		}
		seen[folded] = true
		texts, err := jsonTexts(value)
		if err != nil || len(texts) > 1 {
			return fmt.Errorf("%s of a mailbox is no text", folded)
		}
		if len(texts) == 1 {
			*at(m) = strings.TrimSpace(texts[0])
		}
	}
	return nil
}

// check refuses an id that is none: then it is not known whose the mailbox is.
func (m *mailbox) check() error {
	if id := strings.ToLower(strings.Trim(m.id, "{}")); id != "" && !source.IsID(id) {
		return fmt.Errorf("the ExternalDirectoryObjectId %.80q of a mailbox is no GUID", m.id)
	}
	return nil
}
