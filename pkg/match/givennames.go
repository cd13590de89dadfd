package match

import "strings"

// givenNames are names that people are given, in ASCII, beside those of
// [nicknames]. Two of them that differ by a letter are two people: Paolo is no
// slip for Paola, nor Kerry for Terry. No list is complete; the customer's own
// people add to it.
const givenNames = `
aaliyah aaron abdul abdullah abel abigail abner abril achim ada adalberto adalynn adam adamo adela adelaide adele adelina adem adil adina aditi aditya
adnan adolf adolfo adria adriaan adriana adriano adrien afonso agata agatha agnese agnieszka agostino agustin agustina ahmad ahmed ahmet aida aidan
aiden aiko aileen aimee aina aino aisha aisling aiste ajay akemi aki akihiko akiko akira aksel alain alan alana alanna alba alban albertina alberto
albin albina alda aldo alena alenka ales alessandra alessandro alessia alessio alexia alexis alfonso alfreda alfredo alina aline alisa alisha alison
alissa alistair allan allen allison alma alois alojz alonso alonzo aloysius alphonse alva alvaro alvin alvina alyson alyssa amalia amalie amar amara
amaya amber ambrose amelie amina amir amira amit amita ammar amos amparo ana anabel anais anas anastasia anastasios anastazja anatol anatoly anders
andreea andreia andrej andreja andres andris andrius andrzej ane aneta anette angele angeles angelica angelika angelina angelo angus anika anil anila
anisa anissa anita anja anjali anjana anke anker annabel annabelle annalisa annamaria anneke annelie annemarie annette annika annikki anselm ante
antje anton antonella antonello antonietta antonin antonina antonino antti anya apolonia april arash archie ari aria ariana ariane arianna arie ariel
arif arild arjun arlene arlo armand armando armin arnaud arnault arndt arne arno arnold arnoldo aron arsen artem artemis artur arturo arun aruna arvid
arvind arya asa asad asger asha asher ashish ashley ashlyn ashok asif aslan asli asma asta astrid asuka athena attila atul aubrey audrey august
augusta auguste augustin augustine augusto aurelia aurelie aurelien aurelio aurora austin ava avery avi avril axel aya ayaka ayako ayan ayaz aylin
ayman ayse aysel azra bahar balazs balint baptiste barbora barbro barnabas barney baron barry bart bartosz bas basil basilio bastian bastien batuhan
bea beata beate beatrix beatriz becky bela belen belinda bella benedetta benedetto benedicte bengt benita benito benno benoit bente berit bernadetta
bernardo bernice berta bertha bertil bertram bertrand beth bethany betina bettina betty beverley beverly bhavna bianca bilal birger birgitta birgitte
birte bjarne bjorn blaise blake blanca blanche blanka blaz blazej bob bobby bodil bogdan bogumil boguslaw bohdan bohumil bojan boris borislav borja
boyd bozena brad brady brandy branislav branka branko breanna brecht brenda brendan brent bret brett brian briana brianna brice brigid brigitta
brigitte britney britt britta bronwyn brooke bruce bruno bryan bryce bryn bulent burak burkhard byron caitlin caleb callum camila camilla camille
camillo camilo candace candice cara caren carey carina carine carissa carita carl carla carlo carlotta carlton carly carmel carmela carmelo carmen
carmine carolin carolina caroline carsten carter cary caspar cassandra cassie catalina catarina caterina cathal catherina cathleen cathrin cathrine
catia catriona cecile cecilie cedric celeste celestino celia celina celine cem cemal cengiz cesar cesare chad chadwick chandra chang chantal chao
charlene charline chelsea chen cheng cheryl chiara chieko chikako chloe chris christa christel christelle christer christi christie christophe christy
chun cian ciara cindy ciro claire clara clarissa clarisse clark claudette claudine claus clay clayton clelia clemens clement clementine cleo clifton
clint clinton clive clotilde clyde cody colette colin colleen colm conall concetta connor conor conrad conrado constantin constantine constanza
consuelo cora coralie cordelia cordula corentin corey corina corinna corinne cormac cornelia corrado cory cosima cosimo courtney craig cristian
cristiana cristiano cristina crystal csaba cuneyt cynthia cyprien cyril cyrille cyrus czeslaw dafne dag dagmar dagny daisuke daisy dale dalia dalibor
dallas damian damiano damien damir damjan damon dan dana dane dania danica danijel danijela danil danila danilo danuta daphne dara darcy darek daria
darien dario dariusz darja darko darla darlene darrell darren darryl darwin daryl dasha davi davide davina davit davor dawid dawn dawud dayana dayo
dean deanna debora declan deepa deepak deepika deirdre delia delphine demetrius demi denisa deniz denzel derek deshawn desiree desmond despina detlef
devin devon dexter dharma dhruv diana diane dianne didier diego dieter dietlinde dietmar dietrich dilan dilek dilip dima dimitar dimitra dimitri
dimitrios dina dinah dinesh dino diogo dion dirk divya djamel dmitri dmitry dobromir dolores domenica domenico dominga domingo dominic dominik
dominika dominique don donal donald donata donatella donato donna dora doreen dorian doriana doris dorota dorotea dorothea dorothee dorothy dorte dot
doug douglas dragan dragana drago dragos drew duane dulce duncan dunja dursun dusan dustin dwayne dwight dylan earl easton ebba ebru ed eda edda eddie
edeltraud edgar edit edita edith edmond edmund edmundo edna edoardo eduard eduarda eduardo edward edwin edwina edyta efe efren egon eike eiko eileen
einar eirik eithne ekin ela elaine elba eleanor eleanora elen elena eleni elenora eleonora eleonore eli elia eliana eliane elias elie elif eligiusz
elija elijah elina elinor elio eliot elisa elisabeta elisabeth elisabetta elise elisha eliska elissa eliza elizabeth elke ella elle ellen elliot
elliott ellis elmar elmer elodie eloise elsa elsbeth else elsie elton elva elvin elvira elvis elwood elzbieta emanuel emanuela emanuele emel emelie
emeric emerson emil emile emilia emiliana emiliano emilie emilio emily emine emir emma emmanuel emmanuelle emmet emmett emmy emre enda ender endre
engelbert enid ennio enno enrica enrico enrique enya enzo eoin ephraim erdem erdogan erhan eric erica erich erick erik erika erin erina erla erland
erling erminia ernest ernestine ernesto ernst eros ervin erwin esma esmeralda espen esperanza estela estelle ester esther estrella etel ethan ethel
etienne etsuko etta eugen eugene eugenia eugenie eugenio eunice eusebio eva evan evangelia evangelos evaristo eve evelina eveline evelyn evelyne
everett evert evie evita ewa ewald ewan eyal ezekiel ezequiel ezio ezra fabian fabiana fabiano fabien fabienne fabio fabiola fabrice fabrizia fabrizio
fadi fadila faisal faith fannie fanny farah farid farida faris farouk fatih fatima fatma fausta fausto fay faye federica federico fedor fei felicia
felicitas felicity felipe felix feng ferdinand ferenc ferit fernanda fernande fernando fidel fiete filip filippa filippo filomena finbar finlay finley
finn fintan fiona fiorella fiorenzo flavia flavio flemming fleur flor flora florence florencia florent florentin florian florin floyd flynn fons
forrest frances francesca francesco francine francis francisca francisco franciska franciszek franck franco francois francoise frank frankie frans
frantisek franz franziska fraser fred freda freddy fredric fredrik freja freya frida frieda friederike friedhelm friedrich frits fritz fulvio fumiko
fumio furkan gabor gabriel gabriela gabriele gabriella gabrielle gaby gael gaelle gaetan gaetano gaia gail galina gamal gareth garrett garry garth
gary gaspar gaston gaurav gauthier gavin gavril gaye gayle gearoid geert gemma gena gene genevieve gennaro genoveva geoff geoffrey geoffroy georg
george georges georgeta georgi georgia georgiana georgina georgios gerald geraldine gerard gerardo gerd gerda gergely gerhard gerlinde germaine german
gernot gerrit gertrud gertrude gheorghe ghislain ghislaine gia giacomo giada giampaolo gian giancarlo gianfranco gianluca gianmarco gianna gianni
gideon gil gilbert gilberto gilda giles gilles gillian gina ginette gino gioia giorgia giorgio giovanna giovanni gisela gisele gisella gislinde gita
giulia giuliana giuliano giulio giuseppe giuseppina gizem gladys glen glenda glenn gloria godfrey goetz gonzalo goran gordana gordon gosta gottfried
grace gracie graciela graeme graham grainne grant grazia graziana graziano graziella greg greta gretchen grete gretel grigori grzegorz guadalupe
gudrun guenter guglielmo guido guilherme guillaume guillermina gulay gundula gunhild gunnar gunter gunther guro gus gustaf gustav gustave gustavo guy
gwendolyn gwyn gwyneth gyorgy gyula haakon habib hadas hadi hadley haidar hailey hakan hakon hal haley halil halina halle halvor hamid hamish hamza
hana hanako hani hanna hannah hanne hannele hannelore hannes hannu hans hansjorg hao harald haris harish harlan harley harold haroon harriet harrison
harry haruka haruki haruko harvey hasan hassan hassana hatice hayden hazel heath heather hector hedda hedi hedvig hedwig hedy heidi heike heikki heiko
heiner heinrich heinz helen helena helene helga helge helmi helmut heloise hendrik henning henri henrietta henriette henrik henrike henrique henry
henryk herbert heribert herman hermann hermine hermione hernan hilary hilda hilde hildegard hillary himanshu hina hiro hiroki hiroko hiromi hiroshi
hitomi hoang holger holly homer honza hope horacio horst hristo hubert hugh hugo hugues hulda humberto humphrey hung hussein hyacinth iain ian iben
ibolya ibrahim ida idris ieva ignacio ignatius ignazio igor ihor ike ilaria ilario ilda ildiko ileana ilhan ilian iliana ilija ilka ilker ilona ilse
ilya iman imelda imke immacolata imogen imran imre ina indira indra ines inga inge ingeborg inger ingo ingrid ingvar inigo inka innes ioan ioana
ioanna ioannis ion ionut ira iraida iram irena irene ireneusz irina iris irma irmgard irmtraud irving isa isaac isabel isabela isabell isabella
isabelle isaiah ishaan isidor isidora isidoro isidro iskra isla ismael ismail isolde israel istvan itamar ivan ivana ivanka ivar ivelina iveta ivette
ivica ivo ivona ivone ivy iwan iwona iza izabela jaakko jaako jacek jack jackie jackson jacky jaclyn jacob jacopo jacqueline jacquelyn jacques jade
jaden jadwiga jaime jaimie jake jakob jakub jalal jamal james jamie jamil jamila jan jana janae jane janek janelle janet janette janez jani janice
janick janie janik janina janine janis janka janna janne jannes jannik jannis janos jaqueline jared jari jarko jarmila jarmo jaromir jaroslav
jaroslava jaroslaw jarrod jarvis jasmin jasmina jasmine jason jasper javed javier jay jaya jayden jayne jayson jean jeanette jeanine jeanne jeannette
jeannie jed jeff jeffery jeffrey jelena jelle jenna jennie jennifer jenny jens jeppe jerald jeremiah jeremy jeroen jerome jerry jerzy jesper jess
jesse jessica jessie jesus jeta jette jiang jie jill jillian jim jimena jimmy jin jing jiri jiro jitka jo joachim joan joana joanie joann joanna
joanne joao joaquin joaquina job jocelyn jochen jodi jodie jody joe joel joelle joerg joey johan johana johann johanna johannes john johnathan johnnie
johnny jolanda jolanta jole jolene jon jona jonah jonas jonathan jonna jonny joona jordan jordana jordi jorg jorge jorgen jorma jorn jorun jos josanne
jose josef josefa josefina josefine joseph josephine josette josh joshua josiah josiane josie josip josipa josune joy joyce jozef jozefa jozsef juan
juana juanita jude judit judith judy juha juhani jules julia julian juliana juliane juliano julie julien julienne juliet julieta juliette julija julio
julita julius jun june junko juraj jurgen juri juris jussi justin justina justine justyna jutta jyoti jyri kacper kai kaia kaisa kaj kajsa kamal
kamala kamil kamila kamilla kaori kara karan kareem karel karen karena kari karim karima karin karina karine karla karlheinz karlo karol karola
karolin karolina karoline karolis karsten karthik kasia kasimir kaspar kasper kata katalin katarzyna kate katelyn katerina kathe katherina kathleen
kati katia katie katinka katja katleen katrien katrina katy kaveh kavita kay kaya kayla kayleigh kazimierz kazuko kazuo kazuya keiji keiko keira keith
kelechi kelly kelsey kelvin kemal ken kendall kendra kenichi kenji kenneth kenny kent kenta kenya kerem keri kerrin kerry kerstin ketil kevin khadija
khaled khalid khalil kian kiana kiara kieran kiki kilian kim kimberley kimberly kimi kimiko kinga kinsey kira kiran kirby kirill kirk kirsi kirsten
kirsti kirstin kirsty kishore kitty kjell kjersti klaas klara klaudia klaudiusz klaus klavs klemen klemens knud knut koji konrad konstantin
konstantina konstantinos kora koray kornelia kris krisha krishna krista kristian kristiane kristiina kristijan kristina kristof kristoffer kristy
krystian krystyna krzysztof kumar kunal kurt kwame kyle kylie kyoko kyra kyriakos lacey ladislav laila lajos lakshmi lalita lamar lamia lan lana lance
lara larissa larry lars lasse laszlo latoya laura lauren laurence laurens laurent lauri lauriane laurie laurin laurits lauro lavinia lawrence layla
lea leah leandra leandre leandro leanne lee leen leena leif leigh leila leilani leire lele lelia lemuel len lena lenard lene leni lenka lennart lenny
lenore leo leocadia leon leona leonard leonarda leonardo leonhard leonid leonida leonie leonor leonora leonore leontine leopold leopoldo leroy les
lesley leslie leszek leta leticia letitia letizia lev levi levin lewis lexie leyla li lia liam liana liane lianne lidia lidija liesbeth liesel
lieselotte ligia lila lilia lilian liliana liliane lilja lilli lillian lilly lily lin lina linas lincoln linda lindsay lindsey line linn linnea linus
lionel lisa lisabeth lisbeth lise liselotte lissette liv livia livio liviu liza ljiljana ljubica lloyd logan loic lois lola lora loraine lore lorena
lorenz lorenza lorenzo loretta lori lorna lorraine lothar lotte lou louis louisa louise lourdes loyd luan luana luba lubica lubomir lubos luc luca
lucas lucia lucian luciana luciano lucie lucien lucienne lucija lucila lucile lucille lucinda lucio lucrezia lucy ludek ludger ludivine ludmila ludo
ludovic ludovica ludovico ludvig ludwig luigi luigia luis luisa luise luka lukas lukasz luke lulu luna luther lutz luuk luz lydia lydie lyle lyn lynda
lyndon lynette lynn lynne lysander maaike maarten mabel macarena maciej macy madeleine madelene madelina madeline madelyn mads mae maeve magali magda
magdalena magdalene maggie magnus mahdi mahesh mahmoud mahmut maia maik maike maja makoto malcolm malek malena malgorzata malik malika malin malina
malinda mallory malte malvina mamadou mandeep mandy manel manfred manish manja manoj manon manuel manuela manuella mara marc marcel marcela marceli
marcelina marceline marcella marcelle marcello marcelo marci marcia marcin marco marcos marcus marcy mare marek maren marga margaret margareta
margarete margarethe margarida margarita margaux margherita margit margo margot margrit marguerite mari maria mariam marian mariana marianna marianne
mariano maribel maricel marie marieke mariela mariella marielle marietta marija marijan marijke marika mariko marilena marilou marilyn marin marina
marine marino mario mariola marion mariona marisa marisol marissa marit marita marius mariusz marja marjan marjana marjatta marjolein marjorie mark
marketa markku marko markus marla marlen marlena marlene marlies marlin marlis marloes marlon marly marna marques marsha marta marten martha marti
martial martin martina martine martino martti marty martyna marvin mary maryam marylin maryna masako masashi masato mason massimiliano massimo matej
mateja mateo mateusz mathias mathieu mathilda mathilde matias matija matilda matilde matis matt matteo matthew matthias matthieu matti mattia maud
maude maura maureen maurice mauricio maurizia maurizio mauro max maxim maxime maximilian maximiliane maximo maxine may maya mayra mayumi mckenzie
meera megan meghan megumi mehdi mehmet mehtap mei meike meinhard meir mel melania melanie melih melina melinda melisa melissa melita melody meltem
melvin mercedes mercy meredith merete meri merja merle merlin mert meryem meryl mete mette mia mica micaela micah micha michael michaela michal
michala michalina micheal michel michela michelangelo michele micheline michelle michiel michiko michio mick mickael mickey midori miguel miguela
mihaela mihai mihail mihaly miika mika mikael mikaela mike mikel mikhail mikkel miklos miko mikolaj mila milada milagros milan milana milda mildred
milena miles milica miljana milla millicent milo milos miloslav milosz milton mina minako minami mindy minerva ming minh minna minnie mira mirabel
miranda mirco mireia mireille mirek mirela mirella miriam mirja mirjam mirjana mirko miro miron miroslav miroslava miroslaw mirta misaki misha mislav
mitch mitchell mitja mitsuko miyuki mladen mohamed mohammad mohammed mohan mohsen moira moises molly momoko mona moni monica monika monique monserrat
montserrat morgan moritz morris morten moses mounir moustafa muhammad muhammed mukesh munir murat muriel murray musa mustafa myles myra myriam myrna
myrtle naama nabil nada nadezhda nadia nadine nadja nadya nahid nahuel naim naima nana nanako nancy nandini nanette nao naoki naoko naomi napoleon
narcisa narciso naresh nasir nasrin nasser nastasia natalia natalie nataly natan natascha natasha nate nathalie nathan nathaniel nava naveen navid
nazli neal ned neda nedim neel neele neha neil nela nele nelia nell nella nellie nello nelly nelson nena nenad neo nerea nermin nesrin neta nettie
neus neva nevena neville nia niall niamh nicholas nicklas nicky nico nicola nicolaas nicolai nicolas nicole nicoleta nicoletta nicolette nicolina
nicolo niels nigel nihal nihat nika nike niki nikita nikki niko nikola nikolai nikolaj nikolaos nikolas nikolaus nikolay nikolina nikos nilda nils
nilufer nina ninette nino nisha nishant nita nitin niv noa noah noam noel noelia noelle noemi noemie noor nora norah norbert noreen nori noriko norma
norman norris nour novak nuno nuri nuria nurten oana octavia octavian octavio oda odd ode odette odile odin ofelia okan oksana ola olaf olav ole oleg
oleksandr oleksiy olena olga olimpia olinda oliver olivera olivia olivier olle olli ollie olof olov omar omer ondine ondrej onur oona ophelia ora oran
orazio orest oriana oriane oriol orla orlando orsola orsolya ortwin osama oscar oskar osman osvaldo oswald oswaldo otakar otilia otis ottavia ottavio
ottilie otto ove owen oya ozan ozgur ozlem paavo pablo paco paddy padma padraig paige paivi palmira palmiro paloma pam pamela pandora paola paolo
paraskevi paris parker parvati pascal pascale pascual pasi pasqual pasquale pasqualina pat patrice patricia patricio patrick patrik patrizia patrizio
patryk patti patty paul paula paule paulette paulina pauline paulius paulo pavel pavla pavlina pavlos pavol pawel paz pearl pedro peer peggy pelle
penelope penny peppino per percy perla pernille perrine perry perttu petar pete peter petko petr petra petre petri petrina petronella petronia petros
petter petteri phil philip philipp philippa philippe philippine philomena phoebe phyllis pia pierangelo piero pierre pierrette pieter pietra pietro
piia pilar pim pina pinar pinja pino pio piotr pippa pirjo pirkko piroska piyush plamen pooja poppy poul prabhu pradeep prakash pramod pranav prasad
prashant pratik praveen preben precious predrag preeti prem preston prisca priscilla priti priya priyanka przemyslaw puneet purnima quentin quincy
quinn quintin rabia rachel rachele rachid rada rade radek radka radko radomir radoslav radoslaw radovan radu rae rafael rafaela rafaele rafal raffaele
raffaella raghav ragna ragnar ragnhild rahel rahim rahul raimo raimund raimundo raina rainer raisa raj raja rajan rajat rajeev rajesh rajiv rajnish
raju rakesh ralf ralitsa ralph ram rama raman ramesh rami ramiro ramon ramona ramune ran rana ranata randa randall randi randy rani ranjit ranveer
raphael raphaela raphaelle raquel rares rashid rasmus raul rauno ravi ravinder ray raya raymond raymonde raymundo razvan rea reagan reba rebeca
rebecca rebecka rebekah rebekka recep reda reece reed reese regina reginald regine regis regula reid reidar reiko reina reinald reinaldo reiner
reinhard reinhild reinhold reino reka remco remedios remi remigio remo remus remy rena renald renaldo renard renata renate renato renaud rene renee
renzo reshma reto reuben reut reva rex reyes reynaldo rhea rhett rhiannon rhoda rhona rhonda rhys ria riana ricarda ricardo riccarda riccardo richard
rick ricky rico rieke rigoberto riho riikka riina rikke riley rima rina rinat rino riordan risa rishi risto rita ritu ritva riva rob robbie robby
robert roberta roberto robin robyn rocco rochelle rocio rocky rod roddy roderick rodica rodney rodolfo rodrigo rodrigue roel roeland rogelio roger
rogerio rohan rohit roisin roland rolanda rolando rolf romain romaine roman romana romano romeo romina romuald romy ron rona ronald ronaldo ronan
ronen ronja ronnie ronny rory rosa rosabel rosalia rosalie rosalind rosalinda rosalyn rosana rosangela rosanna rosanne rosario roscoe rose roseanne
rosella roselyn rosemarie rosemary rosetta rosie rosina rosita roslyn rosmarie ross rossana rossella rowan rowena roxana roxane roxanne roy royce
ruben rubina ruby rudi rudolf rudolfo rudolph rudy rufus rui ruken rune rupert ruslan russell rusty ruta rute ruth ruthie ruud ruza ryan ryo ryoko
ryszard saad sabina sabine sabri sabrina sacha sachiko sachin sadie sahar sahin said saida sajid sakari sakura salah saleh salem salim salima sally
salma salman salome salvador salvatore sam samantha samar sameer sami samina samir samira sammy samson samuel samuela samuele samuli sandeep sandhya
sandi sandor sandrine sanja sanjay sanjeev sanna sanne santa santiago santo santos sapna sara sarah sari sarika sarita sascha sasha saskia satoko
satoshi satu saul saulius savanna savannah saverio savina savino scarlett scott seamus sean seb sebastian sebastiano sebastien seda sedat seiji selda
selena selene selim selin selina selma semra senem seppo september serafina serap serdar serena serge sergei sergej sergey sergi sergio serhat serhii
serkan seth severin severine severino seyma shabnam shadi shahid shaina shane shania shankar shannon shantel sharad shari sharon shaun shauna shawn
shawna shay shea sheena sheila shelby sheldon shelley shelly sheri sherman sherri sherry sheryl shigeru shinji shinobu shirin shirley shiv shlomo
shobha shona shoshana shreya shruti shu shubham shyam sian sibel sibylle sidney sidonie siegfried siena sienna sierra sif sig sigal sigmund sigrid
sigrun sigurd siiri silas silja silke silvan silvana silvano silver silvester silvestre silvestro silvia silviane silvie silvija silvina silvio sima
simeon simo simon simona simone simonetta sina sinan sinead sini siobhan siri siro sissel sissi sita siv sixten skye slava slavica slavko slavomir
slawomir sneha snezana snezhana soeren sofiane sofie sofija sokol sol solange soledad soleil soley solveig soma sona sonal sonali sonia sonja sonny
sophia soren sorin spencer spyros sreten stacey stacy staffan stana stanimir stanislas stanka stavros stef stefan stefana stefania stefanie stefano
stefanos stefka stella stellan sten stephan stephane stephania stephanie stephany stephen stephon sterling stevan steve steven stewart stig stijn
stina stjepan stoyan stuart su subhash sue suellen sufjan sujata sukru suleiman suleyman sultan suman sumit sumita summer sunil sunita sunniva suresh
suri susan susana susann susanna susanne suse sushil sushma susi suvi suzana suzanna suzanne suzette svante svea sven svend svenja sverre svetlana
svetozar swantje swapna swati sybil sydney syed sylvain sylvana sylvester sylvia sylvie syuzanna szabolcs szilard szilvia szymon taavi tabea tabitha
tadej tadeo tadeusz taina tal talia talita talitha tam tamar tamara tamas tamiko tammo tammy tan tania tanja tanner tanya tao tapio tara taras tarek
tariq tarja taryn tasha tatiana tatjana tatsuya tatum tatyana taylor tea teagan ted teemu teija teo teodor teodora teodoro terence teresa terese teri
tero terrance terrell terri terry tess tessa tetsuya tevin thais thalia thanos thea theis thekla thelma theo theodora theodoros theophile theres
therese thersa thibaud thibault thibaut thiemo thierry thies thijs thilo thom thomas thomasina thor thora thorben thorsten thorvald thu thuy tia tiago
tiana tianna tibor tiffany tiina tilda till tillie tillman tilman tim timea timo timon timothee timothy timur tina tine tinka tino tirza titus tiziana
tiziano tjark tjorven tobias toby todd todor tom tomas tomasa tomaso tomaz tomek tomi tomiko tomislav tommaso tommie tommy tomoko tomoya tone toni
tonia tonio tonje tony tonya torben tore torsten torvald toshiko toshio toula tove tracey traci tracie tracy traute travis trent trevor trey tricia
trina trine trinh trinidad tristan troels trond troy truda trude trudi trudy trygve tsvetan tuan tudor tugba tuija tuomas tuomo turgut turid tuula
tuva tyler tyra tyree tyrone tyson uberto uche ufuk ugo ulf ulla ulric ulrica ulrike uma umar umberto umit umut una urban uri uriel urs ursula urszula
urte usha uta ute uwe uzma vaclav vadim val valdemar valencia valentina valentino valeria valeriano valerie valerio valery valter vanda vanja vanna
vasco vasil vasile vasiliki vasilios vasily vassilis veit velma vendula venera vera verena verica verna vernon veronika veronique vesa vesna vibeke
vicent vicente vicki victor victoria vida vidal vidar vidya viggo vijay vikram viktor viktoria vilhelm vilja villads ville vilma vimal vin vince
vincent vincenza vincenzo vinod viola violet violeta violetta violette viorel viorica vipin viraj virgil virgilio virginie virpi virve vishal vita
vitali vitaly vito vitor vittoria vittorio vivek vivi vivian viviana viviane vivien vivienne vlad vlada vladan vladimira vladislav vlasta vlastimil
vojtech volkan volker volodymyr vuk vytautas wade waldemar waleed walid walter wanda ward warren waseem wassim wayne wei wen wendelin wendell wendy
werner weronika wes wesley whitney wiebke wieland wieslaw wieslawa wiktor wiktoria wilbert wilbur wilda wilfred wilfredo wilfried wilhelmina willa
willard willem willemijn willis wilma wilmer wilson wim winfried winston witold wladyslaw wojciech wolfram wout wouter wyatt xander xavier xaviera
xenia xiang xiao xin xochitl yael yahya yair yakup yana yang yanick yann yanna yannick yannis yara yaroslav yasemin yaser yasin yasmin yasmine yasuko
yavuz yehuda yelena yenny yi yigit ying yitzhak yoko yolanda yolande yosef yoshi yoshiko yosuke yousef youssef yu yuan yui yuki yukiko yukio yulia
yuliya yumi yuna yunus yuriko yuriy yusuf yuta yuto yuval yves yvette yvonne zachariah zachary zaida zaira zane zara zbigniew zdenek zdenka zdenko
zdravko zdzislaw zeev zehra zelda zelia zeljka zeljko zelma zeynep zhang zhen zheng zina zita ziv zivko zlata zlatan zlatko zoe zofia zoltan zora
zoran zorica zorka zsofia zsolt zuzana zuzanna zvi zvonimir zygmunt
`

// givenNameSet is the names of both lists.
func givenNameSet() map[string]bool {
	set := setOf(givenNames)
	for _, name := range strings.Fields(nicknames) {
		set[name] = name != "="
	}
	return set
}
