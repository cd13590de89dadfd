// Package listtest is what every list of customers over the web is held to: that it
// is read whole or not at all, patiently, and that nobody but its host learns the
// credentials. It is for tests.
package listtest

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// Canary is in every secret that a service is read with; no error may hold it.
const Canary = "canary"

// PageSize is how many organizations the suite asks for at once.
const PageSize = 10

// FirstID is the id of the first organization.
const FirstID = 1001

// Product is a product whose client is held to the suite.
type Product struct {
	// Start serves n customers with ids from FirstID on, in the order of their ids, and
	// names by [Name].
	Start func(t *testing.T, n int) *Service
	// ByID is set where a page is what comes after an id, so that what changes before
	// it moves nothing.
	ByID bool
	// Tokens is set where one signs in: what is refused is asked once more with a new
	// token.
	Tokens bool
	// NotPages are documents that are no page of this product, each with what the error
	// has to say.
	NotPages map[string]string
	// Edits damage the document of a page of three organizations.
	Edits map[string]Edit
}

// Edit damages a page, as decoded; the error has to say Want.
type Edit struct {
	Edit func(doc any) any
	Want string
}

// Service is a running fake and the client that reads it.
type Service struct {
	URL string
	// Before sets who sees the n-th request for a page, counted from 1, before it is
	// answered, and answers himself where he returns true.
	Before func(func(n int, w http.ResponseWriter, r *http.Request) bool)
	// First says whether a request asks for the first page.
	First func(*http.Request) bool
	// Edit sets what damages the documents of pages.
	Edit func(func(doc any) any)
	// IDs changes which organizations there are; it returns their ids.
	IDs func(change func([]int) []int) []int
	// WriteError answers with an error body of the product.
	WriteError func(w http.ResponseWriter, status int, text string)
	// Read reads the list at a URL.
	Read func(ctx context.Context, url string, o weblist.Options) (weblist.Customers, error)
}

// Name is the name of an organization; they are not in the order of ids, and hold
// what is hostile on a terminal.
func Name(id int) string {
	return fmt.Sprintf(" Customer %d \u202e\x1b[2J& Söhne %d ", id*7919%1000, id)
}

// options are those of a test: small pages, no waiting. Waits are recorded.
func options() (weblist.Options, *[]time.Duration) {
	waits := &[]time.Duration{}
	return weblist.Options{
		PageSize: PageSize, MaxBody: 64 << 10,
		Sleep: func(ctx context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return ctx.Err()
		},
	}, waits
}

// WantError checks an error: its code, that it says some things, and no secret.
func WantError(t *testing.T, err error, code source.Code, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want %s", code)
	}
	if got := source.CodeOf(err); got != code {
		t.Errorf("code %q, want %q: %v", got, code, err)
	}
	var e *source.Error
	errors.As(err, &e)
	text := err.Error() + "\n" + e.Hint
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in: %s", part, text)
		}
	}
	if strings.Contains(text, Canary) || strings.ContainsAny(err.Error(), "\x1b\x07") {
		t.Errorf("a secret or a control character is in the error: %q", text)
	}
}

// Run runs the suite.
func Run(t *testing.T, p Product) {
	for name, test := range map[string]func(*testing.T, Product){
		"pages": pages, "shifting": shifting, "not a page": notPages, "damage": damage, "large": large,
		"refusals": refusals, "throttling": throttling, "throttled for too long": throttledForTooLong,
		"failures that pass": failuresThatPass, "another origin": anotherOrigin, "interrupted": interrupted,
		"the clock": theClock, "by a gateway": byGateway, "certificate": certificate, "addresses": addresses,
	} {
		t.Run(name, func(t *testing.T) { test(t, p) })
	}
}

func ids(list weblist.Customers) []int {
	var all []int
	for _, o := range list.Organizations {
		var id int
		_, _ = fmt.Sscan(o.ID, &id)
		all = append(all, id)
	}
	slices.Sort(all)
	return all
}

