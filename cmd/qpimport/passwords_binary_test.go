package main

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

// resetRig is the sample company, matched, with Graph holding back the first PATCH
// until it is let go.
type resetRig struct {
	binary
	out     string
	reached chan struct{} // closed when the PATCH has come
	letGo   func()
}

func newResetRig(t *testing.T, b binary) *resetRig {
	t.Helper()
	entries, err := ldapfake.ReadLDIF("../../testdata/contoso/ad.ldif")
	if err != nil {
		t.Fatal(err)
	}
	ad, err := ldapfake.Start(ldapfake.Options{Entries: entries, Accounts: map[string]string{resetUser: resetPassword}, Resetters: map[string]ldapfake.Rights{resetUser: ldapfake.AllRights}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ad.Close)
	var page struct{ Value []json.RawMessage }
	text, err := os.ReadFile("../../testdata/contoso/m365.json")
	if err == nil {
		err = json.Unmarshal(text, &page)
	}
	if err != nil {
		t.Fatal(err)
	}
	release := make(chan struct{})
	r := &resetRig{out: filepath.Join(t.TempDir(), "new.csv"), reached: make(chan struct{}), letGo: sync.OnceFunc(func() { close(release) })}
	held := sync.OnceFunc(func() { close(r.reached); <-release })
	graph := graphfake.Start(graphfake.Options{Users: page.Value, Passwords: graphfake.Passwords{Reset: true}, Fault: func(_ int, q *http.Request) graphfake.Fault {
		if q.Method != http.MethodPatch {
			return nil
		}
		return func(w http.ResponseWriter, q *http.Request, next http.Handler) {
			next.ServeHTTP(w, q) // done, and the answer is not sent yet
			held()
		}
	}})
	t.Cleanup(graph.Close)
	t.Cleanup(r.letGo) // before the server is closed
	r.binary = b
	r.env = append(r.env[:len(r.env):len(r.env)], "RESET="+resetPassword, "SECRET="+graphfake.DefaultClientSecret, "QPIMPORT_CUSTOMER=Contoso")
	live := []string{"--url", ad.URL(), "--ca-file", ad.CAFile(), "--bind-dn", resetUser, "--bind-password-from", "env:RESET"}
	cloud := []string{"--tenant", graphfake.DefaultTenant, "--client-id", graphfake.DefaultClientID, "--client-secret-from", "env:SECRET", "--graph-url", graph.URL, "--authority-url", graph.URL}
	r.must(t, "customers", "create", "Contoso")
	for _, role := range [][]string{nil, {"--role", "reset"}} {
		r.must(t, append(append([]string{"directories", "connect", "ad"}, role...), live...)...)
		r.must(t, append(append([]string{"directories", "connect", "m365"}, role...), cloud...)...)
	}
	r.must(t, "import", "--source", "ad", "--password-sync", "on", "--ou", "corp.contoso.example/Staff", "-r", "--all")
	r.must(t, "match", "--auto")
	return r
}

// testResetKilled kills a reset while Microsoft 365's answer is on its way: AD and
// Microsoft 365 have the password of the first, the second has the old one, and going
// on says so and sets what is missing.
func testResetKilled(t *testing.T, b binary) {
	r := newResetRig(t, b)
	c := r.command("passwords", "reset", "cokafor", "riyer", "--out", r.out)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-r.reached
	if err := c.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // it was killed
	r.letGo()
	if status, out, _ := r.run(t, "status", "-o", "json"); status != 0 || !strings.Contains(out, `"password_open"`) {
		t.Errorf("status: %d\n%s", status, out)
	}
	if status, _, errText := r.run(t, "passwords", "reset", "cokafor", "--show"); status != 12 || !strings.Contains(errText, "--resume 8") {
		t.Errorf("again: %d, %s", status, errText)
	}
	status, out, errText := r.run(t, "passwords", "reset", "--resume", "8", "-o", "json")
	var result struct {
		Accounts []struct{ Username, Outcome string }
	}
	if err := json.Unmarshal([]byte(out), &result); err != nil || status != 3 || len(result.Accounts) != 2 {
		t.Fatalf("%d, %v: %s\n%s", status, err, errText, out)
	}
	for _, acc := range result.Accounts {
		if want := map[string]string{"cokafor": "set", "riyer": "not_set"}[acc.Username]; acc.Outcome != want {
			t.Errorf("%s is %s, want %s", acc.Username, acc.Outcome, want)
		}
	}
	r.must(t, "passwords", "reset", "--resume", "8", "--from", r.out)
	if out := r.must(t, "status", "-o", "json"); strings.Contains(out, `"code": "password_`) {
		t.Errorf("%s", out)
	}
}

// testResetInterrupted interrupts a reset between the two sides: that person is done to
// the end, the next is left alone, and the exit status says that it was interrupted.
func testResetInterrupted(t *testing.T, b binary) {
	if runtime.GOOS == "windows" {
		return // there is no signal to send
	}
	r := newResetRig(t, b)
	c := r.command("passwords", "reset", "cokafor", "riyer", "--out", r.out, "-o", "json")
	var out strings.Builder
	c.Stdout = &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	<-r.reached
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(100*time.Millisecond, r.letGo)
	_ = c.Wait() // the status is looked at below
	if status := c.ProcessState.ExitCode(); status != 130 || !strings.Contains(out.String(), `"set": 1`) || !strings.Contains(out.String(), `"not_set": 1`) {
		t.Errorf("exit status %d: %s", status, out.String())
	}
}
