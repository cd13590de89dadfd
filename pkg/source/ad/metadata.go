package ad

import (
	"encoding/binary"
	"time"
)

// The numbers by which AD's own schema knows attributes in replPropertyMetaData.
const attidUnicodePwd = 0x9005A

// replication is what replPropertyMetaData says of one attribute.
type replication struct {
	version int64
	usn     int64 // on this server
	at      time.Time
}

// passwordMetadata finds unicodePwd in a value of replPropertyMetaData (MS-DRSR
// 4.1.10.2.22, PROPERTY_META_DATA_EXT_VECTOR version 1 as it is stored). False
// where the value is not readable, not of that form, or does not know it.
func passwordMetadata(value []byte) (replication, bool) {
	const header, entry = 16, 48
	le := binary.LittleEndian
	if len(value) < header || le.Uint32(value) != 1 {
		return replication{}, false
	}
	count := uint64(le.Uint32(value[8:]))
	if count != uint64(len(value)-header)/entry || (len(value)-header)%entry != 0 {
		return replication{}, false
	}
	for rest := value[header:]; len(rest) > 0; rest = rest[entry:] {
		if le.Uint32(rest) == attidUnicodePwd {
			// The time counts seconds since 1601.
			at := time.Unix(int64(le.Uint64(rest[8:]))-11644473600, 0).UTC()
			return replication{int64(le.Uint32(rest[4:])), int64(le.Uint64(rest[40:])), at}, true
		}
	}
	return replication{}, false
}
