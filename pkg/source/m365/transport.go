package m365

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/google/uuid"
	kiotahttp "github.com/microsoft/kiota-http-go"

	"github.com/qpimport/qpimport/pkg/source"
)

// send is one way on to the server.
type send func(*http.Request) (*http.Response, error)

// retry tries again after server errors and cut connections, and waits where
// the server says so. Kiota's own cuts fractions of Retry-After, knows no bound
// but its count, and gives up on 500, 502 and cut connections.
type retry struct {
	limits
	announce func(format string, args ...any)
	retried  func(format string, args ...any)
	server   string      // for people
	once     bool        // a request that may have reached the server is not sent again
	reached  atomic.Bool // it has answered before: a failure to connect may pass
}

// Intercept is kiota's middleware.
func (r *retry) Intercept(pipeline kiotahttp.Pipeline, index int, request *http.Request) (*http.Response, error) {
	return r.do(request, func(request *http.Request) (*http.Response, error) {
		return pipeline.Next(request, index)
	})
}

// do returns an answer that no further try would change, or a [source.Error].
func (r *retry) do(request *http.Request, try send) (*http.Response, error) {
	ctx := request.Context()
	renew, err := keepBody(request)
	if err != nil {
		return nil, err
	}
	var faults, waits int
	var waited time.Duration
	for {
		response, err := try(renew())
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		delay, asked := r.delay(response, err, faults, waits)
		if asked {
			faults, waits = 0, waits+1
		} else {
			faults++
		}
		switch {
		case delay < 0:
			return response, r.failure(err)
		case r.tooLong(ctx, delay, waited):
			if !asked {
				return response, r.failure(err)
			}
			return nil, r.throttled(delay, waited)
		}
		r.retried("%s %s: %s, again in %s", request.Method, request.URL.Path, answered(response, err), delay.Round(time.Millisecond))
		if err := r.pause(ctx, delay); err != nil {
			return nil, err
		}
		waited += delay
	}
}

// answered says what became of a try.
func answered(response *http.Response, err error) string {
	if err != nil {
		return "no answer"
	}
	return strconv.Itoa(response.StatusCode)
}

// pause waits, and says so where that takes long.
func (r *retry) pause(ctx context.Context, delay time.Duration) error {
	if delay >= r.limits.announce {
		r.announce("%s is busy: waiting %s", r.server, delay.Round(time.Second))
	}
	return r.sleep(ctx, delay)
}

// keepBody reads the body of a request, and makes copies of the request that each
// have it.
func keepBody(request *http.Request) (renew func() *http.Request, err error) {
	if request.Body == nil {
		return func() *http.Request { return request.Clone(request.Context()) }, nil
	}
	body, err := io.ReadAll(request.Body)
	return func() *http.Request {
		again := request.Clone(request.Context())
		again.Body, again.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		return again
	}, err
}

// delay says how long to wait before the next try, less than 0 for none, and
// whether the server asked for the wait.
func (r *retry) delay(response *http.Response, err error, faults, waits int) (delay time.Duration, asked bool) {
	const none = -1
	if r.once && (err != nil || response.StatusCode != http.StatusTooManyRequests) {
		return none, false
	}
	if err != nil {
		if faults >= r.faults || !r.mayPass(err) {
			return none, false
		}
		return r.exponential(faults), false
	}
	r.reached.Store(true)
	switch response.StatusCode {
	case http.StatusTooManyRequests, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		named, ok := retryAfter(response.Header.Get("Retry-After"), r.now())
		switch {
		case !ok && response.StatusCode != http.StatusTooManyRequests:
		case waits >= r.waits:
			return none, true
		case ok:
			return named, true
		default:
			return r.exponential(waits), true
		}
	case http.StatusRequestTimeout, http.StatusInternalServerError, http.StatusBadGateway, 509: // 509: bandwidth limit
	default:
		return none, false
	}
	if faults >= r.faults {
		return none, false
	}
	return r.exponential(faults), false
}

// exponential doubles the first delay n times, to a minute at most, and adds up
// to a quarter so that clients do not come back all at once.
func (r *retry) exponential(n int) time.Duration {
	d := min(r.backoff<<min(n, 10), time.Minute)
	return d + rand.N(d/4+1)
}

