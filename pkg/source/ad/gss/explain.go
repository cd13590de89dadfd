package gss

import (
	"errors"
	"fmt"

	"github.com/jcmturner/gokrb5/v8/messages"

	"github.com/qpimport/qpimport/pkg/source"
)

func unreachable(err error, hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeUnreachable, Message: fmt.Sprintf(format, args...), Hint: hint, Err: err}
}

// errNotAES says that a key is of a kind whose tokens this package does not make.
var errNotAES = refused("allow AES for the domain controller's account", "the server answers with a key that is not one of AES")

// explain says in words why there is no ticket, or why the server refuses it. What is
// no refusal of a KDC says it itself.
func (t *Ticket) explain(err error) error {
	var refusal messages.KRBError
	if errors.As(err, &refusal) {
		return t.explainCode(refusal.ErrorCode)
	}
	return err
}

// TopicNoKDC is a realm whose KDCs are not known.
const TopicNoKDC source.Topic = "no_kdc"

// explainCode says what a code of RFC 4120, 7.5.9, means here.
func (t *Ticket) explainCode(code int32) error {
	who := t.client()
	switch code {
	case 6:
		return refused("check the name; is it an account of this domain?", "the domain has no account %s (6)", who)
	case 7:
		return usage("name the domain controller by its full DNS name, not by address or short name", "the domain knows no service %s (7)", t.service)
	case 12:
		return refused("look at its logon hours and the workstations it may log in from", "%s may not log in now, or not from here (12)", who)
	case 14:
		return refused("allow AES for both accounts, and set the password anew", "%s and %s have no kind of encryption in common that is allowed here (14)", who, t.service)
	case 18:
		return refused("look at the account in the domain", "the account %s is disabled, locked or expired (18)", who)
	case 23:
		return refused("set a new password, and that it does not have to be changed", "the password of %s has expired or must be changed (23)", who)
	case 24:
		if t.keytab {
			return refused("a keytab is stale once the password was changed: make it anew; it was tried once", "the keytab of %s does not have the password's key (24)", who)
		}
		return refused("it was tried once: more tries may lock the account", "the password of %s is wrong (24)", who)
	case 32:
		return refused("get a new one", "the ticket of %s has expired (32)", who)
	case 33:
		return refused("set the clock of this computer or of the domain controller: they may differ by 5 minutes", "the ticket of %s is not valid yet by the clock of the domain controller (33)", who)
	case 37:
		return refused("set the clock of this computer or of the domain controller: they may differ by 5 minutes", "the clocks of this computer and of the domain controller differ too much (37)")
	case 41, 31:
		return refused("does something stand between here and the domain controller?", "the ticket of %s was altered on the way (%d)", who, code)
	case 68:
		return usage("name the realm of the domain that the account is in", "%s is in another realm (68)", who)
	}
	return refused("look the code up in RFC 4120, 7.5.9", "Kerberos refuses %s for %s (%d)", who, t.service, code)
}
