package itglue_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/itglue"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/itgluefake"
)

const key = "ITG.0123456789abcdef-canary"

// start serves organizations and returns a configuration that reads them without
// waiting; waits are recorded.
func start(t *testing.T, organizations []itgluefake.Organization) (*itgluefake.Server, itglue.Config, *[]time.Duration) {
	t.Helper()
	fake := itgluefake.Start(key, organizations)
	t.Cleanup(fake.Close)
	waits := &[]time.Duration{}
	return fake, itglue.Config{
		URL: fake.URL,
		Key: source.NewSecret(key),
		Sleep: func(ctx context.Context, d time.Duration) error {
			*waits = append(*waits, d)
			return ctx.Err()
		},
	}, waits
}

// read reads in pages of ten.
func read(ctx context.Context, cfg itglue.Config) (itglue.List, error) {
	return itglue.OrganizationsInPagesOf(ctx, cfg, 10, 64<<10)
}

// customers makes n active customers with ids from 1.
func customers(n int) []itgluefake.Organization {
	list := make([]itgluefake.Organization, n)
	for i := range list {
		list[i] = itgluefake.Organization{
			ID: i + 1, Name: fmt.Sprintf("Customer %04d", (i*7919)%n),
			Type: "Customer", TypeID: 37, Status: "Active", StatusID: 1,
		}
	}
	return list
}

func wantError(t *testing.T, err error, code source.Code, parts ...string) {
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
	if strings.Contains(text, "canary") {
		t.Errorf("the key is in the error: %s", text)
	}
}

func TestPages(t *testing.T) {
	for _, n := range []int{0, 1000, 1001} {
		fake, cfg, _ := start(t, customers(n))
		list, err := itglue.Organizations(t.Context(), cfg)
		if err != nil {
			t.Fatalf("%d organizations: %v", n, err)
		}
		if len(list.Organizations) != n || len(list.Skipped) != 0 {
			t.Errorf("%d organizations: got %d and %d skipped", n, len(list.Organizations), len(list.Skipped))
		}
		if !slices.IsSortedFunc(list.Organizations, func(a, b source.Organization) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%d organizations are not in the order of their names", n)
		}
		if got, want := len(fake.Requests()), max(1, (n+999)/1000); got != want {
			t.Errorf("%d organizations: %d requests, want %d", n, got, want)
		}
		for _, r := range fake.Requests() {
			if !strings.HasPrefix(r, "/organizations?page[number]=") || !strings.Contains(r, "page[size]=1000") {
				t.Errorf("asked for %s", r)
			}
		}
	}
}