// Picked are who was picked, by id, and who was skipped, as id=reason, both in their
// order.
func Picked(list weblist.Customers) (ids, skipped string) {
	var all, left []string
	for _, o := range list.Organizations {
		all = append(all, o.ID)
	}
	for _, s := range list.Skipped {
		left = append(left, s.ID+"="+s.Reason)
	}
	return strings.Join(all, " "), strings.Join(left, " ")
}

func keep(ids []int) []int { return ids }

func pages(t *testing.T, p Product) {
	for _, n := range []int{0, 1, PageSize, PageSize + 1, 3*PageSize - 1} {
		s := p.Start(t, n)
		o, waits := options()
		list, err := s.Read(t.Context(), s.URL, o)
		if err != nil {
			t.Fatalf("%d organizations: %v", n, err)
		}
		if got := ids(list); !slices.Equal(got, s.IDs(keep)) || len(list.Skipped) != 0 || len(*waits) != 0 {
			t.Errorf("%d organizations: got %v, skipped %v, waited %v", n, got, list.Skipped, *waits)
		}
		if !slices.IsSortedFunc(list.Organizations, func(a, b source.Organization) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%d organizations are not in the order of their names", n)
		}
		for _, o := range list.Organizations {
			if !slices.ContainsFunc(s.IDs(keep), func(id int) bool { return o.Name == Name(id) && o.ID == fmt.Sprint(id) }) {
				t.Errorf("%+v has not its own name", o)
			}
		}
	}
}

// shifting is a list that changes while its second page is asked for.
func shifting(t *testing.T, p Product) {
	first := FirstID
	for name, change := range map[string]func([]int) []int{
		"the first removed": func(l []int) []int { return l[1:] },
		"one added before":  func(l []int) []int { first--; return slices.Insert(l, 0, first) },
		"the last removed":  func(l []int) []int { return l[:len(l)-1] },
		"one added after":   func(l []int) []int { return append(l, slices.Max(l)+1) },
		"one passed on":     func(l []int) []int { return append(l[1:], slices.Max(l)+1) },
		"replaced":          func(l []int) []int { first--; return slices.Insert(l[:len(l)-1], 0, first) },
	} {
		unmoved := p.ByID && (name == "the first removed" || name == "one added before")
		for _, often := range []int{1, 2, 1000} {
			t.Run(fmt.Sprintf("%s %d", name, often), func(t *testing.T) {
				s := p.Start(t, 25)
				shifts, afterFirst := 0, false
				s.Before(func(_ int, _ http.ResponseWriter, r *http.Request) bool {
					if afterFirst && shifts < often {
						shifts++
						s.IDs(change)
					}
					afterFirst = s.First(r)
					return false
				})
				o, _ := options()
				announced := 0
				o.Announce = func(string, ...any) { announced++ }
				list, err := s.Read(t.Context(), s.URL, o)
				switch {
				case often == 1000 && !unmoved:
					WantError(t, err, source.CodeIncomplete, "never came out whole")
				case err != nil:
					t.Error(err)
				case unmoved && announced > 0:
					t.Error("it was read again for what moves nothing")
				case !unmoved && !slices.Equal(ids(list), s.IDs(keep)):
					t.Errorf("got %v, want %v", ids(list), s.IDs(keep))
				}
			})
		}
	}
}

