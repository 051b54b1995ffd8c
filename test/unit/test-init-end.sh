#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# PID 1 when the machine goes down: nothing holds it up for ever.
# shellcheck disable=SC2016,SC2319 # scripts in quotes are run later; $? is of the condition, on purpose
# shellcheck source=test/unit/init-fixture.sh
. "$(dirname "$0")/init-fixture.sh"

# --- a disk that does not answer ---

echo '#include <unistd.h>
void sync(void) { for (;;) pause(); }' >"$folder/sync.c"
gcc -shared -fPIC -o "$folder/sync.so" "$folder/sync.c"
preload=$folder/sync.so
with_hostd "$SERVE" 60 60 600 2
kill -TERM "$inner"
ended_by 1
ok $? "a sync that never returns does not hold up the reboot"
grep -q 'a disk does not take what is left to write' "$folder/said"
ok $? "and this is said"

echo "1..$count"
