// SPDX-License-Identifier: GPL-2.0-or-later
// What a child may that works on bytes which a stranger made.
#include "image-child.h"

#include "base/cleanup.h"
#include "process/uids.h"

#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define ROOT_OPTIONS "size=4m,nr_inodes=16,mode=0755"
#define MEMORY_BYTES_MAX (512UL << 20)
#define OPEN_FILES_MAX 32
/* qemu-img's worker threads. */
#define THREADS_MAX 80
#define STACK_BYTES_MAX (1UL << 20)

static struct image_child_paths programs = { "/usr/bin/qemu-img", "/usr/bin/genisoimage" };

void image_child_set_paths(const struct image_child_paths *paths)
{
	programs = *paths;
}

const struct image_child_paths *image_child_get_paths(void)
{
	return &programs;
}

void image_child_prepare(struct image_child *child, const char *program, uint64_t write_bytes_max,
			 unsigned int cpu_seconds_max)
{
	*child = (struct image_child){
		.spec = {
			.program = program,
			.output = PROCESS_KEPT,
			.errors = PROCESS_KEPT,
			.namespaces = NAMESPACES,
			.root = &child->root,
			.uid = PROCESS_UID_IMAGES,
			.limits = child->limits,
			.limit_count = IMAGE_CHILD_LIMITS,
		},
		.root = { .options = ROOT_OPTIONS },
		.limits = {
			{ RLIMIT_CORE, 0 },
			{ RLIMIT_NOFILE, OPEN_FILES_MAX },
			{ RLIMIT_MEMLOCK, 0 },
			{ RLIMIT_NPROC, THREADS_MAX },
			{ RLIMIT_CPU, cpu_seconds_max ?: RLIM_INFINITY },
			{ RLIMIT_FSIZE, write_bytes_max > PROCESS_OUTPUT_MAX ? write_bytes_max
									     : PROCESS_OUTPUT_MAX },
			{ RLIMIT_STACK, STACK_BYTES_MAX },
			{ RLIMIT_AS, program ? MEMORY_BYTES_MAX : RLIM_INFINITY },
		},
	};
}