func notPages(t *testing.T, p Product) {
	const media = "application/json; charset=utf-8"
	tests := map[string]struct{ media, body, want string }{
		"portal":         {"text/html; charset=utf-8", "<html>Sign in</html>", "text/html"},
		"no type":        {"", "{}", "instead of JSON"},
		"empty":          {media, "", "not a JSON"},
		"null":           {media, "null", "not a JSON"},
		"text":           {media, `"Sign in"`, "not a JSON"},
		"not UTF-8":      {media, "{\"\xc3\":1}", "JSON"},
		"an error":       {media, `{"code":"ConnectWiseApi","message":"the licence ended","error":{}}`, ""},
		"an echo twice":  {media, "{\"%[1]s\":1,\"%[1]s\":2}", "JSON"},
		"an error twice": {media, `{"error":"x","error":"y"}`, ""},
	}
	for name, want := range p.NotPages {
		tests[name] = struct{ media, body, want string }{media, name, want}
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := p.Start(t, 3)
			s.Before(func(n int, w http.ResponseWriter, r *http.Request) bool {
				if n == 0 {
					return false
				}
				w.Header()["Content-Type"] = []string{test.media}
				body := test.body
				if name == "an echo twice" {
					body = fmt.Sprintf(body, strings.Join(credentials(r), " "))
				}
				_, _ = io.WriteString(w, body)
				return true
			})
			o, _ := options()
			list, err := s.Read(t.Context(), s.URL, o)
			WantError(t, err, source.CodeIncomplete, test.want)
			if len(list.Organizations) != 0 {
				t.Errorf("and %d organizations", len(list.Organizations))
			}
		})
	}
}

func damage(t *testing.T, p Product) {
	for name, test := range p.Edits {
		t.Run(name, func(t *testing.T) {
			s := p.Start(t, 3)
			s.Edit(test.Edit)
			o, _ := options()
			_, err := s.Read(t.Context(), s.URL, o)
			WantError(t, err, source.CodeIncomplete, test.Want)
		})
	}
}

// large is an answer without an end.
func large(t *testing.T, p Product) {
	s := p.Start(t, 3)
	s.Before(func(_ int, w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", "application/json")
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, strings.Repeat(" ", 4096)); err != nil {
				break
			}
		}
		return true
	})
	o, _ := options()
	_, err := s.Read(t.Context(), s.URL, o)
	WantError(t, err, source.CodeIncomplete, "larger than 65536 bytes")
}

func refusals(t *testing.T, p Product) {
	tests := map[string]struct {
		status int
		text   string
		code   source.Code
		want   []string
	}{
		"unauthorized":  {401, "Invalid key", source.CodeCredentials, []string{"401", "Invalid key"}},
		"forbidden":     {403, "No access", source.CodeCredentials, []string{"403", "No access"}},
		"unprocessable": {422, "name is too long", source.CodeIncomplete, []string{"422", "name is too long"}},
		"not found":     {404, "Nothing here", source.CodeUsage, []string{"404", "URL"}},
		"echoes":        {409, "you sent %s\x1b[2J\n", source.CodeIncomplete, []string{"you sent", "[2J"}},
		"gone":          {503, "maintenance", source.CodeUnreachable, []string{"503", "maintenance"}},
		"no answer":     {204, "", source.CodeIncomplete, []string{"204"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := p.Start(t, 1)
			tries := 0
			s.Before(func(n int, w http.ResponseWriter, r *http.Request) bool {
				if n == 0 {
					return false
				}
				tries++
				text := test.text
				if name == "echoes" {
					text = fmt.Sprintf(text, strings.Join(credentials(r), " "))
				}
				s.WriteError(w, test.status, text)
				return true
			})
			o, waits := options()
			_, err := s.Read(t.Context(), s.URL, o)
			WantError(t, err, test.code, test.want...)
			want := 1
			if test.status >= 500 {
				want = 4
			}
			waited := want - 1
			if test.status == 401 && p.Tokens {
				want = 2
			}
			if tries != want || len(*waits) != waited {
				t.Errorf("%d tries and waits %v", tries, *waits)
			}
		})
	}
}

// credentials are what a request shows who asks.
func credentials(r *http.Request) []string {
	var all []string
	for _, name := range []string{"X-Api-Key", "clientId"} {
		all = append(all, r.Header.Get(name))
	}
	_, word, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	_, password, _ := r.BasicAuth()
	return append(all, word, password)
}

