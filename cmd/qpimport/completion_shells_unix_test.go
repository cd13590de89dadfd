//go:build unix

package main

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"
)

// envShells set to "required" fails where there is a shell missing.
const envShells = "QPIMPORT_TEST_SHELLS"

// transcript is what a terminal was sent, whatever it would look like: each shell draws
// in its own way.
type transcript struct {
	mu   sync.Mutex
	sent bytes.Buffer
	news chan struct{}
}

func (s *transcript) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case s.news <- struct{}{}:
	default:
	}
	return s.sent.Write(p)
}

// await waits until a text was sent, and forgets what was sent up to there.
func (s *transcript) await(t *testing.T, text string) {
	t.Helper()
	tooLate := time.After(late)
	for {
		s.mu.Lock()
		sent := s.sent.String()
		if i := strings.Index(sent, text); i >= 0 {
			s.sent.Next(i + len(text))
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		select {
		case <-s.news:
		case <-tooLate:
			t.Fatalf("%q was not shown; there is %q", text, sent)
		}
	}
}

// TestCompletionInShells sits at a terminal in each shell, types the beginning of a
// command, presses Tab and runs what then stands there: what it prints shows which name
// it was given.
func TestCompletionInShells(t *testing.T) {
	if os.Getenv(envWine) != "" {
		t.Skip("these shells run the program for this system, not the one for Windows")
	}
	w := newWorld(t)
	dir := t.TempDir()
	for _, args := range [][]string{
		{"customers", "create", "Contoso", "--external-id", "itglue:7"},
		{"customers", "create", "Evil $(touch pwned); *", "--external-id", "itglue:666"},
		{"customers", "create", "Fabrikam Süd", "--external-id", "itglue:8"},
		{"customers", "create", "O'Brien & Sons (UK)", "--external-id", "itglue:9"},
		{"customers", "create", "Tailspin", "--external-id", "itglue:10"},
		{"directories", "connect", "ad", "-c", "Contoso", "--file", "../../testdata/contoso/ad.ldif"},
		{"import", "-c", "Contoso", "--source", "ad", "--password-sync", "off", "--ou", "corp.contoso.example/Staff", "-r", "--all"},
		{"directories", "connect", "ad", "-c", "Fabrikam Süd", "--file", filepath.Join(dir, "groups.ldif")},
	} {
		if args[0] == "directories" && strings.HasSuffix(args[len(args)-1], "groups.ldif") {
			writeGroups(t, filepath.Join(dir, "groups.ldif"))
		}
		w.must(t, args...)
	}
	w.must(t, "import", "-c", "Fabrikam Süd", "--source", "ad", "--password-sync", "off", "--group", "App Users")
	for _, shell := range []struct {
		name  string
		argv  []string
		setup string
		evil  string
	}{
		{"bash", []string{"bash", "--norc", "-i"}, `source /usr/share/bash-completion/bash_completion; source <(qpimport completion bash)`, `no customer "Ev"`},
		{"zsh", []string{"zsh", "-f", "-i"}, `autoload -U compinit; compinit -u -D; source <(qpimport completion zsh)`, `no customer "Ev"`},
		{"fish", []string{"fish", "--no-config", "--private", "-i"}, `qpimport completion fish | source`, "itglue:666"},
	} {
		t.Run(shell.name, func(t *testing.T) {
			missing := ""
			if _, err := exec.LookPath(shell.name); err != nil {
				missing = shell.name
			} else if _, err := os.Stat("/usr/share/bash-completion/bash_completion"); err != nil && shell.name == "bash" {
				missing = "bash-completion"
			}
			if missing != "" {
				if os.Getenv(envShells) == "required" {
					t.Fatalf("no %s: testdata/shells.sh install", missing)
				}
				t.Skipf("no %s; testdata/shells.sh install has it, and %s=required insists", missing, envShells)
			}
			home := t.TempDir()
			cmd := exec.Command(shell.argv[0], shell.argv[1:]...)
			cmd.Dir = home
			cmd.Env = append(os.Environ(), envState+"="+w.env[envState], "TERM=xterm", "HOME="+home, "PS1=> ", "LC_ALL=C.UTF-8",
				"XDG_CONFIG_HOME="+home, "XDG_DATA_HOME="+home)
			terminal, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: 50, Cols: 250})
			if err != nil {
				t.Fatal(err)
			}
			defer terminal.Close()
			s := &transcript{news: make(chan struct{}, 1)}
			go func() { _, _ = io.Copy(s, terminal) }() // until the shell is gone
			press := func(keys string) {
				t.Helper()
				if _, err := terminal.WriteString(keys); err != nil {
					t.Fatal(err)
				}
			}
			press(shell.setup + "\r")
			press("echo \"be\"\"gin\"\r")
			s.await(t, "begin")
			for _, c := range []struct{ typed, want string }{
				{"qpimport customers show Con\t", "itglue:7"},
				{"qpimport customers show Fab\t", "itglue:8"}, // with a space, and beyond ASCII
				{"qpimport customers show O\t", "itglue:9"},   // what a shell quotes
				{"qpimport customers show Tails\t", "itglue:10"},
				// What a shell would obey is offered as its id, which has another beginning.
				{"qpimport customers show Ev\t", shell.evil},
				{"qpimport status -c Con\t -o cs\t", "id,name,"},
				{"qpimport accounts show -c Contoso mash\t", "Margaret Ashworth"},
				{"qpimport users -c Contoso --source ad -o csv --ou OU=Osa\t", "ksato"},
				{"qpimport users -c Fab\t --source a\t -o csv --group App\t", "uma@x.example"},
				{"qpimport users -c Fab\t --source a\t -o csv --ou OU=Sub-Unit,DC=x,\t", "uma@x.example"},
				{"qpimport refresh -c Contoso --dry-run --allow miss\t12 -o cs\t", "nothing was written"},
				{"qpimport customers show --customer=Con\t Fab\t", "itglue:8"},
				{"qpimport history show 6\t", "directories connect"},
				{"qpimport accou\t --state needs_e\t -o csv\t", "suggested_email"},
			} {
				press(c.typed)
				press("\r")
				s.await(t, c.want)
				press("echo \"ne\"\"xt\"\r")
				s.await(t, "next")
			}
			press("exit\r")
			if err := cmd.Wait(); err != nil {
				t.Error(err)
			}
			if _, err := os.Stat(filepath.Join(home, "pwned")); err == nil {
				t.Error("the name of a customer was obeyed")
			}
		})
	}
}

// writeGroups writes an export with a group whose name has a space.
func writeGroups(t *testing.T, path string) {
	t.Helper()
	const text = `dn: DC=x,DC=example
objectClass: domainDNS
objectGUID: 00000000-0000-4000-8000-0000000000f0

dn: OU=Sub-Unit,DC=x,DC=example
objectClass: organizationalUnit
objectGUID: 00000000-0000-4000-8000-0000000000f1

dn: CN=uma,OU=Sub-Unit,DC=x,DC=example
objectClass: user
objectGUID: 00000000-0000-4000-8000-000000000001
sAMAccountName: uma
sAMAccountType: 805306368
userAccountControl: 512
displayName: Uma Lind
mail: uma@x.example

dn: CN=App Users,DC=x,DC=example
objectClass: group
objectGUID: 00000000-0000-4000-8000-0000000000a1
sAMAccountName: App Users
name: App Users
member: CN=uma,OU=Sub-Unit,DC=x,DC=example
`
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
