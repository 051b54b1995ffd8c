#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden files: hostd --check on each test/unit/config/X.conf must print X.ok, mistakes first.
# To take over a wanted change: test/unit/config/test-config.sh --accept, then read the difference in git.
set -u
hostd=${MVIRT_TEST_HOSTD:-/build/obj/hostd/hostd}
cd test/unit/config || exit 1
count=0
for conf in *.conf; do
	name=${conf%.conf}
	count=$((count + 1))
	got=$("$hostd" --check "$conf" 2>&1 >/tmp/config.$$)
	status=$?
	{
		printf '%s\n' "$got" | sed '/^$/d'
		echo "-- status $status"
		cat /tmp/config.$$
	} >/tmp/got.$$
	if [ "${1:-}" = --accept ]; then
		cp /tmp/got.$$ "$name.ok"
	fi
	if difference=$(diff -u "$name.ok" /tmp/got.$$ 2>&1); then
		echo "ok $count - $name"
	else
		echo "not ok $count - $name"
		printf '%s\n' "$difference" | sed 's/^/# /'
	fi
done
rm -f /tmp/config.$$ /tmp/got.$$
echo "1..$count"
