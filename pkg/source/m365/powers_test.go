package m365

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

const (
	helpdesk = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
	reader   = "f2ef992c-3afb-46b9-b7cf-a126ee74c451"
	robot    = "ffffffff-2222-4000-8000-000000000001" // a service principal
)

func assigned(role, principal string) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(`{"id":"x","principalId":%q,"roleDefinitionId":%q,"directoryScopeId":"/"}`, principal, role))
}

// powerful is a tenant where roles are held by a person, a group and a service
// principal, and where one group may be given a role and has none.
func powerful() graphfake.Content {
	const assignable = `,"isAssignableToRole":true`
	group := func(i int, name string) json.RawMessage {
		return json.RawMessage(strings.Replace(string(groupJSON(i, name, "")), `,"isAssignableToRole":null`, assignable, 1))
	}
	upper := func(i int) string { return strings.ToUpper(groupID(i)) }
	return graphfake.Content{
		Groups: []json.RawMessage{groupJSON(1, "Sales", ""), group(2, "Tier 0"), group(3, "Standby")},
		Members: map[string][]string{
			upper(1): {person(5)}, upper(2): {person(1)}, upper(3): {person(2)},
		},
		Owners: map[string][]string{upper(1): {person(5)}, upper(2): {person(3), robot}},
		RoleDefinitions: []json.RawMessage{
			json.RawMessage(`{"id":"` + helpdesk + `","displayName":"Helpdesk Administrator","isBuiltIn":true}`),
			json.RawMessage(`{"id":"` + globalAdministrator + `","displayName":"Global Administrator"}`),
			json.RawMessage(`{"id":"` + reader + `","displayName":"Global Reader"}`),
		},
		RoleAssignments: []json.RawMessage{
			assigned(helpdesk, strings.ToUpper(person(0))), assigned(helpdesk, person(0)), assigned(globalAdministrator, groupID(2)), assigned(globalAdministrator, robot),
		},
	}
}

// privileges are the ways of the users of a tenant of six, in words.
func privileges(powers source.Powers) map[string]string {
	var users []*source.User
	for i := range 6 {
		users = append(users, &source.User{Kind: source.M365, ID: person(i)})
	}
	ways := map[string]string{}
	for id, of := range source.NewGroupIndex(powers.Groups, users).Privileges() {
		me := source.User{Username: "me", Privileges: of}
		ways[strings.TrimLeft(id[:7], "0")+id[7:8]] += strings.Join(me.PrivilegePaths(), "; ") + "; "
	}
	return ways
}

var wantPrivileges = map[string]string{
	"0": "Helpdesk Administrator ← me; ",
	"1": "Global Administrator ← Tier 0 ← me; ",
	"2": "Standby ← me; ",
	"3": "Owners of Tier 0 ← me; ",
}

func TestPowers(t *testing.T) {
	for name, unserved := range map[string][]string{"as it is": nil, "no batches": {"$batch"}} {
		for _, pages := range []int{0, 1} {
			c := powerful()
			c.Unserved = unserved
			o := held(6, c)
			o.PageSize = pages
			server, config, _ := start(t, o)
			powers, err := open(t, config).Powers(t.Context())
			if err != nil || powers.Unknown != "" || !reflect.DeepEqual(privileges(powers), wantPrivileges) {
				t.Errorf("%s: %v, %+v, %v", name, privileges(powers), powers, err)
			}
			if powers.Groups[0].Name != "Global Administrator" || !powers.Groups[0].Power {
				t.Errorf("%s: the weightiest is %+v", name, powers.Groups[0])
			}
			if n := len(server.GraphRequests()); pages == 0 && unserved == nil && n != 4 {
				t.Errorf("%s: %d requests", name, n)
			}
		}
	}
}

// What is not known is never taken for none, and what is known all the same is kept.
func TestPowersUnknown(t *testing.T) {
	for _, test := range []struct {
		name             string
		denied, unserved []string
		want             string
		groups           int
	}{
		{"no permission for roles", []string{"roleManagement"}, nil, "RoleManagement.Read.Directory", 0},
		{"no roles", nil, []string{"roleManagement"}, "this Graph does not serve who holds roles", 0},
		{"no permission for groups", []string{"groups"}, nil, "GroupMember.Read.All", 2},
		{"no permission for members", []string{"transitiveMembers"}, nil, "GroupMember.Read.All", 2},
		{"no groups", nil, []string{"groups"}, "this Graph does not serve groups", 2},
		{"no members", nil, []string{"transitiveMembers"}, "this Graph does not serve groups", 2},
	} {
		c := powerful()
		c.Denied, c.Unserved = test.denied, test.unserved
		_, config, _ := start(t, held(6, c))
		powers, err := open(t, config).Powers(t.Context())
		if err != nil || !strings.Contains(powers.Unknown, test.want) || len(powers.Groups) != test.groups {
			t.Errorf("%s: %+v, %v", test.name, powers, err)
		}
	}
	for _, status := range []int{400, 404, 405, 501} {
		o := held(6, powerful())
		o.Fault = graphfake.Always(graphfake.GraphError(status, "BadRequest", "No."))
		_, config, _ := start(t, o)
		if powers, err := open(t, config).Powers(t.Context()); err != nil || powers.Unknown == "" {
			t.Errorf("%d: %+v, %v", status, powers, err)
		}
	}
}

// A role without a name, because names may not be read, goes by its id.
func TestPowersWithoutNames(t *testing.T) {
	o := held(6, powerful())
	o.Fault = graphfake.At(map[int]graphfake.Fault{2: graphfake.Denied()})
	_, config, _ := start(t, o)
	powers, err := open(t, config).Powers(t.Context())
	if err != nil || powers.Unknown != "" || powers.Groups[0].Name != globalAdministrator {
		t.Errorf("%+v, %v", powers, err)
	}
}

// Any other failure is an error, wherever it comes.
func TestPowersFail(t *testing.T) {
	for n := 1; n <= 4; n++ {
		for name, fault := range map[string]graphfake.Fault{
			"html": graphfake.HTML(), "empty": graphfake.Body(`{}`), "unavailable": graphfake.Status(503, ""), "null": graphfake.Body(`{"value":[null]}`),
			"nothing in it": graphfake.Body(`{"value":[{}]}`), "unauthorized": graphfake.GraphError(401, "InvalidAuthenticationToken", "No."),
			"a link to elsewhere": graphfake.Body(`{"value":[],"@odata.nextLink":"https://elsewhere.example/v1.0/x"}`),
		} {
			o := held(6, powerful())
			failing := map[int]graphfake.Fault{}
			for again := n; again < n+40; again++ {
				failing[again] = fault
			}
			o.Fault = graphfake.At(failing)
			_, config, _ := start(t, o)
			if powers, err := open(t, config).Powers(t.Context()); err == nil {
				t.Errorf("request %d, %s: %+v and no error", n, name, powers)
			}
		}
	}
}
