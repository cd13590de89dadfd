package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// company is a customer's two directories as exports.
type company struct {
	ad, m365 string
}

// adLine and boxLine are lines of the exports.
func adLine(id int, username, name, email string, control int) string {
	return fmt.Sprintf(`{"objectClass":["user"],"DistinguishedName":"CN=%s,OU=Staff,DC=x,DC=example","ObjectGUID":"00000000-0000-4000-8000-%012d","sAMAccountName":%q,"displayName":%q,"mail":%q,"userPrincipalName":"%s@x.example","userAccountControl":%d,"sAMAccountType":805306368}`,
		username, id, username, name, email, username, control)
}

func boxLine(id int, address, name string) string {
	return fmt.Sprintf(`{"id":"00000000-0000-4000-8000-%012d","displayName":%q,"userPrincipalName":%q,"mail":%q,"accountEnabled":true,"assignedLicenses":[{"skuId":"1"}]}`,
		id, name, address, address)
}

func newCompany(t *testing.T) company {
	dir := t.TempDir()
	return company{filepath.Join(dir, "ad.jsonl"), filepath.Join(dir, "m365.jsonl")}
}

func (c company) write(t *testing.T, ad, m365 []string) {
	t.Helper()
	for path, lines := range map[string][]string{c.ad: ad, c.m365: m365} {
		if lines == nil {
			continue
		}
		if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestUndoAndRedo takes a life back run by run, down to the empty registry, and
// then brings it all about again: after each step accounts, pairs, decisions and
// customers are to the byte what they were.
func TestUndoAndRedo(t *testing.T) {
	w, c := newWorld(t), newCompany(t)
	w.env[envCustomer] = "Contoso"
	ann, bob, cat := adLine(1, "ann", "Ann Bell", "", 512), adLine(2, "bob", "Bob Kane", "", 512), adLine(3, "cat", "Cat Lund", "cat@ad.example", 512)
	boxes := []string{boxLine(101, "ann@x.example", "Ann Bell"), boxLine(102, "bob@x.example", "Bob Kane"), boxLine(103, "cat@x.example", "Cat Lund")}
	c.write(t, []string{ann, bob, cat}, boxes)

	states := []string{worldState(t, w)}
	step := func(args ...string) {
		t.Helper()
		before := len(runsOf(t, w))
		w.must(t, args...)
		for range len(runsOf(t, w)) - before {
			states = append(states, worldState(t, w))
		}
		if got := len(runsOf(t, w)); got != len(states)-1 || got == before {
			t.Fatalf("%v: %d runs, were %d", args, got, before)
		}
	}
	step("customers", "create", "Contoso", "--external-id", "itglue:1")
	step("customers", "set", "Contoso", "--new-people", "import")
	step("directories", "connect", "ad", "--file", c.ad)
	step("directories", "connect", "m365", "--file", c.m365)
	step("import", "--source", "ad", "--password-sync", "on", "-r", "--all", "--ou", "OU=Staff,DC=x,DC=example")
	step("match", "--auto")
	step("match", "--unpair", "bob")
	step("match", "--pair", "bob=bob@x.example")
	step("accounts", "set-email", "cat", "cat.set@x.example")
	step("customers", "rename", "Contoso", "contoso Ltd")
	w.env[envCustomer] = "itglue:1"
	// A marriage, a leaver and a rehire.
	c.write(t, []string{adLine(1, "ann.lee", "Ann Lee", "", 512), adLine(2, "bob", "Bob Kane", "", 514), adLine(9, "cat", "Cat Lund", "", 512)}, nil)
	step("refresh")
	step("accounts", "delete", "00000000-0000-4000-8000-000000000009")
	step("accounts", "relink", "00000000-0000-4000-8000-000000000003", "--ad", "00000000-0000-4000-8000-000000000009")
	step("customers", "set", "itglue:1", "--password-sync", "off", "--convert")
	step("customers", "set", "itglue:1", "--password-sync", "on", "--convert")
	step("decisions", "forget", "--all", "--yes")
	c.write(t, nil, append([]string{boxLine(101, "ann@x.example", "Ann Lee")}, boxes[1:]...))
	step("match", "--auto")
	step("directories", "disconnect", "m365")
	step("accounts", "delete", "--all", "--yes")
	step("customers", "delete", "itglue:1", "--with-accounts", "--yes")
	made := len(states) - 1

	for run := made; run > 0; run-- {
		w.must(t, "undo", fmt.Sprint(run), "--dry-run")
		w.must(t, "undo", fmt.Sprint(run))
		if got := worldState(t, w); got != states[run-1] {
			t.Fatalf("run %d taken back:\n%s\nwant\n%s", run, got, states[run-1])
		}
	}
	for run := 1; run <= made; run++ {
		w.must(t, "undo", fmt.Sprint(2*made+1-run)) // what took it back
		if got := worldState(t, w); got != states[run] {
			t.Fatalf("run %d brought back:\n%s\nwant\n%s", run, got, states[run])
		}
	}
	delete(w.env, envCustomer)
	w.must(t, "doctor")
}

// worldState is all of a registry that commands show and a run may change.
func worldState(t *testing.T, w world) string {
	t.Helper()
	w.env = map[string]string{envState: w.env[envState]}
	state := w.must(t, "accounts", "-o", "json") + w.must(t, "customers", "-o", "json")
	var doc struct{ Customers []struct{ ID string } }
	if err := json.Unmarshal([]byte(w.must(t, "customers", "-o", "json")), &doc); err != nil {
		t.Fatal(err)
	}
	for _, c := range doc.Customers {
		state += w.must(t, "decisions", "-c", c.ID, "-o", "json")
	}
	return state
}

// runsOf are the numbers of all runs, the newest first.
func runsOf(t *testing.T, w world) []int64 {
	t.Helper()
	w.env = map[string]string{envState: w.env[envState]}
	var doc struct{ Runs []struct{ ID int64 } }
	if err := json.Unmarshal([]byte(w.must(t, "history", "-o", "json")), &doc); err != nil {
		t.Fatal(err)
	}
	var ids []int64
	for _, r := range doc.Runs {
		ids = append(ids, r.ID)
	}
	return ids
}

// TestUndoAtOnce takes one run back several times at once: one does, the others
// are told so.
func TestUndoAtOnce(t *testing.T) {
	for name, last := range map[string][]string{
		"accounts": {"accounts", "delete", "-c", "Contoso", "--all", "--yes"},
		"customer": {"customers", "delete", "Contoso", "--with-accounts", "--yes"},
	} {
		t.Run(name, func(t *testing.T) {
			w, c := newWorld(t), newCompany(t)
			c.write(t, []string{adLine(1, "ann", "Ann Bell", "ann@x.example", 512)}, []string{})
			w.must(t, "customers", "create", "Contoso")
			w.must(t, "directories", "connect", "ad", "-c", "Contoso", "--file", c.ad)
			w.must(t, "import", "-c", "Contoso", "--password-sync", "off", "--ou", "OU=Staff,DC=x,DC=example", "--all")
			was := worldState(t, w)
			w.must(t, last...)
			var statuses []int
			var mu sync.Mutex
			var wg sync.WaitGroup
			for range 6 {
				wg.Go(func() {
					status, _, errText := w.run(t.Context(), "undo", "4")
					mu.Lock()
					defer mu.Unlock()
					if statuses = append(statuses, status); status == 12 && !strings.Contains(errText, "did so already") {
						t.Error(errText)
					}
				})
			}
			wg.Wait()
			slices.Sort(statuses)
			if !slices.Equal(statuses, []int{0, 12, 12, 12, 12, 12}) {
				t.Errorf("exit statuses %v", statuses)
			}
			if got := worldState(t, w); got != was {
				t.Errorf("%s\nwant\n%s", got, was)
			}
		})
	}
}

// TestUndoBatchInterrupted is interrupted before it begins: what is not done is
// said, and nothing was.
func TestUndoBatchInterrupted(t *testing.T) {
	w := newWorld(t)
	list := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(list, []byte("name\nA\nB\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.must(t, "customers", "import", "csv", list)
	var doc struct{ Runs []struct{ Batch string } }
	if err := json.Unmarshal([]byte(w.must(t, "history", "-o", "json")), &doc); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, _, errText := w.run(ctx, "undo", doc.Runs[0].Batch); status != 130 {
		t.Errorf("exit status %d: %s", status, errText)
	}
	if got := runsOf(t, w); len(got) != 2 {
		t.Errorf("runs %v", got)
	}
}
