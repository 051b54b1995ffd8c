/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Files in a folder of the test's own, and calls that fail in turn, in hostd and in its child. */
#pragma once

#include "fake-tree.h"

#include "base/cleanup.h"
#include "storage/image/image.h"

static struct tree tree;

static struct {
	bool active, in_child, no_file_range;
	int call, fail_at;
	int error;
} fake;
/* Of the child; a test that starts one has it in shared memory. */
static struct shared {
	int fail_at, calls;
	char failed[32];
} shared_none, *shared = &shared_none;

static inline bool fails(const char *name)
{
	if (!fake.active)
		return false;
	fake.call++;
	if (fake.in_child) {
		shared->calls = fake.call;
		if (fake.call != shared->fail_at)
			return false;
		(void)snprintf(shared->failed, sizeof(shared->failed), "%s", name);
	} else if (fake.call != fake.fail_at) {
		return false;
	}
	errno = fake.error;
	return true;
}

#define WRAP(type, name, failure, parameters, arguments)                       \
	type __real_##name parameters;                                         \
	type __wrap_##name parameters;                                         \
	type __wrap_##name parameters                                          \
	{                                                                      \
		return fails(#name) ? (type)failure : __real_##name arguments; \
	}

static inline int open_file(const char *name)
{
	int fd = open(tree_path(&tree, name), O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

/* A shell command with the file's path in it; its exit status. */
static inline int run(const char *format, const char *name)
{
	char command[512];

	(void)snprintf(command, sizeof(command), format, tree_path(&tree, name));
	return WEXITSTATUS(system(command));
}

/* Some data, and large holes. */
static inline void fill(int fd)
{
	char block[4096];

	memset(block, 'a', sizeof(block));
	assert_int_equal(ftruncate(fd, 32 << 20), 0);
	assert_int_equal(pwrite(fd, block, sizeof(block), 0), sizeof(block));
	assert_int_equal(pwrite(fd, block, sizeof(block), 20 << 20), sizeof(block));
	assert_int_equal(pwrite(fd, block, 512, (32 << 20) - 512), 512);
}
