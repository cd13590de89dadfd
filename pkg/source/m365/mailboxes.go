package m365

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/qpimport/qpimport/pkg/source"
)

var _ source.MailboxClassifier = (*Directory)(nil)

// Mailboxes implements [source.MailboxClassifier], in the way that the connection
// asks for: by mailboxSettings/userPurpose of Graph, twenty users a request; by
// Exchange's admin interface, which tells of all mailboxes, also of those that nobody
// asked about; or not at all.
func (d *Directory) Mailboxes(ctx context.Context, users []*source.User) (source.Mailboxes, error) {
	switch {
	case d.mailboxTypes == source.MailboxTypesNone:
		return source.Mailboxes{Unknown: "the connection says not to ask what mailboxes are"}, nil
	case len(users) == 0:
		return source.Mailboxes{}, nil
	case d.mailboxTypes == source.MailboxTypesExchange:
		return d.exchangeMailboxes(ctx)
	}
	found := source.Mailboxes{From: source.MailboxByPurpose, Classes: map[string]source.MailboxClass{}}
	for from := 0; from < len(users); from += maxParts {
		some := users[from:min(from+maxParts, len(users))]
		links := make([]*url.URL, len(some))
		for i, u := range some {
			if err := source.CheckID(u.ID); err != nil {
				return source.Mailboxes{}, err
			}
			links[i] = d.client.url("users/"+u.ID+"/mailboxSettings/userPurpose", nil)
		}
		denied, unserved := 0, 0
		n, err := d.client.batch(ctx, links, func(i int, body []byte, err error) error {
			status := statusOf(err)
			switch {
			case err == nil:
				class, err := purpose(body)
				if class != source.MailboxUnknown {
					found.Classes[some[i].ID] = class
				}
				return err
			case source.CodeOf(err) == source.CodePermission:
				denied++
			case status == http.StatusNotFound: // on site, or of somebody without a licence
			case notServed(err):
				unserved++
			default:
				return err
			}
			return nil
		})
		found.Requests += n
		first := from == 0
		switch {
		case first && notServed(err):
			return unknown(n, "this Graph does not take requests in batches, by which it is asked what mailboxes are"), nil
		case first && source.CodeOf(err) == source.CodePermission, first && denied == len(some):
			return unknown(n, "the application may not read what mailboxes are (MailboxSettings.Read would let it)"), nil
		case first && unserved == len(some):
			return unknown(n, "this Graph does not serve what mailboxes are"), nil
		case err != nil:
			return source.Mailboxes{}, err
		}
	}
	if len(found.Classes) == 0 {
		return unknown(found.Requests, fmt.Sprintf("Microsoft Graph says of none of %d mailboxes what it is", len(users))), nil
	}
	return found, nil
}

func unknown(requests int, why string) source.Mailboxes {
	return source.Mailboxes{Requests: requests, Unknown: why}
}

// purpose reads the answer to userPurpose. What it calls others, or something new, is
// unknown.
func purpose(body []byte) (source.MailboxClass, error) {
	var answer struct {
		Value *string `json:"value"`
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		return "", incomplete(fmt.Errorf("the purpose of a mailbox cannot be read: %w", err))
	}
	if answer.Value == nil {
		return "", incomplete(errors.New("the answer holds no purpose of a mailbox"))
	}
	switch class := source.MailboxClass(strings.ToLower(*answer.Value)); class {
	case source.MailboxUser, source.MailboxLinked, source.MailboxShared, source.MailboxRoom, source.MailboxEquipment:
		return class, nil
	}
	return source.MailboxUnknown, nil
}
