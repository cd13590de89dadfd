package letter

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/internal/private/privatetest"
	"github.com/qpimport/qpimport/pkg/source"
)

// TestOurs words the templates of this program for everybody: a name is text and
// nothing else, and a missing one leaves no gap.
func TestOurs(t *testing.T) {
	l, err := Load("")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		data     Data
		greeting string
	}{
		{Data{GivenName: "Ann", DisplayName: "Bell, Ann"}, "Hello Ann,"},
		{Data{DisplayName: "Kiosk"}, "Hello Kiosk,"},
		{Data{}, "Hello,"},
		{Data{GivenName: `<img src=x onerror=alert(1)>"'`}, `Hello <img src=x onerror=alert(1)>"',`},
	} {
		for _, app := range []string{"mobile", "web"} {
			for _, reminder := range []bool{false, true} {
				d := c.data
				d.App, d.Reminder, d.Customer, d.URL, d.Email, d.From = app, reminder, "Contoso & Co", "https://app.example/get?a=1&b=2", "ann@x.example", "IT"
				w, err := l.Write(d)
				if err != nil {
					t.Fatal(err)
				}
				if !strings.HasPrefix(w.Text, c.greeting+"\n") || !strings.Contains(w.Text, "1. Open https://app.example/get?a=1&b=2\n") || !strings.Contains(w.Text, "Contoso & Co gives you") {
					t.Errorf("%+v: text\n%s", d, w.Text)
				}
				if strings.Contains(w.HTML, "<img") || !strings.Contains(w.HTML, `<a href="https://app.example/get?a=1&amp;b=2">`) || strings.Contains(w.HTML, "{{") {
					t.Errorf("%+v: HTML\n%s", d, w.HTML)
				}
				if strings.HasPrefix(w.Subject, "Reminder: ") != reminder || strings.Contains(w.Subject, "\n") {
					t.Errorf("%+v: subject %q", d, w.Subject)
				}
			}
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"no text":        {SubjectFile: "x"},
		"nothing said":   {SubjectFile: " ", TextFile: "x"},
		"no template":    {SubjectFile: "{{", TextFile: "x"},
		"unknown field":  {SubjectFile: "x", TextFile: "{{.Password}}"},
		"unknown in web": {SubjectFile: "x", TextFile: "x", HTMLFile: "{{.Password}}"},
	} {
		dir := privatetest.TempDir(t)
		for file, text := range files {
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(dir); source.CodeOf(err) != source.CodeUsage {
			t.Errorf("%s: %v", name, err)
		}
	}
}