func TestOrganizationKeepsItsTextAndID(t *testing.T) {
	_, cfg, _ := start(t, []itgluefake.Organization{{ID: 4711, Name: " Müller \u202e& Söhne ", Status: "Active", Type: "Customer"}})
	list, err := itglue.Organizations(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	want := source.Organization{System: "itglue", ID: "4711", Name: " Müller \u202e& Söhne ", Status: "Active", Type: "Customer"}
	if len(list.Organizations) != 1 || list.Organizations[0] != want {
		t.Errorf("got %+v", list.Organizations)
	}
}

func TestWhoIsACustomer(t *testing.T) {
	account := []itgluefake.Organization{
		{ID: 1, Name: "Our own MSP", Type: "Customer", Status: "Active", Primary: true},
		{ID: 2, Name: "Able", Type: "Customer", Status: "Active"},
		{ID: 3, Name: "Baker", Type: "customer ", Status: "ACTIVE"},
		{ID: 4, Name: "Charlie", Type: "Customer", Status: "Inactive"},
		{ID: 5, Name: "Delta", Type: "Vendor", Status: "Active"},
		{ID: 6, Name: "Echo", Status: "Active"},
		{ID: 7, Name: "Foxtrot", Type: "Prospect"},
	}
	noType := []itgluefake.Organization{
		{ID: 1, Name: "Our own MSP", Type: "Customer", Status: "Active", Primary: true},
		{ID: 2, Name: "Able", Type: "Managed", Status: "Active"},
		{ID: 3, Name: "Baker", Status: "Active"},
	}
	tests := []struct {
		name            string
		account         []itgluefake.Organization
		types, statuses []string
		want            string // ids
		skipped         string // id=reason
		wrong           []string
	}{
		{name: "default", account: account, want: "2 3", skipped: "4=status 5=type 6=type 7=status 1=primary"},
		{name: "no type named Customer", account: noType, wrong: []string{`"Customer"`, `seen: "Managed"`}},
		{name: "no type named Customer, any taken", account: noType, types: []string{" Any"}, want: "2 3", skipped: "1=primary"},
		{name: "any", account: account, types: []string{"any"}, want: "2 3 5 6", skipped: "4=status 7=status 1=primary"},
		{name: "no types at all", account: []itgluefake.Organization{{ID: 1, Name: "A", Status: "Active"}}, wrong: []string{"seen: none"}},
		{name: "a type of the name any", account: []itgluefake.Organization{{ID: 1, Name: "A", Type: "Any"}, {ID: 2, Name: "B", Type: "Customer"}}, types: []string{"any"}, want: "1", skipped: "2=type"},
		{name: "types", account: account, types: []string{"vendor", "Customer"}, want: "2 3 5", skipped: "4=status 6=type 7=status 1=primary"},
		{name: "statuses keep the default type", account: account, statuses: []string{"Inactive", "Active"}, want: "2 3 4", skipped: "5=type 6=type 7=status 1=primary"},
		{name: "unknown type", account: account, types: []string{"Vendor", "Klient"}, wrong: []string{`"Klient"`, `"Customer", "Prospect", "Vendor"`}},
		{name: "unknown status", account: account, statuses: []string{"Gone"}, wrong: []string{`"Gone"`, `"Active", "Inactive"`}},
		{name: "nobody is Active", account: []itgluefake.Organization{{ID: 1, Name: "A", Type: "Customer", Status: "Aktiv"}}, wrong: []string{`"Aktiv"`}},
		{name: "no statuses", account: []itgluefake.Organization{{ID: 1, Name: "A", Type: "Customer"}, {ID: 2, Name: "B", Primary: true}}, want: "1", skipped: "2=primary"},
		{name: "only the MSP", account: account[:1], skipped: "1=primary"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, cfg, _ := start(t, tt.account)
			cfg.Types, cfg.Statuses = tt.types, tt.statuses
			list, err := itglue.Organizations(t.Context(), cfg)
			if tt.wrong != nil {
				wantError(t, err, source.CodeUsage, tt.wrong...)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got, skipped []string
			for _, o := range list.Organizations {
				got = append(got, o.ID)
			}
			for _, s := range list.Skipped {
				skipped = append(skipped, s.ID+"="+s.Reason)
			}
			if strings.Join(got, " ") != tt.want || strings.Join(skipped, " ") != tt.skipped {
				t.Errorf("got %v, skipped %v", got, skipped)
			}
		})
	}
}

func TestListThatShifts(t *testing.T) {
	removeFirst := func(l []itgluefake.Organization) []itgluefake.Organization { return l[1:] }
	next := 0 // new ids that sort before all others
	addFirst := func(l []itgluefake.Organization) []itgluefake.Organization {
		next--
		return append([]itgluefake.Organization{{ID: next, Name: "New", Type: "Customer", Status: "Active"}}, l...)
	}
	for name, change := range map[string]func([]itgluefake.Organization) []itgluefake.Organization{
		"removed": removeFirst, "added": addFirst,
		"replaced": func(l []itgluefake.Organization) []itgluefake.Organization { return addFirst(l[:len(l)-1]) },
	} {
		for _, times := range []int{2, 3} {
			t.Run(fmt.Sprint(name, times), func(t *testing.T) {
				fake, cfg, _ := start(t, customers(25))
				shifts := 0
				fake.Before = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
					if r.URL.Query().Get("page[number]") == "2" && shifts < times {
						shifts++
						fake.Set(change)
					}
					return false
				}
				announced := 0
				cfg.Announce = func(string, ...any) { announced++ }
				list, err := read(t.Context(), cfg)
				if times == 3 {
					wantError(t, err, source.CodeIncomplete, "3 times")
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				want := map[string]int{"removed": 25 - times, "added": 25 + times, "replaced": 25}[name]
				if len(list.Organizations) != want || announced != times {
					t.Errorf("%d organizations, want %d; %d announcements", len(list.Organizations), want, announced)
				}
			})
		}
	}
}

func TestAnswersThatAreNotTheList(t *testing.T) {
	first := func(doc map[string]any) map[string]any { return doc["data"].([]any)[0].(map[string]any) }
	meta := func(doc map[string]any) map[string]any { return doc["meta"].(map[string]any) }
	tests := map[string]struct {
		edit func(doc map[string]any)
		want string
	}{
		"no data":               {func(d map[string]any) { delete(d, "data") }, `"data" is missing`},
		"data null":             {func(d map[string]any) { d["data"] = nil }, `"data" is missing`},
		"data an object":        {func(d map[string]any) { d["data"] = map[string]any{} }, "JSON expected"},
		"no meta":               {func(d map[string]any) { delete(d, "meta") }, `"meta" is missing`},
		"no total":              {func(d map[string]any) { delete(meta(d), "total-count") }, "total-count"},
		"total too large":       {func(d map[string]any) { meta(d)["total-count"] = 4 }, "3 organizations came where IT Glue counts 4"},
		"total too small":       {func(d map[string]any) { meta(d)["total-count"] = 2 }, "3 organizations came where IT Glue counts 2"},
		"next page missing":     {func(d map[string]any) { delete(meta(d), "next-page") }, "next-page"},
		"next page is this":     {func(d map[string]any) { meta(d)["next-page"] = 1 }, "next-page"},
		"next page skips":       {func(d map[string]any) { meta(d)["next-page"] = 3 }, "next-page"},
		"next page is not":      {func(d map[string]any) { meta(d)["next-page"] = 2 }, "page is 1"},
		"more pages than read":  {func(d map[string]any) { meta(d)["total-pages"] = 3 }, "page 1 of 3"},
		"errors beside data":    {func(d map[string]any) { d["errors"] = []any{map[string]any{"title": "x"}} }, "holds errors"},
		"another page":          {func(d map[string]any) { meta(d)["current-page"] = 2 }, "current-page"},
		"numeric id":            {func(d map[string]any) { first(d)["id"] = 123456 }, "its id is 123456; ids are text"},
		"no id":                 {func(d map[string]any) { delete(first(d), "id") }, "its id is missing"},
		"another type":          {func(d map[string]any) { first(d)["type"] = "passwords" }, "passwords"},
		"no name":               {func(d map[string]any) { delete(first(d)["attributes"].(map[string]any), "name") }, "no name"},
		"no attributes":         {func(d map[string]any) { delete(first(d), "attributes") }, "no name"},
		"primary not said":      {func(d map[string]any) { delete(first(d)["attributes"].(map[string]any), "primary") }, "primary"},
		"the same organization": {func(d map[string]any) { first(d)["id"] = "2" }, "came twice"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fake, cfg, _ := start(t, customers(3))
			fake.Edit = func(_ int, doc map[string]any) { tt.edit(doc) }
			if name == "next page is not" {
				// The second page is then page 1 again, as from a cache that ignores the query.
				fake.Before = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
					r.URL.RawQuery = "page[number]=1"
					return false
				}
				tt.want = "current-page"
			}
			_, err := itglue.Organizations(t.Context(), cfg)
			wantError(t, err, source.CodeIncomplete, tt.want)
		})
	}
}

