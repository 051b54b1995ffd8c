#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# PID 1: it reaps, keeps hostd alive, ends in order, and never exits.
# needs: obj/test/init
# shellcheck disable=SC1091,SC2016,SC2034,SC2154,SC2319 # of the fixture; scripts in quotes are run later; $? is of the condition
# shellcheck source=test/unit/init/init-fixture.sh
. "$(dirname "$0")/init-fixture.sh"

with_hostd 'echo start >>$D/started; exit 1'
sleep 7
starts=$(wc -l <"$folder/started")
[ "$starts" -ge 5 ] && [ "$starts" -le 8 ]
ok $? "a hostd that dies at once is started at most once a second ($starts starts in 7 s)"
grep -q "five tries in a row failed" "$folder/said"
ok $? "five failures in a row are logged"
kill -0 "$inner"
ok $? "PID 1 is still there"
kill -USR2 "$inner"
ended_by 2
ok $? "without hostd SIGUSR2 powers off at once"

with_hostd 'i=0; while [ $i -lt 10000 ]; do ( : & ); i=$((i + 1)); done
sleep 1; grep -l "^State:.Z" /proc/[0-9]*/status 2>/dev/null | wc -l >$D/result; '"$SERVE"
wait_for "[ -s $folder/result ]"
[ "$(cat "$folder/result")" -eq 0 ]
ok $? "10,000 orphans leave no zombie"

perl -e 'for (1..20000) { kill $_, $ARGV[0] for qw(HUP ALRM CHLD CONT WINCH) }' "$inner"
kill -0 "$inner" && grep -q . "$folder/started"
ok $? "100,000 signals change nothing"
[ "$(wc -l <"$folder/started")" -eq 1 ]
ok $? "and hostd was not started again"
kill -USR2 "$inner"
ended_by 2
ok $? "SIGUSR2 powers off"
[ -e "$folder/termed" ]
ok $? "after hostd got SIGTERM"

with_hostd "$SERVE"
first=$(head -n 1 "$folder/started")
pkill -KILL -P "$inner"
wait_for "[ \$(wc -l <$folder/started) -eq 2 ]"
[ "$(tail -n 1 "$folder/started")" != "$first" ]
ok $? "a killed hostd comes back"
kill -TERM "$inner"
ended_by 1
ok $? "SIGTERM reboots"

with_hostd "$SERVE"
kill -INT "$inner"
ended_by 1
ok $? "SIGINT (Ctrl-Alt-Del) reboots"

with_hostd 'trap "" TERM; echo $$ >>$D/started; while :; do sleep 0.1; done' 2
kill -USR1 "$inner"
ended_by 2
ok $? "a hostd that ignores SIGTERM does not stop the halt"
grep -q "did not stop within 2 s" "$folder/said"
ok $? "and this is logged"

with_hostd 'echo x >>$D/started; [ -e $D/once ] || { touch $D/once; kill -USR2 1; }; '"$SERVE"
ended_by 2
ok $? "hostd itself may request it"

# --- replacing hostd (hostd/host/host-replace.c) ---

# put_in_place SCRIPT: as hostd does on the way out
put_in_place() {
	{ echo "#!/bin/sh"; echo "D=$folder"; printf '%s\n' "$1"; } >"$folder/hostd.trial"
	chmod +x "$folder/hostd.trial"
	pkill -KILL -P "$inner"
}

ANSWERS='mv $D/hostd.trial $D/hostd.replaced; echo new >>$D/result; '

with_hostd "echo old >>\$D/result; $SERVE" 60 3
put_in_place "$ANSWERS$SERVE"
wait_for "[ -e $folder/hostd.replaced ]"
sleep 4
[ "$(tr '\n' ' ' <"$folder/result")" = "old new " ] && ! grep -q 'starting the previous one' "$folder/said"
ok $? "a new hostd that answers stays"
put_in_place 'exit 1'
wait_for "[ -e $folder/hostd.failed ]" && wait_for "[ \$(wc -l <$folder/started) -eq 3 ]"
grep -q 'hostd.trial ended before it answered: starting the previous one' "$folder/said" &&
	[ "$(grep -c 'starting the previous one' "$folder/said")" -eq 1 ] && [ -e "$folder/hostd.replaced" ] && [ ! -e "$folder/hostd.trial" ]
ok $? "a new hostd that dies gives way to the previous one, with one line"
pgrep -a -P "$inner" | grep -q 'hostd\.replaced'
ok $? "which runs"
kill -USR2 "$inner"
ended_by 2

with_hostd "$SERVE" 60 2
put_in_place 'touch $D/hangs; while :; do sleep 0.1; done'
wait_for "[ -e $folder/hangs ]" && wait_for "[ \$(wc -l <$folder/started) -eq 2 ]"
grep -q 'hostd.trial does not answer: starting the previous one' "$folder/said" && [ ! -e "$folder/hostd.trial" ]
ok $? "one that hangs gives way to the image's"
kill -USR2 "$inner"
ended_by 2

with_hostd "$SERVE"
put_in_place "$ANSWERS exit 1"
wait_for "[ \$(wc -l <$folder/started) -eq 2 ]"
grep -q 'hostd.replaced ended five times in a row, each time within ten minutes: starting the previous one' "$folder/said" &&
	[ ! -e "$folder/hostd.replaced" ]
ok $? "one that answers and keeps dying gives way too"
kill -USR2 "$inner"
ended_by 2

# --- hostds that end after a while ---

SLOW='mv $D/hostd.trial $D/hostd.replaced 2>/dev/null; echo new >>$D/result; sleep 2.2; exit 1'

with_hostd "$SERVE" 60 60 10
put_in_place "$SLOW"
wait_for "[ \$(wc -l <$folder/started) -eq 2 ]"
grep -q 'hostd.replaced ended five times in a row' "$folder/said" && [ "$(wc -l <"$folder/result")" -eq 5 ] &&
	[ ! -e "$folder/hostd.replaced" ] && [ -e "$folder/hostd.failed" ]
ok $? "one that answers and keeps ending slowly gives way as well"
kill -USR2 "$inner"
ended_by 2

with_hostd "$SERVE" 60 60 2
put_in_place "$SLOW"
wait_for "[ -e $folder/result ] && [ \$(wc -l <$folder/result) -ge 6 ]"
! grep -q 'starting the previous one' "$folder/said" && [ -e "$folder/hostd.replaced" ]
ok $? "one that always runs long enough stays"
kill -USR2 "$inner"
ended_by 2

with_hostd 'echo x >>$D/started; sleep 2.2; exit 1' 60 60 10
wait_for "[ \$(wc -l <$folder/started) -ge 6 ]"
[ "$(grep -c 'hostd ended five times in a row, each time within ten minutes. Guests go on' "$folder/said")" -eq 1 ]
ok $? "for the image's own, this is logged once"
kill -USR2 "$inner"
ended_by 2

echo "1..$count"
