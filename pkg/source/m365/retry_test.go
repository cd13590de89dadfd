package m365

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	tests := []struct {
		value string
		want  time.Duration
		ok    bool
	}{
		{"0", 0, true},
		{"30", 30 * time.Second, true},
		{"2.128", 3 * time.Second, true},
		{" 0.001 ", time.Second, true},
		{"86400", 24 * time.Hour, true},
		{"1e300", 1e9 * time.Second, true},
		{"1e999", 1e9 * time.Second, true},
		{"Inf", 1e9 * time.Second, true},
		{"Tue, 24 Nov 2026 10:01:30 GMT", 90 * time.Second, true},
		{"Tuesday, 24-Nov-26 10:00:01 GMT", time.Second, true},
		{"Tue, 24 Nov 2026 09:59:59 GMT", 0, false},
		{"Tue, 24 Nov 2026 10:00:00 GMT", 0, false},
		{"-5", 0, false}, {"-0.1", 0, false}, {"NaN", 0, false}, {"-Inf", 0, false},
		{"", 0, false}, {"soon", 0, false}, {"10 seconds", 0, false},
	}
	for _, test := range tests {
		if got, ok := retryAfter(test.value, now); got != test.want || ok != test.ok {
			t.Errorf("%q: %s, %t, want %s, %t", test.value, got, ok, test.want, test.ok)
		}
	}
}

func FuzzRetryAfter(f *testing.F) {
	for _, seed := range []string{"1", "2.128", "-1", "NaN", "0x1p-2", "Tue, 24 Nov 2026 10:01:30 GMT"} {
		f.Add(seed)
	}
	now := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, value string) {
		if d, ok := retryAfter(value, now); d < 0 || !ok && d != 0 {
			t.Errorf("%q: %s, %t", value, d, ok)
		}
	})
}

// TestFaultsThatPass: after each of them the read goes on where it was.
func TestFaultsThatPass(t *testing.T) {
	tests := []struct {
		name   string
		fault  graphfake.Fault
		pauses []time.Duration // lower bounds; a pause is at most a quarter longer
	}{
		{"429 with seconds", graphfake.Throttle("120"), []time.Duration{120 * time.Second}},
		{"429 with a fraction", graphfake.Throttle("2.128"), []time.Duration{3 * time.Second}},
		{"429 at once", graphfake.Throttle("0"), []time.Duration{0}},
		{"429 without a time", graphfake.Throttle(""), []time.Duration{time.Second}},
		{"429 with a negative time", graphfake.Throttle("-5"), []time.Duration{time.Second}},
		{"429 with no number", graphfake.Throttle("NaN"), []time.Duration{time.Second}},
		{"429 with a past date", graphfake.Throttle("Thu, 01 Jan 1970 00:00:00 GMT"), []time.Duration{time.Second}},
		{"503 with seconds", graphfake.Status(503, "7"), []time.Duration{7 * time.Second}},
		{"504 with seconds", graphfake.Status(504, "7"), []time.Duration{7 * time.Second}},
		{"503", graphfake.Status(503, ""), []time.Duration{time.Second}},
		{"500", graphfake.Status(500, ""), []time.Duration{time.Second}},
		{"502", graphfake.Status(502, ""), []time.Duration{time.Second}},
		{"502 in HTML", graphfake.Answer(502, "text/html", "<h1>Bad gateway</h1>"), []time.Duration{time.Second}},
		{"408", graphfake.Status(408, ""), []time.Duration{time.Second}},
		{"509", graphfake.Status(509, ""), []time.Duration{time.Second}},
		{"cut after the head", graphfake.CutMidBody(0), []time.Duration{time.Second}},
		{"cut in the body", graphfake.CutMidBody(0.5), []time.Duration{time.Second}},
		{"cut before the last byte", graphfake.CutMidBody(0.999), []time.Duration{time.Second}},
		{"cut after the body", graphfake.CutMidBody(1), nil},
		{"slow", graphfake.Slow(200, time.Millisecond), nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := people(9)
			o.PageSize = 3
			o.Fault = graphfake.At(map[int]graphfake.Fault{2: test.fault})
			server, config, clock := start(t, o)
			ids, err := read(t.Context(), open(t, config), source.Scope{})
			wantUsers(t, ids, err, 9)
			if want := 3 + len(test.pauses); len(server.GraphRequests()) != want {
				t.Errorf("%d requests, want %d", len(server.GraphRequests()), want)
			}
			if len(clock.list) != len(test.pauses) {
				t.Fatalf("paused %v, want %v", clock.list, test.pauses)
			}
			for i, want := range test.pauses {
				if got := clock.list[i]; got < want || got > want+want/4 {
					t.Errorf("paused %s, want %s", got, want)
				}
			}
		})
	}
}

