// Groups measures what groups and privileges cost beside the users of a live Active
// Directory that bench/ldap.sh has filled: the time of each, and how much longer the
// users take with it.
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
	env := func(name string) string { return os.Getenv("QPIMPORT_TEST_AD_" + name) }
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
		return err
	}
	defer func() { _ = d.Close() }()
	for range runs {
		if err := measure(ctx, w, d); err != nil {
			return err
		}
	}
	return nil
}

// measure reads the users, then what is to be known beside them.
func measure(ctx context.Context, w io.Writer, d *ad.Directory) error {
	begin := time.Now()
	var users []*source.User
	for u, err := range d.Users(ctx, source.Scope{}) {
		if err != nil {
			return err
		}
		users = append(users, &u)
	}
	alone := time.Since(begin)
	begin = time.Now()
	found, err := d.Powers(ctx)
	if err != nil {
		return err
	}
	power := time.Since(begin)
	privileged := len(source.NewGroupIndex(found.Groups, users).Privileges())
	begin = time.Now()
	groups, err := d.Groups(ctx, nil)
	if err != nil {
		return err
	}
	all, members := time.Since(begin), 0
	for _, g := range groups {
		members += len(g.Members)
	}
	begin = time.Now()
	if _, err := d.Groups(ctx, func(g *source.Group) bool { return g.Name == "All" }); err != nil {
		return err
	}
	one := time.Since(begin)
	fmt.Fprintf(w, "| %d users | %.2f s | |\n", len(users), alone.Seconds())
	for _, part := range []struct {
		what string
		took time.Duration
	}{
		{fmt.Sprintf("who holds power (%d people)", privileged), power}, {"one group of all users", one},
		{fmt.Sprintf("all %d groups, %d members", len(groups), members), all},
	} {
		fmt.Fprintf(w, "| %s | %.2f s | %.2f |\n", part.what, part.took.Seconds(), (alone+part.took).Seconds()/alone.Seconds())
	}
	return nil
}