func TestBodies(t *testing.T) {
	const jsonType = "application/vnd.api+json; charset=utf-8"
	tests := map[string]struct{ contentType, body, want string }{
		"portal":      {"text/html; charset=utf-8", "<html>Sign in</html>", "text/html"},
		"no type":     {"", "", "instead of JSON"},
		"array":       {jsonType, "[]", "not a JSON object"},
		"empty":       {jsonType, "", "not a JSON object"},
		"cut":         {jsonType, `{"data":[{"id":"1"`, "JSON"},
		"trailing":    {jsonType, `{"data":[],"meta":{"current-page":1,"next-page":null,"total-count":0}} {}`, "JSON"},
		"data twice":  {jsonType, `{"data":[],"data":[],"meta":{"current-page":1,"next-page":null,"total-count":0}}`, "data"},
		"other case":  {jsonType, `{"Data":[],"meta":{"current-page":1,"next-page":null,"total-count":0}}`, `"data" is missing`},
		"not UTF-8":   {jsonType, "{\"data\":[],\"x\":\"\xff\"}", "UTF-8"},
		"not UTF-8 2": {jsonType, "{\"\xc3\":1}", "UTF-8"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fake, cfg, _ := start(t, nil)
			fake.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				w.Header()["Content-Type"] = []string{tt.contentType}
				_, _ = io.WriteString(w, tt.body)
				return true
			}
			_, err := itglue.Organizations(t.Context(), cfg)
			wantError(t, err, source.CodeIncomplete, tt.want)
		})
	}
}

