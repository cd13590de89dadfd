package main

import (
	"context"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/qpimport/qpimport/internal/cli/output"
)

// version says which build of the program this is.
type version struct {
	Version string `json:"version"`
	Commit  string `json:"commit"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

// readVersion takes what the Go toolchain wrote into the binary.
func readVersion() version {
	v := version{Version: "(devel)", Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return v
	}
	if info.Main.Version != "" {
		v.Version = info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			v.Commit = s.Value
		}
	}
	return v
}

func newVersionCmd(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Show the version of the program",
		Long:  "Shows the version of the program, the commit and the Go release it was built from." + exits(),
		Example: `  qpimport version
  qpimport version -o json`,
		Args: cobra.NoArgs,
		RunE: a.command(func(context.Context, []string) error {
			v := readVersion()
			return a.render(output.Item(v, []output.Column[version]{
				{Key: "version", Text: func(v version) string { return v.Version }},
				{Key: "commit", Text: func(v version) string { return v.Commit }},
				{Key: "go", Text: func(v version) string { return v.Go }},
				{Key: "os", Text: func(v version) string { return v.OS }},
				{Key: "arch", Text: func(v version) string { return v.Arch }},
			}, func(p *output.Page) {
				p.Line("qpimport %s (%s, %s/%s)", v.Version, v.Go, v.OS, v.Arch)
			}))
		}),
	}
}
