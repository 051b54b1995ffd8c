#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# mvirt's arguments and exit statuses, then its commands against the made-up host of test-api.
# MVIRT is the program; MVIRT_TEST_API the test that serves with --serve.
# needs: obj/hostd/mvirt obj/test/unit/api/test-api
# shellcheck disable=SC2319 # a condition's result is what result() is told
set -u

here=$(dirname "$0")
mvirt=$(realpath "${MVIRT:-build/obj/hostd/mvirt}")
stub=${MVIRT_TEST_API:-$(dirname "$mvirt")/../test/unit/api/test-api}
folder=$(mktemp -d)
server=
socket= # once there is a server
count=0
failed=0

# shellcheck disable=SC2317 # the trap reaches it
finish() {
	[ -z "$server" ] || kill "$server" 2>/dev/null
	wait
	rm -rf "$folder"
}
trap finish EXIT
trap 'exit 1' HUP INT TERM

result() { # 0|1 NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
		sed 's/^/# out: /' "$folder/out"
		sed 's/^/# err: /' "$folder/err"
	fi
}

# run STATUS ARGUMENT... : leaves out and err; returns whether the exit status was STATUS
run() {
	expected=$1
	shift
	timeout 20 "$mvirt" ${socket:+--socket "$socket"} "$@" >"$folder/out" 2>"$folder/err" </dev/null
	status=$?
	[ "$status" -eq "$expected" ] && return 0
	echo "# mvirt $*: exit status $status"
	return 1
}

# Wrong usage: exit status 2, nothing on stdout, the usage of that command on stderr
wrong() { # USAGE ARGUMENT...
	usage=$1
	shift
	run 2 "$@" && [ ! -s "$folder/out" ] && grep -qF "usage: mvirt $usage" "$folder/err"
	result $? "wrong usage: $*"
}

# One line on stderr, nothing on stdout
refused() { # LINE ARGUMENT...
	line=$1
	shift
	run 1 "$@" && [ ! -s "$folder/out" ] && [ "$(wc -l <"$folder/err")" -eq 1 ] &&
		grep -qF "mvirt: $line" "$folder/err"
	result $? "refused: $*"
}

silent() { # ARGUMENT...
	run 0 "$@" && [ ! -s "$folder/out" ] && [ ! -s "$folder/err" ]
	result $? "silent: $*"
}

prints() { # PATTERN ARGUMENT...
	pattern=$1
	shift
	run 0 "$@" && grep -qE "$pattern" "$folder/out" && [ ! -s "$folder/err" ]
	result $? "prints $pattern: $*"
}

# --- without a server -----------------------------------------------------------------------------

wrong '[--json] [--socket PATH] COMMAND'
wrong '[--json] [--socket PATH] COMMAND' --bogus
wrong '[--json] [--socket PATH] COMMAND' --socket
wrong 'status [--json] [--boot]' status extra
wrong 'list [--json] [--names]' list --boot
wrong 'info [--json] NAME' info
wrong 'info [--json] NAME' info a b
wrong 'create [--json]' create
wrong 'create [--json]' create --with-disks web
wrong 'create [--json]' create web --set
wrong 'rename [--json] NAME NEW-NAME' rename web
wrong 'delete [--json] [--with-disks] NAME…' delete
wrong 'delete [--json] [--with-disks] NAME…' delete --eject web
wrong 'medium [--json] [--force] NAME DRIVE FILE|--eject' medium web
wrong 'set [--json] NAME KEY=VALUE…|--conf FILE' set
wrong 'host format-disk [--json]' host format-disk
wrong 'host reload [--json] FILE' host reload
wrong 'pause [--json] [--no-wait] NAME…' pause
wrong 'stats [--json] [NAME…]' stats --names
for arguments in 'host' 'host bogus' 'hos format-disk' 'help bogus' 'help host'; do
	# shellcheck disable=SC2086 # several arguments
	run 2 $arguments && grep -qF 'there is no command' "$folder/err"
	result $? "an unknown command: $arguments"
