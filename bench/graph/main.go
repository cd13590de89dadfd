// Graph measures how many users of a tenant are read in a second of CPU, and how
// much live memory that takes: by qpimport, and by the models and the page
// iterator of Microsoft's SDK, from the same fake in another process. It is a
// module of its own, since compiling those models takes minutes and 4.6 GB.
//
//	cd bench/graph && go run . [-users 100000]
package main

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"runtime/metrics"
	"strings"
	"syscall"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/models"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
	"github.com/qpimport/qpimport/pkg/source/m365"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

const token = "bench"

func main() {
	count := flag.Int("users", 100_000, "how many users the tenant has")
	flag.Parse()
	var err error
	switch flag.Arg(0) {
	case "":
		err = compare(*count)
	case "serve":
		err = serve(*count)
	case "qpimport":
		err = measure(*count, flag.Arg(1), qpimport)
	case "sdk":
		err = measure(*count, flag.Arg(1), sdk)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// compare runs the fake and each reader in a process of its own.
func compare(count int) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	users := fmt.Sprint("-users=", count)
	fake := exec.Command(self, users, "serve")
	fake.Stderr = os.Stderr
	stop, err := fake.StdinPipe()
	if err != nil {
		return err
	}
	out, err := fake.StdoutPipe()
	if err != nil {
		return err
	}
	if err := fake.Start(); err != nil {
		return err
	}
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	fmt.Println("| reader | users | users a CPU second | wall s | live MiB |\n| --- | --- | --- | --- | --- |")
	for range 3 {
		for _, reader := range []string{"qpimport", "sdk"} {
			c := exec.Command(self, users, reader, strings.TrimSpace(url))
			c.Stdout, c.Stderr = os.Stdout, os.Stderr
			if err := c.Run(); err != nil {
				return err
			}
		}
	}
	_ = stop.Close()
	return fake.Wait()
}

// serve serves the tenant until standard input ends.
func serve(count int) error {
	s := graphfake.Start(graphfake.Options{Count: count, User: graphfake.Person, AccessToken: token, Gzip: true})
	defer s.Close()
	fmt.Println(s.URL)
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// measure prints what it took to read all users.
func measure(want int, url string, read func(ctx context.Context, url string, each func()) error) error {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	got, peak := 0, uint64(0)
	start, before := time.Now(), cpu()
	err := read(context.Background(), url, func() {
		if got++; got%1000 == 0 {
			metrics.Read(live)
			peak = max(peak, live[0].Value.Uint64())
		}
	})
	took, wall := cpu()-before, time.Since(start)
	if err != nil {
		return err
	}
	if got != want {
		return fmt.Errorf("%d users, want %d", got, want)
	}
	fmt.Printf("| %s | %d | %.0f | %.2f | %.0f |\n", flag.Arg(0), got, float64(got)/took.Seconds(), wall.Seconds(), float64(peak)/(1<<20))
	return nil
}

// cpu is the time that this process has computed.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		log.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func qpimport(ctx context.Context, url string, each func()) error {
	d, err := m365.Open(ctx, m365.Config{
		Connection:  source.Connection{Kind: source.M365, Graph: source.Graph{AccessTokenFrom: "env:TOKEN", GraphURL: url}},
		AccessToken: func(context.Context) (source.Secret, error) { return source.NewSecret(token), nil },
	})
	if err != nil {
		return err
	}
	for _, err := range d.Users(ctx, source.Scope{}) {
		if err != nil {
			return err
		}
		each()
	}
	return d.Close()
}

// bearer signs requests with the token, as the SDK wants to be told.
type bearer struct{}

func (bearer) AuthenticateRequest(_ context.Context, r *abstractions.RequestInformation, _ map[string]any) error {
	r.Headers.Add("Authorization", "Bearer "+token)
	return nil
}

func sdk(ctx context.Context, url string, each func()) error {
	abstractions.RegisterDefaultDeserializer(func() serialization.ParseNodeFactory { return jsonserialization.NewJsonParseNodeFactory() })
	adapter, err := msgraphgocore.NewGraphRequestAdapterBase(bearer{}, msgraphgocore.GraphClientOptions{})
	if err != nil {
		return err
	}
	adapter.SetBaseUrl(url + "/v1.0")
	top := int32(999)
	page, err := users.NewUsersRequestBuilderInternal(map[string]string{"baseurl": url + "/v1.0"}, adapter).Get(ctx, &users.UsersRequestBuilderGetRequestConfiguration{
		QueryParameters: &users.UsersRequestBuilderGetQueryParameters{Select: strings.Split(graphuser.Select, ","), Top: &top},
	})
	if err != nil {
		return err
	}
	pages, err := msgraphgocore.NewPageIterator[models.Userable](page, adapter, models.CreateUserCollectionResponseFromDiscriminatorValue)
	if err != nil {
		return err
	}
	return pages.Iterate(ctx, func(u models.Userable) bool {
		if u.GetId() == nil {
			log.Fatal("a user without id")
		}
		each()
		return true
	})
}
