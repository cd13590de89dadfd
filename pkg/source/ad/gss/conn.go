package gss

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
)

// Conn is a connection all of whose bytes are sealed. What is read is a stream:
// a token may hold any part of a message. The first token that is not the right
// one ends it for good. One goroutine may read while another one writes.
type Conn struct {
	net.Conn
	context Context
	chunk   int // bytes that go into one token

	token  []byte // the last one that was read
	opened []byte // what was not yet read of it
	failed error  // of reading

	writing, opening sync.Mutex // held while the context is used
	closed           bool       // under both
}

// maxChunk bounds how much is sealed at once, in bytes, whatever the acceptor
// takes.
const maxChunk = 64 << 10

// NewConn seals a connection, from the next byte on; limit is what [Answer] told.
func NewConn(conn net.Conn, context Context, limit int) *Conn {
	return &Conn{Conn: conn, context: context, chunk: min(limit, maxChunk) - context.Overhead()}
}

// Close ends the connection, and then the context, which the system may hold. It
// may be called more than once.
func (c *Conn) Close() error {
	err := c.Conn.Close()
	c.writing.Lock()
	defer c.writing.Unlock()
	c.opening.Lock()
	defer c.opening.Unlock()
	if !c.closed {
		c.closed = true
		c.context.Close()
	}
	return err
}

// Write sends p in as many tokens as are needed, all of them at once.
func (c *Conn) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.closed {
		return 0, net.ErrClosed
	}
	var out []byte
	for rest := p; len(rest) > 0; {
		n := min(len(rest), c.chunk)
		token, err := c.context.Wrap(rest[:n], true)
		if err != nil {
			return 0, fmt.Errorf("sealing: %w", err)
		}
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(token))), token...)
		rest = rest[n:]
	}
	if len(out) > 0 {
		if _, err := c.Conn.Write(out); err != nil {
			return 0, err
		}
	}
	return len(p), nil
}

// Read hands out what was unsealed.
func (c *Conn) Read(p []byte) (int, error) {
	for len(c.opened) == 0 {
		if c.failed == nil {
			c.failed = c.next()
		}
		if c.failed != nil {
			return 0, c.failed
		}
	}
	n := copy(p, c.opened)
	c.opened = c.opened[n:]
	return n, nil
}

// ErrToken is what all errors are about that a damaged, repeated, lost or
// unsealed token causes.
var ErrToken = errors.New("a sealed message is not what the server sent")

// next reads the next token. Memory grows with what arrives, not with the length
// that is claimed.
func (c *Conn) next() error {
	var head [4]byte
	if _, err := io.ReadFull(c.Conn, head[:]); err != nil {
		return err
	}
	length := int64(binary.BigEndian.Uint32(head[:]))
	if length == 0 || length > maxToken {
		return fmt.Errorf("%w: %d bytes long", ErrToken, length)
	}
	c.token = c.token[:0]
	for n := int64(0); n < length; n = int64(len(c.token)) {
		c.token = append(c.token, make([]byte, min(length-n, maxChunk))...)
		if _, err := io.ReadFull(c.Conn, c.token[n:]); err != nil {
			return noEOF(err)
		}
	}
	c.opening.Lock()
	defer c.opening.Unlock()
	if c.closed {
		return net.ErrClosed
	}
	message, sealed, err := c.context.Unwrap(c.token)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrToken, err)
	case !sealed:
		return fmt.Errorf("%w: it is not sealed", ErrToken)
	}
	c.opened = message
	return nil
}

// noEOF says that the end came in the middle.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
