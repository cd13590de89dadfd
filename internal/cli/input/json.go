package input

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/qpimport/qpimport/internal/sheet"
)

// beginsJSON tells a list in JSON from names in braces and brackets.
var beginsJSON = regexp.MustCompile(`^\s*(\{\s*["}]|\[\s*\{)`)

// jsonRows makes a sheet of JSON as commands write it: one object a line, an array of
// them, or a document whose lists are taken together. What lies deeper has the name of
// where it lies before its own: ad_id. Only text has cells. The error is of the line at
// which the JSON ends to be one.
func jsonRows(text string) ([]sheet.Row, error) {
	t := jsonTable{text: text, at: map[string]int{}, head: sheet.Row{Line: 1}}
	err := t.read()
	return append([]sheet.Row{t.head}, t.rows...), err
}

// jsonTable is a sheet that is being made.
type jsonTable struct {
	text string
	head sheet.Row
	at   map[string]int // columns by name
	rows []sheet.Row

	counted, lines int // so many lines end before the place counted to
}

func (t *jsonTable) read() error {
	dec := json.NewDecoder(strings.NewReader(t.text))
	for {
		begin := dec.InputOffset()
		var value json.RawMessage
		err := dec.Decode(&value)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			err = t.add(value, int(dec.InputOffset())-len(value), "")
		}
		if err != nil {
			return &sheet.Error{Line: t.line(int(begin)), Err: errors.New("is no JSON, or ends before its end")}
		}
	}
}

// line is the line of a place in the text.
func (t *jsonTable) line(offset int) int {
	for offset < len(t.text) && strings.IndexByte(" \t\r\n", t.text[offset]) >= 0 {
		offset++
	}
	if offset < t.counted {
		t.counted, t.lines = 0, 0
	}
	t.lines += strings.Count(t.text[t.counted:offset], "\n")
	t.counted = offset
	return t.lines + 1
}

// add makes rows of a value, of whose customer its document speaks.
func (t *jsonTable) add(value json.RawMessage, offset int, customer string) error {
	if bytes.HasPrefix(value, []byte("[")) {
		return t.list(value, offset, "", customer)
	}
	fields, err := members(value)
	if err != nil {
		return err
	}
	cells, lists := map[string]string{}, []member{}
	if err := flatten(fields, "", cells, &lists); err != nil {
		return err
	}
	document := slices.ContainsFunc(fields, func(m member) bool { return m.name == "schema" || m.name == "value" })
	if cells["customer"] == "" && customer != "" {
		cells["customer"] = customer
	}
	if !document && len(cells) > 0 {
		t.row(cells, t.line(offset))
	}
	for _, l := range lists {
		prefix := l.name + "_"
		switch {
		case document:
			prefix = ""
		case l.name != "ad" && l.name != "m365":
			continue // groups and the like, no people
		}
		if err := t.list(l.value, offset+l.offset, prefix, cells["customer"]); err != nil {
			return err
		}
	}
	return nil
}

// list adds the objects of an array.
func (t *jsonTable) list(array json.RawMessage, offset int, prefix, customer string) error {
	dec := json.NewDecoder(bytes.NewReader(array))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if !bytes.HasPrefix(value, []byte("{")) {
			continue
		}
		place := offset + int(dec.InputOffset()) - len(value)
		if prefix == "" {
			if err := t.add(value, place, customer); err != nil {
				return err
			}
			continue
		}
		fields, err := members(value)
		if err != nil {
			return err
		}
		cells := map[string]string{"customer": customer}
		if err := flatten(fields, prefix, cells, &[]member{}); err != nil {
			return err
		}
		t.row(cells, t.line(place))
	}
	return nil
}

// row adds a row, with columns for what no row before had.
func (t *jsonTable) row(cells map[string]string, line int) {
	r := sheet.Row{Line: line}
	names := make([]string, 0, len(cells))
	for name := range cells {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		i, ok := t.at[name]
		if !ok {
			i = len(t.head.Cells)
			t.at[name] = i
			t.head.Cells = append(t.head.Cells, name)
		}
		for len(r.Cells) <= i {
			r.Cells = append(r.Cells, "")
		}
		r.Cells[i] = strings.TrimSpace(cells[name])
	}
	t.rows = append(t.rows, r)
}

// member is one of an object, with where its value lies in it.
type member struct {
	name   string
	value  json.RawMessage
	offset int
}

// members are those of an object, in their order.
func members(object json.RawMessage) ([]member, error) {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return nil, err
	}
	var all []member
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, err
		}
		m := member{}
		m.name, _ = key.(string)
		if err := dec.Decode(&m.value); err != nil {
			return nil, err
		}
		m.offset = int(dec.InputOffset()) - len(m.value)
		all = append(all, m)
	}
	return all, nil
}

// flatten makes cells of the texts among members, of objects in them too, and puts the
// lists aside.
func flatten(fields []member, prefix string, cells map[string]string, lists *[]member) error {
	for _, m := range fields {
		switch m.value[0] {
		case '"':
			var text string
			if err := json.Unmarshal(m.value, &text); err != nil {
				return err
			}
			cells[prefix+m.name] = text
		case '[':
			if prefix == "" {
				*lists = append(*lists, m)
			}
		case '{':
			inner, err := members(m.value)
			if err != nil {
				return err
			}
			if err := flatten(inner, prefix+m.name+"_", cells, lists); err != nil {
				return err
			}
		}
	}
	return nil
}
