// Package mailtest is a mail server on loopback that keeps what it takes, and fails
// where a test wants it to. It is for tests.
package mailtest

import (
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Options say what server it is.
type Options struct {
	Certificate tls.Certificate
	TLS         bool   // from the first byte; else StartTLS is offered
	NoStartTLS  bool   // and not even that
	UTF8        bool   // SMTPUTF8 is offered
	Login       string // the one way to log in that is offered: PLAIN, LOGIN, or "" for none
	User        string
	Password    string
	Repeats     bool // what it was told, where it refuses a login
	// Faults are what goes wrong with a message, by its number from 1.
	Faults map[int]Fault
}

// Fault is what goes wrong with a message: "mail-CODE", "rcpt-CODE" or "data-CODE"
// is an answer; "cut" drops the connection when the message is in, "cut-early" before
// it is, "gone" when it is begun; "hang" takes the message and gives no answer.
type Fault string

// Received is a message that was taken.
type Received struct {
	From, To string
	Data     string
}

// Server is a mail server that runs.
type Server struct {
	options Options
	server  *smtp.Server
	address net.Addr

	mu       sync.Mutex
	begun    int
	taken    []Received
	taking   *sync.Cond
	released chan struct{}
}

// Start starts a server on a port of its own.
func Start(o Options) (*Server, error) {
	s := &Server{options: o, released: make(chan struct{})}
	s.taking = sync.NewCond(&s.mu)
	s.server = smtp.NewServer(s)
	s.server.Domain, s.server.EnableSMTPUTF8, s.server.ErrorLog = "mail.msp.example", o.UTF8, silent{}
	config := &tls.Config{Certificates: []tls.Certificate{o.Certificate}, MinVersion: tls.VersionTLS12}
	if !o.NoStartTLS {
		s.server.TLSConfig = config
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s.address = l.Addr()
	if o.TLS {
		l = tls.NewListener(l, config)
	}
	go func() { _ = s.server.Serve(l) }()
	return s, nil
}

type silent struct{}

func (silent) Printf(string, ...any) {}
func (silent) Println(...any)        {}

// Close ends the server and its connections.
func (s *Server) Close() {
	close(s.released)
	_ = s.server.Close()
}

// URL is where the server is.
func (s *Server) URL() string {
	scheme := "smtp"
	if s.options.TLS {
		scheme = "smtps"
	}
	return scheme + "://" + s.address.String()
}

// Messages are those taken.
func (s *Server) Messages() []Received {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Received(nil), s.taken...)
}

// Await waits until so many messages were taken.
func (s *Server) Await(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.taken) < n {
		s.taking.Wait()
	}
}

// NewSession implements [smtp.Backend].
func (s *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	return &session{server: s, conn: c, in: s.options.Login == ""}, nil
}

type session struct {
	server   *Server
	conn     *smtp.Conn
	in       bool
	from, to string
	fault    Fault
}

func (s *session) AuthMechanisms() []string {
	if s.server.options.Login == "" {
		return nil
	}
	return []string{s.server.options.Login}
}

func (s *session) Auth(string) (sasl.Server, error) {
	check := func(user, password string) error {
		if user != s.server.options.User || password != s.server.options.Password {
			if s.server.options.Repeats {
				told := base64.StdEncoding.EncodeToString([]byte("\x00" + user + "\x00" + password))
				return &smtp.SMTPError{Code: 535, EnhancedCode: smtp.EnhancedCode{5, 7, 8}, Message: "not with " + password + ", " + told}
			}
			return smtp.ErrAuthFailed
		}
		s.in = true
		return nil
	}
	if s.server.options.Login == sasl.Login {
		return &login{check: check}, nil
	}
	return sasl.NewPlainServer(func(_, user, password string) error { return check(user, password) }), nil
}

// login asks for the user, then for the password.
type login struct {
	check func(user, password string) error
	user  *string
}

func (l *login) Next(response []byte) (challenge []byte, done bool, err error) {
	switch {
	case response == nil:
		return []byte("Username:"), false, nil
	case l.user == nil:
		user := string(response)
		l.user = &user
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check(*l.user, string(response))
}

// answer is the fault at a stage of a message, nil for none there.
func (s *session) answer(stage string) error {
	code, ok := strings.CutPrefix(string(s.fault), stage+"-")
	if !ok {
		return nil
	}
	n, err := strconv.Atoi(code)
	if err != nil {
		return nil // cut-early
	}
	return &smtp.SMTPError{Code: n, EnhancedCode: smtp.EnhancedCode{n / 100, 0, 0}, Message: fmt.Sprintf("%s is not to my liking", stage)}
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if !s.in {
		return smtp.ErrAuthRequired
	}
	s.server.mu.Lock()
	s.server.begun++
	s.fault = s.server.options.Faults[s.server.begun]
	s.server.mu.Unlock()
	s.from = from
	if s.fault == "gone" {
		_ = s.conn.Conn().Close()
	}
	return s.answer("mail")
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.answer("rcpt")
}

func (s *session) Data(r io.Reader) error {
	if s.fault == "cut-early" {
		_ = s.conn.Conn().Close()
		return io.ErrUnexpectedEOF
	}
	b, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if err := s.answer("data"); err != nil {
		return err
	}
	s.server.mu.Lock()
	s.server.taken = append(s.server.taken, Received{s.from, s.to, string(b)})
	s.server.taking.Broadcast()
	s.server.mu.Unlock()
	switch s.fault {
	case "cut":
		_ = s.conn.Conn().Close()
	case "hang":
		<-s.server.released
	}
	return nil
}

func (s *session) Reset()        {}
func (s *session) Logout() error { return nil }
