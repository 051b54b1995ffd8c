/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's QEMU as a process: its folder, its start in confinement, finding it again, its end. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/guest-cgroup.h"
#include "process/process.h"

#define GUESTS_FOLDER "/run/mvirt/guests"
/* Numbers that fds may have in QEMU are below this. */
#define GUEST_PROCESS_FD_NUMBER_MAX 512
/*
 * The number of the fd that it is executed from. It is just beyond its limit of open files, so that
 * once it is closed (by exec) nothing can have the number again, and nothing be executed again.
 */
#define GUEST_PROCESS_EXECUTABLE_FD 4096
/*
 * Threads (QEMU cannot make processes). QEMU ends when it gets no thread, so this has to be more
 * than it ever uses: 256 vCPUs, 64 for disk I/O, one a vhost queue, and some.
 */
#define GUEST_PROCESS_THREADS_MAX 512

/* Where things are; every path is absolute and without a slash at its end. */
struct guest_process_paths {
	const char *guests; /* "/run/mvirt/guests" */
	const char *cgroup; /* "/sys/fs/cgroup", where cgroup v2 is mounted */
	const char *resolver; /* "/run/mvirt/resolver", a folder that holds resolv.conf */
	const char *proc; /* "/proc" */
};

/* For tests: NULL brings the real paths back. The structure and its strings must stay. */
void guest_process_set_paths(const struct guest_process_paths *paths);
const struct guest_process_paths *guest_process_paths(void);

struct guest_process_file {
	int fd; /* ours, and stays ours: a file on a mount of hostd's own namespace, no memfd */
	const char *path; /* where QEMU sees it, read-only: "/kernel" */
};

struct guest_process_spec {
	const char *name;
	unsigned int index; /* uid = gid = PROCESS_UID_GUEST_FIRST + index (uids.h) */
	const char *executable; /* "/usr/bin/qemu-system-x86_64", static */
	const char *firmware; /* "/usr/share/qemu": a folder, seen under the same path */
	const struct sock_fprog *seccomp; /* what it may call; never NULL */
	char *const *argv;
	struct guest_cgroup_limits limits;
	const struct process_fd *fds;
	size_t fd_count;
	const struct guest_process_file *files;
	size_t file_count;
	bool host_network; /* SLIRP connects from the host's network */
};

/*
 * Makes the guest's folder (0700) and in it log/, a small file system of its own, so that what
 * QEMU writes to stderr is bounded by the kernel. May be repeated. Returns 0 or -errno.
 */
int guest_process_prepare(const char *name);

/*
 * A bound and listening stream socket at FOLDER/NAME/SOCKET.sock, with socket_name "qmp" or
 * "serial"; one that was there is replaced. Returns 0 with an fd that is the caller's, or -errno.
 */
int guest_process_listen(const char *name, const char *socket_name, int *ret_fd);

/*
 * Starts QEMU, PID 1 of new mount, PID, IPC, UTS and (unless host_network) network namespaces, with
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
 * As PID 1 of its namespace QEMU ignores signals without a handler, even its own: abort() ends it
 * with SIGSEGV. hostd's SIGKILL always works.
 *
 * Needs guest_process_prepare() before. Does not wait for its execution: what fails from there on
 * ends the process with PROCESS_NOT_CONFINED and one line on its stderr, "mounting its root: No
 * such file or directory". When something before that fails the reason is logged, nothing stays,
 * and -errno is returned. The pidfd, which is the caller's, tells when the process ends.
 * ret_start_time is field 22 of /proc/PID/stat (proc_pid_stat(5)): with the pid it names a process.
 */
int guest_process_start(const struct guest_process_spec *spec, pid_t *ret_pid, int *ret_pidfd,
			uint64_t *ret_start_time);

/*
 * Finds a process that an earlier hostd started. Returns 0 with a pidfd that is the caller's,
 * -ESRCH when there is none or pid has become another process, or -errno.
 */
int guest_process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd);

struct guest_process_found {
	pid_t pid;
	uint64_t start_time; /* as above */
	unsigned int index; /* by its uid */
};
/*
 * The guest's process by the kernel's word alone: what is in its cgroup. Returns 0, -ESRCH when
 * there is none, or none that has come as far as to have its uid, or -errno when that cannot be
 * told.
 */
int guest_process_find(const char *name, struct guest_process_found *ret_found);

/*
 * Reaps the child behind pidfd, with its status as of wait(2). Returns 0, -EAGAIN when it still
 * runs, -ECHILD when it is not a child of ours (adopted: PID 1 reaps it), or -errno.
 */
int guest_process_exit_status(pid_t pid, int pidfd, int *ret_wstatus);

/*
 * The last lines of QEMU's stderr as one printable ASCII line, to be freed, or NULL when there are
 * none. Gone after guest_process_cleanup().
 */
char *guest_process_stderr_tail(const char *name);

/*
 * Kills what is left in the guest's cgroup and reaps it, then removes the cgroup, the log and the
 * sockets; other files of the folder stay. There may be nothing to do. Waits for the killed, a few
 * seconds at most. Returns 0, -EBUSY when they have not ended by then, or -errno.
 */
int guest_process_cleanup(const char *name);
