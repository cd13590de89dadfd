package file

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Info says which directory was exported, as far as the export tells: of AD the
// domain's SID and DNS name. It reads the whole of it, so that the notes say what
// was guessed, what was left out and what the export leaves open.
func (d *Directory) Info(ctx context.Context) (source.Info, error) {
	s, err := d.survey(ctx)
	if err != nil {
		return source.Info{}, err
	}
	return source.Info{
		Kind:   d.kind,
		ID:     s.id,
		Name:   strings.ToLower(source.CanonicalPath(s.tree.Root)),
		Server: d.in.path,
		AsOf:   d.in.changed.UTC(),
		Notes:  slices.Clone(s.notes),
	}, nil
}

// survey reads the export once in whole; later calls get the same.
func (d *Directory) survey(ctx context.Context) (*survey, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.surveyed != nil {
		return d.surveyed, nil
	}
	pass := d.surveyAD
	if d.kind == source.M365 {
		pass = d.surveyPeople
	}
	if err := d.keep(pass(ctx)); err != nil {
		return nil, err
	}
	return d.surveyed, nil
}

// keep holds on to what a pass over the whole export found.
func (d *Directory) keep(s *survey, err error) error {
	if err == nil {
		err = d.in.unchanged()
	}
	if err != nil {
		return err
	}
	s.notes = append(s.notes, s.found.notes()...)
	if d.in.guessed {
		s.notes = append(s.notes, fmt.Sprintf("the file is not UTF-8 and was read as %s, in which its words read best: names may be wrong, unless it is said how the file is written", d.in.page.Name))
	}
	d.surveyed = s
	return nil
}

func (d *Directory) surveyPeople(ctx context.Context) (*survey, error) {
	found := &findings{}
	users, err := d.users(ctx, source.Scope{}, found)
	for err == nil {
		_, _, err = users.next()
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return d.surveyOf(ctx, found)
}

// surveyOf is the survey of an export of Microsoft 365 that was read to its end. One
// in which nobody has an address is refused: mailboxes are what it is read for.
func (d *Directory) surveyOf(ctx context.Context, found *findings) (*survey, error) {
	s := &survey{id: found.tenant, found: *found}
	if found.users > 0 && found.addresses == 0 {
		if len(found.lost) > 0 {
			return nil, d.in.incomplete(0, "", "nobody of the %d users in the file has an e-mail address; the tool that wrote it left the names of types in the place of values: %s", found.users, strings.Join(found.lost, ", "))
		}
		return nil, d.in.incomplete(0, "", "nobody of the %d users in the file has an e-mail address", found.users)
	}
	if found.language != "" {
		s.notes = append(s.notes, fmt.Sprintf("the header is that of the %s; columns that are not known: %s", found.language, cmp.Or(found.unknown, "none")))
	}
	if d.boxes != nil {
		boxes, err := d.mailboxTypes(ctx)
		if err != nil {
			return nil, err
		}
		s.notes = append(s.notes, boxes.notes...)
	}
	f := found
	if f.users > 0 && f.enabled < f.users {
		s.notes = append(s.notes, "the export does not say who may sign in"+ofSome(f.users-f.enabled, f.users)+": accountEnabled is missing")
	}
	if f.users > 0 && f.mailboxes < f.users {
		s.notes = append(s.notes, "the export does not say who has a mailbox"+ofSome(f.users-f.mailboxes, f.users)+": assignedPlans and assignedLicenses are missing, and everybody with an address counts")
	}
	if f.users > 1 && f.unlicensed == f.users {
		s.notes = append(s.notes, "nobody in the export has a licence: tools write an empty list where they did not ask for the property; export with `"+graphCommand+"`")
	}
	return s, nil
}

// ofSome adds of how many something is said, where it is not all.
func ofSome(n, all int) string {
	if n == all {
		return ""
	}
	return fmt.Sprintf(", for %d of %d users", n, all)
}

// tenantID finds the tenant in the address of a page's metadata, where older
// services have it: https://host/TENANT/$metadata#users.
func tenantID(context string) string {
	guid := regexp.MustCompile(`/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/`)
	if m := guid.FindStringSubmatch(context); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}
