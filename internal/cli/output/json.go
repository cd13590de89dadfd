package output

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
	"unicode/utf8"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	jsonv1 "github.com/go-json-experiment/json/v1"

	"github.com/qpimport/qpimport/internal/parallel"
)

// writeDocument writes a document with its lists one item at a time, so that a
// long one is never held as text.
func writeDocument(w io.Writer, document any) error {
	e := &documentWriter{w: w}
	e.text("{\n  \"schema\": 1")
	v := reflect.Indirect(reflect.ValueOf(document))
	if v.Kind() == reflect.Map {
		for _, key := range slices.Sorted(maps.Keys(document.(map[string]any))) {
			e.member(key, v.MapIndex(reflect.ValueOf(key)).Elem())
		}
	} else {
		for _, f := range reflect.VisibleFields(v.Type()) {
			name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
			value := v.FieldByIndex(f.Index)
			if f.Anonymous || !f.IsExported() || name == "-" || strings.Contains(options, "omitempty") && emptyJSON(value) {
				continue
			}
			e.member(name, value)
		}
	}
	e.text("\n}\n")
	return e.err
}

// emptyJSON is what encoding/json leaves out with omitempty.
func emptyJSON(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map, reflect.String:
		return v.Len() == 0
	case reflect.Struct:
		return false
	}
	return v.IsZero()
}

type documentWriter struct {
	w   io.Writer
	err error
}

func (e *documentWriter) text(s string) { e.bytes([]byte(s)) }

func (e *documentWriter) bytes(b []byte) {
	if e.err == nil {
		_, e.err = e.w.Write(b)
	}
}

// member writes a key and its value; a list item by item.
func (e *documentWriter) member(key string, v reflect.Value) {
	e.text(fmt.Sprintf(",\n  %q: ", key))
	for v.Kind() == reflect.Interface && !v.IsNil() {
		v = v.Elem()
	}
	if v.Kind() != reflect.Slice || v.Len() == 0 || v.Type().Elem().Kind() == reflect.Uint8 { // bytes are JSON already
		e.value(v.Interface(), "  ")
		return
	}
	before := "["
	err := inOrder(v.Len(), func(i int) ([]byte, error) { return indented(v.Index(i).Interface(), "    ") }, func(text []byte) {
		e.text(before + "\n    ")
		e.bytes(text)
		before = ","
	})
	if e.err == nil {
		e.err = err
	}
	e.text("\n  ]")
}

func (e *documentWriter) value(v any, prefix string) {
	text, err := indented(v, prefix)
	if e.err == nil {
		e.err = err
	}
	e.bytes(text)
}

// indented is JSON on several lines, all but the first behind a prefix.
func indented(v any, prefix string) ([]byte, error) {
	return Marshal(v, jsontext.Multiline(true), jsontext.WithIndentPrefix(prefix), jsontext.WithIndent("  "))
}

// inOrder encodes n items on all cores and hands them on in order, a batch at a
// time, so that a long list is never held as text: thousands of small items, few of
// large ones.
func inOrder(n int, encode func(i int) ([]byte, error), write func(text []byte)) error {
	const most, little = 4096, 4 << 20 // items; bytes in a batch after which the next may be larger
	texts, errs := make([][]byte, min(n, most)), make([]error, min(n, most))
	batch := 16
	for first := 0; first < n; {
		count := min(batch, n-first)
		parallel.Ranges(count, func(from, to int) {
			for i := from; i < to; i++ {
				texts[i], errs[i] = encode(first + i)
			}
		})
		if err := errors.Join(errs[:count]...); err != nil {
			return err
		}
		size := 0
		for i, text := range texts[:count] {
			size += len(text)
			write(text)
			texts[i] = nil
		}
		first += count
		if size < little {
			batch = min(2*batch, most)
		} else {
			batch = max(batch/2, 1)
		}
	}
	return nil
}

func writeLines(w *bufio.Writer, items []any) error {
	return inOrder(len(items), func(i int) ([]byte, error) { return Marshal(items[i]) }, func(text []byte) {
		_, _ = w.Write(append(text, '\n')) // its error stays, and Flush returns it
	})
}

// Marshal is JSON on one line that a terminal does not obey: characters without
// a picture are written as escapes. Any reader gets the same text from it.
func Marshal(v any, layout ...jsonv2.Options) ([]byte, error) {
	// As encoding/json writes it, in a third of the time.
	text, err := jsonv2.Marshal(v, jsonv1.DefaultOptionsV1(), jsontext.EscapeForHTML(false), jsonv2.JoinOptions(layout...))
	return escapeInvisible(text), err
}

// escapeInvisible leaves line feeds, which in JSON are layout.
func escapeInvisible(text []byte) []byte {
	plain := true
	for _, c := range text {
		plain = plain && (' ' <= c && c < 0x7f || c == '\n')
	}
	if plain {
		return text
	}
	out := make([]byte, 0, len(text)+len(text)/8)
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRune(text[i:])
		if r != '\n' && invisible(r) {
			out = appendEscape(out, r)
		} else {
			out = append(out, text[i:i+n]...)
		}
		i += n
	}
	return out
}

func appendEscape(out []byte, r rune) []byte {
	if r >= 0x10000 { // a surrogate pair
		r -= 0x10000
		out = fmt.Appendf(out, `\u%04x`, 0xd800+r>>10)
		r = 0xdc00 + r&0x3ff
	}
	return fmt.Appendf(out, `\u%04x`, r)
}

// prepend puts a key in front of a marshalled object.
func prepend(key string, value any, object []byte) json.RawMessage {
	head := fmt.Sprintf(`{"%s":%v`, key, value)
	if s, ok := value.(string); ok {
		head = fmt.Sprintf(`{"%s":%q`, key, s)
	}
	if !bytes.Equal(object, []byte("{}")) {
		head += ","
	}
	return append([]byte(head), object[1:]...)
}

// Labelled is an item of JSON lines with its outcome in front.
type Labelled struct {
	Outcome string
	Item    any
}

// MarshalJSON puts the outcome in front of the item's own keys.
func (l Labelled) MarshalJSON() ([]byte, error) {
	body, err := Marshal(l.Item)
	if err != nil {
		return nil, err
	}
	return prepend("outcome", l.Outcome, body), nil
}
