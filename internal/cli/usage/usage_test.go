package usage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
)

func TestJoin(t *testing.T) {
	if err := Join(nil); err != nil {
		t.Errorf("nothing is wrong: %v", err)
	}
	err := Join([]string{"a 100 % b", "c"})
	if source.CodeOf(err) != source.CodeUsage || err.Error() != "a 100 % b; c" {
		t.Errorf("%v", err)
	}
}

func TestReason(t *testing.T) {
	_, notThere := os.Open("no-such-file")
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("more: %w", notThere), errors.Unwrap(notThere).Error()},
		{exec.Command("no-such-program-here").Run(), exec.ErrNotFound.Error()},
		{errors.New("else"), "else"},
	} {
		if got := Reason(c.err); got != c.want {
			t.Errorf("%v: %q, want %q", c.err, got, c.want)
		}
	}
}
