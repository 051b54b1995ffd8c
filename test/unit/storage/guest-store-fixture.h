/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A guest store in a folder, whose every system call can fail, and what was done to the disk. */
// link: -Wl,--wrap=syscall,--wrap=mkdirat,--wrap=renameat,--wrap=renameat2,--wrap=unlinkat
// link: -Wl,--wrap=fsync,--wrap=openat,--wrap=write,--wrap=read,--wrap=fstat,--wrap=fdopendir
// link: -Wl,--wrap=faccessat,--wrap=fcntl,--wrap=reallocarray,--wrap=realloc
// link: -Wl,--wrap=linkat,--wrap=ftruncate,--wrap=pwrite
#pragma once

#include "fake-tree.h"

#include <linux/openat2.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "storage/store/guest-store-internal.h"

static struct tree tree;
static int root_fd = -1;
static char steps[4096]; /* what was done to the disk, in order */

static struct {
	bool active, cut; /* cut: nothing works any more from there on */
	int call, fail_at, error;
} fake;

static bool fails(const char *name)
{
	size_t length = strlen(steps);

	if (!fake.active)
		return false;
	fake.call++;
	if (fake.fail_at == 0)
		(void)snprintf(steps + length, sizeof(steps) - length, "%s ", name);
	if (fake.fail_at == 0 || (fake.cut ? fake.call < fake.fail_at : fake.call != fake.fail_at))
		return false;
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

WRAP(int, mkdirat, -1, (int fd, const char *path, mode_t mode), (fd, path, mode))
WRAP(int, renameat, -1, (int a, const char *from, int b, const char *to), (a, from, b, to))
WRAP(int, renameat2, -1, (int a, const char *from, int b, const char *to, unsigned int flags),
     (a, from, b, to, flags))
WRAP(int, unlinkat, -1, (int fd, const char *path, int flags), (fd, path, flags))
WRAP(int, fsync, -1, (int fd), (fd))
WRAP(int, linkat, -1, (int a, const char *from, int b, const char *to, int flags),
     (a, from, b, to, flags))
WRAP(int, ftruncate, -1, (int fd, off_t length), (fd, length))
WRAP(ssize_t, pwrite, -1, (int fd, const void *data, size_t length, off_t at),
     (fd, data, length, at))
WRAP(ssize_t, write, -1, (int fd, const void *data, size_t length), (fd, data, length))
WRAP(ssize_t, read, -1, (int fd, void *data, size_t length), (fd, data, length))
WRAP(int, fstat, -1, (int fd, struct stat *status), (fd, status))
WRAP(DIR *, fdopendir, 0, (int fd), (fd))
WRAP(int, faccessat, -1, (int fd, const char *path, int mode, int flags), (fd, path, mode, flags))
WRAP(void *, reallocarray, 0, (void *array, size_t count, size_t size), (array, count, size))
WRAP(void *, realloc, 0, (void *array, size_t size), (array, size))

int __real_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...);
int __wrap_openat(int fd, const char *path, int flags, ...)
{
	return fails("openat") ? -1 : __real_openat(fd, path, flags, 0600);
}

int __real_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...);
int __wrap_fcntl(int fd, int command, ...)
{
	va_list arguments;
	int argument = 0;

	va_start(arguments, command);
	argument = va_arg(arguments, int);
	va_end(arguments);
	return fails("fcntl") ? -1 : __real_fcntl(fd, command, argument);
}

long __real_syscall(long number, ...);
long __wrap_syscall(long number, ...);
long __wrap_syscall(long number, ...)
{
	va_list arguments;
	long a[4];

	va_start(arguments, number);
	for (int i = 0; i < 4; i++)
		a[i] = va_arg(arguments, long);
	va_end(arguments);
	return fails("openat2") ? -1 : __real_syscall(number, a[0], a[1], a[2], a[3]);
}

static void on_log(enum log_level, const char *, const char *, void *)
{
}

static void begin(void)
{
	memset(&fake, 0, sizeof(fake));
	steps[0] = '\0';
	tree_make(&tree);
	root_fd = open(tree.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(root_fd >= 0);
}

static void end(void)
{
	(void)close(root_fd);
	tree_remove(&tree);
}

[[maybe_unused]] static int setup(void **)
{
	log_set_hook(on_log, NULL);
	begin();
	return 0;
}

[[maybe_unused]] static int teardown(void **)
{
	end();
	return 0;
}

/* All guests with their definitions: "a=text b=text". */
[[maybe_unused]] static const char *listed(void)
{
	static char all[4096];
	struct text_list names = {};
	size_t length = 0;

	all[0] = '\0';
	assert_int_equal(guest_store_list(root_fd, &names), 0);
	for (size_t i = 0; i < names.count; i++) {
		char *text = NULL;

		assert_int_equal(guest_store_load(root_fd, names.items[i], &text), 0);
		length += (size_t)snprintf(all + length, sizeof(all) - length, "%s%s=%s",
					   i ? " " : "", names.items[i], text);
		free(text);
	}
	text_list_done(&names);
	return all;
}

[[maybe_unused]] static bool there_is(const char *path)
{
	return access(tree_path(&tree, path), F_OK) == 0;
}

/* Nothing of what has a name of its own only while it is made. What is put aside is the trash's. */
static int is_left_over(const char *path, const struct stat *, int, struct FTW *ftw)
{
	const char *name = path + ftw->base;

	if (strncmp(name, ".new-", 5) == 0 || strncmp(name, "guest.conf.", 11) == 0)
		fail_msg("left over: %s", path);
	return 0;
}

[[maybe_unused]] static void expect_nothing_left_over(void)
{
	assert_int_equal(nftw(tree.root, is_left_over, 16, FTW_PHYS), 0);
}
