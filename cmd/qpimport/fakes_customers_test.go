package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/graphfake"
	"github.com/qpimport/qpimport/pkg/source/sourcetest/itgluefake"
)

// startITGlue serves some organizations as IT Glue does: "renamed" gives one of
// them another name, and N:FAULT is what goes wrong with the Nth request.
func startITGlue(ts *testscript.TestScript, options []string) {
	organizations := []itgluefake.Organization{
		{ID: 1, Name: "Lighthouse IT", Type: "Internal", Status: "Active", Primary: true},
		{ID: 4711, Name: "Contoso", Type: "Customer", Status: "Active"},
		{ID: 4712, Name: "Fabrikam", Type: "Customer", Status: "Active"},
		{ID: 4713, Name: "Woodgrove Telecom", Type: "Vendor", Status: "Active"},
		{ID: 4714, Name: "Tailspin Toys", Type: "Customer", Status: "Inactive"},
	}
	faults := map[int]string{}
	for _, option := range options {
		at, fault, isFault := strings.Cut(option, ":")
		switch {
		case isFault:
			n, err := strconv.Atoi(at)
			ts.Check(err)
			faults[n] = fault
		case option == "renamed":
			organizations[2].Name = "Fabrikam Group"
		case option == "twins":
			organizations = append(organizations,
				itgluefake.Organization{ID: 4715, Name: "Litware", Type: "Customer", Status: "Active"},
				itgluefake.Organization{ID: 4716, Name: "litware ", Type: "Customer", Status: "Active"})
		default:
			ts.Fatalf("unknown option %q", option)
		}
	}
	s := itgluefake.Start("canary-ITG-k3y", organizations)
	ts.Defer(s.Close)
	s.Before = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		switch faults[n] {
		case "":
			return false
		case "forbidden":
			itgluefake.WriteError(w, http.StatusForbidden, "Forbidden", "You do not have access to this account.")
		case "throttle":
			w.Header().Set("Retry-After", "3600")
			itgluefake.WriteError(w, http.StatusTooManyRequests, "Too Many Requests", "Rate limit exceeded.")
		case "html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, "<html>Please sign in</html>")
		}
		return true
	}
	// The lock that Set takes orders the hook before the requests to come.
	s.Set(func(o []itgluefake.Organization) []itgluefake.Organization { return o })
	ts.Setenv("ITGLUE_URL", s.URL)
	ts.Setenv("ITGLUE_KEY", s.Key)
}

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
