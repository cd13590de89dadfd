#!/usr/bin/env bash
# What packages and archives carry beside the program, made by a program of this system:
# .cache/release gets manual, man1 and man7 (compressed) and completions.
set -euo pipefail
cd -- "$(dirname -- "$0")/../.."
out=.cache/release
rm -rf -- "$out"
mkdir -p "$out/completions"
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export SOURCE_DATE_EPOCH CGO_ENABLED=0

go build -trimpath -buildvcs=true -o "$out/qpimport" ./cmd/qpimport
go run ./internal/manual "$out/qpimport" "$out/manual"
for chapter in 1 7; do
	mkdir "$out/man$chapter"
	cp "$out"/manual/man/*."$chapter" "$out/man$chapter/"
	gzip -9n "$out/man$chapter"/*
done
"$out/qpimport" completion bash >"$out/completions/qpimport.bash"
"$out/qpimport" completion zsh >"$out/completions/_qpimport"
"$out/qpimport" completion fish >"$out/completions/qpimport.fish"
"$out/qpimport" completion powershell >"$out/completions/qpimport.ps1"
