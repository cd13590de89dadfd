package m365

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// on puts a fault on the nth request to Graph; 6 users are on 3 pages.
func on(t *testing.T, n int, fault graphfake.Fault) (*graphfake.Server, *Directory) {
	t.Helper()
	o := people(6)
	o.PageSize = 2
	o.Fault = graphfake.At(map[int]graphfake.Fault{n: fault})
	server, config, _ := start(t, o)
	return server, open(t, config)
}

// TestWhatIsNoPageIsNoEnd covers the answers at which Graph's own client loses
// users, panics or does not end: on the first page and on a later one.
func TestWhatIsNoPageIsNoEnd(t *testing.T) {
	const user = `{"id":"a","displayName":"Adele"}`
	tests := []struct {
		name  string
		fault graphfake.Fault
		want  string // in the message
	}{
		{"empty object", graphfake.Body(`{}`), "holds no page"},
		{"null value", graphfake.Body(`{"value":null}`), "no [ where one was expected"},
		{"value is an object", graphfake.Body(`{"value":{}}`), "no [ where one was expected"},
		{"value is text", graphfake.Body(`{"value":"x"}`), "no [ where one was expected"},
		{"error with status 200", graphfake.Body(`{"error":{"code":"x","message":"y"}}`), "no page but an error"},
		{"error beside users", graphfake.Body(`{"value":[` + user + `],"error":{"code":"x"}}`), "no page but an error"},
		{"value twice", graphfake.Twice("value", `[]`), "value occurs twice"},
		{"link twice", graphfake.Body(`{"@odata.nextLink":"http://x/","value":[],"@odata.nextLink":"http://y/"}`), "@odata.nextLink occurs twice"},
		{"value in capitals", graphfake.Body(`{"VALUE":[` + user + `]}`), "holds no page"},
		{"null", graphfake.Body(`null`), "no { where one was expected"},
		{"array", graphfake.Body(`[` + user + `]`), "no { where one was expected"},
		{"null user", graphfake.Body(`{"value":[null]}`), "has no id"},
		{"user is text", graphfake.Body(`{"value":["a"]}`), "no object"},
		{"user without id", graphfake.Body(`{"value":[{"displayName":"Adele"}]}`), `"Adele"`},
		{"empty id", graphfake.Body(`{"value":[{"id":""}]}`), "has no id"},
		{"number as name", graphfake.Body(`{"value":[` + user + `,{"id":"b","displayName":7}]}`), `user "b" cannot be read: displayName`},
		{"link is a number", graphfake.Body(`{"value":[],"@odata.nextLink":1}`), "nextLink is no text"},
		{"link is empty", graphfake.Body(`{"value":[],"@odata.nextLink":""}`), "nextLink is no text"},
		{"no body", graphfake.Body(``), "without a body"},
		{"no content", graphfake.Answer(204, "", ``), "204"},
		{"accepted", graphfake.Answer(202, "application/json", `{"value":[]}`), "202"},
		{"partial content", graphfake.Answer(206, "application/json", `{"value":[]}`), "206"},
		{"a link spelled otherwise", graphfake.Body(`{"value":[` + user + `],"@odata.nextlink":"https://g/v1.0/users?x"}`), "spelled otherwise"},
		{"no content type", graphfake.Answer(200, "", `{"value":[]}`), `of type ""`},
		{"other content type", graphfake.Answer(200, "text/plain", `{"value":[]}`), "text/plain"},
		{"captive portal", graphfake.HTML(), "text/html"},
		{"cut JSON", graphfake.Body(`{"value":[` + user), "unexpected EOF"},
		{"cut after users", graphfake.Body(`{"value":[` + user + `]`), "unexpected EOF"},
		{"cut user", graphfake.Body(`{"value":[{"id":"a`), "unexpected EOF"},
		{"something follows", graphfake.Body(`{"value":[]} {}`), "something follows"},
		{"rubbish follows", graphfake.Body(`{"value":[]}x`), "something follows"},
		{"deep", graphfake.Body(`{"x":` + strings.Repeat(`[`, 100_000) + strings.Repeat(`]`, 100_000) + `,"value":[]}`), "depth"},
		{"redirect", graphfake.Redirect("http://portal.example/login"), "portal.example"},
		{"not modified", graphfake.Answer(304, "", ""), "304"},
		{"bad request", graphfake.GraphError(400, "Request_BadRequest", "No."), "400 Bad Request, Request_BadRequest"},
		{"not found", graphfake.GraphError(404, "Request_ResourceNotFound", "No."), "404 Not Found"},
		{"not implemented", graphfake.GraphError(400, "x\x1b[2J", "\x1b[2J"), `\x1b[2J`},
		{"gzip bomb", graphfake.GzipBomb(1 << 22), "more than 262144 bytes"},
	}
	for _, test := range tests {
		for _, page := range []int{1, 2} {
			t.Run(fmt.Sprintf("%s on page %d", test.name, page), func(t *testing.T) {
				o := people(6)
				o.PageSize = 2
				o.Fault = graphfake.At(map[int]graphfake.Fault{page: test.fault})
				server, config, _ := start(t, o)
				slept := config.tune
				config.tune = func(l *limits) { slept(l); l.body = 1 << 18 }
				ids, err := read(t.Context(), open(t, config), source.Scope{})
				if source.CodeOf(err) != source.CodeIncomplete {
					t.Fatalf("after %d users: %v", len(ids), err)
				}
				if !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "\x1b") {
					t.Errorf("message %q does not hold %q", err, test.want)
				}
				if len(ids) != 2*(page-1) || len(server.GraphRequests()) != page {
					t.Errorf("%d users and %d requests before the error on page %d", len(ids), len(server.GraphRequests()), page)
				}
			})
		}
	}
}

