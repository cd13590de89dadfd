package graphfake_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

const (
	sales = "10000000-1111-4000-8000-000000000001"
	east  = "10000000-1111-4000-8000-000000000002"
)

func tenant(c graphfake.Content) *graphfake.Server {
	return graphfake.Start(graphfake.Options{AccessToken: token, Count: 300, User: graphfake.Person, Content: func() graphfake.Content { return c }})
}

func memberOf(i int) string { return fmt.Sprintf("%08x-0000-4000-8000-%012x", i, i) }

// large is a tenant with a group of 250 people and one group, which has one of them
// and one more.
func large() graphfake.Content {
	c := graphfake.Content{
		Groups: []json.RawMessage{
			json.RawMessage(`{"id":"` + sales + `","displayName":"Sales","isAssignableToRole":null}`),
			json.RawMessage(`{"id":"` + east + `","displayName":"East","isAssignableToRole":true}`),
		},
		Members: map[string][]string{sales: {east}, east: {memberOf(0), memberOf(299), sales}},
	}
	for i := range 250 {
		c.Members[sales] = append(c.Members[sales], memberOf(i))
	}
	return c
}

// A cast needs the header and $count on each page; what is not cast needs neither and
// holds the groups too.
func TestTransitiveMembers(t *testing.T) {
	s := tenant(large())
	defer s.Close()
	read := func(path string, headerUpTo int) (kinds map[string]int, status int) {
		kinds = map[string]int{}
		for link, n := s.URL+"/v1.0/groups/"+path, 0; link != ""; n++ {
			r, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, link, nil)
			r.Header.Set("Authorization", "Bearer "+token)
			if n < headerUpTo {
				r.Header.Set("ConsistencyLevel", "eventual")
			}
			response, err := s.Client().Do(r)
			if err != nil {
				t.Fatal(err)
			}
			var p page
			_ = json.NewDecoder(response.Body).Decode(&p)
			response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return kinds, response.StatusCode
			}
			for _, m := range p.Value {
				kinds[string(m["@odata.type"])]++
			}
			link = p.Next
		}
		return kinds, http.StatusOK
	}
	for _, test := range []struct {
		path                  string
		header, status        int
		users, groups, others int
	}{
		{sales + "/transitiveMembers?$select=id", 0, 200, 251, 1, 0},
		{sales + "/members?$top=100", 0, 200, 250, 1, 0},
		{sales + "/transitiveMembers/microsoft.graph.user?$count=true", 99, 200, 251, 0, 0},
		{sales + "/transitiveMembers/microsoft.graph.user?$count=true", 1, 400, 100, 0, 0},
		{sales + "/transitiveMembers/microsoft.graph.user?$count=true", 0, 400, 0, 0, 0},
		{sales + "/transitiveMembers/microsoft.graph.user", 99, 400, 0, 0, 0},
		{sales + "/sisters", 0, 400, 0, 0, 0},
		{memberOf(1) + "/members", 0, 404, 0, 0, 0},
	} {
		kinds, status := read(test.path, test.header)
		if status != test.status || kinds[`"#microsoft.graph.user"`] != test.users || kinds[`"#microsoft.graph.group"`] != test.groups {
			t.Errorf("%s with %d headers: %d, %v", test.path, test.header, status, kinds)
		}
	}
}

func TestGroupFilterAndSelection(t *testing.T) {
	s := tenant(large())
	defer s.Close()
	for _, test := range []struct {
		query  string
		status int
		names  int
	}{
		{"$filter=isAssignableToRole+eq+true&$select=id,displayName", 200, 1},
		{"$select=id,displayName", 200, 2},
		{"$filter=displayName+eq+'Sales'", 400, 0},
		{"$select=id,members", 400, 0},
	} {
		status, p, _ := get(t, s.Client(), s.URL+"/v1.0/groups?"+test.query, token)
		if status != test.status || len(p.Value) != test.names {
			t.Errorf("%s: %d, %v", test.query, status, p.Value)
		}
	}
}

// post sends a batch.
func post(t *testing.T, s *graphfake.Server, body string) (int, []graphfake.Part) {
	t.Helper()
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v1.0/$batch", bytes.NewBufferString(body))
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/json")
	response, err := s.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Responses []graphfake.Part }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, answer.Responses
}

// A batch answers each part by itself, in an order of its own, and takes twenty.
func TestBatch(t *testing.T) {
	c := large()
	c.Purposes = map[string]string{memberOf(0): "shared", memberOf(1): "403"}
	s := tenant(c)
	defer s.Close()
	status, parts := post(t, s, `{"requests":[
		{"id":"a","method":"GET","url":"/users/`+memberOf(0)+`/mailboxSettings/userPurpose"},
		{"id":"b","method":"GET","url":"/users/`+memberOf(1)+`/mailboxSettings/userPurpose"},
		{"id":"c","method":"GET","url":"users/`+memberOf(2)+`/mailboxSettings/userPurpose"},
		{"id":"d","method":"GET","url":"/groups/`+sales+`/members?$top=5"},
		{"id":"e","method":"GET","url":"/groups/`+sales+`/members/microsoft.graph.user?$count=true","headers":{"ConsistencyLevel":"eventual"}}]}`)
	var order []string
	got := map[string]string{}
	for _, p := range parts {
		order = append(order, p.ID)
		got[p.ID] = fmt.Sprintf("%d %s", p.Status, p.Body)
	}
	if status != http.StatusOK || !slices.Equal(order, []string{"e", "d", "c", "b", "a"}) {
		t.Fatalf("%d, %v", status, order)
	}
	for id, want := range map[string]string{"a": `"value":"shared"`, "b": "403", "c": "MailboxNotEnabledForRESTAPI", "d": "@odata.nextLink", "e": `"@odata.count":250`} {
		if !strings.Contains(got[id], want) {
			t.Errorf("%s: %s", id, got[id])
		}
	}
	question := func(i int) string { return fmt.Sprintf(`{"id":"%d","method":"GET","url":"/users"}`, i) }
	var many []string
	for i := range 21 {
		many = append(many, question(i))
	}
	for name, body := range map[string]string{
		"too many": `{"requests":[` + strings.Join(many, ",") + `]}`, "an id twice": `{"requests":[` + question(1) + "," + question(1) + `]}`, "no JSON": `x`,
	} {
		if status, _ := post(t, s, body); status != http.StatusBadRequest {
			t.Errorf("%s: %d", name, status)
		}
	}
}