// endless is a body without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }
func (endless) Close() error               { return nil }

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestBodyIsBounded(t *testing.T) {
	cfg := itglue.Config{Key: source.NewSecret(key), HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
		return &http.Response{
			StatusCode: http.StatusOK, Request: r, Body: endless{},
			Header: http.Header{"Content-Type": {"application/json"}},
		}, nil
	})}}
	_, err := read(t.Context(), cfg)
	wantError(t, err, source.CodeIncomplete, "65536 bytes")
}

func TestRefusals(t *testing.T) {
	tests := map[string]struct {
		status int
		detail string
		code   source.Code
		want   []string
	}{
		"unauthorized":  {401, "Invalid API key", source.CodeCredentials, []string{"401", "Invalid API key"}},
		"forbidden":     {403, "No access", source.CodeCredentials, []string{"403", "No access"}},
		"unprocessable": {422, "name is too long", source.CodeIncomplete, []string{"422", "name is too long"}},
		"not found":     {404, "Nothing here", source.CodeUsage, []string{"404", "URL"}},
		"echoes":        {400, "you sent " + key + "\x1b[2J\n", source.CodeIncomplete, []string{"you sent [redacted] [2J"}},
		"gone":          {503, "maintenance", source.CodeUnreachable, []string{"503", "maintenance"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fake, cfg, waits := start(t, customers(1))
			fake.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				itgluefake.WriteError(w, tt.status, "Title", tt.detail)
				return true
			}
			_, err := itglue.Organizations(t.Context(), cfg)
			wantError(t, err, tt.code, tt.want...)
			wantTries := 1
			if tt.status >= 500 {
				wantTries = 4
			}
			if len(fake.Requests()) != wantTries || len(*waits) != wantTries-1 {
				t.Errorf("%d requests and waits %v", len(fake.Requests()), *waits)
			}
		})
	}
}

func TestWrongKeyNamesTheRegion(t *testing.T) {
	for region, host := range map[string]string{"": "api.itglue.com", "us": "api.itglue.com", "eu": "api.eu.itglue.com", "AU": "api.au.itglue.com"} {
		asked := ""
		cfg := itglue.Config{Region: region, Key: source.NewSecret(key), HTTP: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			asked = r.URL.Scheme + "://" + r.URL.Host
			w := httptest.NewRecorder()
			itgluefake.WriteError(w, 401, "Unauthorized", "Invalid API key")
			return w.Result(), nil
		})}}
		_, err := itglue.Organizations(t.Context(), cfg)
		name := strings.ToLower(region)
		if name == "" {
			name = "us"
		}
		wantError(t, err, source.CodeCredentials, "region "+name)
		if e := (*source.Error)(nil); errors.As(err, &e) && e.Topic != itglue.TopicRefusedKey {
			t.Errorf("the error is about %q", e.Topic)
		}
		if asked != "https://"+host {
			t.Errorf("region %q asked %s", region, asked)
		}
	}
}

