# SPDX-License-Identifier: GPL-2.0-or-later
# bash completion of mvirt. Goes to /usr/share/bash-completion/completions/mvirt, or is sourced.
# shellcheck shell=bash disable=SC2207 # names of guests have no blanks

_mvirt_options() { # COMMAND
	case $1 in
	status) echo '--json --boot' ;;
	list) echo '--json --names' ;;
	start | stop | restart | kill | pause | resume) echo '--json --no-wait' ;;
	console) echo '--port' ;;
	screenshot) echo '--host' ;;
	log) echo '--json --follow --port' ;;
	medium) echo '--json --eject --force' ;;
	create) echo '--json --conf --import --set --no-wait' ;;
	set) echo '--json --conf' ;;
	delete) echo '--json --with-disks' ;;
	'host format-disk') echo '--json --erase --confirm' ;;
	poweroff | reboot) echo '--json --now' ;;
	'') echo '--json --socket --help --version' ;;
	*) echo '--json' ;;
	esac
}

_mvirt_keys() {
	echo 'machine= firmware= accel= cpus= cpu= memory= hugepages= kernel= initrd= cmdline= boot=
		serial-ports= display= video= watchdog= rng= balloon= vsock= cpu-weight= cpu-limit= io-weight=
		io-limit= after= ready= start-delay= autostart= restart= on-poweroff= on-reboot= on-panic=
		echo-console= shutdown-timeout= comment= disk.0.file= disk.0.device= disk.0.format= disk.0.bus=
		disk.0.readonly= disk.0.serial= disk.0.size= disk.0.allow-existing= cdrom.0.file= nic.0.network=
		nic.0.model= nic.0.mac= nic.0.address= nic.0.isolate= nic.0.may= cloud-init.user-data=
		cloud-init.meta-data= cloud-init.network-config= cloud-init.hostname= cloud-init.ssh-key=
		cloud-init.password-hash= cloud-init.instance-id='
}

_mvirt() {
	local commands='status devices list info stats start stop restart kill pause resume console log medium
		create set definition rename delete screenshot events jobs job host poweroff reboot help'
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i names=0

	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--socket | --conf | --import | --set | --confirm | --port) ((i++)) ;;
		-*) ;;
		*)
			if [[ -z $command || $command == host || $command == job || $command == help ]]; then
				command="${command:+$command }${COMP_WORDS[i]}"
			else
				((names++))
			fi
			;;
		esac
	done
	compopt +o nospace 2>/dev/null
	case $before in
	--socket | --conf | --import)
		COMPREPLY=($(compgen -f -- "$word"))
		return
		;;
	--port | --confirm) return ;;
	--set)
		compopt -o nospace 2>/dev/null
		COMPREPLY=($(compgen -W "$(_mvirt_keys)" -- "$word"))
		return
		;;
	esac
	if [[ $word == -* ]]; then
		COMPREPLY=($(compgen -W "$(_mvirt_options "$command")" -- "$word"))
		return
	fi
	case $command in
	'' | help) COMPREPLY=($(compgen -W "$commands" -- "$word")) ;;
	host) COMPREPLY=($(compgen -W 'crash format-disk reload' -- "$word")) ;;
	job) COMPREPLY=($(compgen -W 'wait cancel' -- "$word")) ;;
	'host reload') COMPREPLY=($(compgen -f -- "$word")) ;;
	set | create)
		if ((names == 0)); then
			[[ $command == create ]] || COMPREPLY=($(compgen -W "$(mvirt list --names 2>/dev/null)" -- "$word"))
		else
			compopt -o nospace 2>/dev/null
			COMPREPLY=($(compgen -W "$(_mvirt_keys)" -- "$word"))
		fi
		;;
	start | stop | restart | kill | pause | resume | stats | delete)
		COMPREPLY=($(compgen -W "$(mvirt list --names 2>/dev/null)" -- "$word"))
		;;
	screenshot)
		if ((names > 0)) || [[ " ${COMP_WORDS[*]} " == *' --host '* ]]; then
			COMPREPLY=($(compgen -f -- "$word"))
		else
			COMPREPLY=($(compgen -W "$(mvirt list --names 2>/dev/null)" -- "$word"))
		fi
		;;
	info | console | log | definition | rename | medium)
		((names > 0)) || COMPREPLY=($(compgen -W "$(mvirt list --names 2>/dev/null)" -- "$word"))
		;;
	esac
}
complete -F _mvirt mvirt
