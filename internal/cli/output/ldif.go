package output

import (
	"encoding/base64"
	"io"
	"strings"
)

// LDIFChange gives an attribute of an entry a value.
type LDIFChange struct {
	DN        string
	Attribute string
	Value     string
	Replace   bool // what is there; else there is nothing
}

// WriteLDIF writes changes as RFC 2849 has them, for ldifde and ldapmodify:
// without a version, which only one of them asks for.
func WriteLDIF(w io.Writer, changes []LDIFChange) error {
	var b strings.Builder
	for i, c := range changes {
		if i > 0 {
			b.WriteString("\n")
		}
		action := "add"
		if c.Replace {
			action = "replace"
		}
		b.WriteString(ldifLine("dn", c.DN) + "changetype: modify\n" + action + ": " + c.Attribute + "\n" + ldifLine(c.Attribute, c.Value) + "-\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// ldifLine is a value as it is, or where that would be read as something else in
// base64.
func ldifLine(name, value string) string {
	plain := value == "" || !strings.ContainsRune(" :<", rune(value[0])) && value[len(value)-1] != ' ' && !strings.ContainsFunc(value, func(r rune) bool {
		return r < ' ' || r > '~'
	})
	if plain {
		return name + ": " + value + "\n"
	}
	return name + ":: " + base64.StdEncoding.EncodeToString([]byte(value)) + "\n"
}
