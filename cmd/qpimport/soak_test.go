//go:build soak && linux

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSoak does what TestState does for as long as it takes to trust it, and what
// takes root and strace: a fault at each single write, and a disk that is full.
func TestSoak(t *testing.T) {
	if _, err := exec.LookPath("strace"); err != nil {
		t.Fatalf("the soak makes faults with strace: install it (apt-get install strace): %v", err)
	}
	b := buildBinary(t)
	small, large := newRig(t, b, 60, true), newRig(t, b, 5000, false)
	for _, part := range []struct {
		name string
		do   func(*testing.T) string
	}{
		{"eight writers", func(t *testing.T) string {
			const rounds = 100
			testWriters(t, b.fresh(t), rounds)
			return fmt.Sprintf("%d rounds, %d changes, none lost", rounds, writers*rounds)
		}},
		{"damage", func(t *testing.T) string { return testDamage(t, newRig(t, b, 300, false), 1000).String() }},
		{"kill at random", func(t *testing.T) string { return large.killAtRandom(t, 200).String() }},
		{"kill at every write, 60 users", func(t *testing.T) string { return small.killAtCalls(t, 1) }},
		{"kill at every 60th write, 5,000 users", func(t *testing.T) string { return large.killAtCalls(t, 60) }},
		{"disk full from each write on", func(t *testing.T) string { return small.failCalls(t, "ENOSPC", "+") }},
		{"input/output error at each write", func(t *testing.T) string { return small.failCalls(t, "EIO", "") }},
		{"full tmpfs", func(t *testing.T) string { return large.fillDisk(t) }},
	} {
		t.Run(part.name, func(t *testing.T) {
			start := time.Now()
			got := part.do(t)
			t.Logf("%s: %s (%s)", part.name, got, time.Since(start).Round(time.Second))
		})
	}
}

// TestSoakPostgres does what TestPostgres does, at every message of an import.
func TestSoakPostgres(t *testing.T) {
	server := postgresServer(t)
	b := buildBinary(t)
	t.Run("eight writers", func(t *testing.T) { testWriters(t, b.in(t, server), 50) })
	t.Run("eight runners", func(t *testing.T) { testRunners(t, b.in(t, server), 50) })
	t.Run("killed", func(t *testing.T) { testKilledRunner(t, b.in(t, server), 50) })
	t.Run("cut", func(t *testing.T) { t.Log(testCut(t, server, 1)) })
	t.Run("power cut", func(t *testing.T) { t.Log(testPowerCut(t, 30)) })
}

// changing are the system calls that change files.
var changing = []string{"pwrite64", "fsync", "fdatasync", "ftruncate", "unlink", "unlinkat"}

// traced runs the import with something done to its system calls on the state
// file, its journal and their folder, as strace's option inject= has it. strace counts the
// calls of each thread by itself; SQLite keeps to one for almost all of a run.
func (r *rig) traced(inject string) *exec.Cmd {
	args := []string{"-f", "--seccomp-bpf", "-qqq", "-o", os.DevNull, "-P", r.state(), "-P", r.state() + "-journal", "-P", filepath.Dir(r.state()), "-e", "inject=" + inject, r.path}
	c := exec.Command("strace", append(args, importArgs()...)...)
	c.Env = r.env
	return c
}

// killAtCalls kills the import at the nth call of each kind, for every n that
// there is, or every step-th.
func (r *rig) killAtCalls(t *testing.T, step int) string {
	kills, after := 0, 0
	for _, call := range changing {
		for n := 1; ; n += step {
			r.restore(t)
			c := r.traced(fmt.Sprintf("%s:signal=KILL:when=%d", call, n))
			out, err := c.CombinedOutput()
			what := fmt.Sprintf("kill at %s %d", call, n)
			isAfter := r.settled(t, what)
			if err == nil {
				if !isAfter {
					t.Fatalf("%s: it ended well with the state before", what)
				}
				break
			}
			if c.ProcessState.Exited() && c.ProcessState.ExitCode() != 128+int(unix.SIGKILL) {
				t.Fatalf("%s: %v\n%s", what, err, out)
			}
			kills++
			if isAfter {
				after++
			}
			if kills%10 == 0 {
				r.converges(t, what)
			}
		}
	}
	if kills == 0 {
		t.Fatal("nothing was killed")
	}
	return fmt.Sprintf("%d kills, %d with the state before, %d after", kills, kills-after, after)
}

// failCalls lets the nth call of each kind that writes fail, and with "+" all
// that follow, for every n that there is.
func (r *rig) failCalls(t *testing.T, errno, onwards string) string {
	refused, survived := 0, 0
	for _, call := range changing {
		for n := 1; ; n++ {
			c := r.traced(fmt.Sprintf("%s:error=%s:when=%d%s", call, errno, n, onwards))
			if r.refused(t, c, fmt.Sprintf("%s at %s %d", errno, call, n)) {
				refused++
				continue
			}
			// Some calls may fail without harm. Two in a row without: no more came.
			c = r.traced(fmt.Sprintf("%s:error=%s:when=%d%s", call, errno, n+1, onwards))
			if !r.refused(t, c, fmt.Sprintf("%s at %s %d", errno, call, n+1)) {
				break
			}
			survived++
			refused++
			n++
		}
	}
	if refused == 0 {
		t.Fatal("nothing failed")
	}
	return fmt.Sprintf("%d refused with exit status 15 and the state before, %d harmless", refused, survived)
}

// fillDisk runs the import on disks from too small to large enough.
func (r *rig) fillDisk(t *testing.T) string {
	disk := t.TempDir()
	full := 0
	for size := 128 << 10; ; size += 512 << 10 {
		if err := unix.Mount("tmpfs", disk, "tmpfs", 0, fmt.Sprintf("size=%d,mode=0700", size)); err != nil {
			t.Fatalf("the soak mounts small disks: run it as root: %v", err)
		}
		on := *r
		on.binary.env = append(r.env[:len(r.env):len(r.env)], envState+"="+filepath.Join(disk, "state.db"))
		refused := on.fits(t, size)
		if err := unix.Unmount(disk, 0); err != nil {
			t.Fatal(err)
		}
		if !refused {
			return fmt.Sprintf("%d disks were too small: exit status 15 and the state before; %d KiB were enough", full, size>>10)
		}
		full++
	}
}

// fits is refused without the import again, which has no room either.
func (r *rig) fits(t *testing.T, size int) bool {
	what := fmt.Sprintf("a disk of %d KiB", size>>10)
	r.restore(t)
	status, _, errText := r.run(t, importArgs()...)
	r.checkRefusal(t, status, errText, what)
	return status != 0
}
