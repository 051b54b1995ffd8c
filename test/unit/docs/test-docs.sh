#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The man pages are made of the whole manual and mean something to a formatter; the completions of bash and zsh know every
# command and option that mvirt has. What lists keys is what the parser's table says; MVIRT_ACCEPT=1 (make accept) makes it so.
# needs: obj/hostd/mvirt obj/hostd/hostd
# shellcheck disable=SC2016,SC2319 # Markdown has backquotes; a condition's result is what result() is told
set -u

root=$(realpath "$(dirname "$0")/../../..")
mvirt=$(realpath "${MVIRT:-build/obj/hostd/mvirt}")
hostd=$(realpath "${MVIRT_TEST_HOSTD:-build/obj/hostd/hostd}")
bash_file=$root/hostd/cli/completion/mvirt.bash
zsh_file=$root/hostd/cli/completion/_mvirt
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
count=0
failed=0

result() { # 0|1 NAME
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count - $2"
	else
		failed=1
		echo "not ok $count - $2"
		sed 's/^/# /' "$folder/err"
	fi
}

# --- man pages ------------------------------------------------------------------------------------

make_man() { # NAME SECTION
	SOURCE_DATE_EPOCH=86400 "$root/docs/man/make-man" "$1" "$2" 'what it is' 1.2-3
}

for page in 'mvirt 1 cli' 'mvirt.conf 5 configuration' 'hostd 8 hostd'; do
	# shellcheck disable=SC2086 # three words
	set -- $page
	: >"$folder/err"
	make_man "$1" "$2" <"$root/docs/manual/$3.md" >"$folder/$1.$2" 2>"$folder/err" &&
		grep -qF ".TH \"$(echo "$1" | tr '[:lower:]' '[:upper:]')\" $2 \"1970-01-02\" \"mvirt 1.2\\-3\"" "$folder/$1.$2" &&
		[ "$(grep -c '^\.SH' "$folder/$1.$2")" -ge 5 ]
	result $? "$1($2) is made"
	# only these requests may occur: a line of the manual that begins with a dot is text
	! grep -vE "^\.(\\\\\"|(TH|SH|SS|PP|TP|IP|RS|RE|nf|fi|br)( |$))" "$folder/$1.$2" | grep '^[.'"'"']' >"$folder/err"
	result $? "$1($2) has no request by mistake"
	if command -v mandoc >"$folder/err"; then
		mandoc -T lint -W warning "$folder/$1.$2" >"$folder/err"
		result $? "$1($2) pleases mandoc"
	elif command -v groff >"$folder/err"; then
		groff -man -Tutf8 -ww -z "$folder/$1.$2" 2>"$folder/err" && [ ! -s "$folder/err" ]
		result $? "$1($2) pleases groff"
	else
		count=$((count + 1))
		echo "ok $count - $1($2) pleases a formatter # SKIP neither mandoc nor groff is here"
	fi
done
grep -qF 'format\-disk' "$folder/mvirt.1"
result $? "mvirt(1) has the manual's text"
for wrong in '> quoted' '<b>html</b>' '#### deep' '```'; do
	printf '# x\n\n%s\n' "$wrong" | make_man x 1 >"$folder/out" 2>"$folder/err"
	[ $? -eq 1 ] && [ "$(wc -l <"$folder/err")" -eq 1 ]
	result $? "Markdown that make-man does not know: $wrong"
done

# --- completions ----------------------------------------------------------------------------------

: >"$folder/err"
"$mvirt" --help >"$folder/help"
sed -n 's/^  \([a-z][a-z]*\( [a-z][a-z-]*\)\{0,1\}\)\( .*\)*$/\1/p' "$folder/help" | sed 's/^\([a-z]*\) .*/\1/' | sort -u >"$folder/commands"
[ "$(wc -l <"$folder/commands")" -ge 22 ]
result $? "the commands are found"

# offers WORD...: what bash offers for the last word
offers() {
	bash --norc --noprofile -c '
		mvirt() { [ "$*" = "list --names" ] && printf "db\nweb\n"; }
		source "$1"; shift
		COMP_WORDS=(mvirt "$@"); COMP_CWORD=$#
		_mvirt 2>/dev/null
		printf "%s\n" "${COMPREPLY[@]}"' - "$bash_file" "$@" | sort
}

offers '' >"$folder/bash" 2>"$folder/err"
diff "$folder/commands" "$folder/bash" >"$folder/err"
result $? "bash offers every command, and no other"
sed -n "s/^\t\t['\"]\([a-z]*\):.*/\1/p" "$zsh_file" | sort >"$folder/zsh"
diff "$folder/commands" "$folder/zsh" >"$folder/err"
result $? "zsh offers every command, and no other"

while read -r command; do
	[ "$command" != host ] || continue
	"$mvirt" "$command" --help | sed -n 1p | grep -oE '\-\-[a-z-]+' | sort -u >"$folder/options"
	offers "$command" -- >"$folder/bash" 2>"$folder/err"
	grep -vxF -f "$folder/bash" "$folder/options" >"$folder/err"
	[ ! -s "$folder/err" ]
	result $? "bash knows the options of $command"
done <"$folder/commands"
"$mvirt" --help | grep -oE '\-\-[a-z-]+' | sort -u >"$folder/options"
while read -r option; do
	grep -qF -e "$option" "$zsh_file" || echo "$option"
done <"$folder/options" >"$folder/err"
[ ! -s "$folder/err" ]
result $? "zsh knows every option"

# keys: those of the parser's table
"$hostd" --keys >"$folder/keys" 2>"$folder/err" && [ "$(wc -l <"$folder/keys")" -gt 60 ]
result $? "hostd prints its keys"
(cd "$root" && docs/manual/make-keys ${MVIRT_ACCEPT:+--accept} <"$folder/keys" >"$folder/err" 2>&1)
result $? "the manual's tables and the completions have the keys as hostd has them"
grep -v '^guest	ready	' "$folder/keys" >"$folder/fewer"
(cd "$root" && docs/manual/make-keys <"$folder/fewer" >"$folder/out" 2>"$folder/err")
[ $? -eq 1 ] && grep -qF -e '| `ready` |' "$folder/out" && grep -q '^+.*after= start-delay=' "$folder/out"
result $? "a key that hostd has not is found there"
[ "$(offers set web io-l)" = io-limit= ] && [ "$(offers create web nic.0.mac)" = nic.0.mac= ]
result $? "bash offers keys"

[ "$(offers start '' | tr '\n' ' ')" = "db web " ] && [ "$(offers start db w)" = web ] &&
	[ "$(offers --json info d)" = db ] && [ -z "$(offers info db '')" ] && [ -z "$(offers create '')" ]
result $? "bash offers guests where they are wanted"
[ "$(offers host '' | tr '\n' ' ')" = "crash format-disk reload " ] && [ "$(offers host format-disk --c)" = --confirm ]
result $? "bash knows commands of two words"

echo "1..$count"
exit $failed
