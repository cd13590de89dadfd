package main

import (
	"os/exec"
	"syscall"

	"golang.org/x/sys/windows"
)

// mayInterrupt lets a program that is not started yet be interrupted: by Ctrl-Break,
// since Ctrl-C goes to a whole console, the test's own. Go hands on both alike, and
// the end of the console as SIGTERM.
func mayInterrupt(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

func interrupt(c *exec.Cmd) error {
	return windows.GenerateConsoleCtrlEvent(windows.CTRL_BREAK_EVENT, uint32(c.Process.Pid))
}
