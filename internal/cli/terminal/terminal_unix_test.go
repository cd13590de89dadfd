//go:build unix

package terminal

import (
	"testing"

	"github.com/creack/pty"
)

// TestTerminal looks at a real one.
func TestTerminal(t *testing.T) {
	master, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer master.Close()
	defer tty.Close()
	if n := Width(tty, env()); n != 80 {
		t.Errorf("one that does not say its width has %d", n)
	}
	if err := pty.Setsize(tty, &pty.Winsize{Rows: 20, Cols: 57}); err != nil {
		t.Fatal(err)
	}
	if n := Width(tty, env()); n != 57 {
		t.Errorf("the width is %d", n)
	}
	if n := Width(tty, env("COLUMNS", "44")); n != 44 {
		t.Errorf("with COLUMNS the width is %d", n)
	}
	if n := Width(tty, env("COLUMNS", "wide")); n != 57 {
		t.Errorf("with nonsense in COLUMNS the width is %d", n)
	}
	for _, c := range []struct {
		env  []string
		want bool
	}{
		{nil, true},
		{[]string{"NO_COLOR", "1"}, false},
		{[]string{"NO_COLOR", "1", "CLICOLOR_FORCE", "1"}, false},
		{[]string{"CLICOLOR", "0"}, false},
		{[]string{"CLICOLOR", "0", "CLICOLOR_FORCE", "1"}, true},
		{[]string{"TERM", "dumb"}, false},
		{[]string{"TERM", "xterm-256color"}, true},
	} {
		if got := Colour(tty, env(c.env...)); got != c.want {
			t.Errorf("with %v: colour %t", c.env, got)
		}
	}
}
