package main

import (
	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/pkg/importer"
)

// syncPage says what became of a cycle.
func syncPage(p *output.Page, r importer.SyncResult) {
	p.Line("%v", r.Started)
}
