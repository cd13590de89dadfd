// Live measures `apply` of many customers whose directories answer late: each is
// served over LDAP and Graph by fakes in this process.
//
//	go run ./bench/live [-customers 50] [-users 200] [-delay 100ms] [-parallel 4,8] QPIMPORT
//	go run ./bench/live -runners 8 [-customers 50] [-users 200] [-delay 100ms] [-state ADDRESS] QPIMPORT
//
// Prints the time of one customer alone, of all of them, and the bound: 1.5 times
// the one, times the customers, by how many are worked on side by side. With
// -runners it prints what one runner does, and so many at once on one registry,
// each with customers of its own; -state is an empty one, a new file by default.
package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/mspfake"
)

const user, password = "svc@corp.example", "bench"

func main() {
	customers := flag.Int("customers", 50, "how many customers")
	users := flag.Int("users", 200, "how many users each")
	delay := flag.Duration("delay", 100*time.Millisecond, "how late every answer comes")
	parallel := flag.String("parallel", "4,8", "how many customers side by side, with commas between")
	runners := flag.Int("runners", 0, "how many runners at once, each with so many customers")
	state := flag.String("state", "", "the registry of the runners; a file by default")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(10)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	b := bench{flag.Arg(0), dir, *customers, *users, *delay}
	if *runners > 0 {
		err = b.runners(os.Stdout, *runners, cmp.Or(*state, filepath.Join(dir, "state.db")))
	} else {
		err = b.sideBySide(os.Stdout, strings.Split(*parallel, ","))
	}
	if e := os.RemoveAll(dir); err == nil {
		err = e
	}
	if err != nil {
		log.Fatal(err)
	}
}

// bench is what is measured: a program, and customers with a folder for them.
type bench struct {
	bin, dir         string
	customers, users int
	delay            time.Duration
}

const head = "version: 1\ncustomers:\n"

func (b bench) sideBySide(w io.Writer, parallel []string) error {
	parts, stop, err := b.serveAll(b.customers)
	defer stop()
	if err != nil {
		return err
	}
	all := filepath.Join(b.dir, "all.yaml")
	if err := os.WriteFile(all, []byte(head+strings.Join(parts, "")), 0o600); err != nil {
		return err
	}
	one := filepath.Join(b.dir, "one.yaml")
	if err := os.WriteFile(one, []byte(head+parts[0]), 0o600); err != nil {
		return err
	}
	slowest, err := b.apply(one, one+".db", "--parallel", "1")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1 customer: %.2f s\n", slowest.Seconds())
	for _, p := range parallel {
		took, err := b.apply(all, all+p+".db", "--parallel", p)
		if err != nil {
			return err
		}
		var side float64
		if _, err := fmt.Sscan(p, &side); err != nil {
			return err
		}
		fmt.Fprintf(w, "%d customers, %s side by side: %.2f s, bound %.2f s\n", b.customers, p, took.Seconds(), 1.5*slowest.Seconds()*float64(b.customers)/side)
	}
	return nil
}

// runners has one runner bring in its customers, then count others at once theirs.
func (b bench) runners(w io.Writer, count int, state string) error {
	parts, stop, err := b.serveAll(b.customers * (count + 1))
	defer stop()
	if err != nil {
		return err
	}
	var manifests []string
	for own := range slices.Chunk(parts, b.customers) {
		name := filepath.Join(b.dir, fmt.Sprintf("runner%d.yaml", len(manifests)))
		if err := os.WriteFile(name, []byte(head+strings.Join(own, "")), 0o600); err != nil {
			return err
		}
		manifests = append(manifests, name)
	}
	rate := func(manifests []string) (float64, error) {
		errs := make([]error, len(manifests))
		var wg sync.WaitGroup
		start := time.Now()
		for i, m := range manifests {
			wg.Go(func() { _, errs[i] = b.apply(m, state) })
		}
		wg.Wait()
		return float64(b.customers*len(manifests)) / time.Since(start).Seconds(), errors.Join(errs...)
	}
	one, err := rate(manifests[:1])
	if err != nil {
		return err
	}
	all, err := rate(manifests[1:])
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1 runner with %d customers: %.1f customers a second\n%d runners with as many each: %.1f, %.1f times as many\n", b.customers, one, count, all, all/one)
	return b.count(state, len(parts))
}

