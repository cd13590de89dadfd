package m365

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

const canary = "canary-Pa55word-new"

func cloudUser(n int) json.RawMessage {
	return json.RawMessage(`{"id":"` + sourcetest.GUID(n) + `","displayName":"Ann","userPrincipalName":"ann@contoso.example","accountEnabled":true,"userType":"Member",` +
		`"lastPasswordChangeDateTime":"2026-01-02T03:04:05Z"}`)
}

func syncedUser(n int) json.RawMessage {
	return json.RawMessage(strings.Replace(string(cloudUser(n)), `"displayName"`, `"onPremisesSyncEnabled":true,"displayName"`, 1))
}

// startResets serves a cloud user, a synchronised one, and one who is both.
func startResets(t *testing.T, o graphfake.Options) (*graphfake.Server, *Resetter, *pauses) {
	t.Helper()
	o.Users = []json.RawMessage{cloudUser(1), syncedUser(2), syncedUser(3), cloudUser(4)}
	o.Passwords.Privileged, o.Passwords.CloudManaged = []string{sourcetest.GUID(4)}, []string{sourcetest.GUID(3)}
	server, config, clock := start(t, o)
	config.Connection.Role = source.RoleReset
	r, err := OpenResetter(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return server, r, clock
}

func patches(s *graphfake.Server) int {
	n := 0
	for _, r := range s.GraphRequests() {
		if r.Method == http.MethodPatch {
			n++
		}
	}
	return n
}

func state(t *testing.T, r *Resetter, id string) *source.PasswordState {
	t.Helper()
	s, err := r.Password(t.Context(), id)
	if err != nil || s == nil {
		t.Fatalf("%+v, %v", s, err)
	}
	return s
}

func set(t *testing.T, r *Resetter, n int) error {
	t.Helper()
	return r.SetPassword(t.Context(), sourcetest.GUID(n), source.NewPassword{Password: source.NewSecret(canary), MustChange: true})
}

func TestSetPassword(t *testing.T) {
	server, r, _ := startResets(t, graphfake.Options{Passwords: graphfake.Passwords{Reset: true}})
	id := sourcetest.GUID(1)
	before := state(t, r, id)
	if before.User.Synced != source.Unknown || before.Mark.At.Year() != 2026 || before.Policy.MinLength != 8 {
		t.Errorf("%+v", before)
	}
	if err := set(t, r, 1); err != nil {
		t.Fatal(err)
	}
	after := state(t, r, id)
	if server.Password(id) != canary || before.Mark.Moved(after.Mark) != source.Yes || patches(server) != 1 {
		t.Errorf("%q, %+v, %d requests", server.Password(id), after, patches(server))
	}
	if s := state(t, r, sourcetest.GUID(2)); s.User.Synced != source.Yes || s.CloudManaged != source.No {
		t.Errorf("%+v", s)
	}
	if s := state(t, r, sourcetest.GUID(3)); s.CloudManaged != source.Yes {
		t.Errorf("%+v", s)
	}
	if s, err := r.Password(t.Context(), sourcetest.GUID(9)); s != nil || err != nil {
		t.Errorf("%+v, %v", s, err)
	}
}

// A directory that reads lets no request out that changes something.
func TestReadersCannotWrite(t *testing.T) {
	server, config, _ := start(t, graphfake.Options{Users: []json.RawMessage{cloudUser(1)}, Passwords: graphfake.Passwords{Reset: true}})
	if _, err := OpenResetter(t.Context(), config); source.CodeOf(err) != source.CodeUsage {
		t.Errorf("%v", err)
	}
	d := open(t, config)
	if d.client.writer != nil {
		t.Error("it has a way to write")
	}
	a := &authorize{root: d.client.root, tokens: d.client.tokens}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, d.client.url("users/x", url.Values{}).String(), strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Intercept(nil, 0, request); source.CodeOf(err) != source.CodePermission || len(server.Requests()) != 0 {
		t.Errorf("%v", err)
	}
}

func TestSetPasswordRefused(t *testing.T) {
	for name, c := range map[string]struct {
		user  int
		may   bool
		fault graphfake.Fault
		code  source.Code
		text  string
		tries int
	}{
		"synchronised":     {2, true, nil, source.CodePasswordRefused, "synchronised from Active Directory", 1},
		"privileged":       {4, true, nil, source.CodePermission, "403 Forbidden, Authorization_RequestDenied", 1},
		"no permission":    {1, false, nil, source.CodePermission, "may not set the password", 1},
		"gone":             {9, true, nil, source.CodeNotFound, "no longer in the tenant", 1},
		"banned":           {1, true, graphfake.GraphError(400, "Request_BadRequest", "The specified password "+canary+" is banned."), source.CodePasswordRefused, "rules of Microsoft 365 refuse", 1},
		"another refusal":  {1, true, graphfake.GraphError(409, "Conflict", canary), source.CodePasswordRefused, "409 Conflict, Conflict", 1},
		"bad token":        {1, true, graphfake.GraphError(401, "InvalidAuthenticationToken", canary), source.CodeCredentials, "refuses the access token", 2},
		"throttled":        {1, true, graphfake.Throttle("86400"), source.CodeThrottled, "asks to wait 24h", 1},
		"for ever":         {1, true, graphfake.Throttle("1"), source.CodeThrottled, "still busy after many tries", 31},
		"no answer":        {1, true, graphfake.CutBeforeHead(), source.CodeOutcomeUnknown, "nobody knows", 1},
		"server error":     {1, true, graphfake.Status(500, ""), source.CodeOutcomeUnknown, "500", 1},
		"unavailable":      {1, true, graphfake.Status(503, "1"), source.CodeOutcomeUnknown, "503", 1},
		"a portal":         {1, true, graphfake.Redirect("http://portal.example/"), source.CodeOutcomeUnknown, "302", 1},
		"a portal's page":  {1, true, graphfake.Answer(502, "text/html", "<p>"+canary), source.CodeOutcomeUnknown, "502", 1},
		"cut in its error": {1, true, graphfake.Status(504, ""), source.CodeOutcomeUnknown, "504", 1},
	} {
		t.Run(name, func(t *testing.T) {
			o := graphfake.Options{Passwords: graphfake.Passwords{Reset: c.may}}
			o.Fault = func(_ int, r *http.Request) graphfake.Fault {
				if r.Method == http.MethodPatch {
					return c.fault
				}
				return nil
			}
			server, r, _ := startResets(t, o)
			err := set(t, r, c.user)
			if source.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.text) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v (%s)", err, source.CodeOf(err))
			}
			if n := patches(server); n != c.tries || server.Password(sourcetest.GUID(c.user)) != "" {
				t.Errorf("sent %d times, %q", n, server.Password(sourcetest.GUID(c.user)))
			}
		})
	}
}

