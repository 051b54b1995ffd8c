/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How udhcpc runs: it reads what anybody on the network sends, so it may do nothing else. */
#pragma once

#include <linux/filter.h>
#include <sched.h>

/* Below those of mvirt-screen and of images' children. */
#define NET_DHCP_UID 69997
/* Of the host's it keeps the network. */
#define NET_DHCP_NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
/* What it exits with when a step fails: the step and why are in its error file. udhcpc never does.
 */
#define NET_DHCP_NOT_CONFINED 127

/* Everything is weak. */
struct net_dhcp_confine {
	int program_fd; /* busybox, static */
	int null_fd; /* /dev/null */
	int event_fd; /* the socket that it sends its events to */
	int error_fd; /* gets one line about the step that failed */
	char *const *argv;
	const struct sock_fprog *seccomp; /* of net_dhcp_seccomp_program() */
};

/*
 * To be called in the child, which is PID 1 of NET_DHCP_NAMESPACES, and still root. udhcpc is
 * executed with
 *
 * - an empty root, read-only: no file, no device, nothing to execute;
 * - its own uid and gid, no further groups, no-new-privs, and of the capabilities CAP_NET_RAW
 * (packet sockets, as long as there is no address) and CAP_NET_BIND_SERVICE (port 68, to renew a
 * lease);
 * - the system calls of net-dhcp-seccomp.c and no others;
 * - the socket as stdin, /dev/null as stdout and stderr, and no other fd; limits on fds and memory;
 * - no environment, default signals, a session of its own; it ends with hostd.
 */
[[noreturn]] void net_dhcp_confine_exec(struct net_dhcp_confine *confine);

/* The number of the fd that it is executed from, just beyond its limit of open files, so that once
 * exec has closed it nothing can be executed again. */
#define NET_DHCP_EXECUTABLE_FD 16

/*
 * The system calls that it may make; all else fails with ENOSYS. Made by the first call, in hostd.
 * Returns 0 with a program that stays the callee's, or -errno.
 */
int net_dhcp_seccomp_program(const struct sock_fprog **ret_program);
