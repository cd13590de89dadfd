package weblist_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/listtest"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

// asked is what the answers of links were to.
var asked = &url.URL{Scheme: "https", Host: "psa.example", Path: "/api/list", RawQuery: "page=1"}

func TestNextLink(t *testing.T) {
	for _, tt := range []struct {
		headers []string
		want    string // "!" for an error
	}{
		{nil, ""},
		{[]string{""}, ""},
		{[]string{`<https://a.example/b?c=1,2;d=3>; rel="next"`}, "https://a.example/b?c=1,2;d=3"},
		{[]string{`</b?c=1>; rel=next`}, "https://psa.example/b?c=1"},
		{[]string{`<b>; REL="Next"`}, "https://psa.example/api/b"},
		{[]string{`<b>; title="x, <y>; rel=next"; rel="prev"`}, ""},
		{[]string{`<a>; rel="prev", <b>; rel="next", <c>; rel="last"`}, "https://psa.example/api/b"},
		{[]string{`<a>; rel="first prev",,<b>;rel="last next" ,`}, "https://psa.example/api/b"},
		{[]string{`<a>; rel="prev"`, `<b>; rel="next"`}, "https://psa.example/api/b"},
		{[]string{`<?page=2>; rel="next"`}, "https://psa.example/api/list?page=2"},
		{[]string{`<b>; rel="last"; rel="next"`}, ""},
		{[]string{`<b>; rel="nextpage"`}, ""},
		{[]string{`<b>`}, ""},
		{[]string{`<b>; rel="next", <b>; rel="next"`}, "https://psa.example/api/b"},
		{[]string{`<b>; rel="next", <c>; rel="next"`}, "!"},
		{[]string{`b; rel="next"`}, "!"},
		{[]string{`<b; rel="next"`}, "!"},
		{[]string{`<http://[::1>; rel="next"`}, "!"},
	} {
		got, err := weblist.NextLink(weblist.Answer{URL: asked, Header: http.Header{"Link": tt.headers}})
		text := ""
		switch {
		case err != nil:
			text = "!"
		case got != nil:
			text = got.String()
		}
		if text != tt.want {
			t.Errorf("%q: got %q, %v, want %q", tt.headers, text, err, tt.want)
		}
	}
}

func FuzzNextLink(f *testing.F) {
	f.Add(`<https://a.example/b>; rel="next", <c>; rel=last`)
	f.Add(`<a>; title="x`)
	f.Fuzz(func(t *testing.T, header string) {
		if u, err := weblist.NextLink(weblist.Answer{URL: asked, Header: http.Header{"Link": {header}}}); err != nil && u != nil {
			t.Errorf("a link and an error: %v, %v", u, err)
		}
	})
}

func TestNumericID(t *testing.T) {
	for raw, want := range map[string]string{
		"7": "7", "9223372036854775807": "9223372036854775807",
		"0": "", "-1": "", "1.0": "", "1e3": "", "007": "", `"7"`: "", "null": "", "": "", "9223372036854775808": "", "[7]": "",
	} {
		if got, err := weblist.NumericID(jsontext.Value(raw)); got != want || (err == nil) != (want != "") {
			t.Errorf("%s: got %q, %v", raw, got, err)
		}
	}
}

// client asks a server that answers everything with an empty object.
func client(t *testing.T) *weblist.Client {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte("{}"))
	}))
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return weblist.NewClient(weblist.API{Name: "Any PSA", Where: base.Host, Base: base}, weblist.Options{})
}

// TestListWithoutAnEnd: always new ids, and nobody counts.
func TestListWithoutAnEnd(t *testing.T) {
	const size = 50_000
	requests := 0
	_, err := client(t).Read(t.Context(), weblist.List{
		What: "companies",
		Parse: func(_ weblist.Answer, number int) (weblist.Page, error) {
			requests++
			p := weblist.Page{Total: weblist.Uncounted, Next: &weblist.Request{}, Organizations: make([]source.Organization, size)}
			for i := range p.Organizations {
				p.Organizations[i].ID = strconv.Itoa(number*size + i)
			}
			return p, nil
		},
	})
	listtest.WantError(t, err, source.CodeIncomplete, "does not end")
	if requests != 5 {
		t.Errorf("%d requests", requests)
	}
}

// TestEmptyPageInTheMiddle: a page without anybody that is not the last.
func TestEmptyPageInTheMiddle(t *testing.T) {
	_, err := client(t).Read(t.Context(), weblist.List{
		What: "companies",
		Parse: func(weblist.Answer, int) (weblist.Page, error) {
			return weblist.Page{Total: weblist.Uncounted, Next: &weblist.Request{}}, nil
		},
	})
	listtest.WantError(t, err, source.CodeIncomplete, "page 1 is empty and not the last")
}

func TestWhatAnErrorSays(t *testing.T) {
	c := client(t)
	c.Secrets = []source.Secret{source.NewSecret("canary")}
	for body, want := range map[string]string{
		`{"error":"invalid_client","error_description":"no such client"}`: " (invalid_client: no such client)",
		`{"code":"Unauthorized","message":"Unauthorized"}`:                " (Unauthorized)",
		`{"errors":[{"title":"a","detail":"b"},{"message":"c"}]}`:         " (a: b: c)",
		`{"errors":{"x":1},"Message":"d"}`:                                " (d)",
		`{"error":{"message":"e"}}`:                                       "",
		`{"error":"it is canary\u001b[2J\u202e"}`:                         " (it is [redacted] [2J )",
		`{"error":"` + strings.Repeat("x", 300) + `"}`:                    " (" + strings.Repeat("x", 200) + "…)",
		`[]`: "", `x`: "", `{"error":5}`: "",
	} {
		if got := c.Said([]byte(body)); got != want {
			t.Errorf("%s: got %q, want %q", body, got, want)
		}
	}
}
