// Live measures `apply` of many customers whose directories answer late: each is
// served over LDAP and Graph by fakes in this process.
//
//	go run ./bench/live [-customers 50] [-users 200] [-delay 100ms] [-parallel 4,8] QPIMPORT
//
// Prints the time of one customer alone, of all of them, and the bound: 1.5 times
// the one, times the customers, by how many are worked on side by side.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
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
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(10)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	err = run(os.Stdout, flag.Arg(0), dir, *customers, *users, *delay, strings.Split(*parallel, ","))
	if e := os.RemoveAll(dir); err == nil {
		err = e
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(w io.Writer, bin, dir string, customers, users int, delay time.Duration, parallel []string) error {
	if err := mspfake.Write(dir, customers, users); err != nil {
		return err
	}
	var all bytes.Buffer
	all.WriteString("version: 1\ncustomers:\n")
	for n := 1; n <= customers; n++ {
		part, stop, err := serve(dir, n, delay)
		if err != nil {
			return err
		}
		defer stop()
		if n == 1 {
			one := append([]byte("version: 1\ncustomers:\n"), part...)
			if err := os.WriteFile(filepath.Join(dir, "one.yaml"), one, 0o600); err != nil {
				return err
			}
		}
		all.Write(part)
	}
	if err := os.WriteFile(filepath.Join(dir, "all.yaml"), all.Bytes(), 0o600); err != nil {
		return err
	}
	slowest, err := apply(bin, dir, "one.yaml", "1")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "1 customer: %.2f s\n", slowest.Seconds())
	for _, p := range parallel {
		took, err := apply(bin, dir, "all.yaml", p)
		if err != nil {
			return err
		}
		var side float64
		if _, err := fmt.Sscan(p, &side); err != nil {
			return err
		}
		fmt.Fprintf(w, "%d customers, %s side by side: %.2f s, bound %.2f s\n", customers, p, took.Seconds(), 1.5*slowest.Seconds()*float64(customers)/side)
	}
	return nil
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

// apply carries a manifest out on a new state file.
func apply(bin, dir, manifest, parallel string) (time.Duration, error) {
	cmd := exec.Command(bin, "-q", "apply", "-f", filepath.Join(dir, manifest), "--parallel", parallel,
		"--state", filepath.Join(dir, manifest+parallel+".db"))
	cmd.Env = append(os.Environ(), "BENCH_SECRET="+password)
	start := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	return time.Since(start), nil
}
