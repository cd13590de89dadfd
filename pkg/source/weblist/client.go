// Package weblist reads lists of customers over the web: whole, from the host that
// was named and from no other. What differs between products, such as how they are
// asked and what a page looks like, is their own package's.
package weblist

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/qpimport/qpimport/pkg/source"
)

const (
	maxBody     = 64 << 20 // bytes of one page
	pageSize    = 1000
	maxAttempts = 4 // of a request that fails on the way
	maxWaits    = 10
	defaultWait = time.Minute
	maxWait     = 15 * time.Minute // the windows of those products are five minutes
)

// Options are how any of the products is read; the zero value will do.
type Options struct {
	HTTP      *http.Client // nil is a client of our own with time limits
	UserAgent string
	// Announce is told of every wait and every new attempt; nil tells nobody.
	Announce func(format string, args ...any)
	// Sleep waits between attempts; nil waits by the clock.
	Sleep func(context.Context, time.Duration) error
	// PageSize is how many organizations are asked for at once; 0 is 1000, the most that
	// the products take.
	PageSize int
	// MaxBody is how many bytes an answer may have; 0 is 64 MiB.
	MaxBody int64
}

// API is a product as it is asked.
type API struct {
	Name  string // of the product, for people
	Where string // the region or host, for people
	// Base is what paths are below.
	Base *url.URL
	// Header is sent with each request.
	Header http.Header
	// Authorize adds what shows who asks; it may ask for a token first.
	Authorize func(context.Context, http.Header) error
	// Forget drops what Authorize keeps, such as a token that was revoked before its
	// time; nil where it keeps nothing.
	Forget func()
	// Secrets are what no error may repeat.
	Secrets []source.Secret
	// Refused is what an error is about that says that the credentials are no good.
	Refused source.Topic
	// Refusals are HTTP statuses that say so too, beside 401 and 403.
	Refusals []int
}

// Client asks one API.
type Client struct {
	API
	o Options
}

// NewClient makes a client.
func NewClient(api API, o Options) *Client {
	if o.Announce == nil {
		o.Announce = func(string, ...any) {}
	}
	if o.Sleep == nil {
		o.Sleep = sleep
	}
	o.PageSize = cmp.Or(o.PageSize, pageSize)
	o.MaxBody = cmp.Or(o.MaxBody, maxBody)
	own := http.Client{Timeout: 2 * time.Minute}
	if o.HTTP != nil {
		own = *o.HTTP
	}
	// A redirect would carry the key to wherever it points.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	o.HTTP = &own
	return &Client{API: api, o: o}
}

// PageSize is how many organizations a page is asked for, as it is written in a query.
func (c *Client) PageSize() string { return strconv.Itoa(c.o.PageSize) }

// Announce tells whoever listens.
func (c *Client) Announce(format string, args ...any) { c.o.Announce(format, args...) }

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Request is a question: a path below the base with its query, or a link that an
// answer gave. One with a form posts it.
type Request struct {
	Path  string
	Query url.Values
	Link  *url.URL
	Form  url.Values
}

// Answer is a JSON document, read to its end.
type Answer struct {
	URL    *url.URL // that was asked, which links are relative to
	Header http.Header
	Body   []byte
}

// answer is a response whose body was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the connection broke before the body's end
}

// Ask asks, waits where the API says so, and tries again what failed on the way.
func (c *Client) Ask(ctx context.Context, r Request) (Answer, error) {
	u, err := c.address(r)
	if err != nil {
		return Answer{}, err
	}
	forgot := c.Forget == nil
	for attempt, waits := 1, 0; ; {
		header := http.Header{}
		if c.Authorize != nil {
			if err := c.Authorize(ctx, header); err != nil {
				return Answer{}, err
			}
		}
		a, err := c.send(ctx, u, header, r.Form)
		if ctx.Err() != nil {
			return Answer{}, fmt.Errorf("reading %s: %w", c.Name, ctx.Err())
		}
		var wait time.Duration
		switch {
		case err == nil && a.status == http.StatusOK:
			return Answer{u, a.header, a.body}, c.checkType(a)
		case err == nil && a.status == http.StatusTooManyRequests:
			waits++
			wait = retryAfter(a.header, defaultWait)
			if err := c.mayWait(ctx, wait, waits); err != nil {
				return Answer{}, err
			}
			c.Announce("%s asks to wait %s", c.Name, wait)
		case err == nil && a.status == http.StatusUnauthorized && !forgot:
			forgot = true
			c.Forget()
			c.Announce("%s refuses the token; signing in again", c.Name)
			continue
		default:
			if err == nil {
				err = c.refusal(a)
			}
			if attempt == maxAttempts || !worthRetrying(a, err) {
				return Answer{}, err
			}
			wait = retryAfter(a.header, time.Second<<(attempt-1))
			if c.mayWait(ctx, wait, 0) != nil {
				return Answer{}, err
			}
			attempt++
			c.Announce("%v; trying again in %s", err, wait)
		}
		if err := c.o.Sleep(ctx, wait); err != nil {
			return Answer{}, fmt.Errorf("waiting for %s: %w", c.Name, err)
		}
	}
}

// address is the URL that a request asks. A link that leads to another host is
// refused: the credentials would go along.
func (c *Client) address(r Request) (*url.URL, error) {
	if r.Link == nil {
		u := c.Base.JoinPath(r.Path)
		u.RawQuery = r.Query.Encode()
		return u, nil
	}
	u := *r.Link
	if origin(&u) != origin(c.Base) || u.User != nil {
		return nil, &source.Error{
			Code:    source.CodeIncomplete,
			Message: fmt.Sprintf("%s (%s) says that its list goes on at another address, %s", c.Name, c.Where, c.plain(u.Scheme+"://"+u.Host)),
			Hint:    "it is not followed, since the credentials would go along; if that is the API's own address, read from there",
		}
	}
	u.Fragment = ""
	return &u, nil
}

