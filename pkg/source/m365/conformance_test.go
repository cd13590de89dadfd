package m365

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

func TestConformance(t *testing.T) {
	o := people(7)
	o.PageSize = 3
	_, config, _ := start(t, o)
	sourcetest.Conformance(t, source.M365, func(t *testing.T) source.Directory { return open(t, config) })
}
