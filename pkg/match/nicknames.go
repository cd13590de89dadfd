package match

import "strings"

// nicknames lists given names that may stand for one another, one family a
// line. A name may be in several families. It never proves anything: a nickname
// counts only beside identifiers that agree. A name that is listed is no slip for
// another that is, which is why some stand alone.
const nicknames = `
abigail abby gail
abraham abe bram
adrian ade
adriana adri
agnes aggie
albert al bert bertie
alexander alex alec alexandre alejandro aleksandr sasha sascha sandro xander lex
alexandra alex alexa sandra sasha lexi sandy
alfred al fred alf freddie
alice ali alicia
alison ali allie
amanda mandy
amelia millie amy
andrea andi
andreas andi
andrew andy drew andre andrei andrej
angela angie angel
ann anne anna annie nan
anneliese anne liese
anthony tony antonio anton toni
antoinette toni
antonia toni
arthur art artie
barbara barb babs barbie bab bobbie
bartholomew bart
beatrice bea trixie
benedict ben benedikt
benjamin ben benji benny
bernadette bernie
bernard bernie bernd bernhard
bradley brad
brandon bran
bridget bridie birgit
calvin cal
cameron cam
carl karl
carla karla
carol carole carrie carolyn caroline carolina lina
casey case
catherine katherine kathryn cathy kathy kate katie cat kat kitty katharina kathrin katrin katarina ekaterina katya
cecilia cec celia
charles charlie chuck chas carlos karl
charlotte lottie charlie
chester chet
christina tina chris chrissie christine kristina kristin kristen christiane
christopher chris topher kit christoph christian cristobal
clarence clare
claudia
claudio claude
clifford cliff
constance connie
cornelius neil cornel
curtis curt kurt
cynthia cindy
daniel dan danny
daniela dani
danielle daniela daniella dani
david dave davey davy
deborah debra deb debbie
denise
dennis denny denis
diana di diane
dmitry dima dmitri dmitriy dimitri
dolores lola
dominic dom nick dominik
dominique dominic dominik
donald don donnie
donna dee
dorothy dot dottie dolly dora dorothea
douglas doug
edmund ed eddie ned
edward ed eddie ted teddy ned eduard eduardo
edwin ed eddie
eleanor ellie nell nora ella lenore
elizabeth liz beth betty lizzie eliza elisabeth lisa elsie betsy bess ella elisa lisbeth bettina
ellen nell ellie
emil
emilie emily emilia
emily em emmy
emmanuel manny manuel
eric erik erich
erica erika
ernest ernie ernst
eugene gene evgeny
eugenia genie
evelyn evie eve
fabian fabien
fabienne fabiana
fabio fabian
florence flo
franca
frances fran francie franny
francis frank francisco francesco franz frans
francisco paco pancho frank
franco frank
franklin frank
frederick fred freddie rick fritz friedrich federico frederic
gabriel gabe
gabriela gabi gaby gabrielle
gerald gerry jerry gerhard
gerard gerry jerry
gertrude trudy gert
gilbert gil bert
giovanna
giovanni gianni nino
giulio julio
giuseppe beppe pino
grace gracie
gregory greg gregor
gretchen greta
guillermo memo
gwendolyn gwen
hannah hanna johanna
harold harry hal
harriet hattie
helen nell ellen helena elena lena
henry hank harry hal heinrich heinz enrique henri
herbert herb bert
howard howie
hubert bert
ignacio nacho
irene rena
isaac ike
isabel isabella bella izzy belle
ivana
jacob jake jack jakob
jacqueline jackie
james jim jimmy jamie jem jaime
jana
jane janie jenny
janet jan
jasmine jas
jason jay
jean jeanie jeanne
jeffrey jeff geoff geoffrey
jennifer jen jenny jenn
jeremiah jerry
jeremy jerry jem
jerome jerry
jessica jess jessie
jesus chuy
joan jo joanie
joann jo joanne joanna
johannes hans hannes jan johann
john jack johnny jon jonny juan johannes jan ivan sean giovanni
jonathan jon jonny nathan john
jose pepe joseph
josefine josephine josefina
joseph joe joey jo josef jose
josephine jo josie
joshua josh
joyce joy
judith judy jude
julia jules julie juliana
julian jules
juliane juliana
julien julian
justin jus
karen kari
katarzyna kasia
kenneth ken kenny
kevin kev
kimberly kim kimmie
konstantin kostya
konstantinos kostas dinos
laura laurie lauri
laurent lorenz laurenz
lawrence larry lars laurence lorenz lorenzo
lea leah
leonard leo len lenny leonardo
leslie les
lillian lily lil
linda lindy
lorenza
louis lou louie lewis luis ludwig luigi
louise lou
lucas luke lukas luca
lucille lucy lucia
ludwig lutz
luisa louise louisa
lydia liddy
madeline maddie madeleine magdalena lena
magdalena magda lena
malgorzata gosia
manuel manolo manny
manuela
marcel
marcelle marcella
marcus marc mark markus marco
margaret maggie meg peggy marge margie greta rita gretel margarete margarita madge
maria mary marie mia ria
marilyn mary
mario
marjorie marge margie
martha marty mattie
martin marty martijn
martina tina
mary molly polly mae maria marie
matthew matt matty matthias mateo matteo mats
maureen mo
maurice mo
maximilian max
maxine max
megan meg
melanie mel
melissa mel missy lissa
michael mike mick mickey micky mitch miguel michel mikhail michele misha
michaela
michelle shelly chelle micki
mikhail misha
milan
milana
mildred millie
mohammad mohammed muhammad mohamed mohammad mo
monica mona
nancy nan
natalia natasha nat natalie
nathan nate
nathaniel nate nathan nat
nicholas nick nicky nico nicolas nikolaus klaus claus nikolai nikos colin niklas
nicole nicky nikki
noel
noelle
norman norm
oliver ollie
olivia liv livvy
oscar ozzie
pamela pam
pascal
pascale
patricia pat patty trish tricia patti
patrick pat paddy rick
paul pablo paolo pavel paulo
paula paulina pauline
penelope penny
peter pete pedro pietro petr pyotr pjotr
petra
philip phil phillip felipe philipp filip pip
phyllis phyl
priscilla cilla
rachel rae
ralph rafe
ramona mona
randall randy
raphael rafa rafael
raphaela rafaela
raymond ray
rebecca becky becca
reginald reg reggie
renate rena
rene
renee
richard rick dick rich ricky richie ricardo dickie
robert bob rob bobby robbie bert roberto rupert
roberta bobbie bertie robbie
roderick rod
rodney rod
roger rog rodger
roland rolf
ronald ron ronnie
rosemary rose rosie
roxanne roxie
rudolf rudi rudy rudolph
russell russ rusty
ruth ruthie
samantha sam sammy
samuel sam sammy
sandra sandy
sarah sara sally sadie
scott scotty
sebastian seb basti bastian
sergei serge sergio
sharon shari
shirley shirl
sidney sid
silvester sly
silvio
simon
simone simona
sofia sophia sophie sonya zosia
solomon sol
stanley stan stanislav stanislaw
stephanie steph stefanie steffi
stephen steven steve stefan stephan esteban stevie
stuart stu stewart
susan sue susie suzy susanne susanna suzanne
sylvester sly
sylvia syl silvia
tamara tammy
terence terry
teresa terry tess theresa tracy therese
thaddeus thad tad
thea
theodore ted teddy theo theodor
theresa terry tess tessa resi
thomas tom tommy tomas
timothy tim timmy timo
tobias toby tobi
tomasz tomek
tracy trace
ulrich uli
ulrike uli rike
valentin valentine
valentina val valya
valerie val
vanessa nessa
veronica ronnie vera
victor vic viktor
victoria vicky vicki tori
viktoria victoria
vincent vince vinnie vicente
virginia ginny ginger
vladimir vlad volodya vova
walter walt wally
wanda wendy
wayne way
wendy gwen
wilhelm willi willy william
william will bill billy willy guillermo liam
winifred winnie
wolfgang wolf
yevgeny zhenya evgeny
yolanda yoli
yuri jurij
zachary zach zack zak
`

// families maps a given name to the lines of [nicknames] that it stands in.
func families() map[string][]uint16 {
	m := map[string][]uint16{}
	for n, line := range strings.Split(strings.TrimSpace(nicknames), "\n") {
		for _, name := range strings.Fields(line) {
			m[name] = append(m[name], uint16(n))
		}
	}
	return m
}
