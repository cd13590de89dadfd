package file

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"unicode/utf8"
)

// jsonReader finds the objects of people in JSON: JSON lines, arrays, pages as
// Microsoft Graph writes them (objects with an array in value), what other tools
// put round them, and several of these after one another.
//
// A cut file shows by a document that does not end, and by a last page that
// names a next one. JSON lines cut right behind a line show nothing.
type jsonReader struct {
	in   *stream
	text *bufio.Reader
	line int

	arrays int  // open arrays at the top, one in another
	inPage bool // inside the list of a page
	first  bool // no element of the current list was read yet

	wrapped [][]byte // objects that stood in one that was read, still to be given out

	raw         []byte // the value read last
	elementLine int    // where it began
	page        page   // the page read last
	listed      int64  // objects read
	counted     int64  // how many there are by what a page says, 0 where none does
	changes     bool   // a page says that it lists changes
}

// page is what the properties round a list of users say, or those of any other
// object up to now.
type page struct {
	properties int
	isObject   bool   // it has a property that users have and pages have not
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
		if len(j.wrapped) > 0 {
			raw, j.wrapped = j.wrapped[0], j.wrapped[1:]
			j.listed++
			return raw, j.elementLine, nil
		}
		j.in.renew()
		c, err := j.token()
		if errors.Is(err, io.EOF) {
			if j.arrays > 0 || j.inPage {
				return nil, 0, j.cut()
			}
			return nil, 0, j.finish()
		}
		if err != nil {
			return nil, 0, j.in.failed(j.line, err)
		}
		if j.arrays > 0 || j.inPage {
			if c == ']' {
				if err := j.endList(); err != nil {
					return nil, 0, err
				}
				continue
			}
			if c, err = j.separator(c); err != nil {
				return nil, 0, err
			}
		}
		if c == '[' && !j.inPage && j.arrays < maxArrays {
			j.arrays, j.first = j.arrays+1, true
			continue
		}
		line = j.line
		j.raw = append(j.raw[:0], c)
		if c != '{' || j.inPage {
			if err := j.value(c); err != nil {
				return nil, 0, err
			}
			if err := j.element(line); err != nil {
				return nil, 0, err
			}
			continue
		}
		isPage, err := j.object(line)
		if err != nil {
			return nil, 0, err
		}
		if isPage {
			continue
		}
		if err := j.element(line); err != nil {
			return nil, 0, err
		}
	}
}

// maxArrays bounds how deep lists may lie in lists.
const maxArrays = 4

// element takes what was read, or what other tools wrapped it in: n8n an object in
// json, $batch and Power Automate a page in body.
func (j *jsonReader) element(line int) error {
	j.elementLine = line
	if !utf8.Valid(j.raw) {
		return j.in.incomplete(line, "export it again as UTF-8", "the text is not UTF-8")
	}
	if !bytes.Contains(j.raw, []byte(`"json"`)) && !bytes.Contains(j.raw, []byte(`"body"`)) {
		j.wrapped = append(j.wrapped, j.raw)
		return nil
	}
	var w struct {
		JSON       json.RawMessage `json:"json"`
		Body       json.RawMessage `json:"body"`
		Status     *int            `json:"status"`
		StatusCode *int            `json:"statusCode"`
	}
	if err := json.Unmarshal(j.raw, &w); err != nil || w.JSON == nil && w.Body == nil {
		j.wrapped = append(j.wrapped, j.raw)
		return nil
	}
	if w.JSON != nil {
		j.wrapped = append(j.wrapped, w.JSON)
		return nil
	}
	for _, status := range []*int{w.Status, w.StatusCode} {
		if status != nil && *status != 200 {
			return j.in.damaged(line, "a part of the answer is missing: it ended with status %d", *status)
		}
	}
	var page struct {
		Value []json.RawMessage `json:"value"`
		Next  *string           `json:"@odata.nextLink"`
	}
	if err := json.Unmarshal(w.Body, &page); err != nil || page.Value == nil {
		return j.in.damaged(line, "the body of an answer is no page of users: it has no list in value")
	}
	// The parts of a batch stand beside one another; other answers follow one another.
	j.page.hasNext = page.Next != nil || w.Status != nil && j.page.hasNext
	for _, v := range page.Value {
		j.wrapped = append(j.wrapped, v)
	}
	return nil
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
		j.arrays--
		j.first = false
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
		if j.page.isError {
			return j.in.damaged(j.line, "an error message stands beside the users")
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
	switch {
	case name == "value" && !p.isObject && c != '[':
		return false, j.in.damaged(j.line, "the value of a page is no list of users")
	case c == '[' && (name == "value" || isListName(name) && !p.isObject):
		return true, nil
	}
	p.isObject = p.isObject || isObjectName(name)
	start = len(j.raw)
	j.raw = append(j.raw, c)
	if err := j.value(c); err != nil {
		return false, err
	}
	p.properties++
	switch got := j.raw[start:]; name {
	case "@odata.nextLink":
		p.hasNext = string(got) != "null"
	case "@odata.count":
		var n int64
		if err := json.Unmarshal(got, &n); err == nil && !p.isObject {
			j.counted = max(j.counted, n)
		}
	case "@odata.deltaLink":
		j.changes = true
	case "@odata.context":
		if err := json.Unmarshal(got, &p.context); err != nil {
			return false, j.in.damaged(j.line, "@odata.context is no text")
		}
	case "error":
		p.isError = true
	}
	return false, nil
}

// isListName knows the names under which tools put the list of users: Graph,
// $batch, ldap3, and those that call Graph for others.
func isListName(name string) bool {
	switch strings.ToLower(name) {
	case "value", "responses", "entries", "results", "data", "users", "items", "records":
		return true
	}
	return false
}

// isObjectName knows properties of users that no page has. An id stands in the
// parts of a $batch too, but without a list.
func isObjectName(name string) bool {
	switch strings.ToLower(name) {
	case "id", "objectid", "objectguid", "dn", "distinguishedname", "displayname", "userprincipalname", "attributes":
		return true
	}
	return false
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
		case 0xEF: // a byte order mark, where files were joined
			if mark, err := j.text.Peek(2); err != nil || mark[0] != 0xBB || mark[1] != 0xBF {
				return c, nil
			}
			_, _ = j.text.Discard(2)
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

// onlyChanges says what an answer of users/delta is: nobody can tell whether it is
// the first, of everybody, or a later one.
const onlyChanges = "this is a list of changes (users/delta), in which whoever did not change is missing"

// finish checks at the end of the file that no page was left to read.
func (j *jsonReader) finish() error {
	if j.page.hasNext {
		return j.in.incomplete(j.line, "export all pages: `Get-MgUser -All`, or follow @odata.nextLink to the end",
			"the last page names a next one, which is not in the file")
	}
	if j.changes {
		return j.in.incomplete(j.line, "export the users themselves: `Get-MgUser -All`, or /users instead of /users/delta", "%s", onlyChanges)
	}
	if j.counted > j.listed {
		return j.in.incomplete(j.line, "export all pages: `Get-MgUser -All`, or follow @odata.nextLink to the end",
			"by @odata.count there are %d users, of whom %d are in the file", j.counted, j.listed)
	}
	return io.EOF
}
