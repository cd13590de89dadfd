package source

import "errors"

// Code names an error for scripts.
type Code string

// The errors of a directory.
const (
	CodeCredentials Code = "credentials_refused"   // wrong password, secret, token; locked or expired account
	CodePermission  Code = "permission_denied"     // logged in, but may not read
	CodeUnreachable Code = "directory_unreachable" // no connection, TLS refused, server gone, no such file
	CodeThrottled   Code = "directory_throttled"   // told to wait longer than the command may take
	CodeIncomplete  Code = "directory_incomplete"  // an answer that is short, damaged or not an answer
	CodeNotFound    Code = "not_found"             // the base or object is not in the directory
	CodeUsage       Code = "usage"                 // the connection's settings cannot work
)

// Topic says more exactly than a [Code] what an error is about. It is for whoever
// words the advice; scripts never see it.
type Topic string

// TopicUnknownBase is a DN that a directory is to be read below and does not hold.
const TopicUnknownBase Topic = "unknown_base"

// Error is what a library returns: a code for scripts, a message that names what
// is wrong, and where there is one a hint at what to do in the directory or the
// file. Which flag or command helps is not a library's to say: topic and subject
// tell the command, which knows. Nothing in it may hold a secret.
type Error struct {
	Code    Code
	Topic   Topic  // "" where the code says it all
	Subject string // whom or what advice may name
	Message string
	Hint    string
	// Permanent is set where the same will fail until somebody mends what is
	// wrong, though the code is one of those that may pass.
	Permanent bool
	Err       error // the cause, where there is one
}

func (e *Error) Error() string {
	if e.Err != nil && e.Message != "" {
		return e.Message + ": " + e.Err.Error()
	}
	if e.Err != nil {
		return e.Err.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Err }

// IsPermanent says whether an [Error] in err's chain is permanent.
func IsPermanent(err error) bool {
	var e *Error
	for errors.As(err, &e) {
		if e.Permanent {
			return true
		}
		err = e.Err
	}
	return false
}

// CodeOf returns the code of the first [Error] in err's chain, "" if none.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}
