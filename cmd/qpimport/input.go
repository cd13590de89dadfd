package main

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
)

// maxInput bounds a list that is read; a hundred thousand users have a few MiB.
const maxInput = 64 << 20

// decodeText drops a byte order mark and makes UTF-8 of UTF-16, which
// PowerShell writes. Bytes without a mark stay as they are.
func decodeText(b []byte) ([]byte, error) {
	if utf16Marked(b) {
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b)
	}
	return bytes.TrimPrefix(b, []byte("\uFEFF")), nil
}

func utf16Marked(b []byte) bool {
	return bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff})
}

// openInput opens a file without a wait for the other end of a named pipe: one
// that nobody writes to reads as empty.
func openInput(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
}

// readInput reads a file, or standard input for "-", as text. A wait for
// standard input ends with the context.
func (a *app) readInput(ctx context.Context, path string) (text []byte, name string, err error) {
	var r io.Reader
	if path == "-" {
		name, r = "standard input", a.in
	} else {
		f, err := openInput(path)
		if err != nil {
			return nil, path, usagef("cannot read %s: %s", path, reason(err))
		}
		defer func() { _ = f.Close() }()
		name, r = path, f
	}
	type answer struct {
		b   []byte
		err error
	}
	done := make(chan answer, 1)
	go func() {
		b, err := io.ReadAll(io.LimitReader(r, maxInput+1))
		done <- answer{b, err}
	}()
	var got answer
	select {
	case got = <-done:
	case <-ctx.Done():
		return nil, name, ctx.Err()
	}
	if got.err != nil {
		return nil, name, usagef("cannot read %s: %s", name, reason(got.err))
	}
	if len(got.b) > maxInput {
		return nil, name, usagef("%s is larger than 64 MiB", name)
	}
	return got.b, name, nil
}

// parseLines reads a list of names, one a line. Empty lines and lines that
// begin with # do not count.
func parseLines(raw []byte, name string) ([]string, error) {
	text, found := textLines(raw, name)
	var names []string
	for _, line := range text {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			names = append(names, line)
		}
	}
	if len(found) == 0 && len(names) == 0 {
		found = append(found, name+" names nobody")
	}
	return names, problems(found)
}

// textLines splits text into lines and says which are not UTF-8.
func textLines(raw []byte, name string) (lines, found []string) {
	text, err := decodeText(raw)
	if err != nil {
		return nil, []string{name + ": not UTF-16, though it begins so"}
	}
	lines = strings.Split(string(text), "\n")
	for i, line := range lines {
		if !utf8.ValidString(line) {
			found = append(found, fmt.Sprintf("%s line %d: not UTF-8", name, i+1))
		}
	}
	return lines, found
}

// pairLine is a line of a CSV of two columns.
type pairLine struct {
	line  int
	cells [2]string
}

// parsePairs reads a CSV of two columns. The header may be missing; where it is
// separated by semicolons, as Excel does in half of Europe, so is the rest. All
// bad lines are reported at once.
func parsePairs(raw []byte, name string, head [2]string) ([]pairLine, error) {
	text, found := textLines(raw, name)
	if len(found) > 0 {
		return nil, problems(found)
	}
	r := csv.NewReader(strings.NewReader(strings.Join(text, "\n")))
	r.FieldsPerRecord = -1
	if len(text) > 0 && !strings.Contains(text[0], ",") && strings.Contains(text[0], ";") {
		r.Comma = ';'
	}
	var pairs []pairLine
	for first := true; ; first = false {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			found = append(found, fmt.Sprintf("%s line %d: %s", name, bad.Line, bad.Err))
			break // where a quote is wrong, no later line is sure
		}
		if err != nil {
			return nil, usagef("cannot read %s: %s", name, err)
		}
		line, _ := r.FieldPos(0)
		for i := range record {
			record[i] = strings.TrimSpace(record[i])
		}
		switch {
		case first && len(record) == 2 && strings.EqualFold(record[0], head[0]) && strings.EqualFold(record[1], head[1]):
		case len(record) == 1 && record[0] == "":
		case len(record) != 2:
			found = append(found, fmt.Sprintf("%s line %d: want two columns, %s and %s, not %d", name, line, head[0], head[1], len(record)))
		case record[0] == "" || record[1] == "":
			found = append(found, fmt.Sprintf("%s line %d: %s or %s is empty", name, line, head[0], head[1]))
		default:
			pairs = append(pairs, pairLine{line, [2]string{record[0], record[1]}})
		}
	}
	if len(found) == 0 && len(pairs) == 0 {
		found = append(found, name+" holds no lines")
	}
	return pairs, problems(found)
}
