package ad

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-ldap/ldap/v3"
)

// The tags of LDAP (RFC 4511) that this client sends or takes.
const (
	tagBoolean    = 0x01
	tagInteger    = 0x02
	tagOctets     = 0x04
	tagEnumerated = 0x0a
	tagSequence   = 0x30
	tagSet        = 0x31
	tagControls   = 0xa0

	opBindRequest      = 0x60
	opBindResponse     = 0x61
	opUnbindRequest    = 0x42
	opAbandonRequest   = 0x50
	opModifyRequest    = 0x66
	opModifyResponse   = 0x67
	opSearchRequest    = 0x63
	opSearchEntry      = 0x64
	opSearchDone       = 0x65
	opSearchReference  = 0x73
	opExtendedResponse = 0x78

	tagExtendedRequest = 23 // within the application class
)

var (
	errShape    = errors.New("malformed message")
	errTooLarge = errors.New("message too large")
)

// message is the outline of an LDAP message.
type message struct {
	id   int64
	op   byte
	code int64 // of an answer that ends an operation
}

// readMessage reads one LDAP message into buf and returns all its bytes, at
// most limit. It reads not a byte more. Memory grows with what arrives, not with
// the length that is claimed.
func readMessage(r io.Reader, buf []byte, limit int) ([]byte, error) {
	buf = append(buf[:0], 0, 0)
	if _, err := io.ReadFull(r, buf); err != nil {
		return nil, err
	}
	if buf[0] != tagSequence {
		return nil, fmt.Errorf("%w: it begins with %#x", errShape, buf[0])
	}
	length := int(buf[1])
	if length >= 0x80 {
		digits := length & 0x7f
		if digits < 1 || digits > 4 {
			return nil, fmt.Errorf("%w: a length of %d bytes", errShape, digits)
		}
		buf = append(buf, make([]byte, digits)...)
		if _, err := io.ReadFull(r, buf[2:]); err != nil {
			return nil, noEOF(err)
		}
		length = 0
		for _, b := range buf[2:] {
			length = length<<8 | int(b)
		}
	}
	if length > limit {
		return nil, errTooLarge
	}
	const chunk = 64 << 10
	for length > 0 {
		n, have := min(length, chunk), len(buf)
		buf = append(buf, make([]byte, n)...)
		if _, err := io.ReadFull(r, buf[have:]); err != nil {
			return nil, noEOF(err)
		}
		length -= n
	}
	return buf, nil
}

// noEOF says that the end came in the middle.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// header cuts the tag and the definite length from the front of b.
func header(b []byte) (tag byte, length int, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0x1f == 0x1f {
		return 0, 0, nil, false
	}
	tag, length, rest = b[0], int(b[1]), b[2:]
	if length < 0x80 {
		return tag, length, rest, true
	}
	digits := length & 0x7f
	if digits < 1 || digits > 4 || len(rest) < digits {
		return 0, 0, nil, false
	}
	length = 0
	for _, d := range rest[:digits] {
		length = length<<8 | int(d)
	}
	return tag, length, rest[digits:], true
}

// cut cuts the element with the given tag from the front of b.
func cut(b []byte, want byte) (body, rest []byte, ok bool) {
	tag, length, rest, ok := header(b)
	if !ok || tag != want || length > len(rest) {
		return nil, nil, false
	}
	return rest[:length], rest[length:], true
}

// all says whether b is a sequence of elements with the given tag that all
// pass, at least as many as least.
func all(b []byte, tag byte, least int, pass func(body []byte) bool) bool {
	n := 0
	for ; len(b) > 0; n++ {
		body, rest, ok := cut(b, tag)
		if !ok || !pass(body) {
			return false
		}
		b = rest
	}
	return n >= least
}

func anything([]byte) bool { return true }

// number reads a small non-negative integer.
func number(b []byte) (int64, bool) {
	if len(b) < 1 || len(b) > 4 || b[0]&0x80 != 0 {
		return 0, false
	}
	n := int64(0)
	for _, d := range b {
		n = n<<8 | int64(d)
	}
	return n, true
}

// parseMessage checks that b is one answer in exactly the shape that RFC 4511
// gives it, and outlines it. What is read of a malformed answer is not to be
// relied on.
func parseMessage(b []byte) (message, error) {
	m, body, rest, ok := parseOutline(b)
	if !ok {
		return m, errShape
	}
	switch m.op {
	case opSearchEntry:
		ok = isEntry(body)
	case opSearchReference:
		ok = all(body, tagOctets, 1, anything)
	case opSearchDone, opBindResponse, opModifyResponse, opExtendedResponse:
		m.code, ok = parseResult(body)
	default:
		return m, fmt.Errorf("%w: an operation %#x that was not asked for", errShape, m.op)
	}
	if !ok || !areControls(rest) {
		return m, fmt.Errorf("%w: operation %#x", errShape, m.op)
	}
	return m, nil
}

