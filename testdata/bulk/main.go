// Command bulk makes the manifest and the exports of many customers, to measure
// `plan` and `apply` with:
//
//	go run ./testdata/bulk -customers 500 -users 200 DIR
package main

import (
	"flag"
	"log"
	"os"

	"github.com/qpimport/qpimport/pkg/source/sourcetest/mspfake"
)

func main() {
	customers := flag.Int("customers", 500, "how many customers")
	users := flag.Int("users", 200, "how many users each")
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(10)
	}
	if err := mspfake.Write(flag.Arg(0), *customers, *users); err != nil {
		log.Fatal(err)
	}
}
