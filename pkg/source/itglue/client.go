package itglue

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/qpimport/qpimport/pkg/source"
)

const (
	maxBody     = 64 << 20 // bytes of one page
	maxAttempts = 4        // of a request that fails on the way
	maxWaits    = 10
	defaultWait = time.Minute
	maxWait     = 15 * time.Minute // IT Glue's window is five minutes
)

type client struct {
	pageSize  int
	maxBody   int64
	base      *url.URL
	where     string // the region or host, for people
	key       source.Secret
	userAgent string
	http      *http.Client
	announce  func(format string, args ...any)
	sleep     func(context.Context, time.Duration) error
}

func newClient(cfg Config) (*client, error) {
	base, where, err := endpoint(cfg)
	if err != nil {
		return nil, err
	}
	key := cfg.Key.Reveal()
	if key == "" {
		return nil, badKey("the API key of IT Glue is empty")
	}
	if strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, badKey("the API key of IT Glue holds characters that no key has, such as spaces or line breaks")
	}
	c := &client{
		pageSize: pageSize, maxBody: maxBody,
		base: base, where: where, key: cfg.Key, userAgent: cfg.UserAgent,
		announce: cfg.Announce, sleep: cfg.Sleep,
	}
	if c.announce == nil {
		c.announce = func(string, ...any) {}
	}
	if c.sleep == nil {
		c.sleep = sleep
	}
	if cfg.HTTP != nil {
		own := *cfg.HTTP
		c.http = &own
	} else {
		c.http = &http.Client{Timeout: 2 * time.Minute}
	}
	// A redirect would carry the key to wherever it points.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c, nil
}

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

// answer is a response whose body was read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
	cut    bool // the connection broke before the body's end
}

// get reads one page. It waits where IT Glue says so, and tries again what
// failed on the way.
func (c *client) get(ctx context.Context, number int) ([]byte, error) {
	for attempt, waits := 1, 0; ; {
		a, err := c.ask(ctx, number)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("reading IT Glue's organizations: %w", ctx.Err())
		}
		var wait time.Duration
		switch {
		case err == nil && a.status == http.StatusOK:
			return a.body, c.checkType(a)
		case err == nil && a.status == http.StatusTooManyRequests:
			waits++
			wait = retryAfter(a.header, defaultWait)
			if err := c.mayWait(ctx, wait, waits); err != nil {
				return nil, err
			}
			c.announce("IT Glue asks to wait %s", wait)
		default:
			if err == nil {
				err = c.refusal(a)
			}
			if attempt == maxAttempts || !worthRetrying(a, err) {
				return nil, err
			}
			wait = retryAfter(a.header, time.Second<<(attempt-1))
			if c.mayWait(ctx, wait, 0) != nil {
				return nil, err
			}
			attempt++
			c.announce("%v; trying again in %s", err, wait)
		}
		if err := c.sleep(ctx, wait); err != nil {
			return nil, fmt.Errorf("waiting for IT Glue: %w", err)
		}
	}
}

