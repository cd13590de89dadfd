package m365

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// Of three users, the one who is there and one who is not.
const (
	present = "00000001-0000-4000-8000-000000000001"
	absent  = "00000009-0000-4000-8000-000000000009"
)

// find asks for a user and checks that there is an answer or an error, not both.
func find(t *testing.T, d *Directory, id string) (*source.User, error) {
	t.Helper()
	u, err := d.Find(t.Context(), id)
	if u != nil && (err != nil || u.ID != id) {
		t.Errorf("asked for %s, got %+v, %v", id, u, err)
	}
	return u, err
}

func TestFind(t *testing.T) {
	for _, gzip := range []bool{false, true} {
		o := people(3)
		o.BasePath, o.Gzip = "/gate", gzip
		server, config, _ := start(t, o)
		d := open(t, config)
		for want, err := range d.Users(t.Context(), source.Scope{}) {
			if err != nil {
				t.Fatal(err)
			}
			if got, err := find(t, d, want.ID); err != nil || got == nil || !reflect.DeepEqual(*got, want) {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
		}
		if got, err := find(t, d, absent); got != nil || err != nil {
			t.Errorf("%+v, %v", got, err)
		}
		requests := server.GraphRequests()
		if len(requests) != 1+3+1 {
			t.Errorf("%d requests", len(requests))
		}
		want := "/gate/v1.0/users/" + absent + "?" + url.Values{"$select": {graphuser.Select}}.Encode()
		if last := requests[len(requests)-1]; last.URL != want || last.Header.Get("client-request-id") == "" {
			t.Errorf("asked %s, want %s", last.URL, want)
		}
	}
}

// Who was deleted and waits among the deleted items is absent; who is restored is not.
func TestFindDeletedAndRestored(t *testing.T) {
	users := []json.RawMessage{graphfake.Person(0), graphfake.Person(1)}
	server, config, _ := start(t, graphfake.Options{Users: users})
	d := open(t, config)
	server.SetUsers(users[:1])
	if u, err := find(t, d, present); u != nil || err != nil {
		t.Errorf("%+v, %v", u, err)
	}
	server.SetUsers(users)
	if u, err := find(t, d, present); u == nil || err != nil {
		t.Errorf("%+v, %v", u, err)
	}
}

// An id that is none, such as a user principal name, which Graph would take, is
// not asked for.
func TestFindSendsNothingButGUIDs(t *testing.T) {
	server, config, _ := start(t, people(3))
	d := open(t, config)
	for _, id := range []string{"", "user1@contoso.example", present + "/manager", present + "?$select=id", "../organization", strings.ToUpper("a" + present[1:])} {
		if u, err := find(t, d, id); u != nil || source.CodeOf(err) != source.CodeUsage {
			t.Errorf("%q: %+v, %v", id, u, err)
		}
	}
	if n := len(server.Requests()); n != 0 {
		t.Errorf("%d requests", n)
	}
}

// What is not Graph's own word on this one user is an error, whether the user is
// there or not: never an absence, never somebody else.
func TestFindFaults(t *testing.T) {
	const notFound = `{"error":{"code":"Request_ResourceNotFound","message":"Resource does not exist."}}`
	tests := []struct {
		name  string
		fault graphfake.Fault
		code  source.Code
		want  string // in the message
	}{
		{"a proxy's 404", graphfake.Answer(404, "text/html", "<html>Not Found</html>"), source.CodeIncomplete, "404"},
		{"404 without a body", graphfake.Answer(404, "", ""), source.CodeIncomplete, "404"},
		{"404 of another type", graphfake.Answer(404, "text/html", notFound), source.CodeIncomplete, "404"},
		{"404 cut", graphfake.Answer(404, "application/json", notFound[:len(notFound)-2]), source.CodeIncomplete, "404"},
		{"404 without an error", graphfake.Answer(404, "application/json", `{}`), source.CodeIncomplete, "404"},
		{"404 without a code", graphfake.GraphError(404, "", "No."), source.CodeIncomplete, "404"},
		{"404 of a mailbox", graphfake.GraphError(404, "MailboxNotEnabledForRESTAPI", "No."), source.CodeIncomplete, "MailboxNotEnabledForRESTAPI"},
		{"404 of a segment", graphfake.GraphError(404, "ResourceNotFound", "Resource not found for the segment 'users'."), source.CodeIncomplete, "ResourceNotFound"},
		{"404 with more in its code", graphfake.GraphError(404, "Request_ResourceNotFound2", "No."), source.CodeIncomplete, "404"},
		{"404 with a code of many lines", graphfake.GraphError(404, "Request_ResourceNotFound\n", "No."), source.CodeIncomplete, "404"},
		{"the code with 400", graphfake.GraphError(400, "Request_ResourceNotFound", "No."), source.CodeIncomplete, "400"},
		{"the code with 410", graphfake.GraphError(410, "Request_ResourceNotFound", "No."), source.CodeIncomplete, "410"},
		{"the code with 200", graphfake.Body(notFound), source.CodeIncomplete, "has no id"},
		{"the code with 500", graphfake.GraphError(500, "Request_ResourceNotFound", "No."), source.CodeUnreachable, "500"},
		{"unauthorized", graphfake.GraphError(401, "InvalidAuthenticationToken", "No."), source.CodeCredentials, "401"},
		{"denied", graphfake.Denied(), source.CodePermission, "may not read users"},
		{"throttled", graphfake.Throttle(""), source.CodeThrottled, "busy"},
		{"throttled for a day", graphfake.Throttle("86400"), source.CodeThrottled, "24h"},
		{"unavailable", graphfake.Status(503, ""), source.CodeUnreachable, "503"},
		{"not implemented", graphfake.Status(501, ""), source.CodeUnreachable, "501"},
		{"redirect", graphfake.Redirect("http://portal.example/login"), source.CodeIncomplete, "portal.example"},
		{"captive portal", graphfake.HTML(), source.CodeIncomplete, "text/html"},
		{"no content", graphfake.Answer(204, "", ""), source.CodeIncomplete, "204"},
		{"no body", graphfake.Body(""), source.CodeIncomplete, "without a body"},
		{"no answer", graphfake.CutBeforeHead(), source.CodeUnreachable, "cannot be reached"},
		{"cut", graphfake.CutMidBody(0.5), source.CodeIncomplete, "to the end"},
		{"cut at the end", graphfake.CutMidBody(0.99), source.CodeIncomplete, "to the end"},
		{"null", graphfake.Body(`null`), source.CodeIncomplete, "has no id"},
		{"empty object", graphfake.Body(`{}`), source.CodeIncomplete, "has no id"},
		{"a page", graphfake.Body(`{"value":[{"id":"` + present + `"}]}`), source.CodeIncomplete, "has no id"},
		{"an empty page", graphfake.Body(`{"value":[]}`), source.CodeIncomplete, "has no id"},
		{"a list", graphfake.Body(`[{"id":"` + present + `"}]`), source.CodeIncomplete, "no object but a JSON array"},
		{"somebody else", graphfake.Body(`{"id":"00000002-0000-4000-8000-000000000002"}`), source.CodeIncomplete, "was asked for the user"},
		{"an id of controls", graphfake.Body(`{"id":"\u001b[2J"}`), source.CodeIncomplete, `\x1b[2j`},
		{"id twice", graphfake.Body(`{"id":"` + present + `","id":"` + absent + `"}`), source.CodeIncomplete, "duplicate"},
		{"ID in capitals", graphfake.Body(`{"ID":"` + present + `"}`), source.CodeIncomplete, "has no id"},
		{"id of a number", graphfake.Body(`{"id":7}`), source.CodeIncomplete, "id is of the wrong type, a JSON number"},
		{"a name of a number", graphfake.Body(`{"id":"` + present + `","displayName":7}`), source.CodeIncomplete, "displayName is of the wrong type, a JSON number"},
		{"a plan of a number", graphfake.Body(`{"id":"` + present + `","assignedPlans":[{"service":7}]}`), source.CodeIncomplete, "assignedPlans is of the wrong type"},
		{"cut JSON", graphfake.Body(`{"id":"` + present + `"`), source.CodeIncomplete, "cannot be read"},
		{"two users", graphfake.Body(`{"id":"` + present + `"}{"id":"` + present + `"}`), source.CodeIncomplete, "something follows"},
		{"rubbish follows", graphfake.Body(`{"id":"` + present + `"}x`), source.CodeIncomplete, "something follows"},
		{"gzip bomb", graphfake.GzipBomb(1 << 22), source.CodeIncomplete, "more than 262144 bytes"},
	}
	for _, test := range tests {
		for _, id := range []string{present, absent} {
			t.Run(test.name+" for "+id[:8], func(t *testing.T) {
				o := people(3)
				o.Fault = graphfake.Always(test.fault)
				_, config, _ := start(t, o)
				slept := config.tune
				config.tune = func(l *limits) { slept(l); l.body = 1 << 18 }
				u, err := find(t, open(t, config), id)
				if u != nil || source.CodeOf(err) != test.code {
					t.Fatalf("%+v, %q, %v", u, source.CodeOf(err), err)
				}
				if text := err.Error(); !strings.Contains(text, test.want) || strings.ContainsAny(text, "\x1b\n") || len(text) > 1000 {
					t.Errorf("message %q does not hold %q", text, test.want)
				}
			})
		}
	}
}

// What passes is tried again, as elsewhere, and then the answer counts.
func TestFindAgain(t *testing.T) {
	for name, fault := range map[string]graphfake.Fault{
		"throttled": graphfake.Throttle("2.128"), "unavailable": graphfake.Status(503, ""), "server error": graphfake.Status(500, ""),
		"no answer": graphfake.CutBeforeHead(), "cut": graphfake.CutMidBody(0.5), "token expired": graphfake.GraphError(401, "InvalidAuthenticationToken", "No."),
	} {
		for _, id := range []string{present, absent} {
			o := people(3)
			o.Fault = graphfake.At(map[int]graphfake.Fault{1: fault})
			server, config, _ := start(t, o)
			u, err := find(t, open(t, config), id)
			if err != nil || (u == nil) != (id == absent) || len(server.GraphRequests()) != 2 {
				t.Errorf("%s: %+v, %v after %d requests", name, u, err, len(server.GraphRequests()))
			}
		}
	}
}

func TestFindNamesThePermission(t *testing.T) {
	_, d := on(t, 1, graphfake.Denied())
	_, err := find(t, d, present)
	var failure *source.Error
	if !errors.As(err, &failure) || !strings.Contains(failure.Hint, "User.Read.All") {
		t.Errorf("got %#v", err)
	}
}

func TestFindCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	o := people(3)
	o.Fault = graphfake.Always(func(_ http.ResponseWriter, r *http.Request, _ http.Handler) {
		cancel()
		<-r.Context().Done()
	})
	_, config, _ := start(t, o)
	if u, err := open(t, config).Find(ctx, absent); u != nil || !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", u, err)
	}
}