done
only_says() { # LINE ARGUMENT... : exit status 2 and this line
	line=$1
	shift
	run 2 "$@" && [ ! -s "$folder/out" ] && grep -qF "mvirt: $line" "$folder/err"
	result $? "wrong usage: $*"
}
only_says 'set takes either KEY=VALUE' set web
only_says 'set takes either KEY=VALUE' set web --conf x memory=1G
only_says 'memory is not KEY=VALUE' set web memory
only_says '=x is not KEY=VALUE' set web =x
only_says 'medium takes the number of a drive' medium web x a.iso
only_says 'medium takes the number of a drive' medium web 0
only_says 'medium takes the number of a drive' medium web 0 a.iso --eject
only_says 'medium takes the number of a drive' medium web 99999999999999999999 a.iso
only_says '--erase asks for the serial on a terminal' host format-disk --erase EMPTY
wrong 'start [--json] [--no-wait] NAME…' start
wrong 'stop [--json] [--no-wait] NAME…' stop --bogus web
wrong 'console [--port N] NAME' console
wrong 'console [--port N] NAME' console --json web
wrong 'list [--json]' list --no-wait
wrong 'list [--json]' -f list
wrong 'log [--json] [-f] [--port N] NAME' log --json -f web
run 2 bogus && grep -qF "there is no command bogus" "$folder/err"
result $? "an unknown command"
run 2 "$(printf 'x\033[31m')" && ! grep -q "$(printf '\033')" "$folder/err"
result $? "an unknown command that is a terminal sequence"

"$mvirt" --help >"$folder/help" 2>&1
run 0 help && cmp -s "$folder/help" "$folder/out"
result $? "help is --help"
for command in stop 'host reload'; do
	# shellcheck disable=SC2086 # one is two words
	"$mvirt" $command --help >"$folder/help" 2>&1
	# shellcheck disable=SC2086
	run 0 help $command && cmp -s "$folder/help" "$folder/out" && [ -s "$folder/out" ]
	result $? "help $command is $command --help"
done
wrong '[--json] [--socket PATH] COMMAND' help stop web
prints '^usage: mvirt' --help
for command in status devices list info stats start stop restart kill pause resume console log medium create set \
	definition rename delete events 'host format-disk' 'host reload' poweroff reboot help; do
	# shellcheck disable=SC2086 # some are two words
	run 0 --help && grep -qE "^  $command( |$)" "$folder/out" &&
		run 0 $command --help && grep -qE "^usage: mvirt $command" "$folder/out"
	result $? "help for $command"
done
prints '^mvirt [^ ]+$' --version

refused "hostd is not running: nothing answers at $folder/none" --socket "$folder/none" list
refused "hostd is not running" --socket "$folder/none" events
refused "hostd is not running" --socket "$folder/none" console web
if run 1 --socket "$folder/none" stop web && [ "$(wc -l <"$folder/err")" -eq 1 ]; then
	result 0 "one line for stop without hostd"
else
	result 1 "one line for stop without hostd"
fi
run 1 --socket "$folder/$(printf '%0200d' 0)" list
result $? "a socket path that is too long"
if [ -w /dev/full ]; then
	"$mvirt" --help >/dev/full 2>"$folder/err"
	[ $? -eq 1 ]
	result $? "a full disk under the output"
fi

# --- with a made-up host --------------------------------------------------------------------------

if [ ! -x "$stub" ]; then
	count=$((count + 1))
	echo "ok $count - commands # SKIP $stub is not there"
	echo "1..$count"
	exit $failed
fi

socket=$folder/api.sock
serve() { # OPTION
	[ -z "$server" ] || { kill "$server" && wait "$server"; }
	"$stub" "$1" "$socket" 2>>"$folder/log" &
	server=$!
	for _ in $(seq 200); do
		[ -S "$socket" ] && break
		sleep 0.05
	done
}

serve --serve
export LC_ALL=C.UTF-8
prints '^host +testhost, mvirt 1\.2, Linux 6\.12\.107, uefi$' status
prints '^kvm +unusable: no permission$' status
prints '^ +mvirt\.conf:12: unknown key "colour"$' status
prints '^ +192\.0\.2\.7/24 \(dhcp\)$' status
prints '^memory +3 GiB of 4 GiB available$' status
prints '^sda   8 GiB  -    -     caf\? \?\]0;x\?  -     EMPTY   -      -$' devices
run 0 devices && ! grep -q "$(printf '\033')" "$folder/out"
result $? "a label cannot speak to the terminal"
prints '^NAME +STATE +CPU +MEMORY +ACCEL +UPTIME +RESTARTS +ADDRESS$' list
prints '^db +running  2    512 MiB +tcg \(no isolation\) +1 s +3 +192\.0\.2\.44$' list
prints '^web +running +2 +512 MiB +kvm +1 s +3 +192\.0\.2\.44$' list
prints '^bad +stopped +2 +512 MiB +- +- +3 +-$' list
run 0 list && awk '{ c = index($0, NR == 1 ? "CPU" : " 2 ") + (NR > 1) }
	NR > 1 && c != first { exit 1 } NR == 1 { first = c }' "$folder/out"