// mayWait refuses a wait that cannot end in time.
func (c *client) mayWait(ctx context.Context, wait time.Duration, waits int) error {
	deadline, bounded := ctx.Deadline()
	if wait <= maxWait && waits <= maxWaits && (!bounded || time.Until(deadline) > wait) {
		return nil
	}
	return &source.Error{
		Code:    source.CodeThrottled,
		Message: fmt.Sprintf("IT Glue (%s) asks to wait %s, which is longer than this command may take", c.where, wait),
	}
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

// ask sends one request and reads the answer to its end.
func (c *client) ask(ctx context.Context, number int) (answer, error) {
	u := c.base.JoinPath("organizations")
	u.RawQuery = url.Values{
		"page[number]": {strconv.Itoa(number)},
		"page[size]":   {strconv.Itoa(c.pageSize)},
		"sort":         {"id"},
	}.Encode()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return answer{}, usage("the URL of IT Glue cannot be asked", "")
	}
	req.Header.Set("X-Api-Key", c.key.Reveal())
	req.Header.Set("Accept", "application/vnd.api+json")
	req.Header.Set("Content-Type", "application/vnd.api+json")
	if c.userAgent != "" {
		req.Header.Set("User-Agent", c.userAgent)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		e := &source.Error{Code: source.CodeUnreachable, Message: "IT Glue (" + c.where + ") cannot be reached", Err: err}
		var certificate *tls.CertificateVerificationError
		var dns *net.DNSError
		e.Permanent = errors.As(err, &certificate) || errors.As(err, &dns) && dns.IsNotFound
		if certificate != nil {
			e.Hint = "its certificate is not trusted; something on the way may be intercepting TLS"
		}
		return answer{}, e
	}
	defer func() { _ = resp.Body.Close() }()
	a := answer{status: resp.StatusCode, header: resp.Header}
	var body bytes.Buffer
	_, err = body.ReadFrom(io.LimitReader(resp.Body, c.maxBody+1))
	a.body = body.Bytes()
	if err != nil {
		a.cut = true
		return a, &source.Error{Code: source.CodeIncomplete, Message: "IT Glue's answer was cut", Err: err}
	}
	if int64(len(a.body)) > c.maxBody {
		return answer{}, &source.Error{
			Code:    source.CodeIncomplete,
			Message: fmt.Sprintf("IT Glue's answer is larger than %d bytes", c.maxBody),
		}
	}
	return a, nil
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
func (c *client) checkType(a answer) error {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	if err == nil && (media == "application/json" || strings.HasSuffix(media, "+json")) {
		return nil
	}
	return &source.Error{
		Code:    source.CodeIncomplete,
		Message: fmt.Sprintf("IT Glue (%s) answered with %q instead of JSON", c.where, media),
		Hint:    "a proxy or a sign-in page may stand in between, or the URL is not that of the API",
	}
}

// refusal turns an answer that is not a page into an error.
func (c *client) refusal(a answer) error {
	said := c.saidIn(a)
	e := &source.Error{
		Code:    source.CodeIncomplete,
		Message: fmt.Sprintf("IT Glue (%s) answered with HTTP status %d%s", c.where, a.status, said),
	}
	switch {
	case a.status == http.StatusUnauthorized || a.status == http.StatusForbidden:
		e.Code = source.CodeCredentials
		e.Message = fmt.Sprintf("IT Glue (%s) refused the API key: HTTP status %d%s", c.where, a.status, said)
		e.Topic = TopicRefusedKey
	case a.status >= 500:
		e.Code = source.CodeUnreachable
	case a.status >= 300 && a.status < 400:
		e.Hint = "redirects are not followed, since the key would go along: check the URL"
	case a.status == http.StatusNotFound:
		e.Code = source.CodeUsage
		e.Hint = "the URL is not that of IT Glue's API: check it"
	}
	return e
}

// saidIn returns what the errors of a JSON:API answer say, ready to be appended.
// The server may repeat the key; we do not.
func (c *client) saidIn(a answer) string {
	if c.checkType(a) != nil {
		return ""
	}
	var doc struct {
		Errors []struct{ Title, Detail string }
	}
	if json.Unmarshal(a.body, &doc) != nil {
		return ""
	}
	var said []string
	for _, e := range doc.Errors {
		for _, part := range []string{e.Title, e.Detail} {
			if part != "" && len(said) < 6 {
				said = append(said, c.plain(part))
			}
		}
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ": ") + ")"
}

// plain is a text of the server on one line of bounded length, without the key.
func (c *client) plain(text string) string {
	text = strings.ReplaceAll(text, c.key.Reveal(), "[redacted]")
	text = strings.Map(func(r rune) rune {
		if unicode.IsGraphic(r) {
			return r
		}
		return ' '
	}, text)
	if runes := []rune(text); len(runes) > 200 {
		text = string(runes[:200]) + "…"
	}
	return text
}
