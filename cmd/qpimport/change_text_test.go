package main

import "testing"

func TestChangesInWords(t *testing.T) {
	before := `{"id": "1", "exclude": [], "ous": [{"dn": "OU=Staff", "id": "2"}, {"dn": "OU=Other", "id": "3"}], "recursive": false}`
	after := `{"id": "1", "exclude": ["jdoe", "svc-*"], "ous": [], "recursive": true}`
	const want = `exclude: jdoe, svc-*, ous: OU=Staff; OU=Other → none, recursive: false → true`
	if got := changeText([]byte(before), []byte(after)); got != want {
		t.Errorf("%s\nwant %s", got, want)
	}
	for text, want := range map[string]string{
		`{}`: "", `null`: "", `[]`: "",
		`{"by":"evidence","dry":false}`:                                  "by evidence",
		`{"all":true,"password_sync":"on","ous":["x/Staff","x/A, B"]}`:   "all, OUs x/Staff, x/A, B, password sync on",
		`[{"account":"a","email":"a@x"},{"account":"b","email":"b@x"}]`:  "account a, email a@x; account b, email b@x",
		`{"accounts":["a"],"missing_for":2592000000000000}`:              "accounts a, missing for 720h0m0s",
		`[{"rule":"sid","text":"the SIDs are the same","weight":20}]`:    "the SIDs are the same",
		`{"at":"2026-01-02T03:04:05.678Z","m365_id":"1","number":12345}`: "at 2026-01-02T03:04:05Z, Microsoft 365 id 1, number 12345",
		`not JSON`: "not JSON",
	} {
		if got := inWords([]byte(text)); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	for value, want := range map[string]string{"[not a list": "[not a list", "true": "yes", "": "", "x": "x", "2026-01-02T03:04:05.678Z": "2026-01-02T03:04:05Z"} {
		if got := valueWords(value); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}
