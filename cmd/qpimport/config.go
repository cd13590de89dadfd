package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/go-viper/mapstructure/v2"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/qpimport/qpimport/internal/cli/output"
	"github.com/qpimport/qpimport/internal/cli/usage"
	"github.com/qpimport/qpimport/pkg/source"
)

// The environment variables.
const (
	envState    = "QPIMPORT_STATE"
	envPassword = "QPIMPORT_STATE_PASSWORD_FROM"
	envConfig   = "QPIMPORT_CONFIG"
	envOutput   = "QPIMPORT_OUTPUT"
	envCustomer = "QPIMPORT_CUSTOMER"
	envTimeout  = "QPIMPORT_TIMEOUT"
	envLogFile  = "QPIMPORT_LOG_FILE"
	envLogForm  = "QPIMPORT_LOG_FORMAT"
)

// settings are the global flags after flag, environment, config file and
// default were weighed, in this order.
type settings struct {
	State   string
	NoState error // why State is "": nobody names one, and there is no place for a file
	// StatePasswordFrom is where the password of a registry in PostgreSQL lies, "" where
	// a service or password file has it.
	StatePasswordFrom string
	Config            string // the config file, "" for none
	Output            output.Format
	Customer          string
	// CustomerFlag says that it was named with -c, not by an environment variable
	// or the config file.
	CustomerFlag bool
	Timeout      time.Duration // 0 is none
	NoInput      bool
	Quiet        bool
	Verbose      int
	BOM          bool
	LogFile      string // "" for none
	LogFormat    string // text or json
}

func addGlobalFlags(f *pflag.FlagSet) {
	f.String("state", "", "state `FILE`, or postgres://… of a registry that a team shares ($"+envState+")")
	f.String("state-password-from", "", "`REF` to the password of that registry ($"+envPassword+")")
	f.String("config", "", "config `FILE`, yaml, json or toml: defaults for these flags ($"+envConfig+")")
	f.StringP("output", "o", string(output.Table), "output `FORMAT`: "+strings.Join(output.Formats(), ", ")+" ($"+envOutput+")")
	f.StringP("customer", "c", "", "customer by `NAME`, id or external id such as itglue:123 ($"+envCustomer+")")
	f.String("timeout", "0", "bound on the whole command, a `DURATION` such as 90s or 5m; 0 is none ($"+envTimeout+")")
	f.Bool("no-input", false, "never prompt; the default when standard input is not a terminal")
	f.BoolP("quiet", "q", false, "no notices on standard error")
	f.CountP("verbose", "v", "log to standard error; twice for more, in the log file too")
	f.String("log-file", "", "add a log of what is done to `FILE` ($"+envLogFile+")")
	f.String("log-format", logText, "`FORM` of the log file: text or json ($"+envLogForm+")")
	f.Bool("bom", false, "begin CSV with a byte order mark, for Excel")
}

// rawSettings is the form in which the layers meet. Its keys are what a config
// file may hold.
type rawSettings struct {
	State    string `mapstructure:"state"`
	Password string `mapstructure:"state-password-from"`
	Output   string `mapstructure:"output"`
	Customer string `mapstructure:"customer"`
	Timeout  string `mapstructure:"timeout"`
	NoInput  bool   `mapstructure:"no-input"`
	Quiet    bool   `mapstructure:"quiet"`
	Verbose  int    `mapstructure:"verbose"`
	BOM      bool   `mapstructure:"bom"`

	LogFile   string `mapstructure:"log-file"`
	LogFormat string `mapstructure:"log-format"`
}

func settingKeys() []string {
	return []string{"state", "state-password-from", "output", "customer", "timeout", "no-input", "quiet", "verbose", "bom", "log-file", "log-format"}
}