// After 429 nothing was done, and it is tried again; after a lost answer it is not,
// and what is read back says that it was set.
func TestSetPasswordOnce(t *testing.T) {
	sent := 0
	server, r, clock := startResets(t, graphfake.Options{Passwords: graphfake.Passwords{Reset: true}, Fault: func(_ int, r *http.Request) graphfake.Fault {
		if r.Method != http.MethodPatch {
			return nil
		}
		if sent++; sent == 1 {
			return graphfake.Throttle("7")
		}
		return graphfake.LostAnswer()
	}})
	before := state(t, r, sourcetest.GUID(1))
	err := set(t, r, 1)
	if source.CodeOf(err) != source.CodeOutcomeUnknown || patches(server) != 2 || len(clock.list) != 1 || clock.list[0] != 7*time.Second {
		t.Errorf("%v, %d requests, %v", err, patches(server), clock.list)
	}
	if after := state(t, r, sourcetest.GUID(1)); before.Mark.Moved(after.Mark) != source.Yes || server.Password(sourcetest.GUID(1)) != canary {
		t.Errorf("%+v", after)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.SetPassword(ctx, sourcetest.GUID(1), source.NewPassword{Password: source.NewSecret("x")}); !errors.Is(err, context.Canceled) || patches(server) != 2 {
		t.Errorf("interrupted before: %v", err)
	}
	_ = r.Close() // no connection is left that could be cut
	server.Close()
	if err := set(t, r, 1); source.CodeOf(err) != source.CodeUnreachable {
		t.Errorf("nobody there: %v", err)
	}
}

// What is asked for by POST may pass where it only reads.
func TestReads(t *testing.T) {
	for body, want := range map[string]bool{
		`{"requests":[{"id":"1","method":"GET","url":"/users/x"}]}`:                                      true,
		`{"requests":[{"id":"1","method":"GET","url":"/x"},{"id":"2","method":"PATCH","url":"/users"}]}`: false,
		`{"requests":[{"id":"1","url":"/users/x"}]}`:                                                     false,
		`{"requests":[]}`: false,
		`{"CmdletInput":{"CmdletName":"Get-Mailbox"}}`: true,
		`{"CmdletInput":{"CmdletName":"Set-Mailbox"}}`: false,
		`{"passwordProfile":{}}`:                       false,
		`no JSON`:                                      false,
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://graph.example/", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if got := reads(request); got != want {
			t.Errorf("%s: %v", body, got)
		}
	}
}
