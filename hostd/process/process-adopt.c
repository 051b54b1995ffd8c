// SPDX-License-Identifier: GPL-2.0-or-later
// Processes that another one has started: by pid and start time.
#include <fcntl.h>
#include <string.h>
#include <sys/pidfd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "process.h"

#define STAT_BYTES_MAX 4096

int process_start_time(pid_t pid, uint64_t *ret_start_time)
{
	_cleanup_free_ char *text = NULL;
	char path[32], *field = NULL;
	unsigned long long start_time = 0;
	int r = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	r = file_read(AT_FDCWD, path, STAT_BYTES_MAX, &text, NULL);
	if (r < 0)
		return r == -ENOENT ? -ESRCH : r;
	/* Field 2 is the name in parentheses, with anything in it; 20 fields on it is. */
	field = strrchr(text, ')');
	for (int i = 2; field && i < 22; i++)
		field = strchr(field + 1, ' ');
	if (!field || sscanf(field, " %llu", &start_time) != 1)
		return -EBADMSG;
	*ret_start_time = start_time;
	return 0;
}

int process_adopt(pid_t pid, uint64_t start_time, int *ret_pidfd)
{
	_cleanup_fd_ int pidfd = -EBADF;
	uint64_t found_start_time = 0;
	int r = 0;

	if (pid <= 0)
		return -ESRCH;
	/* In this order: from here on the pid, if it is the right one, cannot be another's. */
	pidfd = pidfd_open(pid, 0);
	if (pidfd < 0)
		/* EINVAL, of old ENOENT too: the number is a thread's. */
		return errno == EINVAL || errno == ENOENT ? -ESRCH : -errno;
	r = process_start_time(pid, &found_start_time);
	if (r < 0)
		return r;
	if (found_start_time != start_time)
		return -ESRCH;
	*ret_pidfd = take_fd(&pidfd);
	return 0;
}
