# make demo   the main job on sample data; needs Go alone
# make test   everything, against a live Active Directory on loopback, a PostgreSQL and in a browser; installs what it
#             needs (Debian, root)
# make windows  every script against the program for Windows, under Wine; part of make test
# make lint   the linters
# make bench  benchmarks in Go's form; make bench-match: how well people are matched, on made companies
# make manual  the help of each command and task as manual pages, Markdown, reST and YAML, in .cache/manual
# make picture  docs/report.png anew: the report of the sample company (needs the browser)
# make release-check  a release of the last commit, made twice, compared, signed with a key for the occasion, installed and
#             tried, and not published; needs Debian and root
# make soak   faults in the state file, in PostgreSQL and in resets for a quarter of an hour, with figures; needs strace and root (Linux)
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

bin       := bin/qpimport
linter    := .cache/bin/golangci-lint
releasers := .cache/bin/goreleaser .cache/bin/syft
samba     := testdata/samba/setup.sh
wine      := testdata/wine/setup.sh
postgres  := testdata/postgres/setup.sh
chromium  := testdata/chromium.sh
shells    := testdata/shells.sh
FUZZTIME  ?= 500x

.PHONY: build demo test unit windows fuzz lint bench bench-match manual picture release-check soak clean
build:
	CGO_ENABLED=0 go build -trimpath -buildvcs=auto -ldflags '-s -w' -o $(bin) ./cmd/qpimport

demo: build
	@testdata/demo.sh $(bin)

test: lint
	$(samba) install
	$(postgres) install
	$(chromium) install
	$(shells) install
	$(samba) start
	$(samba) load
	$(postgres) start
	$(MAKE) -j2 --output-sync=target unit windows
	$(MAKE) fuzz
	@echo "make test: all passed"

# The program starts hundreds of times in its tests, and some tests live through
# thousands of small companies: with the race detector both take many times as long,
# and what runs side by side there other tests have under it. TestLiveResetFaults sets
# passwords in the live AD, which the tests of pkg/source/ad compare meanwhile.
long := '^(TestYear|TestAdversary|TestDrifted|TestLiveResetFaults)$$'
unit:
	set -a; eval "$$($(samba) env; $(postgres) env)"; QPIMPORT_TEST_AD=required QPIMPORT_TEST_CHROMIUM=required QPIMPORT_TEST_SHELLS=required; set +a; \
		go test -race -shuffle=on -skip $(long) $$(go list ./... | grep -v /cmd/) && \
		go test -run $(long) ./pkg/importer ./pkg/match && \
		go test -shuffle=on -timeout 30m ./cmd/... && \
		go test -race -run '^TestScripts$$/^(bulk|kerberos|live_ad|live_m365|plan_apply)$$' ./cmd/...

# The program for Windows, run by Wine: every script, several at once, Ctrl-C and kills,
# from here; then the tests of what Windows alone has. CONTRIBUTING.md has the same for a
# real Windows.
windows:
	$(wine) install
	$(wine) build
	$(wine) start
	set -a; eval "$$($(wine) env)"; set +a; \
		go test -count=1 -timeout 30m -run '^(TestScripts|TestBinary)$$' ./cmd/qpimport && \
		GOOS=windows go test -count=1 -exec "$$QPIMPORT_TEST_WINE/run" ./internal/... && \
		GOOS=windows go test -count=1 -exec "$$QPIMPORT_TEST_WINE/run" -run '^(TestOwner|TestRestricts|TestPathsOfWindows|TestServerPolicy)$$' ./pkg/registry/sqlite ./pkg/source ./pkg/source/ad

# Each fuzz target for some hundred runs: a bound in time now and then fails by
# itself (context deadline exceeded). A crash is kept under testdata/fuzz.
fuzz:
	@mkdir -p .cache; go list ./... | while read -r pkg; do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "fuzz $$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 10x $$pkg >.cache/fuzz.log 2>&1 </dev/null || \
				{ cat .cache/fuzz.log; exit 1; }; \
		done; \
	done

lint: $(linter)
	$(linter) run --allow-parallel-runners ./...
	GOOS=windows go vet ./...
	GOOS=darwin go vet ./...

$(linter): .ci/tools/go.mod
	cd .ci/tools && go build -o ../../$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.cache/bin/goreleaser: .ci/tools/goreleaser/go.mod
	cd .ci/tools/goreleaser && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o ../../../$@ github.com/goreleaser/goreleaser/v2

.cache/bin/syft: .ci/tools/syft/go.mod
	cd .ci/tools/syft && CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o ../../../$@ github.com/anchore/syft/cmd/syft

bench:
	go test -run '^$$' -bench . -benchmem ./...

bench-match:
	go run ./pkg/match/matchtest/bench

manual: build
	@rm -rf .cache/manual
	go run ./internal/manual $(bin) .cache/manual

picture: build
	$(chromium) install
	@testdata/picture.sh $(bin) docs/report.png

release-check: $(releasers)
	.ci/release/check.sh

soak:
	$(samba) install
	$(samba) start
	$(samba) load
	$(postgres) install
	$(postgres) start
	set -a; eval "$$($(samba) env)"; QPIMPORT_TEST_AD=required; set +a; \
		go test -tags soak -run '^TestSoakResets$$' -v -count=1 -timeout 30m ./pkg/importer
	go test -tags soak -run '^TestSoak$$' -v -count=1 -timeout 30m ./cmd/qpimport
	set -a; eval "$$($(postgres) env)"; set +a; \
		go test -tags soak -run '^TestSoakPostgres$$' -v -count=1 -timeout 30m ./cmd/qpimport

clean:
	-$(samba) stop
	-$(postgres) stop
	-$(wine) stop
	rm -rf bin dist .cache
