package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// binary is the program as it is shipped, with a state file of its own.
type binary struct {
	path string
	env  []string
}

func buildBinary(t *testing.T) binary {
	t.Helper()
	dir := t.TempDir()
	b := binary{path: filepath.Join(dir, "qpimport"), env: append(os.Environ(), envState+"="+filepath.Join(dir, "state", "state.db"))}
	if wine := os.Getenv(envWine); wine != "" {
		b.path = filepath.Join(wine, "qpimport")
		return b
	}
	if runtime.GOOS == "windows" {
		b.path += ".exe"
	}
	build := exec.Command("go", "build", "-o", b.path, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return b
}

func (b binary) command(args ...string) *exec.Cmd {
	c := exec.Command(b.path, args...)
	c.Env = b.env
	return c
}

// run returns the exit status, standard output and standard error.
func (b binary) run(t *testing.T, args ...string) (int, string, string) {
	t.Helper()
	var out, errText bytes.Buffer
	c := b.command(args...)
	c.Stdout, c.Stderr = &out, &errText
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return c.ProcessState.ExitCode(), out.String(), errText.String()
}

func (b binary) must(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errText := b.run(t, args...)
	if status != 0 {
		t.Fatalf("%s: exit status %d\n%s", strings.Join(args, " "), status, errText)
	}
	return out
}

// accounts counts the accounts in the registry.
func (b binary) accounts(t *testing.T) int {
	t.Helper()
	return strings.Count(b.must(t, "accounts", "-o", "jsonl"), "\n")
}

// TestBinary runs the program as it is shipped.
func TestBinary(t *testing.T) {
	b := buildBinary(t)
	t.Run("two at once", func(t *testing.T) { testTwoAtOnce(t, b.fresh(t)) })
	t.Run("one log", func(t *testing.T) { testOneLog(t, b.fresh(t)) })
	t.Run("interrupt", func(t *testing.T) { testInterrupt(t, b.fresh(t)) })
	t.Run("kill", func(t *testing.T) { testKill(t, b.fresh(t)) })
	t.Run("reset killed", func(t *testing.T) { testResetKilled(t, b.fresh(t)) })
	t.Run("reset interrupted", func(t *testing.T) { testResetInterrupted(t, b.fresh(t)) })
	t.Run("secrets", func(t *testing.T) { testSecretsStayOut(t, b.fresh(t)) })
	t.Run("newer and damaged state", func(t *testing.T) { testState(t, b.fresh(t)) })
}

// fresh is the same binary with an empty registry.
func (b binary) fresh(t *testing.T) binary {
	b.env = append(b.env[:len(b.env):len(b.env)], envState+"="+filepath.Join(t.TempDir(), "state.db"))
	return b
}

func (b binary) state() string {
	return strings.TrimPrefix(b.env[len(b.env)-1], envState+"=")
}

// testOneLog has several processes write to one log file: each line is one of theirs,
// whole, and none is lost.
func testOneLog(t *testing.T, b binary) {
	const n = 8
	path := filepath.Join(filepath.Dir(b.state()), "log.json")
	b.must(t, "customers", "create", strings.Repeat("Long ", 50))
	var wg sync.WaitGroup
	for range n {
		wg.Go(func() {
			if status, _, errText := b.run(t, "accounts", "show", strings.Repeat("nobody", 300), "--log-file", path, "--log-format", "json", "-vv"); status != 11 {
				t.Errorf("exit status %d\n%s", status, errText)
			}
		})
	}
	wg.Wait()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	begun, ended := map[int]int{}, map[int]int{}
	for line := range strings.Lines(string(content)) {
		var record struct {
			Msg   string
			PID   int
			Error string
		}
		if err := json.Unmarshal([]byte(line), &record); err != nil {
			t.Errorf("%v: %q", err, line)
		}
		switch record.Msg {
		case "begin":
			begun[record.PID]++
		case "end":
			ended[record.PID]++
			if len(record.Error) < 1800 {
				t.Errorf("an end without its error: %q", line)
			}
		}
	}
	if len(begun) != n || !maps.Equal(begun, ended) {
		t.Errorf("%v began, %v ended", begun, ended)
	}
}

// testTwoAtOnce starts several writers on one state file: none fails, nothing
// is lost, and an import that runs twice makes its accounts once.
func testTwoAtOnce(t *testing.T, b binary) {
	const n = 6
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			if status, _, errText := b.run(t, "customers", "create", fmt.Sprintf("Customer %d", i)); status != 0 {
				t.Errorf("exit status %d: %s", status, errText)
			}
		})
	}
	wg.Wait()
	if got := strings.Count(b.must(t, "customers", "-o", "jsonl"), "\n"); got != n {
		t.Errorf("%d customers, want %d", got, n)
	}
	b.must(t, "directories", "connect", "m365", "-c", "Customer 0", "--file", "../../testdata/contoso/m365.json")
	for range 2 {
		wg.Go(func() {
			status, _, errText := b.run(t, "import", "-c", "Customer 0", "--password-sync", "off", "--all")
			if status != 0 {
				t.Errorf("exit status %d: %s", status, errText)
			}
		})
	}
	wg.Wait()
	if got := b.accounts(t); got != 60 {
		t.Errorf("%d accounts, want 60", got)
	}
}

