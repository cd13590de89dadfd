package weblist

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/qpimport/qpimport/pkg/source"
)

// Decode reads a JSON document of the kind that is expected, an object or an
// array. A name that occurs twice is an error: one of the two would be lost.
func (c *Client) Decode(body []byte, kind jsontext.Kind, into any) error {
	trimmed := bytes.TrimLeft(body, " \t\r\n")
	if len(trimmed) == 0 || trimmed[0] != byte(kind) {
		what := "object"
		if kind == jsontext.KindBeginArray {
			what = "array"
		}
		return fmt.Errorf("it is not a JSON %s%s", what, c.Said(body))
	}
	if err := json.Unmarshal(body, into); err != nil {
		return fmt.Errorf("it is not the JSON expected: %w", err)
	}
	return nil
}

// Said returns what an answer tells of an error, in any of the forms that the
// products use, ready to be appended. It may repeat a secret; we do not.
func (c *Client) Said(body []byte) string {
	type part struct {
		Title   jsontext.Value `json:"title"`
		Detail  jsontext.Value `json:"detail"`
		Message jsontext.Value `json:"message"`
	}
	var doc struct {
		Code        jsontext.Value `json:"code"`
		Error       jsontext.Value `json:"error"`
		Description jsontext.Value `json:"error_description"`
		Message     jsontext.Value `json:"message"`
		Capital     jsontext.Value `json:"Message"`
		Errors      jsontext.Value `json:"errors"`
	}
	if json.Unmarshal(body, &doc) != nil {
		return ""
	}
	var parts []part
	_ = json.Unmarshal(doc.Errors, &parts) // errors of another form are told by the rest
	values := []jsontext.Value{doc.Code, doc.Error, doc.Description, doc.Message, doc.Capital}
	for _, p := range parts {
		values = append(values, p.Title, p.Detail, p.Message)
	}
	var said []string
	for _, v := range values {
		var text string
		if v.Kind() == jsontext.KindString && json.Unmarshal(v, &text) == nil && text != "" && len(said) < 6 {
			if text = c.plain(text); !slices.Contains(said, text) {
				said = append(said, text)
			}
		}
	}
	if len(said) == 0 {
		return ""
	}
	return " (" + strings.Join(said, ": ") + ")"
}

// plain is a text of the server on one line of bounded length, without secrets.
func (c *Client) plain(text string) string {
	for _, s := range c.Secrets {
		if s.Reveal() != "" {
			text = strings.ReplaceAll(text, s.Reveal(), s.String())
		}
	}
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

// NumericID reads an id that is a number in JSON, above zero and exact.
func NumericID(raw jsontext.Value) (string, error) {
	n, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil || n == 0 || n > math.MaxInt64 || string(raw) != strconv.FormatUint(n, 10) {
		return "", fmt.Errorf("its id is %s; ids are numbers above 0", Shown(raw))
	}
	return string(raw), nil
}

// Organizations makes organizations of the entries of a page, in their order. An
// error says which entry it is about, counted from 1.
func Organizations[T any](entries []T, organization func(T) (source.Organization, error)) ([]source.Organization, error) {
	all := make([]source.Organization, len(entries))
	for i, entry := range entries {
		var err error
		if all[i], err = organization(entry); err != nil {
			return nil, fmt.Errorf("entry %d: %w", i+1, err)
		}
	}
	return all, nil
}

// Numbered is the organization of an id that is a number, and a name.
func Numbered(system string, id jsontext.Value, name string) (source.Organization, error) {
	number, err := NumericID(id)
	if err == nil && strings.TrimSpace(name) == "" {
		err = fmt.Errorf("number %s has no name", number)
	}
	return source.Organization{System: system, ID: number, Name: name, Status: Active}, err
}

// Retire gives an organization another status than Active, where a flag of the name
// says so.
func Retire(o *source.Organization, name string, flag jsontext.Value, status string) error {
	retired, err := Flag(flag)
	if err != nil {
		return fmt.Errorf("number %s: %s: %w", o.ID, name, err)
	}
	if retired {
		o.Status = status
	}
	return nil
}

// Count reads a number of things.
func Count(raw jsontext.Value) (int, error) {
	n, err := strconv.Atoi(string(raw))
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s is not a count", Shown(raw))
	}
	return n, nil
}

// Flag reads true or false; what is missing or null is false.
func Flag(raw jsontext.Value) (bool, error) {
	switch string(raw) {
	case "true":
		return true, nil
	case "false", "null", "":
		return false, nil
	}
	return false, errors.New(Shown(raw) + " is not true or false")
}

// Names are the names among these that are any.
func Names(list ...string) []string {
	return slices.DeleteFunc(list, func(name string) bool { return strings.TrimSpace(name) == "" })
}

// Shown is a value as an error may quote it; [Client.Damaged] bounds its length.
func Shown(raw jsontext.Value) string {
	if len(raw) == 0 {
		return "missing"
	}
	return string(raw)
}
