// Groups measures what groups and privileges cost beside the users of a live Active
// Directory: it reads the users alone, then with who holds power, then with all groups
// and everybody in them as well, in turn.
//
//	go run ./bench/groups [-runs 3]
//
// Where the domain controller is, the variables QPIMPORT_TEST_AD_… say, as
// testdata/samba/setup.sh env prints them.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/ad"
)

func main() {
	runs := flag.Int("runs", 3, "how often each is read")
	flag.Parse()
	if err := run(context.Background(), os.Stdout, *runs); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, runs int) error {
	for range runs {
		var alone time.Duration
		for _, more := range []struct {
			name           string
			powers, groups bool
		}{{"users alone", false, false}, {"users and privileges", true, false}, {"users, privileges and all groups", true, true}} {
			took, err := measure(ctx, w, more.name, more.powers, more.groups)
			if err != nil {
				return err
			}
			if alone == 0 {
				alone = took
			}
			fmt.Fprintf(w, ": %.2f s, %.2f of the users alone\n", took.Seconds(), took.Seconds()/alone.Seconds())
		}
	}
	return nil
}

// measure reads the users over a connection of its own, and what is to be read beside.
func measure(ctx context.Context, w io.Writer, name string, powers, groups bool) (time.Duration, error) {
	env := func(name string) string { return os.Getenv("QPIMPORT_TEST_AD_" + name) }
	begin := time.Now()
	d, err := ad.Open(ctx, ad.Config{
		Connection: source.Connection{Kind: source.AD, Transport: source.TransportLDAPS, LDAP: source.LDAP{
			URL: env("URL"), BindDN: env("BIND_DN"), BindPasswordFrom: "file:" + env("PASSWORD_FILE"), CAFile: env("CA"), TLSServerName: env("TLS_NAME"),
		}},
		Password: func(context.Context) (source.Secret, error) {
			b, err := os.ReadFile(env("PASSWORD_FILE"))
			return source.NewSecret(strings.TrimSpace(string(b))), err
		},
	})
	if err != nil {
		return 0, err
	}
	defer func() { _ = d.Close() }()
	var users []*source.User
	for u, err := range d.Users(ctx, source.Scope{}) {
		if err != nil {
			return 0, err
		}
		users = append(users, &u)
	}
	fmt.Fprintf(w, "%s (%d users", name, len(users))
	if powers {
		found, err := d.Powers(ctx)
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(w, ", %d privileged", len(source.NewGroupIndex(found.Groups, users).Privileges()))
	}
	if groups {
		list, err := d.Groups(ctx, nil)
		if err != nil {
			return 0, err
		}
		members := 0
		for _, g := range list {
			members += len(g.Members)
		}
		fmt.Fprintf(w, ", %d groups with %d members", len(list), members)
	}
	fmt.Fprint(w, ")")
	return time.Since(begin), nil
}