func throttling(t *testing.T, p Product) {
	const date = "Mon, 02 Mar 2026 10:00:00 GMT"
	for retryAfter, want := range map[string]time.Duration{
		"17": 17 * time.Second, "1.5": 1500 * time.Millisecond, "Mon, 02 Mar 2026 10:02:30 GMT": 150 * time.Second,
		"Mon, 02 Mar 2026 09:00:00 GMT": 0, "": time.Minute, "soon": time.Minute, "-5": time.Minute, "NaN": time.Minute,
	} {
		t.Run(retryAfter, func(t *testing.T) {
			s := p.Start(t, 15)
			s.Before(func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n != 2 {
					return false
				}
				w.Header().Set("Date", date)
				if retryAfter != "" {
					w.Header().Set("Retry-After", retryAfter)
				}
				s.WriteError(w, 429, "Slow down")
				return true
			})
			o, waits := options()
			var announced []string
			o.Announce = func(format string, args ...any) { announced = append(announced, fmt.Sprintf(format, args...)) }
			list, err := s.Read(t.Context(), s.URL, o)
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Organizations) != 15 || !slices.Equal(*waits, []time.Duration{want}) {
				t.Errorf("%d organizations, waits %v, want %v", len(list.Organizations), *waits, want)
			}
			if len(announced) != 1 || !strings.Contains(announced[0], want.String()) {
				t.Errorf("announced %q", announced)
			}
		})
	}
}

func throttledForTooLong(t *testing.T, p Product) {
	for name, test := range map[string]struct {
		retryAfter string
		limit      time.Duration
		waits      int
	}{
		"longer than the deadline":    {"120", time.Minute, 0},
		"longer than anybody waits":   {"1e300", time.Hour, 0},
		"longer than a window":        {"901", 24 * time.Hour, 0},
		"always":                      {"1", 24 * time.Hour, 10},
		"a date beyond any calendar":  {"Fri, 31 Dec 9999 23:59:59 GMT", 24 * time.Hour, 0},
		"a number that is not finite": {"Inf", 24 * time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			s := p.Start(t, 1)
			s.Before(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", test.retryAfter)
				s.WriteError(w, 429, "Slow down")
				return true
			})
			ctx, cancel := context.WithTimeout(t.Context(), test.limit)
			defer cancel()
			o, waits := options()
			_, err := s.Read(ctx, s.URL, o)
			want := "longer than this command may take"
			if test.waits > 0 {
				want = "still asks to wait, after 10 waits"
			}
			WantError(t, err, source.CodeThrottled, want)
			if len(*waits) != test.waits {
				t.Errorf("waited %v", *waits)
			}
		})
	}
}

