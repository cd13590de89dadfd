package gss

import (
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/jcmturner/gokrb5/v8/messages"

	"github.com/qpimport/qpimport/pkg/source"
)

const (
	// maxAnswer is the largest answer of a KDC that is read, in bytes. A ticket with many
	// groups has some ten thousand.
	maxAnswer = 1 << 20

	// One KDC may take so long to connect, and so long to answer.
	waitToConnect = 5 * time.Second
	waitForAnswer = 10 * time.Second
)

// kdcs finds the KDCs of realms and asks them: over TCP, since AD's tickets are larger
// than a datagram. The library trusts the length that a KDC announces, which is why
// it is not asked to do this.
type kdcs struct {
	resolver *net.Resolver       // nil is the system's
	dns      bool                // whether DNS is asked for the KDCs of realms that are not known
	known    map[string][]string // by realm in capitals
}

// of lists the KDCs of a realm as HOST:PORT, in the order in which they are asked.
func (k *kdcs) of(ctx context.Context, realm string) ([]string, error) {
	key := strings.ToUpper(realm)
	if found := k.known[key]; len(found) > 0 || !k.dns {
		return found, nil
	}
	_, records, err := cmp.Or(k.resolver, net.DefaultResolver).LookupSRV(ctx, "kerberos", "tcp", realm)
	var unknown *net.DNSError
	if err != nil && len(records) == 0 && (!errors.As(err, &unknown) || !unknown.IsNotFound) {
		return nil, unreachable(err, "try again, or name a KDC", "asking DNS for the KDCs of the realm %s", realm)
	}
	for _, r := range records {
		if host := strings.TrimSuffix(r.Target, "."); host != "" {
			k.known[key] = append(k.known[key], net.JoinHostPort(host, fmt.Sprint(r.Port)))
		}
	}
	return k.known[key], nil
}

// ask sends a message to the first KDC of a realm that answers, which is the first one
// to be asked from then on. A refusal is a [messages.KRBError].
func (k *kdcs) ask(ctx context.Context, realm string, message []byte) ([]byte, error) {
	found, err := k.of(ctx, realm)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, &source.Error{Code: source.CodeUnreachable, Topic: TopicNoKDC, Message: fmt.Sprintf("no KDC of the realm %s is known", realm), Permanent: true}
	}
	var first error
	for i, address := range found {
		answer, err := k.talk(ctx, address, message)
		if err == nil {
			found[0], found[i] = found[i], found[0]
			var refusal messages.KRBError
			if refusal.Unmarshal(answer) == nil {
				return nil, refusal
			}
			return answer, nil
		}
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		first = cmp.Or(first, err)
	}
	if errors.Is(first, errAnswer) {
		return nil, unusable(realm)
	}
	return nil, unreachable(first, "is port 88 open from here, and is it a domain controller?", "no KDC of the realm %s answers", realm)
}

// settle keeps to the KDC of a realm that has answered: a proof of the password is
// for it alone, since each one that gets it may count it.
func (k *kdcs) settle(realm string) {
	key := strings.ToUpper(realm)
	k.known[key] = k.known[key][:1]
}

// errAnswer is an answer that is none.
var errAnswer = errors.New("an answer that cannot be used")

// talk asks one KDC. Memory is taken for what an answer may have, and not for what is
// announced.
func (k *kdcs) talk(ctx context.Context, address string, message []byte) ([]byte, error) {
	dialer := net.Dialer{Timeout: waitToConnect, Resolver: k.resolver}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	defer context.AfterFunc(ctx, func() { _ = conn.Close() })()
	if err := conn.SetDeadline(time.Now().Add(waitForAnswer)); err != nil {
		return nil, err
	}
	if _, err := conn.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	length := binary.BigEndian.Uint32(head[:])
	switch {
	case length == 0:
		return nil, io.ErrUnexpectedEOF
	case length > maxAnswer:
		return nil, errAnswer
	}
	answer := make([]byte, length)
	if _, err := io.ReadFull(conn, answer); err != nil {
		return nil, noEOF(err)
	}
	return answer, nil
}

func unusable(realm string) error {
	return unreachable(nil, "try again; `kinit` on this machine may tell more", "the KDC of the realm %s sent an answer that cannot be used", realm)
}
