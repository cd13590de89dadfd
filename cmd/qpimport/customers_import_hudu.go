package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/secret"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/source"
	"github.com/qpimport/qpimport/pkg/source/hudu"
)

type importHuduOptions struct {
	listOptions
	keyFrom string
	headers []string
}

func newCustomersImportHuduCmd(a *app) *cobra.Command {
	var o importHuduOptions
	cmd := &cobra.Command{
		Use:   "hudu",
		Short: "Import customers from Hudu",
		Long: `Imports the companies of Hudu as customers, their ids as external_ids.hudu. The API
key needs no access to passwords.

Taken are companies that are not archived. --type takes those of a company type alone;
--status Archived takes the archived ones. Hudu does not say how many companies there
are: its list is read until it comes out alike twice.

It is made from the documentation of Hudu, and was not tried on a live one.
` + customersListHelp + `

--header is for a gateway before Hudu, such as Cloudflare Access: the name of a header,
and a reference to its value.
` + secret.Help + exits(3, 13, 14, 15),
		Example: `  qpimport customers import hudu --url https://msp.huducloud.com --api-key-from env:HUDU_KEY --dry-run
  qpimport customers import hudu --url https://hudu.msp.example --api-key-from file:/run/secrets/hudu \
      --header CF-Access-Client-Id=env:CF_ID --header CF-Access-Client-Secret=env:CF_SECRET`,
		Args: cobra.NoArgs,
		RunE: a.command(func(ctx context.Context, _ []string) error { return o.run(ctx, a) }),
	}
	f := cmd.Flags()
	f.StringVar(&o.url, "url", "", "`URL` of Hudu, as people open it")
	f.StringVar(&o.keyFrom, "api-key-from", "", "`REF` to the API key")
	f.StringArrayVar(&o.headers, "header", nil, "`NAME=REF` of a header for a gateway before Hudu (repeatable)")
	o.addTypes(f, "companies")
	o.addStatuses(f, "companies")
	o.addDryRun(f)
	return cmd
}

func (o importHuduOptions) check() error {
	found := append(checkAddress("url", o.url), checkReference("api-key-from", o.keyFrom)...)
	seen := map[string]bool{}
	for i, header := range o.headers {
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
	return usage.Join(found)
}

func (o importHuduOptions) run(ctx context.Context, a *app) error {
	if err := o.check(); err != nil {
		return err
	}
	cfg := hudu.Config{URL: o.url, Headers: map[string]source.Secret{}, Types: o.types, Statuses: o.statuses, Options: a.listReading()}
	var err error
	if cfg.Key, err = a.secrets().Resolve(ctx, o.keyFrom); err != nil {
		return err
	}
	for _, header := range o.headers {
		name, ref, _ := strings.Cut(header, "=")
		if cfg.Headers[name], err = a.secrets().Resolve(ctx, ref); err != nil {
			return err
		}
	}
	list, err := hudu.Companies(ctx, cfg)
	if err != nil {
		return err
	}
	return a.importList(ctx, hudu.System, list, o.dryRun)
}
