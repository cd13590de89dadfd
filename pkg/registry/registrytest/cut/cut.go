// Package cut is a way to a PostgreSQL server that breaks where a test says.
package cut

import (
	"encoding/binary"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Point is where the way breaks: at the Nth message from the client, counted from 1
// over all connections; 0 is nowhere.
type Point struct {
	N int
	// Arrived says that the message reaches the server, and that only the answer is
	// lost.
	Arrived bool
	// Gone says that the server cannot be reached from then on.
	Gone bool
	// Hangs says that instead of breaking, the way takes all from then on and brings
	// nothing back.
	Hangs bool
}

// Way leads to a server.
type Way struct {
	// Dir is the folder of the socket.
	Dir    string
	server string
	ended  chan struct{}

	mu    sync.Mutex
	point Point
	seen  int
}

const socket = ".s.PGSQL.5432"

// New makes a way to the server whose socket is in a folder.
func New(t testing.TB, server string) *Way {
	t.Helper()
	dir, err := os.MkdirTemp("", "cut") // not the test's own folder: the path of a socket is short
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", filepath.Join(dir, socket))
	if err != nil {
		t.Fatal(err)
	}
	w := &Way{Dir: dir, server: filepath.Join(server, socket), ended: make(chan struct{})}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { w.serve(client) })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		close(w.ended)
		wg.Wait()
		_ = os.RemoveAll(dir)
	})
	return w
}

// Break counts anew, and breaks the way at a point.
func (w *Way) Break(p Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.point, w.seen = p, 0
}

// Seen is how many messages there were since [Way.Break].
func (w *Way) Seen() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

func (w *Way) message() (here bool, p Point) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen++
	return w.seen == w.point.N, w.point
}

// from is the point from which on nothing passes, the zero one before it.
func (w *Way) from() Point {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.point.N == 0 || w.seen < w.point.N {
		return Point{}
	}
	return w.point
}

// hang takes what comes until the test or the client ends.
func (w *Way) hang(client net.Conn) {
	go func() {
		<-w.ended
		_ = client.Close()
	}()
	_, _ = io.Copy(io.Discard, client)
}

func (w *Way) serve(client net.Conn) {
	defer client.Close()
	switch p := w.from(); {
	case p.Hangs:
		w.hang(client)
		return
	case p.Gone:
		return
	}
	server, err := net.Dial("unix", w.server)
	if err != nil {
		return
	}
	defer server.Close()
	answers := &answers{to: client, answered: make(chan struct{})}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(answers, server)
		_ = client.Close()
	}()
	head := 4 // the first message has no type
	for {
		message, err := read(client, head)
		head = 5
		if err != nil {
			break
		}
		here, point := w.message()
		if w.from().Hangs {
			w.hang(client)
			break
		}
		if here && !point.Arrived {
			break
		}
		if here {
			answers.lose()
		}
		if _, err := server.Write(message); err != nil {
			break
		}
		if here {
			select {
			case <-answers.answered:
			case <-time.After(50 * time.Millisecond): // it waits for more before it answers
			}
			break
		}
	}
	_ = client.Close()
	_ = server.Close()
	<-done
}

// read reads a message: perhaps a type, then its length, then the rest.
func read(r io.Reader, head int) ([]byte, error) {
	message := make([]byte, head)
	if _, err := io.ReadFull(r, message); err != nil {
		return nil, err
	}
	rest := make([]byte, binary.BigEndian.Uint32(message[head-4:])-4)
	_, err := io.ReadFull(r, rest)
	return append(message, rest...), err
}

// answers are those of the server, until they are lost.
type answers struct {
	to       io.Writer
	mu       sync.Mutex
	lost     bool
	once     sync.Once
	answered chan struct{}
}

func (a *answers) lose() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.lost = true
}

// Write passes an answer on, or loses it.
func (a *answers) Write(p []byte) (int, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.lost {
		a.once.Do(func() { close(a.answered) })
		return len(p), nil
	}
	return a.to.Write(p)
}