// loadSettings reads the config file and weighs the layers. All its errors are
// usage errors that name the flag, variable or key at fault.
func loadSettings(flags *pflag.FlagSet, getenv func(string) string) (settings, error) {
	v := viper.New()
	origin := map[string]string{} // where a value came from, for errors
	config := configFile(flags, getenv)
	if config != "" {
		if err := readConfig(v, config); err != nil {
			return settings{}, err
		}
		for _, key := range v.AllKeys() {
			origin[key] = fmt.Sprintf("%s in %s", key, config)
		}
	}
	for key, name := range map[string]string{"state": envState, "state-password-from": envPassword, "output": envOutput, "customer": envCustomer, "timeout": envTimeout, "log-file": envLogFile, "log-format": envLogForm} {
		if value := getenv(name); value != "" {
			v.Set(key, value)
			origin[key] = name
		}
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if !f.Changed || !slices.Contains(settingKeys(), f.Name) {
			return
		}
		switch f.Value.Type() {
		case "bool":
			on, _ := flags.GetBool(f.Name)
			v.Set(f.Name, on)
		case "count":
			n, _ := flags.GetCount(f.Name)
			v.Set(f.Name, n)
		default:
			if f.Value.String() == "" && f.Name == "state" {
				return // accounts --state: a state and no file
			}
			v.Set(f.Name, f.Value.String())
		}
		origin[f.Name] = "--" + f.Name
	})

	var raw rawSettings
	var meta mapstructure.Metadata
	err := v.Unmarshal(&raw, func(c *mapstructure.DecoderConfig) {
		c.WeaklyTypedInput = false // an unquoted 0123 is no name and no duration
		c.Metadata = &meta
	})
	if err != nil {
		return settings{}, usage.Errorf("config file %s: %s", config, oneLine(err.Error()))
	}
	if len(meta.Unused) > 0 {
		slices.Sort(meta.Unused)
		return settings{}, &source.Error{
			Code:    source.CodeUsage,
			Message: fmt.Sprintf("config file %s: unknown key %s", config, quoteAll(meta.Unused)),
			Hint:    "the keys are " + strings.Join(settingKeys(), ", "),
		}
	}

	s := settings{
		State: raw.State, StatePasswordFrom: raw.Password, Config: config, Output: output.Format(raw.Output), Customer: raw.Customer,
		CustomerFlag: flags.Changed("customer"), NoInput: raw.NoInput, Quiet: raw.Quiet, Verbose: raw.Verbose, BOM: raw.BOM,
		LogFile: raw.LogFile, LogFormat: cmp.Or(raw.LogFormat, logText),
	}
	if s.Output == "" {
		s.Output = output.Table
	}
	if !slices.Contains(output.Formats(), string(s.Output)) {
		return settings{}, usage.Errorf("%s: unknown output format %q: use %s", origin["output"], s.Output, strings.Join(output.Formats(), ", "))
	}
	if s.LogFormat != logText && s.LogFormat != logJSON {
		return settings{}, usage.Errorf("%s: unknown form of a log %q: use text or json", origin["log-format"], s.LogFormat)
	}
	if flags.Changed("log-format") && s.LogFile == "" {
		return settings{}, usage.Errorf("--log-format goes with --log-file FILE")
	}
	if raw.Timeout != "" {
		if s.Timeout, err = time.ParseDuration(raw.Timeout); err != nil || s.Timeout < 0 {
			return settings{}, usage.Errorf("%s: %q is not a duration such as 90s or 5m", origin["timeout"], raw.Timeout)
		}
	}
	if s.State == "" {
		s.State, s.NoState = defaultState(runtime.GOOS, getenv)
	}
	if s.StatePasswordFrom != "" {
		if _, err := source.ParseReference(s.StatePasswordFrom); err != nil {
			return settings{}, usage.Errorf("%s: %s", origin["state-password-from"], err)
		}
	}
	if err := checkState(s.State); err != nil {
		return settings{}, err
	}
	return s, nil
}

// configFile is the config file, "" for none.
func configFile(flags *pflag.FlagSet, getenv func(string) string) string {
	if flags.Changed("config") {
		config, _ := flags.GetString("config")
		return config
	}
	return getenv(envConfig)
}

func readConfig(v *viper.Viper, path string) error {
	ext := strings.TrimPrefix(strings.ToLower(filepath.Ext(path)), ".")
	if !slices.Contains([]string{"yaml", "yml", "json", "toml"}, ext) {
		return usage.Errorf("config file %s: the name must end in .yaml, .json or .toml", path)
	}
	v.SetConfigFile(path)
	if err := v.ReadInConfig(); err != nil {
		return usage.Errorf("config file %s: %s", path, oneLine(usage.Reason(err)))
	}
	return nil
}

// defaultState is where the registry lies when nobody says.
func defaultState(goos string, getenv func(string) string) (string, error) {
	if goos == "windows" {
		if dir := getenv("ProgramData"); dir != "" {
			return filepath.Join(dir, "qpimport", "state.db"), nil
		}
	} else if dir := getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) { // others are to be ignored, says the standard
		return filepath.Join(dir, "qpimport", "state.db"), nil
	} else if home := getenv("HOME"); home != "" {
		return filepath.Join(home, ".local", "state", "qpimport", "state.db"), nil
	}
	return "", &source.Error{
		Code:    source.CodeUsage,
		Message: "no place for the state file: the home folder is unknown",
		Hint:    "name the file: --state FILE, or " + envState,
	}
}

// outputOf finds the output format where the settings could not be read, so that
// even then a script gets its error as it asked for it.
func outputOf(args []string, getenv func(string) string) output.Format {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.ParseErrorsAllowlist.UnknownFlags = true
	flags.Usage = func() {}
	addGlobalFlags(flags)
	_ = flags.Parse(args) // what it could not read was reported already
	if flags.Changed("output") {
		format, _ := flags.GetString("output")
		return output.Format(format)
	}
	if format := getenv(envOutput); format != "" {
		return output.Format(format)
	}
	v := viper.New()
	if config := configFile(flags, getenv); config != "" {
		_ = readConfig(v, config)
	}
	return output.Format(v.GetString("output"))
}

func quoteAll(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("%q", w)
	}
	return strings.Join(quoted, ", ")
}

// oneLine folds white space, so that another library's list fits one message.
func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
