// Package input reads what people hand to a command: lists and sheets from files
// or standard input, and answers at a prompt.
package input

import (
	"context"
	"io"
	"os"
	"syscall"

	"github.com/qpimport/qpimport/internal/cli/usage"
)

// maxSize bounds a list that is read; a hundred thousand users have a few MiB.
const maxSize = 64 << 20

// File is a file that was read whole.
type File struct {
	Name string // how errors name it
	Data []byte
}

// Open opens a file without a wait for the other end of a named pipe: one that
// nobody writes to reads as empty.
func Open(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// Read reads a file, or standard input for "-". A wait for standard input ends
// with the context.
func Read(ctx context.Context, stdin io.Reader, path string) (File, error) {
	name, r := "standard input", stdin
	if path != "-" {
		f, err := Open(path)
		if err != nil {
			return File{}, usage.Errorf("cannot read %s: %s", path, usage.Reason(err))
		}
		defer func() { _ = f.Close() }()
		name, r = path, f
	}
	type answer struct {
		data []byte
		err  error
	}
	done := make(chan answer, 1)
	go func() {
		data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
		done <- answer{data, err}
	}()
	var got answer
	select {
	case got = <-done:
	case <-ctx.Done():
		return File{}, ctx.Err()
	}
	if got.err != nil {
		return File{}, usage.Errorf("cannot read %s: %s", name, usage.Reason(got.err))
	}
	if len(got.data) > maxSize {
		return File{}, usage.Errorf("%s is larger than 64 MiB", name)
	}
	return File{name, got.data}, nil
}