// connectGraph connects a fake tenant with a ready token.
func (b *binary) connectGraph(t *testing.T, o graphfake.Options) {
	t.Helper()
	o.AccessToken = "canary-M365-t0ken"
	s := graphfake.Start(o)
	t.Cleanup(s.Close)
	state := b.env[len(b.env)-1]
	b.env = append(b.env[:len(b.env)-1], "ACCESS_TOKEN="+o.AccessToken, state)
	b.must(t, "customers", "create", "Contoso")
	b.must(t, "directories", "connect", "m365", "-c", "Contoso", "--graph-url", s.GraphURL(), "--access-token-from", "env:ACCESS_TOKEN")
}

func graphPerson(i int) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012x","displayName":"Person %[1]d","userPrincipalName":"p%[1]d@contoso.example",
		"mail":"p%[1]d@contoso.example","accountEnabled":true,"userType":"Member","assignedPlans":[{"service":"exchange","capabilityStatus":"Enabled"}]}`, i))
}

// testInterrupt presses Ctrl-C in the middle of a read.
func testInterrupt(t *testing.T, b binary) {
	reading := make(chan struct{}, 10)
	b.connectGraph(t, graphfake.Options{Count: 100, User: graphPerson, PageSize: 10, Fault: func(n int, r *http.Request) graphfake.Fault {
		if n < 4 {
			return nil
		}
		reading <- struct{}{}
		return graphfake.Late(time.Minute)
	}})
	var errText bytes.Buffer
	c := b.command("import", "-c", "Contoso", "--password-sync", "off", "--all", "-o", "json")
	c.Stderr = &errText
	mayInterrupt(c)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-reading
	if err := interrupt(c); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // the status is looked at below
	if got := c.ProcessState.ExitCode(); got != 130 || !strings.Contains(errText.String(), `"code":"interrupted"`) {
		t.Errorf("exit status %d: %s", got, errText.String())
	}
	if got := b.accounts(t); got != 0 {
		t.Errorf("%d accounts were written", got)
	}
}

// testKill kills the program while it writes: the registry is as before or as
// after, sound, and the same import then succeeds.
func testKill(t *testing.T, b binary) {
	const n = 2000
	b.connectGraph(t, graphfake.Options{Count: n, User: graphPerson})
	killed := 0
	for range 8 {
		c := b.command("import", "-c", "Contoso", "--password-sync", "off", "--all", "-q")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() { _ = c.Wait(); close(done) }()
		if waitForJournal(b.state()+"-journal", done) {
			killed++
			_ = c.Process.Kill() // it may have ended by itself
		}
		<-done
		if got := b.accounts(t); got != 0 && got != n {
			t.Fatalf("%d accounts: neither none nor all", got)
		}
		b.must(t, "doctor")
		if b.accounts(t) == n {
			b.must(t, "accounts", "delete", "-c", "Contoso", "--all", "--yes")
		}
	}
	if killed == 0 {
		t.Error("no import was killed while it wrote")
	}
	b.must(t, "import", "-c", "Contoso", "--password-sync", "off", "--all")
	if got := b.accounts(t); got != n {
		t.Errorf("%d accounts, want %d", got, n)
	}
}

// waitForJournal waits until the program has begun to write, or has ended.
func waitForJournal(path string, done <-chan struct{}) bool {
	for {
		select {
		case <-done:
			return false
		default:
		}
		if _, err := os.Stat(path); err == nil {
			return true
		}
		runtime.Gosched()
	}
}

// testSecretsStayOut goes through the job with secrets of each kind and looks
// for them in all that the program writes.
func testSecretsStayOut(t *testing.T, b binary) {
	entries, err := ldapfake.ReadLDIF("../../testdata/contoso/ad.ldif")
	if err != nil {
		t.Fatal(err)
	}
	ldap, err := ldapfake.Start(ldapfake.Options{Entries: entries, Accounts: map[string]string{adUser: adPassword}})
	if err != nil {
		t.Fatal(err)
	}
	defer ldap.Close()
	graph := graphfake.Start(graphfake.Options{Count: 10, User: graphPerson, ClientSecret: "canary-M365-s3cret"})
	defer graph.Close()
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("canary-M365-s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.env = append(b.env[:len(b.env)-1], "AD_PASSWORD="+adPassword, "WRONG=canary-wrong", b.env[len(b.env)-1])

	var written strings.Builder
	say := func(want int, args ...string) {
		t.Helper()
		status, out, errText := b.run(t, append(args, "-vv", "-c", "Contoso")...)
		if status != want {
			t.Errorf("%s: exit status %d, want %d\n%s", strings.Join(args, " "), status, want, errText)
		}
		written.WriteString(strings.Join(args, " ") + out + errText)
	}
	connectAD := func(ref string) {
		say(0, "directories", "connect", "ad", "--url", ldap.URL(), "--ca-file", ldap.CAFile(), "--bind-dn", adUser, "--bind-password-from", ref)
	}
	connectM365 := func(ref string) {
		say(0, "directories", "connect", "m365", "--tenant", graphfake.DefaultTenant, "--client-id", graphfake.DefaultClientID,
			"--client-secret-from", ref, "--graph-url", graph.GraphURL(), "--authority-url", graph.URL)
	}
	say(0, "customers", "create", "Contoso")
	connectAD("env:WRONG")
	connectM365("env:WRONG")
	say(13, "directories", "test")
	say(13, "import", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all", "-o", "json")
	connectAD("env:AD_PASSWORD")
	connectM365("file:" + file)
	say(0, "directories", "test", "-o", "json")
	say(0, "directories")
	say(0, "import", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all")
	say(0, "match", "--auto")
	say(0, "doctor")
	state, err := os.ReadFile(b.state())
	if err != nil {
		t.Fatal(err)
	}
	for _, where := range []struct{ name, text string }{{"the output", written.String()}, {"the state file", string(state)}} {
		for _, secret := range []string{"canary", "pa55", "s3cret"} {
			if i := strings.Index(where.text, secret); i >= 0 {
				t.Errorf("%s holds %q: …%s…", where.name, secret, where.text[max(0, i-60):min(len(where.text), i+60)])
			}
		}
	}
	if !strings.Contains(string(state), "env:AD_PASSWORD") {
		t.Error("the state file holds no reference")
	}
}

// testState hands the program state files that it must not touch.
func testState(t *testing.T, b binary) {
	b.must(t, "customers", "create", "Contoso")
	sound, err := os.ReadFile(b.state())
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Clone(sound)
	newer[62] = 0x7f // user_version, big endian at offset 60 of the file
	damaged := append(bytes.Clone(sound[:100]), bytes.Repeat([]byte{0xff}, len(sound)-100)...)
	for name, content := range map[string][]byte{"state_newer": newer, "state_damaged": damaged} {
		if err := os.WriteFile(b.state(), content, 0o600); err != nil {
			t.Fatal(err)
		}
		status, out, errText := b.run(t, "customers", "create", "X", "-o", "json")
		if status != 15 || out != "" || !strings.Contains(errText, `"code":"`+name+`"`) {
			t.Errorf("%s: exit status %d: %s", name, status, errText)
		}
		after, err := os.ReadFile(b.state())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(after, content) {
			t.Errorf("%s: the file was changed", name)
		}
	}
}
