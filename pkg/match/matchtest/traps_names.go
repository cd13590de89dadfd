package matchtest

import "strings"

// The lists from which traps are made.
var (
	// oneLetter are pairs of given names that differ in a letter and belong to two
	// people: brother and sister, more often than not.
	oneLetter = strings.Fields(`Mario/Maria Carlo/Carla Claudio/Claudia Silvio/Silvia Paulo/Paula Roberto/Roberta Alberto/Alberta Franco/Franca
Fabio/Fabia Giulio/Giulia Livio/Livia Sergio/Sergia Valerio/Valeria Mauro/Maura Dario/Daria Flavio/Flavia Lucio/Lucia Emilio/Emilia
Stephan/Stephany Julian/Juliana Adrian/Adriana Martin/Martina Christian/Christiana Fabian/Fabiana Simon/Simona Roman/Romana
Ivan/Ivana Jan/Jana Milan/Milana Bojan/Bojana Dragan/Dragana Zoran/Goran Zoran/Zorana Darko/Marko Mirko/Mirka Denis/Denise
Erik/Erika Patrik/Patrick Dominik/Dominika Victor/Victoria Noel/Noelle Daniel/Danielle Michel/Michele Gabriel/Gabriele Raphael/Raphaela
Emanuel/Emanuela Manuel/Manuela Samir/Samira Amir/Amira Nadir/Nadira Karim/Karima Jamil/Jamila Rashid/Rashida Latif/Latifa Aziz/Aziza
Anil/Anila Sunil/Sunila Kamal/Kamala Vimal/Vimala Vijay/Vijaya Sujat/Sujata Nirmal/Nirmala Kiran/Kirin Jerry/Terry Kerry/Jerry
Tina/Dina Tina/Nina Lina/Lena Sara/Lara Dana/Lana Mona/Rona Marc/Mark Jon/Jan Tim/Tom Ron/Don Rob/Bob Ted/Ned Lisa/Liza Lily/Lilly
Ella/Emma Bella/Della Mandy/Sandy Randy/Sandy Andy/Mandy Harry/Larry Barry/Harry Garry/Larry Joan/Jean Jane/June Carl/Earl Karl/Karla
Gino/Gina Nino/Nina Rino/Rina Lino/Lina Pino/Pina Tino/Tina Dino/Dina Ugo/Hugo Aldo/Alda Elio/Elia Ennio/Ennia Olaf/Olav Bernd/Gernd`)

	// soundsLike are names of two people that other rules than a letter take for one.
	soundsLike = strings.Fields(`Robert/Rupert Christian/Christine Petra/Peter Johann/Johanna Friedrich/Friederike Katrin/Karin Marion/Marina
Harald/Gerald Dietmar/Diethelm Annika/Annina Joachim/Jochen Melanie/Melina Carolin/Catalin Bernhard/Eberhard Hannes/Hanna Kirsten/Carsten
Aaron/Erin Francis/Frances Jesse/Jessie Leslie/Lesley Lee/Leigh Marian/Miriam Philip/Philippa Alexander/Alexandra Alexis/Alexia`)

	// pinyin are given names in Chinese characters that one Latin spelling stands
	// for, each after its spelling.
	pinyin = [][]string{
		{"伟", "薇", "威", "维", "卫"}, {"静", "婧", "敬", "晶", "菁"}, {"丽", "莉", "力", "立", "利"}, {"杰", "洁", "婕", "捷"}, {"芳", "方", "放"},
		{"英", "颖", "鹰", "莹"}, {"军", "君", "均", "俊"}, {"燕", "艳", "岩", "彦", "妍"}, {"明", "鸣", "铭", "茗"}, {"华", "桦", "骅"},
		{"宇", "雨", "玉", "钰", "羽"}, {"鑫", "欣", "心", "新"}, {"佳", "嘉", "家"}, {"博", "波", "帛"}, {"志强", "志蔷", "治强"}, {"建华", "健华", "建桦"},
	}
	chineseSurnames = strings.Fields("王 李 张 刘 陈 杨 赵 黄 周 吴 徐 孙 马 朱 胡 林 郭 何 高 罗")

	// kanji are Japanese given names that are read alike.
	kanji = [][]string{
		{"裕子", "優子", "祐子", "由子"}, {"健", "賢", "謙", "研"}, {"洋子", "陽子", "葉子", "要子"}, {"浩", "弘", "博", "宏"}, {"明", "亮", "彰", "章"},
		{"恵", "惠", "愛", "萌"}, {"真一", "慎一", "新一", "伸一"}, {"直樹", "直木", "尚樹"}, {"和子", "加寿子", "数子"}, {"哲也", "徹也", "鉄也"},
	}
	japaneseSurnames = strings.Fields("佐藤 鈴木 高橋 田中 渡辺 伊藤 山本 中村 小林 加藤 吉田 山田 松本 井上 木村")

	// tones are Vietnamese given names that differ in nothing but marks.
	tones = [][]string{
		{"Thúy", "Thủy", "Thùy", "Thụy"}, {"Dung", "Dũng"}, {"Hưng", "Hùng", "Hứng"}, {"Thu", "Thư", "Thụ"}, {"Hoa", "Hòa", "Hóa"}, {"Tuấn", "Tuân", "Tuần"},
		{"Quân", "Quan", "Quán"}, {"Tú", "Tư", "Từ", "Tứ"}, {"Hiền", "Hiển", "Hiến"}, {"Tiến", "Tiên", "Tiền"}, {"Sơn", "Sớn"}, {"Thắng", "Thăng"},
		{"Lan", "Lân"}, {"Bảo", "Báo"}, {"Hải", "Hài"}, {"Vũ", "Vụ"}, {"Mỹ", "My"}, {"Hương", "Hường", "Hướng"}, {"Nhung", "Nhưng"},
	}

	// devanagari, arabic, hebrew and thai are given names of two people whose
	// transliteration lost what tells them apart.
	devanagari = [][]string{
		{"सुनील", "सुनीला"}, {"अमित", "अमिता"}, {"कमल", "कमला"}, {"विजय", "विजया"}, {"अनिल", "अनिला"}, {"मोहन", "मोहिनी"}, {"राम", "रमा"}, {"सुजीत", "सुजाता"},
		{"नीरज", "नीरजा"}, {"रमेश", "रमेशा"}, {"कृष्ण", "कृष्णा"}, {"प्रेम", "प्रेमा"}, {"गीत", "गीता"}, {"मीन", "मीना"}, {"हरीश", "हर्षा"}, {"ललित", "ललिता"},
	}
	devanagariSurnames = strings.Fields("वर्मा गुप्ता मिश्रा यादव जोशी देसाई पटेल कुलकर्णी नायर तिवारी")
	arabic             = [][]string{
		{"حسن", "حسين"}, {"عمر", "عمرو"}, {"كمال", "كامل"}, {"سالم", "سليم"}, {"حمد", "حميد"}, {"نصر", "نسر"}, {"جمال", "جميل"}, {"رشاد", "رشيد"}, {"سعد", "سعيد"},
		{"كرم", "كريم"}, {"نبل", "نبيل"}, {"أمين", "آمنة"}, {"سمر", "سمير"}, {"فراس", "فارس"}, {"ثناء", "سناء"}, {"هادي", "هدى"}, {"وفا", "وفاء"}, {"ربيع", "رابعة"},
	}
	arabicSurnames = strings.Fields("حداد منصور خوري نجار شاهين بركات عثمان درويش قاسم صباغ")
	hebrew         = [][]string{
		{"מיכל", "מיכאל"}, {"טלי", "תלי"}, {"עינת", "אינת"}, {"רון", "רונה"}, {"עדי", "אדי"}, {"ליאור", "ליאורה"}, {"יעל", "יואל"}, {"נעם", "נועם"}, {"אורי", "אוריה"},
		{"דן", "דון"}, {"גל", "גיל"}, {"שי", "שיה"}, {"דניאל", "דניאלה"}, {"אביב", "אביבה"}, {"עופר", "אופר"}, {"עמית", "אמית"},
	}
	hebrewSurnames = strings.Fields("לוי מזרחי פרץ ביטון אברהם פרידמן שפירא אזולאי דהן חדד")
	thai           = [][]string{
		{"แก้ว", "แก่ว"}, {"ใหม่", "ไหม"}, {"ป่าน", "ปาน"}, {"ฝ้าย", "ฝ่าย"}, {"น้ำ", "นาม"}, {"ขวัญ", "ขวาน"}, {"สม", "ส้ม"}, {"ดาว", "ด่าว"}, {"แพร", "แพร่"},
		{"ฟ้า", "ฝา"}, {"มด", "หมด"}, {"ชาย", "ฉาย"}, {"ข้าว", "ขาว"}, {"เสือ", "เสื้อ"}, {"ปู", "ปู่"}, {"หนุ่ม", "นุ่ม"},
	}
	thaiSurnames = strings.Fields("แสงทอง บุญมี ทองดี สุขใจ ศรีสุข วงศ์ใหญ่ จันทร์เพ็ญ พรมมา รักดี อินทร์แก้ว")

	// generations are marks by which an elder and a younger person of one name are
	// told apart; those before the name end with a blank.
	generations = [][2]string{
		{"sen.", "jun."}, {"Sen.", "Jun."}, {"senior", "junior"}, {"Sr", "Jr"}, {"Sr.", "Jr."}, {"Snr", "Jnr"}, {"SR", "JR"}, {"d. Ä.", "d. J."}, {"d.Ä.", "d.J."},
		{"der Ältere", "der Jüngere"}, {"die Ältere", "die Jüngere"}, {"st.", "ml."}, {"starší", "mladší"}, {"starszy", "młodszy"}, {"st.", "mł."}, {"père", "fils"}, {"Père", "Fils"},
		{"padre", "hijo"}, {"pai", "filho"}, {"Pai", "Filho"}, {"pai", "neto"}, {"Filho", "Neto"}, {"sénior", "júnior"}, {"I", "II"}, {"II", "III"}, {"III", "IV"}, {"2nd", "3rd"}, {"the Elder", "the Younger"},
		{"vanhempi", "nuorempi"}, {"d.ä.", "d.y."}, {"den äldre", "den yngre"}, {"d.e.", "d.y."}, {"den eldre", "den yngre"}, {"stariji", "mlađi"}, {"ст.", "мл."}, {"старший", "младший"},
		{"padre", "figlio"}, {"il vecchio", "il giovane"}, {"de oude", "de jonge"}, {"sn.", "jn."}, {"id. ", "ifj. "}, {"idősebb ", "ifjabb "},
	}

	// noNames are display names of accounts that wait for a person or lost him.
	noNames = strings.Split(`????|???? ????|??? ???????|#N/A|#N/A #N/A|#REF!|#NAME?|#VALUE!|NULL|null|null null|(null)|None|none none|NaN|undefined|undefined undefined|[object Object]|New User|New Employee|New Starter|
New Hire|Neuer Benutzer|Neuer Mitarbeiter|Nouvel utilisateur|Nuevo usuario|Nuovo utente|Novo utilizador|-|--|---|- -|.|..|_|n/a|N/A|n/a n/a|N.N.|NN|N. N.|k.A.|TBD|TBA|TBC|To be hired|To Be Determined|Vacant|VACANT POSITION|Vacancy|
Unknown|Unknown User|unknown unknown|unbekannt|inconnu|desconocido|Unassigned|Not assigned|Not set|Not specified|Placeholder|Test|Test User|Test Test|Temp User|Temp Temp|First Last|First Name Last Name|Firstname Lastname|Vorname Nachname|Prénom Nom|Nombre Apellido|
Display Name|DisplayName|Name|User|User Name|Username|User 1|xxx|xxx xxx|XXXX|X X|asdf|asdf asdf|abc|0|000|123|*|***|(blank)|(leer)|(none)|<blank>|<none>|Employee|Staff|Mitarbeiter|Deleted User|Former Employee|Reserved|Do Not Use|Blank|Empty|Default|Default User|no name|No Name|sin nombre|senza nome|???|?|!|#|�� ��`, "|")

	// noNumbers are employee ids that are typed where there is none.
	noNumbers = strings.Fields(`TBD TBD1 TBD2 tbd01 TBA1 TBC1 EXT EXT1 EXT2 ext01 EXTERN1 extern01 EXTERNAL1 temp temp1 temp01 TEMP001 TMP1 TMP01 tmp001 1 2 3 0 00 000 0000 00000 000001 1111 11111 9999 99999 999999
1234 12345 123456 1234567 N/A NA n.a. NA1 none none1 NULL null0 #N/A nan NEW NEW1 new01 TEST TEST1 test01 dummy DUMMY1 dummy01 XXX XXX1 xxxx X1 x x01 ? ??? - -- -1 pending PENDING1 unknown UNKNOWN1 contractor CONTRACTOR1 contractor2
freelance1 FREELANCER consultant1 agency1 AGENCY leiharbeit1 azubi1 intern1 INTERN INTERN2 trainee1 student1 guest1 vendor1 VENDOR partner1 placeholder1 0001 0002 EMP EMP0 EMP000 E0 E000 ID ID0 P0 #REF! 0.0 0,0 vacant VACANT1 k.A. keine keine1 ohne`)

	// noPhones are telephone numbers that reach nobody in particular.
	noPhones = []string{
		"0", "0000000", "00000000", "000-000-0000", "(000) 000-0000", "+00 000 0000000", "+1 000 000 0000", "+49 000 0000000", "0000 000000", "000 000 00 00", "+1 (000) 000-0000", "00-00-00-00-00", "+33 0 00 00 00 00",
		"1111111", "111-111-1111", "999-999-9999", "9999999999", "+49 999 9999999", "+1 999 999 9999", "(555) 555-5555", "555-555-5555", "8888888888", "222 222 2222", "+44 7777 777777", "77777777",
		"1234567", "123-4567", "123 456 789", "1234567890", "123-456-7890", "(123) 456-7890", "+1 123 456 7890", "+49 123 456789", "+44 1234 567890", "0123456789", "0123 456789", "01234567", "012 345 67 89", "9876543210", "987-654-3210", "+49 1234 567890",
		"01.01.1970", "01.01.1900", "1970-01-01", "1900-01-01", "01/01/2000", "31.12.9999", "2024-01-15", "20240115", "2023-09-01", "15.03.2022", "2022-03-15 00:00:00",
		"x4711", "ext. 4711", "Ext 123", "4711", "-815", "DW 45", "int. 2231", "interno 204", "poste 318", "App. 1204", "#2001", "Tel. 12", "n/a", "N/A 0000000", "unknown", "none", "TBD", "-", "+", "()", "+49", "+1 212", "keine", "1212121212",
	}
)