// origin is whom a URL asks: scheme, host and port.
func origin(u *url.URL) string {
	return strings.ToLower(u.Scheme + "://" + u.Hostname() + ":" + cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[u.Scheme]))
}

// mayWait refuses a wait that cannot end in time.
func (c *Client) mayWait(ctx context.Context, wait time.Duration, waits int) error {
	deadline, bounded := ctx.Deadline()
	e := &source.Error{Code: source.CodeThrottled}
	switch {
	case waits > maxWaits:
		e.Message = fmt.Sprintf("%s (%s) still asks to wait, after %d waits", c.Name, c.Where, maxWaits)
	case wait > maxWait || bounded && time.Until(deadline) <= wait:
		e.Message = fmt.Sprintf("%s (%s) asks to wait %s, which is longer than this command may take", c.Name, c.Where, wait)
	default:
		return nil
	}
	return e
}

// retryAfter reads how long to wait: seconds, with a fraction or without, or a
// date, taken against the server's own clock.
func retryAfter(h http.Header, otherwise time.Duration) time.Duration {
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil && seconds >= 0 {
		// Beyond any bound there is no need for precision, only for no overflow.
		return time.Duration(min(seconds, 1e6) * float64(time.Second))
	}
	if until, err := http.ParseTime(value); err == nil {
		now, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			now = time.Now()
		}
		return max(until.Sub(now), 0)
	}
	return otherwise
}

// send sends one request and reads the answer to its end.
func (c *Client) send(ctx context.Context, u *url.URL, header http.Header, form url.Values) (answer, error) {
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if form != nil {
		method, body = http.MethodPost, strings.NewReader(form.Encode())
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return answer{}, usage("the URL of "+c.Name+" cannot be asked", "")
	}
	req.Header = header
	req.Header.Set("Accept", "application/json")
	maps.Copy(req.Header, c.Header)
	if form != nil {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if c.o.UserAgent != "" {
		req.Header.Set("User-Agent", c.o.UserAgent)
	}
	resp, err := c.o.HTTP.Do(req)
	if err != nil {
		return answer{}, c.unreachable(err)
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	var read bytes.Buffer
	_, err = read.ReadFrom(io.LimitReader(resp.Body, c.o.MaxBody+1))
	a.body = bytes.TrimPrefix(read.Bytes(), []byte("\ufeff")) // RFC 8259, 8.1
	if err != nil {
		a.cut = true
		return a, &source.Error{Code: source.CodeIncomplete, Message: c.Name + "'s answer was cut", Err: err}
	}
	if int64(len(a.body)) > c.o.MaxBody {
		return answer{}, &source.Error{
			Code:    source.CodeIncomplete,
			Message: fmt.Sprintf("%s's answer is larger than %d bytes", c.Name, c.o.MaxBody),
		}
	}
	return a, nil
}

func (c *Client) unreachable(err error) error {
	e := &source.Error{Code: source.CodeUnreachable, Message: c.Name + " (" + c.Where + ") cannot be reached", Err: err}
	// The URL in it has the query, which tells nothing that the message does not.
	var about *url.Error
	if errors.As(err, &about) {
		e.Err = about.Err
	}
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	e.Permanent = errors.As(err, &certificate) || errors.As(err, &dns) && dns.IsNotFound
	if certificate != nil {
		e.Hint = "its certificate is not trusted; something on the way may be intercepting TLS"
	}
	return e
}

// worthRetrying says whether the failure may pass by itself.
func worthRetrying(a answer, err error) bool {
	switch {
	case source.IsPermanent(err):
		return false
	case a.cut || a.status >= 500:
		return true
	}
	return source.CodeOf(err) == source.CodeUnreachable
}

// checkType refuses what is not JSON: the page of a portal or a proxy.
func (c *Client) checkType(a answer) error {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) {
		return nil
	}
	return &source.Error{
		Code:    source.CodeIncomplete,
		Message: fmt.Sprintf("%s (%s) answered with %q instead of JSON", c.Name, c.Where, c.plain(media)),
		Hint:    "a proxy or a sign-in page may stand in between, or the URL is not that of the API",
	}
}

// Damaged is the error of an answer that is not what it should be. What is wrong
// may quote the answer, and with it a secret.
func (c *Client) Damaged(message string, err error) *source.Error {
	return &source.Error{Code: source.CodeIncomplete, Message: message, Err: errors.New(c.plain(err.Error()))}
}

// refusal turns an answer that is not a page into an error.
func (c *Client) refusal(a answer) error {
	said := ""
	if c.checkType(a) == nil {
		said = c.Said(a.body)
	}
	e := &source.Error{
		Code:    source.CodeIncomplete,
		Message: fmt.Sprintf("%s (%s) answered with HTTP status %d%s", c.Name, c.Where, a.status, said),
	}
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden || slices.Contains(c.Refusals, a.status):
		e.Code = source.CodeCredentials
		e.Message = fmt.Sprintf("%s (%s) refused the credentials: HTTP status %d%s", c.Name, c.Where, a.status, said)
		e.Topic = c.Refused
	case a.status >= 500:
		e.Code = source.CodeUnreachable
	case a.status >= 300 && a.status < 400:
		e.Hint = "redirects are not followed, since the credentials would go along: check the URL"
	case a.status == http.StatusNotFound:
		e.Code = source.CodeUsage
		e.Hint = "the URL is not that of " + c.Name + "'s API: check it"
	}
	return e
}
