// Package letter words invitations: from templates of its own, or from a folder of
// somebody else's.
package letter

import (
	"bytes"
	"embed"
	"errors"
	htmltemplate "html/template"
	"io/fs"
	"os"
	"strings"
	texttemplate "text/template"

	"github.com/qpimport/qpimport/internal/cli/usage"
)

// The files of a folder of templates. The HTML may be missing.
const (
	SubjectFile = "subject.txt"
	TextFile    = "invitation.txt"
	HTMLFile    = "invitation.html"
)

//go:embed default
var ours embed.FS

// Data is what a template may say of somebody. It comes from directories: a template
// must not take it for more than text, and html/template does not.
type Data struct {
	DisplayName, GivenName, Surname, Username, UPN, Email string

	Customer  string
	App       string // mobile or web
	URL       string // of the app
	MobileURL string
	WebURL    string
	From      string // the name of the sender, or else the address
	Reminder  bool   // the person was invited before
}

// sample is whom templates are tried on.
var sample = Data{
	DisplayName: "Ann Example", GivenName: "Ann", Surname: "Example", Username: "ann", UPN: "ann@x.example", Email: "ann@x.example", Customer: "Contoso",
	App: "mobile", URL: "https://app.example", MobileURL: "https://app.example", WebURL: "https://app.example", From: "IT Help",
}

// Letter is a set of templates.
type Letter struct {
	subject, text *texttemplate.Template
	html          *htmltemplate.Template // nil for none
}

// Load reads templates from a folder, "" being those of this program, and tries
// them.
func Load(dir string) (*Letter, error) {
	folder, err := fs.Sub(ours, "default")
	name := func(file string) string { return file }
	if err != nil {
		return nil, err
	}
	if dir != "" {
		folder = os.DirFS(dir)
		name = func(file string) string { return strings.TrimRight(dir, `/\`) + "/" + file }
	}
	var l Letter
	read := func(file string, parse func(text string) error) error {
		b, err := fs.ReadFile(folder, file)
		if file == HTMLFile && errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return usage.Errorf("cannot read the template %s: %s", name(file), usage.Reason(err))
		}
		if err := parse(strings.TrimPrefix(string(b), "\ufeff")); err != nil {
			return usage.Errorf("the template %s: %s", name(file), err)
		}
		return nil
	}
	err = errors.Join(
		read(SubjectFile, func(text string) (err error) { l.subject, err = texttemplate.New(SubjectFile).Parse(text); return err }),
		read(TextFile, func(text string) (err error) { l.text, err = texttemplate.New(TextFile).Parse(text); return err }),
		read(HTMLFile, func(text string) (err error) { l.html, err = htmltemplate.New(HTMLFile).Parse(text); return err }),
	)
	if err != nil {
		return nil, err
	}
	w, err := l.Write(sample)
	if err == nil && (w.Subject == "" || strings.TrimSpace(w.Text) == "") {
		err = usage.Errorf("the templates say nothing: %s and %s must have words", SubjectFile, TextFile)
	}
	return &l, err
}

// NamesLink says whether the letter has the link to the app in it.
func (l *Letter) NamesLink() bool {
	d := sample
	d.URL = "https://link.invalid"
	w, err := l.Write(d)
	return err == nil && strings.Contains(w.Subject+w.Text+w.HTML, d.URL)
}

// Words are a letter to one person.
type Words struct{ Subject, Text, HTML string }

// Write words the letter to somebody.
func (l *Letter) Write(d Data) (Words, error) {
	var subject, text, html bytes.Buffer
	err := errors.Join(l.subject.Execute(&subject, d), l.text.Execute(&text, d))
	if l.html != nil {
		err = errors.Join(err, l.html.Execute(&html, d))
	}
	if err != nil {
		return Words{}, usage.Errorf("the templates do not work: %s", err)
	}
	return Words{strings.TrimSpace(subject.String()), text.String(), html.String()}, nil
}
