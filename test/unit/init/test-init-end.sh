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
ok $? "requested while hostd is being restarted: the next one stops the guests"

with_hostd "$(hostd_in_perl 'kill("KILL", $$) if lives("termed") == 1; exit 0;')"
kill -TERM "$inner"
ended_by 1
[ "$(lines_of started)" -eq 2 ] && [ "$(lines_of termed)" -eq 2 ]
ok $? "the next hostd finishes what a killed one began"

with_hostd "$(hostd_in_perl 'exit 3 if lives("termed") == 1; exit 0;')"
kill -TERM "$inner"
ended_by 1
[ "$(lines_of termed)" -eq 2 ] && ! grep -q 'status 3' "$folder/said"
ok $? "a hostd that ends to be replaced has not stopped the guests"

with_hostd "$(hostd_in_perl 'kill("KILL", $$);')"
kill -USR2 "$inner"
ended_by 2
[ "$(lines_of started)" -ge 5 ] && [ "$(lines_of started)" -le 6 ] && grep -q 'hostd keeps failing' "$folder/said"
ok $? "when every hostd fails, the shutdown goes on without one"

with_hostd "$(hostd_in_perl 'exit 0;' 'sleep(60) if lives("started") == 2;')" 3
pkill -KILL -P "$inner"
kill -USR2 "$inner"
ended_by 2
grep -q 'did not stop within 3 s' "$folder/said"
ok $? "a hostd that hangs at its start does not block it"

with_hostd "$(hostd_in_perl 'note("alive"), sleep(5) if -e "$D/hostd.replaced"; exit 0;')"
{ echo "#!/bin/sh"; echo "exit 1"; } >"$folder/hostd.trial"
chmod +x "$folder/hostd.trial"
pkill -KILL -P "$inner"
kill -USR2 "$inner"
ended_by 2
grep -q 'hostd.trial ended before it answered: starting the previous one' "$folder/said" && [ "$(lines_of termed)" -eq 1 ]
ok $? "after a new hostd that does not come up, the previous one does it"

# --- how long hostd may take ---

with_hostd "$(hostd_in_perl 'for (1..12) { kill("ALRM", 1); select(undef, undef, undef, 0.5); } note("finished"); exit 0;')" 3
kill -USR2 "$inner"
ended_by 2
[ "$(lines_of finished)" -eq 1 ] && ! grep -q 'did not stop' "$folder/said"
ok $? "PID 1 waits while hostd reports progress"

with_hostd "$(hostd_in_perl 'sleep(1) while 1;')" 2
kill -USR2 "$inner"
for _ in 1 2 3 4 5 6 7 8; do
	kill -ALRM "$inner" 2>/dev/null
	sleep 0.5
done
ended_by 2
grep -q 'did not stop within 2 s' "$folder/said"
ok $? "nobody else can report it"

with_hostd "$(hostd_in_perl 'exit 0 if lives("termed") == 3;')" 300
kill -INT "$inner"
wait_for "[ \$(lines_of termed) -eq 1 ]"
kill -USR2 "$inner"
kill -TERM "$inner"
kill -INT "$inner"
wait_for "[ \$(lines_of termed) -eq 2 ]"
sleep 0.5
[ "$(lines_of termed)" -eq 2 ]
ok $? "Ctrl-Alt-Del once more is passed on to hostd, other requests are not"
kill -INT "$inner"
ended_by 1
ok $? "and the first request is the one that is done"

# --- a disk that does not answer ---

echo '#include <unistd.h>
void sync(void) { for (;;) pause(); }' >"$folder/sync.c"
gcc -shared -fPIC -o "$folder/sync.so" "$folder/sync.c"
preload=$folder/sync.so
with_hostd "$SERVE" 60 60 600 2
kill -TERM "$inner"
ended_by 1
ok $? "a sync that never returns does not block the reboot"
grep -q 'a disk takes no more data' "$folder/said"
ok $? "and this is logged"

echo "1..$count"
