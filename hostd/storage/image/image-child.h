/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A short-lived child without privileges, for work on bytes that a stranger made: qemu-img,
 * genisoimage, or a function of ours. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Above the guests' (guest/guest-process.h). */
#define IMAGE_CHILD_UID 69999
/* The image's name in its root. */
#define IMAGE_CHILD_IMAGE "image"
/* Its exit status when it did not come to work: image_child_error() says why. */
#define IMAGE_CHILD_NOT_CONFINED 125
#define IMAGE_CHILD_OUTPUT_MAX (64 * 1024)
#define IMAGE_CHILD_FDS_MAX 2

/* The programs, in /usr/bin but for tests. */
struct image_child_paths {
	const char *qemu_img, *genisoimage;
};
void image_child_set_paths(const struct image_child_paths *paths);
const struct image_child_paths *image_child_get_paths(void);

/* A file that it finds in its root. */
struct image_child_file {
	const char *name, *text;
};

struct image_child_spec {
	/* Either a static program, with argv, … */
	const char *program;
	char *const *argv;
	/* … or a function: 0, or -errno with what failed. Its fds are from 3 on, in order. */
	int (*work)(const char **ret_what);
	uid_t uid; /* and gid; 0: IMAGE_CHILD_UID */
	int fds[IMAGE_CHILD_FDS_MAX]; /* weak */
	size_t fd_count;
	int image_fd; /* weak, -EBADF: none */
	const struct image_child_file *files; /* readable by all, of 1970 */
	size_t file_count;
	int output_fd; /* its stdout, weak; -EBADF: kept for image_child_output() */
	uint64_t write_bytes_max; /* that a file may have; IMAGE_CHILD_OUTPUT_MAX at least */
	unsigned int cpu_seconds_max; /* 0: no limit */
};

struct image_child {
	pid_t pid;
	int pidfd, output_fd, error_fd; /* owned */
};
#define IMAGE_CHILD_NONE { .pidfd = -EBADF, .output_fd = -EBADF, .error_fd = -EBADF }

/*
 * It runs with uid and gid IMAGE_CHILD_UID, no capability, no-new-privs; in mount, PID, network,
 * IPC and UTS namespaces of its own, with a root that holds the image, read-only, and the files and
 * nothing else; with /dev/null, its stdout and stderr and its fds; with limits on memory, processor
 * time, files and what it writes; and it ends with hostd. The image is read by its permissions: let
 * it be readable for IMAGE_CHILD_UID before. Returns 0 or -errno; what fails in the child, comes as
 * its end.
 */
int image_child_start(const struct image_child_spec *spec, struct image_child *ret_child);

/*
 * When its pidfd polls readable: how it ended. Returns its exit status, or 128 + the signal that
 * killed it (SIGKILL when it is over its processor time), or -EAGAIN (it still runs), or -errno.
 */
int image_child_reap(struct image_child *child);
/* What it wrote to stdout; a new string. 0 or -errno. */
int image_child_output(const struct image_child *child, char **ret_text);
/* The last line of stderr, printable; a new string, NULL when there is none or no memory. */
char *image_child_error(const struct image_child *child);

/* Kills it, without waiting for it. */
void image_child_kill(const struct image_child *child);
/* Waits for its end. Returns 0, or -ETIMEDOUT. */
int image_child_wait(const struct image_child *child, int limit_ms);
/* Closes what is open; the process has to be reaped before. */
void image_child_done(struct image_child *child);
