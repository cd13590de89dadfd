package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// TestApplyInterrupted ends an apply while it reads its second customer: the first
// is done, the second as it was, and the same command again continues.
func TestApplyInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	graph := graphfake.Start(graphfake.Options{
		AccessToken: "canary-t0ken", Count: 3, User: graphfake.Person,
		Fault: func(int, *http.Request) graphfake.Fault {
			if ctx.Err() != nil {
				return nil
			}
			cancel()
			return graphfake.Late(time.Minute)
		},
	})
	defer graph.Close()
	exports, err := filepath.Abs("../../testdata/contoso")
	if err != nil {
		t.Fatal(err)
	}
	manifest := filepath.Join(t.TempDir(), "customers.yaml")
	text := fmt.Sprintf(`
version: 1
defaults: {password_sync: "off"}
customers:
  - name: Contoso
    directories: {m365: {file: %q}}
    import: [{source: m365}]
  - name: Fabrikam
    directories: {m365: {graph_url: %q, access_token: "env:TOKEN"}}
    import: [{source: m365}]
`, filepath.Join(exports, "m365.json"), graph.GraphURL())
	if err := os.WriteFile(manifest, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w := newWorld(t)
	w.env["TOKEN"] = "canary-t0ken"

	status, out, errText := w.run(ctx, "apply", "-f", manifest, "--parallel", "1")
	if status != 130 || !strings.HasPrefix(out, "2 customers: 1 changed, 0 unchanged, 0 failed, 1 not done\n") {
		t.Fatalf("exit status %d\n%s%s", status, out, errText)
	}
	if list := w.must(t, "customers", "-o", "csv"); strings.Count(list, "\n") != 2 || strings.Contains(list, "Fabrikam") {
		t.Errorf("after the interruption there are\n%s", list)
	}
	again := w.must(t, "apply", "-f", manifest, "--parallel", "1")
	if !strings.HasPrefix(again, "2 customers: 1 changed, 1 unchanged, 0 failed\n") {
		t.Errorf("again: %s", again)
	}
}
