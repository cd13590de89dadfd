package file

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// adJSON reads objects of AD from JSON, with the names of AD's attributes or of
// Get-ADUser as properties.
type adJSON struct {
	*jsonReader
	found *findings
}

func (j adJSON) next(rec *record) error {
	raw, line, err := j.jsonReader.next()
	if err != nil {
		return err
	}
	rec.reset(line)
	if err := rec.addObject(raw, j.found, 0); err != nil {
		return j.in.wrong(line, err)
	}
	return rec.checkID(j.in.input)
}

// addObject adds the properties of an object. ldap3 and ADSI keep the attributes in
// an object of their own beside the name.
func (r *record) addObject(raw []byte, found *findings, depth int) error {
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
		lower := strings.ToLower(name)
		isDN := lower == "dn" || lower == "distinguishedname" || isPath(lower)
		if a == none && !isDN {
			var other json.RawMessage
			if err := dec.Decode(&other); err != nil {
				return fmt.Errorf("the JSON is damaged: %w", err)
			}
			r.foreign = r.foreign || lower == "id" || lower == "objectid" || lower == "assignedplans"
			if depth == 0 && (lower == "attributes" || lower == "properties") && bytes.HasPrefix(bytes.TrimSpace(other), []byte("{")) {
				if err := r.addObject(other, found, 1); err != nil {
					return err
				}
			}
			continue
		}
		var v any
		if err := dec.Decode(&v); err != nil {
			return fmt.Errorf("the JSON is damaged: %w", err)
		}
		if isDN {
			if list, ok := v.([]any); ok && len(list) == 1 {
				v = list[0]
			}
			dn, ok := v.(string)
			if !ok && v != nil {
				return fmt.Errorf("%s is no text", name)
			}
			if r.dn == "" || !isPath(lower) {
				r.dn = pathDN(lower, dn)
			}
			continue
		}
		switch err := r.addJSON(a, v); {
		case err != nil && a.isNames():
			found.loseNames(name)
		case errors.Is(err, errLost):
			found.lose(name)
		case err != nil:
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
		case strings.TrimSpace(v) == "":
		case isTypeName(v), a == proxyAddresses && isCutList(v), a == phone && isShortened(v):
			return errLost
		case a.isNumber() && isShortened(v):
			return errExcelNumber(v)
		case a == proxyAddresses:
			for _, address := range splitAddresses(v) {
				if err := r.addText(a, address); err != nil {
					return err
				}
			}
		case a.isNames():
			names, ok := splitNames(v)
			if !ok {
				return errLost
			}
			for _, dn := range names {
				r.add(a, []byte(dn))
			}
		default:
			return r.addText(a, v)
		}
	case []any:
		isBytes := a == objectGUID || a == objectSID || a == consistencyGUID
		if b, ok := byteList(v); ok && isBytes {
			r.add(a, b)
			return nil
		}
		for _, element := range v {
			if _, nested := element.([]any); nested && (!isBytes || len(v) > 1) {
				return fmt.Errorf("a list inside a list")
			}
			if err := r.addJSON(a, element); err != nil {
				return err
			}
		}
	case map[string]any:
		if encoded, ok := v["encoded"].(string); ok && v["encoding"] == "base64" { // ldap3 of bytes
			b, err := base64.StdEncoding.DecodeString(encoded)
			if err != nil {
				return fmt.Errorf("the base64 is damaged")
			}
			r.add(a, b)
			return nil
		}
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
