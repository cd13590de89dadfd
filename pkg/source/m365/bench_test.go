package m365

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// BenchmarkUsersGraph reads 100,000 users over the wire. The pages are made and
// compressed beforehand, so that it is the reading that is measured.
func BenchmarkUsersGraph(b *testing.B) {
	const users = 100_000
	var pages [][]byte
	var size int
	for from := 0; from < users; from += pageSize {
		var plain bytes.Buffer
		plain.WriteString(`{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users","value":[`)
		for i := from; i < min(from+pageSize, users); i++ {
			if i > from {
				plain.WriteByte(',')
			}
			plain.Write(graphfake.Person(i))
		}
		plain.WriteByte(']')
		if from+pageSize < users {
			fmt.Fprintf(&plain, `,"@odata.nextLink":"http://HOST/v1.0/users?$skiptoken=%d"`, len(pages)+1)
		}
		plain.WriteByte('}')
		size += plain.Len()
		pages = append(pages, plain.Bytes())
	}
	var packed [][]byte
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("$skiptoken")) // absent is page 0
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed[n])
	}))
	defer server.Close()
	host := []byte(server.Listener.Addr().String())
	for _, page := range pages {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		_, _ = w.Write(bytes.ReplaceAll(page, []byte("HOST"), host))
		_ = w.Close()
		packed = append(packed, z.Bytes())
	}

	directory, err := Open(b.Context(), Config{
		Connection:  source.Connection{Kind: source.M365, Graph: source.Graph{AccessTokenFrom: "env:TOKEN", GraphURL: server.URL}},
		AccessToken: secret("ready"),
	})
	if err != nil {
		b.Fatal(err)
	}
	defer directory.Close()
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	var all []source.User
	b.SetBytes(int64(size))
	b.ReportAllocs()
	for b.Loop() {
		all = make([]source.User, 0, users)
		for u, err := range directory.Users(b.Context(), source.Scope{}) {
			if err != nil {
				b.Fatal(err)
			}
			all = append(all, u)
		}
		if len(all) != users {
			b.Fatalf("%d users", len(all))
		}
	}
	b.ReportMetric(float64(users)*float64(b.N)/b.Elapsed().Seconds(), "users/s")
	b.ReportMetric(float64(live()-before)/users, "live-B/user")
	runtime.KeepAlive(all)
}
