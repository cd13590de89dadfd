package file

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"
)

// jsonReader finds the objects of people in JSON: JSON lines, arrays, pages as
// Microsoft Graph writes them (objects with an array in value), and several of
// these after one another.
//
// A cut file shows by a document that does not end, and by a last page that
// names a next one. JSON lines cut right behind a line show nothing.
type jsonReader struct {
	in   *stream
	text *bufio.Reader
	line int

	inArray bool // inside an array at the top
	inPage  bool // inside the value of a page
	first   bool // no element of the current list was read yet

	raw  []byte // the value read last
	page page   // the page read last
}

// page is what the properties round a list of users say, or those of any other
// object up to now.
type page struct {
	properties int
	context    string // @odata.context
	hasNext    bool   // @odata.nextLink is there
	isError    bool
}

func newJSONReader(in *stream) *jsonReader {
	return &jsonReader{in: in, text: bufio.NewReaderSize(in, bufferSize), line: 1}
}

// next returns the next object and its line, io.EOF after the last one. The
// object is valid until the next call.
func (j *jsonReader) next() (raw []byte, line int, err error) {
	for {
		j.in.renew()
		c, err := j.token()
		if errors.Is(err, io.EOF) {
			if j.inArray || j.inPage {
				return nil, 0, j.cut()
			}
			return nil, 0, j.finish()
		}
		if err != nil {
			return nil, 0, j.in.failed(j.line, err)
		}
		if j.inArray || j.inPage {
			if c == ']' {
				if err := j.endList(); err != nil {
					return nil, 0, err
				}
				continue
			}
			if c, err = j.separator(c); err != nil {
				return nil, 0, err
			}
		} else if c == '[' {
			j.inArray, j.first = true, true
			continue
		}
		line = j.line
		j.raw = append(j.raw[:0], c)
		if c != '{' || j.inPage {
			if err := j.value(c); err != nil {
				return nil, 0, err
			}
			return j.element(line)
		}
		isPage, err := j.object(line)
		if err != nil {
			return nil, 0, err
		}
		if !isPage {
			return j.element(line)
		}
	}
}

func (j *jsonReader) element(line int) ([]byte, int, error) {
	if !utf8.Valid(j.raw) {
		return nil, 0, j.in.incomplete(line, "export it again as UTF-8", "the text is not UTF-8")
	}
	return j.raw, line, nil
}

// separator reads the comma between two elements of a list.
func (j *jsonReader) separator(c byte) (byte, error) {
	if j.first {
		j.first = false
		return c, nil
	}
	if c != ',' {
		return 0, j.in.damaged(j.line, "the JSON is damaged: no comma between two elements")
	}
	return j.must(j.token())
}

// endList leaves the innermost list: the rest of a page follows its value.
func (j *jsonReader) endList() error {
	if !j.inPage {
		j.inArray = false
		return nil
	}
	j.inPage = false
	for {
		c, err := j.must(j.token())
		if err != nil {
			return err
		}
		if c == '}' {
			j.first = false
			return nil
		}
		if c != ',' {
			return j.in.damaged(j.line, "the JSON is damaged: no comma between two properties")
		}
		if c, err = j.must(j.token()); err != nil {
			return err
		}
		isValue, err := j.property(c, &j.page)
		if err != nil {
			return err
		}
		if isValue {
			return j.in.damaged(j.line, "a page with two lists of users")
		}
	}
}

// object reads an object behind its brace into j.raw, or up to the first
// element of value if it is a page.
func (j *jsonReader) object(line int) (isPage bool, err error) {
	var p page
	for first := true; ; first = false {
		c, err := j.must(j.token())
		if err != nil {
			return false, err
		}
		if c == '}' {
			j.raw = append(j.raw, c)
			break
		}
		if !first {
			if c != ',' {
				return false, j.in.damaged(j.line, "the JSON is damaged: no comma between two properties")
			}
			j.raw = append(j.raw, c)
			if c, err = j.must(j.token()); err != nil {
				return false, err
			}
		}
		isValue, err := j.property(c, &p)
		if err != nil {
			return false, err
		}
		if isValue {
			j.inPage, j.first, j.page = true, true, p
			return true, nil
		}
	}
	switch {
	case p.isError:
		return false, j.in.damaged(line, "an error message stands in the place of users")
	case p.properties == 0, p.properties == 1 && p.context != "":
		return false, j.in.damaged(line, "a page without users: it has no value")
	}
	return false, nil
}

