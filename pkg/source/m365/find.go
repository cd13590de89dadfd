package m365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/graphuser"
)

// Find implements [source.Finder]. An absence is Graph's own 404 with the code
// Request_ResourceNotFound, which it gives for users among the deleted items too.
func (d *Directory) Find(ctx context.Context, id string) (*source.User, error) {
	if err := source.CheckID(id); err != nil {
		return nil, err
	}
	var u source.User
	link := d.client.url("users/"+id, url.Values{"$select": {graphuser.Select}})
	err := d.client.get(ctx, link, func(body io.Reader) (err error) {
		u, err = readUser(body)
		return err
	})
	switch {
	case isAbsence(err):
		return nil, nil
	case err != nil:
		return nil, err
	case u.ID != id:
		return nil, incomplete(fmt.Errorf("it was asked for the user %s and sent %.80q", id, u.ID))
	}
	return &u, nil
}

// readUser takes a body for a user only when it is one: a JSON object, once.
func readUser(body io.Reader) (source.User, error) {
	d := jsontext.NewDecoder(body, jsontext.AllowInvalidUTF8(true))
	u, err := graphuser.Read(d)
	if err != nil {
		return source.User{}, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return source.User{}, errors.New("something follows the user")
	}
	return u, nil
}
