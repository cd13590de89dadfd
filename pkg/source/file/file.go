// Package file reads exports of directories on disk, as whole directories of
// users: of Active Directory LDIF, CSV and JSON; of Microsoft 365 JSON and CSV.
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
	surveyed *survey // what a pass over an AD export found, once there was one
}

// Open opens the export that a connection names; its content tells the format.
// Settings that cannot work are [source.CodeUsage], a file that cannot be opened
// is [source.CodeUnreachable], an empty one [source.CodeIncomplete].
func Open(ctx context.Context, conn source.Connection) (*Directory, error) {
	conn = conn.Normalize("")
	if err := conn.Validate(); err != nil {
		return nil, err
	}
	return openAs(ctx, conn.Kind, conn.File, "")
}

// openAs opens an export of a format; "" is found by the content.
func openAs(ctx context.Context, kind source.Kind, path, format string) (*Directory, error) {
	in, err := openInput(path)
	if err != nil {
		return nil, err
	}
	d := &Directory{in: in, kind: kind, format: format, attrs: newAttrs()}
	if err := d.prepare(ctx); err != nil {
		_ = in.file.Close()
		return nil, err
	}
	return d, nil
}

func (d *Directory) prepare(ctx context.Context) (err error) {
	if d.format == "" {
		if d.format, err = recognise(ctx, d.in); err != nil {
			return err
		}
		if d.format == formatLDIF && d.kind == source.M365 {
			return &source.Error{
				Code:    source.CodeUsage,
				Message: "an export of Microsoft 365 is JSON or CSV, not LDIF",
				Hint:    "LDIF comes from Active Directory: connect the file as ad",
			}
		}
	}
	if d.format == formatCSV {
		return d.in.guessWindows1252(ctx)
	}
	return nil
}

// Close closes the file.
func (d *Directory) Close() error { return d.in.file.Close() }

// Users yields the users in the order of the file. The base of the scope must
// be in the export, else the error is [source.CodeNotFound].
func (d *Directory) Users(ctx context.Context, scope source.Scope) iter.Seq2[source.User, error] {
	return func(yield func(source.User, error) bool) {
		users, err := d.users(ctx, scope)
		if err != nil {
			yield(source.User{}, err)
			return
		}
		lines := map[string]int{}
		for n := 0; scope.Limit == 0 || n < scope.Limit; n++ {
			u, line, err := users.next()
			if errors.Is(err, io.EOF) {
				err = d.in.unchanged()
				if err == nil {
					return
				}
			}
			if err == nil {
				if before, ok := lines[u.ID]; ok {
					err = d.in.damaged(line, "the user %q stands in line %d already", u.ID, before)
				}
				lines[u.ID] = line
			}
			if err != nil {
				yield(source.User{}, err)
				return
			}
			if scope.Brief {
				u = source.User{Kind: u.Kind, ID: u.ID, DN: u.DN, Critical: u.Critical}
			}
			if !yield(u, nil) {
				return
			}
		}
	}
}

// userReader reads the users of an export one by one, each with its line;
// io.EOF follows the last one.
type userReader interface {
	next() (source.User, int, error)
}

func (d *Directory) users(ctx context.Context, scope source.Scope) (userReader, error) {
	if d.kind == source.M365 {
		return d.people(ctx)
	}
	records, err := d.records(ctx)
	if err != nil {
		return nil, err
	}
	r := &adUsers{in: d.in, records: records, record: record{attrs: d.attrs}}
	if scope.Base != "" {
		r.base = &base{dn: scope.Base, key: source.DNKey(scope.Base), inside: map[string]bool{}}
	}
	return r, nil
}

// people opens a pass over an export of Microsoft 365.
func (d *Directory) people(ctx context.Context) (userReader, error) {
	in := d.in.open(ctx)
	if d.format == formatCSV {
		return newGraphTable(in)
	}
	return graphJSON{newJSONReader(in)}, nil
}

// recordReader reads the objects of an export of AD one by one; io.EOF follows
// the last one.
type recordReader interface {
	next(*record) error
}

// records opens a pass over an export of AD.
func (d *Directory) records(ctx context.Context) (recordReader, error) {
	in := d.in.open(ctx)
	switch d.format {
	case formatLDIF:
		return newLDIFReader(in), nil
	case formatCSV:
		return newADTable(in, d.attrs)
	}
	return adJSON{newJSONReader(in)}, nil
}

// adUsers makes users of the records of an export of AD.
type adUsers struct {
	in      *input
	records recordReader
	record  record
	base    *base
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
		if !inBase || !r.record.isUser() {
			continue
		}
		u, err := r.user()
		return u, r.record.line, err
	}
}

const hintAllAttributes = "export it with an account that may read it, and with all attributes"

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
	if u.Enabled != source.Unknown {
		return u, nil
	}
	said := string(rec.first(enabled))
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
