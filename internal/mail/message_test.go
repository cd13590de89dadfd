package mail

import (
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"strings"
	"testing"
	"time"
)

// FuzzMessage holds that nothing which a directory says becomes a header or a part:
// a reader finds the same eight headers and two parts, whatever the names are.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		"Ann Bell", "", "José Álvarez", "Mal\r\nBcc: you@x.example", "Mal\nSubject: x\n\n<html>", `"quoted" \`, "a\u2028Bcc: b", "x\x00y", "\xff\xfe", "<you@x.example>,",
		"=?utf-8?q?=0D=0ABcc:_a?=", strings.Repeat("long ", 400), "--=_1", "\u202egnp", "..", ".\r\n.", strings.Repeat("ü", 500),
	} {
		f.Add(seed, seed, seed)
	}
	f.Fuzz(func(t *testing.T, name, subject, text string) {
		m := Message{
			From: mail.Address{Name: "IT", Address: "it@msp.example"}, To: mail.Address{Name: name, Address: "ann@x.example"},
			Subject: subject, Text: text, HTML: "<p>" + text, ID: "<1@msp.example>", Date: time.Unix(0, 0).UTC(),
		}
		b, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(b), "\r\n\r\n")
		for _, line := range strings.Split(head, "\r\n") {
			if len(line) > 998 || strings.ContainsAny(line, "\r\n\x00") {
				t.Errorf("a line of the header: %q", line)
			}
		}
		read, err := mail.ReadMessage(strings.NewReader(string(b)))
		if err != nil {
			t.Fatalf("%v in\n%s", err, b)
		}
		if len(read.Header) != 8 {
			t.Errorf("headers: %v", read.Header)
		}
		to, err := read.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "ann@x.example" {
			t.Errorf("to %v, %v: %s", to, err, read.Header.Get("To"))
		}
		_, params, err := mime.ParseMediaType(read.Header.Get("Content-Type"))
		if err != nil {
			t.Fatal(err)
		}
		parts := multipart.NewReader(read.Body, params["boundary"])
		for _, kind := range []string{"text/plain; charset=utf-8", "text/html; charset=utf-8"} {
			p, err := parts.NextPart()
			if err != nil || p.Header.Get("Content-Type") != kind {
				t.Fatalf("%v, want %s", err, kind)
			}
			if _, err := io.ReadAll(p); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := parts.NextPart(); err != io.EOF {
			t.Errorf("another part: %v", err)
		}
	})
}

func TestMessageRefusesAddresses(t *testing.T) {
	for _, address := range []string{"", "ann", "ann@", "@x", "ann@x.example\r\nRCPT TO:<b@x>", "ann@x.example>,<b@x.example", "a b@x.example", "a@b@x.example", "a\u00a0@x.example", "(c)a@x.example", `"a"@x.example`} {
		m := Message{From: mail.Address{Address: "it@msp.example"}, To: mail.Address{Address: address}, ID: "<1@x>"}
		if b, err := m.Bytes(); err == nil {
			t.Errorf("%q was taken:\n%s", address, b)
		}
	}
}

func TestNames(t *testing.T) {
	for name, want := range map[string]string{
		"":                "<ann@x.example>",
		"Bell, Ann":       `"Bell, Ann" <ann@x.example>`,
		"Ann\r\nBcc: b":   `"Ann Bcc: b" <ann@x.example>`,
		`O"Neil\`:         `"O\"Neil\\" <ann@x.example>`,
		"José":            "=?utf-8?q?Jos=C3=A9?= <ann@x.example>",
		"José: b":         "=?utf-8?b?Sm9zw6k6IGI=?= <ann@x.example>",
		"Ann\u202e\u200b": `"Ann" <ann@x.example>`,
	} {
		if got := addressText(mail.Address{Name: name, Address: "ann@x.example"}); got != want {
			t.Errorf("%q: %s, want %s", name, got, want)
		}
	}
}

// TestDomains holds that a domain in other letters is written as any server takes it.
func TestDomains(t *testing.T) {
	m := Message{From: mail.Address{Name: "IT", Address: "it@müller.example"}, To: mail.Address{Address: "ann@müller.example"}, Subject: "x", Text: "x", Date: time.Unix(0, 0)}
	m.ID = NewID("1", m.From)
	b, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"From: \"IT\" <it@xn--mller-kva.example>\r\n", "To: <ann@xn--mller-kva.example>\r\n", "Message-ID: <1@xn--mller-kva.example>\r\n"} {
		if !strings.Contains(string(b), want) {
			t.Errorf("want %q in\n%s", want, b)
		}
	}
}

func TestParseURL(t *testing.T) {
	for text, want := range map[string]Server{
		"smtps://mail.msp.example":      {Host: "mail.msp.example", Port: "465"},
		"smtp://mail.msp.example":       {Host: "mail.msp.example", Port: "587", StartTLS: true},
		"smtp://[::1]:25/":              {Host: "::1", Port: "25", StartTLS: true},
		"mail.msp.example":              {},
		"http://mail.msp.example":       {},
		"smtp://it:pw@mail.msp.example": {},
		"smtp://mail/x":                 {},
		"smtps://":                      {},
	} {
		got, err := ParseURL(text)
		if (err == nil) != (want.Host != "") || got.Host != want.Host || got.Port != want.Port || got.StartTLS != want.StartTLS {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
}
