package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/hudu"
	"github.com/qpimport/qpimport/pkg/source/weblist"
)

func newCustomersImportHuduCmd(a *app) *cobra.Command {
	var cfg hudu.Config
	l := newListImport(a, &cobra.Command{
		Use:   hudu.System,
		Short: "Import customers from Hudu",
		Long: `Imports the companies of Hudu as customers, their ids as external_ids.hudu. The API
key needs no access to passwords.

Taken are companies that are not archived. --type takes those of a company type alone;
--status Archived takes the archived ones. Hudu does not say how many companies there
are: its list is read until it comes out alike twice.

It is made from the documentation of Hudu, and was not tried on a live one.

--header is for a gateway before Hudu, such as Cloudflare Access: the name of a header,
and a reference to its value.`,
		Example: `  qpimport customers import hudu --url https://msp.huducloud.com --api-key-from env:HUDU_KEY --dry-run
  qpimport customers import hudu --url https://hudu.msp.example --api-key-from file:/run/secrets/hudu \
      --header CF-Access-Client-Id=env:CF_ID --header CF-Access-Client-Secret=env:CF_SECRET`,
	})
	var headers []string
	l.addURL(&cfg.URL, "`URL` of Hudu, as people open it")
	l.addSecret(&cfg.Key, "api-key-from", "the API key")
	l.cmd.Flags().StringArrayVar(&headers, "header", nil, "`NAME=REF` of a header for a gateway before Hudu (repeatable)")
	l.addTypes(&cfg.Types, "companies")
	l.addStatuses(&cfg.Statuses, "companies")
	return l.command(func() []string { return checkHeaders(headers) }, func(ctx context.Context, o weblist.Options) (weblist.Customers, error) {
		cfg.Options, cfg.Headers = o, map[string]source.Secret{}
		for _, header := range headers {
			var err error
			name, ref, _ := strings.Cut(header, "=")
			if cfg.Headers[name], err = a.secrets().Resolve(ctx, ref); err != nil {
				return weblist.Customers{}, err
			}
		}
		return hudu.Companies(ctx, cfg)
	})
}

// checkHeaders says what is wrong with headers and their references.
func checkHeaders(headers []string) []string {
	var found []string
	seen := map[string]bool{}
	for i, header := range headers {
		name, ref, ok := strings.Cut(header, "=")
		name = http.CanonicalHeaderKey(name)
		switch _, err := source.ParseReference(ref); {
		case !ok || name == "" || err != nil:
			// Not repeated: it may be the value itself.
			found = append(found, fmt.Sprintf("--header %d: want NAME=REF, with a reference to the value (env:, file: or command:)", i+1))
		case seen[name]:
			found = append(found, fmt.Sprintf("--header %d: %s is given twice", i+1, name))
		}
		seen[name] = true
	}
	return found
}