func TestThrottling(t *testing.T) {
	const date = "Mon, 02 Mar 2026 10:00:00 GMT"
	tests := map[string]struct {
		retryAfter string
		want       time.Duration
	}{
		"seconds":    {"17", 17 * time.Second},
		"fraction":   {"1.5", 1500 * time.Millisecond},
		"date":       {"Mon, 02 Mar 2026 10:02:30 GMT", 150 * time.Second},
		"past":       {"Mon, 02 Mar 2026 09:00:00 GMT", 0},
		"not given":  {"", time.Minute},
		"nonsense":   {"soon", time.Minute},
		"negative":   {"-5", time.Minute},
		"not number": {"NaN", time.Minute},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			fake, cfg, waits := start(t, customers(15))
			fake.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n != 2 {
					return false
				}
				w.Header().Set("Date", date)
				if tt.retryAfter != "" {
					w.Header().Set("Retry-After", tt.retryAfter)
				}
				itgluefake.WriteError(w, 429, "Too Many Requests", "Slow down")
				return true
			}
			var announced []string
			cfg.Announce = func(format string, args ...any) { announced = append(announced, fmt.Sprintf(format, args...)) }
			list, err := read(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			if len(list.Organizations) != 15 || !slices.Equal(*waits, []time.Duration{tt.want}) {
				t.Errorf("%d organizations, waits %v, want %v", len(list.Organizations), *waits, tt.want)
			}
			if len(announced) != 1 || !strings.Contains(announced[0], tt.want.String()) {
				t.Errorf("announced %q", announced)
			}
		})
	}
}

func TestThrottledForTooLong(t *testing.T) {
	always := func(retryAfter string) func(int, http.ResponseWriter, *http.Request) bool {
		return func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", retryAfter)
			itgluefake.WriteError(w, 429, "Too Many Requests", "Slow down")
			return true
		}
	}
	t.Run("longer than the deadline", func(t *testing.T) {
		fake, cfg, waits := start(t, nil)
		fake.Before = always("120")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := itglue.Organizations(ctx, cfg)
		wantError(t, err, source.CodeThrottled, "2m0s", "longer than this command may take")
		if len(*waits) != 0 {
			t.Errorf("waited %v", *waits)
		}
	})
	t.Run("longer than anybody waits", func(t *testing.T) {
		fake, cfg, _ := start(t, nil)
		fake.Before = always("1e300")
		_, err := itglue.Organizations(t.Context(), cfg)
		wantError(t, err, source.CodeThrottled)
	})
	t.Run("without end", func(t *testing.T) {
		fake, cfg, waits := start(t, nil)
		fake.Before = always("1")
		_, err := itglue.Organizations(t.Context(), cfg)
		wantError(t, err, source.CodeThrottled)
		if len(*waits) != 10 {
			t.Errorf("waited %d times", len(*waits))
		}
	})
}

func TestFailuresThatPass(t *testing.T) {
	failures := map[string]func(w http.ResponseWriter){
		"gateway timeout": func(w http.ResponseWriter) { itgluefake.WriteError(w, 504, "Gateway Timeout", "") },
		"cut before the head": func(http.ResponseWriter) {
			panic(http.ErrAbortHandler)
		},
		"cut in the body": func(w http.ResponseWriter) {
			w.Header().Set("Content-Type", "application/vnd.api+json")
			w.Header().Set("Content-Length", "1000")
			_, _ = io.WriteString(w, `{"data":[`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
	}
	for name, fail := range failures {
		t.Run(name, func(t *testing.T) {
			fake, cfg, waits := start(t, customers(15))
			fake.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
				if n == 2 || n == 3 {
					fail(w)
					return true
				}
				return false
			}
			list, err := read(t.Context(), cfg)
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
			fake, cfg, _ := start(t, customers(15))
			fake.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
				fail(w)
				return true
			}
			_, err := read(t.Context(), cfg)
			code := source.CodeUnreachable
			if name == "cut in the body" {
				code = source.CodeIncomplete
			}
			wantError(t, err, code)
		})
	}
}

