/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ownership by cleanup attributes: what is not handed over is released on every way out. */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(function) __attribute__((cleanup(function)))

/* An fd of our own; -EBADF means none. */
#define _cleanup_fd_ _cleanup_(fd_closep)
#define _cleanup_free_ _cleanup_(freep)
#define _cleanup_file_ _cleanup_(filep)
#define _cleanup_dir_ _cleanup_(dirp)

/* Closes fd unless it is negative. Always returns -EBADF, keeps errno. */
static inline int fd_close(int fd)
{
	if (fd >= 0) {
		int saved = errno;

		(void)close(fd);
		errno = saved;
	}
	return -EBADF;
}

static inline void fd_closep(int *fd)
{
	*fd = fd_close(*fd);
}

static inline void freep(void *pointer)
{
	free(*(void **)pointer);
}

static inline void filep(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

static inline void dirp(DIR **dir)
{
	if (*dir)
		(void)closedir(*dir);
}

/* Hands an fd over: returns it and leaves -EBADF behind. */
static inline int take_fd(int *fd)
{
	int taken = *fd;

	*fd = -EBADF;
	return taken;
}

/* Hands a pointer over: returns it and leaves NULL behind. */
#define take_ptr(pointer)                         \
	({                                        \
		typeof(pointer) *_p = &(pointer); \
		typeof(pointer) _taken = *_p;     \
		*_p = NULL;                       \
		_taken;                           \
	})

/* Defines FUNCTIONp() for _cleanup_(), for a destructor that takes a pointer (NULL included). */
#define DEFINE_CLEANUP(type, function)               \
	static inline void function##p(type *object) \
	{                                            \
		if (*object)                         \
			function(*object);           \
	}

#define ELEMENTS(array) (sizeof(array) / sizeof((array)[0]))
