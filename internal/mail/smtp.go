package mail

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
	"unicode"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/address"
)

// The errors of a mail server.
const (
	CodeUnreachable source.Code = "mail_unreachable" // no connection, TLS refused, server gone
	CodeThrottled   source.Code = "mail_throttled"   // the server takes no more for now
	CodeRefused     source.Code = "mail_refused"     // it refused the login or the sender
)

// The topics of these errors, for advice.
const (
	TopicCertificate source.Topic = "mail_certificate"
	TopicLogin       source.Topic = "mail_login"
	TopicSender      source.Topic = "mail_sender"
	TopicOutcome     source.Topic = "mail_outcome" // nobody knows whether a message was taken
)

// Server says how a mail server is reached. The connection is always encrypted.
type Server struct {
	Host, Port string
	StartTLS   bool // else TLS from the first byte
	User       string
	Password   func(context.Context) (source.Secret, error) // nil without User
	Roots      *x509.CertPool                               // nil are the machine's
}

// ParseURL reads smtps://HOST[:465] and smtp://HOST[:587], which means StartTLS.
func ParseURL(text string) (Server, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return Server{}, errors.New("want smtps://HOST[:PORT] or smtp://HOST[:PORT], and nothing else in it")
	}
	s := Server{Host: u.Hostname(), Port: u.Port()}
	switch u.Scheme {
	case "smtps":
		s.Port = cmp.Or(s.Port, "465")
	case "smtp":
		s.Port, s.StartTLS = cmp.Or(s.Port, "587"), true
	default:
		return Server{}, errors.New("want smtps://… (TLS) or smtp://… (StartTLS)")
	}
	return s, nil
}

// How long a server may take. Messages are short, and somebody waits.
const (
	dialTimeout    = 30 * time.Second
	commandTimeout = time.Minute
	acceptTimeout  = 2 * time.Minute // after the last line of a message
)

// Outcome is what became of a message.
type Outcome int

// The outcomes.
const (
	Sent    Outcome = iota // the server took it
	Refused                // the server does not take it for this person
	Unsent                 // it did not go, and nothing else will on this connection
	Unknown                // the connection broke while the server was to say whether it took it
)

// Sender sends messages over one connection after another.
type Sender struct {
	server  Server
	client  *smtp.Client
	carried bool // the connection has carried a message
}

// NewSender makes a sender, which connects when it is asked to.
func NewSender(s Server) *Sender { return &Sender{server: s} }

// Connect makes sure that there is a connection, and that the login was accepted.
func (s *Sender) Connect(ctx context.Context) error {
	if s.client != nil {
		return nil
	}
	c, err := s.dial(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return err
	}
	s.client = c
	return nil
}

func (s *Sender) dial(ctx context.Context) (*smtp.Client, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(s.server.Host, s.server.Port))
	if err != nil {
		return nil, s.unreachable(err)
	}
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })() // the library knows no context
	config := &tls.Config{ServerName: s.server.Host, RootCAs: s.server.Roots, MinVersion: tls.VersionTLS12}
	if err := conn.SetDeadline(time.Now().Add(commandTimeout)); err != nil {
		return nil, errors.Join(err, conn.Close())
	}
	c, err := s.begin(ctx, conn, config)
	if err != nil {
		_ = conn.Close()
		return nil, err
	}
	return c, nil
}

func (s *Sender) begin(ctx context.Context, conn net.Conn, config *tls.Config) (*smtp.Client, error) {
	var c *smtp.Client
	if s.server.StartTLS {
		var err error
		if c, err = smtp.NewClientStartTLS(conn, config); err != nil {
			return nil, s.unreachable(err)
		}
	} else {
		secure := tls.Client(conn, config)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, s.unreachable(err)
		}
		c = smtp.NewClient(secure)
	}
	c.CommandTimeout, c.SubmissionTimeout = commandTimeout, acceptTimeout
	if err := c.Hello(hostname()); err != nil {
		return nil, s.unreachable(err)
	}
	if s.server.User == "" {
		return c, nil
	}
	return c, s.login(ctx, c)
}

func (s *Sender) login(ctx context.Context, c *smtp.Client) error {
	password, err := s.server.Password(ctx)
	if err != nil {
		return err
	}
	var way sasl.Client
	switch {
	case c.SupportsAuth(sasl.Plain):
		way = sasl.NewPlainClient("", s.server.User, password.Reveal())
	case c.SupportsAuth(sasl.Login):
		way = sasl.NewLoginClient(s.server.User, password.Reveal())
	default:
		return &source.Error{Code: CodeRefused, Topic: TopicLogin, Permanent: true, Message: s.name() + " offers no login by user and password (PLAIN or LOGIN)"}
	}
	err = withoutPassword(c.Auth(way), s.server.User, password.Reveal())
	var said *smtp.SMTPError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &said) && !said.Temporary():
		return &source.Error{Code: CodeRefused, Topic: TopicLogin, Message: fmt.Sprintf("%s refused the login of %s: %s", s.name(), s.server.User, reply(said))}
	}
	return s.unreachable(err)
}

// withoutPassword is an error of a login without the words of a server that repeats
// what it was told.
func withoutPassword(err error, user, password string) error {
	if err == nil {
		return nil
	}
	const leftOut = "(it repeats the password, and is left out)"
	var said *smtp.SMTPError
	for _, secret := range []string{password, base64.StdEncoding.EncodeToString([]byte(password)), base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))} {
		switch {
		case !strings.Contains(err.Error(), secret):
		case errors.As(err, &said):
			return &smtp.SMTPError{Code: said.Code, Message: leftOut}
		default:
			return errors.New("an answer " + leftOut)
		}
	}
	return err
}