result $? "the columns of list are aligned"
prints '^nic +52:54:00:00:00:01, virtio, user' info web
prints '^address +192\.0\.2\.44$' info web
run 0 --json list && python3 -c '
import json, sys
guests = json.load(open(sys.argv[1]))["guests"]
assert [g["name"] for g in guests] == ["bad", "db", "deaf", "drizzle", "flood", "meter", "storm", "web"]
assert guests[1]["accel"] == "tcg" and "accel" not in guests[0]' "$folder/out"
result $? "list --json is what the API returned"
run 0 --json info web && [ "$(wc -l <"$folder/out")" -eq 1 ] &&
	grep -q '^{"guest":{"name":"web",' "$folder/out"
result $? "--json is one line"

refused 'there is no guest nobody' info nobody
refused 'there is no guest nobody' log nobody
refused 'there is no guest nobody' console nobody
refused 'there is no guest' info "$(printf 'a\377b')"
refused 'guest web is running already' start web
refused 'guest bad failed: the kernel ?[31mis? missing' start bad
silent stop web
prints '^web +stopped ' list
silent start web
prints '^web +running ' list
silent stop --no-wait web
silent kill db
run 1 start nobody web && grep -qF 'there is no guest nobody' "$folder/err" &&
	run 0 list && grep -qE '^web +running' "$folder/out"
result $? "a name that is wrong does not cost the others"
run 1 start bad db && [ "$(wc -l <"$folder/err")" -eq 1 ] && run 0 list &&
	grep -qE '^db +running' "$folder/out"
result $? "start of several: each is waited for"
prints '^\{\}$' --json stop db

run 0 log web && printf 'boot \377\376\033[1m done\r\n' | cmp -s - "$folder/out"
result $? "log prints the ring as it is"
run 0 log --port 1 web && printf 'boot \377\376\033[1m done\r\n' | cmp -s - "$folder/out"
result $? "log of the first serial port"
refused 'guest web has 1 serial port, counted from 1: there is no 2' log --port 2 web
refused 'guest web has 1 serial port, counted from 1: there is no 0' console --port 0 web
refused '--port x: serial ports are counted from 1' console --port x web
timeout 2 "$mvirt" --socket "$socket" log -f web >"$folder/out" 2>"$folder/err" </dev/null
[ $? -eq 124 ] && printf 'boot \377\376\033[1m done\r\n' | cmp -s - "$folder/out"
result $? "log -f goes on"

timeout 20 "$mvirt" --socket "$socket" events >"$folder/out" 2>"$folder/err" &
events=$!
for _ in $(seq 100); do
	grep -q 'net lan' "$folder/out" && break
	sleep 0.05
done
"$mvirt" --socket "$socket" stop web
for _ in $(seq 100); do
	grep -q 'web: stopped' "$folder/out" && break
	sleep 0.05
done
kill $events
wait $events
day='[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}'
grep -qE "^$day guest web: running$" "$folder/out" &&
	grep -qE "^$day net lan: up on eth0, 192\.0\.2\.7/24 \(dhcp\)$" "$folder/out" &&
	grep -qE "^$day guest web: stopping$" "$folder/out" &&
	grep -qE "^$day guest web: stopped$" "$folder/out"
result $? "events"
timeout 1 "$mvirt" --socket "$socket" --json events >"$folder/out" 2>"$folder/err"
python3 -c '
import json, sys
events = [json.loads(line) for line in open(sys.argv[1])]
assert len(events) == 10 and {e["kind"] for e in events} == {"current"}, events
assert events[-2]["network"]["uplink"] == "eth0"
assert events[-1]["dataVolume"]["phase"] == "none"' "$folder/out"
result $? "events --json is an object a line"

"$mvirt" --socket "$socket" start web
echo hello | timeout 20 "$mvirt" --socket "$socket" console web >"$folder/out" \
	2>"$folder/err" && [ "$(cat "$folder/out")" = hello ] &&
	[ "$(cat "$folder/err")" = "connected to web" ]
result $? "console with a pipe"
timeout 60 python3 "$here/cli-terminal.py" "$mvirt" "$socket" \
	>"$folder/out" 2>"$folder/err"
result $? "console on a terminal"

# --- guests that are created, changed and deleted ---

