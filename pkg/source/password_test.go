package source

import (
	"testing"
	"time"
)

func TestPasswordMoved(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	later, never := at.Add(time.Microsecond), time.Time{}
	for _, c := range []struct {
		was, is PasswordMark
		want    Flag
	}{
		{PasswordMark{2, at}, PasswordMark{2, at}, No},
		{PasswordMark{2, at}, PasswordMark{3, later}, Yes},
		{PasswordMark{2, at}, PasswordMark{3, never}, Yes}, // and has to be changed
		{PasswordMark{2, at}, PasswordMark{2, never}, No},  // has to be changed, and is the same
		{PasswordMark{0, never}, PasswordMark{1, at}, Yes}, // the first one
		{PasswordMark{0, never}, PasswordMark{1, never}, Yes},
		{PasswordMark{0, at}, PasswordMark{0, at}, No},
		{PasswordMark{0, at}, PasswordMark{0, later}, Yes},
		{PasswordMark{0, at}, PasswordMark{0, never}, Unknown},
		{PasswordMark{0, never}, PasswordMark{0, never}, Unknown},
		{PasswordMark{0, never}, PasswordMark{0, at}, Yes},
	} {
		if got := c.was.Moved(c.is); got != c.want {
			t.Errorf("%+v to %+v: %v, want %v", c.was, c.is, got, c.want)
		}
	}
}