func failuresThatPass(t *testing.T, p Product) {
	for name, fail := range map[string]func(s *Service, w http.ResponseWriter){
		"gateway timeout":     func(s *Service, w http.ResponseWriter) { s.WriteError(w, 504, "") },
		"cut before the head": func(*Service, http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"cut in the body": func(_ *Service, w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"data":[`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := p.Start(t, 15)
			s.Before(func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 2 || n == 3 {
					fail(s, w)
					return true
				}
				return false
			})
			o, waits := options()
			list, err := s.Read(t.Context(), s.URL, o)
			if err != nil {
				t.Fatal(err)
			}
			// The first cut of a connection that was in use is mended by net/http itself.
			want := []time.Duration{time.Second, 2 * time.Second}
			if name == "cut before the head" {
				want = want[:1]
			}
			if len(list.Organizations) != 15 || !slices.Equal(*waits, want) {
				t.Errorf("%d organizations, waits %v", len(list.Organizations), *waits)
			}
		})
		t.Run(name+" for good", func(t *testing.T) {
			s := p.Start(t, 15)
			s.Before(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				fail(s, w)
				return true
			})
			o, _ := options()
			_, err := s.Read(t.Context(), s.URL, o)
			code := source.CodeUnreachable
			if name == "cut in the body" {
				code = source.CodeIncomplete
			}
			WantError(t, err, code)
		})
	}
}

// anotherOrigin: no answer sends a request, and with it the credentials, elsewhere.
func anotherOrigin(t *testing.T, p Product) {
	asked := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	defer elsewhere.Close()
	for _, status := range []int{301, 302, 303, 307, 308} {
		for _, which := range []string{"any request", "a page"} {
			s := p.Start(t, 1)
			s.Before(func(n int, w http.ResponseWriter, r *http.Request) bool {
				if which == "a page" && n == 0 {
					return false
				}
				http.Redirect(w, r, elsewhere.URL+r.URL.Path, status)
				return true
			})
			o, _ := options()
			o.HTTP = &http.Client{}
			_, err := s.Read(t.Context(), s.URL, o)
			WantError(t, err, source.CodeIncomplete, fmt.Sprint(status), "redirects are not followed")
			if o.HTTP.CheckRedirect != nil {
				t.Error("the caller's client was changed")
			}
		}
	}
	if asked != 0 {
		t.Errorf("%d redirects were followed", asked)
	}
}

func interrupted(t *testing.T, p Product) {
	s := p.Start(t, 15)
	ctx, cancel := context.WithCancel(t.Context())
	s.Before(func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 2 {
			cancel()
		}
		return false
	})
	o, _ := options()
	if _, err := s.Read(ctx, s.URL, o); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func theClock(t *testing.T, p Product) {
	s := p.Start(t, 15)
	throttle := true
	s.Before(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		if !throttle {
			return false
		}
		throttle = false
		w.Header().Set("Retry-After", "0.001")
		s.WriteError(w, 429, "Slow down")
		return true
	})
	o, _ := options()
	o.Sleep = nil
	if list, err := s.Read(t.Context(), s.URL, o); err != nil || len(list.Organizations) != 15 {
		t.Errorf("%d organizations, %v", len(list.Organizations), err)
	}

	s = p.Start(t, 15)
	s.Before(func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		s.WriteError(w, 429, "Slow down")
		return true
	})
	ctx, cancel := context.WithCancel(t.Context())
	o.Announce = func(string, ...any) { cancel() }
	if _, err := s.Read(ctx, s.URL, o); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was interrupted: %v", err)
	}
}

// byGateway is a gateway that packs answers, and puts a byte order mark before them.
func byGateway(t *testing.T, p Product) {
	s := p.Start(t, 15)
	target, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	packed := 0
	gateway := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Host = r.In.Host
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			var body bytes.Buffer
			w := gzip.NewWriter(&body)
			_, _ = io.WriteString(w, "\ufeff")
			_, err := io.Copy(w, r.Body)
			r.Header.Set("Content-Encoding", "gzip")
			r.Header.Del("Content-Length")
			r.ContentLength = -1
			r.Body = io.NopCloser(&body)
			packed++
			return errors.Join(err, w.Close())
		},
	})
	defer gateway.Close()
	o, _ := options()
	list, err := s.Read(t.Context(), gateway.URL, o)
	if err != nil || len(list.Organizations) != 15 || packed == 0 {
		t.Errorf("%d organizations of %d answers, %v", len(list.Organizations), packed, err)
	}
}

func certificate(t *testing.T, p Product) {
	asked := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	o, waits := options()
	_, err := p.Start(t, 1).Read(t.Context(), server.URL, o)
	WantError(t, err, source.CodeUnreachable, "certificate is not trusted")
	if asked != 0 || len(*waits) != 0 || !source.IsPermanent(err) {
		t.Errorf("%d requests, waits %v, permanent: %v", asked, *waits, source.IsPermanent(err))
	}
}

func addresses(t *testing.T, p Product) {
	s := p.Start(t, 1)
	o, _ := options()
	o.HTTP = &http.Client{Transport: nobody{}}
	for address, want := range map[string]string{
		"http://psa.example":                "https://",
		"http://127.0.0.1.example":          "https://",
		"https://canary:canary@psa.example": "holds a user name or password",
		"https://psa.example/?key=canary":   "only a path may follow",
		"https://psa.example/#canary":       "only a path may follow",
		"psa":                               "not an address",
		"ftp://psa.example":                 "https://",
		"https://canary\x7f":                "not an address",
	} {
		_, err := s.Read(t.Context(), address, o)
		WantError(t, err, source.CodeUsage, want)
	}
}

// nobody is a network where nothing may be asked.
type nobody struct{}

func (nobody) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("%s was asked", r.URL.Host)
}
