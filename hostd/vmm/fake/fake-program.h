/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program of the fake VMM: a guest without a machine, that does what is typed at its console.
 *It speaks lines on its control socket, one client at a time, answers in the order it was asked:
 *
 *	hello				when somebody has connected
 *	powerdown, pause, resume	ok
 *	state				state WORD TEXT (as enum vmm_state: "running", "halted"…)
 *	add N, remove N FORCE		ok, or busy; the medium of drive N, with an fd
 *	picture, display		ok; with an fd
 *	event KIND ENDING TEXT		at any time, as struct vmm_event ("reset", "none", "")
 *
 * Each line of its console is a command: off, reset, panic, watchdog, disk-error, broken, lock,
 *unlock, exit STATUS; others come back.
 */
#pragma once

#define FAKE_PROGRAM_CONTROL_FD 3
#define FAKE_PROGRAM_SERIAL_FD 4

/*
 * Arguments: its name; what it does, of which the first letter counts ('i' does not hear its power
 * button); what a reset does ("reset", "shutdown"); a panic ("pause", "exit"); the watchdog
 * ("none", "reset", "poweroff", "pause"). Sockets that listen are at the fds above. Ends with
 * _exit(2).
 */
[[noreturn]] void fake_program_run(int control_fd, int serial_fd, char *const argv[static 6]);
