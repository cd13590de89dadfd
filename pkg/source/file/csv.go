package file

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"

	"golang.org/x/text/transform"
)

// table reads a CSV file with a header line: commas, semicolons or tabs, with or
// without the #TYPE line of Export-Csv and the sep= line of Excel.
//
// A cut file shows by a row of too few fields, a quoted field that does not end,
// and a last row without line end. One that is cut right behind a row shows
// nothing. Excel leaves out the separators behind the last cell that is filled:
// such a row is whole as long as it has the columns that are needed.
type table struct {
	in         *stream
	rows       *csv.Reader
	before     int      // lines before the header that are not the CSV reader's
	headerLine int      // where the header stands
	header     []string // as spelled
	columns    []string // the header, folded by foldColumn
	lineEnd    byte     // what the last byte of the file has to be
	most       int      // fields of the header line, the empty ones at its end too
	least      int      // columns that each row must have
	found      *findings
}

func newTable(in *stream, found *findings) (*table, error) {
	text := bufio.NewReaderSize(transform.NewReader(in, markRemover{}), bufferSize)
	t := &table{in: in, found: found, lineEnd: '\n'}
	head, err := text.Peek(bufferSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, in.failed(0, err)
	}
	if bytes.IndexByte(head, '\n') < 0 && bytes.Count(head, []byte("\r")) > 1 { // as on old Macs, which Excel still writes
		text = bufio.NewReaderSize(transform.NewReader(text, lineEnds{}), bufferSize)
		t.lineEnd = '\r'
	}
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
	t.rows.FieldsPerRecord = -1
	header, line, err := t.read()
	if errors.Is(err, io.EOF) {
		return nil, in.damaged(0, "the file is cut: it has no header line")
	}
	if err != nil {
		return nil, err
	}
	t.headerLine = line
	t.header, t.most = slices.Clone(header), len(header)
	for _, name := range t.header {
		t.columns = append(t.columns, foldColumn(name))
	}
	for t.columns[len(t.columns)-1] == "" && len(t.columns) > 1 { // separators at the end of each line
		t.columns, t.header = t.columns[:len(t.columns)-1], t.header[:len(t.header)-1]
	}
	return t, nil
}

// markRemover takes away the byte order marks that stand at the beginning of a line
// where files were joined.
type markRemover struct{ transform.NopResetter }

func (markRemover) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	mark := []byte("\n\xEF\xBB\xBF")
	for len(src) > 0 {
		n, skip := bytes.Index(src, mark), len(mark)
		switch {
		case n >= 0:
			n++ // the line end stays
			skip--
		default:
			n, skip = len(src), 0
			for k := min(len(mark)-1, len(src)); k > 0 && !atEOF; k-- {
				if bytes.HasSuffix(src, mark[:k]) {
					n -= k
					break
				}
			}
			if n == 0 {
				return nDst, nSrc, transform.ErrShortSrc
			}
		}
		if copied := copy(dst[nDst:], src[:n]); copied < n {
			return nDst + copied, nSrc + copied, transform.ErrShortDst
		}
		nDst += n
		nSrc += n + skip
		src = src[n+skip:]
	}
	return nDst, nSrc, nil
}

// lineEnds makes line feeds of carriage returns.
type lineEnds struct{ transform.NopResetter }

