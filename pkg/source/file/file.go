// Package file reads exports of directories on disk, as whole directories of
// users: of Active Directory LDIF, CSV and JSON; of Microsoft 365 JSON and CSV, and
// beside it what Get-Mailbox says of the mailboxes.
//
// A file is taken whole or not at all: what is damaged or cut is an error that
// names the line. What a file cannot show is that it was cut right behind a
// record; formats that count their records, close a document or name a next
// page show even that.
package file

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"strings"
	"sync"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/adattr"
)

// Directory is an export on disk. It implements [source.Directory], and
// [source.OULister] for exports of Active Directory. It may be used by several
// goroutines.
type Directory struct {
	in     *input
	kind   source.Kind
	format string
	attrs  attrs

	mu       sync.Mutex
	surveyed *survey // what a pass over the whole export found, once there was one

	boxes   *input // the export of the mailboxes, nil where there is none
	joining sync.Mutex
	joined  *mailboxes // what it says, once it was read
}

// Open opens the export that a connection names; its content tells the format.
// Settings that cannot work are [source.CodeUsage], a file that cannot be opened
// is [source.CodeUnreachable], an empty one [source.CodeIncomplete].
func Open(ctx context.Context, conn source.Connection) (*Directory, error) {
	conn = conn.Normalize("")
	if err := conn.Validate(); err != nil {
		return nil, err
	}
	return openAs(ctx, conn.Kind, conn.Export, "")
}

// openAs opens an export of a format; "" is found by the content.
func openAs(ctx context.Context, kind source.Kind, export source.Export, format string) (*Directory, error) {
	in, err := openInput(kind, export.File, false)
	if err != nil {
		return nil, err
	}
	d := &Directory{in: in, kind: kind, format: format, attrs: newAttrs()}
	if err := d.prepare(ctx, export.Encoding); err != nil {
		_ = in.file.Close()
		return nil, err
	}
	if export.Mailboxes != "" {
		if d.boxes, err = openMailboxes(ctx, export.Mailboxes, export.Encoding); err != nil {
			_ = in.file.Close()
			return nil, err
		}
	}
	return d, nil
}

func (d *Directory) prepare(ctx context.Context, encoding string) (err error) {
	d.in.encode(encoding)
	if d.format == "" {
		if d.format, err = recognise(ctx, d.in); err != nil {
			return err
		}
		if d.format == formatLDIF && d.kind == source.M365 {
			return d.in.otherDirectory(0)
		}
	}
	if d.format != formatLDIF && encoding == "" { // LDIF has what is not ASCII in base64
		return d.in.guess(ctx)
	}
	return nil
}

// Close closes the file, and the one of the mailboxes.
func (d *Directory) Close() error {
	err := d.in.file.Close()
	if d.boxes != nil {
		err = errors.Join(err, d.boxes.file.Close())
	}
	return err
}

