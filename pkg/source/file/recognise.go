package file

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
)

// The formats of an export.
const (
	formatLDIF = "ldif"
	formatJSON = "json" // documents, one or several: lines as well
	formatCSV  = "csv"
)

// recognise finds the format of an input by its first lines: extensions lie.
// Nothing of the text goes into an error, for the file may be another one than
// was meant.
func recognise(ctx context.Context, in *input) (string, error) {
	s := in.open(ctx)
	text := bufio.NewReaderSize(s, bufferSize)
	head, err := text.Peek(bufferSize)
	if err != nil && !errors.Is(err, io.EOF) {
		return "", s.failed(0, err)
	}
	comment := false
	for line := range bytes.Lines(head) {
		if comment && line[0] == ' ' {
			continue // folded
		}
		line = bytes.TrimSpace(line)
		comment = bytes.HasPrefix(line, []byte("#"))
		lower := bytes.ToLower(line)
		switch {
		case len(line) == 0:
		case line[0] == '{', line[0] == '[':
			return formatJSON, nil
		case bytes.HasPrefix(lower, []byte("#type ")), bytes.HasPrefix(lower, []byte("sep=")):
			return formatCSV, nil
		case comment: // only LDIF has them, but the next line tells
		case bytes.HasPrefix(lower, []byte("dn:")), bytes.HasPrefix(lower, []byte("version:")),
			bytes.HasPrefix(lower, []byte("search:")), bytes.HasPrefix(lower, []byte("ref:")):
			return formatLDIF, nil
		case isHeader(lower):
			return formatCSV, nil
		default:
			return "", unrecognised(in)
		}
	}
	if bytes.HasPrefix(bytes.TrimSpace(head), []byte("#")) {
		return formatLDIF, nil // a search that found nothing
	}
	return "", unrecognised(in)
}

// isHeader says whether a line is the header of a CSV file of people.
func isHeader(line []byte) bool {
	for _, name := range strings.Split(string(line), string(separator(line))) {
		switch foldColumn(strings.Trim(name, `"`)) {
		case "dn", "distinguishedname", "objectguid", "samaccountname", "userprincipalname", "displayname", "objectid":
			return true
		}
	}
	return false
}

func unrecognised(in *input) error {
	return in.unsuitable(0, "an export is LDIF (ldifde, ldapsearch), JSON, JSON lines, or CSV with a header line (csvde, Get-ADUser, Get-MgUser, the admin centre)",
		"the file is no export that qpimport knows")
}
