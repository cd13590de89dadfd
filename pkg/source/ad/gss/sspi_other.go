//go:build !windows

package gss

import "github.com/qpimport/qpimport/pkg/source"

func newProvider(string, uint32, []byte) (provider, error) {
	return nil, &source.Error{Code: source.CodeUsage, Topic: TopicNotWindows, Message: "the account that runs the program can log in by itself only on Windows"}
}
