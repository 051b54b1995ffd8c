# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=sh disable=SC2016,SC2034 # scripts in quotes are run later; what is set here is for those that read this file
# For tests of PID 1 in a PID namespace, without a VM.
# reboot(2) in a PID namespace ends its init with SIGINT (power off) or SIGHUP (reboot): pid_namespaces(7).
set -u
init=${MVIRT_TEST_INIT:-/build/obj/test/init}
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
count=0
preload=

ok() {
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		echo "not ok $count - $2"
		[ -e "$folder/said" ] && tail -n 5 "$folder/said" | sed 's/^/# /'
	fi
}

# with_hostd SCRIPT [STOP-LIMIT [TRIAL-LIMIT [GOOD-RUN [SYNC-LIMIT]]]]: runs init with this as hostd; sets $pid (of unshare)
# and $inner (of init). A SCRIPT with #! is taken as it is.
with_hostd() {
	case $1 in
	'#!'*) printf '%s\n' "$1" >"$folder/hostd" ;;
	*) { echo "#!/bin/sh"; echo "D=$folder"; printf '%s\n' "$1"; } >"$folder/hostd" ;;
	esac
	shift
	chmod +x "$folder/hostd"
	rm -f "$folder/started" "$folder/result" "$folder/termed" "$folder/once" "$folder/hostd."*
	LD_PRELOAD=$preload unshare --pid --fork --kill-child --mount --mount-proc "$init" --test "$folder/hostd" \
		"${1:-60}" "${2:-60}" "${3:-600}" "${4:-30}" >"$folder/said" 2>&1 &
	pid=$!
	wait_for "[ -s $folder/started ]"
	inner=$(cat "/proc/$pid/task/$pid/children" 2>/dev/null || pgrep -P "$pid")
	inner=${inner%% *}
}

wait_for() {
	tries=0
	until eval "$1"; do
		tries=$((tries + 1))
		[ $tries -lt 1200 ] || return 1
		sleep 0.05
	done
}

ended_by() {
	wait_for "! kill -0 $pid 2>/dev/null" || { kill -KILL "$pid"; echo "# PID 1 does not end"; }
	wait "$pid"
	status=$?
	[ "$status" -eq $((128 + $1)) ] || { echo "# status $status"; return 1; }
}

SERVE='echo $$ >>$D/started; trap "touch \$D/termed; exit 0" TERM; while :; do sleep 0.1; done'
