package main

import (
	"github.com/spf13/cobra"
)

// The groups of the root's help.
const (
	groupSetup  = "setup"
	groupImport = "import"
	groupBulk   = "bulk"
	groupWatch  = "watch"
)

func newRootCmd(a *app) *cobra.Command {
	root := &cobra.Command{
		Use:   "qpimport",
		Short: "Import end users from Active Directory and Microsoft 365",
		Long: `qpimport takes end users from Active Directory and Microsoft 365 into a registry
of accounts, one customer after the other, and pairs the two directories where
the customer's passwords are to be kept in step.

A customer goes from nothing to matched accounts in five steps:

  1. customers create      name the customer
  2. directories connect   say how its directories are reached
  3. ous, users            look at what is there
  4. import                take the users; the first import settles password sync
  5. match                 with password sync on: give each its mailbox

"plan" and "apply" do all of it for many customers at once, from one manifest.

Directories are only ever read, but for "passwords reset", which sets passwords through
connections of its own. The registry is one file (--state), or lies in PostgreSQL,
--state postgres://…, where a team shares it. Results go to standard output and nothing
else does; notices and errors go to standard error.

Flags come before environment variables, these before the config file, and that
before the defaults. The config file holds defaults for global flags, as in

  output: json
  customer: Contoso
  timeout: 5m

Standard output is table, json (one document), jsonl (one item a line) or csv. On a
terminal a table is as wide as that is, or as COLUMNS says, and in colour; NO_COLOR and
CLICOLOR=0 leave colours out, CLICOLOR_FORCE has them everywhere. No other format and no
other output differs there.

With json and jsonl an error is an object on the last line of standard error:
{"error":{"code":"…","exit":11,"message":"…","hint":"…","retryable":false}}` + exits(3, 11, 12, 13, 14, 15, 20) + `

New statuses may come: take an unknown one for a failure.`,
		Example: `  qpimport customers create Contoso
  qpimport directories connect ad -c Contoso --domain corp.contoso.example --bind windows
  qpimport ous -c Contoso
  qpimport import -c Contoso --source ad --password-sync off --ou corp.contoso.example/Staff -r --all`,
		Args:          subcommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { a.begun = true; return cmd.Help() },
		Version:       readVersion().Version,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
	}
	addGlobalFlags(root.PersistentFlags())
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddGroup(
		&cobra.Group{ID: groupSetup, Title: "Customers and directories:"},
		&cobra.Group{ID: groupImport, Title: "Users and accounts:"},
		&cobra.Group{ID: groupBulk, Title: "Many customers at once:"},
		&cobra.Group{ID: groupWatch, Title: "Keeping watch:"},
	)
	inGroup(root, groupSetup, newCustomersCmd(a), newDirectoriesCmd(a))
	inGroup(root, groupImport, newOUsCmd(a), newGroupsCmd(a), newUsersCmd(a), newPrivilegedCmd(a), newImportCmd(a), newSelectionsCmd(a), newMatchCmd(a), newRefreshCmd(a), newDriftCmd(a), newExplainCmd(a), newDecisionsCmd(a), newAccountsCmd(a), newPasswordsCmd(a), newSyncCmd(a), newInvitationsCmd(a))
	inGroup(root, groupBulk, newPlanCmd(a), newApplyCmd(a), newSchemaCmd(a))
	inGroup(root, groupWatch, newStatusCmd(a), newReportCmd(a), newHistoryCmd(a), newUndoCmd(a), newBackupCmd(a), newRegistryCmd(a), newDoctorCmd(a))
	root.AddCommand(newVersionCmd(a), newCompletionCmd(a))
	root.SetHelpCommand(newHelpCmd(a))
	addTopics(root)
	sayArguments(root)
	root.SetFlagErrorFunc(flagError)
	completeWith(a, root)
	return root
}

func inGroup(parent *cobra.Command, group string, children ...*cobra.Command) {
	for _, c := range children {
		c.GroupID = group
		parent.AddCommand(c)
	}
}
