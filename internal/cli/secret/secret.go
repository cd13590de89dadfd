// Package secret resolves references to secrets. A secret is read when it is needed,
// is never stored, and stands in no error.
package secret

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os/exec"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/unicode"

	"github.com/qpimport/qpimport/internal/cli/input"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/internal/private"
	"github.com/qpimport/qpimport/pkg/source"
)

const (
	maxSize        = 1 << 20         // bytes; a certificate with its chain has a few thousand
	commandTimeout = 1 * time.Minute // for a password manager that asks somebody
)

// Help is what the help of a flag that takes a REF refers to.
const Help = `
REF says where a secret lies; no flag takes the secret itself, and only the REF
is stored:
  env:NAME              the environment variable NAME, less one final newline
  file:PATH             the file; a byte order mark and one final newline are dropped
  command:PROGRAM ARG…  what the program writes to standard output, less one final
                        newline. No shell is involved: words are split at spaces,
                        '…' and "…" keep spaces, a backslash is an ordinary
                        character. The program has a minute, and the environment
                        of qpimport, to which nothing is added.`

// Resolver finds the secrets that references name.
type Resolver struct {
	Getenv func(string) string
	Warn   func(format string, args ...any) // of a file that others can read
}

// Later returns the function that resolves a REF when the protocol needs it; nil
// for no REF.
func (v Resolver) Later(ref string) func(context.Context) (source.Secret, error) {
	if ref == "" {
		return nil
	}
	return func(ctx context.Context) (source.Secret, error) { return v.Resolve(ctx, ref) }
}

// Resolve finds the secret that a REF names. What cannot be read may be a secret
// that was given by mistake, so no error repeats it.
func (v Resolver) Resolve(ctx context.Context, ref string) (source.Secret, error) {
	r, err := source.ParseReference(ref)
	if err != nil {
		return source.Secret{}, usage.Errorf("%s", err)
	}
	var value []byte
	switch r.Scheme {
	case "env":
		if value = []byte(v.Getenv(r.Name)); len(trimText(value)) == 0 {
			return source.Secret{}, usage.Errorf("secret env:%s: the variable is not set, or empty", r.Name)
		}
	case "file":
		value, err = v.file(r.Name)
	default:
		value, err = output(ctx, r.Argv)
	}
	if err != nil {
		return source.Secret{}, err
	}
	if value = trimText(value); len(value) == 0 {
		return source.Secret{}, usage.Errorf("secret %s:%s: it is empty", r.Scheme, r.Subject())
	}
	return source.NewSecret(string(value)), nil
}

func (v Resolver) file(path string) ([]byte, error) {
	f, err := input.Open(path)
	if err != nil {
		return nil, usage.Errorf("secret file:%s: %s", path, usage.Reason(err))
	}
	defer func() { _ = f.Close() }()
	if who, remedy := private.Readers(f); who != "" {
		v.Warn("warning: %s can be read by %s: %s", path, who, remedy)
	}
	value, err := io.ReadAll(io.LimitReader(f, maxSize+1))
	if err != nil {
		return nil, usage.Errorf("secret file:%s: %s", path, usage.Reason(err))
	}
	if len(value) > maxSize {
		return nil, usage.Errorf("secret file:%s: larger than 1 MiB", path)
	}
	return value, nil
}

// output runs a program for its standard output. What it writes to
// standard error is dropped: it may hold the secret.
func output(ctx context.Context, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	out := &bounded{limit: maxSize, full: cancel} // what writes on is not ended everywhere by a closed pipe
	cmd.Stdout = out
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, usage.Errorf("secret command:%s: no answer in time", argv[0])
	}
	if out.over {
		return nil, usage.Errorf("secret command:%s: it wrote more than 1 MiB", argv[0])
	}
	if err != nil {
		return nil, usage.Hintf("run it by hand to see why", "secret command:%s: %s", argv[0], usage.Reason(err))
	}
	return out.buf.Bytes(), nil
}

// bounded keeps what is written to it up to a limit, and fails beyond.
type bounded struct {
	buf   bytes.Buffer // not embedded: io.Copy would find its ReadFrom, which knows no limit
	limit int
	over  bool
	full  func() // called when the limit is reached
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.limit {
		b.over = true
		b.full()
		return 0, io.ErrShortWrite
	}
	return b.buf.Write(p)
}

// trimText drops a byte order mark, decodes UTF-16 and drops one final newline.
// What is no text, as a certificate in binary form, stays as it is.
func trimText(b []byte) []byte {
	text, err := decodeText(b)
	if err != nil || !utf8.Valid(text) {
		return b
	}
	for _, end := range []string{"\r\n", "\n", "\r"} { // a shell leaves the last of a line end of Windows
		if t, ok := bytes.CutSuffix(text, []byte(end)); ok {
			return t
		}
	}
	return text
}

// decodeText drops a byte order mark and makes UTF-8 of UTF-16, which PowerShell
// writes. Bytes without a mark stay as they are.
func decodeText(b []byte) ([]byte, error) {
	if bytes.HasPrefix(b, []byte{0xff, 0xfe}) || bytes.HasPrefix(b, []byte{0xfe, 0xff}) {
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Bytes(b)
	}
	return bytes.TrimPrefix(b, []byte("\uFEFF")), nil
}
