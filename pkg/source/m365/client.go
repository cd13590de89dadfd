package m365

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	kiotahttp "github.com/microsoft/kiota-http-go"
	kiotajson "github.com/microsoft/kiota-serialization-json-go"
	"github.com/microsoftgraph/msgraph-sdk-go/models/odataerrors"

	"github.com/qpimport/qpimport/pkg/source"
)

// limits bound what a server may ask for, and hold the clock.
type limits struct {
	body     int64         // bytes of an answer, decompressed
	silence  time.Duration // without a byte while an answer is awaited
	answer   time.Duration // of one answer from request to last byte
	backoff  time.Duration // before the first retry where the server names no time
	faults   int           // retries in a row after server errors and cut connections
	waits    int           // retries in a row after being told to wait
	wait     time.Duration // one wait, where the command has no deadline
	waiting  time.Duration // all waits of a request, where the command has no deadline
	announce time.Duration // waits from here on are announced

	now   func() time.Time
	sleep func(context.Context, time.Duration) error
	base  http.RoundTripper // nil is a transport of its own
}

func defaultLimits() limits {
	return limits{
		body: 64 << 20, silence: time.Minute, answer: 10 * time.Minute,
		backoff: time.Second, faults: 4, waits: 30,
		wait: 10 * time.Minute, waiting: 30 * time.Minute, announce: 3 * time.Second,
		now: time.Now, sleep: sleep,
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// client sends requests to one service: Graph, or Exchange's admin interface.
type client struct {
	root      *url.URL
	version   string // first steps of each path behind the root: /v1.0/
	adapter   abstractions.RequestAdapter
	writer    *http.Client // nil for one that reads alone
	base      http.RoundTripper
	tokens    *tokens
	retry     *retry
	userAgent string
	log       func(format string, args ...any)
}

func newClient(config Config) (*client, error) {
	config.Connection = config.Connection.Normalize("")
	if err := config.Connection.Validate(); err != nil {
		return nil, err
	}
	e, err := newEndpoint(config.Connection.Graph)
	if err != nil {
		return nil, err
	}
	return newClientOf(config, e)
}

// newClientOf makes a client of the service at an endpoint.
func newClientOf(config Config, e endpoint) (*client, error) {
	l := defaultLimits()
	if config.tune != nil {
		config.tune(&l)
	}
	if l.base == nil {
		l.base = newTransport()
	}
	quiet := func(string, ...any) {}
	if config.Announce == nil {
		config.Announce = quiet
	}
	if config.Retried == nil {
		config.Retried = quiet
	}
	if config.Log == nil {
		config.Log = quiet
	}
	exchange := &exchange{limits: l, log: config.Log}
	tokens := newTokens(config, e, &login{
		endpoint: e,
		retry:    &retry{limits: l, announce: config.Announce, retried: config.Retried, server: "the sign-in service"},
		exchange: exchange,
		base:     l.base,
		consent:  e.consentLink(config.Connection.Graph),
	})

	again := &retry{limits: l, announce: config.Announce, retried: config.Retried, server: e.service}
	// The order is part of the design: each attempt gets an id and a token of its
	// own, and is over only when its body was read.
	middleware := []kiotahttp.Middleware{
		again,
		&authorize{root: e.root, tokens: tokens},
		exchange,
	}
	httpClient := &http.Client{
		Transport: kiotahttp.NewCustomTransportWithParentTransport(l.base, middleware...),
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	var writer *http.Client
	if config.Connection.Role == source.RoleReset {
		writer = &http.Client{
			Transport: kiotahttp.NewCustomTransportWithParentTransport(l.base,
				&retry{limits: l, announce: config.Announce, retried: config.Retried, server: "Microsoft Graph", once: true},
				&authorize{root: e.root, tokens: tokens, writes: true},
				exchange),
			CheckRedirect: httpClient.CheckRedirect,
		}
	}
	adapter, err := kiotahttp.NewNetHttpRequestAdapterWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		&authentication.AnonymousAuthenticationProvider{}, nil, nil, httpClient)
	if err != nil {
		return nil, err
	}
	return &client{e.root, e.version, adapter, writer, l.base, tokens, again, config.UserAgent, config.Log}, nil
}

// newTransport is like the standard one, with connections of its own.
func newTransport() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	t = t.Clone()
	t.Proxy = func(r *http.Request) (*url.URL, error) {
		proxy, err := http.ProxyFromEnvironment(r)
		if err != nil { // the error's text holds the URL, and that may hold a password
			return nil, usage("the proxy in the environment is no URL")
		}
		return proxy, nil
	}
	return t
}

func (c *client) close() {
	if t, ok := c.base.(*http.Transport); ok {
		t.CloseIdleConnections()
	}
}

func (c *client) url(collection string, query url.Values) *url.URL {
	u := *c.root
	u.Path += c.version + collection
	u.RawQuery = query.Encode()
	return &u
}

// get asks for link and hands the answer to read. Whatever goes wrong is a
// [source.Error], but for the end of the context, which stays what it is.
func (c *client) get(ctx context.Context, link *url.URL, read func(io.Reader) error) error {
	return c.send(ctx, link, nil, nil, read)
}

// send is get, and with a body in JSON a POST that reads.
func (c *client) send(ctx context.Context, link *url.URL, body []byte, header map[string]string, read func(io.Reader) error) error {
	request := abstractions.NewRequestInformation()
	request.Method = abstractions.GET
	request.SetUri(*link)
	request.Headers.Add("Accept", "application/json")
	for name, value := range header {
		request.Headers.Add(name, value)
	}
	if body != nil {
		request.Method = abstractions.POST
		request.SetStreamContentAndContentType(body, "application/json")
	}
	if c.userAgent != "" {
		request.Headers.Add("User-Agent", c.userAgent)
	}
	// The adapter's own way copies each body and builds a tree of it, from which
	// every property is set: four times the work. It also loses the status where
	// it cannot read the body of an error.
	var status int
	var location string
	handler := abstractions.NewRequestHandlerOption()
	handler.SetResponseHandler(func(answer any, _ abstractions.ErrorMappings) (any, error) {
		response, ok := answer.(*http.Response)
		if !ok {
			return nil, fmt.Errorf("the adapter answered with %T", answer)
		}
		defer func() { _ = response.Body.Close() }() // it was read before
		status, location = response.StatusCode, response.Header.Get("Location")
		return nil, readAnswer(response, read)
	})
	request.AddRequestOptions([]abstractions.RequestOption{handler})
	_, err := c.adapter.Send(ctx, request, nil, nil)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		return c.explain(err, status, location, link)
	}
	return nil
}

// readAnswer has read take the body of a success. Any other status is an error,
// the SDK's own where the body says more.
func readAnswer(response *http.Response, read func(io.Reader) error) error {
	kind, _, _ := strings.Cut(response.Header.Get("Content-Type"), ";")
	switch {
	case response.ContentLength == 0:
		return errors.New("an answer without a body")
	case !strings.EqualFold(strings.TrimSpace(kind), "application/json"):
		return fmt.Errorf("an answer of type %.60q where JSON was expected", kind)
	case response.StatusCode == http.StatusOK:
		return read(response.Body)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return errorOf(body)
}

// errorOf is the error that a body tells of: the SDK's own.
func errorOf(body []byte) error {
	node, err := kiotajson.NewJsonParseNode(body)
	if err != nil {
		return err
	}
	value, err := node.GetObjectValue(odataerrors.CreateODataErrorFromDiscriminatorValue)
	if err != nil {
		return err
	}
	if failure, ok := value.(error); ok {
		return failure
	}
	return errors.New("an error without a text")
}
