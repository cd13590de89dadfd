//go:build unix

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
	"github.com/creack/pty"
	"github.com/rogpeppe/go-internal/testscript"
)

// cmdTerminal runs a command on a terminal of its own; see TestScripts.
func cmdTerminal(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: terminal COLUMNSxROWS N STEPS|- CMD…")
	}
	var columns, rows uint16
	_, err := fmt.Sscanf(args[0], "%dx%d", &columns, &rows)
	ts.Check(err)
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	steps := ""
	if args[2] != "-" {
		steps = ts.ReadFile(args[2])
	}
	path, err := exec.LookPath(args[3])
	ts.Check(err)
	cmd := exec.Command(path, args[4:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range ts.Value(scriptEnvKey{}).([]string) {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	t, err := onTerminal(cmd, columns, rows)
	ts.Check(err)
	defer t.end()
	for step := range strings.Lines(steps) {
		word, rest, _ := strings.Cut(strings.TrimRight(step, "\r\n"), " ")
		switch word {
		case "", "#":
		case "see":
			if !t.sees(rest) {
				ts.Fatalf("%q was not shown; there is\n%s", rest, t.text())
			}
		case "type":
			keys, err := strconv.Unquote(`"` + rest + `"`)
			ts.Check(err)
			ts.Check(t.press(keys))
		case "look":
			fmt.Fprintf(ts.Stdout(), "%s----\n", t.text())
		default:
			ts.Fatalf("unknown step %q", step)
		}
	}
	status, err := t.wait()
	ts.Check(err)
	fmt.Fprint(ts.Stdout(), t.text())
	fmt.Fprint(ts.Stderr(), t.sent.String())
	if status != want {
		ts.Fatalf("exit status %d, want %d", status, want)
	}
	if t.problem != "" {
		ts.Fatalf("%s", t.problem)
	}
}

// tty is a program with a terminal, and what that shows.
type tty struct {
	cmd   *exec.Cmd
	file  *os.File
	drawn chan struct{} // closed when all that the program wrote is on the screen

	mu            sync.Mutex
	news          chan struct{}
	sent          bytes.Buffer // what the program wrote
	rest          []byte       // of sent, what is not complete yet
	columns, rows int
	above         []string   // lines that have left the screen
	cells         [][]string // by row; "" is the right half of a wide character
	x, y          int
	problem       string // a line that the terminal had to wrap, or what it does not know
}

// late is how long a terminal waits for something to be shown.
const late = 30 * time.Second

// onTerminal starts a program on a terminal.
func onTerminal(cmd *exec.Cmd, columns, rows uint16) (*tty, error) {
	if cmd.Env == nil {
		cmd.Env = os.Environ()
	}
	cmd.Env = append(cmd.Env, "TERM=vt100") // what the screen below knows
	f, err := pty.StartWithSize(cmd, &pty.Winsize{Rows: rows, Cols: columns})
	if err != nil {
		return nil, err
	}
	t := &tty{cmd: cmd, file: f, drawn: make(chan struct{}), news: make(chan struct{}, 1), columns: int(columns), rows: int(rows)}
	for range rows {
		t.cells = append(t.cells, t.blank())
	}
	go func() {
		_, _ = io.Copy(t, f) // until the program is gone
		close(t.drawn)
	}()
	return t, nil
}

// wait waits for the end of the program and returns its exit status.
func (t *tty) wait() (int, error) {
	kill := time.AfterFunc(late, func() { _ = t.cmd.Process.Kill() })
	defer kill.Stop()
	err := t.cmd.Wait()
	<-t.drawn
	if t.cmd.ProcessState.ExitCode() < 0 {
		return -1, fmt.Errorf("did not end by itself (%w); there is\n%s", err, t.text())
	}
	return t.cmd.ProcessState.ExitCode(), nil
}

func (t *tty) end() {
	_ = t.cmd.Process.Kill()
	_ = t.file.Close()
}

func (t *tty) press(keys string) error {
	_, err := t.file.WriteString(keys)
	return err
}

// sees waits until a text is on the screen.
func (t *tty) sees(text string) bool {
	over := time.After(late)
	for {
		if strings.Contains(t.text(), text) {
			return true
		}
		select {
		case <-t.news:
		case <-over:
			return false
		case <-t.drawn:
			return strings.Contains(t.text(), text)
		}
	}
}

// await is sees for tests.
func (t *tty) await(tt *testing.T, text string) {
	tt.Helper()
	if !t.sees(text) {
		tt.Fatalf("%q was not shown; there is\n%s", text, t.text())
	}
}

// text is what is on the screen and what was there before, a line each.
func (t *tty) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := append([]string{}, t.above...)
	for _, row := range t.cells {
		lines = append(lines, lineOf(row))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

func lineOf(row []string) string { return strings.TrimRight(strings.Join(row, ""), " ") }

func (t *tty) blank() []string {
	row := make([]string, t.columns)
	for i := range row {
		row[i] = " "
	}
	return row
}

// Write draws what a program writes.
func (t *tty) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent.Write(p)
	t.rest = append(t.rest, p...)
	for len(t.rest) > 0 {
		n := t.draw(t.rest)
		if n == 0 {
			break
		}
		t.rest = t.rest[n:]
	}
	select {
	case t.news <- struct{}{}:
	default:
	}
	return len(p), nil
}

// draw obeys one sequence or draws one text, and says how long that was; 0 where it
// is not complete.
func (t *tty) draw(b []byte) int {
	switch b[0] {
	case '\r':
		t.x = 0
	case '\n':
		if t.y++; t.y == t.rows {
			t.above, t.y = append(t.above, lineOf(t.cells[0])), t.rows-1
			t.cells = append(t.cells[1:], t.blank())
		}
	case '\b':
		t.x = max(t.x-1, 0)
	case '\t':
		t.x = min((t.x/8+1)*8, t.columns-1)
	case 0x1b:
		return t.escape(b)
	default:
		if b[0] < ' ' {
			return 1
		}
		end := bytes.IndexFunc(b, func(r rune) bool { return r < ' ' })
		if end < 0 {
			end = len(b)
			for cut := 1; cut < utf8.UTFMax && cut <= end; cut++ { // a character that is not whole yet
				if utf8.RuneStart(b[end-cut]) {
					if !utf8.FullRune(b[end-cut:]) {
						end -= cut
					}
					break
				}
			}
		}
		t.put(string(b[:end]))
		return end
	}
	return 1
}

// put draws characters.
func (t *tty) put(s string) {
	for clusters := displaywidth.StringGraphemes(s); clusters.Next(); {
		n := clusters.Width()
		if n == 0 {
			continue
		}
		if t.x+n > t.columns {
			t.problem = fmt.Sprintf("the terminal wraps the line %q before %q", lineOf(t.cells[t.y]), clusters.Value())
			t.x = t.columns - n
		}
		t.cells[t.y][t.x] = clusters.Value()
		for i := 1; i < n; i++ {
			t.cells[t.y][t.x+i] = ""
		}
		t.x += n
	}
}

// escape obeys an escape sequence.
func (t *tty) escape(b []byte) int {
	if len(b) < 2 {
		return 0
	}
	switch b[1] {
	case '[':
	case ']':
		end := bytes.IndexByte(b, '\a')
		return end + 1
	case 'M':
		t.y = max(t.y-1, 0)
		return 2
	default:
		return 2
	}
	end := 2
	for end < len(b) && (b[end] < 0x40 || b[end] > 0x7e) {
		end++
	}
	if end == len(b) {
		return 0
	}
	parameters := string(b[2:end])
	number := func(i, otherwise int) int {
		parts := strings.Split(parameters, ";")
		if i < len(parts) && parts[i] != "" {
			if n, err := strconv.Atoi(parts[i]); err == nil {
				return n
			}
		}
		return otherwise
	}
	switch b[end] {
	case 'A':
		t.y = max(t.y-number(0, 1), 0)
	case 'B':
		t.y = min(t.y+number(0, 1), t.rows-1)
	case 'C':
		t.x = min(t.x+number(0, 1), t.columns-1)
	case 'D':
		t.x = max(t.x-number(0, 1), 0)
	case 'H':
		t.y, t.x = min(number(0, 1), t.rows)-1, min(number(1, 1), t.columns)-1
	case 'J':
		if mode := number(0, 0); mode == 0 {
			t.clear(t.y, t.x)
			for y := t.y + 1; y < t.rows; y++ {
				t.clear(y, 0)
			}
		} else if mode == 2 {
			for y := range t.rows {
				t.clear(y, 0)
			}
		}
	case 'K':
		t.clear(t.y, t.x)
	case 'P': // characters taken out, and put in
		n := min(number(0, 1), t.columns-t.x)
		t.cells[t.y] = append(slices.Delete(t.cells[t.y], t.x, t.x+n), t.blank()[:n]...)
	case '@':
		n := min(number(0, 1), t.columns-t.x)
		t.cells[t.y] = slices.Insert(t.cells[t.y], t.x, t.blank()[:n]...)[:t.columns]
	case 'M': // lines taken out, and put in
		for range min(number(0, 1), t.rows-t.y) {
			t.cells = append(slices.Delete(t.cells, t.y, t.y+1), t.blank())
		}
	case 'L':
		for range min(number(0, 1), t.rows-t.y) {
			t.cells = slices.Insert(t.cells, t.y, t.blank())[:t.rows]
		}
	case 'm', 'h', 'l', 'p', 'u', 'n', 'c', 'q', 'W': // colours, modes, tabs and questions
	default:
		t.problem = fmt.Sprintf("the terminal does not know %q", b[:end+1])
	}
	return end + 1
}

func (t *tty) clear(y, from int) { copy(t.cells[y][from:], t.blank()) }
