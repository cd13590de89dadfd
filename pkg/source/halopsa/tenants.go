package halopsa

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// tenants is which Microsoft 365 tenants HaloPSA's clients have.
type tenants struct {
	ofClient map[string][]string // client → tenants
	clients  map[string][]string // tenant → clients
}

func newTenants() tenants {
	return tenants{ofClient: map[string][]string{}, clients: map[string][]string{}}
}

func (t tenants) add(client, tenant string) {
	if !slices.Contains(t.ofClient[client], tenant) {
		t.ofClient[client] = append(t.ofClient[client], tenant)
		t.clients[tenant] = append(t.clients[tenant], client)
	}
}

// join gives each client its tenant. One that several clients have is nobody's,
// and of several that a client has none is: which is right is not guessed.
func (t tenants) join(all []source.Organization) {
	for i := range all {
		o := &all[i]
		of := t.ofClient[o.ID]
		switch {
		case len(of) > 1:
			o.Note = fmt.Sprintf("HaloPSA has %d tenants for it; none was taken", len(of))
		case len(of) == 1 && len(t.clients[of[0]]) > 1:
			o.Note = fmt.Sprintf("HaloPSA has its tenant %s for %d clients; it was not taken", of[0], len(t.clients[of[0]]))
		case len(of) == 1:
			o.Tenant = of[0]
		}
	}
}

// nobodys is the tenant of a mapping that has none.
const nobodys = "00000000-0000-0000-0000-000000000000"

// connections asks for the connections with customers' tenants, among those that
// HaloPSA has with Entra ID.
const connections = "2"

// readTenants reads the mappings of all connections.
func readTenants(ctx context.Context, c *weblist.Client) (tenants, error) {
	t := newTenants()
	a, err := c.Ask(ctx, weblist.Request{Path: "AzureADConnection", Query: url.Values{"type": {connections}}})
	if err != nil {
		return t, noTenants(err)
	}
	ids, err := connectionIDs(c, a.Body)
	if err != nil {
		return t, noTenants(c.Damaged("HaloPSA's list of connections with tenants is not what it should be", err))
	}
	for _, id := range ids {
		a, err := c.Ask(ctx, weblist.Request{Path: "AzureADConnection/" + id, Query: url.Values{
			"type": {connections}, "includedetails": {"true"}, "includetenants": {"true"},
		}})
		if err != nil {
			return t, noTenants(err)
		}
		if err := t.read(c, a.Body, id); err != nil {
			return t, noTenants(c.Damaged("HaloPSA's connection "+id+" with tenants is not what it should be", err))
		}
	}
	return t, nil
}

// noTenants says what an error stopped, where it is not one that passes by itself.
func noTenants(err error) error {
	var e *source.Error
	if !errors.As(err, &e) || e.Code == source.CodeThrottled || e.Code == source.CodeUnreachable {
		return err
	}
	code := e.Code
	if code == source.CodeCredentials {
		code = source.CodePermission // the clients could be read
	}
	return &source.Error{Code: code, Topic: TopicNoTenants, Message: "which tenants the clients have cannot be read", Err: err}
}

// connectionIDs reads the list of connections: an array, an object that holds one,
// or a connection alone.
func connectionIDs(c *weblist.Client, body []byte) ([]string, error) {
	type connection struct {
		ID jsontext.Value `json:"id"`
	}
	var list []connection
	if strings.HasPrefix(strings.TrimLeft(string(body), " \t\r\n"), "{") {
		fields := map[string]jsontext.Value{}
		if err := c.Decode(body, jsontext.KindBeginObject, &fields); err != nil {
			return nil, err
		}
		var arrays []jsontext.Value
		for _, v := range fields {
			if v.Kind() == jsontext.KindBeginArray {
				arrays = append(arrays, v)
			}
		}
		switch {
		case fields["id"] != nil:
			list = []connection{{fields["id"]}}
		case len(arrays) != 1:
			return nil, errors.New("it holds no list" + c.Said(body))
		default:
			if err := json.Unmarshal(arrays[0], &list); err != nil {
				return nil, fmt.Errorf("it is not the JSON expected: %w", err)
			}
			if count, ok := fields["record_count"]; ok && string(count) != fmt.Sprint(len(list)) {
				return nil, fmt.Errorf("%d came where it counts %s", len(list), weblist.Shown(count))
			}
		}
	} else if err := c.Decode(body, jsontext.KindBeginArray, &list); err != nil {
		return nil, err
	}
	var ids []string
	for _, l := range list {
		id, err := weblist.NumericID(l.ID)
		if err != nil {
			return nil, err
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// read adds the mappings of a connection. One that names no tenant or no client is
// not made yet.
func (t tenants) read(c *weblist.Client, body []byte, id string) error {
	var doc struct {
		ID       jsontext.Value `json:"id"`
		Mappings *[]struct {
			Client jsontext.Value `json:"client_id"`
			Tenant string         `json:"azure_tenant_id"`
		} `json:"mappings_client"`
	}
	err := c.Decode(body, jsontext.KindBeginObject, &doc)
	switch {
	case err != nil:
		return err
	case string(doc.ID) != id:
		return fmt.Errorf("its id is %s%s", weblist.Shown(doc.ID), c.Said(body))
	case doc.Mappings == nil:
		c.Announce("HaloPSA's connection %s does not say whose its tenants are", id)
		return nil
	}
	for _, m := range *doc.Mappings {
		tenant := strings.ToLower(m.Tenant)
		switch string(m.Client) {
		case "", "null", "0":
			continue
		}
		if !source.IsID(tenant) || tenant == nobodys {
			continue
		}
		client, err := weblist.NumericID(m.Client)
		if err != nil {
			return fmt.Errorf("a mapping's client: %w", err)
		}
		t.add(client, tenant)
	}
	return nil
}
