package m365

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/qpimport/qpimport/pkg/source"
)

// endpoint says where a tenant signs in and where a service is.
type endpoint struct {
	service   string   // its name, for people
	root      *url.URL // without the version
	version   string   // first steps of each path behind the root
	authority *url.URL
	// loginHosts are the hosts that sign-in may talk to: the documents of the
	// sign-in service name further URLs, and the secret goes nowhere else.
	loginHosts []string
	scope      string
	// private is set where the authority was given by hand: Microsoft's directory
	// of its own clouds does not know it.
	private bool
}

// national is one of Microsoft's clouds.
type national struct {
	login, graph, exchange string
	aliases                []string // further hosts of the same sign-in service
}

// cloudOf returns a cloud by its name; "" is the global one.
func cloudOf(name string) (national, bool) {
	usGov := []string{"login.usgovcloudapi.net"}
	switch name {
	case "":
		return national{"login.microsoftonline.com", "graph.microsoft.com", "outlook.office365.com",
			[]string{"login.microsoft.com", "login.windows.net", "sts.windows.net"}}, true
	case "usgov":
		return national{"login.microsoftonline.us", "graph.microsoft.us", "outlook.office365.us", usGov}, true
	case "usgov-dod":
		return national{"login.microsoftonline.us", "dod-graph.microsoft.us", "outlook-dod.office365.us", usGov}, true
	case "china":
		return national{"login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn", "outlook.office365.cn",
			[]string{"login.partner.microsoftonline.cn"}}, true
	}
	return national{}, false
}

// newEndpoint makes the endpoint of Graph of a connection that was found to be valid.
func newEndpoint(c source.Graph) (endpoint, error) {
	known, ok := cloudOf(c.Cloud)
	if !ok {
		return endpoint{}, usage("unknown cloud %q", c.Cloud)
	}
	e := endpoint{
		service:    "Microsoft Graph",
		root:       &url.URL{Scheme: "https", Host: known.graph},
		version:    "/v1.0/",
		authority:  &url.URL{Scheme: "https", Host: known.login},
		loginHosts: append([]string{known.login}, known.aliases...),
		// The token is for Microsoft's Graph also where a gateway stands before it.
		scope: "https://" + known.graph + "/.default",
	}
	var err error
	if c.GraphURL != "" {
		if e.root, err = url.Parse(c.GraphURL); err != nil {
			return endpoint{}, usage("the Graph URL is no URL")
		}
	}
	if c.AuthorityURL != "" {
		if e.authority, err = url.Parse(c.AuthorityURL); err != nil {
			return endpoint{}, usage("the authority URL is no URL")
		}
		e.loginHosts = append(e.loginHosts, e.authority.Host) // the documents of a gateway may name Microsoft's own
		e.private = true
	}
	return e, nil
}

// nextURL checks a link of an answer: it must lead to the same Graph, or Exchange,
// because the token goes along and what comes back is believed.
func (c *client) nextURL(link string) (*url.URL, error) {
	u, err := url.Parse(link)
	if err != nil {
		return nil, errors.New("the next link is no URL")
	}
	root := c.root
	if !sameOrigin(root, u) || !strings.HasPrefix(u.Path, root.Path+c.version) || hasDots(u.Path) {
		return nil, fmt.Errorf("the next link leads away from %s://%s%s: %s", root.Scheme, root.Host, root.Path, withoutQuery(link))
	}
	return u, nil
}

func sameOrigin(a, b *url.URL) bool {
	return b.User == nil && isASCII(b.Host) && strings.EqualFold(a.Scheme, b.Scheme) &&
		strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b)
}

func port(u *url.URL) string {
	if p := u.Port(); p != "" {
		return p
	}
	if strings.EqualFold(u.Scheme, "https") {
		return "443"
	}
	return "80"
}

// hasDots looks for path segments that lead elsewhere when they are resolved.
func hasDots(path string) bool {
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." {
			return true
		}
	}
	return strings.Contains(path, `\`)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

func usage(format string, args ...any) error {
	return &source.Error{Code: source.CodeUsage, Message: fmt.Sprintf(format, args...)}
}