// TestPageIsYieldedWholeOrNot: users before a bad one on the same page are not
// given away.
func TestPageIsYieldedWholeOrNot(t *testing.T) {
	_, d := on(t, 1, graphfake.Body(`{"value":[{"id":"a"},{"id":"b"},{"id":3}]}`))
	ids, err := read(t.Context(), d, source.Scope{})
	if len(ids) != 0 || source.CodeOf(err) != source.CodeIncomplete {
		t.Errorf("%v, %v", ids, err)
	}
}

func TestUnknownPropertiesAndValuesAreIgnored(t *testing.T) {
	_, d := on(t, 1, graphfake.Body(`{"@odata.count":1,"@odata.nextLink":null,"new":{"a":[{}]},"value":[{"id":"a","userType":"Visitor","assignedPlans":[{"service":"x","capabilityStatus":"Resting"}],"@odata.type":"#microsoft.graph.user"}]}`))
	ids, err := read(t.Context(), d, source.Scope{})
	wantUsers(t, ids, err, 1)
}

// TestEchoedToken: a server that quotes what it was sent does not get it into
// our errors.
func TestEchoedToken(t *testing.T) {
	const token = "canary-access-token"
	answers := []graphfake.Fault{
		func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			graphfake.GraphError(400, r.Header.Get("Authorization"), "You sent "+r.Header.Get("Authorization"))(w, r, next)
		},
		graphfake.Redirect("http://elsewhere.example/?token=" + token),
		graphfake.NextLink(func(string) string { return "http://elsewhere.example/?token=" + token }),
		graphfake.Answer(500, token, token),
		graphfake.Answer(200, "application/json", token),
	}
	for i, fault := range answers {
		server, config, _ := start(t, graphfake.Options{AccessToken: token, Fault: graphfake.Always(fault)})
		config.ClientSecret, config.AccessToken = nil, secret(token)
		var logged strings.Builder
		config.Log = func(format string, args ...any) { fmt.Fprintf(&logged, format+"\n", args...) }
		_, err := read(t.Context(), open(t, config), source.Scope{})
		if err == nil || strings.Contains(err.Error(), token) || logged.Len() == 0 || strings.Contains(logged.String(), token) {
			t.Errorf("%d: %v, logged %s", i, err, logged.String())
		}
		if len(server.GraphRequests()) == 0 {
			t.Errorf("%d: nothing was sent", i)
		}
	}
}