// property reads a property whose name begins with the quote c. Of value only
// the bracket is read. What a page says of itself is kept.
func (j *jsonReader) property(c byte, p *page) (isValue bool, err error) {
	if c != '"' {
		return false, j.in.damaged(j.line, "the JSON is damaged: a property without name")
	}
	start := len(j.raw)
	j.raw = append(j.raw, c)
	if err := j.stringRest(); err != nil {
		return false, err
	}
	name := string(j.raw[start+1 : len(j.raw)-1])
	if c, err = j.must(j.token()); err != nil {
		return false, err
	}
	if c != ':' {
		return false, j.in.damaged(j.line, "the JSON is damaged: no colon after a property's name")
	}
	j.raw = append(j.raw, c)
	if c, err = j.must(j.token()); err != nil {
		return false, err
	}
	if name == "value" {
		if c != '[' {
			return false, j.in.damaged(j.line, "the value of a page is no list of users")
		}
		return true, nil
	}
	start = len(j.raw)
	j.raw = append(j.raw, c)
	if err := j.value(c); err != nil {
		return false, err
	}
	p.properties++
	switch got := j.raw[start:]; name {
	case "@odata.nextLink":
		p.hasNext = string(got) != "null"
	case "@odata.context":
		if err := json.Unmarshal(got, &p.context); err != nil {
			return false, j.in.damaged(j.line, "@odata.context is no text")
		}
	case "error":
		p.isError = true
	}
	return false, nil
}

// value reads the rest of the value that begins with c into j.raw. Whether it
// is legal JSON is seen when it is decoded.
func (j *jsonReader) value(c byte) error {
	switch c {
	case '"':
		return j.stringRest()
	case '{', '[':
		return j.nested()
	}
	for {
		c, err := j.text.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return j.in.failed(j.line, err)
		}
		switch c {
		case ',', ']', '}', ' ', '\t', '\r', '\n', '"', '{', '[':
			return j.text.UnreadByte()
		}
		j.raw = append(j.raw, c)
	}
}

func (j *jsonReader) nested() error {
	for depth := 1; depth > 0; {
		c, err := j.must(j.text.ReadByte())
		if err != nil {
			return err
		}
		j.raw = append(j.raw, c)
		switch c {
		case '"':
			if err := j.stringRest(); err != nil {
				return err
			}
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		case '\n':
			j.line++
		}
	}
	return nil
}

// stringRest reads the rest of a string with its closing quote into j.raw.
func (j *jsonReader) stringRest() error {
	start := len(j.raw)
	for {
		part, err := j.text.ReadSlice('"')
		j.raw = append(j.raw, part...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if _, err := j.must('"', err); err != nil {
			return err
		}
		backslashes := 0
		for i := len(j.raw) - 2; i >= start && j.raw[i] == '\\'; i-- {
			backslashes++
		}
		if backslashes%2 == 0 {
			return nil
		}
	}
}

// token returns the next byte that is no white space.
func (j *jsonReader) token() (byte, error) {
	for {
		c, err := j.text.ReadByte()
		if err != nil {
			return 0, err
		}
		switch c {
		case '\n':
			j.line++
		case ' ', '\t', '\r':
		default:
			return c, nil
		}
	}
}

// must makes the end of the file an error where the JSON has to go on.
func (j *jsonReader) must(c byte, err error) (byte, error) {
	if err == nil {
		return c, nil
	}
	if errors.Is(err, io.EOF) {
		return 0, j.cut()
	}
	return 0, j.in.failed(j.line, err)
}

func (j *jsonReader) cut() error {
	return j.in.damaged(j.line, "the file is cut: the JSON does not end")
}

// finish checks at the end of the file that no page was left to read.
func (j *jsonReader) finish() error {
	if j.page.hasNext {
		return j.in.incomplete(j.line, "export all pages: `Get-MgUser -All`, or follow @odata.nextLink to the end",
			"the last page names a next one, which is not in the file")
	}
	return io.EOF
}
