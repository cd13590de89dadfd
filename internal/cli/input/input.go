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
	var f File
	err := With(ctx, stdin, path, func(name string, r io.Reader) error {
		data, err := io.ReadAll(io.LimitReader(r, maxSize+1))
		if err != nil {
			return usage.Errorf("cannot read %s: %s", name, usage.Reason(err))
		}
		if len(data) > maxSize {
			return usage.Errorf("%s is larger than 64 MiB", name)
		}
		f = File{name, data}
		return nil
	})
	if err != nil {
		return File{}, err // what was left behind may still write to f
	}
	return f, nil
}

// With hands a file, or standard input for "-", to a function that reads it, with
// the name that errors give it. Where the context ends first, the function is left
// behind with what it waits for.
func With(ctx context.Context, stdin io.Reader, path string, read func(name string, r io.Reader) error) error {
	name, r := "standard input", stdin
	if path != "-" {
		f, err := Open(path)
		if err != nil {
			return usage.Errorf("cannot read %s: %s", path, usage.Reason(err))
		}
		defer func() { _ = f.Close() }()
		name, r = path, f
	}
	done := make(chan error, 1)
	go func() { done <- read(name, r) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}