// retryAfter reads the header: seconds, also with a fraction, or a date. What
// lies in the past or is no number counts as absent.
func retryAfter(value string, now time.Time) (time.Duration, bool) {
	value = strings.TrimSpace(value)
	var seconds float64
	if n, err := strconv.ParseFloat(value, 64); err == nil || errors.Is(err, strconv.ErrRange) {
		seconds = n
	} else if date, err := http.ParseTime(value); err == nil {
		if seconds = date.Sub(now).Seconds(); seconds <= 0 {
			return 0, false
		}
	} else {
		return 0, false
	}
	if math.IsNaN(seconds) || seconds < 0 {
		return 0, false
	}
	return time.Duration(math.Ceil(min(seconds, 1e9))) * time.Second, true
}

// tooLong says whether a wait would outlast the command, or where that has no
// end, what anybody would sit through.
func (r *retry) tooLong(ctx context.Context, delay, waited time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok {
		return !r.now().Add(delay).Before(deadline)
	}
	return delay > r.wait || waited+delay > r.waiting
}

func (r *retry) throttled(delay, waited time.Duration) error {
	message := fmt.Sprintf("%s asks to wait %s, longer than this read may take", r.server, delay.Round(time.Second))
	if waited > 0 {
		message = fmt.Sprintf("%s is still busy after %s", r.server, waited.Round(time.Second))
	}
	return &source.Error{Code: source.CodeThrottled, Message: message, Hint: "try again later"}
}

// refused says whether both sides answer, but will not talk to one another until
// somebody mends that.
func refused(err error) bool {
	var certificate *tls.CertificateVerificationError
	var alert tls.AlertError
	return errors.As(err, &certificate) || errors.As(err, &alert) || errors.Is(err, http.ErrSchemeMismatch)
}

// mayPass says whether a failed try is worth another.
func (r *retry) mayPass(err error) bool {
	var final *source.Error
	var network *net.OpError
	switch {
	case errors.As(err, &final), refused(err):
		return false
	case errors.As(err, &network) && network.Op != "read" && network.Op != "write":
		return r.reached.Load()
	}
	return true
}

// failure turns an error of the network into one for people.
func (r *retry) failure(err error) error {
	var final *source.Error
	if err == nil || errors.As(err, &final) {
		return err
	}
	if r.once && maySent(err) {
		return fmt.Errorf("%w: %w", errSent, err)
	}
	failure := &source.Error{
		Code:    source.CodeUnreachable,
		Message: r.server + " cannot be reached",
		Hint:    "check the network, the proxy and the address",
		Err:     err,
	}
	var certificate *tls.CertificateVerificationError
	var dns *net.DNSError
	failure.Permanent = refused(err) || errors.As(err, &dns) && dns.IsNotFound && !r.reached.Load()
	switch {
	case errors.Is(err, errCut):
		failure.Code, failure.Message = source.CodeIncomplete, r.server+" did not answer to the end"
		failure.Hint = "try again later"
	case errors.As(err, &certificate):
		failure.Message = r.server + " shows a certificate that is not trusted"
		failure.Hint = "a proxy that inspects TLS must be trusted by this machine"
	}
	return failure
}

// exchange makes one attempt: a request is over when its answer was read, so
// that an answer that breaks off is seen here, where it can be tried again.
type exchange struct {
	limits
	log     func(format string, args ...any)
	buffers sync.Pool // of *bytes.Buffer
}

var (
	errCut    = errors.New("the answer broke off")
	errSilent = errors.New("the server was silent for too long")
	errSlow   = errors.New("the answer took too long")
)

// Intercept is kiota's middleware.
func (x *exchange) Intercept(pipeline kiotahttp.Pipeline, index int, request *http.Request) (*http.Response, error) {
	request = request.Clone(request.Context())
	request.Header.Set("client-request-id", uuid.NewString())
	return x.do(request, func(request *http.Request) (*http.Response, error) {
		return pipeline.Next(request, index)
	})
}

