package m365

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"

	"github.com/qpimport/qpimport/pkg/source"
)

// errSent marks a request that may have reached Graph, and whose answer did not come
// back.
var errSent = errors.New("the request was sent, and no answer came back")

// maySent says whether a request that failed may have reached the server.
func maySent(err error) bool {
	var final *source.Error
	var network *net.OpError
	switch {
	case errors.As(err, &final), refused(err):
		return false
	case errors.As(err, &network):
		return network.Op != "dial"
	}
	return true
}

// write sends a request that changes something, once, but for a refusal of the token
// and for 429, after both of which nothing was done. It returns an error of Graph's
// with its status, 0 where there was no answer; that is then [errSent] where the
// request may have arrived. read, where there is one, gets the body of a success.
func (c *client) write(ctx context.Context, method string, link *url.URL, body []byte, read func(io.Reader) error) (status int, said graphFailure, err error) {
	request, err := http.NewRequestWithContext(ctx, method, link.String(), bytes.NewReader(body))
	if err != nil {
		return 0, said, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", "application/json")
	if c.userAgent != "" {
		request.Header.Set("User-Agent", c.userAgent)
	}
	response, err := c.writer.Do(request)
	if err != nil {
		var wrapped *url.Error // repeats the URL
		if errors.As(err, &wrapped) {
			err = wrapped.Err
		}
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", errSent, context.Cause(ctx))
		}
		return 0, said, err
	}
	defer func() { _ = response.Body.Close() }() // it was read before
	if response.StatusCode < 300 {
		if read != nil {
			err = read(response.Body)
		}
		return response.StatusCode, said, err
	}
	return response.StatusCode, readFailure(response.Body), fmt.Errorf("status %s", statusText(response.StatusCode))
}

// readFailure reads what Graph says of a refusal; nothing where it is not Graph's.
func readFailure(body io.Reader) graphFailure {
	text, err := io.ReadAll(body)
	if err != nil || len(text) == 0 {
		return graphFailure{}
	}
	return graphError(errorOf(text))
}
