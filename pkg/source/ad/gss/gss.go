// Package gss logs in to a domain controller without sending it a password, and
// seals what is said afterwards: Kerberos tickets, the tokens of RFC 4121, the
// security layer of SASL GSSAPI (RFC 4752) as a [net.Conn], and on Windows the
// system's own account by SSPI. It knows nothing of LDAP.
package gss

import (
	"fmt"

	"github.com/qpimport/qpimport/pkg/source"
)

// Context is the initiator's side of a security context. One goroutine may wrap
// while another one unwraps.
type Context interface {
	// Step takes the acceptor's token, nil at first, and returns the next one for
	// it, which may be empty. It is called until done; only then has the acceptor
	// proved who it is.
	Step(token []byte) (out []byte, done bool, err error)
	// Wrap makes a token of a message: sealed, or signed and readable.
	Wrap(message []byte, seal bool) ([]byte, error)
	// Unwrap takes the acceptor's next token: each has to come once and in order.
	Unwrap(token []byte) (message []byte, sealed bool, err error)
	// Overhead is by how many bytes a sealed token is at most longer than its
	// message.
	Overhead() int
	// Name says who is logged in.
	Name() string
	Close()
}

func usage(hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

func refused(hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeCredentials, Message: fmt.Sprintf(format, args...), Hint: hint}
}