printf 'guest "x" {\n\tkernel = "k"\n\t# why\n}\n' >"$folder/x.conf"
printf 'guest "x" {\n\tmemry = 1\n\tnic {}\n}\n' >"$folder/wrong.conf"
printf 'kernel' >"$folder/k"
printf 'a kernel = with a sign' >"$folder/a=b"
prints '^guest new is not kept: there is no data volume$' create new --conf "$folder/x.conf" --import "$folder/k"
prints 'not kept' list
prints '^defined in +memory: not kept' info new
prints '^guest two is not kept' create two kernel=k --set memory=64M --set cpus=2 --import "$folder/a=b=k"
prints '^cpus +2, host$' info two
prints '^	kernel = "k"$' definition new
run 0 definition new && grep -qF 'guest "new" {' "$folder/out"
result $? "the definition has the new name"
refused 'line 2: unknown key "memry"' create w --conf "$folder/wrong.conf"
refused "$folder/none: No such file" create w --conf "$folder/none"
refused "$folder/none: No such file" create w kernel=none --import "$folder/none"
refused 'k cannot be read: it is a folder' create w kernel=k --import "$folder=k"
refused '"../x" is no name' create ../x kernel=k
refused 'there is a guest web already: it is defined in mvirt.conf' create web kernel=k
refused 'a file cannot be imported as "a/b"' create w kernel=k --import "$folder/k=a/b"
refused 'the definition names no file "k"' create w nic.0.network=lan --import "$folder/k"
prints '^memory: now$' set new memory=64M
silent start new
prints '^memory: at the next start$' set new memory=96M
prints '^autostart: now$' set new autostart=false
prints 'changed, at its next start' list
printf 'guest "two" { kernel = "k" }' >"$folder/two.conf"
prints '^definition: now$' set two --conf "$folder/two.conf"
refused 'the definition is one of guest two, not of new' set new --conf "$folder/two.conf"
refused 'guest web is defined in mvirt.conf: change it there' set web memory=1G
refused 'guest new is running: stop it first, then rename it' rename new other
refused 'guest new is running: stop it first, then delete it' delete new
silent pause new
prints '^new +paused ' list
refused 'guest new is not running' pause new
silent resume new
refused 'guest new is not paused' resume new
silent restart new
prints '^new +61\.5 s +600 MiB +4 KiB +8 KiB +0 B +0 B +not kept$' stats new
silent start db
prints '^db +61\.5 s .*3 MiB +5 MiB +no isolation$' stats db
refused 'guest bad is not running' stats bad
refused 'guest new has no CD-ROM drive 0: it has 0' medium new 0 --eject
silent stop new
silent rename new other
refused 'there is no guest new' info new
silent delete other
silent delete --with-disks two
refused 'there is no guest two' delete two

refused 'there is no disk with the serial "none"' host format-disk none
refused 'there is a file system on /dev/sdb' host format-disk FULL
refused 'to erase a disk its serial has to be given twice' host format-disk --erase --confirm x FULL
silent host format-disk --erase --confirm FULL FULL
silent host format-disk EMPTY
printf 'text' >"$folder/bad"
printf 'GOOD' >"$folder/good"
refused "$folder/none: No such file" host reload "$folder/none"
refused 'hostd is not replaced: it is no program' host reload "$folder/bad"

prints '^\{\}$' --json reboot
silent poweroff
[ ! -e "$socket.now" ]
result $? "a power-off waits for guests"
silent poweroff --now
[ -e "$socket.now" ]
result $? "unless it is to be now"

timeout 20 "$mvirt" --socket "$socket" events >"$folder/out" 2>"$folder/err" &
events=$!
sleep 0.5
kill "$server" && wait "$server"
server=
wait $events
[ $? -eq 1 ] && grep -qF 'mvirt: hostd closed the connection' "$folder/err"
result $? "events when hostd goes"

# as many guests as are promised
serve --serve-many
prints '^g0999 +running' list
prints '^ +mvirt\.conf:112: and 99900 more mistakes$' status
silent stop web
silent start web
timeout 60 "$mvirt" --socket "$socket" events >"$folder/out" 2>"$folder/err" &
events=$!
for _ in $(seq 500); do
	told=$(grep -c ' guest g[0-9]*: running' "$folder/out")
	[ "$told" -lt 1000 ] || break
	sleep 0.1
done
kill $events && wait $events
[ ! -s "$folder/err" ] && [ "$told" -eq 1000 ]
result $? "events of 1,000 guests"

serve --serve-empty
prints '^no guests: create one with mvirt create' list
prints '^\{"guests":\[\]\}$' --json list
prints '^no disks$' devices
prints '^guests +0, 0 running$' status

kill "$server" && wait "$server"
status=$?
server=
[ $status -eq 0 ] && ! grep -E 'ERROR|runtime error' "$folder/log" >"$folder/err"
result $? "the host has no complaint"

echo "1..$count"
exit $failed
