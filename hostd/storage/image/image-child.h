/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a child may that works on bytes which a stranger made: qemu-img, genisoimage, or a function
 * of ours. */
#pragma once

#include "process/process.h"

/* The image's name in its root. */
#define IMAGE_CHILD_IMAGE "image"
#define IMAGE_CHILD_LIMITS 8

/* The programs, in /usr/bin but for tests. */
struct image_child_paths {
	const char *qemu_img, *genisoimage;
};
void image_child_set_paths(const struct image_child_paths *paths);
const struct image_child_paths *image_child_get_paths(void);

struct image_child {
	struct process_spec spec;
	struct process_root root;
	struct confine_limit limits[IMAGE_CHILD_LIMITS];
};

/*
 * Fills spec but for what it runs, its fds, and the mounts of its root: uid and gid
 * PROCESS_UID_IMAGES, no capability; mount, PID, network, IPC and UTS namespaces of its own; a root
 * that holds nothing; both outputs kept; limits on memory (of a program), processor time (0: none)
 * and what it writes to a file (PROCESS_OUTPUT_MAX at least). It ends with hostd. An image is read
 * by its permissions: let it be readable for that uid before.
 */
void image_child_prepare(struct image_child *child, const char *program, uint64_t write_bytes_max,
			 unsigned int cpu_seconds_max);
