package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/qpimport/qpimport/pkg/source"
)

// maxRecord bounds the bytes of one record, so that a damaged or hostile file
// cannot take all memory. The largest legal values of AD, pictures, stay far
// below.
const maxRecord = 32 << 20

const bufferSize = 64 << 10

// charset is how the text of a file is encoded.
type charset int

const (
	utf8Text charset = iota
	utf16LE
	utf16BE
	windows1252
)

// input is an export on disk. It is opened once and may be read many times.
type input struct {
	file    *os.File
	path    string
	size    int64
	changed time.Time
	bom     int64 // length of the byte order mark
	charset charset
	limit   int // maxRecord
}

func openInput(path string) (*input, error) {
	// Before opening: a named pipe would keep its reader waiting.
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return nil, unreadable(path, errors.New("a pipe cannot be read twice: name a file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	in := &input{file: f, path: path, limit: maxRecord}
	if err := in.inspect(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return in, nil
}

// inspect takes the file's size and finds the encoding by its first bytes.
func (in *input) inspect() error {
	stat, err := in.file.Stat()
	if err != nil {
		return unreadable(in.path, err)
	}
	if !stat.Mode().IsRegular() {
		return &source.Error{
			Code:    source.CodeUsage,
			Message: in.path + " is not a regular file",
			Hint:    "an export is read more than once; save it to a file first",
		}
	}
	in.size, in.changed = stat.Size(), stat.ModTime()
	if in.size == 0 {
		return in.damaged(0, "the file is empty")
	}
	head, err := in.head(4)
	if err != nil {
		return err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xEF\xBB\xBF")):
		in.bom = 3
	case bytes.HasPrefix(head, []byte("\xFF\xFE")):
		in.bom, in.charset = 2, utf16LE
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		in.bom, in.charset = 2, utf16BE
	case len(head) > 1 && head[0] != 0 && head[1] == 0:
		in.charset = utf16LE
	case len(head) > 1 && head[0] == 0 && head[1] != 0:
		in.charset = utf16BE
	}
	if in.charset != utf8Text && in.size%2 != 0 {
		return in.damaged(0, "the file ends inside a UTF-16 character")
	}
	return nil
}

// head returns the first n bytes as they are on disk, fewer of a shorter file.
func (in *input) head(n int) ([]byte, error) {
	head := make([]byte, n)
	k, err := in.file.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, unreadable(in.path, err)
	}
	return head[:k], nil
}

// guessWindows1252 takes text that is no UTF-8 for Windows-1252, the encoding
// that Windows programs write where nobody asks for another.
func (in *input) guessWindows1252(ctx context.Context) error {
	if in.charset != utf8Text {
		return nil
	}
	r := in.open(ctx)
	buf := make([]byte, bufferSize)
	for kept := 0; ; {
		n, err := r.Read(buf[kept:])
		r.renew()
		text := buf[:kept+n]
		for len(text) > 0 {
			c, size := utf8.DecodeRune(text)
			if c == utf8.RuneError && size == 1 {
				if !utf8.FullRune(text) && err == nil {
					break // the rest of the character comes with the next read
				}
				in.charset = windows1252
				return nil
			}
			text = text[size:]
		}
		kept = copy(buf, text)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return r.failed(0, err)
		}
	}
}

// unchanged says whether the file is still the one that was opened: a program
// may be writing it while it is read.
func (in *input) unchanged() error {
	stat, err := in.file.Stat()
	if err != nil {
		return unreadable(in.path, err)
	}
	if stat.Size() != in.size || !stat.ModTime().Equal(in.changed) {
		return &source.Error{Code: source.CodeIncomplete, Message: in.path + ": the file changed while it was read", Hint: hintExportAgain}
	}
	return nil
}

// stream is one pass over the text of an input, as UTF-8. It ends with the
// context, and refuses to deliver much more than the limit of bytes between
// two calls of renew.
type stream struct {
	*input
	ctx  context.Context
	text io.Reader
	left int
	last byte // the last byte that was read
}

func (in *input) open(ctx context.Context) *stream {
	var r io.Reader = io.NewSectionReader(in.file, in.bom, in.size-in.bom)
	switch in.charset {
	case utf16LE:
		r = transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder())
	case utf16BE:
		r = transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder())
	case windows1252:
		r = transform.NewReader(r, charmap.Windows1252.NewDecoder())
	}
	return &stream{input: in, ctx: ctx, text: r, left: in.limit}
}

var errTooLong = errors.New("a record is longer than any that an export holds")

func (s *stream) Read(p []byte) (int, error) {
	if err := s.ctx.Err(); err != nil {
		return 0, err
	}
	if s.left <= 0 {
		return 0, errTooLong
	}
	n, err := s.text.Read(p)
	s.left -= n
	if n > 0 {
		s.last = p[n-1]
	}
	return n, err
}

// renew begins a new record.
func (s *stream) renew() { s.left = s.limit }

// failed makes the error of a read that did not succeed.
func (s *stream) failed(line int, err error) error {
	switch {
	case s.ctx.Err() != nil:
		return s.ctx.Err()
	case errors.Is(err, errTooLong):
		return s.damaged(line, "%v", errTooLong)
	}
	return unreadable(s.path, err)
}

// where names a line of the file, the file itself for line 0.
func (in *input) where(line int) string {
	if line == 0 {
		return in.path
	}
	return fmt.Sprintf("%s:%d", in.path, line)
}

const hintExportAgain = "nothing was taken from this file, because it would have been incomplete; export it again"

// damaged is the error of a file, or a line of it, that is not what an export
// program writes.
func (in *input) damaged(line int, format string, args ...any) error {
	return in.incomplete(line, hintExportAgain, format, args...)
}

func (in *input) incomplete(line int, hint, format string, args ...any) error {
	return &source.Error{
		Code:      source.CodeIncomplete,
		Message:   in.where(line) + ": " + fmt.Sprintf(format, args...),
		Hint:      hint,
		Permanent: true,
	}
}

// wrong names the line of a record that cannot be made a user.
func (in *input) wrong(line int, err error) error {
	return &source.Error{Code: source.CodeIncomplete, Message: in.where(line), Hint: hintExportAgain, Permanent: true, Err: err}
}

// unsuitable is the error of a file that is whole but cannot serve.
func (in *input) unsuitable(line int, hint, format string, args ...any) error {
	return &source.Error{
		Code:    source.CodeUsage,
		Message: in.where(line) + ": " + fmt.Sprintf(format, args...),
		Hint:    hint,
	}
}

// unreadable is the error of a file that cannot be opened or read. The system's
// error names the file.
func unreadable(path string, err error) error {
	var p *os.PathError
	if !errors.As(err, &p) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return &source.Error{Code: source.CodeUnreachable, Message: "the export cannot be read", Err: err}
}
