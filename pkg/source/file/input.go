package file

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/charset"
)

// maxRecord bounds the bytes of one record, so that a damaged or hostile file
// cannot take all memory. The largest legal values of AD, pictures, stay far
// below.
const maxRecord = 32 << 20

const bufferSize = 64 << 10

// encoding is how the text of a file is written.
type encoding int

const (
	utf8Text encoding = iota
	utf16LE
	utf16BE
	codePage
)

// input is an export on disk. It is opened once and may be read many times.
type input struct {
	file    *os.File
	path    string
	size    int64
	changed time.Time
	kind    source.Kind
	bom     int64 // length of the byte order mark
	written encoding
	page    charset.Charset // of codePage
	guessed bool            // nobody said which it is
	limit   int             // maxRecord

	mailboxList bool // it holds mailboxes, not users
}

func openInput(kind source.Kind, path string, mailboxList bool) (*input, error) {
	// Before opening: a named pipe would keep its reader waiting.
	if info, err := os.Stat(path); err == nil && info.Mode()&os.ModeNamedPipe != 0 {
		return nil, unreadable(path, errors.New("a pipe cannot be read twice: name a file"))
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(path, err)
	}
	in := &input{file: f, path: path, kind: kind, limit: maxRecord, mailboxList: mailboxList}
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
			Hint:    "An export is read more than once; save it to a file first.",
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
		in.bom, in.written = 2, utf16LE
	case bytes.HasPrefix(head, []byte("\xFE\xFF")):
		in.bom, in.written = 2, utf16BE
	case len(head) > 1 && head[0] != 0 && head[1] == 0:
		in.written = utf16LE
	case len(head) > 1 && head[0] == 0 && head[1] != 0:
		in.written = utf16BE
	}
	if in.written != utf8Text && in.size%2 != 0 {
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

// encode sets the encoding that a person named.
func (in *input) encode(name string) {
	switch page, isPage := charset.Named(name); {
	case isPage:
		in.written, in.page = codePage, page
	case name == "utf-8":
		in.written = utf8Text
	case name == "utf-16le":
		in.written = utf16LE
	case name == "utf-16be":
		in.written = utf16BE
	}
}

// guess finds the code page of text that is no UTF-8.
func (in *input) guess(ctx context.Context) error {
	if in.written != utf8Text {
		return nil
	}
	isUTF8, err := in.isUTF8(ctx)
	if err != nil || isUTF8 {
		return err
	}
	var g charset.Guesser
	if err := in.each(ctx, func(text []byte) { _, _ = g.Write(text) }); err != nil {
		return err
	}
	page, err := g.Guess()
	var either *charset.AmbiguousError
	if errors.As(err, &either) {
		if told, ok := in.toldByHeader(either.Charsets); ok {
			page, err = told, nil
		}
	}
	switch {
	case err == nil:
	case either != nil:
		return in.unknownEncoding(0, either.Charsets[0].Name+" "+either.Charsets[1].Name, "the file is not UTF-8: %v", err)
	default:
		return in.unknownEncoding(0, "", "the file is neither UTF-8 nor UTF-16, and its words read like none in Windows-1252, Windows-1250 or code page 850")
	}
	in.written, in.page, in.guessed = codePage, page, true
	return nil
}

// toldByHeader takes the code page in which more names of the first line are known.
func (in *input) toldByHeader(pages [2]charset.Charset) (charset.Charset, bool) {
	head, err := in.head(bufferSize)
	if err != nil {
		return charset.Charset{}, false
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	known, names := allNames(), [2]int{}
	for i, page := range pages {
		for _, name := range strings.Split(page.Text(line), string(separator(line))) {
			if known[foldColumn(strings.Trim(name, "\"\r"))] {
				names[i]++
			}
		}
	}
	if names[0] < names[1] {
		return pages[1], true
	}
	return pages[0], names[0] > names[1]
}

// each reads the file in pieces, as it is on disk.
func (in *input) each(ctx context.Context, do func([]byte)) error {
	r := io.NewSectionReader(in.file, in.bom, in.size-in.bom)
	buf := make([]byte, bufferSize)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := r.Read(buf)
		do(buf[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return unreadable(in.path, err)
		}
	}
}

func (in *input) isUTF8(ctx context.Context) (bool, error) {
	valid, rest := true, []byte(nil)
	err := in.each(ctx, func(piece []byte) {
		text := append(rest, piece...)
		end := len(text)
		for n := 1; n < utf8.UTFMax && n <= len(text); n++ {
			if last := text[len(text)-n:]; utf8.RuneStart(last[0]) {
				if !utf8.FullRune(last) {
					end -= n // the rest of the character comes with the next piece
				}
				break
			}
		}
		valid = valid && utf8.Valid(text[:end])
		rest = append([]byte(nil), text[end:]...)
	})
	return valid && len(rest) == 0, err
}

// unchanged says whether the file is still the one that was opened: a program
// may be writing it while it is read.
func (in *input) unchanged() error {
	stat, err := in.file.Stat()
	if err != nil {
		return unreadable(in.path, err)
	}
	if stat.Size() != in.size || !stat.ModTime().Equal(in.changed) {
		return &source.Error{Code: source.CodeIncomplete, Message: in.path + ": the file changed while it was read", Hint: "wait until the program that writes it has ended"}
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
	switch in.written {
	case utf16LE:
		r = transform.NewReader(r, unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM).NewDecoder())
	case utf16BE:
		r = transform.NewReader(r, unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM).NewDecoder())
	case codePage:
		r = transform.NewReader(r, in.page.Decoder())
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
	var wrong *charset.ByteError
	if errors.As(err, &wrong) {
		return s.unknownEncoding(wrong.Line, "", "the byte 0x%02X is no character of %s", wrong.Byte, wrong.Charset)
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

// damaged is the error of a file, or a line of it, that is not what an export
// program writes.
func (in *input) damaged(line int, format string, args ...any) error {
	return in.incomplete(line, "", format, args...)
}

// incomplete is the same with a hint of its own; "" names the command that makes
// a right file.
func (in *input) incomplete(line int, hint, format string, args ...any) error {
	if hint == "" {
		hint = in.again()
	}
	return &source.Error{
		Code:      source.CodeIncomplete,
		Message:   in.where(line) + ": " + fmt.Sprintf(format, args...),
		Hint:      hint,
		Permanent: true,
	}
}

// wrong names the line of a record that cannot be made a user.
func (in *input) wrong(line int, err error) error {
	return &source.Error{Code: source.CodeIncomplete, Message: in.where(line), Hint: in.again(), Permanent: true, Err: err}
}

// unsuitable is the error of a file that is whole but cannot serve.
func (in *input) unsuitable(line int, hint, format string, args ...any) error {
	return &source.Error{
		Code:    source.CodeUsage,
		Message: in.where(line) + ": " + fmt.Sprintf(format, args...),
		Hint:    hint,
	}
}

// Topics of errors of this package.
const (
	// TopicEncoding: a person has to say how the text is written. The subject names
	// the encodings that it may have, with a blank between; "" may be any.
	TopicEncoding source.Topic = "encoding"
	// TopicOtherDirectory: the export is of the other kind, which is the subject.
	TopicOtherDirectory source.Topic = "other_directory"
)

// unknownEncoding is the error of text of which it cannot be told how it is written.
func (in *input) unknownEncoding(line int, among, format string, args ...any) error {
	return &source.Error{
		Code: source.CodeUsage, Topic: TopicEncoding, Subject: among,
		Message: in.where(line) + ": " + fmt.Sprintf(format, args...),
	}
}

// otherDirectory is the error of an export that is one of the other kind.
func (in *input) otherDirectory(line int) error {
	other := source.AD
	if in.kind == source.AD {
		other = source.M365
	}
	return &source.Error{
		Code: source.CodeUsage, Topic: TopicOtherDirectory, Subject: string(other),
		Message: fmt.Sprintf("%s: this is an export of %s, not of %s", in.where(line), other, in.kind),
	}
}

// unreadable is the error of a file that cannot be opened or read. The system's
// error names the file.
func unreadable(path string, err error) error {
	var p *os.PathError
	if !errors.As(err, &p) {
		err = fmt.Errorf("%s: %w", path, err)
	}
	return &source.Error{Code: source.CodeUnreachable, Message: "the export cannot be read", Hint: "export it to that place again, or connect the file that is there now", Err: err}
}
