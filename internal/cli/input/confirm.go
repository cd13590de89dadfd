package input

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
)

// Confirm puts a question and says whether the answer was yes; no answer is
// none. A wait for it ends with the context.
func Confirm(ctx context.Context, in io.Reader, out io.Writer, question string) (bool, error) {
	fmt.Fprintf(out, "%s [y/N] ", question)
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(in).ReadString('\n') // no line is no yes
		answer <- line
	}()
	select {
	case got := <-answer:
		if !strings.HasSuffix(got, "\n") {
			fmt.Fprintln(out) // what follows begins a line of its own
		}
		got = strings.ToLower(strings.TrimSpace(got))
		return got == "y" || got == "yes", nil
	case <-ctx.Done():
		fmt.Fprintln(out)
		return false, ctx.Err()
	}
}
