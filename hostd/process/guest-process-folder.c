// SPDX-License-Identifier: GPL-2.0-or-later
// A guest's folder, /run/mvirt/guests/NAME: QEMU's log and sockets in it, and their end.
#include "process/guest-process.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "process/guest-cgroup.h"
#include "process/guest-process-internal.h"

#define LOG_FOLDER "log"
#define LOG_OPTIONS "size=64k,nr_inodes=16,mode=0700"
/* QEMU takes one connection at a time; the next hostd's may come before the last one's is over. */
#define BACKLOG 4
#define TAIL_LINES 3
#define TAIL_BYTES_MAX 400

static int make_private_folder(const char *path)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	return 0;
}

/* However often it was mounted over itself. Returns 0 or -errno. */
static int unmount_log(const char *path)
{
	while (umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW) == 0)
		;
	return errno == EINVAL || errno == ENOENT ? 0 : -errno;
}

int guest_process_prepare(const char *name)
{
	_cleanup_free_ char *folder = guest_process_path(name, ""),
			    *log = guest_process_path(name, LOG_FOLDER);
	int r = 0;

	if (!folder || !log)
		return -ENOMEM;
	r = guest_process_make_folders(guest_process_paths()->guests);
	if (r == 0)
		r = make_private_folder(folder);
	if (r == 0)
		r = make_private_folder(log);
	if (r == 0)
		r = unmount_log(log);
	if (r < 0)
		return r;
	if (mount("log", log, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, LOG_OPTIONS) < 0)
		return -errno;
	return 0;
}

int guest_process_listen(const char *name, const char *socket_name, int *ret_fd)
{
	_cleanup_free_ char *path = NULL, *file = text_format("%s.sock", socket_name);
	_cleanup_fd_ int fd = -EBADF;
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	path = file ? guest_process_path(name, file) : NULL;
	if (!path)
		return -ENOMEM;
	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	if (listen(fd, BACKLOG) < 0) {
		int r = -errno;

		(void)unlink(path);
		return r;
	}
	*ret_fd = take_fd(&fd);
	return 0;
}

/* Where the last lines, not counting empty ones, begin. */
static char *find_tail(char *text, size_t length)
{
	char *start = text + length;
	size_t lines = 0;

	while (start > text && start[-1] == '\n')
		start--;
	for (*start = '\0'; start > text; start--)
		if (start[-1] == '\n' && start[0] != '\n' && ++lines == TAIL_LINES)
			break;
	return start;
}

/* Runs of line ends become "; ", what cannot be shown everywhere becomes '?'. New string or NULL.
 */
static char *join_lines(const char *text)
{
	char *joined = malloc(2 * strlen(text) + 1), *out = joined;

	if (!joined)
		return NULL;
	for (; *text; text++) {
		if (*text == '\r')
			continue;
		if (*text == '\n') {
			if (out > joined && !(out - joined >= 2 && out[-2] == ';'))
				out = stpcpy(out, "; ");
			continue;
		}
		*out++ = (char)(*text >= 0x20 && *text < 0x7f ? *text : '?');
	}
	if (out - joined >= 2 && out[-2] == ';' && out[-1] == ' ')
		out -= 2;
	*out = '\0';
	return joined;
}

char *guest_process_stderr_tail(const char *name)
{
	_cleanup_free_ char *path = guest_process_path(name, GUEST_PROCESS_STDERR);
	_cleanup_fd_ int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW) : -EBADF;
	char text[4096], *joined = NULL;
	off_t size = 0;
	ssize_t length = 0;

	if (fd < 0)
		return NULL;
	size = lseek(fd, 0, SEEK_END);
	length = pread(fd, text, sizeof(text) - 1,
		       size > (off_t)sizeof(text) - 1 ? size - (off_t)sizeof(text) + 1 : 0);
	if (length <= 0)
		return NULL;
	for (ssize_t i = 0; i < length; i++)
		if (text[i] == '\0')
			text[i] = '?';
	joined = join_lines(find_tail(text, (size_t)length));
	if (joined && strlen(joined) > TAIL_BYTES_MAX)
		memmove(joined, joined + strlen(joined) - TAIL_BYTES_MAX, TAIL_BYTES_MAX + 1);
	if (joined && !*joined) {
		free(joined);
		return NULL;
	}
	return joined;
}

static int remove_sockets(const char *folder)
{
	_cleanup_dir_ DIR *entries = opendir(folder);
	struct dirent *entry = NULL;
	int r = 0;

	if (!entries)
		return errno == ENOENT ? 0 : -errno;
	while ((entry = readdir(entries))) {
		const char *dot = strrchr(entry->d_name, '.');

		if (dot && strcmp(dot, ".sock") == 0 &&
		    unlinkat(dirfd(entries), entry->d_name, 0) < 0)
			r = -errno;
	}
	return r;
}

int guest_process_cleanup(const char *name)
{
	_cleanup_free_ char *folder = guest_process_path(name, ""),
			    *log = guest_process_path(name, LOG_FOLDER);
	int r = guest_cgroup_remove(name), r_log = 0, r_sockets = 0;

	if (!folder || !log)
		return -ENOMEM;
	r_log = unmount_log(log);
	if (r_log == 0 && rmdir(log) < 0 && errno != ENOENT)
		r_log = -errno;
	r_sockets = remove_sockets(folder);
	return r < 0 ? r : r_log < 0 ? r_log : r_sockets;
}
