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
	against          // speaks against the pair
	conflict         // names somebody else, if not for certain
	veto             // contradicts the pair
)

// level is one outcome of a comparison. Weight is log2 of how much more often
// it is found between the two accounts of one person than between those of two;
// it is the default, which [engine.learn] replaces where the customer's own data
// tells more.
type level struct {
	name   string
	weight float64
	force  force
	text   string
}

// rule is a comparison of two users: what is compared and how it may come out.
// Level 0 is always that there is nothing to compare.
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
	return [ruleCount]rule{
		ruleAnchor: {name: "anchor", levels: []level{
			anchorEqual:        {name: "equal", weight: 30, force: proof, text: "the mailbox was synchronised from this AD user"},
			anchorOtherSID:     {name: "equal_other_sid", weight: 8, force: identifier, text: "the mailbox carries this AD user's anchor, but another SID"},
			anchorShared:       {name: "shared", weight: 1, force: neutral, text: "several users carry this anchor, so it tells nothing"},
			anchorOtherUser:    {name: "other_user", weight: -24, force: veto, text: "the mailbox was synchronised from another AD user"},
			anchorOtherMailbox: {name: "other_mailbox", weight: -24, force: veto, text: "another mailbox was synchronised from this AD user"},
		}},
		ruleOnPrem: {name: "on_prem_username", levels: []level{
			onPremEqual:     {name: "equal", weight: 10, force: identifier, text: "the mailbox names this AD user's sAMAccountName as its origin"},
			onPremOtherUser: {name: "other_user", weight: -8, force: conflict, text: "the mailbox names another AD user's sAMAccountName as its origin"},
			onPremDiffers:   {name: "differs", weight: -4, force: conflict, text: "the mailbox names a sAMAccountName as its origin that this AD user does not have"},
		}},
		ruleAddress: {name: "address", levels: []level{
			addressEqual:       {name: "equal", weight: 12, force: identifier, text: "an address of the AD user is an address of the mailbox"},
			addressShared:      {name: "equal_shared", weight: 3, force: support, text: "an address of the AD user is one of the mailbox, but others have it as well"},
			addressOtherDomain: {name: "other_domain", weight: 1, force: support, text: "the addresses are the same before the @"},
			addressElsewhere:   {name: "elsewhere", weight: -8, force: conflict, text: "the AD user's mail address belongs to another mailbox"},
			addressDiffers:     {name: "differs", weight: -4, force: against, text: "the AD user's mail address is not one of the mailbox"},
			addressOthers:      {name: "others", weight: -8, force: conflict, text: "the mailbox's address is the mail address of another AD user"},
		}},
		ruleUPN: {name: "upn", levels: []level{
			upnEqual:     {name: "equal", weight: 9, force: identifier, text: "the user principal names are equal and do not follow from the name"},
			upnDerived:   {name: "equal_derived", weight: 2, force: support, text: "the user principal names are equal, but follow from the name"},
			upnElsewhere: {name: "elsewhere", weight: -5, force: conflict, text: "the AD user's principal name belongs to another mailbox"},
		}},
		ruleEmployee: {name: "employee_id", levels: []level{
			employeeEqual:     {name: "equal", weight: 14, force: identifier, text: "the employee ids are equal"},
			employeeShared:    {name: "equal_shared", weight: 2, force: support, text: "the employee ids are equal, but others have the same"},
			employeeDiffers:   {name: "differs", weight: -14, force: veto, text: "the employee ids differ"},
			employeeElsewhere: {name: "elsewhere", weight: -12, force: veto, text: "the mailbox has the employee id of another AD user"},
		}},
		ruleLogin: {name: "login", levels: []level{
			loginEqual:   {name: "equal", weight: 8, force: identifier, text: "login and alias are equal and do not follow from the name"},
			loginDerived: {name: "equal_derived", weight: 1, force: support, text: "login and alias are equal, but follow from the name"},
			loginFormer:  {name: "equal_former", weight: 5, force: support, text: "an alias of the mailbox follows from the AD user's name and not from its own, as after a change of name"},
		}},
		rulePhone: {name: "phone", levels: []level{
			phoneEqual:   {name: "equal", weight: 11, force: identifier, text: "a telephone number is equal that nobody else has"},
			phoneShared:  {name: "equal_shared", weight: 0.5, force: support, text: "a telephone number is equal, but others have it as well"},
			phoneDiffers: {name: "differs", weight: -1, force: neutral, text: "both have telephone numbers, and none is the same"},
		}},
		// The weight of a name is that of its words: rare ones tell more. What
		// stands here is added to it.
		ruleName: {name: "name", levels: []level{
			nameFull:    {name: "full", weight: 0, force: support, text: "the names are the same"},
			namePart:    {name: "part", weight: -2, force: support, text: "one name is the other with words left out"},
			nameSounds:  {name: "sounds", weight: -2, force: support, text: "the names are spelled differently and sound the same"},
			nameTypo:    {name: "typo", weight: -3, force: support, text: "the names differ by a slip"},
			nameNick:    {name: "nickname", weight: -3, force: support, text: "the surname is the same, and the given names are forms of one name"},
			nameInitial: {name: "initial", weight: -3, force: support, text: "the surname is the same, and the given name begins alike"},
			nameGiven:   {name: "given_only", weight: -6, force: against, text: "the given name is the same, the surname is not"},
			nameSurname: {name: "surname_only", weight: -8, force: against, text: "the surname is the same, the given name is not"},
			nameOther:   {name: "other", weight: -14, force: against, text: "the names are different"},
			nameScript:  {name: "other_script", weight: -4, force: neutral, text: "the names are written in different scripts and cannot be compared"},
		}},
		ruleInitial: {name: "middle_initial", levels: []level{
			initialEqual:   {name: "equal", weight: 3, force: support, text: "the middle initials agree"},
			initialDiffers: {name: "differs", weight: -10, force: veto, text: "the middle initials contradict each other"},
		}},
		ruleGeneration: {name: "generation", levels: []level{
			generationEqual:   {name: "equal", weight: 3, force: support, text: "both names carry the same generation mark"},
			generationOneSide: {name: "one_side", weight: -2, force: against, text: "only one of the names carries a generation mark such as Jr or Sr"},
			generationDiffers: {name: "differs", weight: -24, force: veto, text: "the names carry different generation marks"},
		}},
		ruleDepartment: {name: "department", levels: []level{
			sameEqual:   {name: "equal", weight: 2.5, force: support, text: "the departments agree"},
			sameDiffers: {name: "differs", weight: -3, force: against, text: "the departments differ"},
		}},
		ruleTitle: {name: "title", levels: []level{
			sameEqual:   {name: "equal", weight: 3, force: support, text: "the titles agree"},
			sameDiffers: {name: "differs", weight: -3, force: against, text: "the titles differ"},
		}},
		ruleListedAD: {name: "listed_ad", levels: []level{
			listedYes: {name: "yes", weight: 0, force: support, text: "the AD user has what people with a mailbox have here: a telephone, an address or an employee id"},
			listedNo:  {name: "no", weight: 0, force: support, text: "the AD user lacks what people with a mailbox have here: a telephone, an address or an employee id"},
		}},
		ruleListedM365: {name: "listed_m365", levels: []level{
			listedYes: {name: "yes", weight: 0, force: support, text: "the mailbox has what people with an AD user have here: a telephone or an employee id"},
			listedNo:  {name: "no", weight: 0, force: support, text: "the mailbox lacks what people with an AD user have here: a telephone or an employee id"},
		}},
	}
}
