package terminal

import (
	"os"

	"golang.org/x/sys/windows"
)

// obeys makes a console take escape sequences, and says whether it does: those
// before Windows 10 cannot.
func obeys(f *os.File) bool {
	console := windows.Handle(f.Fd())
	var mode uint32
	if windows.GetConsoleMode(console, &mode) != nil {
		return false
	}
	return mode&windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING != 0 ||
		windows.SetConsoleMode(console, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
