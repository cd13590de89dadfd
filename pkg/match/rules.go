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
	ruleNumber
	ruleRemark
	ruleSalutation
	ruleAlphabet
	ruleAccount
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
	foreign          // comes from somewhere else: never with a name alone
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
	settle string // what somebody may do about it, where it stands in the way of a pair
}

// rule is a comparison of two users: what is compared and how it may come out.
// Level 0 is always that there is nothing to compare.
type rule struct {
	name   string
	levels []level
}

// Levels that code refers to, by rule. 0 is always unknown.
const (
	anchorSID = iota + 1
	anchorEqual
	anchorStamped
	anchorShared
	anchorOtherUser
	anchorOtherMailbox
	anchorElsewhere
	anchorGone
	anchorTorn
	anchorForeign

	onPremEqual     = 1
	onPremOtherUser = 2
	onPremDiffers   = 3

	addressEqual       = 1
	addressShared      = 2
	addressOtherDomain = 3
	addressElsewhere   = 4
	addressDiffers     = 5
	addressOthers      = 6
	addressAlias       = 7
	addressNumbered    = 8

	upnEqual     = 1
	upnDerived   = 2
	upnElsewhere = 3

	employeeEqual     = 1
	employeeShared    = 2
	employeeDiffers   = 3
	employeeElsewhere = 4
	employeeZeros     = 5
	employeeOtherBox  = 6

	loginEqual   = 1
	loginDerived = 2
	loginFormer  = 3

	phoneEqual   = 1
	phoneShared  = 2
	phoneDiffers = 3

	nameFull      = 1
	namePart      = 2
	nameSounds    = 3
	nameTypo      = 4
	nameSwapped   = 5
	nameRomanised = 6
	nameHint      = 7
	nameSlip      = 8
	nameNick      = 9
	nameInitial   = 10
	nameAlike     = 11
	nameGiven     = 12
	nameSurname   = 13
	nameOther     = 14
	nameScript    = 15

	initialEqual   = 1
	initialDiffers = 2

	generationEqual   = 1
	generationOneSide = 2
	generationDiffers = 3

	numberEqual   = 1
	numberOneSide = 2
	numberDiffers = 3

	remarkEqual   = 1
	remarkOneSide = 2
	remarkDiffers = 3

	salutationDiffers = 1

	alphabetMixed = 1

	accountAdmin   = 1
	accountPurpose = 2

	sameEqual   = 1 // department and title
	sameDiffers = 2

	listedYes = 1
	listedNo  = 2
)

