// SPDX-License-Identifier: GPL-2.0-or-later
// The data volume: found by its label, checked and mounted by a child, released when it is pulled
// out.
#include "data-volume.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "data-volume-internal.h"
#include "mount-list.h"

#define RELEASE_MS 30000
/* Runs before other work in the loop. */
#define TAKEN_OVER_PRIORITY (SD_EVENT_PRIORITY_IMPORTANT - 1)
#define READONLY_WHY                                                                          \
	"the kernel has made it read-only after an error (see dmesg): reboot, so that it is " \
	"checked"

struct data_volume {
	struct data_volume_paths paths;
	struct data_volume_callbacks callbacks;
	sd_event *event;
	enum data_volume_phase phase;
	char *device, *type, *why; /* as in the status */
	struct disk_child *child; /* of CHECKING */
	int root_fd; /* owned; of MOUNTED */
	sd_event_source *taken_over; /* reports what the previous hostd mounted */
	bool awaited; /* more disks may appear */
};

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int set_device(struct data_volume *volume, const char *node, const char *type)
{
	_cleanup_free_ char *new_node = strdup(node), *new_type = strdup(type);

	if (!new_node || !new_type)
		return -ENOMEM;
	free(volume->device);
	free(volume->type);
	free(volume->why);
	volume->device = take_ptr(new_node);
	volume->type = take_ptr(new_type);
	volume->why = NULL;
	return 0;
}

static void forget(struct data_volume *volume)
{
	free(volume->device);
	free(volume->type);
	free(volume->why);
	volume->device = volume->type = volume->why = NULL;
	volume->phase = DATA_VOLUME_NONE;
}

/* --- mounted --- */

