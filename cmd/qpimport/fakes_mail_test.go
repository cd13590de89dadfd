package main

import (
	"os"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/internal/mail/mailtest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// cmdSMTP starts a mail server: see TestScripts.
func cmdSMTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: smtp [OPTION…] [N:FAULT…]")
	}
	o := mailtest.Options{User: "it@msp.example", Password: "canary-SMTP-pa55", Faults: map[int]mailtest.Fault{}}
	var certificate ldapfake.Certificate
	for _, arg := range args {
		switch arg {
		case "tls":
			o.TLS = true
		case "utf8":
			o.UTF8 = true
		case "no-starttls":
			o.NoStartTLS = true
		case "login":
			o.Login = "LOGIN"
		case "repeats":
			o.Repeats = true
		case "plain":
			o.Login = "PLAIN"
		case "other-name":
			certificate.Names = []string{"mail.fabrikam.example"}
		default:
			number, fault, ok := strings.Cut(arg, ":")
			n, err := strconv.Atoi(number)
			if !ok || err != nil {
				ts.Fatalf("unknown option %q", arg)
			}
			o.Faults[n] = mailtest.Fault(fault)
		}
	}
	ca, err := ldapfake.NewCA()
	ts.Check(err)
	o.Certificate, err = ca.Issue(certificate)
	ts.Check(err)
	s, err := mailtest.Start(o)
	ts.Check(err)
	ts.Defer(s.Close)
	fakesOf(ts).mail = s
	ts.Check(os.WriteFile(ts.MkAbs("smtp-ca.pem"), ca.PEM(), 0o600))
	ts.Setenv("SMTP_URL", s.URL())
	ts.Setenv("SMTP_USER", o.User)
	ts.Setenv("SMTP_PASSWORD", o.Password)
}

// cmdMails checks how many messages the mail server has taken: see TestScripts.
func cmdMails(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: mails N [TO]")
	}
	n := 0
	for _, m := range fakesOf(ts).mail.Messages() {
		if len(args) == 1 || m.To == args[1] {
			n++
		}
	}
	if strconv.Itoa(n) != args[0] {
		ts.Fatalf("%d messages were taken", n)
	}
}

// cmdMailArrives waits until so many messages were taken.
func cmdMailArrives(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: mail-arrives N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	fakesOf(ts).mail.Await(n)
}

// cmdMail prints a message that was taken, by number, to a file.
func cmdMail(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: mail N FILE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	list := fakesOf(ts).mail.Messages()
	if n < 1 || n > len(list) {
		ts.Fatalf("there are %d messages", len(list))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(list[n-1].Data), 0o600))
}
