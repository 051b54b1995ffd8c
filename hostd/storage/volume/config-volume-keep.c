// SPDX-License-Identifier: GPL-2.0-or-later
// Boot files in memory: a guest can start again after the stick was pulled out.
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "base/log.h"
#include "base/meminfo.h"
#include "base/text.h"
#include "config-volume-internal.h"

#define TEMPORARY "%new"
#define COPY_BYTES (1024 * 1024)
/* Memory that stays free for the host when a file is kept. */
#define RESERVE_BYTES (16ULL * 1024 * 1024)
/* A large initrd on a slow stick takes long. */
#define KEEP_LIMITS 6
#define NAME_BYTES_MAX 200
#define NAME_BYTES_PLAIN 160

int config_volume_clean_path(const char *path, char **ret_path)
{
	_cleanup_free_ char *clean = calloc(1, strlen(path) + 1);
	size_t length = 0;

	if (!clean)
		return -ENOMEM;
	while (*path) {
		size_t part = strcspn(path, "/");

		if (part == 2 && strncmp(path, "..", 2) == 0)
			return -EINVAL;
		if (part > 0 && !(part == 1 && *path == '.')) {
			if (length > 0)
				clean[length++] = '/';
			memcpy(clean + length, path, part);
			length += part;
		}
		path += part;
		path += strspn(path, "/");
	}
	if (length == 0)
		return -EINVAL;
	*ret_path = take_ptr(clean);
	return 0;
}

static bool is_plain(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || (c == '.' && !first);
}

/* FNV-1a, 64 bit: for names that are too long, not for security. */
static uint64_t hash_text(const char *text)
{
	uint64_t hash = 0xcbf29ce484222325ULL;

	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3ULL;
	return hash;
}

char *config_volume_kept_name(const char *clean_path)
{
	_cleanup_free_ char *name = calloc(3, strlen(clean_path) + 1);
	size_t length = 0;

	if (!name)
		return NULL;
	for (const char *c = clean_path; *c; c++) {
		if (is_plain(*c, c == clean_path))
			name[length++] = *c;
		else
			length += (size_t)sprintf(name + length, "%%%02X", (unsigned char)*c);
	}
	if (length <= NAME_BYTES_MAX)
		return take_ptr(name);
	return text_format("%.*s%%+%016" PRIx64, NAME_BYTES_PLAIN, name, hash_text(clean_path));
}