// TestErrorBodies: no body of an error panics or hides the status.
func TestErrorBodies(t *testing.T) {
	bodies := []string{
		``, `null`, `{}`, `[]`, `"x"`, `1`, `{"error":null}`, `{"error":1}`, `{"error":"x"}`, `{"error":[]}`, `{"error":{}}`,
		`{"error":{"code":null,"message":null}}`, `{"error":{"code":1,"message":2}}`, `{"error":{"code":"x"}}`,
		`{"error":{"code":"x","message":"y","innerError":1}}`, `{"error":{"code":"x","message":"y","details":[null,1]}}`,
		`{"error":{"code":"x","message":"y","innerError":{"date":"not a date"}}}`, `{"error":`, `<html>`,
		`{"error":{"code":"` + strings.Repeat("x", 100_000) + `"}}`, strings.Repeat(`[`, 100_000),
	}
	statuses := map[int]source.Code{
		400: source.CodeIncomplete, 401: source.CodeCredentials, 403: source.CodePermission, 404: source.CodeIncomplete,
		429: source.CodeThrottled, 500: source.CodeUnreachable, 501: source.CodeUnreachable, 503: source.CodeUnreachable,
	}
	var status int
	var contentType, body string
	_, config, _ := start(t, graphfake.Options{Fault: func(int, *http.Request) graphfake.Fault {
		return graphfake.Answer(status, contentType, body)
	}})
	config.tune = func(l *limits) { l.faults, l.waits = 0, 0 }
	d := open(t, config)
	for _, contentType = range []string{"application/json", "text/html", ""} {
		for _, body = range bodies {
			for s, code := range statuses {
				status = s
				_, err := read(t.Context(), d, source.Scope{})
				if source.CodeOf(err) != code || len(err.Error()) > 1000 || !strings.Contains(err.Error(), fmt.Sprint(status)) {
					t.Errorf("status %d with %s %.60q: %.300v", status, contentType, body, err)
				}
			}
		}
	}
}

// TestChallenges: kiota would act on these itself, and panics at the last.
func TestChallenges(t *testing.T) {
	for _, challenge := range []string{`Bearer claims="eyJhIjoxfQ=="`, `Bearer error="insufficient_claims", claims="!"`, `Bearer claims=`} {
		server, d := on(t, 1, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			w.Header().Set("WWW-Authenticate", challenge)
			graphfake.GraphError(401, "InvalidAuthenticationToken", "Continuous access evaluation.")(w, r, next)
		})
		ids, err := read(t.Context(), d, source.Scope{})
		wantUsers(t, ids, err, 6) // with a new token
		if n := len(server.GraphRequests()); n != 4 {
			t.Errorf("%s: %d requests", challenge, n)
		}
	}
}

func TestPermissionIsNamed(t *testing.T) {
	for _, page := range []int{1, 3} {
		_, d := on(t, page, graphfake.Denied())
		_, err := read(t.Context(), d, source.Scope{})
		var failure *source.Error
		if !errors.As(err, &failure) || failure.Code != source.CodePermission || !strings.Contains(failure.Hint, "User.Read.All") {
			t.Errorf("got %#v", err)
		}
	}
}

