package file

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// adJSON reads objects of AD from JSON, with the names of AD's attributes or of
// Get-ADUser as properties.
type adJSON struct{ *jsonReader }

func (j adJSON) next(rec *record) error {
	raw, line, err := j.jsonReader.next()
	if err != nil {
		return err
	}
	rec.reset(line)
	if err := rec.addObject(raw); err != nil {
		return j.in.wrong(line, err)
	}
	return rec.checkID(j.in.input)
}

func (r *record) addObject(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return fmt.Errorf("the element is no JSON object")
	}
	for dec.More() {
		t, err := dec.Token()
		if err != nil {
			return fmt.Errorf("the JSON is damaged: %w", err)
		}
		name, ok := t.(string)
		if !ok {
			return fmt.Errorf("the JSON is damaged: a property without name")
		}
		a := r.attrs.find([]byte(name))
		isDN := strings.EqualFold(name, "dn") || strings.EqualFold(name, "distinguishedName")
		if a == none && !isDN {
			var skipped json.RawMessage
			if err := dec.Decode(&skipped); err != nil {
				return fmt.Errorf("the JSON is damaged: %w", err)
			}
			continue
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return fmt.Errorf("the JSON is damaged: %w", err)
		}
		if isDN {
			dn, ok := v.(string)
			if !ok {
				return fmt.Errorf("%s is no text", name)
			}
			r.dn = dn
			continue
		}
		if err := r.addJSON(a, v); err != nil {
			return fmt.Errorf("%.60s: %w", name, err)
		}
	}
	if _, err := dec.Token(); err != nil {
		return fmt.Errorf("the JSON is damaged: %w", err)
	}
	if _, err := dec.Token(); err != io.EOF {
		return fmt.Errorf("the JSON is damaged")
	}
	return nil
}

// addJSON adds a value as ConvertTo-Json writes it: lists of one or more, bytes
// as a list of numbers, SIDs and collections as objects.
func (r *record) addJSON(a attr, v any) error {
	switch v := v.(type) {
	case nil:
	case bool:
		return r.addText(a, strings.ToUpper(fmt.Sprint(v)))
	case json.Number:
		return r.addText(a, v.String())
	case string:
		switch {
		case v == "" || isTypeName(v):
		case a == proxyAddresses:
			for _, address := range splitAddresses(v) {
				if err := r.addText(a, address); err != nil {
					return err
				}
			}
		default:
			return r.addText(a, v)
		}
	case []any:
		if b, ok := byteList(v); ok && (a == objectGUID || a == objectSID || a == consistencyGUID) {
			r.add(a, b)
			return nil
		}
		for _, element := range v {
			if _, nested := element.([]any); nested {
				return fmt.Errorf("a list inside a list")
			}
			if err := r.addJSON(a, element); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, key := range []string{"Value", "value", "Guid"} {
			switch inner := v[key].(type) {
			case string, []any:
				return r.addJSON(a, inner)
			}
		}
		return fmt.Errorf("an object without Value")
	}
	return nil
}

func byteList(list []any) ([]byte, bool) {
	var out []byte
	for _, v := range list {
		n, ok := v.(json.Number)
		if !ok {
			return nil, false
		}
		i, err := n.Int64()
		if err != nil || i < 0 || i > 255 {
			return nil, false
		}
		out = append(out, byte(i))
	}
	return out, len(out) > 0
}
