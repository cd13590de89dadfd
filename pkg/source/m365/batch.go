package m365

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// maxParts is how many requests Graph takes in a batch.
const maxParts = 20

// batch asks for at most maxParts links in one request, and hands the answer to each
// to take, once: its body, or what stands against it. Parts that Graph was too busy
// for are asked for again by themselves, after the wait that it asks for. It says how
// many requests that took. Graph answers in any order; a part that is missing or
// there twice is an error.
func (c *client) batch(ctx context.Context, links []*url.URL, take func(i int, body []byte, err error) error) (requests int, err error) {
	pending := make([]int, len(links))
	for i := range links {
		pending[i] = i
	}
	var faults, waits int
	var waited time.Duration
	for {
		answers, err := c.sendBatch(ctx, links, pending)
		requests++
		if err != nil {
			return requests, err
		}
		var again []int
		var delay time.Duration
		asked := false
		for _, i := range pending {
			a := answers[i]
			if a.Status == http.StatusOK {
				if err := take(i, a.Body, nil); err != nil {
					return requests, err
				}
				continue
			}
			wait, bidden := c.retry.delay(&http.Response{StatusCode: a.Status, Header: a.header()}, nil, faults, waits)
			if wait >= 0 {
				again, delay, asked = append(again, i), max(delay, wait), asked || bidden
				continue
			}
			if err := take(i, nil, c.explain(errorOf(a.Body), a.Status, "", links[i])); err != nil {
				return requests, err
			}
		}
		if len(again) == 0 {
			return requests, nil
		}
		if faults++; asked {
			faults, waits = 0, waits+1
		}
		if c.retry.tooLong(ctx, delay, waited) {
			return requests, c.retry.throttled(delay, waited)
		}
		c.retry.retried("%d of %d parts of a batch, again in %s", len(again), len(pending), delay.Round(time.Millisecond))
		if err := c.retry.pause(ctx, delay); err != nil {
			return requests, err
		}
		waited += delay
		pending = again
	}
}

// part is Graph's answer to one request of a batch.
type part struct {
	ID      string                    `json:"id"`
	Status  int                       `json:"status"`
	Headers map[string]jsontext.Value `json:"headers"`
	Body    jsontext.Value            `json:"body"`
}

// header is the one header of a part that matters.
func (p *part) header() http.Header {
	h := http.Header{}
	for name, value := range p.Headers {
		var text string
		if strings.EqualFold(name, "Retry-After") && json.Unmarshal(value, &text) == nil {
			h.Set(name, text)
		}
	}
	return h
}

// sendBatch asks once for those of the links that are pending.
func (c *client) sendBatch(ctx context.Context, links []*url.URL, pending []int) (map[int]part, error) {
	type question struct {
		ID     string `json:"id"`
		Method string `json:"method"`
		URL    string `json:"url"`
	}
	questions := make([]question, len(pending))
	for n, i := range pending {
		inside := strings.TrimPrefix(links[i].RequestURI(), c.root.EscapedPath()+strings.TrimSuffix(c.version, "/"))
		questions[n] = question{strconv.Itoa(i), http.MethodGet, inside}
	}
	body, err := json.Marshal(map[string]any{"requests": questions})
	if err != nil {
		return nil, err
	}
	answers := make(map[int]part, len(pending))
	err = c.send(ctx, c.url("$batch", nil), body, nil, func(r io.Reader) error {
		var answer struct {
			Responses []part `json:"responses"`
		}
		if err := jsonv2.UnmarshalRead(r, &answer, jsontext.AllowInvalidUTF8(true)); err != nil {
			return fmt.Errorf("the answer to a batch cannot be read: %w", err)
		}
		for _, p := range answer.Responses {
			i, err := strconv.Atoi(p.ID)
			if _, twice := answers[i]; err != nil || twice {
				return fmt.Errorf("the answer to a batch has a part %.40q twice, or one that nobody asked for", p.ID)
			}
			if p.Status < 100 {
				return fmt.Errorf("the answer to a batch has a part of the status %d", p.Status)
			}
			answers[i] = p
		}
		for _, i := range pending {
			if _, ok := answers[i]; !ok {
				return fmt.Errorf("the answer to a batch lacks %d of %d parts", len(pending)-len(answers), len(pending))
			}
		}
		if len(answers) != len(pending) {
			return errors.New("the answer to a batch has parts that nobody asked for")
		}
		return nil
	})
	return answers, err
}

// all reads collections whole, in batches; where this Graph knows none, one by one. An
// error that stands against one of them is handed to failed, which may pass over it.
func all[T any](ctx context.Context, c *client, links []*url.URL, decode decoder[T], failed func(i int, err error) error) ([][]T, error) {
	lists := make([][]T, len(links))
	for from := 0; from < len(links); from += maxParts {
		some := links[from:min(from+maxParts, len(links))]
		further := map[int]string{} // links to the pages that follow
		_, err := c.batch(ctx, some, func(i int, body []byte, err error) error {
			if err != nil {
				return failed(from+i, err)
			}
			p := page[T]{decode: decode}
			if err := p.read(bytes.NewReader(body)); err != nil {
				return incomplete(err)
			}
			lists[from+i] = p.items
			if p.next != "" {
				further[i] = p.next
			}
			return nil
		})
		if from == 0 && notServed(err) {
			return oneByOne(ctx, c, links, decode, failed)
		}
		if err != nil {
			return nil, err
		}
		for i, next := range further {
			more, err := readOn(ctx, c, some[i], next, decode)
			if err != nil {
				return nil, err
			}
			if more.anew {
				lists[from+i] = nil
			}
			lists[from+i] = append(lists[from+i], more.items...)
		}
	}
	return lists, nil
}

// oneByOne is all for a Graph that knows no batches.
func oneByOne[T any](ctx context.Context, c *client, links []*url.URL, decode decoder[T], failed func(i int, err error) error) ([][]T, error) {
	lists := make([][]T, len(links))
	for i, link := range links {
		var err error
		if lists[i], err = readAll(ctx, c, link, decode); err != nil {
			if err = failed(i, err); err != nil {
				return nil, err
			}
		}
	}
	return lists, nil
}

// rest is what follows a first page, or where the links expired, the whole anew.
type rest[T any] struct {
	items []T
	anew  bool
}

// readOn reads the pages that follow the first page of a collection.
func readOn[T any](ctx context.Context, c *client, first *url.URL, next string, decode decoder[T]) (rest[T], error) {
	link, err := c.follow(next, map[string]struct{}{first.String(): {}}, 1)
	if err != nil {
		return rest[T]{}, incomplete(err)
	}
	items, err := gather(readPages(ctx, c, link, decode))
	if errors.Is(err, errPageExpired) {
		items, err = readAll(ctx, c, first, decode)
		return rest[T]{items, true}, err
	}
	return rest[T]{items, false}, err
}

// permissionOr is a sentence for what is not known because a permission is missing or
// this Graph does not serve it; "" where the error is another one.
func permissionOr(err error, what, permission string) string {
	switch {
	case source.CodeOf(err) == source.CodePermission:
		return "the application may not read " + what + " (" + permission + " would let it)"
	case notServed(err):
		return "this Graph does not serve " + what
	}
	return ""
}
