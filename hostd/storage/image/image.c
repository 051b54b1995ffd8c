// SPDX-License-Identifier: GPL-2.0-or-later
// Disk images: recognised, their headers checked, and made.
#include "image.h"

#include <sys/stat.h>

#include "base/cleanup.h"
#include "image-internal.h"
#include "qcow2.h"

#define SECTOR_BYTES 512

/* Reads from the beginning; fewer bytes only if the file ends before. */
static int read_begin(int fd, void *data, size_t length, size_t *ret_length)
{
	size_t total = 0;

	while (total < length) {
		ssize_t got = pread(fd, (char *)data + total, length - total, (off_t)total);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		total += (size_t)got;
	}
	*ret_length = total;
	return 0;
}

int image_detect(int fd, enum disk_format *ret_format)
{
	char magic[4];
	size_t length = 0;
	int r = read_begin(fd, magic, sizeof(magic), &length);

	if (r < 0)
		return r;
	*ret_format = image_header_is_qcow2(magic, length) ? DISK_FORMAT_QCOW2 : DISK_FORMAT_RAW;
	return 0;
}

static int read_size(int fd, uint64_t *ret_bytes)
{
	struct stat status;
	off_t end = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (S_ISREG(status.st_mode)) {
		*ret_bytes = (uint64_t)status.st_size;
		return 0;
	}
	if (!S_ISBLK(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EMEDIUMTYPE;
	end = lseek(fd, 0, SEEK_END);
	if (end < 0)
		return -errno;
	*ret_bytes = (uint64_t)end;
	return 0;
}

int image_read_header(int fd, enum disk_format format, struct image_header *ret_header,
		      char **ret_why)
{
	_cleanup_free_ char *data = NULL;
	uint64_t bytes = 0;
	size_t length = 0;
	int r = read_size(fd, &bytes);

	if (r < 0)
		return r;
	if (format == DISK_FORMAT_AUTO)
		r = image_detect(fd, &format);
	if (r < 0)
		return r;
	if (format == DISK_FORMAT_RAW)
		return image_header_check_raw(bytes, ret_header, ret_why);
	data = malloc(IMAGE_HEADER_BYTES_MAX);
	if (!data)
		return -ENOMEM;
	r = read_begin(fd, data, IMAGE_HEADER_BYTES_MAX, &length);
	if (r < 0)
		return r;
	return image_header_check_qcow2(data, length, bytes, ret_header, ret_why);
}

int image_check(int fd, enum disk_format format, char **ret_why)
{
	struct image_header header;

	return image_read_header(fd, format, &header, ret_why);
}

int image_make(int target_fd, enum disk_format format, uint64_t size_bytes)
{
	if (size_bytes == 0 || size_bytes % SECTOR_BYTES != 0)
		return -EINVAL;
	if (size_bytes > IMAGE_SIZE_MAX)
		return -EFBIG;
	if (ftruncate(target_fd, 0) < 0)
		return -errno;
	switch (format) {
	case DISK_FORMAT_RAW:
		return ftruncate(target_fd, (off_t)size_bytes) < 0 ? -errno : 0;
	case DISK_FORMAT_QCOW2:
		return qcow2_make(target_fd, size_bytes);
	case DISK_FORMAT_AUTO:
		break;
	}
	return -EINVAL;
}
