// SPDX-License-Identifier: GPL-2.0-or-later
// A child unlinks deleted files: a disk of a terabyte takes long, and a dying one for ever.
#include "guest-trash.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "guest-store-internal.h"
#include "process/disk-child.h"

struct guest_trash {
	sd_event *event;
	char *root;
	struct disk_child *child; /* NULL: none is running */
	bool again; /* more came since it began */
};

/* Calls it for each name until it returns other than 0, which is then returned. */
static int each(int guests_fd, int (*look)(int guests_fd, const char *name))
{
	_cleanup_fd_ int fd = guest_store_open_folder(guests_fd, ".");
	_cleanup_dir_ DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	int r = 0;

	if (!dir)
		return fd < 0 ? fd : -errno;
	(void)take_fd(&fd);
	while (r == 0) {
		const struct dirent *entry = NULL;

		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		if (strncmp(entry->d_name, GUEST_STORE_GONE, strlen(GUEST_STORE_GONE)) == 0)
			r = look(guests_fd, entry->d_name);
	}
	return r;
}

static int find(int, const char *)
{
	return 1;
}

static int open_guests(const char *root)
{
	_cleanup_fd_ int root_fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return root_fd < 0 ? -errno : guest_store_open_guests(root_fd, false);
}

/* --- the child --- */

static int first_error;

/* One that cannot be removed does not stop the others. */
static int remove_one(int guests_fd, const char *name)
{
	int r = guest_store_remove_tree(guests_fd, name);

	if (r < 0 && first_error == 0)
		first_error = r;
	return 0;
}

static void empty_in_child(const void *data, struct disk_child_answer *answer)
{
	_cleanup_fd_ int guests_fd = open_guests(data);
	int r = guests_fd < 0 ? guests_fd : each(guests_fd, remove_one);

	if (r == 0)
		r = first_error;
	if (r < 0 && r != -ENOENT)
		disk_child_fail(answer, r, "%s", strerror(-r));
}

static void on_emptied(const struct disk_child_answer *answer, void *userdata)
{
	struct guest_trash *trash = userdata;

	trash->child = NULL;
	if (answer->error < 0)
		log_warning("data",
			    "deleted files are still in %s/" GUEST_STORE_GUESTS
			    ": %s: tried again by "
			    "the next hostd",
			    trash->root, answer->why);
	else if (trash->again)
		guest_trash_empty(trash);
}

void guest_trash_empty(struct guest_trash *trash)
{
	const struct disk_child_work work = { .name = "guest-trash",
					      .run = empty_in_child,
					      .data = trash->root,
					      .ends_with_hostd = true };
	_cleanup_fd_ int guests_fd = -EBADF;
	int r = 0;

	trash->again = trash->child;
	if (trash->child)
		return;
	guests_fd = open_guests(trash->root);
	if (guests_fd < 0 || each(guests_fd, find) <= 0)
		return;
	r = disk_child_start(trash->event, &work, on_emptied, trash, &trash->child);
	if (r < 0)
		log_warning("data", "deleted files cannot be removed now: %s", strerror(-r));
}

/* --- the object --- */

DEFINE_CLEANUP(struct guest_trash *, guest_trash_free);

int guest_trash_new(sd_event *event, const char *root, struct guest_trash **ret_trash)
{
	_cleanup_(guest_trash_freep) struct guest_trash *trash = calloc(1, sizeof(*trash));

	if (!trash)
		return -ENOMEM;
	trash->event = sd_event_ref(event);
	trash->root = strdup(root);
	if (!trash->root)
		return -ENOMEM;
	*ret_trash = take_ptr(trash);
	return 0;
}

void guest_trash_stop(struct guest_trash *trash)
{
	if (trash)
		disk_child_cancel(take_ptr(trash->child));
}

void guest_trash_free(struct guest_trash *trash)
{
	if (!trash)
		return;
	guest_trash_stop(trash);
	free(trash->root);
	sd_event_unref(trash->event);
	free(trash);
}
