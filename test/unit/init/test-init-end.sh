#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# PID 1 when the machine goes down: hostd, the present or the next one, stops the guests, and nothing blocks it for ever.
# needs: obj/test/init
# shellcheck disable=SC1091,SC2016,SC2034,SC2154,SC2319 # of the fixture; scripts in quotes are run later; $? is of the condition
# shellcheck source=test/unit/init/init-fixture.sh
. "$(dirname "$0")/init-fixture.sh"

# Like the real hostd, and unlike a shell, it handles a signal that came early. It runs $fate at SIGTERM, and $born before.
hostd_in_perl() {
	cat <<-END
		#!/usr/bin/perl
		use POSIX;
		my (\$D, \$born) = ("$folder", 0);
		sub note { open(my \$f, ">>", "\$D/\$_[0]"); print \$f "\$\$\n"; close(\$f); return -s "\$D/\$_[0]"; }
		sub lives { open(my \$f, "<", "\$D/\$_[0]") or return 0; my @l = <\$f>; return scalar(@l); }
		note("started");
		${2:-}
		\$SIG{TERM} = sub { note("termed"); $1 };
		sigprocmask(SIG_UNBLOCK, POSIX::SigSet->new(SIGTERM));
		select(undef, undef, undef, 0.1) while 1;
	END
}

lines_of() {
	if [ -e "$folder/$1" ]; then wc -l <"$folder/$1"; else echo 0; fi
}

# --- while hostd is being restarted ---

with_hostd "$(hostd_in_perl 'exit 0;' 'exit 1 if lives("started") == 1;')"
wait_for "grep -q 'hostd ended with status 1' $folder/said"
kill -USR2 "$inner"
ended_by 2
[ "$(lines_of started)" -eq 2 ] && [ "$(lines_of termed)" -eq 1 ]
ok $? "asked for between two lives of hostd, the next one stops the guests"

with_hostd "$(hostd_in_perl 'kill("KILL", $$) if lives("termed") == 1; exit 0;')"
kill -TERM "$inner"
ended_by 1
[ "$(lines_of started)" -eq 2 ] && [ "$(lines_of termed)" -eq 2 ]
ok $? "what a killed hostd has not finished, the next one does"

with_hostd "$(hostd_in_perl 'exit 3 if lives("termed") == 1; exit 0;')"
kill -TERM "$inner"
ended_by 1
[ "$(lines_of termed)" -eq 2 ] && ! grep -q 'status 3' "$folder/said"
ok $? "one that makes room for another one has not stopped the guests"

with_hostd "$(hostd_in_perl 'kill("KILL", $$);')"
kill -USR2 "$inner"
ended_by 2
[ "$(lines_of started)" -ge 5 ] && [ "$(lines_of started)" -le 6 ] && grep -q 'hostd keeps failing' "$folder/said"
ok $? "when none of them holds, it goes on without them"

with_hostd "$(hostd_in_perl 'exit 0;' 'sleep(60) if lives("started") == 2;')" 3
pkill -KILL -P "$inner"
kill -USR2 "$inner"
ended_by 2
grep -q 'did not stop within 3 s' "$folder/said"
ok $? "nor does one that hangs at its start hold it up"

with_hostd "$(hostd_in_perl 'note("alive"), sleep(5) if -e "$D/hostd.replaced"; exit 0;')"
{ echo "#!/bin/sh"; echo "exit 1"; } >"$folder/hostd.trial"
chmod +x "$folder/hostd.trial"
pkill -KILL -P "$inner"
kill -USR2 "$inner"
ended_by 2
grep -q 'hostd.trial ended before it answered: starting the previous one' "$folder/said" && [ "$(lines_of termed)" -eq 1 ]
ok $? "one that was put in place and does not come up leaves it to the one before it"

# --- how long hostd may take ---

with_hostd "$(hostd_in_perl 'for (1..12) { kill("ALRM", 1); select(undef, undef, undef, 0.5); } note("finished"); exit 0;')" 3
kill -USR2 "$inner"
ended_by 2
[ "$(lines_of finished)" -eq 1 ] && ! grep -q 'did not stop' "$folder/said"
ok $? "as long as hostd says that it is at it, it is waited for"

with_hostd "$(hostd_in_perl 'sleep(1) while 1;')" 2
kill -USR2 "$inner"
for _ in 1 2 3 4 5 6 7 8; do
	kill -ALRM "$inner" 2>/dev/null
	sleep 0.5
done
ended_by 2
grep -q 'did not stop within 2 s' "$folder/said"
ok $? "nobody else can say so"

with_hostd "$(hostd_in_perl 'exit 0 if lives("termed") == 3;')" 300
kill -INT "$inner"
wait_for "[ \$(lines_of termed) -eq 1 ]"
kill -USR2 "$inner"
kill -TERM "$inner"
kill -INT "$inner"
wait_for "[ \$(lines_of termed) -eq 2 ]"
sleep 0.5
[ "$(lines_of termed)" -eq 2 ]
ok $? "Ctrl-Alt-Del once more is passed on to hostd, other wishes are not"
kill -INT "$inner"
ended_by 1
ok $? "and the first wish is the one that is fulfilled"

# --- a disk that does not answer ---

echo '#include <unistd.h>
void sync(void) { for (;;) pause(); }' >"$folder/sync.c"
gcc -shared -fPIC -o "$folder/sync.so" "$folder/sync.c"
preload=$folder/sync.so
with_hostd "$SERVE" 60 60 600 2
kill -TERM "$inner"
ended_by 1
ok $? "a sync that never returns does not hold up the reboot"
grep -q 'a disk takes no more data' "$folder/said"
ok $? "and this is said"

echo "1..$count"
