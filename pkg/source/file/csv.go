package file

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"errors"
	"io"
	"slices"
	"strings"
)

// table reads a CSV file with a header line: commas, semicolons or tabs, with or
// without the #TYPE line of Export-Csv and the sep= line of Excel.
//
// A cut file shows by a row of too few fields, a quoted field that does not end,
// and a last row without line end. One that is cut right behind a row shows
// nothing.
type table struct {
	in      *stream
	rows    *csv.Reader
	before  int      // lines before the header
	header  []string // as spelled
	columns []string // the header, folded by foldColumn
}

func newTable(in *stream) (*table, error) {
	text := bufio.NewReaderSize(in, bufferSize)
	t := &table{in: in}
	var comma byte
	for comma == 0 {
		line, err := firstLine(text)
		if err != nil {
			return nil, in.failed(0, err)
		}
		switch {
		case bytes.HasPrefix(line, []byte("#TYPE ")):
		case len(line) == 5 && bytes.HasPrefix(bytes.ToLower(line), []byte("sep=")):
		default:
			comma = separator(line)
			continue
		}
		t.before++
		if _, err := text.ReadSlice('\n'); err != nil {
			return nil, in.damaged(t.before, "the file is cut: it has no header line")
		}
	}
	t.rows = csv.NewReader(text)
	t.rows.Comma = rune(comma)
	t.rows.ReuseRecord = true
	header, _, err := t.next()
	if errors.Is(err, io.EOF) {
		return nil, in.damaged(0, "the file is cut: it has no header line")
	}
	if err != nil {
		return nil, err
	}
	t.header = slices.Clone(header)
	for _, name := range t.header {
		t.columns = append(t.columns, foldColumn(name))
	}
	return t, nil
}

// firstLine looks at the next line without reading it.
func firstLine(text *bufio.Reader) ([]byte, error) {
	head, err := text.Peek(bufferSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	line, _, _ := bytes.Cut(head, []byte("\n"))
	return bytes.TrimSuffix(line, []byte("\r")), nil
}

// separator finds what stands between the fields of a header line.
func separator(line []byte) byte {
	best, most := byte(','), 0
	for _, c := range []byte{',', ';', '\t'} {
		n, quoted := 0, false
		for _, b := range line {
			if b == '"' {
				quoted = !quoted
			} else if b == c && !quoted {
				n++
			}
		}
		if n > most {
			best, most = c, n
		}
	}
	return best
}

// foldColumn makes spellings of a column name equal: case, spaces and
// underscores do not matter.
func foldColumn(name string) string {
	return strings.ToLower(strings.NewReplacer(" ", "", "\u00a0", "", "_", "").Replace(name))
}

// next reads a row and the line where it begins, io.EOF after the last one.
// The row is valid until the next call. Rows of empty cells, as spreadsheets
// leave them, are passed over.
func (t *table) next() (row []string, line int, err error) {
	for {
		row, line, err = t.row()
		if err != nil || slices.ContainsFunc(row, func(cell string) bool { return cell != "" }) {
			return row, line, err
		}
	}
}

func (t *table) row() (row []string, line int, err error) {
	t.in.renew()
	row, err = t.rows.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		if t.in.last != '\n' {
			return nil, 0, t.in.incomplete(0, "export it again; if the file is whole, end its last line with a line break",
				"the file ends in the middle of a line")
		}
		return nil, 0, io.EOF
	case errors.As(err, &bad) && errors.Is(bad.Err, csv.ErrFieldCount):
		return nil, 0, t.in.damaged(bad.StartLine+t.before, "the row has %d fields and the header %d", len(row), len(t.header))
	case errors.As(err, &bad):
		return nil, 0, t.in.damaged(bad.StartLine+t.before, "the row is damaged: %v", bad.Err)
	case err != nil:
		return nil, 0, t.in.failed(0, err)
	}
	line, _ = t.rows.FieldPos(0)
	return row, line + t.before, nil
}

// need makes one error of all columns that are missing. Names that mean the
// same stand together, divided by |.
func (t *table) need(hint string, columns ...string) error {
	var missing []string
	for _, names := range columns {
		found := slices.ContainsFunc(strings.Split(names, "|"), func(name string) bool {
			return slices.Contains(t.columns, foldColumn(name))
		})
		if !found {
			missing = append(missing, strings.ReplaceAll(names, "|", " or "))
		}
	}
	if missing == nil {
		return nil
	}
	return t.in.incomplete(t.before+1, hint, "columns are missing: %s", strings.Join(missing, ", "))
}

// isTypeName says whether PowerShell wrote the name of a type where a list of
// values should stand.
func isTypeName(cell string) bool {
	return strings.HasPrefix(cell, "System.") && strings.HasSuffix(cell, "[]") ||
		strings.HasPrefix(cell, "System.Collections.") ||
		strings.HasPrefix(cell, "Microsoft.ActiveDirectory.Management.") ||
		strings.HasPrefix(cell, "Microsoft.Graph.PowerShell.")
}

// splitAddresses splits a cell of proxyAddresses. Whatever stands between them,
// each begins with the name of its kind and a colon.
func splitAddresses(cell string) []string {
	var out []string
	start := 0
	for i := 0; i < len(cell); i++ {
		if strings.IndexByte(";,|+ \t\r\n", cell[i]) >= 0 && beginsAddress(strings.TrimLeft(cell[i+1:], " \t\r\n")) {
			out = appendAddress(out, cell[start:i])
			start = i + 1
		}
	}
	return appendAddress(out, cell[start:])
}

func appendAddress(out []string, address string) []string {
	if address = strings.Trim(address, ";,|+ \t\r\n"); address != "" {
		out = append(out, address)
	}
	return out
}

// beginsAddress knows the kinds by their form: SMTP:, X500:, EUM: …
func beginsAddress(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == ':':
			return i > 0
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		default:
			return false
		}
	}
	return false
}

// unhex reads X'0123', the way in which csvde writes bytes.
func unhex(cell string) ([]byte, bool) {
	digits, ok := strings.CutPrefix(cell, "X'")
	digits, end := strings.CutSuffix(digits, "'")
	if !ok || !end {
		return nil, false
	}
	b, err := hex.DecodeString(digits)
	return b, err == nil
}
