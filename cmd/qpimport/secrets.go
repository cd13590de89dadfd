package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"runtime"
	"time"
	"unicode/utf8"

	"github.com/qpimport/qpimport/pkg/source"
)

const (
	maxSecret      = 1 << 20         // bytes; a certificate with its chain has a few thousand
	commandTimeout = 1 * time.Minute // for a password manager that asks somebody
)

// refHelp is what the help of a flag that takes a REF refers to.
const refHelp = `
REF says where a secret lies; no flag takes the secret itself, and only the REF
is stored:
  env:NAME              the environment variable NAME
  file:PATH             the file; a byte order mark and one final newline are dropped
  command:PROGRAM ARG…  what the program writes to standard output, less one final
                        newline. No shell is involved: words are split at spaces,
                        '…' and "…" keep spaces, a backslash is an ordinary
                        character. The program has a minute, and the environment
                        of qpimport, to which nothing is added.`

// secret returns the function that resolves a REF when the protocol needs it;
// nil for no REF.
func (a *app) secret(ref string) func(context.Context) (source.Secret, error) {
	if ref == "" {
		return nil
	}
	return func(ctx context.Context) (source.Secret, error) { return a.resolve(ctx, ref) }
}

func (a *app) resolve(ctx context.Context, ref string) (source.Secret, error) {
	r, err := source.ParseReference(ref)
	if err != nil {
		return source.Secret{}, usagef("%s", err)
	}
	var value []byte
	switch r.Scheme {
	case "env":
		value = []byte(a.getenv(r.Name))
		if len(value) == 0 {
			return source.Secret{}, usagef("secret env:%s: the variable is not set, or empty", r.Name)
		}
		return source.NewSecret(string(value)), nil
	case "file":
		value, err = a.secretFile(r.Name)
	default:
		value, err = secretCommand(ctx, r.Argv)
	}
	if err != nil {
		return source.Secret{}, err
	}
	if value = trimText(value); len(value) == 0 {
		return source.Secret{}, usagef("secret %s:%s: it is empty", r.Scheme, r.Subject())
	}
	return source.NewSecret(string(value)), nil
}

func (a *app) secretFile(path string) ([]byte, error) {
	f, err := openInput(path)
	if err != nil {
		return nil, usagef("secret file:%s: %s", path, reason(err))
	}
	defer func() { _ = f.Close() }()
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 && runtime.GOOS != "windows" {
		a.notice("warning: %s can be read by others than its owner (mode %04o): chmod 600 %s", path, info.Mode().Perm(), path)
	}
	value, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return nil, usagef("secret file:%s: %s", path, reason(err))
	}
	if len(value) > maxSecret {
		return nil, usagef("secret file:%s: larger than 1 MiB", path)
	}
	return value, nil
}

// secretCommand runs a program for its standard output. What it writes to
// standard error is dropped: it may hold the secret.
func secretCommand(ctx context.Context, argv []string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.WaitDelay = time.Second
	out := &bounded{limit: maxSecret}
	cmd.Stdout = out
	err := cmd.Run()
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return nil, usagef("secret command:%s: no answer in time", argv[0])
	}
	if out.over {
		return nil, usagef("secret command:%s: it wrote more than 1 MiB", argv[0])
	}
	if err != nil {
		return nil, usageHint("run it by hand to see why", "secret command:%s: %s", argv[0], reason(err))
	}
	return out.buf.Bytes(), nil
}

// bounded keeps what is written to it up to a limit, and fails beyond.
type bounded struct {
	buf   bytes.Buffer // not embedded: io.Copy would find its ReadFrom, which knows no limit
	limit int
	over  bool
}

func (b *bounded) Write(p []byte) (int, error) {
	if b.buf.Len()+len(p) > b.limit {
		b.over = true
		return 0, io.ErrShortWrite
	}
	return b.buf.Write(p)
}

// reason is an error without the path that the message names already.
func reason(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	var execErr *exec.Error
	if errors.As(err, &execErr) {
		return execErr.Err.Error()
	}
	return err.Error()
}

// trimText drops a byte order mark, decodes UTF-16 and drops one final newline.
// What is no text, as a certificate in binary form, stays as it is.
func trimText(b []byte) []byte {
	text, err := decodeText(b)
	if err != nil || !utf8.Valid(text) {
		return b
	}
	if t, ok := bytes.CutSuffix(text, []byte("\r\n")); ok {
		return t
	}
	return bytes.TrimSuffix(text, []byte("\n"))
}
