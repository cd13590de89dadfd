package gss

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/qpimport/qpimport/pkg/source"
)

// krb5conf is what a krb5.conf says of where KDCs are. All else in it is for other
// programs, and no reason to give up.
type krb5conf struct {
	kdcs  map[string][]string // HOST:PORT, by realm in capitals
	realm map[string]string   // of a host, or of all below .DOMAIN; in small letters
	noDNS bool
}

const (
	maxConf  = 1 << 20 // bytes of a file
	maxFiles = 100     // that one file includes, and those again
)

// readConf reads the files that KRB5_CONFIG lists. One of them has to be there.
func readConf(list string) (*krb5conf, error) {
	p := confParser{conf: &krb5conf{kdcs: map[string][]string{}, realm: map[string]string{}}}
	var missing error
	read := false
	for _, path := range filepath.SplitList(list) {
		switch err := p.file(path); {
		case err == nil:
			read = true
		case !errors.Is(err, os.ErrNotExist):
			return nil, badConf(path, err)
		case missing == nil:
			missing = badConf(path, err)
		}
	}
	if read {
		return p.conf, nil
	}
	return nil, missing
}

func badConf(path string, err error) error {
	return &source.Error{Code: source.CodeUsage, Message: "the Kerberos configuration " + path, Err: err, Hint: "KRB5_CONFIG names it"}
}

// confParser reads the lines of a krb5.conf.
type confParser struct {
	conf    *krb5conf
	files   int
	section string
	blocks  []string // the names of those that are open
	name    string   // of one whose brace comes in the next line
}

func (p *confParser) file(path string) error {
	if p.files++; p.files > maxFiles {
		return errors.New("it includes too many files")
	}
	content, err := source.ReadFile(path, maxConf)
	if err != nil {
		return err
	}
	return p.text(string(content))
}

func (p *confParser) text(text string) error {
	for line := range strings.Lines(strings.TrimPrefix(text, "\uFEFF")) {
		if err := p.line(line); err != nil {
			return err
		}
	}
	return nil
}

// folder reads the files of a folder that includedir takes: those whose names are letters,
// digits, - and _, or end in .conf.
func (p *confParser) folder(path string) error {
	files, _ := os.ReadDir(path) // one that is not there holds none
	for _, f := range files {
		plain := !strings.ContainsFunc(f.Name(), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_' })
		hidden := strings.HasPrefix(f.Name(), ".")
		if f.IsDir() || hidden || !plain && !strings.HasSuffix(f.Name(), ".conf") {
			continue
		}
		if err := p.include(filepath.Join(path, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// include reads a file as one of its own: its sections end with it.
func (p *confParser) include(path string) error {
	inner := confParser{conf: p.conf, files: p.files}
	err := inner.file(path)
	p.files = inner.files
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func (p *confParser) line(line string) error {
	line = strings.TrimSpace(line)
	if i := strings.IndexAny(line, "#;"); i == 0 || i > 0 && unicode.IsSpace(rune(line[i-1])) {
		line = strings.TrimSpace(line[:i])
	}
	if what, path, ok := strings.Cut(strings.ReplaceAll(line, "\t", " "), " "); ok && !strings.Contains(line, "=") {
		switch path = strings.TrimSpace(path); what {
		case "include":
			return p.include(path)
		case "includedir":
			return p.folder(path)
		}
	}
	if name, _, ok := strings.Cut(line, "]"); ok && strings.HasPrefix(name, "[") && len(p.blocks) == 0 {
		p.section = strings.ToLower(strings.TrimSpace(name[1:]))
		return nil
	}
	name, value, given := strings.Cut(line, "=")
	name, value = strings.TrimSpace(name), strings.TrimSpace(value)
	inner, opens := strings.CutPrefix(value, "{")
	switch {
	case strings.HasPrefix(line, "}"):
		p.blocks = p.blocks[:max(0, len(p.blocks)-1)]
	case line == "{":
		p.blocks = append(p.blocks, p.name)
	case given && opens:
		p.blocks = append(p.blocks, name)
		return p.line(inner)
	case given && value == "":
		p.name = name
	case given:
		text, closed := strings.CutSuffix(value, "}")
		p.set(strings.ToLower(name), strings.Trim(strings.TrimSpace(text), `"`))
		if closed {
			return p.line("}")
		}
	}
	return nil
}

// set takes one setting.
func (p *confParser) set(name, value string) {
	switch {
	case p.section == "libdefaults" && name == "dns_lookup_kdc":
		p.conf.noDNS = slices.Contains([]string{"n", "no", "false", "f", "nil", "0", "off"}, strings.ToLower(value))
	case p.section == "domain_realm" && len(p.blocks) == 0:
		p.conf.realm[strings.ToLower(name)] = strings.ToUpper(value)
	case p.section == "realms" && len(p.blocks) == 1 && name == "kdc":
		realm := strings.ToUpper(strings.Trim(p.blocks[0], `"`))
		if kdc := withPort(strings.TrimSpace(strings.TrimSuffix(value, "*"))); kdc != "" && !slices.Contains(p.conf.kdcs[realm], kdc) {
			p.conf.kdcs[realm] = append(p.conf.kdcs[realm], kdc)
		}
	}
}

// withPort is HOST:PORT of a KDC; "" where it is spoken to in another way than over TCP.
func withPort(kdc string) string {
	kdc = strings.TrimPrefix(strings.TrimPrefix(kdc, "tcp/"), "udp/")
	if strings.Contains(kdc, "/") {
		return ""
	}
	host := strings.Trim(kdc, "[]")
	_, notIP := netip.ParseAddr(host)
	if _, _, err := net.SplitHostPort(kdc); err == nil && notIP != nil {
		return kdc
	}
	return net.JoinHostPort(host, "88")
}

// realmOf is the realm of a host, "" where the configuration has none for it.
func (c *krb5conf) realmOf(host string) string {
	host = strings.ToLower(host)
	if realm := c.realm[host]; realm != "" {
		return realm
	}
	for rest := host; ; {
		_, below, more := strings.Cut(rest, ".")
		if !more {
			return ""
		}
		if realm := c.realm["."+below]; realm != "" {
			return realm
		}
		rest = below
	}
}
