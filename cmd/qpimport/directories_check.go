package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/source"
)

// newDirectoriesTestCmd is "directories test"; a file so named would be taken
// for a test by Go.
func newDirectoriesTestCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "test [ad|m365]",
		Short: "Read a little from each directory",
		Long: `Reads a little from each directory that the customer has connected, or from the
one named, and says what was found: who is signed in and how, which rights are
missing and for what, and when the certificate, the client secret or the token ends
that it rests on. It warns 30 days before.

Whether AD demands signing or channel binding it does not say. Where qpimport runs on
the domain controller itself its registry does; elsewhere it is not known, and not
tried, since the domain controller would note down an unsafe login. When a client
secret ends an app may see that has Application.Read.All, in the tenant where it is
registered.

Where one directory fails and another does not, the exit status is 3; where all fail,
it is that of the failure.` + exits(3, 11, 13, 14, 15),
		Example: `  qpimport directories test -c Contoso
  qpimport directories test ad -c Contoso -o json`,
		Args: cobra.MaximumNArgs(1),
		RunE: a.command(a.testDirectories),
	}
}

func (a *app) testDirectories(ctx context.Context, args []string) error {
	var kinds []source.Kind
	for _, arg := range args {
		kind, err := parseKind(arg)
		if err != nil {
			return err
		}
		kinds = append(kinds, kind)
	}
	name, err := a.customer()
	if err != nil {
		return err
	}
	tests, err := reading(ctx, a, func(im *importer.Importer) ([]importer.DirectoryTest, error) {
		return im.TestDirectories(ctx, name, kinds)
	})
	if err != nil {
		return err
	}
	if ctx.Err() != nil { // else the failures below would be taken for the directories'
		return ctx.Err()
	}
	if len(tests) == 0 {
		return &source.Error{Code: importer.CodeNotConnected, Message: name + " has no directory connected", Hint: "`qpimport directories connect --help` tells how"}
	}
	v := output.List("directories", tests, testColumns(), nil, nil)
	v.Page = func(p *output.Page) { testPage(p, tests) }
	for _, t := range tests {
		if t.Error != nil {
			t.Error.Hint = advice(t.Error.Cause)
		}
	}
	if err := a.render(v); err != nil {
		return err
	}
	return testOutcome(tests)
}

// testOutcome is the error of a test: the failure where all failed alike,
// partial where some did.
func testOutcome(tests []importer.DirectoryTest) error {
	var failed []string
	statuses := map[int]bool{}
	var first error
	for _, t := range tests {
		if t.OK {
			statuses[0] = true
			continue
		}
		failed = append(failed, t.Source.String())
		statuses[exitStatus(t.Error.Code)] = true
		if first == nil {
			first = fmt.Errorf("%s: %w", t.Source, t.Error.Cause)
		}
	}
	switch {
	case first == nil:
		return nil
	case len(statuses) == 1:
		return first
	}
	return &source.Error{
		Code:    codePartial,
		Message: "could not read " + strings.Join(failed, " and "),
		Hint:    advice(first),
	}
}

func testColumns() []output.Column[importer.DirectoryTest] {
	type test = importer.DirectoryTest
	info := func(t test) source.Info {
		if t.Info == nil {
			return source.Info{}
		}
		return *t.Info
	}
	problem := func(t test) importer.Problem {
		if t.Error == nil {
			return importer.Problem{}
		}
		return *t.Error
	}
	return []output.Column[test]{
		{Key: "source", Text: func(t test) string { return string(t.Source) }},
		{Key: "ok", Text: func(t test) string { return strconv.FormatBool(t.OK) }},
		{Key: "id", Text: func(t test) string { return info(t).ID }},
		{Key: "name", Text: func(t test) string { return info(t).Name }},
		{Key: "server", Text: func(t test) string { return info(t).Server }},
		{Key: "users", Text: func(t test) string { return strconv.Itoa(t.Users) }},
		{Key: "more", Text: func(t test) string { return strconv.FormatBool(t.More) }},
		{Key: "ous", Text: func(t test) string { return strconv.Itoa(t.OUs) }},
		{Key: "synced", Text: func(t test) string { return strconv.Itoa(t.Synced) }},
		{Key: "signed_in_as", Text: func(t test) string {
			if t.SignIn == nil {
				return ""
			}
			return t.SignIn.As
		}},
		{Key: "notes", Text: func(t test) string { return strings.Join(t.Notes, "; ") }},
		{Key: "warnings", Text: func(t test) string { return strings.Join(t.Warnings, "; ") }},
		{Key: "error_code", Text: func(t test) string { return string(problem(t).Code) }},
		{Key: "error_message", Text: func(t test) string { return problem(t).Message }},
		{Key: "error_hint", Text: func(t test) string { return problem(t).Hint }},
	}
}

func testPage(p *output.Page, tests []importer.DirectoryTest) {
	if len(tests) == 0 {
		p.Line("no directories are connected")
	}
	for _, t := range tests {
		switch {
		case t.Error != nil:
			p.Line("%s: failed: %s", t.Source, t.Error.Message)
		case t.Source == source.AD:
			p.Line("%s: ok: %s, %s, %s", t.Source, infoText(t.Info), seen(t), output.Count(t.OUs, "OU"))
		default:
			p.Line("%s: ok: %s, %s", t.Source, infoText(t.Info), seen(t))
		}
		for _, note := range t.Notes {
			p.Line("  note: %s", note)
		}
		for _, demand := range t.Demands {
			p.Line("  note: %s", demand.Text)
		}
		for _, warning := range t.Warnings {
			p.Line("  warning: %s", warning)
		}
	}
}

func infoText(i *source.Info) string {
	switch {
	case i == nil:
		return "answered"
	case i.Name == "": // as of an export of users alone
		return output.OrDash(i.Server)
	}
	return fmt.Sprintf("%s at %s", i.Name, output.OrDash(i.Server))
}

func seen(t importer.DirectoryTest) string {
	if t.More {
		return "more than " + output.Count(t.Users, "user")
	}
	return output.Count(t.Users, "user")
}