// A cut before the head is retried by the HTTP client itself where the
// connection was used before, so that only the users are counted.
func TestCutBeforeHead(t *testing.T) {
	for _, n := range []int{1, 2, 3} {
		_, d := on(t, n, graphfake.CutBeforeHead())
		ids, err := read(t.Context(), d, source.Scope{})
		wantUsers(t, ids, err, 6)
	}
}

func TestRetryAfterDate(t *testing.T) {
	o := people(1)
	date := time.Now().Add(time.Minute).UTC().Format(http.TimeFormat)
	o.Fault = graphfake.At(map[int]graphfake.Fault{1: graphfake.Throttle(date)})
	_, config, clock := start(t, o)
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 1)
	if len(clock.list) != 1 || clock.list[0] < 30*time.Second || clock.list[0] > time.Minute {
		t.Errorf("paused %v", clock.list)
	}
}

// TestFaultsThatStay: the read ends after a bounded number of tries.
func TestFaultsThatStay(t *testing.T) {
	tests := []struct {
		name     string
		fault    graphfake.Fault
		code     source.Code
		requests int
	}{
		{"500", graphfake.Status(500, ""), source.CodeUnreachable, 5},
		{"503", graphfake.Status(503, ""), source.CodeUnreachable, 5},
		{"502 in HTML", graphfake.Answer(502, "text/html", "<h1>Bad gateway</h1>"), source.CodeUnreachable, 5},
		{"cut in the body", graphfake.CutMidBody(0.5), source.CodeIncomplete, 5},
		{"429", graphfake.Throttle("1"), source.CodeThrottled, 31},
		{"429 of a day", graphfake.Throttle("86400"), source.CodeThrottled, 1},
		{"429 of eternity", graphfake.Throttle("1e300"), source.CodeThrottled, 1},
		{"429 that adds up", graphfake.Throttle("599"), source.CodeThrottled, 4},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := people(9)
			o.PageSize = 3
			o.Fault = func(n int, _ *http.Request) graphfake.Fault {
				if n >= 2 {
					return test.fault
				}
				return nil
			}
			server, config, clock := start(t, o)
			ids, err := read(t.Context(), open(t, config), source.Scope{})
			if source.CodeOf(err) != test.code || len(ids) != 3 {
				t.Errorf("%d users, %v", len(ids), err)
			}
			if n := len(server.GraphRequests()) - 1; n != test.requests || len(clock.list) != n-1 {
				t.Errorf("%d tries with %d pauses, want %d tries", n, len(clock.list), test.requests)
			}
		})
	}
}

// TestWaitPastTheDeadline: told to wait longer than there is time, the read
// fails at once instead of in the end.
func TestWaitPastTheDeadline(t *testing.T) {
	_, config, clock := start(t, graphfake.Options{Fault: graphfake.Always(graphfake.Throttle("120"))})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	_, err := read(ctx, open(t, config), source.Scope{})
	if source.CodeOf(err) != source.CodeThrottled || !strings.Contains(err.Error(), "2m0s") || len(clock.list) != 0 {
		t.Errorf("paused %v, %v", clock.list, err)
	}
}

func TestLongWaitWithinTheDeadline(t *testing.T) {
	o := people(1)
	o.Fault = graphfake.At(map[int]graphfake.Fault{1: graphfake.Throttle("3600")})
	_, config, clock := start(t, o)
	var announced []string
	config.Announce = func(format string, args ...any) { announced = append(announced, fmt.Sprintf(format, args...)) }
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Hour)
	defer cancel()
	ids, err := read(ctx, open(t, config), source.Scope{})
	wantUsers(t, ids, err, 1)
	if !slices.Equal(clock.list, []time.Duration{time.Hour}) {
		t.Errorf("paused %v", clock.list)
	}
	if len(announced) != 1 || announced[0] != "Microsoft Graph is busy: waiting 1h0m0s" {
		t.Errorf("announced %q", announced)
	}
}

