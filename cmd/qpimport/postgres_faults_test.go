//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/registry"
	"github.com/qpimport/qpimport/pkg/registry/registrytest/cut"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestPostgres runs the program against what can befall a registry in PostgreSQL. The
// soak does the same at every message, and for longer.
func TestPostgres(t *testing.T) {
	server := postgresServer(t)
	b := buildBinary(t)
	t.Run("eight writers", func(t *testing.T) { testWriters(t, b.in(t, server), 3) })
	t.Run("eight runners", func(t *testing.T) { testRunners(t, b.in(t, server), 4) })
	t.Run("killed", func(t *testing.T) { testKilledRunner(t, b.in(t, server), 6) })
	t.Run("cut", func(t *testing.T) { t.Log(testCut(t, server, 9)) })
	t.Run("power cut", func(t *testing.T) { t.Log(testPowerCut(t, 3)) })
}

// in is the same binary with an empty registry in PostgreSQL.
func (b binary) in(t *testing.T, server pgServer) binary {
	t.Helper()
	address, drop := server.schema()
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	b.env = append(b.env[:len(b.env):len(b.env)], envState+"="+address)
	return b
}

// testRunners has eight processes bring their own customers in, all at once and each
// customer twice: nothing is lost, and nothing is there twice.
func testRunners(t *testing.T, b binary, customers int) {
	const people = 40
	export := t.TempDir() + "/ad.ldif"
	writeExport(t, export, people)
	manifest := func(runner int) string {
		var s strings.Builder
		s.WriteString("version: 1\ncustomers:\n")
		for i := range customers {
			fmt.Fprintf(&s, "  - {name: R%dC%d, password_sync: \"off\", directories: {ad: {file: %s}}, import: [{source: ad, ou: [%s]}]}\n", runner/2, i, export, staff)
		}
		path := fmt.Sprintf("%s/%d.yaml", t.TempDir(), runner)
		if err := os.WriteFile(path, []byte(s.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	paths := make([]string, writers)
	for i := range paths {
		paths[i] = manifest(i)
	}
	atOnce(t, b, func(i int) []string { return []string{"apply", "-f", paths[i]} })
	var list struct {
		Customers []struct {
			Accounts registry.AccountCounts `json:"accounts"`
		} `json:"customers"`
	}
	if err := json.Unmarshal([]byte(b.must(t, "customers", "-o", "json")), &list); err != nil {
		t.Fatal(err)
	}
	for _, c := range list.Customers {
		if c.Accounts.Total != people {
			t.Errorf("%d accounts, want %d", c.Accounts.Total, people)
		}
	}
	if len(list.Customers) != writers/2*customers {
		t.Errorf("%d customers, want %d", len(list.Customers), writers/2*customers)
	}
	b.must(t, "doctor")
}

// testKilledRunner kills the program at any moment of an import.
func testKilledRunner(t *testing.T, b binary, kills int) {
	const people = 2000
	export := t.TempDir() + "/ad.ldif"
	writeExport(t, export, people)
	b.must(t, "customers", "create", "Contoso")
	b.must(t, "customers", "set", "Contoso", "--password-sync", "off")
	b.must(t, "directories", "connect", "ad", "-c", "Contoso", "--file", export)
	begun := time.Now()
	b.must(t, importArgs()...)
	took := time.Since(begun)
	for range kills {
		b.must(t, "accounts", "delete", "-c", "Contoso", "--all", "--yes")
		c := b.command(importArgs()...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(took))
		_ = c.Process.Kill() // it may have ended by itself
		_ = c.Wait()
		if got := b.accounts(t); got != 0 && got != people {
			t.Fatalf("%d accounts: neither none nor all", got)
		}
		b.must(t, importArgs()...) // whatever the server still has of the killed one
		if got := b.accounts(t); got != people {
			t.Fatalf("%d accounts, want %d", got, people)
		}
	}
}

// pilot is a world whose registry is in PostgreSQL, and a customer that can be
// imported again and again.
type pilot struct {
	world
	t      *testing.T
	people int
	export string
	n      int
}

func newPilot(t *testing.T, address string, people int) *pilot {
	t.Helper()
	p := &pilot{world: world{env: map[string]string{envState: address}}, t: t, people: people, export: t.TempDir() + "/ad.ldif"}
	writeExport(t, p.export, people)
	return p
}

// next makes a customer whose import is yet to come, and returns the command.
func (p *pilot) next() (name string, args []string) {
	p.t.Helper()
	p.n++
	name = fmt.Sprintf("Customer %d", p.n)
	p.must(p.t, "customers", "create", name)
	p.must(p.t, "directories", "connect", "ad", "-c", name, "--file", p.export)
	return name, []string{"import", "-c", name, "--source", "ad", "--password-sync", "off", "--ou", staff, "--all", "-o", "json"}
}

// check compares what an import answered with what is in the registry, and names what
// came of it.
func (p *pilot) check(name string, status int, errText string) string {
	p.t.Helper()
	got := strings.Count(p.must(p.t, "accounts", "-c", name, "-o", "jsonl"), "\n")
	runs := strings.Count(p.must(p.t, "history", "-c", name, "-o", "jsonl"), "\n")
	made := got == p.people
	if got != 0 && !made || runs != 2 && !made || made && runs != 3 {
		p.t.Errorf("%d accounts and %d runs after exit status %d: %s", got, runs, status, errText)
	}
	var said struct {
		Error struct {
			Code source.Code `json:"code"`
		} `json:"error"`
	}
	if status != 0 {
		if err := json.Unmarshal([]byte(errText[strings.LastIndex(strings.TrimSpace(errText), "\n")+1:]), &said); err != nil {
			p.t.Errorf("%v: %s", err, errText)
		}
	}
	switch {
	case status == 0 && made:
		return "made"
	case status == 14 && said.Error.Code == registry.CodeUnreachable && !made:
		return "not made"
	case status == 14 && said.Error.Code == registry.CodeOutcomeUnknown:
		return "not known"
	}
	p.t.Errorf("exit status %d, and %d accounts: %s", status, got, errText)
	return "wrong"
}

// testCut cuts the connection at every so manyth message of a whole import, which
// tries again where that is safe.
func testCut(t *testing.T, server pgServer, step int) string {
	address, drop := server.schema()
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	p := newPilot(t, address, 60)
	way := cut.New(t, server.socket)
	through := world{env: map[string]string{envState: strings.Replace(address, server.socket, way.Dir, 1)}}
	outcomes, cuts := map[string]int{}, 0
	for _, arrived := range []bool{false, true} {
		for n := 1 + rand.N(step); ; n += step {
			name, args := p.next()
			way.Break(cut.Point{N: n, Arrived: arrived})
			status, _, errText := through.run(t.Context(), args...)
			outcomes[p.check(name, status, errText)]++
			if way.Seen() < n {
				break
			}
			cuts++
		}
	}
	return fmt.Sprintf("%d cuts: %v", cuts, outcomes)
}

// testPowerCut ends a server of its own, as a power cut does, at any moment of an
// import, and starts it again.
func testPowerCut(t *testing.T, times int) string {
	const setup = "../../testdata/postgres/setup.sh"
	dir := t.TempDir()
	do := func(verb string) string {
		c := exec.Command(setup, verb)
		c.Env = append(os.Environ(), "QPIMPORT_POSTGRES_DIR="+dir)
		out, err := c.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %s: %v\n%s", setup, verb, err, out)
		}
		return string(out)
	}
	do("start")
	t.Cleanup(func() { do("stop") })
	_, socket, _ := strings.Cut(do("env"), "QPIMPORT_TEST_POSTGRES_SOCKET=")
	socket, _, _ = strings.Cut(socket, "\n")
	p := newPilot(t, "postgres://qpimport@/registry?host="+socket, 3000)
	name, args := p.next()
	begun := time.Now()
	p.must(t, args...)
	took := time.Since(begun)
	p.check(name, 0, "")
	outcomes := map[string]int{}
	for i := range times {
		name, args := p.next()
		var status int
		var errText string
		var wg sync.WaitGroup
		wg.Go(func() { status, _, errText = p.run(t.Context(), args...) })
		time.Sleep(took * time.Duration(2*i+1) / time.Duration(2*times))
		do("crash")
		do("start")
		wg.Wait()
		outcomes[p.check(name, status, errText)]++
	}
	p.must(t, "doctor")
	return fmt.Sprintf("%d power cuts: %v", times, outcomes)
}