// rules is the table that everything goes by: matching, vetoes and explanations.
func rules() [ruleCount]rule {
	return [ruleCount]rule{
		ruleAnchor: {name: "anchor", levels: []level{
			anchorSID:          {name: "sid", weight: 30, force: proof, text: "the mailbox was synchronised from this AD user, whose SID it carries"},
			anchorEqual:        {name: "equal", weight: 30, force: proof, text: "the mailbox was synchronised from this AD user"},
			anchorStamped:      {name: "stamped", weight: 8, force: identifier, text: "the mailbox carries this AD user's anchor, but not from the sync engine for certain"},
			anchorShared:       {name: "shared", weight: 1, force: neutral, text: "several users carry this anchor, so it tells nothing"},
			anchorOtherUser:    {name: "other_user", weight: -24, force: veto, text: "the mailbox was synchronised from another AD user", settle: "find out which AD user the mailbox was synchronised from"},
			anchorOtherMailbox: {name: "other_mailbox", weight: -24, force: veto, text: "another mailbox was synchronised from this AD user", settle: "find out which mailbox is the one that was synchronised from this AD user"},
			anchorElsewhere:    {name: "elsewhere", weight: -8, force: conflict, text: "the anchor of one of the two is that of somebody else, if not from the sync engine for certain", settle: "find out who wrote the anchor (onPremisesImmutableId), and whose it is"},
			anchorGone:         {name: "gone", weight: -24, force: veto, text: "the mailbox was synchronised from a user of this domain who is not among those read", settle: "find out whose mailbox it was: its AD user was deleted, or is not among those read"},
			anchorTorn:         {name: "torn", weight: -12, force: veto, text: "the anchor of the mailbox is that of one AD user, its SID that of another", settle: "find out which of the two AD users the mailbox belongs to: anchor and SID disagree"},
			anchorForeign:      {name: "foreign", weight: -6, force: foreign, text: "the mailbox was synchronised from a directory that is not this one", settle: "find out whether this person also has an account in the other directory"},
		}},
		ruleOnPrem: {name: "on_prem_username", levels: []level{
			onPremEqual:     {name: "equal", weight: 4, force: support, text: "the mailbox names this AD user's sAMAccountName as its origin"},
			onPremOtherUser: {name: "other_user", weight: -8, force: conflict, text: "the mailbox names another AD user's sAMAccountName as its origin", settle: "find out whose the sAMAccountName is that the mailbox remembers"},
			onPremDiffers:   {name: "differs", weight: -4, force: conflict, text: "the mailbox names a sAMAccountName as its origin that this AD user does not have", settle: "find out whether the AD user was renamed since the mailbox was synchronised"},
		}},
		ruleAddress: {name: "address", levels: []level{
			addressEqual:       {name: "equal", weight: 12, force: identifier, text: "an address of the AD user is an address of the mailbox"},
			addressAlias:       {name: "alias", weight: 10, force: identifier, text: "an address of the AD user is an alias of the mailbox, as after a change of name, or where mail is forwarded"},
			addressNumbered:    {name: "numbered", weight: -2, force: conflict, text: "the AD user's address and that of the mailbox are the same but for a number, as those of namesakes are", settle: "find out whether there are two of this name"},
			addressShared:      {name: "equal_shared", weight: 3, force: support, text: "an address of the AD user is one of the mailbox, but others have it as well"},
			addressOtherDomain: {name: "other_domain", weight: 1, force: support, text: "the addresses are the same before the @"},
			addressElsewhere:   {name: "elsewhere", weight: -8, force: conflict, text: "the AD user's mail address belongs to another mailbox", settle: "correct the AD user's mail address if it is wrong: it belongs to another mailbox"},
			addressDiffers:     {name: "differs", weight: -4, force: against, text: "the AD user's mail address is not one of the mailbox"},
			addressOthers:      {name: "others", weight: -8, force: conflict, text: "an address of the mailbox is the mail address or principal name of another AD user", settle: "find out whose the mailbox's address is: another AD user has it"},
		}},
		ruleUPN: {name: "upn", levels: []level{
			upnEqual:     {name: "equal", weight: 9, force: identifier, text: "the user principal names are equal and do not follow from the name"},
			upnDerived:   {name: "equal_derived", weight: 2, force: support, text: "the user principal names are equal, but follow from the name"},
			upnElsewhere: {name: "elsewhere", weight: -5, force: conflict, text: "the AD user's principal name belongs to another mailbox", settle: "correct the AD user's principal name if it is wrong: it belongs to another mailbox"},
		}},
		ruleEmployee: {name: "employee_id", levels: []level{
			employeeEqual:     {name: "equal", weight: 14, force: identifier, text: "the employee ids are equal"},
			employeeShared:    {name: "equal_shared", weight: 2, force: support, text: "the employee ids are equal, but others have the same"},
			employeeDiffers:   {name: "differs", weight: -14, force: veto, text: "the employee ids differ", settle: "correct the employee id in one of the directories if it is wrong there"},
			employeeZeros:     {name: "zeros", weight: 0, force: neutral, text: "the employee ids differ by leading zeros, and nothing shows that those do not count here", settle: "write the employee id in both directories with the same leading zeros"},
			employeeElsewhere: {name: "elsewhere", weight: -12, force: veto, text: "the mailbox has the employee id of another AD user", settle: "find out whose the employee id of the mailbox is"},
			employeeOtherBox:  {name: "other_mailbox", weight: -12, force: veto, text: "the AD user's employee id is that of another mailbox", settle: "find out whose the AD user's employee id is"},
		}},
		ruleLogin: {name: "login", levels: []level{
			loginEqual:   {name: "equal", weight: 8, force: identifier, text: "login and alias are equal and do not follow from the name"},
			loginDerived: {name: "equal_derived", weight: 1, force: support, text: "login and alias are equal, but follow from the name"},
			loginFormer:  {name: "equal_former", weight: 5, force: support, text: "login and alias are equal and follow from the name of one of the two alone, as after a change of name"},
		}},
		rulePhone: {name: "phone", levels: []level{
			phoneEqual:   {name: "equal", weight: 11, force: identifier, text: "a telephone number is equal that nobody else has"},
			phoneShared:  {name: "equal_shared", weight: 0.5, force: support, text: "a telephone number is equal, but others have it as well"},
			phoneDiffers: {name: "differs", weight: -1, force: neutral, text: "both have telephone numbers, and none is the same"},
		}},
		// The weight of a name is that of its words: rare ones tell more. What
		// stands here is added to it.
		ruleName: {name: "name", levels: []level{
			nameFull:      {name: "full", weight: 0, force: support, text: "the names are the same"},
			namePart:      {name: "part", weight: -2, force: support, text: "one name is the other with words left out"},
			nameSounds:    {name: "sounds", weight: -2, force: support, text: "the names are spelled differently and sound the same"},
			nameTypo:      {name: "typo", weight: -3, force: support, text: "the surnames differ by a slip"},
			nameSlip:      {name: "given_slip", weight: -4, force: support, text: "the surname is the same, and the given names differ by a slip or in spelling, or one is left out", settle: "write the given name alike in both directories"},
			nameNick:      {name: "nickname", weight: -3, force: support, text: "the surname is the same, and the given names are forms of one name", settle: "write the given name alike in both directories"},
			nameInitial:   {name: "initial", weight: -3, force: support, text: "the surname is the same, and the given name begins alike", settle: "write the given name out in both directories"},
			nameSwapped:   {name: "swapped", weight: -3, force: support, text: "the words of the names are the same, but given name and surname have changed places", settle: "put given name and surname in their places"},
			nameRomanised: {name: "romanised", weight: -1, force: support, text: "the names are the same once they are written in one alphabet"},
			nameHint:      {name: "transliterated", weight: -3, force: support, text: "the names may be the same, but in Latin letters or without tones they say too little"},
			nameAlike:     {name: "alike", weight: -5, force: against, text: "the names look alike, but are two names that people have", settle: "find out whether the two are one person, and write the name alike in both directories if so"},
			nameGiven:     {name: "given_only", weight: -6, force: against, text: "the given name is the same, the surname is not", settle: "find out whether the surname has changed, and write it alike in both directories if so"},
			nameSurname:   {name: "surname_only", weight: -8, force: against, text: "the surname is the same, the given name is not", settle: "find out whether the two are one person, and write the given name alike in both directories if so"},
			nameOther:     {name: "other", weight: -14, force: against, text: "the names are different", settle: "find out whether the two are one person, and write the name alike in both directories if so"},
			nameScript:    {name: "other_script", weight: -4, force: neutral, text: "the names are written in different scripts and cannot be compared"},
		}},
		ruleInitial: {name: "middle_initial", levels: []level{
			initialEqual:   {name: "equal", weight: 3.6, force: support, text: "the middle initials agree"},
			initialDiffers: {name: "differs", weight: -10, force: veto, text: "the middle initials contradict each other", settle: "correct the middle initial in one of the directories if it is wrong there"},
		}},
		ruleGeneration: {name: "generation", levels: []level{
			generationEqual:   {name: "equal", weight: 3, force: support, text: "both names carry the same generation mark"},
			generationOneSide: {name: "one_side", weight: -2, force: against, text: "only one of the names carries a generation mark such as Jr or Sr", settle: "write the mark of generation in both directories, or in neither"},
			generationDiffers: {name: "differs", weight: -24, force: veto, text: "the names carry different generation marks", settle: "correct the mark of generation in one of the directories if it is wrong there"},
		}},
		ruleNumber: {name: "number", levels: []level{
			numberEqual:   {name: "equal", weight: 1, force: support, text: "both names carry the same number"},
			numberOneSide: {name: "one_side", weight: -2, force: against, text: "only one of the names carries a number, as namesakes do", settle: "write the number behind the name in both directories, or in neither"},
			numberDiffers: {name: "differs", weight: -24, force: veto, text: "the names carry different numbers", settle: "find out which number behind the name is right"},
		}},
		ruleRemark: {name: "remark", levels: []level{
			remarkEqual:   {name: "equal", weight: 1, force: support, text: "both names carry the same remark"},
			remarkOneSide: {name: "one_side", weight: -0.5, force: neutral, text: "only one of the names carries a remark"},
			remarkDiffers: {name: "differs", weight: -4, force: conflict, text: "the names carry different remarks", settle: "find out whether the remarks behind the names are those of two people"},
		}},
		ruleSalutation: {name: "salutation", levels: []level{
			salutationDiffers: {name: "differs", weight: -8, force: conflict, text: "one is addressed as a man, the other as a woman", settle: "correct the form of address in one of the directories if it is wrong there"},
		}},
		ruleAlphabet: {name: "alphabet", levels: []level{
			alphabetMixed: {name: "mixed", weight: -24, force: veto, text: "the name has letters that look like those of another alphabet, or signs that look like letters", settle: "find out who wrote the name, and write it in the letters of one alphabet"},
		}},
		ruleAccount: {name: "account", levels: []level{
			accountAdmin:   {name: "admin", weight: -8, force: against, text: "one of the two looks like somebody's second, privileged account", settle: "pair it by hand if it is a person's own account"},
			accountPurpose: {name: "purpose", weight: -4, force: against, text: "one of the two has the login of a service, a room or an office, not of a person", settle: "pair it by hand if it is a person's own account"},
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
