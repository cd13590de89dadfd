package customercsv_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf16"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/customercsv"
)

type ids = map[string]string

func utf16Text(s string, big, mark bool) string {
	var b strings.Builder
	if mark {
		s = "\ufeff" + s
	}
	for _, u := range utf16.Encode([]rune(s)) {
		low, high := byte(u), byte(u>>8)
		if big {
			low, high = high, low
		}
		b.WriteByte(low)
		b.WriteByte(high)
	}
	return b.String()
}

func TestRead(t *testing.T) {
	const plain = "name,itglue,m365\nMüller & Söhne,0123,\nContoso,,t-1\n"
	want := []customercsv.Customer{
		{Name: "Müller & Söhne", ExternalIDs: ids{"itglue": "0123"}, Line: 2},
		{Name: "Contoso", ExternalIDs: ids{"m365": "t-1"}, Line: 3},
	}
	for name, text := range map[string]string{
		"plain":         plain,
		"no final line": strings.TrimSuffix(plain, "\n"),
		"CRLF":          strings.ReplaceAll(plain, "\n", "\r\n"),
		"BOM":           "\ufeff" + plain,
		"semicolon":     strings.ReplaceAll(plain, ",", ";"),
		"tab":           strings.ReplaceAll(plain, ",", "\t"),
		"UTF-16LE":      utf16Text(plain, false, true),
		"UTF-16BE":      utf16Text(plain, true, true),
		"no mark LE":    utf16Text(plain, false, false),
		"no mark BE":    utf16Text(plain, true, false),
		"Windows-1252":  strings.NewReplacer("ü", "\xfc", "ö", "\xf6").Replace(plain),
		"header":        strings.Replace(plain, "name,itglue,m365", `"Name",ITGlue ,M365`, 1),
		"blank columns": plain + ",,\n \n",
		"Excel's cells": strings.NewReplacer("m365\n", "m365,\n", "t-1\n", "t-1,,\n").Replace(plain),
		"old Mac":       strings.ReplaceAll(plain, "\n", "\r"),
	} {
		got, err := customercsv.Read(strings.NewReader(text), "c.csv")
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestReadOddities(t *testing.T) {
	tests := map[string]struct {
		text string
		want []customercsv.Customer
	}{
		"name alone":            {"name\nA\nB\n", []customercsv.Customer{{Name: "A", ExternalIDs: ids{}, Line: 2}, {Name: "B", ExternalIDs: ids{}, Line: 3}}},
		"name last":             {"it_glue-2;name\n7;A, B\n", []customercsv.Customer{{Name: "A, B", ExternalIDs: ids{"it_glue-2": "7"}, Line: 2}}},
		"header only":           {"name,itglue\n", nil},
		"blank lines":           {"\n\nname,itglue\n\n  A  , 1 \n", []customercsv.Customer{{Name: "A", ExternalIDs: ids{"itglue": "1"}, Line: 5}}},
		"quotes":                {"name,itglue\n\"A \"\"x\"\", B\",1\n", []customercsv.Customer{{Name: `A "x", B`, ExternalIDs: ids{"itglue": "1"}, Line: 2}}},
		"an id of each system":  {"name,itglue,m365\nA,1,2\nB,2,1\n", []customercsv.Customer{{Name: "A", ExternalIDs: ids{"itglue": "1", "m365": "2"}, Line: 2}, {Name: "B", ExternalIDs: ids{"itglue": "2", "m365": "1"}, Line: 3}}},
		"semicolons in quotes":  {"\"name\",\"itglue\"\n\"A;B;C\",1\n", []customercsv.Customer{{Name: "A;B;C", ExternalIDs: ids{"itglue": "1"}, Line: 2}}},
		"bidi is kept as it is": {"name\nA\u202eB\n", []customercsv.Customer{{Name: "A\u202eB", ExternalIDs: ids{}, Line: 2}}},
	}
	for name, tt := range tests {
		got, err := customercsv.Read(strings.NewReader(tt.text), "c.csv")
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestWhatIsWrong(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string // one a problem
	}{
		"empty":               {"", []string{"c.csv:1: is empty"}},
		"blank":               {"\n ,\n", []string{"c.csv:1: is empty"}},
		"no header":           {"Contoso,4711\nFabrikam,4712\n", []string{`c.csv:1: column 2 is headed "4711"`, `c.csv:1: no column is headed "name"`}},
		"unknown layout":      {"Organization ID;Organization Name;Name;name\n", []string{`column 1 is headed "Organization ID"`, `column 2 is headed`, `column "name" is there twice`}},
		"header with a gap":   {"name,,itglue\n", []string{`column 2 is headed ""`}},
		"name twice":          {"name\nContoso\nFabrikam\n contoso \nFABRIKAM\n", []string{`c.csv:4: the name "contoso" is on line 2 already`, `c.csv:5: the name "FABRIKAM" is on line 3 already`}},
		"tenant twice":        {"name,m365\nA,5B1A0C52-6F0E-4C1B-9A41-1D1C6D0E0001\nB,5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e0001\n", []string{`c.csv:3: the m365 id "5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e0001" is on line 2 already`}},
		"id twice":            {"name,itglue\nA,1\nB,1\n", []string{`c.csv:3: the itglue id "1" is on line 2 already`}},
		"no name":             {"name,itglue\n,1\n\" \",2\n\u200b,3\n", []string{"c.csv:2: the name is empty", "c.csv:3: the name is empty", "c.csv:4: the name is empty"}},
		"fields":              {"name,itglue\nA\nB,1\nC,1,2\n", []string{"c.csv:2: has 1 fields where the header names 2 columns", "c.csv:4: has 3 fields"}},
		"shortened number":    {"name;itglue\nA;1,23457E+11\nB;1E5\n", []string{`c.csv:2: the itglue id "1,23457E+11" is a number that a spreadsheet has shortened`, "c.csv:3: the itglue id"}},
		"line break":          {"name\n\"A\nB\"\nA\n", []string{"c.csv:2: name holds a line break"}},
		"open quote":          {"name,itglue\nA,\nB,\"1\nC,2\n", []string{"c.csv:3: cannot be read on from here"}},
		"bare quote":          {"name,itglue\n,1\nA \"x\",2\n", []string{"c.csv:2: the name is empty", "c.csv:3: cannot be read on from here"}},
		"all at once":         {"name,m365\n,1\nA,2,3\nB,1\nb,9E9\n", []string{"c.csv:2: ", "c.csv:3: ", "c.csv:4: ", `c.csv:5: the name "b"`, "c.csv:5: the m365 id"}},
		"binary":              {"PK\x03\x04\x14\x00\x06\x00\x08\x00", []string{"c.csv: is not text"}},
		"no Windows-1252":     {"name\nM\x81ller\xfc\n", []string{"c.csv: is not text"}},
		"half of UTF-16":      {utf16Text("name\nA\n", false, true) + "x", []string{"c.csv: is not text"}},
		"lone surrogate":      {utf16Text("name\nA", false, true) + "\x00\xd8", []string{"c.csv: is not text"}},
		"a byte gone wrong":   {"name\nMüller\nJ\xf6rg\nSüß\n", []string{"c.csv:3: cannot be read on from here: a byte is not UTF-8"}},
		"UTF-8 cut in a rune": {"name\nM\x81\xc3", []string{"c.csv: is not text"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := customercsv.Read(strings.NewReader(tt.text), "c.csv")
			if got != nil || source.CodeOf(err) != source.CodeUsage {
				t.Fatalf("got %+v, %v", got, err)
			}
			lines := strings.Split(err.Error(), "\n")
			if len(lines) != len(tt.want) {
				t.Fatalf("%d problems, want %d:\n%v", len(lines), len(tt.want), err)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("got  %s\nwant %s", lines[i], want)
				}
			}
		})
	}
}

func TestReaderThatFails(t *testing.T) {
	broken := errors.New("broken pipe")
	_, err := customercsv.Read(iotest.ErrReader(broken), "c.csv")
	if !errors.Is(err, broken) || source.CodeOf(err) != source.CodeUnreachable {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte("name,itglue,m365\nMüller,0123,\n\"A, B\",,x\n"))
	f.Add([]byte("\ufeffitglue;name\r\n1;M\xfcller\r\n"))
	f.Add([]byte(utf16Text("name\titglue\nA\t1\n", false, true)))
	f.Fuzz(func(t *testing.T, data []byte) {
		customers, err := customercsv.Read(strings.NewReader(string(data)), "c.csv")
		if err != nil {
			if customers != nil || source.CodeOf(err) != source.CodeUsage {
				t.Fatalf("%d customers with %v", len(customers), err)
			}
			return
		}
		seen, line := map[string]bool{}, 1
		for _, c := range customers {
			if c.Name == "" || c.Name != strings.TrimSpace(c.Name) || seen[c.Name] || c.Line <= line {
				t.Fatalf("accepted %+v after line %d", c, line)
			}
			seen[c.Name], line = true, c.Line
			for system, id := range c.ExternalIDs {
				if system == "name" || id == "" {
					t.Fatalf("accepted the ids %v", c.ExternalIDs)
				}
			}
		}
	})
}
