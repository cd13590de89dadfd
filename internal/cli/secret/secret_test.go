package secret

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/internal/private/privatetest"
	"github.com/qpimport/qpimport/pkg/source"
)

func TestFile(t *testing.T) {
	pfx := "\x30\x82\x01\x00\xff\x0a"
	for _, c := range []struct{ name, in, want string }{
		{"plain", "pa55", "pa55"},
		{"one newline", "pa55\n", "pa55"},
		{"CRLF", "pa55\r\n", "pa55"},
		{"only one newline is dropped", "pa55\n\n", "pa55\n"},
		{"spaces stay", " pa55 \n", " pa55 "},
		{"UTF-8 mark", "\xef\xbb\xbfpä55\n", "pä55"},
		{"UTF-16 little endian", "\xff\xfep\x00\xe4\x00\r\x00\n\x00", "pä"},
		{"UTF-16 big endian", "\xfe\xff\x00p\x00\xe4", "pä"},
		{"a certificate in binary form stays", pfx, pfx},
		{"PEM", "-----BEGIN X-----\nAA\n-----END X-----\n", "-----BEGIN X-----\nAA\n-----END X-----"},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(privatetest.TempDir(t), "secret")
			if err := os.WriteFile(path, []byte(c.in), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Resolver{Warn: t.Logf}.Resolve(t.Context(), "file:"+path)
			if err != nil || got.Reveal() != c.want {
				t.Errorf("got %q, %v; want %q", got.Reveal(), err, c.want)
			}
		})
	}
}

// A variable that was filled from a file with the line ends of Windows has one at its end.
func TestVariable(t *testing.T) {
	for in, want := range map[string]string{
		"pa55": "pa55", "pa55\r": "pa55", "pa55\r\n": "pa55", "pa55\n": "pa55", " pa55 ": " pa55 ", "pä55": "pä55", "pa\r\n55": "pa\r\n55",
	} {
		v := Resolver{Getenv: func(string) string { return in }}
		if got, err := v.Resolve(t.Context(), "env:X"); err != nil || got.Reveal() != want {
			t.Errorf("%q: got %q, %v; want %q", in, got.Reveal(), err, want)
		}
	}
	for _, in := range []string{"", "\n", "\r\n"} {
		v := Resolver{Getenv: func(string) string { return in }}
		if _, err := v.Resolve(t.Context(), "env:X"); source.CodeOf(err) != source.CodeUsage {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// TestErrors checks that what cannot be resolved is a usage error that
// does not repeat what may be a secret.
func TestErrors(t *testing.T) {
	big := filepath.Join(privatetest.TempDir(t), "big")
	empty := filepath.Join(privatetest.TempDir(t), "empty")
	for path, n := range map[string]int{big: maxSize + 1, empty: 0} {
		if err := os.WriteFile(path, make([]byte, n), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	v := Resolver{Getenv: func(string) string { return "" }, Warn: t.Logf}
	for _, ref := range []string{
		"hunter2", "env:hunter2!", "env:", "file:", "command:", `command:"hunter2`, "https://hunter2", "env:UNSET",
		"file:" + big, "file:" + empty, "file:" + privatetest.TempDir(t), "command:no-such-program-here hunter2",
	} {
		_, err := v.Resolve(t.Context(), ref)
		if source.CodeOf(err) != source.CodeUsage {
			t.Errorf("%s: %v, want a usage error", ref, err)
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error repeats the secret: %v", err)
		}
	}
}

func TestLater(t *testing.T) {
	v := Resolver{Getenv: func(name string) string { return "pa55 of " + name }}
	if v.Later("") != nil {
		t.Error("no REF has a secret")
	}
	if got, err := v.Later("env:NAME")(t.Context()); err != nil || got.Reveal() != "pa55 of NAME" {
		t.Errorf("got %q, %v", got.Reveal(), err)
	}
}

// TestWarning is given of a file that others can read, and names no secret.
func TestWarning(t *testing.T) {
	path := filepath.Join(privatetest.TempDir(t), "secret")
	if err := os.WriteFile(path, []byte("hunter2"), 0o600); err != nil {
		t.Fatal(err)
	}
	privatetest.Open(t, path)
	var warned string
	v := Resolver{Warn: func(format string, args ...any) { warned = fmt.Sprintf(format, args...) }}
	if _, err := v.Resolve(t.Context(), "file:"+path); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(warned, " can be read by ") || !strings.HasPrefix(warned, "warning: "+path) || strings.Contains(warned, "hunter2") {
		t.Errorf("warned: %q", warned)
	}
}
