package m365

import (
	"encoding/json"
	"testing"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/sourcetest"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

func TestConformance(t *testing.T) {
	o := people(7)
	o.PageSize = 3
	o.Content = func() graphfake.Content {
		return graphfake.Content{
			Groups:  []json.RawMessage{json.RawMessage(`{"id":"` + sourcetest.GUID(50) + `","displayName":"Staff"}`), json.RawMessage(`{"id":"` + sourcetest.GUID(51) + `","displayName":"London"}`)},
			Members: map[string][]string{sourcetest.GUID(50): {person(1), sourcetest.GUID(51)}, sourcetest.GUID(51): {person(2)}},
		}
	}
	_, config, _ := start(t, o)
	sourcetest.Conformance(t, source.M365, func(t *testing.T) source.Directory { return open(t, config) })
}
