package file

import (
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
)

func TestConformance(t *testing.T) {
	for kind, name := range map[source.Kind]string{source.AD: "ad.ldif", source.M365: "m365.json"} {
		t.Run(name, func(t *testing.T) {
			sourcetest.Conformance(t, kind, func(t *testing.T) source.Directory { return open(t, kind, contoso+name) })
		})
	}
}
