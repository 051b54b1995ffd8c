#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Golden files: hostd --check on each test/unit/config/X.conf must print X.ok, mistakes first.
# With MVIRT_ACCEPT=1 (make accept) X.ok is written anew.
# needs: obj/hostd/hostd
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
	if [ -n "${MVIRT_ACCEPT:-}" ]; then
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
