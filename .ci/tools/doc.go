// Package tools pins the linter apart from the program, so that neither sees the
// other's dependencies.
package tools
