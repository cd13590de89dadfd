package gss

import (
	"syscall"

	"github.com/alexbrainman/sspi"
)

// newProvider begins with the system's own Kerberos.
func newProvider(service string, flags uint32, binding []byte) (provider, error) {
	target, err := syscall.UTF16PtrFromString(service)
	if err != nil {
		return nil, err
	}
	info, err := sspi.QueryPackageInfo(sspi.MICROSOFT_KERBEROS_NAME)
	if err != nil {
		return nil, err
	}
	credentials, err := sspi.AcquireCredentials("", sspi.MICROSOFT_KERBEROS_NAME, sspi.SECPKG_CRED_OUTBOUND, nil)
	if err != nil {
		return nil, err
	}
	return &secur32{
		credentials: credentials, context: sspi.NewClientContext(credentials, flags),
		target: target, binding: binding, most: int(info.MaxToken),
	}, nil
}

// secur32 is the system's own Kerberos.
type secur32 struct {
	credentials *sspi.Credentials
	context     *sspi.Context
	target      *uint16
	binding     []byte
	most        int // bytes of a token of the exchange

	trailer, padding int
}

func (p *secur32) update(token []byte) (out []byte, done bool, given uint32, err error) {
	var in [2]sspi.SecBuffer
	n := 0
	if token != nil {
		in[n].Set(sspi.SECBUFFER_TOKEN, token)
		n++
	}
	if p.binding != nil {
		in[n].Set(sspi.SECBUFFER_CHANNEL_BINDINGS, p.binding)
		n++
	}
	var input *sspi.SecBufferDesc
	if n > 0 {
		input = sspi.NewSecBufferDesc(in[:n])
	}
	var reply [1]sspi.SecBuffer
	reply[0].Set(sspi.SECBUFFER_TOKEN, make([]byte, p.most))
	status := p.context.Update(p.target, sspi.NewSecBufferDesc(reply[:]), input)
	if status != sspi.SEC_E_OK && status != sspi.SEC_I_CONTINUE_NEEDED {
		return nil, false, 0, status
	}
	return reply[0].Bytes(), status == sspi.SEC_E_OK, p.context.EstablishedFlags, nil
}

func (p *secur32) overhead() (int, error) {
	_, _, padding, trailer, err := p.context.Sizes()
	if err != nil {
		return 0, err
	}
	p.padding, p.trailer = int(padding), int(trailer)
	return p.padding + p.trailer, nil
}

func (p *secur32) encrypt(message []byte, quality uint32) ([]byte, error) {
	var b [3]sspi.SecBuffer
	b[0].Set(sspi.SECBUFFER_TOKEN, make([]byte, p.trailer))
	b[1].Set(sspi.SECBUFFER_DATA, message)
	b[2].Set(sspi.SECBUFFER_PADDING, make([]byte, p.padding))
	if status := sspi.EncryptMessage(p.context.Handle, quality, sspi.NewSecBufferDesc(b[:]), 0); status != sspi.SEC_E_OK {
		return nil, status
	}
	var token []byte
	for i := range b {
		token = append(token, b[i].Bytes()...)
	}
	return token, nil
}

func (p *secur32) decrypt(token []byte) (message []byte, quality uint32, err error) {
	var b [2]sspi.SecBuffer
	b[0].Set(sspi.SECBUFFER_STREAM, token)
	b[1].Set(sspi.SECBUFFER_DATA, nil)
	if status := sspi.DecryptMessage(p.context.Handle, sspi.NewSecBufferDesc(b[:]), 0, &quality); status != sspi.SEC_E_OK {
		return nil, 0, status
	}
	return b[1].Bytes(), quality, nil
}

func (p *secur32) release() {
	if p.context.Handle != nil {
		_ = p.context.Release()
	}
	_ = p.credentials.Release()
}
