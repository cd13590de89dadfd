package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/mail"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/qpimport/qpimport/internal/cli/letter"
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	qmail "github.com/qpimport/qpimport/internal/mail"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/importer"
	"github.com/qpimport/qpimport/pkg/registry"
)

// letters are the messages to those who are invited, made before the first one goes:
// one that cannot be made stops them all.
type letters struct {
	options  *invitationsOptions
	words    *letter.Letter // nil where no messages are made
	messages map[string]message
}

// message is a message that is ready to go.
type message struct {
	id    string
	bytes []byte
}

func (o *invitationsOptions) newLetters() (*letters, error) {
	l := &letters{options: o, messages: map[string]message{}}
	if !o.send && (o.out == "" || o.toCSV()) {
		return l, nil
	}
	var err error
	if l.words, err = letter.Load(o.template); err == nil && o.url() == "" && l.words.NamesLink() {
		err = usage.Errorf("the templates in %s have the link to the app in them: give it by --%s-url URL", o.template, o.app)
	}
	return l, err
}

func (l *letters) write(d *importer.InvitationsDraft) error {
	if l.words == nil {
		return nil
	}
	for _, v := range d.Chosen {
		words, err := l.words.Write(l.options.data(v))
		if err != nil {
			return err
		}
		m := qmail.Message{
			From: l.options.sender, To: mail.Address{Name: output.Clean(v.DisplayName), Address: v.Email},
			Subject: words.Subject, Text: words.Text, HTML: words.HTML,
			ID: qmail.NewID(registry.NewID(), l.options.sender), Date: time.Now(),
		}
		b, err := m.Bytes()
		if err != nil {
			return usage.Errorf("the message to %s: %s", v.DisplayName, err)
		}
		l.messages[v.ID] = message{m.ID, b}
	}
	return nil
}

// data is what a template learns of somebody, without what nobody sees.
func (o *invitationsOptions) data(v importer.Invitee) letter.Data {
	return letter.Data{
		DisplayName: output.Clean(v.DisplayName), GivenName: output.Clean(v.GivenName), Surname: output.Clean(v.Surname),
		Username: output.Clean(v.Username), UPN: output.Clean(v.UPN), Email: v.Email,
		Customer: output.Clean(v.Customer), App: o.app, URL: o.url(), MobileURL: o.mobileURL, WebURL: o.webURL,
		From: cmp.Or(o.sender.Name, o.sender.Address), Reminder: v.Reminder(),
	}
}

// file writes those chosen to a list or a folder, and records them. What cannot be
// recorded is not left behind: somebody would send it, and again the next time.
func (o *invitationsOptions) file(ctx context.Context, im *importer.Importer, d *importer.InvitationsDraft, l *letters) (importer.Invitations, error) {
	var made []string
	var err error
	if o.toCSV() {
		made, err = o.writeList(d)
	} else {
		made, err = o.writeFolder(d, l)
	}
	var result importer.Invitations
	if err == nil {
		result, err = im.RecordWritten(ctx, d)
	}
	if err != nil {
		for _, path := range made {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return result, err
}

func (o *invitationsOptions) writeList(d *importer.InvitationsDraft) ([]string, error) {
	if err := output.CheckNew("--out", o.out, "it may hold people who are not written again: name another file, or take that one away"); err != nil {
		return nil, err
	}
	type row = letter.Data
	columns := []output.Column[row]{
		{Key: "email", Text: func(r row) string { return r.Email }},
		{Key: "display_name", Text: func(r row) string { return r.DisplayName }},
		{Key: "given_name", Text: func(r row) string { return r.GivenName }},
		{Key: "surname", Text: func(r row) string { return r.Surname }},
		{Key: "username", Text: func(r row) string { return r.Username }},
		{Key: "customer", Text: func(r row) string { return r.Customer }},
		{Key: "app", Text: func(r row) string { return r.App }},
		{Key: "url", Text: func(r row) string { return r.URL }},
	}
	people := make([]row, len(d.Chosen))
	for i, v := range d.Chosen {
		people[i] = o.data(v)
	}
	err := output.ReplaceFile(o.out, func(w io.Writer) error { return output.WriteCSV(w, output.Rows(columns, people), false) })
	if err != nil {
		return nil, err
	}
	return []string{o.out}, nil
}

func (o *invitationsOptions) writeFolder(d *importer.InvitationsDraft, l *letters) (made []string, err error) {
	if err := private.MkdirAll(o.out); err != nil {
		return nil, usage.Errorf("--out %s: %s", o.out, usage.Reason(err))
	}
	for _, v := range d.Chosen {
		path := filepath.Join(o.out, fileName(v.Username)+v.ID+".eml")
		f, err := private.Create(path)
		if err == nil {
			made = append(made, path)
			_, err = f.Write(l.messages[v.ID].bytes)
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			return made, usage.Errorf("cannot write %s: %s", path, usage.Reason(err))
		}
	}
	return made, nil
}

// fileName is the part of a logon name that may be in the name of a file.
func fileName(username string) string {
	name, _, _ := strings.Cut(strings.ToLower(username), "@")
	name = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, name)
	if name == "" {
		return ""
	}
	return name[:min(len(name), 40)] + "-"
}

// isWebAddress says whether a link can be put into a message.
func isWebAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil && !strings.ContainsAny(text, " \t\r\n\"<>")
}

func parseSender(text string) (mail.Address, error) { return qmail.ParseAddress(text) }
