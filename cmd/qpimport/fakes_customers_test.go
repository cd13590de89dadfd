package main

import (
	"encoding/json"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
)

// startPartner serves the contracts of a partner tenant over Graph: one tenant
// twice, as when there are two contracts with it.
func startPartner(ts *testscript.TestScript, names []string) {
	contract := func(id, name string) json.RawMessage {
		b, err := json.Marshal(map[string]string{
			"id": "c" + id, "customerId": id, "displayName": name, "contractType": "SyndicationPartner",
			"defaultDomainName": strings.ToLower(strings.Fields(name)[0]) + ".onmicrosoft.example",
		})
		ts.Check(err)
		return b
	}
	contoso := "5B1A0C52-6F0E-4C1B-9A41-1D1C6D0E0001"
	o := graphfake.Options{
		AccessToken: "canary-M365-t0ken", ClientSecret: "canary-M365-s3cret", PageSize: 2,
		Contracts: []json.RawMessage{
			contract(contoso, "Contoso"),
			contract("5b1a0c52-6f0e-4c1b-9a41-1d1c6d0e0002", "Fabrikam Group"),
			contract(strings.ToLower(contoso), "Contoso"),
		},
	}
	o.Fault = graphfake.At(graphFaults(ts, names))
	serveGraph(ts, o)
}