// parseOutline reads the number and operation of a message; rest are its
// controls.
func parseOutline(b []byte) (m message, body, rest []byte, ok bool) {
	b, rest, ok = cut(b, tagSequence)
	if !ok || len(rest) > 0 {
		return m, nil, nil, false
	}
	id, b, ok := cut(b, tagInteger)
	if !ok {
		return m, nil, nil, false
	}
	if m.id, ok = number(id); !ok || len(b) == 0 {
		return m, nil, nil, false
	}
	m.op = b[0]
	body, rest, ok = cut(b, m.op)
	return m, body, rest, ok
}

// isEntry checks a SearchResultEntry: a DN and attributes of a name and values.
func isEntry(b []byte) bool {
	_, b, ok := cut(b, tagOctets)
	if !ok {
		return false
	}
	attributes, rest, ok := cut(b, tagSequence)
	return ok && len(rest) == 0 && all(attributes, tagSequence, 0, func(b []byte) bool {
		name, b, ok := cut(b, tagOctets)
		if !ok || len(name) == 0 {
			return false
		}
		values, rest, ok := cut(b, tagSet)
		return ok && len(rest) == 0 && all(values, tagOctets, 0, anything)
	})
}

// parseEntry reads a message that [parseMessage] found to be a SearchResultEntry.
// It keeps no part of b.
func parseEntry(b []byte) *ldap.Entry {
	_, b, _, _ = parseOutline(bytes.Clone(b))
	dn, b, _ := cut(b, tagOctets)
	b, _, _ = cut(b, tagSequence)
	e := &ldap.Entry{DN: string(dn)}
	for len(b) > 0 {
		var attribute []byte
		attribute, b, _ = cut(b, tagSequence)
		name, attribute, _ := cut(attribute, tagOctets)
		set, _, _ := cut(attribute, tagSet)
		a := &ldap.EntryAttribute{Name: string(name)}
		for len(set) > 0 {
			var value []byte
			value, set, _ = cut(set, tagOctets)
			a.ByteValues = append(a.ByteValues, value)
		}
		e.Attributes = append(e.Attributes, a)
	}
	return e
}

// parseResult reads the code of an LDAPResult; referrals and the like may
// follow its three elements.
func parseResult(b []byte) (code int64, ok bool) {
	digits, b, ok := cut(b, tagEnumerated)
	if !ok {
		return 0, false
	}
	if code, ok = number(digits); !ok {
		return 0, false
	}
	for range 2 { // matchedDN, diagnosticMessage
		if _, b, ok = cut(b, tagOctets); !ok {
			return 0, false
		}
	}
	for len(b) > 0 {
		if b[0]&0xc0 != 0x80 { // not of the context class
			return 0, false
		}
		if _, b, ok = cut(b, b[0]); !ok {
			return 0, false
		}
	}
	return code, true
}

// maxControl bounds the value of a control that this client has no use for, in
// bytes: the library decodes it nevertheless, at a cost that grows with its
// depth.
const maxControl = 4096

// areControls checks the controls of an answer, if there are any. The paging
// control must hold a size and a cookie (RFC 2696).
func areControls(b []byte) bool {
	if len(b) == 0 {
		return true
	}
	controls, rest, ok := cut(b, tagControls)
	return ok && len(rest) == 0 && all(controls, tagSequence, 0, func(b []byte) bool {
		oid, b, ok := cut(b, tagOctets)
		if _, rest, has := cut(b, tagBoolean); has {
			b = rest
		}
		value, rest, has := cut(b, tagOctets)
		if has {
			b = rest
		}
		if !ok || len(b) > 0 {
			return false
		}
		if string(oid) == ldap.ControlTypePaging {
			return isPaging(value)
		}
		return len(value) <= maxControl
	})
}

func isPaging(value []byte) bool {
	b, rest, ok := cut(value, tagSequence)
	if !ok || len(rest) > 0 {
		return false
	}
	_, b, ok = cut(b, tagInteger)
	if !ok {
		return false
	}
	_, rest, ok = cut(b, tagOctets)
	return ok && len(rest) == 0
}
