#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tools/check-rooms on a small tree of its own: what it finds, and that its list only gets shorter.
set -u

check=$(realpath "$(dirname "$0")/../../..")/tools/check-rooms
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
mkdir -p hostd/base hostd/guest hostd/net/link hostd/net/address objects/base objects/guest objects/net/link objects/net/address tools
count=0
failed=0

# expect STATUS NAME [PATTERN]: run the check, with $option
expect() {
	count=$((count + 1))
	"$check" objects ${option:+"$option"} >output 2>&1
	if [ $? -eq "$1" ] && { [ -z "${3:-}" ] || grep -qE "$3" output; }; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
		sed 's/^/# /' output
	fi
}

# file ROOM/NAME TEXT: a source file and its object file
file() {
	printf '%b' "$2" >"hostd/$1.c"
	gcc -c -Ihostd "hostd/$1.c" -o "objects/$1.o" || exit 1
}

: >tools/rooms.known
file init ''
file base/text 'int text(void) { return 0; }\n'
file net/link/link 'int text(void);\nint link_up(void) { return text(); }\n'
file guest/guest 'int text(void);\nint guest(void) { return text(); }\n'
expect 0 'a tree as it should be'

file guest/guest 'extern int link_up(void);\nint guest(void) { return link_up(); }\n'
expect 1 'a call that no include tells of' 'guest must not refer to net/link, 1 times'
echo 'guest -> net/link (1): known' >tools/rooms.known
expect 0 'one that is known'
echo 'guest -> net/link (2): known' >tools/rooms.known
expect 1 'fewer than are known' 'guest -> net/link: 2 times once, 1 now'
option=--shrink expect 0 'the list gets shorter'
option=
expect 0 'and is right then'
file guest/guest 'int guest(void) { return 0; }\n'
expect 1 'a line that is no longer true' 'guest -> net/link: 1 times once, 0 now'
echo 'guest -> net/link' >tools/rooms.known
expect 1 'a line without a reason' 'rooms.known:1: a line is'
: >tools/rooms.known

echo '#define UP 1' >hostd/net/link/link.h
file net/address/address '#include "net/link/link.h"\nint address = UP;\n'
expect 1 'an include between two inner rooms' 'net/address must not refer to net/link'
file net/address/address 'int address;\n'
echo '#define X' >hostd/base/text.h
file init '#include "base/text.h"\n'
expect 1 'PID 1 includes nothing of ours' 'PID 1 is one file'
file init ''

file net/link/a 'int b(void);\nint a(void) { return b(); }\n'
file net/link/b 'int c(void);\nint b(void) { return c(); }\n'
file net/link/c 'int a(void);\nint c(void) { return a(); }\n'
expect 1 'a circle' 'a circle: net/link/a.c net/link/b.c net/link/c.c'
echo 'circle net/link/a.c net/link/b.c net/link/c.c: known' >tools/rooms.known
expect 0 'a circle that is known'
file net/link/b 'int a(void);\nint b(void) { return a(); }\n'
file net/link/c 'int c(void) { return 0; }\n'
expect 1 'a circle that got smaller' 'no longer a circle like this'
option=--shrink expect 0 'the circle gets smaller in the list'
option=
expect 0 'and is right then'
: >tools/rooms.known
file net/link/b 'int b(void) { return 0; }\n'

mkdir hostd/attic objects/attic
file attic/old 'int old;\n'
expect 1 'a room that is not in the table' 'not in the table MAY: attic'
rm -r hostd/attic
rm objects/base/text.o
expect 1 'an object file is missing' 'no object files in objects of: hostd/base/text.c'

echo "1..$count"
exit $failed