static int open_root(struct data_volume *volume)
{
	_cleanup_fd_ int fd = open(volume->paths.mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	volume->root_fd = take_fd(&fd);
	volume->phase = DATA_VOLUME_MOUNTED;
	return 0;
}

static void notify_decided(struct data_volume *volume)
{
	if (volume->callbacks.decided)
		volume->callbacks.decided(volume->callbacks.userdata);
}

static void notify_mounted(struct data_volume *volume)
{
	if (volume->callbacks.mounted)
		volume->callbacks.mounted(volume->root_fd, volume->callbacks.userdata);
	notify_decided(volume);
}

/* Its users release it first. */
static void close_root(struct data_volume *volume)
{
	volume->taken_over = sd_event_source_disable_unref(volume->taken_over);
	if (volume->root_fd < 0)
		return;
	if (volume->callbacks.lost)
		volume->callbacks.lost(volume->callbacks.userdata);
	volume->root_fd = fd_close(volume->root_fd);
}

static void log_mounted(const struct data_volume *volume, const char *how)
{
	char size[TEXT_BYTES_MAX], room[TEXT_BYTES_MAX];
	struct statvfs status = {};

	if (fstatvfs(volume->root_fd, &status) == 0 && status.f_flag & ST_RDONLY)
		log_error("data", "%s: " READONLY_WHY, volume->device);
	log_notice("data", "%s: %s, %s, %s, %s free", volume->device, how, volume->type,
		   text_from_bytes((uint64_t)status.f_blocks * status.f_frsize, size),
		   text_from_bytes((uint64_t)status.f_bavail * status.f_frsize, room));
}

static void fail(struct data_volume *volume, const char *why)
{
	log_error("data", "%s: %s", volume->device, why);
	free(volume->why);
	volume->why = strdup(why);
	volume->phase = DATA_VOLUME_FAILED;
	if (volume->callbacks.failed)
		volume->callbacks.failed(why, volume->callbacks.userdata);
	notify_decided(volume);
}

/* --- adoption --- */

static int on_adopted(sd_event_source *, void *userdata)
{
	struct data_volume *volume = userdata;

	volume->taken_over = sd_event_source_disable_unref(volume->taken_over);
	notify_mounted(volume);
	return 0;
}

static bool is_same_device(const struct mount_entry *entry)
{
	struct stat status = {};

	return stat(entry->source, &status) == 0 && S_ISBLK(status.st_mode) &&
	       status.st_rdev == entry->device;
}

/* The mount there; the last one is the one on top. */
static bool find_mount(char *text, const char *point, struct mount_entry *ret_entry)
{
	struct mount_entry entry;
	bool found = false;

	while (mount_list_next(&text, &entry))
		if (strcmp(entry.point, point) == 0) {
			*ret_entry = entry;
			found = true;
		}
	return found;
}

/* The previous hostd's mount is adopted if its device is still the same one. */
static int take_over(struct data_volume *volume)
{
	_cleanup_free_ char *text = NULL;
	struct mount_entry entry = {};
	int r = mount_list_read(volume->paths.mountinfo, &text);

	if (r < 0)
		return r;
	if (!find_mount(text, volume->paths.mount, &entry))
		return 0;
	if (!is_same_device(&entry)) {
		log_error("data", "%s: is gone, and the guests' disks on it", entry.source);
		if (umount2(volume->paths.mount, MNT_DETACH) < 0)
			log_warning("data", "%s: cannot be unmounted: %m", entry.source);
		return 0;
	}
	r = set_device(volume, entry.source, entry.type);
	if (r >= 0)
		r = open_root(volume);
	if (r < 0)
		return r;
	log_mounted(volume, "is mounted already");
	r = sd_event_add_defer(volume->event, &volume->taken_over, on_adopted, volume);
	/* Whoever adopts guests knows it by then. */
	if (r >= 0)
		r = sd_event_source_set_priority(volume->taken_over, TAKEN_OVER_PRIORITY);
	return r;
}

DEFINE_CLEANUP(struct data_volume *, data_volume_free);

int data_volume_new_at(const struct data_volume_paths *paths, sd_event *event,
		       const struct data_volume_callbacks *callbacks,
		       struct data_volume **ret_volume)
{
	_cleanup_(data_volume_freep) struct data_volume *volume = calloc(1, sizeof(*volume));
	int r = 0;

	if (!volume)
		return -ENOMEM;
	volume->paths = *paths;
	volume->callbacks = *callbacks;
	volume->event = sd_event_ref(event);
	volume->root_fd = -EBADF;
	if (mkdir(paths->mount, 0755) < 0 && errno != EEXIST)
		return -errno;
	r = take_over(volume);
	if (r < 0)
		return r;
	*ret_volume = take_ptr(volume);
	return 0;
}

int data_volume_new(sd_event *event, const struct data_volume_callbacks *callbacks,
		    struct data_volume **ret_volume)
{
	static const struct data_volume_paths paths = {
		.mount = DATA_VOLUME_MOUNT,
		.mountinfo = "/proc/self/mountinfo",
		.e2fsck = "/usr/bin/e2fsck",
		.busy_ms = 10000,
	};

	return data_volume_new_at(&paths, event, callbacks, ret_volume);
}

/* The mount stays: the next hostd adopts it. */
void data_volume_free(struct data_volume *volume)
{
	if (!volume)
		return;
	disk_child_cancel(volume->child);
	sd_event_source_disable_unref(volume->taken_over);
	(void)fd_close(volume->root_fd);
	free(volume->device);
	free(volume->type);
	free(volume->why);
	sd_event_unref(volume->event);
	free(volume);
}

/* --- a device appears --- */

static void on_checked(const struct disk_child_answer *answer, void *userdata)
{
	struct data_volume *volume = userdata;
	int r = 0;

	volume->child = NULL;
	if (answer->error < 0) {
		fail(volume, answer->why);
		return;
	}
	r = open_root(volume);
	if (r < 0) {
		(void)umount2(volume->paths.mount, MNT_DETACH);
		fail(volume, strerror(-r));
		return;
	}
	if (answer->repaired)
		log_warning("data", "%s: was repaired (e2fsck -p)", volume->device);
	log_mounted(volume, "mounted");
	notify_mounted(volume);
}

/* Whether to take a device with the label; logs why not. */
static bool is_wanted(const struct data_volume *volume, const char *node, const char *type)
{
	if (!text_equal(type, "ext4") && !text_equal(type, "xfs")) {
		log_warning("data", "%s: labelled %s, but holds %s: only ext4 and xfs are used",
			    node, DATA_VOLUME_LABEL, type);
		return false;
	}
	switch (volume->phase) {
	case DATA_VOLUME_NONE:
	case DATA_VOLUME_FAILED:
		return true;
	case DATA_VOLUME_CHECKING:
	case DATA_VOLUME_MOUNTED:
		break;
	}
	log_warning("data", "%s: also labelled %s, left alone: %s is in use", node,
		    DATA_VOLUME_LABEL, volume->device);
	return false;
}

/* A device that failed is tried again when it is offered again, and gives way to another. */
int data_volume_offer(struct data_volume *volume, const char *node, const char *fs_label,
		      const char *fs_type)
{
	struct data_volume_target target = { .paths = &volume->paths, .node = node };
	struct disk_child_work work = { .name = "data-volume",
					.run = data_volume_mount_in_child,
					.data = &target,
					.ends_with_hostd = true };
	int r = 0;

	if (!fs_type || !text_equal(fs_label, DATA_VOLUME_LABEL))
		return 0;
	if (volume->phase != DATA_VOLUME_FAILED && text_equal(volume->device, node))
		return 1;
	if (!is_wanted(volume, node, fs_type))
		return 0;
	r = set_device(volume, node, fs_type);
	if (r < 0)
		return r;
	target.type = volume->type;
	r = disk_child_start(volume->event, &work, on_checked, volume, &volume->child);
	if (r < 0) {
		fail(volume, strerror(-r));
		return r;
	}
	volume->phase = DATA_VOLUME_CHECKING;
	return 1;
}

void data_volume_await(struct data_volume *volume)
{
	volume->awaited = true;
}

void data_volume_settle(struct data_volume *volume)
{
	const bool was_undecided = data_volume_is_undecided(volume);

	volume->awaited = false;
	if (was_undecided && !data_volume_is_undecided(volume))
		notify_decided(volume);
}

void data_volume_refuse(struct data_volume *volume, const char *why)
{
	forget(volume);
	volume->why = strdup(why);
	volume->phase = DATA_VOLUME_FAILED;
	log_error("data", "%s", why);
	if (volume->callbacks.failed)
		volume->callbacks.failed(why, volume->callbacks.userdata);
	notify_decided(volume);
}

/* --- a device disappears --- */

/* The child may have mounted it before it was killed. */
static void detach(struct data_volume *volume)
{
	if (umount2(volume->paths.mount, MNT_DETACH) < 0 && errno != EINVAL)
		log_warning("data", "%s: cannot be unmounted: %m", volume->device);
}

static void stop_check(struct data_volume *volume)
{
	disk_child_cancel(take_ptr(volume->child));
	detach(volume);
}

int data_volume_remove(struct data_volume *volume, const char *device_name)
{
	const bool was_undecided = data_volume_is_undecided(volume);

	if (!volume->device || strcmp(base_name(volume->device), device_name) != 0)
		return 0;
	switch (volume->phase) {
	case DATA_VOLUME_NONE:
		break;
	case DATA_VOLUME_CHECKING:
		log_warning("data", "%s: was removed while it was being checked", volume->device);
		stop_check(volume);
		break;
	case DATA_VOLUME_MOUNTED:
		log_error("data", "%s: was removed, and the guests' disks on it", volume->device);
		close_root(volume);
		detach(volume);
		break;
	case DATA_VOLUME_FAILED:
		log_notice("data", "%s: was removed", volume->device);
		break;
	}
	forget(volume);
	if (was_undecided)
		notify_decided(volume);
	return 1;
}

int data_volume_release(struct data_volume *volume)
{
	const struct data_volume_target target = { .paths = &volume->paths,
						   .node = volume->device,
						   .type = volume->type };
	const struct disk_child_work work = { .name = "data-volume",
					      .run = data_volume_release_in_child,
					      .data = &target };
	struct disk_child_answer answer = {};
	int r = 0;

	if (volume->phase == DATA_VOLUME_CHECKING)
		stop_check(volume);
	if (volume->phase != DATA_VOLUME_MOUNTED) {
		forget(volume);
		return 0;
	}
	close_root(volume);
	r = disk_child_run(&work, RELEASE_MS, &answer);
	if (r < 0)
		log_error("data", "%s: %s", volume->device,
			  answer.why[0] ? answer.why : strerror(-r));
	else
		log_notice("data", "%s: unmounted", volume->device);
	forget(volume);
	return r;
}

bool data_volume_is_undecided(const struct data_volume *volume)
{
	switch (volume->phase) {
	case DATA_VOLUME_CHECKING:
		return true;
	case DATA_VOLUME_MOUNTED:
		return volume->taken_over;
	case DATA_VOLUME_NONE:
	case DATA_VOLUME_FAILED:
		break;
	}
	return volume->awaited;
}

void data_volume_get_status(const struct data_volume *volume, struct data_volume_status *ret_status)
{
	struct statvfs status = {};

	*ret_status = (struct data_volume_status){
		.phase = volume->phase,
		.device = volume->device,
		.type = volume->type,
		.why = volume->why,
	};
	if (volume->phase != DATA_VOLUME_MOUNTED || fstatvfs(volume->root_fd, &status) < 0)
		return;
	ret_status->size_bytes = (uint64_t)status.f_blocks * status.f_frsize;
	ret_status->free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
	if (status.f_flag & ST_RDONLY)
		ret_status->why = READONLY_WHY;
}
