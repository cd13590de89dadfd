//go:build unix

package main

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// The secrets of this test hold these words, and nothing else does.
const (
	rightCanary = "canary-right-"
	wrongCanary = "canary-wrong-"
)

// vault stands for a password manager: it prints the secret that is asked for,
// and keeps how it was called.
const vault = `#!/bin/sh
env >"$0.env"
printf '%s\n' "$0" "$@" >"$0.args"
cat "${0%/*}/$1"
`

// testSecrets gives the program secrets by each kind of reference, right and
// wrong ones, goes through the job at the highest verbosity, and then looks for
// them wherever something can be left: output, state file, journal, temporary
// and other files, and the command lines and environments of processes.
func testSecrets(t *testing.T, b binary) {
	for _, scheme := range []string{"env", "file", "command"} {
		t.Run(scheme, func(t *testing.T) { testSecretsBy(t, b, scheme) })
	}
}

func testSecretsBy(t *testing.T, b binary, scheme string) {
	store, home := t.TempDir(), t.TempDir()
	adSecret, m365Secret := rightCanary+"ad-"+scheme, rightCanary+"m365-"+scheme
	secrets := map[string]string{"ad": adSecret, "m365": m365Secret, "wrong": wrongCanary + scheme}
	b.env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "QPIMPORT_") }),
		"HOME="+home, "XDG_STATE_HOME="+home, "XDG_CONFIG_HOME="+home, "TMPDIR="+home, "SQLITE_TMPDIR="+home)
	if err := os.WriteFile(filepath.Join(store, "vault"), []byte(vault), 0o700); err != nil {
		t.Fatal(err)
	}
	refs := map[string]string{}
	for name, secret := range secrets {
		if err := os.WriteFile(filepath.Join(store, name), []byte(secret+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		switch scheme {
		case "env":
			b.env = append(b.env, "SECRET_"+strings.ToUpper(name)+"="+secret)
			refs[name] = "env:SECRET_" + strings.ToUpper(name)
		case "file":
			refs[name] = "file:" + filepath.Join(store, name)
		default:
			refs[name] = "command:" + filepath.Join(store, "vault") + " " + name
		}
	}
	b.env = append(b.env, envState+"="+filepath.Join(home, "state.db"))

	entries, err := ldapfake.ReadLDIF("../../testdata/contoso/ad.ldif")
	if err != nil {
		t.Fatal(err)
	}
	ldap, err := ldapfake.Start(ldapfake.Options{Entries: entries, Accounts: map[string]string{adUser: adSecret}})
	if err != nil {
		t.Fatal(err)
	}
	defer ldap.Close()
	graph := graphfake.Start(graphfake.Options{Count: 10, User: graphPerson, ClientSecret: m365Secret})
	defer graph.Close()

	look := startLookout(b.state() + "-journal")
	defer look.stop()
	var output bytes.Buffer
	logFile := filepath.Join(home, "qpimport.log")
	say := func(want int, args ...string) {
		t.Helper()
		status, out, errText := b.run(t, append(args, "-vv", "-c", "Contoso", "--log-file", logFile)...)
		if status != want {
			t.Errorf("%s: exit status %d, want %d\n%s", strings.Join(args, " "), status, want, errText)
		}
		output.WriteString(out + errText)
	}
	connect := func(ad, m365 string) {
		t.Helper()
		say(0, "directories", "connect", "ad", "--url", ldap.URL(), "--ca-file", ldap.CAFile(), "--bind-dn", adUser, "--bind-password-from", refs[ad])
		say(0, "directories", "connect", "m365", "--tenant", graphfake.DefaultTenant, "--client-id", graphfake.DefaultClientID,
			"--client-secret-from", refs[m365], "--graph-url", graph.GraphURL(), "--authority-url", graph.URL)
	}
	say(0, "customers", "create", "Contoso")
	connect("wrong", "wrong")
	say(13, "directories", "test", "-o", "json")
	say(13, "import", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all")
	say(3, "doctor")
	connect("ad", "m365")
	say(0, "directories", "test")
	say(0, "import", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all", "-o", "json")
	say(0, "match", "--auto")
	say(0, "doctor", "-o", "json")

	if !strings.Contains(output.String(), "level=DEBUG") {
		t.Error("there is no log in the output")
	}
	if b, err := os.ReadFile(logFile); err != nil || !bytes.Contains(b, []byte("level=DEBUG")) || !bytes.Contains(b, []byte("exit=13")) {
		t.Errorf("the log file: %v, %.500q", err, b)
	}
	clear := func(where string, content []byte) {
		t.Helper()
		if i := bytes.Index(content, []byte("canary-")); i >= 0 {
			t.Errorf("%s holds a secret: …%q…", where, content[max(0, i-60):min(len(content), i+40)])
		}
	}
	clear("the output", output.Bytes())
	clear("a command line or the journal", look.stop())
	eachFile(t, home, clear)
	if scheme == "command" {
		for _, name := range []string{"vault.env", "vault.args"} {
			content, err := os.ReadFile(filepath.Join(store, name))
			if err != nil {
				t.Fatal(err)
			}
			clear(name, content)
		}
		sameEnvironment(t, filepath.Join(store, "vault.env"), b.env)
	}
}

func eachFile(t *testing.T, root string, visit func(name string, content []byte)) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		n++
		content, err := os.ReadFile(path)
		visit(path, content)
		return err
	})
	if err != nil || n == 0 {
		t.Errorf("looked at %d files: %v", n, err)
	}
}

// sameEnvironment wants a secret's program to have got our environment, and
// nothing besides but what its shell adds.
func sameEnvironment(t *testing.T, path string, given []string) {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{"_": true, "PWD": true, "OLDPWD": true, "SHLVL": true}
	for _, v := range given {
		name, _, _ := strings.Cut(v, "=")
		names[name] = true
	}
	for line := range strings.Lines(string(content)) {
		if name, _, found := strings.Cut(line, "="); found && !names[name] {
			t.Errorf("the program was given %s", name)
		}
	}
	if !bytes.Contains(content, []byte("\nHOME=")) && !bytes.HasPrefix(content, []byte("HOME=")) {
		t.Error("the program has no HOME")
	}
}

// lookout looks at the command lines of all processes and at a journal for as
// long as it runs, and keeps those with a secret.
type lookout struct {
	end  chan struct{}
	kept chan []byte
	got  []byte
	over bool
}

func startLookout(journal string) *lookout {
	l := &lookout{end: make(chan struct{}), kept: make(chan []byte)}
	go func() {
		var kept []byte
		for {
			names, _ := filepath.Glob("/proc/[0-9]*/cmdline") // none but on Linux
			for _, name := range append(names, journal) {
				if content, err := os.ReadFile(name); err == nil && bytes.Contains(content, []byte("canary-")) {
					kept = append(kept, content...)
				}
			}
			select {
			case <-l.end:
				l.kept <- kept
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return l
}

func (l *lookout) stop() []byte {
	if !l.over {
		l.over = true
		close(l.end)
		l.got = <-l.kept
	}
	return l.got
}
