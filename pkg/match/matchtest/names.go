package matchtest

import "strings"

// The names are common ones, written down from memory; slashes give other forms
// of the same name.
var (
	women = strings.Fields(`Anneke Sofie Ingrid Marlies Johanna/Hanna Katharina/Kathi Elisabeth/Lisa Margarethe/Grete
Françoise Hélène Amélie Geneviève Solène Chloé Inês Beatriz Conceição Núria Begoña Itziar Rocío Lucía Chiara Ginevra Raffaella
Agnieszka Małgorzata/Gosia Zofia Kateřina Ludmila Réka Zsófia Ilona Ioana Ștefania Elif Ayşe Gülşen Nilüfer Despina Eleni/Ελένη
Olga/Ольга Svetlana/Светлана Irina/Ирина Priya Kavita Sunita Meera Haruka Yuki Mei Xiu Linh Thu Abigail/Abby Jennifer/Jenny
Rebecca/Becky Victoria/Vicky Patricia/Trish Deborah/Debbie Susan/Sue Kimberly/Kim Samantha/Sam Pamela/Pam Jacqueline/Jackie
Siobhan Niamh Aoife Bronwen Freya Astrid Saga Maja Liv Åsa Görel Päivi Aino Katri Amara Ngozi Zanele Thandi Fatima Yasmin Leila`)
	men = strings.Fields(`Jürgen Günther Björn Sören Matthias/Matze Johannes/Hannes Friedrich/Fritz Wolfgang/Wolf Hans Dieter Uwe Ralf
François Jérôme Thierry Gaël Olivier Rémi João Gonçalo Tiago Íñigo Andrés Ramón Jesús Óscar Niccolò Salvatore Gennaro
Paweł Łukasz Zbigniew Jiří Zdeněk Tomáš László György Bogdan Răzvan Emre Çağlar Yiğit Nikos/Νίκος Giorgos/Γιώργος
Sergei/Сергей Dmitri/Дмитрий Aleksandr/Александр Rajesh Sanjay Vikram Arun Kenji Hiroshi Wei Jun Minh Tuan Robert/Bob
William/Bill Richard/Rick Michael/Mike Thomas/Tom Edward/Ted Anthony/Tony Gregory/Greg Benjamin/Ben Christopher/Chris
Seán Declan Rhys Gethin Magnus Håkan Jørgen Lærke Mikko Jukka Kwame Chidi Sipho Omar Tariq Yusuf Hassan Gareth Nigel Clive`)
	surnames = strings.Fields(`Müller Schröder Jäger Böttcher Weiß Krüger Großmann Köhler Fürst Hölzl Brandstätter Vogt Lorenz Seidel
Lefèvre Béranger Garçon Noël Hébert Marchand Rousselle Peltier Magalhães Gonçalves Falcão Simões Núñez Ibáñez Etxeberria
Peñalver Zabala Cárdenas Quiroga Ruggeri Bianchini Colangelo Esposito Wiśniewski Kołodziej Żurek Dvořák Růžička Černý Szűcs
Kovács Pölöskei Ionescu Țăranu Yıldız Öztürk Şahin Çelik Papadakis Vlachos Karras Sokolov Morozov Lebedev Zaitsev Iyer Banerjee
Deshpande Kulkarni Tanaka Fujimoto Okada Zhou Huang Liang Phan Dinh Atkinson Bradshaw Cartwright Dunmore Ellsworth Fairbanks
Gallagher O'Connell O'Shea McAllister MacLeod Pritchard Llewellyn Ashworth Hargreaves Thistlewood Pemberton Lundqvist Sjöberg
Ångström Øverland Kjær Sørensen Mäkinen Häkkinen Korhonen Okafor Adeyemi Mbeki Dlamini Haddad Mansour Rahimi Whitfield Sinclair
Beaumont Crawford Delaney Eastwood Finnegan Granger Holloway Jennings Kendrick Langley Merriweather Norwood Ogilvie Prescott`)
	endings     = strings.Fields(`son sen berg stein mann well ton ford ley wood field man hart ski ova ić escu ini elli etti ard eau oux ez es`)
	beginnings  = strings.Fields(`Bar Bel Bran Cal Cor Dan Del Dor El Fal Far Gar Gil Hal Har Hen Jar Kal Kar Lam Lan Mar Mer Mor Nor Pal Par Ran Ros Sal San Sel Tal Tar Ul Val Van War Wil Zan`)
	departments = [][2]string{
		{"Human Resources", "HR"}, {"Information Technology", "IT"}, {"Procurement", "Einkauf"}, {"Controlling", "Control"},
		{"Field Service", "Service"}, {"Quality Assurance", "QA"}, {"Plant 2", "Plant 2"}, {"Front Office", "Reception"},
		{"Board Office", "Board"}, {"Tooling", "Tooling"}, {"Customer Care", "Cust Care"},
	}
	titles = []string{"Foreman", "Buyer", "Controller", "Fitter", "Assistant", "Head of Unit", "Developer", "Driver", "Nurse", "Planner", "Welder", "Trainer", "Auditor", "Designer"}
)
