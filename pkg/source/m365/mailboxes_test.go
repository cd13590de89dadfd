package m365

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// asked are the first n people.
func asked(n int) []*source.User {
	var users []*source.User
	for i := range n {
		users = append(users, &source.User{Kind: source.M365, ID: person(i), Email: "x@contoso.example"})
	}
	return users
}

// purposes says what the mailboxes of people are, in turn.
func purposes(n int, values ...string) map[string]string {
	of := map[string]string{}
	for i := range n {
		of[person(i)] = values[i%len(values)]
	}
	return of
}

func TestMailboxesByPurpose(t *testing.T) {
	_, config, _ := start(t, held(8, graphfake.Content{Purposes: purposes(8, "user", "linked", "shared", "room", "equipment", "others", "403", "404")}))
	got, err := open(t, config).Mailboxes(t.Context(), asked(8))
	want := source.Mailboxes{From: source.MailboxByPurpose, Requests: 1, Classes: map[string]source.MailboxClass{
		person(0): source.MailboxUser, person(1): source.MailboxLinked, person(2): source.MailboxShared, person(3): source.MailboxRoom, person(4): source.MailboxEquipment,
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A tenant of 10,000 with 300 in doubt costs at most 30 requests beside the users'.
func TestCostOfPurposes(t *testing.T) {
	const people, doubtful = 10_000, 300
	o := held(people, graphfake.Content{Purposes: purposes(doubtful, "shared", "404", "user")})
	throttled := 0
	o.Parts = func(n int, parts []graphfake.Part) []graphfake.Part {
		if n%4 == 0 {
			throttled++
			parts[1], parts[2] = graphfake.ThrottledPart(parts[1], "1"), graphfake.ThrottledPart(parts[2], "3")
		}
		return parts
	}
	server, config, _ := start(t, o)
	d := open(t, config)
	ids, err := read(t.Context(), d, source.Scope{})
	wantUsers(t, ids, err, people)
	before := len(server.GraphRequests())
	got, err := d.Mailboxes(t.Context(), asked(doubtful))
	cost := len(server.GraphRequests()) - before
	if err != nil || len(got.Classes) != 200 || got.Requests != cost || cost > 30 || throttled == 0 {
		t.Errorf("%d classes for %d requests, %d counted, %v", len(got.Classes), cost, got.Requests, err)
	}
}

func TestMailboxesUnknown(t *testing.T) {
	for _, test := range []struct {
		name     string
		content  graphfake.Content
		want     string
		requests int
	}{
		{"no permission", graphfake.Content{Denied: []string{"mailboxSettings"}}, "MailboxSettings.Read", 1},
		{"no settings", graphfake.Content{Unserved: []string{"mailboxSettings"}}, "does not serve what mailboxes are", 1},
		{"no batches", graphfake.Content{Unserved: []string{"$batch"}}, "batches", 1},
		{"no permission for batches", graphfake.Content{Denied: []string{"$batch"}}, "MailboxSettings.Read", 1},
		{"all on site", graphfake.Content{}, "of none of 50 mailboxes", 3},
		{"all others", graphfake.Content{Purposes: purposes(50, "others")}, "of none of 50 mailboxes", 3},
	} {
		_, config, _ := start(t, held(50, test.content))
		got, err := open(t, config).Mailboxes(t.Context(), asked(50))
		if err != nil || got.From != "" || got.Classes != nil || !strings.Contains(got.Unknown, test.want) || got.Requests != test.requests {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
	server, config, _ := start(t, held(50, graphfake.Content{}))
	d := open(t, config)
	if got, err := d.Mailboxes(t.Context(), nil); err != nil || got.Requests != 0 || got.Unknown != "" || len(server.Requests()) != 0 {
		t.Errorf("of nobody: %+v, %v", got, err)
	}
}

func TestMailboxesFail(t *testing.T) {
	for name, fault := range map[string]graphfake.Fault{
		"html": graphfake.HTML(), "no parts": graphfake.Body(`{"responses":[]}`), "unavailable": graphfake.Status(503, ""), "cut": graphfake.CutMidBody(0.5),
		"no purpose": graphfake.Replace(`"value":"shared"`, `"purpose":"shared"`), "a number": graphfake.Replace(`"value":"shared"`, `"value":7`),
		"unauthorized": graphfake.GraphError(401, "InvalidAuthenticationToken", "No."),
	} {
		o := held(50, graphfake.Content{Purposes: purposes(50, "shared")})
		o.Fault = graphfake.Always(fault)
		_, config, _ := start(t, o)
		if got, err := open(t, config).Mailboxes(t.Context(), asked(50)); err == nil {
			t.Errorf("%s: %+v and no error", name, got)
		}
	}
}

// exchanged is a tenant whose Exchange has n mailboxes of people, and one of its own
// that nobody has.
func exchanged(n int, types ...string) graphfake.Content {
	c := graphfake.Content{Mailboxes: []json.RawMessage{json.RawMessage(`{"ExternalDirectoryObjectId":"","RecipientTypeDetails":"DiscoveryMailbox"}`)}}
	for i := range n {
		c.Mailboxes = append(c.Mailboxes, json.RawMessage(fmt.Sprintf(`{"ExternalDirectoryObjectId":%q,"RecipientTypeDetails":%q,"Name":"x"}`, strings.ToUpper(person(i)), types[i%len(types)])))
	}
	return c
}

func byExchange(config Config) Config {
	config.Connection.MailboxTypes = source.MailboxTypesExchange
	return config
}

func TestMailboxesByExchange(t *testing.T) {
	o := held(2500, exchanged(2500, "UserMailbox", "SharedMailbox", "RoomMailbox", "SchedulingMailbox", "SomethingNew"))
	o.BasePath = "/gate"
	server, config, _ := start(t, o)
	d := open(t, byExchange(config))
	if ids, err := read(t.Context(), d, source.Scope{}); err != nil || len(ids) != 2500 {
		t.Fatalf("%d users, %v", len(ids), err)
	}
	before := len(server.GraphRequests())
	got, err := d.Mailboxes(t.Context(), asked(1))
	if err != nil || got.From != source.MailboxByExchange || len(got.Classes) != 2000 || got.Requests != 3 || got.Unknown != "" {
		t.Errorf("%d classes by %q for %d requests, %q, %v", len(got.Classes), got.From, got.Requests, got.Unknown, err)
	}
	counts := map[source.MailboxClass]int{}
	for class := range maps.Values(got.Classes) {
		counts[class]++
	}
	want := map[source.MailboxClass]int{source.MailboxUser: 500, source.MailboxShared: 500, source.MailboxRoom: 500, source.MailboxExchange: 500}
	if !reflect.DeepEqual(counts, want) || got.Classes[person(1)] != source.MailboxShared {
		t.Errorf("%v", counts)
	}
	for _, r := range server.GraphRequests()[before:] {
		if r.Method != http.MethodPost || !strings.HasPrefix(r.URL, "/gate/adminapi/beta/"+graphfake.DefaultTenant+"/InvokeCommand?") ||
			!strings.Contains(r.Header.Get("X-AnchorMailbox"), graphfake.DefaultTenant) || !strings.Contains(r.Body, "Get-Mailbox") {
			t.Errorf("%+v", r)
		}
	}
}

func TestMailboxesByExchangeUnknown(t *testing.T) {
	for _, test := range []struct {
		name    string
		content graphfake.Content
		fault   graphfake.Fault
		want    string
	}{
		{"no permission", graphfake.Content{Denied: []string{"adminapi"}}, nil, "Exchange.ManageAsApp"},
		{"a token that Exchange will not take", graphfake.Content{}, graphfake.GraphError(401, "", "No."), "Exchange.ManageAsApp"},
		{"not served", graphfake.Content{Unserved: []string{"adminapi"}}, nil, "does not serve its admin interface"},
	} {
		o := held(3, test.content)
		if test.fault != nil {
			o.Fault = graphfake.Always(test.fault)
		}
		_, config, _ := start(t, o)
		got, err := open(t, byExchange(config)).Mailboxes(t.Context(), asked(3))
		if err != nil || got.Classes != nil || !strings.Contains(got.Unknown, test.want) {
			t.Errorf("%s: %+v, %v", test.name, got, err)
		}
	}
}

// An answer of Exchange is whole or an error.
func TestMailboxesByExchangeFail(t *testing.T) {
	for n := 1; n <= 3; n++ {
		for name, fault := range map[string]graphfake.Fault{
			"html": graphfake.HTML(), "empty": graphfake.Body(`{}`), "null": graphfake.Body(`{"value":null}`), "unavailable": graphfake.Status(503, ""),
			"no type": graphfake.Body(`{"value":[{"ExternalDirectoryObjectId":"` + person(1) + `"}]}`), "a strange id": graphfake.Body(`{"value":[{"ExternalDirectoryObjectId":"x","RecipientTypeDetails":"UserMailbox"}]}`),
			"elsewhere": graphfake.NextLink(func(string) string { return "https://elsewhere.example/adminapi/beta/x" }),
			"another way": graphfake.NextLink(func(link string) string {
				return strings.Replace(link, "/adminapi/beta/"+graphfake.DefaultTenant, "/v1.0", 1) + "/v1.0/users"
			}),
		} {
			o := held(2500, exchanged(2500, "UserMailbox"))
			failing := map[int]graphfake.Fault{}
			for again := n; again < n+40; again++ {
				failing[again] = fault
			}
			o.Fault = graphfake.At(failing)
			_, config, _ := start(t, o)
			got, err := open(t, byExchange(config)).Mailboxes(t.Context(), asked(3))
			if err == nil || strings.Contains(err.Error(), "Microsoft Graph") {
				t.Errorf("request %d, %s: %d classes, %v", n, name, len(got.Classes), err)
			}
		}
	}
}

func TestMailboxesNotAsked(t *testing.T) {
	server, config, _ := start(t, held(3, graphfake.Content{}))
	config.Connection.MailboxTypes = source.MailboxTypesNone
	got, err := open(t, config).Mailboxes(t.Context(), asked(3))
	if err != nil || got.Unknown == "" || got.Requests != 0 || len(server.Requests()) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}
