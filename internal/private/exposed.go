package private

import (
	"fmt"
	"strings"
)

// Exposure is who could put another file in the place of one, beside the account that
// runs this and those who can take everything anyway. "" is nobody.
type Exposure struct {
	Owner   string // whose the file, its journal or its folder is
	Writers string // who else may write in the folder
	Remedy  string // the command that mends it
}

// String says it in words, "" where nobody could.
func (e Exposure) String() string {
	var who []string
	if e.Owner != "" {
		who = append(who, "it, or its folder, belongs to "+e.Owner)
	}
	if e.Writers != "" {
		who = append(who, "its folder may be written to by "+e.Writers)
	}
	if len(who) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, who could put another one in its place", strings.Join(who, ", and "))
}

// beside are the names of the files that SQLite takes for part of the one at path.
func beside(path string) []string { return []string{path, path + "-journal", path + "-wal"} }
