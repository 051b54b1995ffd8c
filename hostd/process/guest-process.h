/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest's QEMU as a process: its folder, its start in confinement, finding it again, its end. */
#pragma once

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "process/guest-cgroup.h"

#define GUESTS_FOLDER "/run/mvirt/guests"
/* Each guest's QEMU has a uid and gid of its own: this and its index. */
#define GUEST_PROCESS_UID_BASE 70000U
#define GUEST_PROCESS_INDEX_MAX 100000U
/* Numbers that fds may have in QEMU are below this. */
#define GUEST_PROCESS_FD_NUMBER_MAX 512
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

struct guest_process_fd {
	int fd; /* ours, and stays ours */
	int number; /* what it is in QEMU, 3 or more */
};

struct guest_process_file {
	int fd; /* ours, and stays ours: a file on a mount of hostd's own namespace, no memfd */
	const char *path; /* where QEMU sees it, read-only: "/kernel" */
};

struct guest_process_spec {
	const char *name;
	unsigned int index; /* uid = gid = GUEST_PROCESS_UID_BASE + index; not over its maximum */
	const char *executable; /* "/usr/bin/qemu-system-x86_64", static */
	const char *firmware; /* "/usr/share/qemu": a folder, seen under the same path */
	const struct sock_fprog *seccomp; /* what it may call; never NULL */
	char *const *argv;
	struct guest_cgroup_limits limits;
	const struct guest_process_fd *fds;
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
 * Starts QEMU in confinement (guest-confine.h); needs guest_process_prepare() before. Does not wait
 * for its execution: what fails from there on ends the process with GUEST_CONFINE_FAILED and a
 * line on its stderr. When something before that fails the reason is logged, nothing stays, and
 * -errno is returned. The pidfd, which is the caller's, tells when the process ends.
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
