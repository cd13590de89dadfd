package source

import (
	"os"
	"path/filepath"
	"testing"
)

// TestPathsOfWindows makes each form of a path absolute.
func TestPathsOfWindows(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	drive := filepath.VolumeName(here)
	for _, c := range []struct{ dir, path, want string }{
		{`C:\conf`, `users.csv`, `C:\conf\users.csv`},
		{`C:\conf`, `../users.csv`, `C:\users.csv`},
		{`C:\conf`, `..\users.csv`, `C:\users.csv`},
		{`C:\conf`, `\exports\users.csv`, `C:\exports\users.csv`},
		{`C:\conf`, `/exports/users.csv`, `C:\exports\users.csv`},
		{`C:\conf`, `D:\users.csv`, `D:\users.csv`},
		{`C:\conf`, `D:/users.csv`, `D:\users.csv`},
		{`C:\conf`, drive + `users.csv`, filepath.Join(here, "users.csv")},
		{`C:\conf`, `\\nas\exports\users.csv`, `\\nas\exports\users.csv`},
		{`\\nas\conf`, `users.csv`, `\\nas\conf\users.csv`},
		{`\\nas\conf\x`, `\users.csv`, `\\nas\conf\users.csv`},
		{`C:\conf`, `\\?\C:\users.csv`, `\\?\C:\users.csv`},
		{``, `\users.csv`, `\users.csv`},
		{``, `C:users.csv`, `C:users.csv`},
	} {
		if got := below(c.dir, c.path); got != c.want {
			t.Errorf("%s below %s is %s, want %s", c.path, c.dir, got, c.want)
		}
	}
}
