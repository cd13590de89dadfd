package match

import "strings"

// nicknames lists given names and what they are called for short or elsewhere, one
// a line, the name first. The others of a line stand for the name, not for one
// another: Bob is Robert, Rob is Robert, Rob is not Bob. It never proves anything:
// a nickname counts only beside identifiers that agree. A name that is listed is
// no slip for another that is, which is why some stand alone. Behind an equals sign
// stand the spellings that one name of another alphabet has in Latin letters.
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
robert bob rob bobby robbie bert roberto
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
aaron ron ronnie
abel abe
adela adele adie addie della
alexander sandy alexis alexei aleksander aleksandar alessandro xandi alek sander
alexandra alexandria aleksandra alessandra sasha
allen allan alan al
amabel mabel
amanda manda
amelia amalia mia
anastasia stacy stacey stasia
andrea drea
angelina lina
ann annette
anna ania anya anja anka anni annika anneke hanna
anthony ant tonio
arnold arnie arno
augustus gus august
beatrice beatrix betty
benedict bennet bennett
benjamin bennie
bernard berny barney
brittany britt brittney britney
bronislav broni
caroline carrie lynn line karolina
cassandra cass cassie sandra sandy
cecilia cissy cissie cis sissy
celestine celeste
christina christiana kristy kris christy christie tina kristie
christine kris kristy christy
christopher kris kit christophe kristoffer christoffer krzysztof
clara clare claire klara clarissa
clarence clair
claudia claudie
constantine costa kostas konstantinos
cora corinne corinna
cornelia nelly conny connie
cornelius cornelis kees
deborah debby debs
denise denny
derek derrick rick ricky
diego jacobo
dimitrios dimitris jimmy
dominic nick nicky
donald dony donny
dorothy dodie thea dortha
ebenezer eben
edgar eddy ed ned
edith edie
edmund eddy
edward eddy edu
edwin eddy ned
elaine helen lainie
eleanor leonora lenora nora lenore eleonora
elias eli
elijah eli
elisha eli
elizabeth libby lisbet liza elsa elise bettie betsey elspeth elisabetta elzbieta ela lilli
emanuel manuel manny emmanuel
emma em emmie emmy
erasmus ras
eric rick ricky
ernestine erna tina
esther essie hettie hetty ester
eugene genya yevgeny
fatima fatma
felicity flick fliss
fernando nando
florian flo
frances fanny frankie
francesca franca chicca fran
francis frankie
francisco cisco kiko
frederica freda fred
frederick fredrik friedrich fred fritz
gabriel gabi gaby gavril
georg george jorg schorsch
george georgie jorge georgios yorgos
georgina gina georgie
gerald geri
geraldine geri gerry
giovanna gianna vanna
giovanni gio
gloria glory
graham gray
guglielmo memmo
gustav gus gustavo
hannah hanni
harrison harry
heather hettie hetty
hector ettore
henrietta etta hettie hetty
herman hermann manny
hermione mione
horace horry
ignatius iggy
ingeborg inge inga
isabella isa isobel
isidore izzy dora
ivan vanya
jackson jack
jacob giacomo iago
jacqueline jacqui jacky
james jimmie giacomo
jan jannik janek janus
janet janette jeanette nettie
janice jan
jean jeannie
jeremiah jem
jeremy jez jezza
joachim achim jo
joan joanie nonie
johann hannes hans
johanna hanne jo hanni
john jonnie jock ian jean johan joao giovanni
jonathan jonnie jonathon
joseph giuseppe josef jozef pepe yusuf
josephine josie fina
joshua josue
julia julie jill juliet
karl-heinz kalle heinz karlheinz
katherine kay kit katy kathie katya kathi trina catarina caterina katerina
kathleen kath kathy kay
kayla kay
kimberly kimberley kimmy kimberli
krystyna krysia
lauren laurie lori
laurence laurie
leonard leonhard lennart lennie
leonardo leo nardo
leonid lenya
leopold leo poldi
leroy roy lee
leslie lester les
lester les
lidia lydia lyddy
lilian lillie lilly
linda lynn lin
lorenzo enzo renzo
loretta lori lorrie etta
louis luigi
ludmila mila lyuda
madeleine madge
magdalena leni magdi
malcolm mal
margaret margery marjorie gretta gretchen daisy peggie margret marguerite
maria marika mariya marija masha manya mitzi miriam
marilyn mary lynn
martha marty
martin marty martijn maarten tino
mary molly polly mamie minnie mitzi moll marion maria may
mathew mat
matilda tilly tilda mattie
matthew mat matty matti mathew
maureen mo
maximilian maxi
michael mikey mickey mike mikhail mikael michel michele michal mihai
michaela micha michi
michelle shelly shell
mikhail misha
mildred millie
minerva minnie
mohammed mohammad muhammad mohamed mo
montgomery monty
myrtle mert
nathaniel nate nat nathan
nicholas nicky nicolas nikolas nikolai nikolaus nicola nico niko klaus
nicole nicky niki cole nikki
octavius tavy
oliver ollie oli
olivia livvy ollie liv
oswald ozzy
pamela pammy
patricia patsy trisha tricia pat patty
patrick paddy pat pate
paula pauline polly
peggy peg
penelope penny pen
percival percy
philip pip phil philipp
philippa pippa pip
phyllis phyl
priscilla prissy cilla
rachel rachael rae
ralph raoul rafe
randolph randy
raymond ray ramon
rebecca beck becky becca bec
reginald reg reggie
richard richie rich ricky ricardo
robert robby robbie rob bobby roberto
roberta bobbie robbie berta
roderick rod roddy rory
rodney rod
roger rog
roland rolf
ronald ronny ron
rosalie rosie rose
rosemary rosey rosie romy
rudolf rudi rudy
ryan ry
salvatore toto turi salvo
samantha sammy sam sammie
samuel sammy sam sammie
sarah sally sadie sara
sebastian seb bastian basti
sergio checo
shirley shirl
sidney sid syd sydney
siegfried siggi sigi
silvester vester
simon si
sophia sofie sophy zofia
stephan stefano stevo
stephanie stephie stephani stefania
susan susana suzie suzy zuzana
susanna sanna sanne
suzanne suki suzy sue
svetlana sveta lana
tatiana tanya tania tatyana
theodora thea dora
theodore ned
tiffany tiff
timothy timmo
ulysses uly
valentina valia
vera veronica
veronica ronnie ronni vero
vincenzo enzo vince
viviane vivi viv
vivian viv vivi
walter walti wat
wendy wen
wilfred wilf fred
wilhelmina minnie wilma mina willa
william willie wills guilherme guillaume
winston win
xavier xavi javier
yolande yola
yvonne yve
zachariah zach zachary zack
zdenek zdenko
= andrei andrey andrej andriy
= alexei aleksei alexey aleksey
= dmitri dmitry dmitriy dimitri dmitrij
= evgeni evgeny evgenij yevgeny yevgeni evgeniy
= georgi georgy georgiy
= grigori grigory grigoriy
= igor ihor
= nikolai nikolay mykola
= sergei sergey sergej serhii sergiy
= vasili vasily vasiliy vasyl
= vitali vitaly vitaliy
= yuri yury yuriy jurij juri
= anastasia anastasiya anastasija
= ekaterina yekaterina katerina
= elena yelena olena jelena
= julia yulia yuliya julija iuliia
= natalia natalya nataliya natalija nataly
= sofia sofiya sofija
= tatiana tatyana tatjana tetiana
= viktoria viktoriya viktorija victoriya
= mohamed mohammed muhammad mohammad muhammed
steven steve stevie
bob bobby
bill billy
jim jimmy
mike mikey
tom tommy
dan danny
rick ricky
nick nicky
= ali aly
= ashley ashly
bella bell
betsy beth
brian bryan bryant
catherine cathy cath
cheryl cher
christine christina
daniel dann
debra debbie deb
diane di didi
dora doris
ella helen
frederick freddy freddie
geraldine dina
griselda grissel
isabelle bella
joanne jo
joseph joey
joshua joe
joyce joy
kathryn katie kathy
kenneth kendrick
levi lee
malcolm mac
martha mattie
matthew mattie
maurice morey mo
michelle shellie shelley
mildred milly
nancy nan
natalie natty nat
paul pauly
phillip pip phil
polly paula
roger roge
ronald ronnie
rosanna rosie
roxanna roxy rox
sharon shaz
= shaun sean shawn
stephanie steph
susanna susie
suzanne susie
= terri terry teri
wesley wes
= abdallah abdullah abdulla abdula
= ahmed ahmad ahmet achmed
= aisha aicha ayesha aysha aishah
= amin ameen
= amir ameer emir
= bilal belal
= fatima fatma fatemeh fatimah
= farid fareed
= habib habeeb
= hakim hakeem
= hamid hameed
= hassan hasan hassen
= hussein hussain husain husayn hossein hussen
= ibrahim ebrahim ibraheem
= ismail ismael esmail
= jamal gamal jamaal
= kamal kamel
= karim kareem
= khalid khaled
= khadija khadijah khadidja
= layla leila laila leyla lejla
= mahmoud mahmud mahmood
= mariam maryam meryem miriam
= mustafa moustafa mostafa
= nadir nader
= nasser nasir naser
= noor nour nur
= omar umar omer
= osama usama
= rafiq rafik rafeek
= rashid rachid rasheed
= said saeed saad
= salim saleem selim
= samir sameer
= tariq tarek tarik
= walid waleed
= yasmin yasmine yasmeen
= yusuf youssef yousef yousuf
= zaynab zeinab zainab
= oleksandr aleksandr alexander aleksander
= oksana oxana
= olexiy oleksiy aleksei alexei
= volodymyr vladimir wladimir
= mykhailo mikhail michail
= pavlo pavel
= petro pyotr petr
= kyrylo kirill kiril
= maksym maxim maksim
= ksenia xenia kseniya
= feodor fedor fyodor
= ilia ilya ilja
= anatoly anatoli anatoliy anatolij
= arkady arkadi arkadiy
= valery valeri valeriy
= gennady gennadi gennadiy
= leonid leonyd
= ludmila lyudmila liudmila ljudmila
= svitlana svetlana
= larisa larysa larissa
= galina halyna
= marina maryna
= irina iryna
= polina polyna
= daria darya dariya dasha
= maria mariya mariia marija
= eugenia evgenia yevgenia evgeniya
= georgios giorgos yorgos george
= ioannis yannis giannis
= konstantinos constantinos
= dimitrios dimitris demetrios
= nikolaos nikos nicolaos
= panagiotis panayiotis
= eleni elena helen
chris chrissie
alex lex
max maxi
`

// families maps a given name to the lines of [nicknames] that it stands in: the
// number of the line, negative where the others stand for it.
func families() map[string][]int16 {
	m := map[string][]int16{}
	for n, line := range strings.Split(strings.TrimSpace(nicknames), "\n") {
		spellings, sameName := strings.CutPrefix(line, "= ")
		for k, name := range strings.Fields(spellings) {
			number := int16(n + 1)
			if k == 0 || sameName {
				number = -number
			}
			m[name] = append(m[name], number)
		}
	}
	return m
}
