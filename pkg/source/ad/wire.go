package ad

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-ldap/ldap/v3"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad/gss"
)

// maxMessage is the largest answer that is read, in bytes. The largest that AD
// sends is one object; a photo of 100 kB is already unusual.
const maxMessage = 16 << 20

// maxAnswer is how much of one search is kept, in bytes. A page of AD's thousand
// objects takes a few megabytes.
const maxAnswer = 64 << 20

// guard stands between the network and the LDAP library, which drops answers
// that it does not understand and answers to other questions without a word.
// It lets through only whole messages of the exact shape of RFC 4511 that
// answer a question that was asked; nothing large or deep reaches the library's
// decoder, which would build hundreds of times as much. The objects that a
// search finds it keeps itself: the library's decoder takes ten times as long
// over them. The first thing that is wrong ends the connection and is kept as
// the reason. It also bounds each wait: while an answer is due, a complete
// message must come in time.
type guard struct {
	net.Conn // encrypted
	raw      net.Conn
	server   string
	in       *bufio.Reader
	modifies bool   // requests that modify may pass
	buffer   []byte // the last message
	checked  []byte // what the library has not yet read of it

	mu      sync.Mutex
	wait    time.Duration
	pending map[int64]byte // id of a question that is not yet answered: its operation
	found   []*ldap.Entry  // objects of the search under way
	size    int            // of what was found, in bytes
	reason  error
}

func newGuard(raw, conn net.Conn, server string) *guard {
	return &guard{Conn: conn, raw: raw, server: server, in: bufio.NewReaderSize(conn, 16<<10), pending: map[int64]byte{}}
}

// setWait sets how long the server may take for its next message.
func (g *guard) setWait(d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.wait = d
}

// because returns why the connection ended, nil while it has not.
func (g *guard) because() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.reason
}

// end keeps the first reason for which the connection is of no more use.
func (g *guard) end(reason error) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.reason == nil {
		g.reason = reason
	}
	return g.reason
}

// arm starts the wait anew; without a question there is nothing to wait for. A
// deadline fails only on a closed connection, which reading then tells.
func (g *guard) arm() {
	var until time.Time
	if len(g.pending) > 0 {
		until = time.Now().Add(g.wait)
	}
	_ = g.SetReadDeadline(until)
}

// mayPass says whether a request may leave: what reads, and what modifies where that
// is what the connection is for.
func (g *guard) mayPass(op byte) bool {
	switch op {
	case opBindRequest, opUnbindRequest, opSearchRequest, opAbandonRequest:
		return true
	case opModifyRequest:
		return g.modifies
	}
	return false
}

// Write sends one request; the library writes each in one piece.
func (g *guard) Write(p []byte) (int, error) {
	request, _, _, ok := parseOutline(p)
	if !ok || !g.mayPass(request.op) {
		return 0, g.end(&source.Error{Code: source.CodePermission, Message: fmt.Sprintf("a request (%#x) was held back: this connection to %s only reads", request.op, g.server)})
	}
	g.mu.Lock()
	if request.op != opUnbindRequest && request.op != opAbandonRequest {
		g.pending[request.id] = request.op
	}
	_ = g.SetWriteDeadline(time.Now().Add(g.wait))
	g.arm()
	g.mu.Unlock()
	if _, err := g.Conn.Write(p); err != nil {
		return 0, g.end(g.lost(err))
	}
	return len(p), nil
}

// Read hands out messages that were checked.
func (g *guard) Read(p []byte) (int, error) {
	if len(g.checked) == 0 {
		if err := g.next(); err != nil {
			return 0, g.end(err)
		}
	}
	n := copy(p, g.checked)
	g.checked = g.checked[n:]
	return n, nil
}

// take returns the objects that came since it was called last.
func (g *guard) take() []*ldap.Entry {
	g.mu.Lock()
	defer g.mu.Unlock()
	found := g.found
	g.found, g.size = nil, 0
	return found
}

// next reads the next message for the library.
func (g *guard) next() error {
	for {
		if err := g.message(); err != nil || len(g.checked) > 0 {
			return err
		}
	}
}

// message reads a message and checks that it is one and was asked for.
func (g *guard) message() error {
	g.mu.Lock()
	g.arm()
	g.mu.Unlock()
	whole, err := readMessage(g.in, g.buffer, maxMessage)
	if errors.Is(err, errTooLarge) {
		return incomplete(nil, "look at that object: no attribute that is read here should be so large",
			"%s sent an answer of more than %d MB%s", g.server, maxMessage>>20, g.aboutWhom())
	}
	if errors.Is(err, errShape) {
		return g.damaged(err)
	}
	if err != nil {
		return g.lost(err)
	}
	m, err := parseMessage(whole)
	if err != nil {
		return g.damaged(err)
	}
	if m.id == 0 && m.op == opExtendedResponse {
		return unreachable(nil, "try again later", "%s ended the connection: %s", g.server, codeName(m.code))
	}

	g.mu.Lock()
	defer g.mu.Unlock()
	switch question := g.pending[m.id]; {
	case question == opBindRequest && m.op == opBindResponse, question == opModifyRequest && m.op == opModifyResponse, question == opSearchRequest && m.op == opSearchDone:
		delete(g.pending, m.id)
	case question == opSearchRequest && m.op == opSearchReference:
	case question == opSearchRequest && m.op == opSearchEntry:
		g.buffer = whole
		if g.size += len(whole); g.size > maxAnswer {
			return incomplete(nil, "try again, or another domain controller", "%s sent more than %d MB for one page", g.server, maxAnswer>>20)
		}
		g.found = append(g.found, parseEntry(whole))
		return nil
	default:
		return g.damaged(fmt.Errorf("message %d (%#x) answers nothing that was asked", m.id, m.op))
	}
	g.buffer, g.checked = whole, whole
	return nil
}

func (g *guard) damaged(err error) error {
	return incomplete(err, "try again; if it stays so, something between here and the server alters the data", "%s sent an answer that is not LDAP", g.server)
}

// lost says why nothing more comes.
func (g *guard) lost(err error) error {
	switch {
	case errors.Is(err, gss.ErrToken):
		return g.damaged(err)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return unreachable(nil, "try again later, or another domain controller", "%s has not answered for %s", g.server, g.wait)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return unreachable(nil, "try again", "%s closed the connection", g.server)
	}
	return unreachable(err, "try again", "the connection to %s was lost", g.server)
}

// aboutWhom names the object that an oversized answer begins with, as far as
// that has arrived already.
func (g *guard) aboutWhom() string {
	start, err := g.in.Peek(min(g.in.Buffered(), 4096))
	if err != nil {
		return ""
	}
	_, start, ok := cut(start, tagInteger) // messageID
	if !ok {
		return ""
	}
	op, _, start, ok := header(start)
	if !ok || op != opSearchEntry {
		return ""
	}
	dn, _, ok := cut(start, tagOctets)
	if !ok {
		return ""
	}
	return fmt.Sprintf(" about %.500q", dn)
}

func incomplete(err error, hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeIncomplete, Message: fmt.Sprintf(format, args...), Hint: hint, Err: err}
}
