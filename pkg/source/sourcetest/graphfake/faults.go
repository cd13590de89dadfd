package graphfake

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"time"
)

// Fault answers a request wrongly, or late. next gives the proper answer.
type Fault func(w http.ResponseWriter, r *http.Request, next http.Handler)

// At picks faults by the number of the request.
func At(faults map[int]Fault) func(int, *http.Request) Fault {
	return func(n int, _ *http.Request) Fault { return faults[n] }
}

// Always is the same fault for every request.
func Always(fault Fault) func(int, *http.Request) Fault {
	return func(int, *http.Request) Fault { return fault }
}

// Throttle answers 429; retryAfter is the header as it is sent, "" for none.
func Throttle(retryAfter string) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		w.Header().Set("x-ms-throttle-scope", "Tenant_Application/ReadWrite/app/tenant")
		w.Header().Set("x-ms-throttle-information", "ResourceUnitLimitExceeded")
		Status(http.StatusTooManyRequests, retryAfter)(w, r, next)
	}
}

// Status answers with an error status and Graph's body for it.
func Status(status int, retryAfter string) Fault {
	codes := map[int]string{
		429: "TooManyRequests", 500: "InternalServerError", 502: "BadGateway",
		503: "ServiceUnavailable", 504: "GatewayTimeout", 408: "RequestTimeout",
	}
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if retryAfter != "" {
			w.Header().Set("Retry-After", retryAfter)
		}
		writeError(w, status, codes[status], "Please retry again later.")
	}
}

// Denied answers 403 as for a permission that nobody consented to.
func Denied() Fault {
	return GraphError(http.StatusForbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
}

// ExpiredPageToken answers as for a page link that is too old.
func ExpiredPageToken() Fault {
	return GraphError(http.StatusBadRequest, "Directory_ExpiredPageToken",
		"The specified page token value has expired and can no longer be included in your request.")
}

// GraphError answers with an error of your choice.
func GraphError(status int, code, message string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		writeError(w, status, code, message)
	}
}

// SignInError refuses a token as the sign-in service does.
func SignInError(status int, name string, code int, description string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		refuse(w, status, name, code, description)
	}
}

// Answer replaces the whole answer.
func Answer(status int, contentType, body string) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		if contentType == "" {
			w.Header()["Content-Type"] = nil // keeps net/http from guessing
		} else {
			w.Header().Set("Content-Type", contentType)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// Body answers 200 with JSON of your choice.
func Body(body string) Fault {
	return Answer(http.StatusOK, "application/json", body)
}

// HTML answers 200 with a page of a captive portal.
func HTML() Fault {
	return Answer(http.StatusOK, "text/html", "<!DOCTYPE html><html><body>Please sign in to the guest network.</body></html>")
}

// Redirect answers 302.
func Redirect(location string) Fault {
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, location, http.StatusFound)
	}
}

// Late waits before the proper answer, or until the client has gone.
func Late(d time.Duration) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if wait(r, d) {
			next.ServeHTTP(w, r)
		}
	}
}

// wait says whether the client is still there after d.
func wait(r *http.Request, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-r.Context().Done():
		return false
	}
}

// Slow sends the proper answer a chunk at a time, until the client has gone.
func Slow(chunk int, pause time.Duration) Fault {
	return changed(func(w http.ResponseWriter, r *http.Request, body []byte) {
		for len(body) > 0 && wait(r, pause) {
			n := min(chunk, len(body))
			_, _ = w.Write(body[:n])
			_ = http.NewResponseController(w).Flush()
			body = body[n:]
		}
	})
}

// CutBeforeHead closes the connection without an answer.
func CutBeforeHead() Fault {
	return func(http.ResponseWriter, *http.Request, http.Handler) {
		panic(http.ErrAbortHandler)
	}
}

// CutMidBody closes the connection after a part of the body: 0 sends the head
// alone, 0.5 half of the body, 1 all of it.
func CutMidBody(part float64) Fault {
	return changed(func(w http.ResponseWriter, _ *http.Request, body []byte) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(http.StatusOK)
		_, _ = w.Write(body[:int(float64(len(body))*part)])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
}

// GzipBomb answers with compressed JSON of size bytes that never gets to its end.
func GzipBomb(size int64) Fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		if _, err := io.WriteString(z, `{"value":[`); err != nil {
			return
		}
		spaces := bytes.Repeat([]byte(" "), 1<<20)
		for sent := int64(0); sent < size; sent += int64(len(spaces)) {
			if _, err := z.Write(spaces); err != nil {
				return
			}
		}
	}
}

// NextLink replaces the next link of the proper answer; change gets the link
// that stood there, "" where there was none.
func NextLink(change func(link string) string) Fault {
	return changed(func(w http.ResponseWriter, _ *http.Request, body []byte) {
		var page map[string]json.RawMessage
		var link string
		if json.Unmarshal(body, &page) == nil {
			_ = json.Unmarshal(page["@odata.nextLink"], &link) // absent leaves ""
			page["@odata.nextLink"] = json.RawMessage(quote(change(link)))
			body, _ = json.Marshal(page)
		}
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	})
}

// Replace replaces text in the proper answer.
func Replace(before, after string) Fault {
	return changed(func(w http.ResponseWriter, _ *http.Request, body []byte) {
		changed := strings.ReplaceAll(string(body), before, after)
		w.Header().Set("Content-Length", strconv.Itoa(len(changed)))
		_, _ = io.WriteString(w, changed)
	})
}

// Twice adds a key to the proper answer that it already has, with another value.
func Twice(key, value string) Fault {
	return changed(func(w http.ResponseWriter, _ *http.Request, body []byte) {
		text := strings.TrimRight(string(body), "}\n") + fmt.Sprintf(`,%s:%s}`, quote(key), value)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = io.WriteString(w, text)
	})
}

// changed makes the proper answer, uncompressed, and hands its body on; head
// and status 200 are already set, the length is not.
func changed(write func(w http.ResponseWriter, r *http.Request, body []byte)) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		plain := r.Clone(r.Context())
		plain.Header.Del("Accept-Encoding")
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, plain)
		maps.Copy(w.Header(), recorder.Header())
		w.Header().Del("Content-Length")
		if recorder.Code != http.StatusOK {
			w.WriteHeader(recorder.Code)
		}
		write(w, r, recorder.Body.Bytes())
	}
}

// compressed serves gzip where that was asked for and the client takes it.
func (s *Server) compressed(next http.Handler) http.Handler {
	if !s.options.Gzip {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
			next.ServeHTTP(w, r)
			return
		}
		recorder := httptest.NewRecorder()
		next.ServeHTTP(recorder, r)
		maps.Copy(w.Header(), recorder.Header())
		w.Header().Del("Content-Length")
		w.Header().Set("Content-Encoding", "gzip")
		w.WriteHeader(recorder.Code)
		z := gzip.NewWriter(w)
		_, _ = recorder.Body.WriteTo(z)
		_ = z.Close()
	})
}
