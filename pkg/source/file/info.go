package file

import (
	"context"
	"errors"
	"io"
	"regexp"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Info says which directory was exported, as far as the export tells: of AD the
// domain's SID and DNS name. The notes say what the export leaves open.
func (d *Directory) Info(ctx context.Context) (source.Info, error) {
	if d.kind == source.M365 {
		return d.tenant(ctx)
	}
	s, err := d.survey(ctx)
	if err != nil {
		return source.Info{}, err
	}
	return source.Info{
		Kind:   source.AD,
		ID:     s.domainSID,
		Name:   strings.ToLower(source.CanonicalPath(s.tree.Root)),
		Server: d.in.path,
		Notes:  s.notes,
	}, nil
}

// tenant looks at the first user only: an export of users tells little of the
// tenant.
func (d *Directory) tenant(ctx context.Context) (source.Info, error) {
	info := source.Info{Kind: source.M365, Server: d.in.path}
	users, err := d.people(ctx)
	if err != nil {
		return source.Info{}, err
	}
	u, _, err := users.next()
	if err != nil && !errors.Is(err, io.EOF) {
		return source.Info{}, err
	}
	switch r := users.(type) {
	case graphJSON:
		info.ID = tenantID(r.page.context)
	case *graphTable:
		info.Notes = r.notes()
	}
	if err == nil && u.Enabled == source.Unknown {
		info.Notes = append(info.Notes, "the export does not say who may sign in: accountEnabled is missing")
	}
	if err == nil && u.Exchange == source.Unknown && u.Licensed == source.Unknown {
		info.Notes = append(info.Notes, "the export does not say who has a mailbox: assignedPlans and assignedLicenses are missing, and everybody with an address counts")
	}
	if d.in.charset == windows1252 {
		info.Notes = append(info.Notes, noteWindows1252)
	}
	return info, nil
}

const noteWindows1252 = "the file is not UTF-8 and was read as Windows-1252"

// tenantID finds the tenant in the address of a page's metadata, where older
// services have it: https://host/TENANT/$metadata#users.
func tenantID(context string) string {
	guid := regexp.MustCompile(`/([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})/`)
	if m := guid.FindStringSubmatch(context); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}
