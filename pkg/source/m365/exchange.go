package m365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// exchangeService is the admin interface of Exchange Online, for people.
const exchangeService = "Exchange Online"

// newExchangeClient makes a client of Exchange's admin interface: the one through
// which Exchange's own PowerShell module runs its commands. Microsoft does not
// document it; it is written here from what is published of it, and was never tried
// on a tenant. A private Graph has to serve it at the same root.
func newExchangeClient(config Config) (*client, error) {
	config.Connection = config.Connection.Normalize("")
	g := config.Connection.Graph
	e, err := newEndpoint(g)
	if err != nil {
		return nil, err
	}
	known, _ := cloudOf(g.Cloud)
	if g.GraphURL == "" {
		e.root = &url.URL{Scheme: "https", Host: known.exchange}
	}
	e.service, e.version = exchangeService, "/adminapi/beta/"+g.Tenant+"/"
	e.scope = "https://" + known.exchange + "/.default"
	return newClientOf(config, e)
}

// exchangeMailboxes asks Exchange for all mailboxes, a thousand a page.
func (d *Directory) exchangeMailboxes(ctx context.Context) (source.Mailboxes, error) {
	c := d.exchange
	command, err := json.Marshal(map[string]any{"CmdletInput": map[string]any{
		"CmdletName": "Get-Mailbox", "Parameters": map[string]any{"ResultSize": "Unlimited"},
	}})
	if err != nil {
		return source.Mailboxes{}, err
	}
	header := map[string]string{
		"Prefer": "odata.maxpagesize=1000",
		// It leads the request to a server that has mailboxes of the tenant.
		"X-AnchorMailbox": "APP:SystemMailbox{bb558c35-97f1-4cb9-8ff7-d53741dc928c}@" + d.tenant,
	}
	found := source.Mailboxes{From: source.MailboxByExchange, Classes: map[string]source.MailboxClass{}}
	ask := func(ctx context.Context, link *url.URL, read func(io.Reader) error) error {
		found.Requests++
		return c.send(ctx, link, command, header, read)
	}
	first := c.url("InvokeCommand", url.Values{"$select": {"ExternalDirectoryObjectId,RecipientTypeDetails"}})
	for page, err := range readPagesBy(ctx, c, first, decodeMailbox, ask) {
		switch {
		case source.CodeOf(err) == source.CodePermission, statusOf(err) == http.StatusUnauthorized:
			return unknown(found.Requests, "the application may not ask Exchange Online what mailboxes are (it needs the application permission Exchange.ManageAsApp and a role that may read recipients, such as Global Reader)"), nil
		case found.Requests == 1 && notServed(err):
			return unknown(found.Requests, "Exchange Online does not serve its admin interface as it is known here"), nil
		case err != nil:
			return source.Mailboxes{}, ofExchange(err)
		}
		for _, m := range page {
			if class := source.ClassOfRecipient(source.RecipientTypeOf(m.recipientType)); class != source.MailboxUnknown && m.id != "" {
				found.Classes[m.id] = class
			}
		}
	}
	return found, nil
}

// ofExchange names Exchange in an error about an answer, where Graph was meant.
func ofExchange(err error) error {
	var known *source.Error
	if source.CodeOf(err) != source.CodeIncomplete || !errors.As(err, &known) || known.Err == nil {
		return err
	}
	return &source.Error{Code: known.Code, Message: exchangeService + " did not answer properly", Hint: known.Hint, Err: known.Err}
}

// exchangeMailbox is what Get-Mailbox says of a mailbox; some of Exchange's own have no
// user, and no id.
type exchangeMailbox struct{ id, recipientType string }

func decodeMailbox(d *jsontext.Decoder) (exchangeMailbox, error) {
	var m struct {
		ID   *string `json:"ExternalDirectoryObjectId"`
		Type *string `json:"RecipientTypeDetails"`
	}
	if err := json.UnmarshalDecode(d, &m); err != nil {
		return exchangeMailbox{}, fmt.Errorf("a mailbox cannot be read: %w", err)
	}
	if m.Type == nil {
		return exchangeMailbox{}, errors.New("a mailbox has no RecipientTypeDetails")
	}
	out := exchangeMailbox{recipientType: *m.Type}
	if m.ID != nil && strings.TrimSpace(*m.ID) != "" {
		var err error
		if out.id, err = objectID("a mailbox", *m.ID); err != nil {
			return exchangeMailbox{}, err
		}
	}
	return out, nil
}
