#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run every fuzz target over its corpus: one TAP line each.
set -u
count=0
for source in test/fuzz/fuzz-*.c; do
	name=$(basename "$source" .c)
	count=$((count + 1))
	if output=$("${FUZZERS:-/build/obj/test/fuzz}/$name" -runs=0 "test/fuzz/corpus/${name#fuzz-}" 2>&1); then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		echo "$output" | sed 's/^/# /'
	fi
done
echo "1..$count"
