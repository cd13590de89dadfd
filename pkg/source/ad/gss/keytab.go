package gss

import (
	"strings"

	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/types"
)

// keys are the keys of a keytab.
type keys struct{ *keytab.Keytab }

// readKeytab reads a keytab that has a key.
func readKeytab(content []byte) (k keys, err error) {
	unreadable := usage("make one with ktpass, `samba-tool domain exportkeytab` or `net ads keytab`", "the keytab cannot be read")
	defer func() {
		if recover() != nil { // the library trusts the lengths
			k, err = keys{}, unreadable
		}
	}()
	k = keys{keytab.New()}
	if k.Unmarshal(content) != nil || len(k.Entries) == 0 {
		return keys{}, unreadable
	}
	return k, nil
}

// of is the newest key of an account of one kind, nil where there is none. The number
// of its version is compared within the keytab alone: whoever makes one by hand gives it
// any, and the domain says by itself whether the key is right. Names have no case
// in AD.
func (k keys) of(name types.PrincipalName, realm string, kind int32) *types.EncryptionKey {
	var newest *types.EncryptionKey
	var version uint32
	for i := range k.Entries {
		e := &k.Entries[i]
		own := strings.EqualFold(e.Principal.Realm, realm) && strings.EqualFold(strings.Join(e.Principal.Components, "/"), name.PrincipalNameString())
		if own && e.Key.KeyType == kind && (newest == nil || e.KVNO > version) {
			newest, version = &e.Key, e.KVNO
		}
	}
	return newest
}
