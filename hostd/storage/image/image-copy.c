// SPDX-License-Identifier: GPL-2.0-or-later
// Copies a file into another. The kernel does it if it can (on the same file system, which may
// share the blocks); otherwise zeros become holes.
#include "image-copy.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"

#define STEP_BYTES (64 << 20)
#define BLOCK_BYTES (64 << 10)
#define PROGRESS_BYTES (16 << 20)

struct copy {
	int source_fd, target_fd, progress_fd;
	off_t told;
	bool by_hand;
	const char **ret_what;
};

static int fail(const struct copy *copy, const char *what)
{
	*copy->ret_what = what;
	return -errno;
}

static bool is_zero(const char *block, size_t length)
{
	return length == 0 || (block[0] == 0 && memcmp(block, block + 1, length - 1) == 0);
}

static int write_at(const struct copy *copy, const char *block, size_t length, off_t at)
{
	while (length > 0) {
		ssize_t written = pwrite(copy->target_fd, block, length, at);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return fail(copy, "writing the copy");
		block += written;
		length -= (size_t)written;
		at += written;
	}
	return 0;
}

/* Returns 0 with *at after the copied part, which is not the end if the source became shorter. */
static int copy_block(const struct copy *copy, off_t *at, off_t end)
{
	static char block[BLOCK_BYTES];
	size_t wanted = end - *at < BLOCK_BYTES ? (size_t)(end - *at) : BLOCK_BYTES;
	ssize_t got = pread(copy->source_fd, block, wanted, *at);

	if (got < 0 && errno == EINTR)
		return 0;
	if (got == 0)
		errno = ENODATA;
	if (got <= 0)
		return fail(copy, "reading the image");
	if (!is_zero(block, (size_t)got)) {
		int r = write_at(copy, block, (size_t)got, *at);

		if (r < 0)
			return r;
	}
	*at += got;
	return 0;
}

static void tell(struct copy *copy, off_t at)
{
	const uint64_t done = (uint64_t)at;

	if (copy->progress_fd < 0 || at - copy->told < PROGRESS_BYTES)
		return;
	copy->told = at;
	(void)!write(copy->progress_fd, &done, sizeof(done));
}

static int copy_range(struct copy *copy, off_t at, off_t end)
{
	while (at < end) {
		off_t from = at, to = at;
		ssize_t copied = 0;
		int r = 0;

		tell(copy, at);
		if (!copy->by_hand) {
			size_t wanted = end - at < STEP_BYTES ? (size_t)(end - at) : STEP_BYTES;

			copied = copy_file_range(copy->source_fd, &from, copy->target_fd, &to,
						 wanted, 0);
			if (copied > 0) {
				at += copied;
				continue;
			}
			if (copied < 0 && errno == EINTR)
				continue;
			if (copied < 0 && (errno == ENOSPC || errno == EIO || errno == EDQUOT))
				return fail(copy, "copying the image");
			/* EXDEV, EINVAL, ENOSYS…: these two file systems do not support it. */
			copy->by_hand = true;
		}
		r = copy_block(copy, &at, end);
		if (r < 0)
			return r;
	}
	return 0;
}

int image_copy(int source_fd, int target_fd, int progress_fd, const char **ret_what)
{
	struct copy copy = { .source_fd = source_fd,
			     .target_fd = target_fd,
			     .progress_fd = progress_fd,
			     .ret_what = ret_what };
	struct stat status;
	off_t at = 0;

	if (fstat(source_fd, &status) < 0)
		return fail(&copy, "reading the image");
	if (ftruncate(target_fd, 0) < 0 || ftruncate(target_fd, status.st_size) < 0)
		return fail(&copy, "making the copy");
	while (at < status.st_size) {
		off_t data = lseek(source_fd, at, SEEK_DATA), end = status.st_size;
		int r = 0;

		if (data < 0 && errno == ENXIO)
			break; /* a hole up to the end */
		if (data < 0)
			data = at;
		else
			end = lseek(source_fd, data, SEEK_HOLE);
		if (end < 0)
			return fail(&copy, "reading the image");
		if (end > status.st_size)
			end = status.st_size;
		r = copy_range(&copy, data, end);
		if (r < 0)
			return r;
		at = end;
	}
	return fsync(target_fd) < 0 ? fail(&copy, "writing the copy to its disk") : 0;
}