// count sees that every customer is there once, with its people.
func (b bench) count(state string, customers int) error {
	cmd := exec.Command(b.bin, "-q", "status", "--state", state, "-o", "jsonl")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return err
	}
	names := map[string]bool{}
	for line := range bytes.Lines(out) {
		var c struct {
			Name     string
			Accounts json.RawMessage
		}
		if err := json.Unmarshal(line, &c); err != nil {
			return err
		}
		if names[c.Name] || !bytes.Contains(c.Accounts, fmt.Appendf(nil, `"total":%d`, b.users)) {
			return fmt.Errorf("%s is there twice, or not with %d people: %s", c.Name, b.users, line)
		}
		names[c.Name] = true
	}
	if len(names) != customers {
		return fmt.Errorf("there are %d customers of %d", len(names), customers)
	}
	return nil
}

// serveAll serves the directories of new customers until stop is called, and
// returns their parts of manifests.
func (b bench) serveAll(customers int) (parts []string, stop func(), err error) {
	var stops []func()
	stop = func() {
		for _, stop := range stops {
			stop()
		}
	}
	if err := mspfake.Write(b.dir, customers, b.users); err != nil {
		return nil, stop, err
	}
	for n := 1; n <= customers; n++ {
		part, end, err := serve(b.dir, n, b.delay)
		if err != nil {
			return nil, stop, err
		}
		parts, stops = append(parts, string(part)), append(stops, end)
	}
	return parts, stop, nil
}

// serve serves the directories of the n-th customer until stop is called, and
// returns its part of the manifest.
func serve(dir string, n int, delay time.Duration) (part []byte, stop func(), err error) {
	export := func(name string) string { return filepath.Join(dir, "exports", fmt.Sprintf("%03d-%s", n, name)) }
	var page struct{ Value []json.RawMessage }
	b, err := os.ReadFile(export("m365.json"))
	if err == nil {
		err = json.Unmarshal(b, &page)
	}
	if err != nil {
		return nil, nil, err
	}
	late := func(int, *http.Request) graphfake.Fault { return graphfake.Late(delay) }
	tenant := fmt.Sprintf("7e9b3a52-4f0d-4c7e-9b1a-%012d", n)
	graph := graphfake.Start(graphfake.Options{Tenant: tenant, Users: page.Value, ClientSecret: password, Fault: late, SignInFault: late})
	part = fmt.Appendf(nil, `  - name: Customer %d
    directories:
      m365: {tenant: %s, client_id: %s, client_secret: "env:BENCH_SECRET", graph_url: "%s", authority_url: "%s"}
`, n, tenant, graphfake.DefaultClientID, graph.GraphURL(), graph.URL)
	entries, err := ldapfake.ReadLDIF(export("ad.ldif"))
	if os.IsNotExist(err) {
		return append(part, "    password_sync: \"off\"\n    import: [{source: m365}]\n"...), graph.Close, nil
	}
	if err != nil {
		graph.Close()
		return nil, nil, err
	}
	ad, err := ldapfake.Start(ldapfake.Options{
		Domain: fmt.Sprintf("DC=corp,DC=c%03d,DC=example", n), Entries: entries, Accounts: map[string]string{user: password},
		Faults: ldapfake.Faults{Edit: func(a ldapfake.Answer) ([]byte, error) {
			if a.N == 0 {
				time.Sleep(delay)
			}
			return a.Bytes, nil
		}},
	})
	if err != nil {
		graph.Close()
		return nil, nil, err
	}
	return fmt.Appendf(part, `      ad: {url: "%s", bind_dn: %s, bind_password: "env:BENCH_SECRET", ca_file: "%s"}
    password_sync: "on"
    import: [{source: ad, ou: ["corp.c%03d.example/Staff"]}]
    match: {auto: true}
`, ad.URL(), user, ad.CAFile(), n), func() { graph.Close(); ad.Close() }, nil
}

// apply carries a manifest out on a registry.
func (b bench) apply(manifest, state string, more ...string) (time.Duration, error) {
	cmd := exec.Command(b.bin, append([]string{"-q", "apply", "-f", manifest, "--state", state}, more...)...)
	cmd.Env = append(os.Environ(), "BENCH_SECRET="+password)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return time.Since(start), nil
}
