package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/mspfake"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"qpimport": main})
}

// envWine names the folder of commands that Wine runs, qpimport among them. With it
// the tests of the whole program are about that one.
const envWine = "QPIMPORT_TEST_WINE"

// TestScripts runs testdata/script: the specification of the program as seen
// from outside. Beside testscript's own commands there are
//
//	exits N CMD…             run CMD; its exit status must be N
//	bound N CMD…             the same for a process that the modes of files bind,
//	                         which root's passes over
//	json PATH VALUE          standard output is a JSON document with VALUE at PATH
//	jsonl N PATH VALUE       the same for line N of JSON lines, from 0; a negative
//	                         N counts from the end
//	jsonerr PATH VALUE       the same for the last line of standard error
//	contoso                  copy the sample company to ad.ldif and m365.json
//	directory ad [OPTION…]   serve the sample company over LDAP; sets AD_URL,
//	                         AD_PLAIN_URL, AD_CA, AD_USER and AD_PASSWORD; with the
//	                         option kerberos it takes tickets, of a KDC at AD_KDC that
//	                         knows AD_PRINCIPAL, and there are the files svc.keytab,
//	                         stale.keytab, cache and old-cache
//	directory m365 [tls] [federated] [content=FILE] [N:FAULT…]
//	                         serve it over Graph, with a certificate that nobody
//	                         trusts, to an application that also takes JOB_TOKEN,
//	                         with groups, roles, licences and mailboxes out
//	                         of a JSON file that is read at each request (see
//	                         graphfake.Content; upn:NAME stands for a user's id),
//	                         and with faults for the Nth request;
//	                         sets GRAPH_URL, TENANT, CLIENT_ID, CLIENT_SECRET and
//	                         ACCESS_TOKEN
//	directory itglue [renamed] [twins] [N:FAULT…]
//	                         serve customers as IT Glue does; sets ITGLUE_URL and
//	                         ITGLUE_KEY
//	directory partner [N:FAULT…]
//	                         serve the contracts of a Microsoft partner over Graph;
//	                         sets what directory m365 sets
//	directory resets [FAULT…]
//	                         serve the sample company over both, for who reads it and
//	                         for who sets passwords (fakes_passwords_test.go)
//	instep FILE N            a file of passwords says what these two hold, and that N
//	                         are set
//	nowhere FILE             the passwords of that file stand nowhere else
//	somebody DOES USERNAME   change a user in that AD
//	smtp [tls|no-starttls] [plain|login] [repeats] [other-name] [utf8] [N:FAULT…]
//	                         start a mail server, with faults for the Nth message
//	                         (see mailtest.Fault); sets SMTP_URL, SMTP_USER and
//	                         SMTP_PASSWORD, and writes smtp-ca.pem
//	mails N [TO]             the mail server has taken N messages
//	mail-arrives N           wait until it has
//	mail N FILE              write the Nth of them to FILE
//	decide FILE USERNAME EMAIL|- WORD
//	                         fill in the column decision of a review file
//	fill FILE USERNAME EMAIL TO
//	                         fill in the column email of a list of accounts
//	registry FILE            write all that the registry holds into a file
//	no-registry              there is none yet
//	sql STATEMENT            run SQL as a superuser of PostgreSQL; there the schema of
//	                         the registry is called registry, and $READER_STATE is the
//	                         same one for the role reader
//	msp CUSTOMERS USERS      make customers.yaml and the exports of an MSP
//	requests N TEXT          Graph was asked N times for paths that hold TEXT
//	binds N                  the directory saw N attempts to log in
//	terminal COLUMNSxROWS N STEPS|- CMD…
//	                         run CMD on a terminal; its exit status must be N. Standard
//	                         output is what the terminal shows then, with what has
//	                         scrolled away; standard error all that CMD wrote. It fails
//	                         where the terminal has to wrap a line. STEPS is a file with
//	                         a step a line: "see TEXT" waits for it, "type KEYS" types,
//	                         with the escapes of Go, "look" adds what is shown now
//	strays N                 N requests went where the links of directory m365
//	                         with the faults foreign-… led
//
// The condition live holds where there is the domain controller of
// testdata/samba/setup.sh; what its env prints is in the environment then.
//
// [root] holds where the tests may give files away.
//
// A PATH is keys and indices joined by dots; len is the length of an array.
//
// The condition [for:windows] holds where the program is one for Windows, run there
// or from here by Wine (see testdata/wine); [wine] in the latter case alone, where
// the tools of a script are those of the host: [unix]. $THERE is $WORK as such a
// program spells it, $DRIVE its drive and $ROOTED the rest; the folder $SHARE is the
// share $UNC to Wine.
//
// [sqlite] holds where the registry is the file state.db, [postgres] where it is in
// PostgreSQL, of testdata/postgres/setup.sh: all scripts run with either. $OTHER_STATE
// and $THIRD_STATE are registries of the same kind as the one in $QPIMPORT_STATE.
func TestScripts(t *testing.T) {
	runScripts(t, inFiles{})
}