// Send sends a message from one address to another over the connection there is.
// The error is nil where the outcome is [Sent]. Once the last line is out, the answer
// is waited for whatever becomes of the context.
func (s *Sender) Send(ctx context.Context, from, to string, message []byte) (Outcome, error) {
	outcome, err := s.send(ctx, from, to, message)
	if outcome == Unsent || outcome == Unknown {
		s.drop()
	}
	return outcome, err
}

// drop ends the connection without a word.
func (s *Sender) drop() {
	if s.client != nil {
		_ = s.client.Close()
	}
	s.client, s.carried = nil, false
}

func (s *Sender) send(ctx context.Context, from, to string, message []byte) (Outcome, error) {
	from, to = address.Wire(from), address.Wire(to)
	var options *smtp.MailOptions
	if !isASCII(from) || !isASCII(to) {
		if ok, _ := s.client.Extension("SMTPUTF8"); !ok && !isASCII(from) {
			return Unsent, &source.Error{Code: CodeRefused, Topic: TopicSender, Permanent: true, Message: s.name() + " does not take a sender whose address is not ASCII"}
		} else if !ok {
			return Refused, fmt.Errorf("%s does not take addresses that are not ASCII", s.name())
		}
		options = &smtp.MailOptions{UTF8: true}
	}
	if err := s.open(ctx, from, options); err != nil {
		return Unsent, s.refusal(ctx, err, true)
	}
	c := s.client
	release := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer release()
	if err := c.Rcpt(to, nil); err != nil {
		return s.refused(ctx, c, err)
	}
	w, err := c.Data()
	if err != nil {
		return s.refused(ctx, c, err)
	}
	if _, err := w.Write(message); err != nil {
		return Unsent, s.refusal(ctx, err, false) // without the last line nobody takes it
	}
	if !release() {
		return Unsent, context.Cause(ctx)
	}
	err = w.Close()
	var said *smtp.SMTPError
	switch {
	case err == nil:
		return Sent, nil
	case errors.As(err, &said) && said.Code != 421:
		return Refused, errors.New(reply(said))
	case said != nil: // it is closing down, and has not taken it
		return Unsent, s.refusal(ctx, err, false)
	}
	return Unknown, &source.Error{
		Code: CodeUnreachable, Topic: TopicOutcome,
		Message: fmt.Sprintf("%s: the connection broke before the server said whether it took the message to %s", s.name(), to), Err: err,
	}
}

// open begins a message. A server may have ended a connection since the message
// before: it waits no longer, or takes so many on one. Then there is another.
func (s *Sender) open(ctx context.Context, from string, options *smtp.MailOptions) error {
	begin := func() error {
		c := s.client
		defer context.AfterFunc(ctx, func() { _ = c.Close() })()
		return c.Mail(from, options)
	}
	err := begin()
	var said *smtp.SMTPError
	ended := err != nil && (!errors.As(err, &said) || said.Code == 421)
	if ended && s.carried && ctx.Err() == nil {
		s.drop()
		if err := s.Connect(ctx); err != nil {
			return err
		}
		err = begin()
	}
	s.carried = err == nil
	return err
}

// refused is the outcome of a message that the server would not hear of.
func (s *Sender) refused(ctx context.Context, c *smtp.Client, err error) (Outcome, error) {
	var said *smtp.SMTPError
	if errors.As(err, &said) && said.Code != 421 {
		if err := c.Reset(); err != nil {
			return Unsent, s.refusal(ctx, err, false)
		}
		return Refused, errors.New(reply(said))
	}
	return Unsent, s.refusal(ctx, err, false)
}

// refusal names an error that is not one person's.
func (s *Sender) refusal(ctx context.Context, err error, sender bool) error {
	var said *smtp.SMTPError
	var named *source.Error
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case errors.As(err, &named):
		return err
	case !errors.As(err, &said):
		return s.unreachable(err)
	case said.Temporary():
		return &source.Error{Code: CodeThrottled, Message: fmt.Sprintf("%s takes no more for now: %s", s.name(), reply(said))}
	case sender:
		return &source.Error{Code: CodeRefused, Topic: TopicSender, Message: fmt.Sprintf("%s refused the sender: %s", s.name(), reply(said))}
	}
	return &source.Error{Code: CodeRefused, Message: fmt.Sprintf("%s: %s", s.name(), reply(said))}
}

func (s *Sender) unreachable(err error) error {
	e := &source.Error{Code: CodeUnreachable, Message: s.name(), Err: err}
	var said *smtp.SMTPError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, &said):
		e.Err = errors.New(reply(said))
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid):
		e.Topic, e.Permanent = TopicCertificate, true
	case strings.HasSuffix(err.Error(), "server doesn't support STARTTLS"):
		e.Err, e.Permanent = errors.New("the server offers no StartTLS, and nothing is sent unencrypted"), true
	}
	return e
}

func (s *Sender) name() string {
	return "mail server " + net.JoinHostPort(s.server.Host, s.server.Port)
}

// Close says goodbye.
func (s *Sender) Close() {
	if s.client != nil {
		if s.client.Quit() != nil {
			_ = s.client.Close()
		}
		s.client = nil
	}
}

// reply is what a server said.
func reply(e *smtp.SMTPError) string {
	return fmt.Sprintf("%d %s", e.Code, strings.Join(strings.Fields(e.Message), " "))
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r > unicode.MaxASCII })
}

// hostname is how the client names itself.
func hostname() string {
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool {
		return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '.'
	}) {
		return "localhost"
	}
	return name
}
