package progress

import (
	"fmt"
	"strings"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

// TestReading counts without losing a user, keeps the OUs, and leaves an empty
// line behind.
func TestReading(t *testing.T) {
	people := make([]source.User, 2*step+1)
	for i := range people {
		people[i] = source.User{Kind: source.AD, ID: fmt.Sprint(i)}
	}
	for _, c := range []struct {
		name  string
		users int
		want  string
	}{
		{"few", step - 1, ""},
		{"many", len(people), "\rreading Active Directory: 500 users\rreading Active Directory: 1000 users\r\x1b[K"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var shown strings.Builder
			dir := Reading(&shown, &sourcetest.Memory{People: people[:c.users]}, source.AD)
			n := 0
			for u, err := range dir.Users(t.Context(), source.Scope{}) {
				if err != nil || u.ID != fmt.Sprint(n) {
					t.Fatalf("user %d is %q (%v)", n, u.ID, err)
				}
				n++
			}
			if n != c.users || shown.String() != c.want {
				t.Errorf("%d users, shown %q", n, shown.String())
			}
			if _, ok := source.As[source.OULister](dir); !ok {
				t.Error("the OUs were lost")
			}
		})
	}
}

func TestSteps(t *testing.T) {
	var b strings.Builder
	done := Steps(&b, 2, "2 customers")
	done(1)
	done(2)
	if want := "0 of 2 customers\r1 of 2 customers\r\x1b[K"; b.String() != want {
		t.Errorf("%q, want %q", b.String(), want)
	}
}
