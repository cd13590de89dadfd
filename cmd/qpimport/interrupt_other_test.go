//go:build !windows

package main

import (
	"os"
	"os/exec"
)

func mayInterrupt(*exec.Cmd) {}

// interrupt is Ctrl-C; Wine makes of it what the console of Windows does.
func interrupt(c *exec.Cmd) error { return c.Process.Signal(os.Interrupt) }
