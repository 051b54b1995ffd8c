/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of process.h. Nobody else includes this. */
#pragma once

#include "process.h"

/* What the caller opens for the child, which only gives up. */
struct process_opened {
	const struct process_spec *spec;
	int null_fd, program_fd, terminal_fd;
	int caller_fd; /* a pidfd of the caller's process */
	int proc_fd; /* of user_namespace_proc */
	int output_fd, error_fd; /* what is kept; of the caller's afterwards */
	int *mount_fds; /* one a mount, detached copies; -EBADF: it has none */
	int *moved_fds; /* room for the streams and all fds */
	const char *what; /* is being opened */
};
/* Below /proc, each user namespace's own. */
#define PROCESS_NAMESPACE_LIMIT "sys/user/max_user_namespaces"

/* Steps of the child. *ret_what is the one that failed. Returns 0 or -errno. */
int process_enter_root(struct process_opened *opened, const char **ret_what);
/* Between clone and exec. */
[[noreturn]] void process_child(struct process_opened *opened);

/* Opens what the child needs, and clones it. The fds are the caller's. Returns 0, or -errno with
 * what could not be done in *ret_what (NULL: not of interest), the spec's or a constant. */
struct process_started {
	pid_t pid;
	int pidfd, output_fd, error_fd;
};
#define PROCESS_STARTED_NONE { .pidfd = -EBADF, .output_fd = -EBADF, .error_fd = -EBADF }
int process_spawn(const struct process_spec *spec, struct process_started *ret_started,
		  const char **ret_what);
void process_started_done(struct process_started *started);
