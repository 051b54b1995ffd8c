// SPDX-License-Identifier: GPL-2.0-or-later
// Reads a candidate in a child: a stranger's disk may hang, and then costs only a line.
#include "volume-look.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/file.h"
#include "config/config-claims.h"
#include "process/disk-child.h"

/* A mount point that exists only in the child's namespace. */
#define LOOK_FOLDER "/run/mvirt/look"
#define LIMIT_MS 10000
#define DEFINITION_BYTES_MAX (1024 * 1024)
#define CLAIMS_BYTES_MAX (512 * 1024)
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

/* Shared with the child: each claim with its NUL. */
struct shared_claims {
	size_t length;
	char text[CLAIMS_BYTES_MAX];
};

struct look {
	const char *folder, *node, *type;
	struct shared_claims *shared;
};

/* No journal is replayed: nothing is written. */
static const char *mount_options(const char *type)
{
	return text_equal(type, "ext4")  ? "noload"
	       : text_equal(type, "xfs") ? "norecovery,nouuid"
					 : NULL;
}

static int mount_it(const struct look *look)
{
	if (mkdir(look->folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount(look->node, look->folder, look->type, MOUNT_FLAGS, mount_options(look->type)) < 0)
		return -errno;
	return 0;
}

static int tell(struct shared_claims *shared, const struct text_list *claims)
{
	for (size_t i = 0; i < claims->count; i++) {
		size_t bytes = strlen(claims->items[i]) + 1;

		if (bytes > sizeof(shared->text) - shared->length)
			return -E2BIG;
		memcpy(shared->text + shared->length, claims->items[i], bytes);
		shared->length += bytes;
	}
	return 0;
}

/* A file that is not ours has no claims. */
static int read_claims(int folder_fd, const char *path, struct shared_claims *shared)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	_cleanup_fd_ int fd = (int)syscall(SYS_openat2, folder_fd, path, &how, sizeof(how));
	_cleanup_(text_list_done) struct text_list claims = {};
	_cleanup_free_ char *text = NULL;
	struct stat status = {};
	int r = 0;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	r = file_read_fd(fd, DEFINITION_BYTES_MAX, &text, NULL);
	if (r >= 0)
		r = config_claims(text, &claims);
	return r < 0 && r != -EBADMSG ? r : tell(shared, &claims);
}

static int read_guests(int root_fd, struct shared_claims *shared)
{
	_cleanup_(text_list_done) struct text_list names = {};
	_cleanup_fd_ int fd =
		openat(root_fd, "guests", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	int r = 0;

	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	r = file_list_folder(fd, &names);
	for (size_t i = 0; r >= 0 && i < names.count; i++) {
		_cleanup_free_ char *path = text_format("%s/guest.conf", names.items[i]);

		r = path ? read_claims(fd, path, shared) : -ENOMEM;
		/* An error affects only that guest: it has no definition, or an invalid one. */
		if (r < 0 && r != -ENOMEM && r != -E2BIG && r != -EIO)
			r = 0;
	}
	return r;
}

static void look_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct look *look = data;
	_cleanup_fd_ int fd = -EBADF;
	int r = mount_it(look);

	if (r >= 0) {
		fd = open(look->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		r = fd < 0 ? -errno : 0;
	}
	if (r >= 0)
		r = text_equal(look->type, "vfat") ? read_claims(fd, "mvirt.conf", look->shared)
						   : read_guests(fd, look->shared);
	answer->error = r;
}

static int take_claims(const struct shared_claims *shared, struct text_list *claims)
{
	int r = 0;

	/* The child has read what a stranger wrote: do not trust its lengths. */
	for (size_t at = 0; r >= 0 && at < shared->length && at < sizeof(shared->text);) {
		size_t length = strnlen(shared->text + at, sizeof(shared->text) - at);
		char *claim = strndup(shared->text + at, length);

		r = text_list_add_consume(claims, claim);
		at += length + 1;
	}
	return r;
}

int volume_look_at(const char *folder, const char *node, const char *type, struct text_list *claims)
{
	struct shared_claims *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
					    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct look look = { .folder = folder, .node = node, .type = type, .shared = shared };
	const struct disk_child_work work = {
		.name = "volume-look", .run = look_in_child, .data = &look, .ends_with_hostd = true
	};
	struct disk_child_answer answer = {};
	int r = 0;

	if (shared == MAP_FAILED)
		return -errno;
	r = disk_child_run(&work, LIMIT_MS, &answer);
	if (r >= 0)
		r = take_claims(shared, claims);
	(void)munmap(shared, sizeof(*shared));
	return r;
}

int volume_look(const char *node, const char *type, struct text_list *claims)
{
	return volume_look_at(LOOK_FOLDER, node, type, claims);
}
