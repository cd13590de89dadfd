package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// The formats of an export.
const (
	formatLDIF = "ldif"
	formatJSON = "json" // documents, one or several: lines as well
	formatCSV  = "csv"
)

// recognise finds the format of an input by its first lines: extensions lie. What
// is no export is named by what it is, as far as that is known. Nothing of the text
// goes into an error, for the file may be another one than was meant.
func recognise(ctx context.Context, in *input) (string, error) {
	if what := foreign(in); what.name != "" {
		return "", in.unsuitable(0, what.hint, "the file is %s, not an export", what.name)
	}
	s := in.open(ctx)
	text := bufio.NewReaderSize(s, bufferSize)
	head, err := text.Peek(bufferSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", s.failed(0, err)
	}
	comment, n, other := false, 0, 0 // other is the first line that is nothing known
	for line := range bytes.Lines(head) {
		n++
		if comment && line[0] == ' ' {
			continue // folded
		}
		line = bytes.TrimSpace(line)
		comment = bytes.HasPrefix(line, []byte("#"))
		format := formatOf(line)
		switch {
		case len(line) == 0, comment && format == "": // only LDIF has comments, but the next line tells
			continue
		case format == "" && other == 0:
			other = n
			continue
		case format == "" && n < other+50:
			continue
		}
		switch {
		case format != "" && other == 0:
			return format, nil
		case format != "":
			return "", in.unsuitable(other, "delete what stands above line "+strconv.Itoa(n)+", or write warnings elsewhere (3>$null, --only-show-errors), and see whether they say that the file is not whole",
				"%s before the data, which begin in line %d", precedes(head, other), n)
		}
		break
	}
	if other == 0 && bytes.HasPrefix(bytes.TrimSpace(head), []byte("#")) {
		return formatLDIF, nil // a search that found nothing
	}
	return "", unrecognised(in, head)
}

// formatOf tells the format by a line, "" where that does not tell.
func formatOf(line []byte) string {
	lower := bytes.ToLower(line)
	switch {
	case len(line) == 0:
		return ""
	case line[0] == '{', line[0] == '[':
		return formatJSON
	case bytes.HasPrefix(lower, []byte("#type ")), bytes.HasPrefix(lower, []byte("sep=")):
		return formatCSV
	case line[0] == '#':
		return ""
	case bytes.HasPrefix(lower, []byte("dn:")), bytes.HasPrefix(lower, []byte("version:")),
		bytes.HasPrefix(lower, []byte("search:")), bytes.HasPrefix(lower, []byte("ref:")):
		return formatLDIF
	case isHeader(lower):
		return formatCSV
	}
	return ""
}

// precedes says what stands in a line before the data.
func precedes(head []byte, at int) string {
	n := 0
	for line := range bytes.Lines(head) {
		if n++; n == at {
			for _, stream := range []string{"warning:", "verbose:", "debug:"} {
				if bytes.HasPrefix(bytes.ToLower(bytes.TrimSpace(line)), []byte(stream)) {
					return "a warning stands"
				}
			}
		}
	}
	return "a title or other text stands"
}

// isHeader says whether a line is the header of a CSV file of people.
func isHeader(line []byte) bool {
	names := strings.Split(string(line), string(separator(line)))
	known := allNames()
	n := 0
	for _, name := range names {
		switch name = foldColumn(strings.Trim(name, "\" \t")); name {
		case "dn", "distinguishedname", "objectguid", "samaccountname", "userprincipalname", "displayname", "objectid":
			return true
		}
		if known[name] {
			n++
		}
	}
	return n >= 3
}

// allNames are the folded names of every field in every language.
func allNames() map[string]bool {
	all := map[string]bool{}
	for _, f := range Fields() {
		for _, t := range f.Names {
			for _, name := range t.Names {
				all[foldColumn(name)] = true
			}
		}
	}
	return all
}

// kindOfFile is what a file is that is no export, and what to do.
type kindOfFile struct{ name, hint string }

const hintSaveAsCSV = "open it in Excel and save the sheet as \"CSV UTF-8 (Comma delimited)\", or better export again without Excel, which changes numbers"

// foreign knows files of other programs by how they begin.
func foreign(in *input) kindOfFile {
	head, err := in.head(4096)
	if err != nil {
		return kindOfFile{} // reading says what is wrong
	}
	lower := bytes.ToLower(bytes.TrimSpace(bytes.TrimPrefix(head, []byte("\ufeff"))))
	begins := func(mark string) bool { return bytes.HasPrefix(head, []byte(mark)) }
	switch {
	case begins("PK\x03\x04") && (bytes.Contains(head, []byte("[Content_Types].xml")) || bytes.Contains(head, []byte("xl/"))):
		return kindOfFile{"an Excel workbook (xlsx)", hintSaveAsCSV}
	case begins("PK\x03\x04"):
		return kindOfFile{"a zip archive", "unpack it and name the export that lies in it"}
	case begins("\xD0\xCF\x11\xE0"):
		return kindOfFile{"an old Excel workbook (xls)", hintSaveAsCSV}
	case begins("\x1F\x8B"):
		return kindOfFile{"compressed (gzip)", "unpack it first"}
	case begins("%PDF"):
		return kindOfFile{"a PDF", "export the users, not a report of them"}
	case begins("SQLite format 3"):
		return kindOfFile{"an SQLite database", "name an export of the directory's users"}
	case bytes.HasPrefix(lower, []byte("<objs")), bytes.HasPrefix(lower, []byte("<?xml")):
		return kindOfFile{"XML", "Export-Clixml and XML reports are not read; " + in.again()}
	case bytes.HasPrefix(lower, []byte("<!doctype")), bytes.HasPrefix(lower, []byte("<html")):
		return kindOfFile{"a web page", "it may be a sign-in page that was saved; " + in.again()}
	}
	return kindOfFile{}
}

var listLine = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]* +: `)

// unrecognised says of text what it looks like.
func unrecognised(in *input, head []byte) error {
	var lines [][]byte
	for line := range bytes.Lines(head) {
		if line = bytes.TrimSpace(line); len(line) > 0 && len(lines) < 50 {
			lines = append(lines, line)
		}
	}
	properties := 0
	for i, line := range lines {
		switch {
		case len(line) > 3 && len(bytes.Trim(line, "- ")) == 0 && bytes.Contains(line, []byte("---")) && i > 0:
			return in.unsuitable(0, "it cuts values short; "+in.again(), "the file is PowerShell's table for the screen (Format-Table), not an export")
		case listLine.Match(line):
			properties++
		case bytes.Contains(line, []byte("FullyQualifiedErrorId")), bytes.Contains(line, []byte("CategoryInfo")):
			return in.unsuitable(0, in.again(), "the file is an error message of PowerShell, not an export")
		}
	}
	if properties > 1 && 2*properties > len(lines) {
		return in.unsuitable(0, "it cuts values short; "+in.again(), "the file is PowerShell's list for the screen (Format-List), not an export")
	}
	if len(lines) > 0 {
		comma := []byte{separator(lines[0])}
		if n := bytes.Count(lines[0], comma); n >= 3 && (len(lines) == 1 || bytes.Count(lines[1], comma) >= n) {
			hint := in.again()
			if in.kind == source.M365 {
				hint = hintEnglish
			}
			return in.unsuitable(1, hint, "the line may be the header of a CSV file, but none of its columns is known: it may be in another language")
		}
	}
	return in.unsuitable(0, "an export is LDIF (ldifde, ldapsearch), JSON, JSON lines, or CSV with a header line; "+in.again(),
		"the file is no export that qpimport knows")
}
