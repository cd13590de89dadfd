package m365

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// person is the id of the ith of [graphfake.Person].
func person(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i) }

// groupID is the id of a group of a test.
func groupID(i int) string { return fmt.Sprintf("%08x-1111-4000-8000-%012x", i, i) }

func groupJSON(i int, name, more string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"id":%q,"displayName":%q,"mail":null,"mailNickname":"g%d","isAssignableToRole":null%s}`, strings.ToUpper(groupID(i)), name, i, more))
}

// held makes options of a tenant of n people that holds c.
func held(n int, c graphfake.Content) graphfake.Options {
	o := people(n)
	o.Content = func() graphfake.Content { return c }
	return o
}

// nested is a tenant with groups in one another, in a circle, a service principal and a
// device in one, and an empty one.
func nested() graphfake.Content {
	upper := func(i int) string { return strings.ToUpper(groupID(i)) }
	return graphfake.Content{
		Groups: []json.RawMessage{
			groupJSON(1, "Sales", `,"mail":"sales@contoso.example"`), groupJSON(2, "Sales East", ``), groupJSON(3, "Circle", ``), groupJSON(4, "", ``),
		},
		Members: map[string][]string{
			upper(1): {person(0), upper(2), "ffffffff-2222-4000-8000-000000000001"},
			upper(2): {person(1), person(2), upper(3)},
			upper(3): {person(3), upper(2)},
		},
	}
}

func TestGroups(t *testing.T) {
	o := held(6, nested())
	o.PageSize = 2
	server, config, _ := start(t, o)
	d := open(t, config)
	got, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.Account == "g1" })
	if err != nil {
		t.Fatal(err)
	}
	want := []source.Group{
		{Kind: source.M365, ID: groupID(1), Name: "Sales", Account: "g1", Email: "sales@contoso.example",
			Members: []string{person(0), person(1), groupID(2), person(2), person(3), groupID(3)}},
		{Kind: source.M365, ID: groupID(2), Name: "Sales East", Account: "g2"},
		{Kind: source.M365, ID: groupID(3), Name: "Circle", Account: "g3"},
		{Kind: source.M365, ID: groupID(4), Name: "g4", Account: "g4"},
	}
	slices.Sort(want[0].Members)
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if n := len(server.GraphRequests()); n != 2+4 { // 4 groups and 7 members on pages of 2
		t.Errorf("%d requests", n)
	}
	for _, r := range server.GraphRequests() {
		if r.Header.Get("ConsistencyLevel") != "" || strings.Contains(r.URL, "microsoft.graph.user") {
			t.Errorf("an index that lags behind was asked: %s", r.URL)
		}
	}
}

// The list of all groups says who is in each directly, and the index finds who is in it
// by way of another group, the same as Graph's own transitiveMembers.
func TestAllGroups(t *testing.T) {
	_, config, _ := start(t, held(6, nested()))
	d := open(t, config)
	groups, err := d.Groups(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	var users []*source.User
	for i := range 6 {
		users = append(users, &source.User{Kind: source.M365, ID: person(i)})
	}
	index := source.NewGroupIndex(groups, users)
	for i, want := range []struct{ direct, people int }{{1, 4}, {2, 3}, {1, 3}, {0, 0}} {
		id := groupID(i + 1)
		if direct, people := len(index.Direct(id)), len(index.People(id)); direct != want.direct || people != want.people {
			t.Errorf("%s has %d directly and %d in all, want %+v", groups[i].Name, direct, people, want)
		}
		whole, err := d.Groups(t.Context(), func(g *source.Group) bool { return g.ID == id })
		if err != nil || !reflect.DeepEqual(source.NewGroupIndex(whole, users).People(id), index.People(id)) {
			t.Errorf("%s: transitively %v, %v", groups[i].Name, whole[i].Members, err)
		}
	}
}

// many is a tenant of n groups, each of one person, and the last of all people.
func many(n, people int) graphfake.Content {
	c := graphfake.Content{Members: map[string][]string{}}
	for i := range n {
		id := strings.ToUpper(groupID(i))
		c.Groups, c.Members[id] = append(c.Groups, groupJSON(i, fmt.Sprintf("Group %d", i), "")), []string{person(i % people)}
	}
	last := strings.ToUpper(groupID(n - 1))
	c.Members[last] = nil
	for i := range people {
		c.Members[last] = append(c.Members[last], person(i))
	}
	return c
}

// wantMany checks that a read of [many] is whole.
func wantMany(t *testing.T, groups []source.Group, err error, n, people int) {
	t.Helper()
	if err != nil || len(groups) != n {
		t.Fatalf("%d groups, %v", len(groups), err)
	}
	for i, g := range groups[:n-1] {
		if g.ID != groupID(i) || !reflect.DeepEqual(g.Members, []string{person(i % people)}) {
			t.Errorf("group %d is %+v", i, g)
		}
	}
	if len(groups[n-1].Members) != people {
		t.Errorf("the large group has %d members", len(groups[n-1].Members))
	}
}

func TestBatchesOfGroups(t *testing.T) {
	const n, people = 45, 60
	for _, test := range []struct {
		name     string
		parts    func(n int, parts []graphfake.Part) []graphfake.Part
		unserved []string
		requests int // for 1 page of groups, 3 batches, 1 further page of the large group
		waits    bool
	}{
		{name: "in another order", requests: 5},
		{name: "single parts throttled", requests: 6, waits: true, parts: func(n int, parts []graphfake.Part) []graphfake.Part {
			if n == 2 {
				parts[3], parts[7] = graphfake.ThrottledPart(parts[3], "2.5"), graphfake.ThrottledPart(parts[7], "4")
			}
			return parts
		}},
		{name: "single parts throttled again and again", requests: 8, waits: true, parts: func(n int, parts []graphfake.Part) []graphfake.Part {
			if n >= 2 && n <= 4 {
				parts[0] = graphfake.ThrottledPart(parts[0], "")
			}
			return parts
		}},
		{name: "a part that failed", requests: 6, waits: true, parts: func(n int, parts []graphfake.Part) []graphfake.Part {
			if n == 2 {
				parts[0].Status, parts[0].Body = 503, json.RawMessage(`{"error":{"code":"ServiceUnavailable"}}`)
			}
			return parts
		}},
		{name: "no batches", unserved: []string{"$batch"}, requests: 1 + 1 + n + 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := many(n, people)
			c.Unserved = test.unserved
			o := held(people, c)
			o.PageSize, o.Parts = 50, test.parts
			server, config, clock := start(t, o)
			groups, err := open(t, config).Groups(t.Context(), nil)
			wantMany(t, groups, err, n, people)
			if got := len(server.GraphRequests()); got != test.requests {
				t.Errorf("%d requests, want %d", got, test.requests)
			}
			if waited := len(clock.list) > 0; waited != test.waits {
				t.Errorf("waits %v", clock.list)
			}
		})
	}
}

// Whatever is wrong with the answer to a batch, no member is lost without an error.
func TestWhatIsNoBatch(t *testing.T) {
	const n, people = 45, 60
	edit := func(change func(parts []graphfake.Part) []graphfake.Part) func(int, []graphfake.Part) []graphfake.Part {
		return func(n int, parts []graphfake.Part) []graphfake.Part {
			if n == 3 { // the second batch
				return change(parts)
			}
			return parts
		}
	}
	body := func(text string) func(int, []graphfake.Part) []graphfake.Part {
		return edit(func(parts []graphfake.Part) []graphfake.Part {
			parts[4].Body = json.RawMessage(text)
			return parts
		})
	}
	status := func(status int, code string) func(int, []graphfake.Part) []graphfake.Part {
		return edit(func(parts []graphfake.Part) []graphfake.Part {
			parts[4].Status, parts[4].Body = status, json.RawMessage(`{"error":{"code":"`+code+`","message":"No."}}`)
			return parts
		})
	}
	failing := func(text string) func(int, []graphfake.Part) []graphfake.Part {
		return edit(func(parts []graphfake.Part) []graphfake.Part {
			parts[4].Status, parts[4].Body = 409, json.RawMessage(text)
			return parts
		})
	}
	for _, test := range []struct {
		name  string
		parts func(int, []graphfake.Part) []graphfake.Part
		fault graphfake.Fault
		code  source.Code
		want  string
	}{
		{"a part is missing", edit(func(parts []graphfake.Part) []graphfake.Part { return parts[1:] }), nil, source.CodeIncomplete, "lacks 1 of 20"},
		{"all are missing", edit(func([]graphfake.Part) []graphfake.Part { return nil }), nil, source.CodeIncomplete, "lacks 20 of 20"},
		{"a part twice", edit(func(parts []graphfake.Part) []graphfake.Part { return append(parts, parts[0]) }), nil, source.CodeIncomplete, "twice"},
		{"a part in the place of another", edit(func(parts []graphfake.Part) []graphfake.Part { parts[0].ID = "99"; return parts }), nil, source.CodeIncomplete, "lacks"},
		{"a part too many", edit(func(parts []graphfake.Part) []graphfake.Part {
			return append(parts, graphfake.Part{ID: "77", Status: 200})
		}), nil, source.CodeIncomplete, "nobody asked for"},
		{"a part without id", edit(func(parts []graphfake.Part) []graphfake.Part { parts[0].ID = ""; return parts }), nil, source.CodeIncomplete, "nobody asked for"},
		{"a part without status", edit(func(parts []graphfake.Part) []graphfake.Part { parts[0].Status = 0; return parts }), nil, source.CodeIncomplete, "of the status 0"},
		{"no page", body(`{}`), nil, source.CodeIncomplete, "holds no page"},
		{"null", body(`null`), nil, source.CodeIncomplete, "no {"},
		{"text", body(`"e30="`), nil, source.CodeIncomplete, "no {"},
		{"a member without id", body(`{"value":[{"@odata.type":"#microsoft.graph.user"}]}`), nil, source.CodeIncomplete, "has no id"},
		{"a member of a strange id", body(`{"value":[{"id":"../users"}]}`), nil, source.CodeIncomplete, "no GUID"},
		{"a link to elsewhere", body(`{"value":[],"@odata.nextLink":"https://elsewhere.example/v1.0/groups"}`), nil, source.CodeIncomplete, "leads away"},
		{"a failing part", status(500, "InternalServerError"), nil, "", ""}, // and asked for again
		{"a denied part", status(403, "Authorization_RequestDenied"), nil, source.CodePermission, "may not read groups"},
		{"an unauthorized part", status(401, "InvalidAuthenticationToken"), nil, source.CodeCredentials, "401"},
		{"a redirected part", status(302, ""), nil, source.CodeIncomplete, "302"},
		{"a part of no content", status(204, ""), nil, source.CodeIncomplete, "204"},
		{"a proxy's 404", status(404, ""), nil, source.CodeIncomplete, "404"},
		{"an error that is null", failing(`null`), nil, source.CodeIncomplete, "409"},
		{"an error that is text", failing(`"no"`), nil, source.CodeIncomplete, "409"},
		{"an error that is a list", failing(`[]`), nil, source.CodeIncomplete, "409"},
		{"an error without more", failing(`{"error":null}`), nil, source.CodeIncomplete, "409"},
		{"an error of another form", failing(`{"error":"no"}`), nil, source.CodeIncomplete, "409"},
		{"no responses", nil, graphfake.Body(`{}`), source.CodeIncomplete, "lacks 20 of 20"},
		{"responses twice", nil, graphfake.Twice("responses", "[]"), source.CodeIncomplete, "duplicate"},
		{"cut", nil, graphfake.CutMidBody(0.5), "", ""}, // and asked for again
		{"a captive portal", nil, graphfake.HTML(), source.CodeIncomplete, "text/html"},
		{"expired page link", nil, graphfake.ExpiredPageToken(), source.CodeIncomplete, "expired"},
		{"throttled for a day", nil, graphfake.Throttle("86400"), source.CodeThrottled, "24h"},
	} {
		t.Run(test.name, func(t *testing.T) {
			o := held(people, many(n, people))
			o.PageSize, o.Parts, o.Fault = 50, test.parts, graphfake.At(map[int]graphfake.Fault{3: test.fault})
			_, config, _ := start(t, o)
			groups, err := open(t, config).Groups(t.Context(), nil)
			if test.code == "" {
				wantMany(t, groups, err, n, people)
				return
			}
			if groups != nil || source.CodeOf(err) != test.code || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%d groups, %q, %v", len(groups), source.CodeOf(err), err)
			}
		})
	}
}

// A part that stays throttled is given up in the end, and the group is named.
func TestPartThrottledForEver(t *testing.T) {
	o := held(3, many(3, 3))
	o.Parts = func(_ int, parts []graphfake.Part) []graphfake.Part {
		parts[0] = graphfake.ThrottledPart(parts[0], "1")
		return parts
	}
	_, config, _ := start(t, o)
	if groups, err := open(t, config).Groups(t.Context(), nil); groups != nil || source.CodeOf(err) != source.CodeThrottled || !strings.Contains(err.Error(), "Group 2") {
		t.Errorf("%v, %v", groups, err)
	}
}

// A group that is deleted between the list and its members is no group any more.
func TestGroupDeletedMeanwhile(t *testing.T) {
	c, asked := many(5, 3), 0
	o := people(3)
	o.Content = func() graphfake.Content {
		now := c
		if asked++; asked > 1 {
			now.Groups = c.Groups[1:]
		}
		return now
	}
	for name, want := range map[string]func(*source.Group) bool{"all": nil, "wanted": func(*source.Group) bool { return true }} {
		asked = 0
		_, config, _ := start(t, o)
		groups, err := open(t, config).Groups(t.Context(), want)
		if err != nil || len(groups) != 4 || groups[0].ID != groupID(1) {
			t.Errorf("%s: %d groups, %v", name, len(groups), err)
		}
	}
}

// Where the link to further members expires, that group is read anew.
func TestMembersWhoseLinkExpires(t *testing.T) {
	const n, people = 45, 60
	o := held(people, many(n, people))
	o.PageSize, o.Fault = 50, graphfake.At(map[int]graphfake.Fault{5: graphfake.ExpiredPageToken()})
	server, config, _ := start(t, o)
	groups, err := open(t, config).Groups(t.Context(), nil)
	wantMany(t, groups, err, n, people)
	if got := len(server.GraphRequests()); got != 1+3+1+2 {
		t.Errorf("%d requests", got)
	}
}

func TestGroupsOfHiddenMembership(t *testing.T) {
	c := nested()
	c.Groups[0] = groupJSON(1, "Sales", `,"visibility":"HiddenMembership"`)
	for _, hidden := range []bool{false, true} {
		c.Hidden = hidden
		_, config, _ := start(t, held(6, c))
		groups, err := open(t, config).Groups(t.Context(), func(g *source.Group) bool { return g.Name == "Sales" })
		if hidden != (source.CodeOf(err) == source.CodePermission && strings.Contains(err.Error(), `"Sales" is hidden`)) || !hidden && len(groups[0].Members) == 0 {
			t.Errorf("hidden %v: %v, %v", hidden, groups, err)
		}
	}
}

func TestLicences(t *testing.T) {
	_, config, _ := start(t, held(1, graphfake.Content{SubscribedSkus: []json.RawMessage{
		json.RawMessage(`{"id":"a_b","skuId":"C7DF2760-2c81-4ef7-b578-5b5392b571df","skuPartNumber":"ENTERPRISEPREMIUM","capabilityStatus":"Enabled"}`),
		json.RawMessage(`{"id":"a_c","skuId":"6fd2c87f-b296-42f0-b197-1e91e994b900","skuPartNumber":"ENTERPRISEPACK","capabilityStatus":"Suspended"}`),
	}}))
	got, err := open(t, config).Licences(t.Context())
	want := []source.Licence{{ID: "6fd2c87f-b296-42f0-b197-1e91e994b900", Name: "ENTERPRISEPACK"}, {ID: "c7df2760-2c81-4ef7-b578-5b5392b571df", Name: "ENTERPRISEPREMIUM"}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v, %v", got, err)
	}
}

// Where a permission is missing, its name is what helps.
func TestMissingPermissions(t *testing.T) {
	for _, test := range []struct {
		denied, permission string
		read               func(*Directory) error
	}{
		{"groups", "GroupMember.Read.All", func(d *Directory) error { _, err := d.Groups(t.Context(), nil); return err }},
		{"transitiveMembers", "GroupMember.Read.All", func(d *Directory) error {
			_, err := d.Groups(t.Context(), func(*source.Group) bool { return true })
			return err
		}},
		{"members", "GroupMember.Read.All", func(d *Directory) error { _, err := d.Groups(t.Context(), nil); return err }},
		{"subscribedSkus", "LicenseAssignment.Read.All", func(d *Directory) error { _, err := d.Licences(t.Context()); return err }},
	} {
		c := nested()
		c.Denied = []string{test.denied}
		_, config, _ := start(t, held(6, c))
		err := test.read(open(t, config))
		var failure *source.Error
		if source.CodeOf(err) != source.CodePermission || !errors.As(err, &failure) || !strings.Contains(failure.Hint, test.permission) {
			t.Errorf("%s: %v", test.denied, err)
		}
	}
}