// Users yields the users in the order of the file. The base of the scope must
// be in the export, else the error is [source.CodeNotFound]. Users of another
// domain than the export's own are left out, which Info notes. An export of
// Microsoft 365 in which nobody has an address is [source.CodeIncomplete]; once
// all of it was read, Info need not read it again.
func (d *Directory) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		found := &findings{}
		users, err := d.users(ctx, scope, found)
		if err != nil {
			yield(source.User{}, err)
			return
		}
		for n := 0; scope.Limit == 0 || n < scope.Limit; n++ {
			u, _, err := users.next()
			if errors.Is(err, io.EOF) {
				if err = d.end(ctx, found); err == nil {
					return
				}
			}
			if err != nil {
				yield(source.User{}, err)
				return
			}
			if scope.Brief {
				u = source.User{Kind: u.Kind, ID: u.ID, DN: u.DN, Critical: u.Critical, RecipientType: u.RecipientType, NotPerson: u.NotPerson}
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

// end is the end of a pass over all users.
func (d *Directory) end(ctx context.Context, found *findings) error {
	if d.kind == source.AD {
		return d.in.unchanged()
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.keep(d.surveyOf(ctx, found))
}

// userReader reads the users of an export one by one, each with its line;
// io.EOF follows the last one.
type userReader interface {
	next() (source.User, int, error)
}

// once reads users and refuses one whose id came before.
type once struct {
	users userReader
	in    *input
	lines map[string]int // by id
}

func (o once) next() (source.User, int, error) {
	u, line, err := o.users.next()
	if err != nil {
		return u, line, err
	}
	if before, ok := o.lines[u.ID]; ok {
		return u, line, o.in.incomplete(line, "take one of the two away, or make the file anew; "+o.in.again(),
			"the user %q stands in line %d already", u.ID, before)
	}
	o.lines[u.ID] = line
	return u, line, nil
}

// users opens a pass over the users of the scope.
func (d *Directory) users(ctx context.Context, scope source.Scope, found *findings) (userReader, error) {
	users, err := d.passOver(ctx, scope, found)
	return once{users, d.in, map[string]int{}}, err
}

func (d *Directory) passOver(ctx context.Context, scope source.Scope, found *findings) (userReader, error) {
	if d.kind == source.M365 && d.boxes == nil {
		return d.people(ctx, found)
	}
	if d.kind == source.M365 {
		boxes, err := d.mailboxTypes(ctx)
		if err != nil {
			return nil, err
		}
		users, err := d.people(ctx, found)
		return classed{users, boxes.types}, err
	}
	s, err := d.survey(ctx)
	if err != nil {
		return nil, err
	}
	records, err := d.records(ctx, found)
	if err != nil {
		return nil, err
	}
	r := &adUsers{in: d.in, records: records, record: record{attrs: d.attrs}, domain: newDomain(s)}
	if scope.Base != "" {
		r.base = &base{dn: scope.Base, key: source.DNKey(scope.Base), inside: map[string]bool{}}
	}
	return r, nil
}

// people opens a pass over an export of Microsoft 365.
func (d *Directory) people(ctx context.Context, found *findings) (userReader, error) {
	in := d.in.open(ctx)
	if d.format == formatCSV {
		users, err := newGraphTable(in, found)
		return tally{users, found}, err
	}
	return tally{graphJSON{newJSONReader(in), newGraphFields(), found}, found}, nil
}

// tally counts users as they are read, and ends with what the export says as a
// whole.
type tally struct {
	userReader
	found *findings
}

func (c tally) next() (source.User, int, error) {
	u, line, err := c.userReader.next()
	switch {
	case err == nil:
		c.found.add(&u)
	case errors.Is(err, io.EOF):
		c.found.conclude(c.userReader)
	}
	return u, line, err
}

// recordReader reads the objects of an export of AD one by one; io.EOF follows
// the last one.
type recordReader interface {
	next(*record) error
}

// records opens a pass over an export of AD.
func (d *Directory) records(ctx context.Context, found *findings) (recordReader, error) {
	in := d.in.open(ctx)
	switch d.format {
	case formatLDIF:
		return newLDIFReader(in), nil
	case formatCSV:
		return newADTable(in, d.attrs, found)
	}
	return adJSON{newJSONReader(in), found}, nil
}

// adUsers makes users of the records of an export of AD.
type adUsers struct {
	in      *input
	records recordReader
	record  record
	base    *base
	domain  *domain // nil where all are of one
}

func (r *adUsers) next() (source.User, int, error) {
	for {
		err := r.records.next(&r.record)
		if errors.Is(err, io.EOF) && r.base != nil && !r.base.found {
			return source.User{}, 0, r.base.missing(r.in)
		}
		if err != nil {
			return source.User{}, 0, err
		}
		if err := r.record.check(r.in); err != nil {
			return source.User{}, 0, err
		}
		inBase := r.base == nil || r.base.holds(r.record.dn)
		if !inBase || !r.record.isUser() || !r.domain.holds(r.record.dn) {
			continue
		}
		u, err := r.user()
		return u, r.record.line, err
	}
}

const hintAllAttributes = "export it with an account that may read it, and with all attributes: `" + ldifdeCommand + "`"

// user converts the record. An object without userAccountControl is refused:
// AD does not show it to who may not read it, and whether the user may sign in
// would be a guess.
func (r *adUsers) user() (source.User, error) {
	rec := &r.record
	u, err := adattr.FromAttributes(rec.dn, rec.get)
	if err != nil && rec.dn == "" {
		err = fmt.Errorf("user %s: %w", rec.name(), err) // the DN is named already
	}
	if err != nil {
		return source.User{}, r.in.wrong(rec.line, err)
	}
	if u.NotPerson == "" && strings.HasSuffix(u.Username, "$") && u.Enabled == source.Unknown && rec.first(sAMAccountType) == nil {
		u.NotPerson = source.SkipTrust // Get-ADUser lists the accounts of trusts too
	}
	u.PasswordNeverExpires = u.PasswordNeverExpires || string(rec.first(neverExpires)) == "TRUE"
	if u.Enabled != source.Unknown {
		return u, nil
	}
	said := string(rec.first(enabled))
	if said == "" && u.NotPerson == source.SkipDeleted {
		return u, nil // AD strips what it deletes
	}
	if said == "" {
		return source.User{}, r.in.incomplete(rec.line, hintAllAttributes, "user %s has no userAccountControl", rec.name())
	}
	yes, err := strconv.ParseBool(strings.ToLower(said))
	if err != nil {
		return source.User{}, r.in.damaged(rec.line, "enabled of user %s is %.20q, neither True nor False", rec.name(), said)
	}
	u.Enabled = source.FlagOf(yes)
	return u, nil
}

// domain is the domain that an export of several is read for.
type domain struct {
	key    string
	inside map[string]bool // by the DN of a parent; users share parents
}

func newDomain(s *survey) *domain {
	if len(s.found.others) == 0 {
		return nil
	}
	return &domain{key: source.DNKey(s.tree.Root), inside: map[string]bool{}}
}

func (d *domain) holds(dn string) bool {
	if d == nil {
		return true
	}
	parent := source.ParentDN(dn)
	inside, ok := d.inside[parent]
	if !ok {
		inside = source.DNKey(domainDN(parent)) == d.key
		d.inside[parent] = inside
	}
	return inside
}

// domainDN is the end of a DN that names the domain: the steps of type DC.
func domainDN(dn string) string {
	for dn != "" && !isDomain(dn) {
		dn = source.ParentDN(dn)
	}
	return dn
}

// base is the container below which users are wanted.
type base struct {
	dn, key string
	inside  map[string]bool // by the DN of a parent; users share parents
	found   bool            // the container, or something in it, is in the export
}

// holds says whether the object lies below the base, and notes whether the base
// is there at all.
func (b *base) holds(dn string) bool {
	parent := source.ParentDN(dn)
	inside, ok := b.inside[parent]
	if !ok {
		inside = isWithin(source.DNKey(parent), b.key)
		b.inside[parent] = inside
	}
	b.found = b.found || inside || source.DNKey(dn) == b.key
	return inside
}

// isWithin says whether a DN is another one or lies below it, both folded.
func isWithin(key, baseKey string) bool {
	return key == baseKey || strings.HasSuffix(key, ","+baseKey)
}

func (b *base) missing(in *input) error {
	return &source.Error{
		Code:    source.CodeNotFound,
		Topic:   source.TopicUnknownBase,
		Message: fmt.Sprintf("%s: the export holds no %q", in.path, b.dn),
	}
}

// maxDN bounds a distinguished name; AD's own limit is lower.
const maxDN = 8 << 10
