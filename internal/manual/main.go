// Command manual writes what the help of qpimport says as manual pages, Markdown,
// reStructuredText and YAML. It asks a built qpimport, so that the pages say what that
// one says, and nothing of this is in the program.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Getenv("SOURCE_DATE_EPOCH")); err != nil {
		fmt.Fprintln(os.Stderr, "manual:", err)
		os.Exit(1)
	}
}

// run takes the program and a folder, which gets a folder for each format. epoch, in
// seconds, is the date on the pages; today where it is empty.
func run(ctx context.Context, args []string, epoch string) error {
	if len(args) != 2 {
		return errors.New("usage: manual QPIMPORT FOLDER")
	}
	date := time.Now()
	if epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		if err != nil {
			return fmt.Errorf("SOURCE_DATE_EPOCH: %w", err)
		}
		date = time.Unix(seconds, 0)
	}
	book, err := ask(ctx, args[0])
	if err != nil {
		return err
	}
	book.date = date.UTC().Format(time.DateOnly)
	for _, f := range formats {
		folder := filepath.Join(args[1], f.name)
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return err
		}
		for _, p := range book.pages {
			text, err := f.write(book, p)
			if err != nil {
				return fmt.Errorf("%s as %s: %w", p.name(), f.name, err)
			}
			if err := os.WriteFile(filepath.Join(folder, p.name()+f.extension(p)), []byte(text), 0o644); err != nil {
				return err
			}
		}
	}
	return nil
}

// A format is a way to write a page.
type format struct {
	name      string
	extension func(page) string
	write     func(book, page) (string, error)
}

var formats = []format{
	{"man", func(p page) string { return "." + p.chapter() }, man},
	{"markdown", func(page) string { return ".md" }, markdown},
	{"rest", func(page) string { return ".rst" }, rest},
	{"yaml", func(page) string { return ".yaml" }, yamlPage},
}
