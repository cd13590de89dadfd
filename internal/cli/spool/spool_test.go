package spool

import (
	"bytes"
	"os"
	"testing"

	"github.com/qpimport/qpimport/internal/private/privatetest"
)

// TestKeep keeps more than memory is to hold, with a folder for temporary files and
// without one, and reads all of it back.
func TestKeep(t *testing.T) {
	for name, dir := range map[string]string{"file": privatetest.TempDir(t), "no folder": privatetest.TempDir(t) + "/none"} {
		t.Run(name, func(t *testing.T) {
			for _, v := range []string{"TMPDIR", "TMP", "TEMP"} {
				t.Setenv(v, dir)
			}
			var s Spool
			var pieces []Piece
			want := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, inMemory/4+i) }
			for i := range 10 {
				pieces = append(pieces, s.Keep(want(i)))
			}
			if inFile := s.size > 0; inFile != (name == "file") {
				t.Errorf("%d bytes are in a file", s.size)
			}
			if name == "file" && s.held > inMemory {
				t.Errorf("%d bytes are in memory", s.held)
			}
			for i, p := range pieces {
				if got, err := p.Text(); err != nil || !bytes.Equal(got, want(i)) {
					t.Errorf("piece %d: %d bytes, %v", i, len(got), err)
				}
			}
			s.Close()
			if left, _ := os.ReadDir(dir); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}