// TestScriptsPostgres runs the scripts on registries in PostgreSQL.
func TestScriptsPostgres(t *testing.T) {
	runScripts(t, postgresServer(t))
}

// runScripts runs the scripts, each with registries of its own.
func runScripts(t *testing.T, in registries) {
	t.Helper()
	sample, err := filepath.Abs("../../testdata/contoso")
	if err != nil {
		t.Fatal(err)
	}
	wine := os.Getenv(envWine)
	goos := runtime.GOOS
	if wine != "" {
		goos = "windows"
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "../../testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("QPIMPORT_STATE", in.make(env, 0))
			env.Setenv("OTHER_STATE", in.make(env, 1))
			env.Setenv("THIRD_STATE", in.make(env, 2))
			env.Values[registriesKey{}] = in
			env.Setenv("CONTOSO", sample)
			env.Values[fakesKey{}] = &fakes{}
			env.Values[scriptEnvKey{}] = append(namesOf(env.Vars), "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "COLUMNS", envCustomer, envOutput)
			env.Setenv("HOSTILE", "\x1b[2J\u202e")
			env.Setenv("GORACE", "atexit_sleep_ms=0") // else each run waits a second
			env.Setenv("HOST_OS", goos)
			env.Setenv("HOST_ARCH", runtime.GOARCH)
			there := env.WorkDir
			if wine != "" {
				there = "Z:" + strings.ReplaceAll(there, "/", `\`)
				share := filepath.Join(filepath.Dir(wine), "share", filepath.Base(env.WorkDir))
				env.Setenv("SHARE", share)
				env.Setenv("UNC", `\\files\share\`+filepath.Base(share))
				env.Setenv("PATH", wine+string(filepath.ListSeparator)+env.Getenv("PATH"))
			}
			if goos == "windows" {
				env.Setenv("THERE", there)
				env.Setenv("DRIVE", there[:2])
				env.Setenv("ROOTED", there[2:])
			}
			for _, variable := range os.Environ() {
				if strings.HasPrefix(variable, "QPIMPORT_TEST_AD_") || strings.HasPrefix(variable, "QPIMPORT_TEST_POSTGRES_") {
					env.Vars = append(env.Vars, variable)
				}
			}
			return nil
		},
		Condition: func(condition string) (bool, error) {
			switch condition {
			case "for:windows":
				return goos == "windows", nil
			case "sqlite":
				return t.Name() == "TestScripts", nil
			case "postgres":
				return t.Name() == "TestScriptsPostgres", nil
			case "wine":
				return wine != "", nil
			case "root":
				return os.Geteuid() == 0, nil
			case "live":
				return os.Getenv("QPIMPORT_TEST_AD") == "required", nil
			}
			return false, fmt.Errorf("unknown condition [%s]", condition)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":        cmdExits,
			"bound":        cmdBound,
			"json":         cmdJSON,
			"jsonl":        cmdJSONL,
			"jsonerr":      cmdJSONErr,
			"contoso":      cmdContoso,
			"directory":    cmdDirectory,
			"requests":     cmdRequests,
			"binds":        cmdBinds,
			"strays":       cmdStrays,
			"fill":         cmdFill,
			"decide":       cmdDecide,
			"instep":       cmdInStep,
			"nowhere":      cmdNowhere,
			"somebody":     cmdSomebody,
			"smtp":         cmdSMTP,
			"mails":        cmdMails,
			"mail":         cmdMail,
			"mail-arrives": cmdMailArrives,
			"terminal":     cmdTerminal,
			"msp":          cmdMSP,
			"registry":     cmdRegistry,
			"no-registry":  cmdNoRegistry,
			"sql":          cmdSQL,
		},
	})
}

// scriptEnvKey is that of the variables that a program of a script sees.
type scriptEnvKey struct{}

func namesOf(variables []string) []string {
	names := make([]string, len(variables))
	for i, v := range variables {
		names[i], _, _ = strings.Cut(v, "=")
	}
	return names
}

func cmdExits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits N CMD…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("cannot run %s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func cmdBound(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) > 1 && os.Geteuid() == 0 {
		args = slices.Insert(args, 1, "setpriv", "--bounding-set", "-dac_override,-dac_read_search")
	}
	cmdExits(ts, neg, args)
}

func cmdJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: json PATH VALUE")
	}
	checkPath(ts, neg, ts.ReadFile("stdout"), args[0], args[1])
}

func cmdJSONL(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: jsonl N PATH VALUE")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stdout"), "\n"), "\n")
	if n < 0 {
		n += len(lines)
	}
	if n < 0 || n >= len(lines) {
		ts.Fatalf("there are %d lines", len(lines))
	}
	checkPath(ts, neg, lines[n], args[1], args[2])
}

func cmdJSONErr(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: jsonerr PATH VALUE")
	}
	lines := strings.Split(strings.TrimSuffix(ts.ReadFile("stderr"), "\n"), "\n")
	// Now and then Wine says something of its own as a program ends.
	lines = slices.DeleteFunc(lines, func(line string) bool { return strings.HasPrefix(line, "wine client error:") })
	checkPath(ts, neg, lines[len(lines)-1], args[0], args[1])
}

func checkPath(ts *testscript.TestScript, neg bool, text, path, want string) {
	var v any
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		ts.Fatalf("not JSON: %v", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		ts.Fatalf("more than one JSON document")
	}
	got, err := lookup(v, path)
	if err != nil {
		ts.Fatalf("%s: %v", path, err)
	}
	if (got == want) == neg {
		ts.Fatalf("%s is %s; compared with %s", path, got, want)
	}
}

// lookup finds the value at a path, a string as it is and anything else as JSON.
func lookup(v any, path string) (string, error) {
	for _, step := range strings.Split(path, ".") {
		switch at := v.(type) {
		case map[string]any:
			found, ok := at[step]
			if !ok {
				return "", fmt.Errorf("no key %q", step)
			}
			v = found
		case []any:
			if step == "len" {
				return strconv.Itoa(len(at)), nil
			}
			i, err := strconv.Atoi(step)
			if err != nil || i < 0 || i >= len(at) {
				return "", fmt.Errorf("no element %q of %d", step, len(at))
			}
			v = at[i]
		default:
			return "", fmt.Errorf("%q leads into a plain value", step)
		}
	}
	if s, ok := v.(string); ok {
		return s, nil
	}
	b, err := json.Marshal(v)
	return string(b), err
}

func cmdContoso(ts *testscript.TestScript, _ bool, _ []string) {
	for _, name := range []string{"ad.ldif", "m365.json"} {
		b, err := os.ReadFile(filepath.Join(ts.Getenv("CONTOSO"), name))
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(name), b, 0o600))
	}
}

// world runs the program inside the test, with its own environment and streams.
type world struct {
	in         string
	inTerminal bool
	env        map[string]string
}

func (w world) run(ctx context.Context, args ...string) (status int, out, err string) {
	var o, e strings.Builder
	status = run(ctx, args, streams{
		in: strings.NewReader(w.in), out: &o, err: &e, inTerminal: w.inTerminal,
	}, func(name string) string { return w.env[name] })
	return status, o.String(), e.String()
}

// newWorld has a state file of its own.
func newWorld(t *testing.T) world {
	return world{env: map[string]string{envState: filepath.Join(t.TempDir(), "state.db")}}
}

// must runs what has to succeed and returns standard output.
func (w world) must(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errText := w.run(t.Context(), args...)
	if status != 0 {
		t.Fatalf("qpimport %s: exit status %d\n%s", strings.Join(args, " "), status, errText)
	}
	return out
}

// cmdDecide fills in the review file: the line of an AD user, by user name, and of
// a mailbox, by address, or its only line where that is "-".
func cmdDecide(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: decide FILE USERNAME EMAIL|- WORD")
	}
	text := ts.ReadFile(args[0])
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	ts.Check(err)
	column := func(name string) int { return slices.Index(rows[0], name) }
	filled := 0
	for _, row := range rows[1:] {
		if row[column("ad_username")] == args[1] && (args[2] == "-" || row[column("m365_email")] == args[2]) {
			row[column("decision")] = args[3]
			filled++
		}
	}
	if filled != 1 {
		ts.Fatalf("%d lines are about %s and %s", filled, args[1], args[2])
	}
	var b strings.Builder
	ts.Check(csv.NewWriter(&b).WriteAll(rows))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(b.String()), 0o600))
}

// cmdFill fills in the column email of a list of accounts, for one user name, into
// another file.
func cmdFill(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: fill FILE USERNAME EMAIL TO")
	}
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[0]))).ReadAll()
	ts.Check(err)
	username, email := slices.Index(rows[0], "username"), slices.Index(rows[0], "email")
	filled := false
	for _, row := range rows[1:] {
		if row[username] == args[1] {
			row[email], filled = args[2], true
		}
	}
	if !filled {
		ts.Fatalf("no line of %s is about %s", args[0], args[1])
	}
	var b strings.Builder
	ts.Check(csv.NewWriter(&b).WriteAll(rows))
	ts.Check(os.WriteFile(ts.MkAbs(args[3]), []byte(b.String()), 0o600))
}

func cmdMSP(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: msp CUSTOMERS USERS")
	}
	customers, err := strconv.Atoi(args[0])
	ts.Check(err)
	users, err := strconv.Atoi(args[1])
	ts.Check(err)
	ts.Check(mspfake.Write(ts.MkAbs("."), customers, users))
}
