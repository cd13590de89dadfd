// Package usage makes the errors of what was asked for: a flag, a file or a
// setting that cannot work. Scripts tell them by [source.CodeUsage].
package usage

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// Errorf is an error in what was asked for.
func Errorf(format string, args ...any) error { return Hintf("", format, args...) }

// Hintf is Errorf with a hint at what to do.
func Hintf(hint, format string, args ...any) error {
	return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf(format, args...), Hint: hint}
}

// Join makes one error of all that is wrong; nil if nothing is.
func Join(found []string) error {
	if len(found) == 0 {
		return nil
	}
	return Errorf("%s", strings.Join(found, "; "))
}

// mostLines bounds what is said of a file: of the wrong one each line may be wrong.
const mostLines = 100

// Lines makes one error of all that is wrong with the lines of a file, each on its own;
// nil if nothing is.
func Lines(found []string) error {
	if len(found) == 0 {
		return nil
	}
	if more := len(found) - mostLines; more > 0 {
		found = append(found[:mostLines:mostLines], fmt.Sprintf("and %d more", more))
	}
	return Errorf("%s", strings.Join(found, "\n"))
}

// Reason is the text of an error without the path that the message names
// already.
func Reason(err error) string {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err.Error()
	}
	var execErr *exec.Error
	if errors.As(err, &execErr) {
		return execErr.Err.Error()
	}
	return err.Error()
}
