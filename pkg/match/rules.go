package match

// The comparisons, by their place in the table of rules.
const (
	ruleAnchor = iota
	ruleOnPrem
	ruleAddress
	ruleUPN
	ruleEmployee
	ruleLogin
	rulePhone
	ruleName
	ruleInitial
	ruleGeneration
	ruleDepartment
	ruleTitle
	ruleListedAD
	ruleListedM365
	ruleCount
)

// force is what a finding may do in a decision, whatever its weight.
type force uint8

const (
	neutral    force = iota
	proof            // proves the pair
	identifier       // names one person, and does not follow from the name
	support          // speaks for the pair, but for others as well
	against          // speaks against the pair: not without a human
	veto             // contradicts the pair
)

// level is one outcome of a comparison. Weight is log2 of how much more often
// it is found between the two accounts of one person than between those of two;
// it is the default, which [learnWeights] replaces where the customer's own data
// tells more.
type level struct {
	name   string
	weight float64
	force  force
	text   string
}

// rule is a comparison of two users: what is compared and how it may come out.
// The first level is always "there is nothing to compare".
type rule struct {
	name   string
	levels []level
}

// Levels that code refers to, by rule. 0 is always unknown.
const (
	anchorEqual = iota + 1
	anchorOtherSID
	anchorShared
	anchorOtherUser
	anchorOtherMailbox

	onPremEqual     = 1
	onPremOtherUser = 2
	onPremDiffers   = 3

	addressEqual       = 1
	addressShared      = 2
	addressOtherDomain = 3
	addressElsewhere   = 4
	addressDiffers     = 5
	addressOthers      = 6

	upnEqual     = 1
	upnDerived   = 2
	upnElsewhere = 3

	employeeEqual     = 1
	employeeShared    = 2
	employeeDiffers   = 3
	employeeElsewhere = 4

	loginEqual   = 1
	loginDerived = 2
	loginFormer  = 3

	phoneEqual   = 1
	phoneShared  = 2
	phoneDiffers = 3

	nameFull    = 1
	namePart    = 2
	nameSounds  = 3
	nameTypo    = 4
	nameNick    = 5
	nameInitial = 6
	nameGiven   = 7
	nameSurname = 8
	nameOther   = 9
	nameScript  = 10

	initialEqual   = 1
	initialDiffers = 2

	generationEqual   = 1
	generationOneSide = 2
	generationDiffers = 3

	sameEqual   = 1 // department and title
	sameDiffers = 2

	listedYes = 1
	listedNo  = 2
)

// rules is the table that everything goes by: matching, vetoes and explanations.
func rules() [ruleCount]rule {
	unknown := level{name: "unknown"}
	return [ruleCount]rule{
		ruleAnchor: {"anchor", []level{unknown,
			{"equal", 30, proof, "the mailbox was synchronised from this AD user"},
			{"equal_other_sid", 8, identifier, "the mailbox carries this AD user's anchor, but another SID"},
			{"shared", 1, neutral, "several users carry this anchor, so it tells nothing"},
			{"other_user", -24, veto, "the mailbox was synchronised from another AD user"},
			{"other_mailbox", -24, veto, "another mailbox was synchronised from this AD user"},
		}},
		ruleOnPrem: {"on_prem_username", []level{unknown,
			{"equal", 10, identifier, "the mailbox names this AD user's sAMAccountName as its origin"},
			{"other_user", -8, against, "the mailbox names another AD user's sAMAccountName as its origin"},
			{"differs", -4, against, "the mailbox names a sAMAccountName as its origin that this AD user does not have"},
		}},
		ruleAddress: {"address", []level{unknown,
			{"equal", 12, identifier, "an address of the AD user is an address of the mailbox"},
			{"equal_shared", 3, support, "an address of the AD user is one of the mailbox, but others have it as well"},
			{"other_domain", 1, support, "the addresses are the same before the @"},
			{"elsewhere", -8, against, "the AD user's mail address belongs to another mailbox"},
			{"differs", -4, against, "the AD user's mail address is not one of the mailbox"},
			{"others", -8, against, "the mailbox's address is the mail address of another AD user"},
		}},
		ruleUPN: {"upn", []level{unknown,
			{"equal", 9, identifier, "the user principal names are equal and do not follow from the name"},
			{"equal_derived", 2, support, "the user principal names are equal, but follow from the name"},
			{"elsewhere", -5, against, "the AD user's principal name belongs to another mailbox"},
		}},
		ruleEmployee: {"employee_id", []level{unknown,
			{"equal", 14, identifier, "the employee ids are equal"},
			{"equal_shared", 2, support, "the employee ids are equal, but others have the same"},
			{"differs", -14, veto, "the employee ids differ"},
			{"elsewhere", -12, veto, "the mailbox has the employee id of another AD user"},
		}},
		ruleLogin: {"login", []level{unknown,
			{"equal", 8, identifier, "login and alias are equal and do not follow from the name"},
			{"equal_derived", 1, support, "login and alias are equal, but follow from the name"},
			{"equal_former", 5, support, "an alias of the mailbox follows from the AD user's name and not from its own, as after a change of name"},
		}},
		rulePhone: {"phone", []level{unknown,
			{"equal", 11, identifier, "a telephone number is equal that nobody else has"},
			{"equal_shared", 0.5, support, "a telephone number is equal, but others have it as well"},
			{"differs", -1, neutral, "both have telephone numbers, and none is the same"},
		}},
		// The weight of a name is that of its words: rare ones tell more. What
		// stands here is added to it.
		ruleName: {"name", []level{unknown,
			{"full", 0, support, "the names are the same"},
			{"part", -2, support, "one name is the other with words left out"},
			{"sounds", -2, support, "the names are spelled differently and sound the same"},
			{"typo", -3, support, "the names differ by a slip"},
			{"nickname", -3, support, "the surname is the same, and the given names are forms of one name"},
			{"initial", -3, support, "the surname is the same, and the given name begins alike"},
			{"given_only", -6, against, "the given name is the same, the surname is not"},
			{"surname_only", -8, against, "the surname is the same, the given name is not"},
			{"other", -14, against, "the names are different"},
			{"other_script", -4, neutral, "the names are written in different scripts and cannot be compared"},
		}},
		ruleInitial: {"middle_initial", []level{unknown,
			{"equal", 3, support, "the middle initials agree"},
			{"differs", -10, veto, "the middle initials contradict each other"},
		}},
		ruleGeneration: {"generation", []level{unknown,
			{"equal", 3, support, "both names carry the same generation mark"},
			{"one_side", -2, against, "only one of the names carries a generation mark such as Jr or Sr"},
			{"differs", -24, veto, "the names carry different generation marks"},
		}},
		ruleDepartment: {"department", []level{unknown,
			{"equal", 2.5, support, "the departments agree"},
			{"differs", -3, against, "the departments differ"},
		}},
		ruleTitle: {"title", []level{unknown,
			{"equal", 3, support, "the titles agree"},
			{"differs", -3, against, "the titles differ"},
		}},
		ruleListedAD: {"listed_ad", []level{unknown,
			{"yes", 0, support, "the AD user has what people with a mailbox have here: a telephone, an address or an employee id"},
			{"no", 0, support, "the AD user lacks what people with a mailbox have here: a telephone, an address or an employee id"},
		}},
		ruleListedM365: {"listed_m365", []level{unknown,
			{"yes", 0, support, "the mailbox has what people with an AD user have here: a telephone or an employee id"},
			{"no", 0, support, "the mailbox lacks what people with an AD user have here: a telephone or an employee id"},
		}},
	}
}
