package graphfake

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
)

// maxParts is how many requests a batch may hold.
const maxParts = 20

// Part is the answer to one request of a batch.
type Part struct {
	ID      string            `json:"id"`
	Status  int               `json:"status"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    json.RawMessage   `json:"body,omitempty"`

	URL string `json:"-"` // of the request
}

// ThrottledPart is the answer to a part for which there were too many.
func ThrottledPart(p Part, retryAfter string) Part {
	p.Status, p.Headers = http.StatusTooManyRequests, map[string]string{"Content-Type": "application/json"}
	if retryAfter != "" {
		p.Headers["Retry-After"] = retryAfter
	}
	p.Body = json.RawMessage(`{"error":{"code":"TooManyRequests","message":"Please retry again later."}}`)
	return p
}

// serveBatch answers each request of a batch by itself, the last one first.
func (s *Server) serveBatch(w http.ResponseWriter, r *http.Request, n int) {
	var batch struct {
		Requests []struct {
			ID, Method, URL string
			Headers         map[string]string
		}
	}
	if err := json.NewDecoder(r.Body).Decode(&batch); err != nil || !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		writeError(w, http.StatusBadRequest, "BadRequest", "Unable to read JSON request payload.")
		return
	}
	if len(batch.Requests) > maxParts {
		writeError(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Number of batch request steps exceeds the maximum value of %d.", maxParts))
		return
	}
	parts := []Part{}
	for i, request := range batch.Requests {
		link, err := url.Parse(strings.TrimPrefix(request.URL, "/"))
		if request.ID == "" || err != nil || slices.ContainsFunc(parts, func(p Part) bool { return p.ID == request.ID }) {
			writeError(w, http.StatusBadRequest, "BadRequest", fmt.Sprintf("Invalid batch request step %d.", i))
			return
		}
		inner := r.Clone(r.Context())
		inner.Method, inner.URL, inner.Body = request.Method, link, http.NoBody
		inner.Header.Del("ConsistencyLevel")
		for name, value := range request.Headers {
			inner.Header.Set(name, value)
		}
		recorder := httptest.NewRecorder()
		s.serveGraph(recorder, inner, n)
		parts = append(parts, Part{
			ID: request.ID, Status: recorder.Code, URL: request.URL,
			Headers: map[string]string{"Content-Type": recorder.Header().Get("Content-Type")},
			Body:    recorder.Body.Bytes(),
		})
	}
	slices.Reverse(parts)
	if s.options.Parts != nil {
		parts = s.options.Parts(n, parts)
	}
	writeJSON(w, map[string]any{"responses": parts})
}
