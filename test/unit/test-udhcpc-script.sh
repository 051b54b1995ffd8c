#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The DHCP client's script: what it writes, what it leaves out, when it leaves the file alone.
set -u
script=initramfs/rootfs/usr/lib/mvirt/udhcpc.script
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
lease=$folder/lan.lease
count=0

check() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		echo "not ok $count - $1"
		printf '%s\n' "expected: $3" "got: $2" | sed 's/^/# /'
	fi
}

# run CLIENT EVENT [KEY=VALUE...]
run() {
	client=$1 event=$2
	shift 2
	env -i PATH="$PATH" MVIRT_LEASE="$lease" MVIRT_CLIENT="$client" "$@" sh "$script" "$event" 2>/dev/null
}

# The time is not the same twice.
content() {
	grep -v '^time=[0-9][0-9]*$' "$lease" | tr '\n' '|'
}

run c1 deconfig
check "deconfig at the start writes nothing" "$(ls "$folder")" ""
run c1 leasefail
check "leasefail writes nothing" "$(ls "$folder")" ""

run c1 bound ip=192.0.2.7 subnet=255.255.255.0 router="192.0.2.1 192.0.2.2" dns=192.0.2.3 \
	domain=example.org lease=60 mtu=1500 serverid=192.0.2.1 \
	staticroutes="10.0.0.0/8 192.0.2.9"
check "bound" "$(content)" \
	"client=c1|ip=192.0.2.7|subnet=255.255.255.0|router=192.0.2.1 192.0.2.2|dns=192.0.2.3|domain=example.org|lease=60|mtu=1500|staticroutes=10.0.0.0/8 192.0.2.9|event=bound|"
check "the time is in it" "$(grep -c '^time=[0-9][0-9]*$' "$lease")" 1
check "no temporary file is left" "$(ls "$folder")" lan.lease

run c2 deconfig
check "another client's start keeps the lease" "$(content | sed 's/.*|event/event/')" "event=bound|"
run c1 deconfig
check "the same client's deconfig ends it" "$(content)" "client=c1|event=deconfig|"

# shellcheck disable=SC2016
run c2 renew ip=192.0.2.7 domain='a
ip=6.6.6.6' dns='$(touch $MVIRT_LEASE.evil) `touch $MVIRT_LEASE.evil`' router="1.2.3.4;5.6.7.8" lease='60*'
check "values that are none are left out" "$(content)" "client=c2|ip=192.0.2.7|event=renew|"
check "and not run" "$(ls "$folder")" lan.lease

before=$(cat "$lease")
lease=$folder/missing/lan.lease
run c3 bound ip=192.0.2.9
check "a file that cannot be written is a failure" "$?" 1
lease=$folder/lan.lease
check "and changes nothing" "$(cat "$lease")" "$before"
echo "1..$count"
