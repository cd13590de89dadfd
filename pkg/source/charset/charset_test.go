package charset

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/transform"

	"github.com/qpimport/qpimport/pkg/source"
)

func encode(t testing.TB, c Charset, text string) []byte {
	t.Helper()
	b, err := c.table.NewEncoder().Bytes([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return b
}

func TestGuess(t *testing.T) {
	tests := []struct {
		charset Charset
		text    string
	}{
		{Windows1252, "plain"},
		{Windows1252, "Jörg Müller, Groß–Gerau"},
		{Windows1252, "ZOË MÜLLER"},
		{Windows1252, "José García, Muñoz"},
		{Windows1252, "João, Conceição, António"},
		{Windows1252, "Søren Kjær, Åse"},
		{Windows1252, "Åke Sjöström"},
		{Windows1252, "Hélène Lefèvre, François, Benoît, Gaëtan"},
		{Windows1252, "“Bob” O’Neill € 5 – Zoë"},
		{Windows1250, "Dvořák, Šebek, Jiří, Novák"},
		{Windows1250, "Łukasz Wójcik, Gałązka"},
		{Windows1250, "Kővári Győző, Szűcs"},
		{CodePage850, "Jörg Müller, Jäger"},
		{CodePage850, "René, André, François"},
		{CodePage850, "Muñoz, José"},
	}
	for _, tt := range tests {
		for _, size := range []int{1, 3, 1 << 10} {
			var g Guesser
			for chunk := range slices.Chunk(encode(t, tt.charset, tt.text), size) {
				_, _ = g.Write(chunk)
			}
			got, err := g.Guess()
			if err != nil || got.text(string(encode(t, tt.charset, tt.text))) != tt.text {
				t.Errorf("%s in %s: guessed %q, %v", tt.text, tt.charset.Name, got.Name, err)
			}
		}
	}
}

func TestGuessThatCannotBe(t *testing.T) {
	var ambiguous *AmbiguousError
	var g Guesser
	_, _ = g.Write(encode(t, Windows1252, "Hélène"))
	if c, err := g.Guess(); !errors.As(err, &ambiguous) || !strings.Contains(err.Error(), `"Hélène" if it is windows-1252 would be "Hélčne"`) {
		t.Errorf("guessed %q, %v", c.Name, err)
	}
	for _, name := range []string{"windows-1251", "macintosh", "windows-1253"} {
		text := map[string]string{"windows-1251": "Иванов Пётр, Сидорова", "macintosh": "Jörg Müller, Jäger", "windows-1253": "Γιώργος Παπαδόπουλος"}[name]
		c, _ := Named(name)
		g = Guesser{}
		_, _ = g.Write(encode(t, c, text))
		if got, err := g.Guess(); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: guessed %q, %v", text, got.Name, err)
		}
	}
}

func TestNamed(t *testing.T) {
	for _, name := range source.Encodings() {
		c, ok := Named(name)
		if isUnicode := strings.HasPrefix(name, "utf-"); ok == isUnicode || !isUnicode && c.Name != name {
			t.Errorf("%q: %q, %v", name, c.Name, ok)
		}
	}
	for _, c := range all() {
		if !slices.Contains(source.Encodings(), c.Name) {
			t.Errorf("nobody can name %q", c.Name)
		}
	}
}

func TestDecoder(t *testing.T) {
	long := strings.Repeat("ü\n", 5000)
	got, err := io.ReadAll(transform.NewReader(strings.NewReader(string(encode(t, Windows1252, long))), Windows1252.Decoder()))
	if err != nil || string(got) != long {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	_, err = io.ReadAll(transform.NewReader(strings.NewReader(strings.Repeat("a\n", 9000)+"b\x81"), Windows1252.Decoder()))
	var wrong *ByteError
	if !errors.As(err, &wrong) || wrong.Line != 9001 || wrong.Byte != 0x81 {
		t.Errorf("got %v", err)
	}
}

// Whatever the bytes, what is guessed has a character for each of them.
func FuzzGuess(f *testing.F) {
	f.Add([]byte("J\xf6rg M\x81ller"))
	f.Add([]byte("\x84\xe8\xe9 \xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		var g Guesser
		_, _ = g.Write(text)
		c, err := g.Guess()
		if err != nil {
			return
		}
		if _, err := io.ReadAll(transform.NewReader(strings.NewReader(string(text)), c.Decoder())); err != nil && len(text) < 1<<10 {
			t.Errorf("%s: %v", c.Name, err)
		}
	})
}
