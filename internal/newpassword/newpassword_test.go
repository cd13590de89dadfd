package newpassword

import (
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

func TestMake(t *testing.T) {
	rules := Rules{Names: []string{"ann", "Ann Example", "ann.example@contoso.example"}}
	rules.MinLength = 7
	for _, c := range []struct {
		style  Style
		rules  Rules
		length int
	}{
		{Characters, rules, 16},
		{Characters, Rules{PasswordPolicy: source.PasswordPolicy{MinLength: 30}}, 30},
		{Characters, Rules{PasswordPolicy: source.PasswordPolicy{MinLength: 9, Unread: "another"}}, 24},
		{Words, rules, 20},
		{Words, Rules{PasswordPolicy: source.PasswordPolicy{MinLength: 60}}, 60},
	} {
		seen := map[string]bool{}
		for range 200 {
			secret, err := Make(c.style, c.rules)
			if err != nil {
				t.Fatal(err)
			}
			p := secret.Reveal()
			if seen[p] || len(p) < c.length || Check(p, c.rules) != nil || kinds(p) != 4 {
				t.Fatalf("%s: %q", c.style, p)
			}
			if strings.ContainsAny(p[:1], "=+-@!#%*") || c.style == Characters && strings.ContainsAny(p, "0O1lIo \"'\\,;") {
				t.Fatalf("%s: %q", c.style, p)
			}
			if c.style == Words && strings.Count(p, "-") < 4 {
				t.Fatalf("%q", p)
			}
			seen[p] = true
		}
	}
	if _, err := Make(Characters, Rules{PasswordPolicy: source.PasswordPolicy{MinLength: 300}}); source.CodeOf(err) != source.CodePasswordRefused {
		t.Errorf("%v", err)
	}
}

// Each character is as likely as the other; a skew would show in so many.
func TestChance(t *testing.T) {
	counts := map[byte]int{}
	const n = 4000
	for range n {
		p := characters(16)
		counts[p[8]]++
	}
	all := upper + lower + digits + symbols
	for i := range len(all) {
		if got, want := counts[all[i]], n/len(all); got < want/3 || got > 3*want {
			t.Errorf("%q was drawn %d times, want about %d", all[i], got, want)
		}
	}
	if len(allWords()) < 7700 {
		t.Errorf("%d words", len(allWords()))
	}
}

func TestCheck(t *testing.T) {
	rules := Rules{PasswordPolicy: source.PasswordPolicy{MinLength: 12, Complex: true}, Names: []string{"jdoe", "Jonathan O. Doe", "Contoso Ltd"}}
	for p, want := range map[string]string{
		"Qz7!kkWm2xTp":              "",
		"Qz7!kkWm2xT":               "has 11 characters",
		"qz7kkwm2xtpp":              "three of these",
		"Qz7!J0natHan9":             "name",
		"Qz7!kkWmjdoe":              "name",
		"C0ntos0!2026x":             "name",
		"Winter-Password-1":         "", // two words, three characters and a digit
		"Passw0rd1234":              "banned",
		"P@ssw0rdWinter":            "banned",
		"Qz7!kk\x00Wm2xTp":          "nobody sees",
		"Qz7!kk\xffWm2xTp":          "nobody sees",
		"\uFEFFQz7!kkWm2xTp":        "nobody sees",
		"Qz7!kk\u00a0Wm2xTp":        "nobody sees",
		"Qz7!kk\u200bWm2xTp":        "nobody sees",
		" Qz7!kk Wm2xTp ":           "",
		strings.Repeat("Qz7!", 65):  "no more than 256",
		"Ünïcode-Pässwörter-Ωmega7": "",
	} {
		err := Check(p, rules)
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %q", p, err, want)
		case err != nil && strings.Contains(err.Error(), p):
			t.Errorf("%v repeats it", err)
		}
	}
}

// What Microsoft 365 does not take is refused where it is set there, and nowhere else.
func TestCheckASCII(t *testing.T) {
	rules := Rules{PasswordPolicy: source.PasswordPolicy{ASCII: true}}
	for p, want := range map[string]bool{"Qz7!kkWm2xTp~": true, "Qz7!kkWm2xTpä": false, "Qz7!kkWm2xTp😀": false, "Qz7!kkWm2xTp\u0308": false} {
		if err := Check(p, rules); (err == nil) != want {
			t.Errorf("%q: %v", p, err)
		}
		if err := Check(p, Rules{}); err != nil {
			t.Errorf("%q in AD: %v", p, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("Qz7!kkWm2xTp", "Ann Example", 12)
	f.Add("", "", 0)
	f.Add("\xff", "\x00", -1)
	f.Fuzz(func(t *testing.T, password, name string, length int) {
		err := Check(password, Rules{PasswordPolicy: source.PasswordPolicy{MinLength: length}, Names: []string{name}})
		if err == nil && (len(password) < 8 || points(normalize(password)) < 5) {
			t.Errorf("%q is taken", password)
		}
	})
}