// TestExpiredPageLinks: the read begins anew, and nobody is lost or doubled.
func TestExpiredPageLinks(t *testing.T) {
	expired := graphfake.ExpiredPageToken()
	rejected := graphfake.GraphError(400, "", "Invalid Skip Token")
	tests := []struct {
		name     string
		faults   map[int]graphfake.Fault
		requests int
		fails    bool
	}{
		{"on page 2", map[int]graphfake.Fault{2: expired}, 2 + 3, false},
		{"on page 3", map[int]graphfake.Fault{3: rejected}, 3 + 3, false},
		{"three times", map[int]graphfake.Fault{3: expired, 6: rejected, 8: expired}, 3 + 3 + 2 + 3, false},
		{"always", map[int]graphfake.Fault{2: expired, 4: expired, 6: expired, 8: expired}, 8, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := people(6)
			o.PageSize = 2
			o.Fault = graphfake.At(test.faults)
			server, config, _ := start(t, o)
			ids, err := read(t.Context(), open(t, config), source.Scope{})
			if test.fails {
				if source.CodeOf(err) != source.CodeIncomplete || !errors.Is(err, errPageExpired) {
					t.Errorf("got %v", err)
				}
			} else {
				wantUsers(t, ids, err, 6)
			}
			if n := len(server.GraphRequests()); n != test.requests {
				t.Errorf("%d requests, want %d", n, test.requests)
			}
		})
	}
}

func TestUsersChangeWhileTheReadBeginsAnew(t *testing.T) {
	o := graphfake.Options{PageSize: 2, Fault: graphfake.At(map[int]graphfake.Fault{3: graphfake.ExpiredPageToken()})}
	for i := range 7 {
		o.Users = append(o.Users, graphfake.Person(i))
	}
	later := o.Users[1:]
	o.Users = o.Users[:6]
	server, config, _ := start(t, o)
	var ids []string
	for u, err := range open(t, config).Users(t.Context(), source.Scope{}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, u.ID)
		if len(ids) == 4 { // before the third page: all shift by one
			server.SetUsers(later)
		}
	}
	wantUsers(t, ids, nil, 7)
}

// TestLinksThatNeverEnd: to itself, back to an earlier page, and for ever on.
func TestLinksThatNeverEnd(t *testing.T) {
	var first string
	remember := func(link string) string { first = link; return link }
	tests := []struct {
		name   string
		faults map[int]graphfake.Fault
	}{
		{"itself", map[int]graphfake.Fault{2: graphfake.NextLink(func(string) string { return first })}},
		{"back", map[int]graphfake.Fault{3: graphfake.NextLink(func(string) string { return first })}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.faults[1] = graphfake.NextLink(remember)
			o := people(6)
			o.PageSize = 2
			o.Fault = graphfake.At(test.faults)
			_, config, _ := start(t, o)
			_, err := read(t.Context(), open(t, config), source.Scope{})
			if source.CodeOf(err) != source.CodeIncomplete || !strings.Contains(err.Error(), "leads back") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestPagesAreCounted(t *testing.T) {
	_, config, _ := start(t, graphfake.Options{})
	d := open(t, config)
	link := d.client.url("users", nil)
	if _, err := d.client.follow(link.String()+"?$skiptoken=1", nil, maxPages-1); err != nil {
		t.Error(err)
	}
	if _, err := d.client.follow(link.String()+"?$skiptoken=1", nil, maxPages); err == nil {
		t.Error("there was no end")
	}
}

// TestModelsStayOutOfTheBuild: they take 4.5 GB of memory to compile, and make
// the program two and a half times as large.
func TestModelsStayOutOfTheBuild(t *testing.T) {
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	const sdk = "github.com/microsoftgraph/msgraph-sdk-go"
	var used []string
	for name := range strings.FieldsSeq(string(out)) {
		if name == sdk || strings.HasPrefix(name, sdk+"/") {
			used = append(used, name)
		}
	}
	if len(used) != 1 || used[0] != sdk+"/models/odataerrors" {
		t.Errorf("of the SDK's packages these are built: %v", used)
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := people(6)
	o.PageSize = 2
	o.Fault = func(n int, _ *http.Request) graphfake.Fault {
		if n == 2 {
			return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
				cancel()
				<-r.Context().Done()
			}
		}
		return nil
	}
	_, config, _ := start(t, o)
	ids, err := read(ctx, open(t, config), source.Scope{})
	if !errors.Is(err, context.Canceled) || len(ids) != 2 {
		t.Errorf("%d users, %v", len(ids), err)
	}
}