// A body that was cut or changed in one place never makes a user absent, and one
// that says that there is none never makes a user.
func TestFindMutations(t *testing.T) {
	var status int
	var body []byte
	_, config, _ := start(t, graphfake.Options{Fault: func(int, *http.Request) graphfake.Fault {
		return graphfake.Answer(status, "application/json", string(body))
	}})
	d := open(t, config)
	const user = `{"@odata.context":"https://g/v1.0/$metadata#users/$entity","id":"` + present + `","displayName":"Adele","assignedPlans":[{"service":"exchange"}]}`
	const none = `{"error":{"code":"Request_ResourceNotFound","message":"No.","innerError":{"request-id":"1"}}}`
	for s, whole := range map[int]string{http.StatusOK: user, http.StatusNotFound: none} {
		status, body = s, []byte(whole)
		if u, err := find(t, d, present); err != nil || (u == nil) != (s == http.StatusNotFound) {
			t.Fatalf("the answer as it was: %+v, %v", u, err)
		}
		refused, tried := 0, 0
		try := func(changed []byte, what string, at int) {
			body = changed
			u, err := find(t, d, present)
			tried++
			if err != nil {
				refused++
			} else if (u == nil) != (s == http.StatusNotFound) || what == "cut" {
				t.Errorf("%d, %s at byte %d: %s: %+v and no error", s, what, at, changed, u)
			}
		}
		for at := range whole {
			try([]byte(whole[:at]), "cut", at)
			try([]byte(whole[:at]+whole[at+1:]), "a lost byte", at)
			for _, to := range []byte{0, '"', '}', ',', whole[at] ^ 1, whole[at] ^ 0x80} {
				changed := bytes.Clone([]byte(whole))
				changed[at] = to
				try(changed, fmt.Sprintf("another byte, %#x,", to), at)
			}
		}
		t.Logf("%d: %d bytes, %d of %d changed answers were refused", s, len(whole), refused, tried)
		if refused < tried/3 {
			t.Errorf("%d: only %d were refused", s, refused)
		}
	}
}
