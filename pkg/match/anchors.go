package match

import "github.com/qpimport/qpimport/pkg/source"

// Anchors are the immutableIds that a mailbox of the AD user's may carry: of its
// ms-DS-ConsistencyGuid, and of its objectGUID.
func Anchors(u *source.User) []string {
	var list []string
	for _, guid := range []string{u.ConsistencyGUID, u.ID} {
		if a := anchor(guid); a != "" {
			list = append(list, a)
		}
	}
	return list
}
