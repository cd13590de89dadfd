package gss

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os/user"
	"syscall"

	"github.com/qpimport/qpimport/pkg/source"
)

// The flags of a context in SSPI that are asked for, and must be given.
const (
	sspiMutual   = 0x2
	sspiReplay   = 0x4
	sspiSequence = 0x8
	sspiConf     = 0x10
	sspiInteg    = 0x10000
)

// wrapNoEncrypt is the quality of protection of a token that is signed and
// readable (SECQOP_WRAP_NO_ENCRYPT).
const wrapNoEncrypt = 0x80000001

// provider is the part of SSPI that a context is made of.
type provider interface {
	// update takes the acceptor's token; given are the flags so far.
	update(token []byte) (out []byte, done bool, given uint32, err error)
	// encrypt makes a token of message, which it overwrites.
	encrypt(message []byte, quality uint32) ([]byte, error)
	// decrypt takes a token, which it overwrites.
	decrypt(token []byte) (message []byte, quality uint32, err error)
	// overhead is the most that encrypt adds, known at the end of the exchange.
	overhead() (int, error)
	release()
}

// system is the context of the account that runs the program.
type system struct {
	provider provider
	account  string
	service  string
	flags    uint32
	over     int
	done     bool
}

// System begins a context for a service, such as ldap/dc1.corp.example, as the
// account that runs the program; SYSTEM is the computer's own. binding and seal
// are as for [Ticket.Initiate]. Only Windows has that.
func System(service string, binding []byte, seal bool) (Context, error) {
	s := &system{service: service, account: "this account", flags: sspiMutual | sspiReplay | sspiSequence | sspiInteg}
	if seal {
		s.flags |= sspiConf
	}
	if me, err := user.Current(); err == nil {
		s.account = me.Username
	}
	var err error
	if s.provider, err = newProvider(service, s.flags, sspiBinding(binding)); err != nil {
		return nil, s.explain(err)
	}
	return s, nil
}

func (s *system) Name() string  { return s.account }
func (s *system) Overhead() int { return s.over }
func (s *system) Close()        { s.provider.release() }

func (s *system) Step(token []byte) (out []byte, done bool, err error) {
	if s.done {
		return nil, false, errors.New("the server goes on after the end of the ticket exchange")
	}
	out, done, given, err := s.provider.update(token)
	if err != nil {
		return nil, false, s.explain(err)
	}
	if !done {
		return out, false, nil
	}
	if missing := s.flags &^ given; missing != 0 {
		return nil, false, fmt.Errorf("the system gives no protected connection (flags %#x are missing)", missing)
	}
	if s.over, err = s.provider.overhead(); err != nil {
		return nil, false, s.explain(err)
	}
	s.done = true
	return out, true, nil
}

func (s *system) Wrap(message []byte, seal bool) ([]byte, error) {
	if !s.done {
		return nil, errNotYet
	}
	quality := uint32(wrapNoEncrypt)
	if seal {
		quality = 0
	}
	return s.provider.encrypt(bytes.Clone(message), quality)
}

func (s *system) Unwrap(token []byte) (message []byte, sealed bool, err error) {
	if !s.done {
		return nil, false, errNotYet
	}
	message, quality, err := s.provider.decrypt(token)
	if err != nil {
		return nil, false, s.explain(err)
	}
	return message, quality == 0, nil
}

// explain says in words what a status of SSPI means here.
func (s *system) explain(err error) error {
	var status syscall.Errno
	if !errors.As(err, &status) {
		return err
	}
	switch uint32(status) {
	case 0x80090303: // SEC_E_TARGET_UNKNOWN
		return usage("name the domain controller by its full DNS name, not by address or short name", "the domain knows no service %s", s.service)
	case 0x80090311: // SEC_E_NO_AUTHENTICATING_AUTHORITY
		return unreachable(nil, "is this computer in the domain, and is a domain controller reachable?", "Windows finds no domain controller that would log %s in", s.account)
	case 0x8009030c, 0x8009030e: // SEC_E_LOGON_DENIED, SEC_E_NO_CREDENTIALS
		return refused("run as an account of the domain, or as SYSTEM on a computer in it", "Windows has no login of %s for the domain", s.account)
	case 0x80090322: // SEC_E_WRONG_PRINCIPAL
		return refused("is that the right name? the service principal name may belong to another account", "the server is not the one that %s stands for", s.service)
	case 0x80090324: // SEC_E_TIME_SKEW
		return refused("set the clock of this computer or of the domain controller: they may differ by 5 minutes", "the clocks of this computer and of the domain controller differ too much")
	case 0x80090317: // SEC_E_CONTEXT_EXPIRED
		return refused("run it again", "the login of %s has expired", s.account)
	case 0x8009030f: // SEC_E_MESSAGE_ALTERED
		return errors.New("it was altered")
	case 0x80090308: // SEC_E_INVALID_TOKEN
		return errors.New("it is no token")
	case 0x80090310: // SEC_E_OUT_OF_SEQUENCE
		return errors.New("it is out of order")
	}
	return refused("look the status up in Microsoft's documentation of SSPI", "Windows refuses the login of %s (status %#x)", s.account, uint32(status))
}

// sspiBinding puts a channel binding into the structure that SSPI wants,
// SEC_CHANNEL_BINDINGS; nil stays nil.
func sspiBinding(binding []byte) []byte {
	if binding == nil {
		return nil
	}
	const size = 32 // eight numbers, of which the last two are length and offset
	b := binary.LittleEndian.AppendUint32(make([]byte, 24, size+len(binding)), uint32(len(binding)))
	b = binary.LittleEndian.AppendUint32(b, size)
	return append(b, binding...)
}

// TopicNotWindows is a login that only Windows has.
const TopicNotWindows source.Topic = "not_windows"
