package gss

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// The security layers of RFC 4752. Signing alone is never chosen: names are
// personal data, and would be readable.
const (
	layerNone = 1
	layerSeal = 4
)

// maxToken is the largest token that is taken, in bytes: as much as the layer can
// say.
const maxToken = 0xffffff

// Answer reads the acceptor's offer of layers, the last token before the bind
// ends, and makes the answer: sealed, or none where the connection is encrypted
// already. limit is the longest token that the acceptor takes then.
func Answer(c Context, offer []byte, seal bool) (answer []byte, limit int, err error) {
	text, sealed, err := c.Unwrap(offer)
	if err != nil {
		return nil, 0, fmt.Errorf("the offer of security layers: %w", err)
	}
	if sealed || len(text) != 4 {
		return nil, 0, errors.New("the offer of security layers is none")
	}
	want, most := byte(layerNone), uint32(0)
	if seal {
		want, most = layerSeal, maxToken
	}
	if text[0]&want == 0 {
		return nil, 0, fmt.Errorf("%w (it offers %#x)", ErrLayer, text[0])
	}
	if limit = int(binary.BigEndian.Uint32(text) & maxToken); seal && limit <= c.Overhead() {
		return nil, 0, fmt.Errorf("the server takes messages of %d bytes at most, which is too little", limit)
	}
	answer = binary.BigEndian.AppendUint32(nil, most)
	answer[0] = want
	answer, err = c.Wrap(answer, false)
	return answer, limit, err
}

// ErrLayer says that the acceptor does not offer the layer that is needed.
var ErrLayer = errors.New("the server does not offer the protection that is needed")