int config_volume_open_file(struct config_volume *volume, const char *path, int *ret_fd)
{
	_cleanup_free_ char *clean = NULL;
	_cleanup_fd_ int mount_fd = -EBADF, fd = -EBADF;
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS |
			   RESOLVE_NO_XDEV,
	};
	struct stat status = {};
	int r = config_volume_clean_path(path, &clean);

	if (r < 0)
		return r;
	mount_fd = open(volume->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (mount_fd < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, mount_fd, clean, &how, sizeof(how));
	if (fd < 0)
		return errno == EXDEV || errno == ELOOP ? -EINVAL : -errno;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int open_kept_folder(const struct config_volume *volume)
{
	int fd = open(volume->kept, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

void config_volume_kept_clean(struct config_volume *volume)
{
	_cleanup_fd_ int kept_fd = open_kept_folder(volume);

	if (kept_fd >= 0)
		(void)unlinkat(kept_fd, TEMPORARY, 0);
}

/* A file's time and size, which its copy gets too: they tell whether it has changed. */
static bool is_same(const struct stat *copy, const struct stat *original)
{
	return copy->st_size == original->st_size &&
	       copy->st_mtim.tv_sec == original->st_mtim.tv_sec &&
	       copy->st_mtim.tv_nsec == original->st_mtim.tv_nsec;
}

static uint64_t read_available(void)
{
	struct meminfo memory = {};

	if (meminfo_read(MEMINFO_PATH, &memory) < 0)
		return UINT64_MAX;
	return memory.available_bytes > RESERVE_BYTES ? memory.available_bytes - RESERVE_BYTES : 0;
}

/* The room left for copies: the smaller of the file system's room and the machine's memory. */
static uint64_t read_room(int kept_fd)
{
	struct statvfs room = {};
	uint64_t memory = read_available(), bytes = UINT64_MAX;

	/* ramfs has no limit of its own, and reports 0 blocks. */
	if (fstatvfs(kept_fd, &room) == 0 && room.f_blocks > 0)
		bytes = (uint64_t)room.f_bavail * room.f_frsize;
	return bytes < memory ? bytes : memory;
}

static void fail_without_room(struct disk_child_answer *answer, uint64_t needed, int kept_fd)
{
	char needed_text[TEXT_BYTES_MAX], room_text[TEXT_BYTES_MAX];

	disk_child_fail(answer, -ENOSPC, "needs %s of memory, %s are free",
			text_from_bytes(needed, needed_text),
			text_from_bytes(read_room(kept_fd), room_text));
}

/* Copies all of source to target. Returns 0 or -errno. */
static int copy(int source_fd, int target_fd)
{
	for (;;) {
		ssize_t sent = sendfile(target_fd, source_fd, NULL, COPY_BYTES);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		if (sent == 0)
			return 0;
	}
}

/* Writes the copy under a temporary name and renames it when it is complete. */
static int copy_to_kept(int kept_fd, const char *name, int source_fd, const struct stat *original)
{
	_cleanup_fd_ int fd = openat(kept_fd, TEMPORARY,
				     O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	struct timespec times[2] = { original->st_mtim, original->st_mtim };
	struct stat status = {};
	int r = 0;

	if (fd < 0)
		return -errno;
	r = copy(source_fd, fd);
	if (r == 0 && fstat(fd, &status) < 0)
		r = -errno;
	if (r == 0 && status.st_size != original->st_size)
		r = -EIO;
	if (r == 0 && (fchmod(fd, 0444) < 0 || futimens(fd, times) < 0 ||
		       renameat(kept_fd, TEMPORARY, kept_fd, name) < 0))
		r = -errno;
	if (r < 0)
		(void)unlinkat(kept_fd, TEMPORARY, 0);
	return r;
}

struct keep_work {
	struct config_volume *volume;
	const char *path, *name;
};

static int keep_open_file(const struct keep_work *work, int source_fd,
			  struct disk_child_answer *answer)
{
	_cleanup_fd_ int kept_fd = open_kept_folder(work->volume);
	struct stat original = {}, kept = {};
	int r = 0;

	if (kept_fd < 0)
		return kept_fd;
	if (fstat(source_fd, &original) < 0)
		return -errno;
	if (fstatat(kept_fd, work->name, &kept, AT_SYMLINK_NOFOLLOW) == 0 &&
	    is_same(&kept, &original))
		return 0;
	r = (uint64_t)original.st_size > read_room(kept_fd)
		    ? -ENOSPC
		    : copy_to_kept(kept_fd, work->name, source_fd, &original);
	/* The volume's pages are not needed a second time. */
	(void)posix_fadvise(source_fd, 0, 0, POSIX_FADV_DONTNEED);
	if (r == -ENOSPC)
		fail_without_room(answer, (uint64_t)original.st_size, kept_fd);
	else if (r < 0)
		disk_child_fail(answer, r, "%s", strerror(-r));
	return r;
}

/* Without a message the file does not exist or is not a file; the caller knows what that means. */
static void keep_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct keep_work *work = data;
	_cleanup_fd_ int source_fd = -EBADF;
	int r = config_volume_open_file(work->volume, work->path, &source_fd);

	if (r >= 0)
		r = keep_open_file(work, source_fd, answer);
	answer->error = r;
}

static int keep(struct config_volume *volume, const char *path, const char *name)
{
	const struct keep_work work = { .volume = volume, .path = path, .name = name };
	struct disk_child_answer answer = {};
	int r = config_volume_in_child(keep_in_child, &work, volume->limit_ms * KEEP_LIMITS,
				       &answer);

	if (r == -ENOSPC)
		log_error("config", "%s: %s", path, answer.why);
	else if (r == -ETIMEDOUT || (r < 0 && answer.why[0]))
		config_volume_read_failed(volume, path, r);
	/* From a child that was killed. */
	if (r < 0)
		config_volume_kept_clean(volume);
	return r;
}

static bool is_kept(const struct config_volume *volume, const char *name)
{
	_cleanup_fd_ int kept_fd = open_kept_folder(volume);

	return kept_fd >= 0 && faccessat(kept_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

int config_volume_keep(struct config_volume *volume, const char *path)
{
	_cleanup_free_ char *clean = NULL, *name = NULL;
	int r = config_volume_clean_path(path, &clean);

	if (r < 0)
		return r;
	name = config_volume_kept_name(clean);
	if (!name)
		return -ENOMEM;
	r = volume->device ? keep(volume, clean, name) : -ENOENT;
	/* An older copy is better than none. */
	if (r < 0 && is_kept(volume, name))
		return 0;
	return r;
}

int config_volume_open_kept(struct config_volume *volume, const char *path, int *ret_fd)
{
	_cleanup_free_ char *clean = NULL, *name = NULL;
	_cleanup_fd_ int kept_fd = -EBADF;
	int r = config_volume_clean_path(path, &clean), fd = -EBADF;

	if (r < 0)
		return r;
	name = config_volume_kept_name(clean);
	if (!name)
		return -ENOMEM;
	kept_fd = open_kept_folder(volume);
	if (kept_fd < 0)
		return kept_fd;
	fd = openat(kept_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return -errno;
	*ret_fd = fd;
	return 0;
}