func (x *exchange) do(request *http.Request, next send) (*http.Response, error) {
	began := x.now()
	ctx, cancel := context.WithCancelCause(request.Context())
	defer cancel(nil)
	silence := time.AfterFunc(x.silence, func() { cancel(errSilent) })
	defer silence.Stop()
	whole := time.AfterFunc(x.answer, func() { cancel(errSlow) })
	defer whole.Stop()

	response, err := next(request.WithContext(ctx))
	if err != nil {
		x.log("%s %s: no answer after %s", request.Method, request.URL.Path, x.now().Sub(began))
		return nil, cause(ctx, err)
	}
	wire := response.Body
	defer func() { _ = wire.Close() }() // read to its end, or given up
	awake := func() { silence.Reset(x.silence) }
	body, _ := x.buffers.Get().(*bytes.Buffer)
	if body == nil {
		body = new(bytes.Buffer)
	}
	body.Reset()
	_, err = body.ReadFrom(io.LimitReader(progress{wire, awake}, x.body+1))
	x.log("%s %s: %d, %d bytes in %s, request-id %.60q", request.Method, request.URL.Path, response.StatusCode,
		body.Len(), x.now().Sub(began), response.Header.Get("request-id"))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errCut, cause(ctx, err))
	}
	if int64(body.Len()) > x.body {
		return nil, incomplete(fmt.Errorf("an answer of more than %d bytes", x.body))
	}
	response.ContentLength = int64(body.Len())
	response.Body = &answer{body, &x.buffers}
	return response, nil
}

// answer is a body that was read; when it is closed, the next is read into its
// buffer.
type answer struct {
	*bytes.Buffer
	buffers *sync.Pool
}

func (a *answer) Close() error {
	if a.Buffer != nil {
		a.buffers.Put(a.Buffer)
	}
	a.Buffer = nil
	return nil
}

// cause prefers our own reason for the end of an attempt.
func cause(ctx context.Context, err error) error {
	if own := context.Cause(ctx); errors.Is(own, errSilent) || errors.Is(own, errSlow) {
		return own
	}
	return err
}

// progress reports each successful read.
type progress struct {
	io.Reader
	report func()
}

func (p progress) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	if n > 0 {
		p.report()
	}
	return n, err
}

// authorize gives each attempt the token, and nothing but our Graph gets it.
type authorize struct {
	root   *url.URL
	tokens *tokens
	writes bool // requests that change something may pass
}

// Intercept is kiota's middleware.
func (a *authorize) Intercept(pipeline kiotahttp.Pipeline, index int, request *http.Request) (*http.Response, error) {
	if !sameOrigin(a.root, request.URL) {
		return nil, incomplete(fmt.Errorf("a request would have left %s", a.root.Host))
	}
	renew, err := keepBody(request)
	if err != nil {
		return nil, err
	}
	if !a.writes && !reads(renew()) {
		return nil, &source.Error{Code: source.CodePermission, Message: "a request (" + request.Method + ") was held back: this connection only reads"}
	}
	response, token, err := a.attempt(pipeline, index, renew())
	if err == nil && response.StatusCode == http.StatusUnauthorized && a.tokens.renew(token) {
		response, _, err = a.attempt(pipeline, index, renew())
	}
	if err != nil {
		return nil, err
	}
	// Kiota would act on the challenge once more, and panics at some.
	response.Header.Del("WWW-Authenticate")
	return response, nil
}

// reads says whether a request changes nothing: what is asked for by POST are parts
// that are GET each, or a command of Exchange that gets.
func reads(request *http.Request) bool {
	switch request.Method {
	case http.MethodGet:
		return true
	case http.MethodPost:
	default:
		return false
	}
	var body struct {
		Requests []struct {
			Method string `json:"method"`
		} `json:"requests"`
		CmdletInput struct {
			CmdletName string `json:"CmdletName"`
		} `json:"CmdletInput"`
	}
	if json.UnmarshalRead(request.Body, &body) != nil {
		return false
	}
	for _, part := range body.Requests {
		if part.Method != http.MethodGet {
			return false
		}
	}
	return len(body.Requests) > 0 || strings.HasPrefix(body.CmdletInput.CmdletName, "Get-")
}

func (a *authorize) attempt(pipeline kiotahttp.Pipeline, index int, request *http.Request) (*http.Response, string, error) {
	token, err := a.tokens.get(request.Context())
	if err != nil {
		return nil, "", err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	response, err := pipeline.Next(request, index)
	return response, token, err
}
