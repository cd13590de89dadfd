// Command gen writes a company for benchmarks: ad.ldif and users.jsonl, with the
// same people on both sides, each name once. The same number makes the same files.
//
//	go run ./bench/gen FOLDER NUMBER
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const base = "DC=corp,DC=example"

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: gen FOLDER NUMBER")
	}
	n, err := strconv.Atoi(os.Args[2])
	if err != nil {
		log.Fatal(err)
	}
	write(filepath.Join(os.Args[1], "ad.ldif"), func(w *bufio.Writer) { ldif(w, n) })
	write(filepath.Join(os.Args[1], "users.jsonl"), func(w *bufio.Writer) { graph(w, n) })
}

func write(path string, body func(*bufio.Writer)) {
	f, err := os.Create(path)
	if err != nil {
		log.Fatal(err)
	}
	w := bufio.NewWriterSize(f, 1<<20)
	body(w)
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	if err := f.Close(); err != nil {
		log.Fatal(err)
	}
}

// guid makes 16 bytes in no order, as AD's are.
func guid(r *rand.Rand) []byte {
	b := binary.LittleEndian.AppendUint64(nil, r.Uint64())
	return binary.LittleEndian.AppendUint64(b, r.Uint64())
}

// person makes a name that nobody else has, without digits: those are no person's.
func person(i int) (first, last string) {
	return word(i % 1000), word(1000 + (i/1000+i)%2000)
}

// word makes a word of a number, another one of each.
func word(n int) string {
	w := ""
	for n > 0 || w == "" {
		w += []string{"ba", "ce", "di", "fo", "gu", "la", "me", "ni", "ro", "su"}[n%10]
		n /= 10
	}
	return strings.ToUpper(w[:1]) + w[1:] + "n"
}

func ldif(w *bufio.Writer, n int) {
	r := rand.New(rand.NewPCG(1, 1))
	b64 := base64.StdEncoding.EncodeToString
	_, _ = fmt.Fprintf(w, "dn: %s\nobjectClass: domainDNS\nobjectGUID:: %s\n\n", base, b64(guid(r)))
	for o := range 20 {
		_, _ = fmt.Fprintf(w, "dn: OU=U%d,%s\nobjectClass: organizationalUnit\nou: U%d\nobjectGUID:: %s\n\n", o, base, o, b64(guid(r)))
	}
	for i := range n {
		first, last := person(i)
		_, _ = fmt.Fprintf(w, `dn: CN=%[2]s %[3]s %[1]d,OU=U%[4]d,%[5]s
objectClass: user
objectGUID:: %[6]s
sAMAccountName: u%[1]d
sAMAccountType: 805306368
userAccountControl: 512
userPrincipalName: u%[1]d@corp.example
displayName: %[2]s %[3]s
givenName: %[2]s
sn: %[3]s
mail: u%[1]d@corp.example
proxyAddresses: SMTP:u%[1]d@corp.example
department: D%[7]d
title: T%[8]d
employeeID: %[9]d
telephoneNumber: +1 555 %[1]d

`, i, first, last, i%20, base, b64(guid(r)), i%30, i%50, 100000+i)
	}
}

func graph(w *bufio.Writer, n int) {
	r := rand.New(rand.NewPCG(2, 2))
	for i := range n {
		first, last := person(i)
		id := guid(r)
		_, _ = fmt.Fprintf(w, `{"id":"%x-%x-%x-%x-%x","displayName":"%s %s","givenName":"%[6]s","surname":"%[7]s","userPrincipalName":"%[6]s.%[7]s.%[8]d@x.example",`+
			`"mail":"%[6]s.%[7]s.%[8]d@x.example","accountEnabled":true,"userType":"Member","assignedLicenses":[{"skuId":"3b555118-da6a-4418-894f-7df1e2096870"}],`+
			`"assignedPlans":[{"service":"exchange","capabilityStatus":"Enabled"}]}`+"\n",
			id[:4], id[4:6], id[6:8], id[8:10], id[10:], first, last, i)
	}
}
