package main

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// TestRefreshAllInterrupted ends a refresh of all while it reads its second
// customer: the first is done, the second as it was, and the same command again
// continues.
func TestRefreshAllInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var late atomic.Bool
	graph := graphfake.Start(graphfake.Options{
		AccessToken: "canary-t0ken", Count: 3, User: graphfake.Person,
		Fault: func(int, *http.Request) graphfake.Fault {
			if !late.Swap(false) {
				return nil
			}
			cancel()
			return graphfake.Late(time.Minute)
		},
	})
	defer graph.Close()
	w, c := newWorld(t), newCompany(t)
	w.env["TOKEN"] = "canary-t0ken"
	c.write(t, nil, []string{boxLine(1, "ann@x.example", "Ann Bell")})
	for name, connection := range map[string][]string{
		"Contoso":  {"--file", c.m365},
		"Fabrikam": {"--graph-url", graph.GraphURL(), "--access-token-from", "env:TOKEN"},
	} {
		w.must(t, "customers", "create", name)
		w.must(t, append([]string{"directories", "connect", "m365", "-c", name}, connection...)...)
		w.must(t, "import", "-c", name, "--source", "m365", "--password-sync", "off", "--all")
	}
	c.write(t, nil, []string{boxLine(1, "ann@x.example", "Ann Lee")})
	before := w.must(t, "accounts", "-c", "Fabrikam", "-o", "json")

	late.Store(true)
	status, out, errText := w.run(ctx, "refresh", "--all", "--parallel", "1")
	if status != 130 || !strings.HasPrefix(out, "2 customers: 1 changed, 0 unchanged, 0 refused, 0 failed, 1 not done\n") || strings.Contains(out, "context") {
		t.Fatalf("exit status %d\n%s%s", status, out, errText)
	}
	if list := w.must(t, "accounts", "-c", "Contoso"); !strings.Contains(list, "Ann Lee") {
		t.Errorf("the first was lost:\n%s", list)
	}
	if now := w.must(t, "accounts", "-c", "Fabrikam", "-o", "json"); now != before {
		t.Errorf("got %s, want %s", now, before)
	}
	if again := w.must(t, "refresh", "--all"); !strings.HasPrefix(again, "2 customers: 0 changed, 2 unchanged, ") {
		t.Errorf("again: %s", again)
	}
}

// TestRefreshTwoAtOnce has two refreshes find the same: one writes it, neither
// fails, and nothing is left to do.
func TestRefreshTwoAtOnce(t *testing.T) {
	w, c := newWorld(t), newCompany(t)
	people := func(surname string) []string {
		var lines []string
		for i := range 100 {
			lines = append(lines, boxLine(i, fmt.Sprintf("p%d@x.example", i), fmt.Sprintf("Ann%d %s", i, surname)))
		}
		return lines
	}
	c.write(t, nil, people("Bell"))
	w.must(t, "customers", "create", "Contoso")
	w.must(t, "directories", "connect", "m365", "-c", "Contoso", "--file", c.m365)
	w.must(t, "import", "-c", "Contoso", "--source", "m365", "--password-sync", "off", "--all")
	for round := range 5 {
		c.write(t, nil, people(fmt.Sprint("Lee", round)))
		var wrote atomic.Int32
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				status, out, errText := w.run(t.Context(), "refresh", "-c", "Contoso", "-o", "json")
				if status != 0 {
					t.Errorf("exit status %d: %s", status, errText)
				}
				if !strings.Contains(out, `"run": null`) {
					wrote.Add(1)
				}
			})
		}
		wg.Wait()
		if wrote.Load() != 1 {
			t.Errorf("%d of two refreshes wrote", wrote.Load())
		}
		if again := w.must(t, "refresh", "-c", "Contoso", "-o", "json"); !strings.Contains(again, `"run": null`) {
			t.Errorf("left to do: %s", again)
		}
	}
}

// TestUndoOfAnotherVersion takes back what another version of the program did.
func TestUndoOfAnotherVersion(t *testing.T) {
	w, c := newWorld(t), newCompany(t)
	c.write(t, nil, []string{boxLine(1, "ann@x.example", "Ann Bell")})
	w.must(t, "customers", "create", "Contoso")
	w.must(t, "directories", "connect", "m365", "-c", "Contoso", "--file", c.m365)
	w.must(t, "import", "-c", "Contoso", "--source", "m365", "--password-sync", "off", "--all")
	before := w.must(t, "accounts", "-o", "json")
	c.write(t, nil, []string{boxLine(1, "ann@x.example", "Ann Lee")})
	w.must(t, "refresh", "-c", "Contoso")
	db, err := sql.Open("sqlite", w.env[envState])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(`UPDATE runs SET version = '9.9.9' WHERE command = 'refresh'`); err != nil {
		t.Fatal(err)
	}
	w.must(t, "undo", "4")
	if now := w.must(t, "accounts", "-o", "json"); now != before {
		t.Errorf("got %s, want %s", now, before)
	}
}
