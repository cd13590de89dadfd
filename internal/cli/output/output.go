// Package output writes results: as a table for people, as JSON, JSON lines and
// CSV for scripts. What is in a result comes from directories and is hostile: it
// is cleaned on its way out, so that no terminal obeys it and no spreadsheet runs
// it.
package output

import (
	"bufio"
	"io"
)

// Format is how a result is written.
type Format string

// The formats.
const (
	Table Format = "table" // for people
	JSON  Format = "json"  // one document
	JSONL Format = "jsonl" // one item a line
	CSV   Format = "csv"
)

// Formats lists the formats by name.
func Formats() []string {
	return []string{string(Table), string(JSON), string(JSONL), string(CSV)}
}

// View is a result that can be shown in every format.
type View struct {
	// Document is the JSON document, a struct or map. "schema" is put in front.
	Document any
	// Items are the lines of JSON lines.
	Items []any
	// Rows is the CSV, the header first.
	Rows func() [][]string
	// Page is what people see.
	Page func(*Page)
}

// Render writes a view in a format. With bom, CSV begins with a byte order mark. The
// screen is for tables alone.
func Render(w io.Writer, format Format, bom bool, screen Screen, v View) error {
	out := bufio.NewWriter(w)
	var err error
	switch format {
	case JSON:
		err = writeDocument(out, v.Document)
	case JSONL:
		err = writeLines(out, v.Items)
	case CSV:
		err = WriteCSV(out, v.Rows(), bom)
	default:
		p := &Page{w: out, screen: screen}
		v.Page(p)
		err = p.err
	}
	if err != nil {
		return err
	}
	return out.Flush()
}
