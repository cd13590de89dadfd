// Package input reads what people hand to a command: lists and sheets from files
// or standard input, and answers at a prompt.
package input

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"

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

// Decode drops a byte order mark and makes UTF-8 of UTF-16, which PowerShell
// writes. Bytes without a mark stay as they are.
func Decode(b []byte) ([]byte, error) {
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b)
	}
	return bytes.TrimPrefix(b, []byte("\uFEFF")), nil
}

// Lines reads a list of names, one a line. Empty lines and lines that
// begin with # do not count.
func (f File) Lines() ([]string, error) {
	text, found := f.textLines()
	var names []string
	for _, line := range text {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			names = append(names, line)
		}
	}
	if len(found) == 0 && len(names) == 0 {
		found = append(found, f.Name+" names nobody")
	}
	return names, usage.Join(found)
}

// textLines splits text into lines and says which are not UTF-8.
func (f File) textLines() (lines, found []string) {
	text, err := Decode(f.Data)
	if err != nil {
		return nil, []string{f.Name + ": not UTF-16, though it begins so"}
	}
	lines = strings.Split(string(text), "\n")
	for i, line := range lines {
		if !utf8.ValidString(line) {
			found = append(found, fmt.Sprintf("%s line %d: not UTF-8", f.Name, i+1))
		}
	}
	return lines, found
}

// Pair is a line of a CSV of two columns.
type Pair struct {
	Line  int
	Cells [2]string
}

// Pairs reads a CSV of two columns. The header may be missing; where it is
// separated by semicolons, as Excel does in half of Europe, so is the rest. All
// bad lines are reported at once.
func (f File) Pairs(head [2]string) ([]Pair, error) {
	text, found := f.textLines()
	if len(found) > 0 {
		return nil, usage.Join(found)
	}
	r := csv.NewReader(strings.NewReader(strings.Join(text, "\n")))
	r.FieldsPerRecord = -1
	if len(text) > 0 && !strings.Contains(text[0], ",") && strings.Contains(text[0], ";") {
		r.Comma = ';'
	}
	var pairs []Pair
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			found = append(found, fmt.Sprintf("%s line %d: %s", f.Name, bad.Line, bad.Err))
			break // where a quote is wrong, no later line is sure
		}
		if err != nil {
			return nil, usage.Errorf("cannot read %s: %s", f.Name, err)
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		switch {
		case first && len(record) == 2 && strings.EqualFold(record[0], head[0]) && strings.EqualFold(record[1], head[1]):
		case len(record) == 1 && record[0] == "":
		case len(record) != 2:
			found = append(found, fmt.Sprintf("%s line %d: want two columns, %s and %s, not %d", f.Name, line, head[0], head[1], len(record)))
		case record[0] == "" || record[1] == "":
			found = append(found, fmt.Sprintf("%s line %d: %s or %s is empty", f.Name, line, head[0], head[1]))
		default:
			pairs = append(pairs, Pair{line, [2]string{record[0], record[1]}})
		}
	}
	if len(found) == 0 && len(pairs) == 0 {
		found = append(found, f.Name+" holds no lines")
	}
	return pairs, usage.Join(found)
}
