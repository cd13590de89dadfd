// Package mail makes messages to one person each, and sends them over SMTP. What a
// directory says of people cannot become a header: names and subjects are cleaned
// and encoded, addresses are checked.
package mail

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"time"
	"unicode"

	"github.com/qpimport/qpimport/pkg/source/address"
)

// Message is to one person.
type Message struct {
	From    mail.Address
	To      mail.Address
	Subject string
	Text    string
	HTML    string // "" for none
	ID      string // Message-ID, as from [NewID]
	Date    time.Time
}

// maxHeader is how many letters of a name or a subject are written: a line of a
// message has an end.
const maxHeader = 300

// NewID is the Message-ID of something that has a name of its own, on the host of an
// address.
func NewID(name string, from mail.Address) string {
	_, host, _ := strings.Cut(address.Wire(from.Address), "@")
	return "<" + name + "@" + host + ">"
}

// Bytes is the message as RFC 5322 and MIME have it, with lines that end in CR LF.
// Its boundary follows from its id: the same message has the same bytes.
func (m Message) Bytes() ([]byte, error) {
	for _, a := range []mail.Address{m.From, m.To} {
		if err := checkAddress(a.Address); err != nil {
			return nil, err
		}
	}
	if strings.ContainsFunc(m.ID, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return nil, fmt.Errorf("%q is not a Message-ID", m.ID)
	}
	var b bytes.Buffer
	header := func(name, value string) { fmt.Fprintf(&b, "%s: %s\r\n", name, value) }
	header("From", addressText(m.From))
	header("To", addressText(m.To))
	header("Subject", encode(mime.QEncoding, clean(m.Subject)))
	header("Date", m.Date.Format(time.RFC1123Z))
	header("Message-ID", m.ID)
	header("MIME-Version", "1.0")
	header("Auto-Submitted", "auto-generated") // nobody's absence notice answers it
	parts := []struct{ kind, text string }{{"text/plain", m.Text}}
	if m.HTML != "" {
		parts = append(parts, struct{ kind, text string }{"text/html", m.HTML})
	}
	w := multipart.NewWriter(&b)
	if err := w.SetBoundary(boundary(m.ID)); err != nil {
		return nil, err
	}
	header("Content-Type", mime.FormatMediaType("multipart/alternative", map[string]string{"boundary": w.Boundary()}))
	b.WriteString("\r\n")
	for _, part := range parts {
		p, err := w.CreatePart(textproto.MIMEHeader{
			"Content-Type":              {part.kind + "; charset=utf-8"},
			"Content-Transfer-Encoding": {"quoted-printable"},
		})
		if err != nil {
			return nil, err
		}
		q := quotedprintable.NewWriter(p)
		if _, err := io.WriteString(q, strings.ToValidUTF8(part.text, "�")); err != nil {
			return nil, err
		}
		if err := q.Close(); err != nil {
			return nil, err
		}
	}
	err := w.Close()
	return b.Bytes(), err
}

// checkAddress refuses what would be more than one address to a server or a reader.
func checkAddress(a string) error {
	local, host, ok := strings.Cut(a, "@")
	if !ok || local == "" || host == "" || strings.ContainsFunc(a, func(r rune) bool {
		return r <= ' ' || r == 0x7f || unicode.IsSpace(r) || unicode.IsControl(r) || strings.ContainsRune(`<>()[]:;,"\`, r)
	}) || strings.Contains(host, "@") {
		return fmt.Errorf("%q is not an address that mail can be sent to", a)
	}
	return nil
}

// clean drops what nobody sees of a header, line ends first, and what a reader would
// decode.
func clean(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t' || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "�"))
	s = strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "=?", "= ?")
	if r := []rune(s); len(r) > maxHeader {
		s = string(r[:maxHeader])
	}
	return s
}

// addressText is an address with the name before it, a word that no reader takes for
// another address.
func addressText(a mail.Address) string {
	name := clean(a.Name)
	if name == "" {
		return "<" + address.Wire(a.Address) + ">"
	}
	if strings.ContainsFunc(name, func(r rune) bool { return r > '~' }) {
		word := mime.QEncoding
		if strings.ContainsFunc(name, isSpecial) {
			word = mime.BEncoding
		}
		return encode(word, name) + " <" + address.Wire(a.Address) + ">"
	}
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `" <` + address.Wire(a.Address) + ">"
}

// isSpecial knows what may not stand as it is in the encoded word of a name: RFC 2047,
// 5 (3).
func isSpecial(r rune) bool {
	return r > ' ' && r <= '~' && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("!*+-/=_", r)
}

// encode writes text as RFC 2047 has it, folded where it is long.
func encode(word mime.WordEncoder, s string) string {
	return strings.ReplaceAll(word.Encode("utf-8", s), "?= =?", "?=\r\n =?")
}

func boundary(id string) string {
	return "=_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, id[:min(len(id), 50)])
}

// ParseAddress reads an address with or without a name.
func ParseAddress(text string) (mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err == nil {
		err = checkAddress(a.Address)
	}
	if err != nil {
		return mail.Address{}, errors.New("want an address such as it@msp.example or \"IT Help <it@msp.example>\"")
	}
	return *a, nil
}
