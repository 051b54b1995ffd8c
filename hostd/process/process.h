/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one way to start a child: it is described, started, confined, watched and reaped here. */
#pragma once

#include <linux/filter.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <systemd/sd-event.h>

#include "confine.h"

/* Its exit status when it did not come to work: what it said tells the step that failed, and why.
 * Neither our programs use it nor those of others, as a shell and busybox do 126 and 127. */
#define PROCESS_NOT_CONFINED 125
/* That of a function that failed for want of room; of any other failure 1. */
#define PROCESS_NO_SPACE 124
/* What is kept of each of its two outputs. */
#define PROCESS_OUTPUT_MAX (64 * 1024)

/* What a standard stream is, if not an fd of the caller's. */
enum process_stream {
	PROCESS_NULL = 0, /* /dev/null */
	PROCESS_KEPT = -1, /* a file in memory, for struct process_end */
	PROCESS_WITH_ERRORS = -2, /* of output: the same as errors */
};

struct process_fd {
	int fd; /* weak */
	int number; /* what it is in the child: 3 or more; a function's are in rising order */
};

/* One thing in the child's root. Folders on the way to it are made. */
struct process_mount {
	const char *path; /* "/kernel" */
	/* A file with this text, readable by all, of 1970; … */
	const char *text;
	/* … or an empty folder, a tmpfs with these options; … */
	const char *tmpfs;
	/* … or what is at this path now; … */
	const char *source;
	/* … or the file or folder that this is of, on a mount of the caller's namespace. Weak. */
	int fd;
	bool device; /* it may be one: /dev/null */
};

/* A root of its own, read-only, that holds the mounts and nothing else. */
struct process_root {
	const char *over; /* a folder that the child does not need; NULL: /tmp */
	const char *options; /* of its tmpfs */
	const struct process_mount *mounts;
	size_t mount_count;
};

/* Everything is weak, and needed until the start has returned. What is 0 is not wanted. */
struct process_spec {
	const char *name; /* of a function's process, 15 bytes at most */
	/* A static program, or with a root of its own one that needs nothing else; … */
	const char *program;
	char *const *argv;
	const char *const *environment; /* NULL: none */
	int program_number; /* the fd that it is executed from, if it has a root; 0: any */
	/* … or a function: its exit status, or -errno with what failed. No fd of the caller's is
	 * open there but those that it is given. */
	int (*run)(const void *data, const char **ret_what);
	const void *data;

	int input, output, errors; /* enum process_stream or an fd, weak */
	const char *terminal; /* all three of them, and the terminal of its session */
	const struct process_fd *fds;
	size_t fd_count;

	uint64_t namespaces; /* CLONE_NEW… */
	const struct process_root *root; /* needs CLONE_NEWNS */
	const char *host_name; /* needs CLONE_NEWUTS */
	uid_t uid; /* and gid; 0: all of the caller's rights */
	uint64_t capabilities; /* 1 << CAP_…: in every set, with that uid */
	/* The path of /proc: it gets a user namespace too, in which nobody is and no further one
	 * can be made. */
	const char *user_namespace_proc;
	const struct sock_fprog *seccomp;
	const struct confine_limit *limits;
	size_t limit_count;
	int cgroup_fd; /* it is in this one from the beginning */

	int end_signal; /* what ends it; 0: SIGKILL. It is sent when the caller's process ends… */
	bool outlives_caller; /* … but not to this one */
	uint64_t deadline_usec; /* from its start */
};

struct process_end {
	int status; /* exit status, 128 + the signal that killed it, -ETIMEDOUT, or -errno */
	/* What was kept; with a NUL behind it. NULL: nothing was, or there is no memory. */
	char *output, *errors;
	size_t output_length;
};

void process_end_done(struct process_end *end);
/* The last line of what was kept of its errors, or the first one, printable: a new string; NULL
 * when there is none, or no memory. */
char *process_end_last_line(const struct process_end *end);
char *process_end_first_line(const struct process_end *end);

struct process;

/* Called from the loop, once: the process is gone and its object with it, or it did not end by its
 * deadline (-ETIMEDOUT), was killed, and is reaped when it is gone. end is borrowed. */
typedef void (*process_ended_t)(const struct process_end *end, void *userdata);

/*
 * It runs with default signals, no signal blocked, a session of its own, no-new-privs and no fd but
 * those that are named. Returns 0 or -errno; what fails in the child comes as its end.
 */
int process_start(sd_event *event, const struct process_spec *spec, process_ended_t ended,
		  void *userdata, struct process **ret_process);
/* ended is not called any more. The process gets its end signal, with all of its session, and is
 * reaped by the loop if it does not end at once. Takes NULL. */
void process_cancel(struct process *process);
pid_t process_pid(const struct process *process);

/* For waiting without the loop: an fd that polls readable when it has ended, and what to call. */
int process_pidfd(const struct process *process);
void process_finish(struct process *process);

/*
 * The same without a loop: waits for its end. Returns 0 with ret_end, which is the caller's, or
 * -errno. At its deadline one that outlives the caller is left to itself, another one is killed:
 * -ETIMEDOUT.
 */
int process_run(const struct process_spec *spec, struct process_end *ret_end);

/* Field 22 of /proc/PID/stat (proc_pid_stat(5)): with the pid it names a process. Returns 0, -ESRCH
 * when there is none, or -errno. */
int process_start_time(pid_t pid, uint64_t *ret_start_time);
/* Finds a process that another one has started. Returns 0 with a pidfd that is the caller's,
 * -ESRCH when there is none or pid has become another process, or -errno. */
int process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd);
