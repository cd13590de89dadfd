package private

import "testing"

// TestTrusted: to whom a folder may belong, and whose right to write in it is told.
func TestTrusted(t *testing.T) {
	const me, other = "S-1-5-21-1-2-3-1001", "S-1-5-21-1-2-3-1002"
	for sid, want := range map[string]bool{
		me: true, other: false, system: true, administrators: true, installer: true, "S-1-5-21-1-2-3-500": true,
		"S-1-5-21-1-2-3-1500": false, "S-1-5-32-545": false, "S-1-1-0": false, "": false, "S-1-5-80-1-2-3-4-500": false,
	} {
		if got := isTrusted(sid, me); got != want {
			t.Errorf("%s: %v", sid, got)
		}
	}
	list := []entry{{me, "me", true, true}, {"S-1-5-32-545", "Users", true, true}, {"S-1-5-32-545", "Users", true, true}, {"S-1-1-0", "Everyone", true, false}, {"S-1-3-4", "OWNER RIGHTS", true, true}, {"", "others", false, true}}
	if got := writers(me, list); got != "Users, others" {
		t.Error(got)
	}
}