func (lineEnds) Transform(dst, src []byte, _ bool) (nDst, nSrc int, err error) {
	n := copy(dst, src)
	for i, c := range dst[:n] {
		if c == '\r' {
			dst[i] = '\n'
		}
	}
	if n < len(src) {
		err = transform.ErrShortDst
	}
	return n, n, err
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
	for _, c := range []byte{',', ';', '\t', '|'} {
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

// next reads a row and the line where it begins, io.EOF after the last one.
// The row is valid until the next call, and as long as the header. Rows of empty
// cells, as spreadsheets leave them, are passed over, and so is the header where it
// stands again, as in files that were joined.
func (t *table) next() (row []string, line int, err error) {
	for {
		row, line, err = t.read()
		if err != nil {
			return nil, 0, err
		}
		switch {
		case !slices.ContainsFunc(row, func(cell string) bool { return cell != "" }):
		case len(row) == 1 && strings.HasPrefix(row[0], "#TYPE "):
		case t.isHeader(row):
			t.found.joined = append(t.found.joined, line)
		default:
			row, err = t.fit(row, line)
			return row, line, err
		}
	}
}

// isHeader says whether a row is the header once more.
func (t *table) isHeader(row []string) bool {
	if !strings.EqualFold(strings.TrimSpace(row[0]), strings.TrimSpace(t.header[0])) {
		return false
	}
	return slices.EqualFunc(row[:min(len(row), len(t.columns))], t.columns, func(cell, column string) bool { return foldColumn(cell) == column })
}

// wrong is the error of a row that cannot be read. A row of columns' names is the
// header of another file.
func (t *table) wrong(row []string, line int, err error) error {
	known, n := allNames(), 0
	for _, cell := range row {
		if known[foldColumn(cell)] {
			n++
		}
	}
	if n >= 3 {
		return t.in.incomplete(line, "connect or compare each file by itself; "+t.in.again(), "the header of another file stands here: two files were joined")
	}
	return t.in.wrong(line, err)
}

// fit makes a row as long as the header.
func (t *table) fit(row []string, line int) ([]string, error) {
	n := len(t.header)
	if len(row) > n {
		for _, cell := range row[n:] {
			if cell != "" || len(row) > t.most { // one of the values may be two
				return nil, t.in.incomplete(line, "a value with the separator in it has to stand in quotes, as Export-Csv writes it; "+t.in.again(),
					"the row has %d fields and the header %d", len(row), n)
			}
		}
		return row[:n], nil
	}
	if len(row) < n {
		if len(row) < t.least {
			return nil, t.in.damaged(line, "the row has %d fields and the header %d: it ends before the column %.60q", len(row), n, t.header[t.least-1])
		}
		t.found.short++
		for len(row) < n {
			row = append(row, "")
		}
	}
	return row, nil
}

func (t *table) read() (row []string, line int, err error) {
	t.in.renew()
	row, err = t.rows.Read()
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		if t.in.last != t.lineEnd {
			return nil, 0, t.in.incomplete(0, "if the file is whole, end its last line with a line break; "+t.in.again(),
				"the file ends in the middle of a line")
		}
		return nil, 0, io.EOF
	case errors.As(err, &bad):
		return nil, 0, t.in.damaged(bad.StartLine+t.before, "the row is damaged: %v", bad.Err)
	case err != nil:
		return nil, 0, t.in.failed(0, err)
	}
	line, _ = t.rows.FieldPos(0)
	line += t.before
	for _, cell := range row {
		if strings.IndexByte(cell, 0) >= 0 {
			return nil, 0, t.in.damaged(line, "the text holds zero bytes: two files of different encodings were joined")
		}
	}
	return row, line, nil
}

// need makes one error of all columns that are missing, and remembers how long a
// row has to be. Names that mean the same stand together, divided by |.
func (t *table) need(columns ...string) error {
	var missing []string
	for _, names := range columns {
		at := -1
		for _, name := range strings.Split(names, "|") {
			if i := slices.Index(t.columns, foldColumn(name)); i >= 0 {
				at = i
			}
		}
		if at < 0 {
			missing = append(missing, strings.ReplaceAll(names, "|", " or "))
		}
		t.least = max(t.least, at+1)
	}
	if missing == nil {
		return nil
	}
	return t.in.incomplete(t.headerLine, "", "columns are missing: %s", strings.Join(missing, ", "))
}

// jsonList reads a cell into which a tool wrote a list as JSON, or as Python does.
func jsonList(cell string) ([]string, bool) {
	cell = strings.TrimSpace(cell)
	if !strings.HasPrefix(cell, "[") || !strings.HasSuffix(cell, "]") {
		return nil, false
	}
	var values []string
	if json.Unmarshal([]byte(cell), &values) == nil {
		return values, true
	}
	if json.Unmarshal([]byte(strings.ReplaceAll(cell, "'", `"`)), &values) == nil {
		return values, true
	}
	return nil, false
}

// splitAddresses splits a cell of proxyAddresses. Whatever stands between them,
// each begins with the name of its kind and a colon.
func splitAddresses(cell string) []string {
	cell = strings.TrimSpace(cell)
	if inner, ok := strings.CutPrefix(cell, "{"); ok { // as PowerShell shows a list
		cell = strings.TrimSuffix(inner, "}")
	}
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