// TestThrottlingStorm: every other call is refused, and still each page is
// read once.
func TestThrottlingStorm(t *testing.T) {
	o := people(400)
	o.PageSize = 10
	faults := []graphfake.Fault{graphfake.Throttle("2.128"), graphfake.Status(503, "1"), graphfake.Status(502, ""), graphfake.CutMidBody(0.3)}
	o.Fault = func(n int, _ *http.Request) graphfake.Fault {
		if n%2 == 1 {
			return faults[n/2%len(faults)]
		}
		return nil
	}
	server, config, _ := start(t, o)
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 400)
	if n := len(server.GraphRequests()); n != 80 {
		t.Errorf("%d requests for 40 pages", n)
	}
}

func TestCancelEndsAWait(t *testing.T) {
	server, config, _ := start(t, graphfake.Options{Fault: graphfake.Always(graphfake.Throttle("300"))})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	config.tune = nil                                   // the real clock
	config.Announce = func(string, ...any) { cancel() } // as soon as the wait begins
	_, err := read(ctx, open(t, config), source.Scope{})
	if !errors.Is(err, context.Canceled) || len(server.GraphRequests()) != 1 {
		t.Errorf("after %d requests: %v", len(server.GraphRequests()), err)
	}
}

// TestSilentServer: an attempt ends when nothing more comes, and is repeated.
func TestSilentServer(t *testing.T) {
	for name, fault := range map[string]graphfake.Fault{
		"before the head": graphfake.Late(time.Hour),
		"in the body":     graphfake.Slow(100, time.Hour),
	} {
		t.Run(name, func(t *testing.T) {
			o := people(2)
			o.Fault = graphfake.At(map[int]graphfake.Fault{1: fault})
			server, config, clock := start(t, o)
			config.tune = func(l *limits) { l.sleep = clock.sleep; l.silence = 50 * time.Millisecond }
			ids, err := read(t.Context(), open(t, config), source.Scope{})
			wantUsers(t, ids, err, 2)
			if n := len(server.GraphRequests()); n != 2 {
				t.Errorf("%d requests", n)
			}
		})
	}
}

// TestDrippingServer: never silent, and never done.
func TestDrippingServer(t *testing.T) {
	_, config, clock := start(t, graphfake.Options{Count: 2, User: graphfake.Person,
		Fault: graphfake.Always(graphfake.Slow(1, 5*time.Millisecond))})
	config.tune = func(l *limits) { l.sleep = clock.sleep; l.answer = 60 * time.Millisecond; l.faults = 1 }
	_, err := read(t.Context(), open(t, config), source.Scope{})
	if source.CodeOf(err) != source.CodeIncomplete || !errors.Is(err, errSlow) {
		t.Errorf("got %v", err)
	}
}

func TestServerGone(t *testing.T) {
	server, config, clock := start(t, people(1))
	config.ClientSecret, config.AccessToken = nil, secret("ready")
	d := open(t, config)
	server.Close()
	_, err := read(t.Context(), d, source.Scope{})
	if source.CodeOf(err) != source.CodeUnreachable || source.IsPermanent(err) || len(clock.list) != 0 {
		t.Errorf("paused %v for a server that was never there: %v", clock.list, err)
	}
}

func TestUntrustedCertificate(t *testing.T) {
	o := people(1)
	o.TLS = true
	server, config, clock := start(t, o)
	_, err := read(t.Context(), open(t, config), source.Scope{})
	if source.CodeOf(err) != source.CodeUnreachable || !source.IsPermanent(err) || !strings.Contains(err.Error(), "certificate") || len(clock.list) != 0 {
		t.Errorf("paused %v, %v", clock.list, err)
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests reached a server that was not trusted", n)
	}
}

// A name that nobody knows is wrong, unless its server answered before.
func TestUnknownHost(t *testing.T) {
	unknown := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "graph.example", IsNotFound: true}}
	r := &retry{server: "Microsoft Graph"}
	if err := r.failure(unknown); !source.IsPermanent(err) || source.CodeOf(err) != source.CodeUnreachable {
		t.Errorf("%v", err)
	}
	r.reached.Store(true)
	if err := r.failure(unknown); source.IsPermanent(err) {
		t.Errorf("after an answer: %v", err)
	}
}

func TestTrustedCertificate(t *testing.T) {
	o := people(1)
	o.TLS = true
	server, config, _ := start(t, o)
	config.tune = func(l *limits) { l.base = server.Client().Transport }
	ids, err := read(t.Context(), open(t, config), source.Scope{})
	wantUsers(t, ids, err, 1)
}
