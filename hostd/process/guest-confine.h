/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the child does between clone and exec: it takes from itself all that QEMU does not need. */
#pragma once

#include <stdint.h>

#include "process/guest-process.h"

/*
 * All of this was opened by hostd, so that the child only gives up. Mounts are detached copies
 * (open_tree(2), OPEN_TREE_CLONE), read-only already: the kernel copies a mount only in the
 * namespace that it is in, so the child, which has one of its own, could not.
 */
struct guest_confine {
	const struct guest_process_spec *spec;
	const char *root; /* a folder, over which QEMU's root is mounted */
	int firmware_mount_fd;
	int resolver_mount_fd; /* seen as /etc, -EBADF: none */
	int null_mount_fd; /* seen as /dev/null */
	const int *file_mount_fds; /* one a file */
	int null_fd, executable_fd;
	int stderr_fd; /* also takes the line about the step that failed */
	int proc_fd; /* of /proc */
	int *moved_fds; /* room for spec->fd_count of them */
};

/* Below /proc, each user namespace's own. */
#define GUEST_CONFINE_NAMESPACE_LIMIT "sys/user/max_user_namespaces"

/*
 * The number of the fd that it is executed from. It is just beyond its limit of open files, so that
 * once it is closed (by exec) nothing can have the number again, and nothing be executed again.
 */
#define GUEST_CONFINE_EXECUTABLE_FD 4096

/* What the child exits with when a step fails. QEMU never does. */
#define GUEST_CONFINE_FAILED 127

/*
 * To be called in the child, which is PID 1 of new mount, PID, IPC, UTS and (unless host_network)
 * network namespaces, and still root. QEMU is executed with
 *
 * - a root, read-only, with its firmware, its files, an empty /tmp, /dev/null and nothing else: no
 *   /proc (QEMU does without), no other device (what it needs comes as an fd);
 * - its own uid and gid, no further groups, no capability in any set, and no-new-privs;
 * - a user namespace, in which there is nobody;
 * - the system calls of the spec's filter and no others;
 * - the fds of the spec, /dev/null as stdin and stdout, its log as stderr, and no other;
 * - no environment, default signals, a session of its own.
 *
 * There is no PR_SET_PDEATHSIG: guests outlive hostd. There is no PR_SET_DUMPABLE: exec sets it
 * again, and nobody but root sees this process: it is alone in its PID namespace and has its uid
 * to itself.
 *
 * The user namespace comes near the end, and has no uid in it: its maps stay empty. The other
 * namespaces were made before, so they belong to the host's, and no capability that could be had in
 * QEMU's own means anything to its mounts, its network or its PIDs. The kernel knows QEMU by its
 * uid on the host all the same: for files, signals and /proc nothing changes. What QEMU was given
 * is open (KVM, taps, vhost, disks) and asks for no capability any more. In it no further one can
 * be made: its own limit is 0. What a guest's uid may have on the host, PID 1 has limited; that is
 * more than one, since the namespace of a QEMU that has ended goes after an RCU grace period, or
 * with the last socket that was connected to it and has its credentials (SO_PEERCRED).
 *
 * When a step fails, "mounting its root: No such file or directory" is the only line of its stderr.
 *
 * As PID 1 of its namespace QEMU ignores signals without a handler, even its own: abort() ends it
 * with SIGSEGV. hostd's SIGKILL always works.
 */
[[noreturn]] void guest_confine_exec(struct guest_confine *confine);
