package main

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/psafake"
)

// startPSA serves some companies as IT Glue, Hudu, ConnectWise PSA or HaloPSA does: "renamed"
// gives one of them another name, "twins" two of them one, "namesake" a new one that of another, "hostile" one a name that
// is an attack on a terminal and a spreadsheet, "shared" gives two of them one tenant,
// "no-tenants" keeps the tenants from the application. N:FAULT is what goes wrong with
// the Nth request for a page, 0 with all others.
func startPSA(ts *testscript.TestScript, product string, options []string) {
	const tenant = "5B1A0C52-6F0E-4C1B-9A41-1D1C6D0E000"
	companies := []psafake.Company{
		{ID: 4711, Name: "Contoso", Types: []string{"Customer"}, Status: "Active", Tenants: []string{tenant + "1"}},
		{ID: 4712, Name: "Fabrikam", Types: []string{"Customer"}, Status: "Active", Tenants: []string{tenant + "2"}},
		{ID: 4713, Name: "Woodgrove Telecom", Types: []string{"Vendor"}, Status: "Active"},
		{ID: 4714, Name: "Tailspin Toys", Types: []string{"Customer"}, Status: "Inactive", Archived: true},
	}
	if product == "itglue" {
		companies = append(companies, psafake.Company{ID: 1, Name: "Lighthouse IT", Types: []string{"Internal"}, Status: "Active", Primary: true})
	}
	halo := psafake.Halo{ClientID: "8c1f2a34-0000-4000-8000-5e6f7a8b9c0d", ClientSecret: "canary-halo-s3cret"}
	faults := map[int]string{}
	for _, option := range options {
		at, fault, isFault := strings.Cut(option, ":")
		switch {
		case isFault:
			n, err := strconv.Atoi(at)
			ts.Check(err)
			faults[n] = fault
		case option == "renamed":
			companies[1].Name = "Fabrikam Group"
		case option == "twins":
			companies = append(companies,
				psafake.Company{ID: 4715, Name: "Litware", Types: []string{"Customer"}, Status: "Active"},
				psafake.Company{ID: 4716, Name: "litware ", Types: []string{"Customer"}, Status: "Active"})
		case option == "namesake":
			companies = append(companies, psafake.Company{ID: 4719, Name: "\u200bCONTOSO\u00a0", Types: []string{"Customer"}, Status: "Active"})
		case option == "hostile":
			companies = append(companies, psafake.Company{ID: 4717, Name: "=HYPERLINK(1) \x1b]0;owned\x07\u202egnp.exe", Types: []string{"Customer"}, Status: "Active"},
				psafake.Company{ID: 4718, Name: "=1+1 \u202egnp.exe", Types: []string{"Customer"}, Status: "Active"})
		case option == "shared":
			companies[1].Tenants = companies[0].Tenants
		case option == "no-tenants":
			halo.NoConnections = true
		default:
			ts.Fatalf("unknown option %q", option)
		}
	}
	var s *psafake.Server
	switch product {
	case "itglue":
		s = psafake.StartITGlue("canary-ITG-k3y", companies)
		ts.Setenv("ITGLUE_URL", s.URL)
		ts.Setenv("ITGLUE_KEY", "canary-ITG-k3y")
	case "hudu":
		s = psafake.StartHudu("canary-hudu-k3y", companies)
		ts.Setenv("HUDU_URL", s.URL)
		ts.Setenv("HUDU_KEY", "canary-hudu-k3y")
	case "connectwise":
		who := psafake.ConnectWise{Company: "lighthouse", PublicKey: "canary-cw-public", PrivateKey: "canary-cw-private", ClientID: "canary-cw-client"}
		s = psafake.StartConnectWise(who, companies)
		ts.Setenv("CW_URL", s.URL)
		ts.Setenv("CW_PUBLIC", who.PublicKey)
		ts.Setenv("CW_PRIVATE", who.PrivateKey)
		ts.Setenv("CW_CLIENT", who.ClientID)
	case "halopsa":
		s = psafake.StartHalo(halo, companies)
		ts.Setenv("HALO_URL", s.URL)
		ts.Setenv("HALO_CLIENT", halo.ClientID)
		ts.Setenv("HALO_SECRET", halo.ClientSecret)
	}
	ts.Defer(s.Close)
	s.Before = func(n int, w http.ResponseWriter, r *http.Request) bool {
		switch faults[n] {
		case "":
			return false
		case "forbidden":
			s.WriteError(w, http.StatusForbidden, "You do not have access.")
		case "throttle":
			w.Header().Set("Retry-After", "3600")
			s.WriteError(w, http.StatusTooManyRequests, "Retry later")
		case "html":
			w.Header().Set("Content-Type", "text/html")
			_, _ = fmt.Fprint(w, "<html>Please sign in</html>")
		case "error":
			w.Header().Set("Content-Type", "application/json")
			_, _ = fmt.Fprint(w, `{"error":"the licence has ended"}`)
		case "redirect":
			http.Redirect(w, r, "https://elsewhere.example"+r.URL.Path, http.StatusFound)
		case "link":
			w.Header().Set("Link", `<https://elsewhere.example/companies>; rel="next"`)
			return false
		case "removed":
			s.Set(func(all []psafake.Company) []psafake.Company { return all[1:] })
			return false
		}
		return true
	}
	// The lock that Set takes orders the hook before the requests to come.
	s.Set(func(all []psafake.Company) []psafake.Company { return all })
}
