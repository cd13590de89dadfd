// Package spool keeps what is made long before it is written: the first part of it
// in memory, the rest in a file that nobody else can read.
package spool

import (
	"os"

	"github.com/qpimport/qpimport/internal/private"
)

// inMemory is how many bytes are kept without a file.
const inMemory = 32 << 20

// Spool keeps pieces of text. Its zero value is ready; it is for one goroutine,
// and so is none of its pieces: those may be read by many.
type Spool struct {
	held int // bytes in memory
	file *os.File
	size int64 // of the file
	full bool  // no file could be made or written
}

// Piece is a text that was kept.
type Piece struct {
	text []byte // nil where it is in the file
	file *os.File
	at   int64
	n    int
}

// Keep keeps a text, which is not to be changed afterwards. Where no file takes it,
// it stays in memory: a result is not lost to a full disk.
func (s *Spool) Keep(text []byte) Piece {
	if s.held+len(text) <= inMemory || !s.write(text) {
		s.held += len(text)
		return Piece{text: text}
	}
	s.size += int64(len(text))
	return Piece{file: s.file, at: s.size - int64(len(text)), n: len(text)}
}

// write puts a text at the end of the file.
func (s *Spool) write(text []byte) bool {
	if s.file == nil && !s.full {
		f, err := private.CreateTemp("", "qpimport.*")
		if err != nil {
			s.full = true
			return false
		}
		s.file = f
		_ = os.Remove(f.Name()) // where an open file can be removed, a kill leaves nothing behind
	}
	if s.full {
		return false
	}
	_, err := s.file.WriteAt(text, s.size)
	s.full = err != nil
	return err == nil
}

// Text is the text of a piece.
func (p Piece) Text() ([]byte, error) {
	if p.file == nil {
		return p.text, nil
	}
	text := make([]byte, p.n)
	_, err := p.file.ReadAt(text, p.at)
	return text, err
}

// Close gives the file back. The pieces are gone with it.
func (s *Spool) Close() {
	if s.file != nil {
		_ = s.file.Close()
		_ = os.Remove(s.file.Name())
		s.file = nil
	}
}
