package ad

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/ldapfake"
)

func TestConformance(t *testing.T) {
	_, cfg := start(t, ldapfake.Options{Entries: append(company(0), grouped()[1:]...), MaxPageSize: 3})
	sourcetest.Conformance(t, source.AD, func(t *testing.T) source.Directory { return open(t, cfg) })
}

func TestLiveConformance(t *testing.T) {
	cfg := live(t)
	sourcetest.Conformance(t, source.AD, func(t *testing.T) source.Directory { return open(t, cfg) })
}
