/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by the files of process.h. Nobody else includes this. */
#pragma once

#include "process.h"

/* What the caller opens for the child, which only gives up. */
struct process_opened {
	const struct process_spec *spec;
	int null_fd, program_fd, terminal_fd;
	int caller_fd; /* a pidfd of the caller's process */
	int output_fd, error_fd; /* what is kept; of the caller's afterwards */
	int *mount_fds; /* one a mount, detached copies; -EBADF: it has none */
	int *moved_fds; /* room for the streams and all fds */
};

/* Between clone and exec. */
[[noreturn]] void process_child(struct process_opened *opened);

/* Opens what the child needs, and clones it. The fds are the caller's. */
struct process_started {
	pid_t pid;
	int pidfd, output_fd, error_fd;
};
#define PROCESS_STARTED_NONE { .pidfd = -EBADF, .output_fd = -EBADF, .error_fd = -EBADF }
int process_spawn(const struct process_spec *spec, struct process_started *ret_started);
void process_started_done(struct process_started *started);