func TestKeyStaysWithTheOrigin(t *testing.T) {
	elsewhere, _, _ := start(t, customers(1))
	fake, cfg, _ := start(t, customers(1))
	fake.Before = func(_ int, w http.ResponseWriter, r *http.Request) bool {
		http.Redirect(w, r, elsewhere.URL+"/organizations", http.StatusTemporaryRedirect)
		return true
	}
	cfg.HTTP = &http.Client{}
	_, err := itglue.Organizations(t.Context(), cfg)
	wantError(t, err, source.CodeIncomplete, "307", "redirects are not followed")
	if got := elsewhere.Requests(); len(got) != 0 {
		t.Errorf("the redirect was followed: %v", got)
	}
	if cfg.HTTP.CheckRedirect != nil {
		t.Error("the caller's client was changed")
	}
}

func TestSettings(t *testing.T) {
	good := source.NewSecret(key)
	tests := map[string]struct {
		cfg  itglue.Config
		want string
	}{
		"region":        {itglue.Config{Region: "mars", Key: good}, "us, eu or au"},
		"no key":        {itglue.Config{}, "empty"},
		"key of lines":  {itglue.Config{Key: source.NewSecret("canary\nX: y")}, "characters that no key has"},
		"http":          {itglue.Config{URL: "http://itglue.example", Key: good}, "https://"},
		"user":          {itglue.Config{URL: "https://canary:canary@itglue.example", Key: good}, "without user"},
		"query":         {itglue.Config{URL: "https://itglue.example/?key=canary", Key: good}, "without user"},
		"not a URL":     {itglue.Config{URL: "itglue", Key: good}, "not an address"},
		"not a scheme":  {itglue.Config{URL: "ftp://itglue.example", Key: good}, "https://"},
		"unparseable":   {itglue.Config{URL: "https://canary\x7f", Key: good}, "not an address"},
		"http, no loop": {itglue.Config{URL: "http://127.0.0.1.example", Key: good}, "https://"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.cfg.HTTP = &http.Client{Transport: roundTrip(func(*http.Request) (*http.Response, error) {
				return nil, errors.New("nothing may be asked")
			})}
			_, err := itglue.Organizations(t.Context(), tt.cfg)
			wantError(t, err, source.CodeUsage, tt.want)
		})
	}
}

func TestInterrupted(t *testing.T) {
	fake, cfg, _ := start(t, customers(15))
	ctx, cancel := context.WithCancel(t.Context())
	fake.Before = func(n int, _ http.ResponseWriter, _ *http.Request) bool {
		if n == 2 {
			cancel()
		}
		return false
	}
	if _, err := read(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestWaitsByTheClock(t *testing.T) {
	fake, cfg, _ := start(t, customers(15))
	cfg.Sleep = nil
	fake.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n != 2 {
			return false
		}
		w.Header().Set("Retry-After", "0.001")
		itgluefake.WriteError(w, 429, "Too Many Requests", "Slow down")
		return true
	}
	if list, err := read(t.Context(), cfg); err != nil || len(list.Organizations) != 15 {
		t.Errorf("%d organizations, %v", len(list.Organizations), err)
	}

	fake.Before = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
		itgluefake.WriteError(w, 429, "Too Many Requests", "Slow down")
		return true
	}
	ctx, cancel := context.WithCancel(t.Context())
	cfg.Announce = func(string, ...any) { cancel() }
	if _, err := read(ctx, cfg); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was interrupted: %v", err)
	}
}

func TestCertificateIsChecked(t *testing.T) {
	asked := 0
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked++ }))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, cfg, waits := start(t, nil)
	cfg.URL = server.URL
	_, err := read(t.Context(), cfg)
	wantError(t, err, source.CodeUnreachable, "certificate is not trusted")
	if asked != 0 || len(*waits) != 0 || !source.IsPermanent(err) {
		t.Errorf("%d requests, waits %v, permanent: %v", asked, *waits, source.IsPermanent(err))
	}
}
