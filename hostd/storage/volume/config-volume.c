// SPDX-License-Identifier: GPL-2.0-or-later
// The configuration volume: found, mounted read-only, read, and released when it is pulled out.
#include "config-volume.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "config-volume-internal.h"

#define CONFIG_FILE "mvirt.conf"
#define CONFIG_BYTES_MAX (1024 * 1024)
#define MOUNTINFO_BYTES_MAX (4 * 1024 * 1024)
#define LIMIT_MS 10000

/*
 * Everyone may read, nobody may write or execute: QEMU has no privileges. UTF-8 by "utf8", because
 * "iocharset=utf8" would make names case-sensitive.
 */
#define MOUNT_OPTIONS "fmask=0333,dmask=0222,utf8,errors=continue"
#define MOUNT_FLAGS (MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_NOATIME)

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int make_folder(const char *path)
{
	return mkdir(path, 0755) < 0 && errno != EEXIST ? -errno : 0;
}

/* The kernel writes space, tab, newline and backslash as \040 and so on (proc(5)). */
static void unescape(char *text)
{
	char *out = text;

	for (const char *in = text; *in; out++) {
		unsigned int code = 0;

		if (in[0] == '\\' && sscanf(in + 1, "%3o", &code) == 1) {
			*out = (char)code;
			in += 4;
		} else {
			*out = *in++;
		}
	}
	*out = '\0';
}

char *config_volume_find_mount(char *mountinfo, const char *mount_point, dev_t *ret_device)
{
	char *found = NULL, *line_save = NULL;

	for (char *line = strtok_r(mountinfo, "\n", &line_save); line;
	     line = strtok_r(NULL, "\n", &line_save)) {
		_cleanup_free_ char *point = NULL, *source = NULL;
		char *separator = strstr(line, " - ");
		unsigned int major = 0, minor = 0;

		if (!separator ||
		    sscanf(line, "%*u %*u %u:%u %*s %ms", &major, &minor, &point) != 3 ||
		    sscanf(separator, " - %*s %ms", &source) != 1)
			continue;
		unescape(point);
		if (strcmp(point, mount_point) != 0)
			continue;
		unescape(source);
		/* The last mount is the one on top. */
		free(found);
		found = take_ptr(source);
		*ret_device = makedev(major, minor);
	}
	return found;
}

void config_volume_detach(struct config_volume *volume)
{
	if (umount2(volume->mount, MNT_DETACH) < 0 && errno != EINVAL)
		log_warning("config", "%s: cannot be unmounted: %m", volume->device);
	free(volume->device);
	volume->device = NULL;
}

/* The previous hostd's mount is adopted if its device is still the same one. */
static int take_over(struct config_volume *volume)
{
	_cleanup_free_ char *mountinfo = NULL;
	struct stat status = {};
	dev_t device = 0;
	int r = file_read(AT_FDCWD, volume->mountinfo, MOUNTINFO_BYTES_MAX, &mountinfo, NULL);

	if (r < 0)
		return r;
	volume->device = config_volume_find_mount(mountinfo, volume->mount, &device);
	if (!volume->device)
		return 0;
	if (stat(volume->device, &status) < 0 || !S_ISBLK(status.st_mode) ||
	    status.st_rdev != device) {
		log_warning("config", "%s: is gone; files in memory stay in use", volume->device);
		config_volume_detach(volume);
	}
	return 0;
}

DEFINE_CLEANUP(struct config_volume *, config_volume_free);

int config_volume_new_below(const char *label, const char *run_folder, const char *mountinfo,
			    struct config_volume **ret_volume)
{
	_cleanup_(config_volume_freep) struct config_volume *volume = calloc(1, sizeof(*volume));
	int r = 0;

	if (!volume)
		return -ENOMEM;
	volume->label = strdup(label);
	volume->run = strdup(run_folder);
	volume->mount = text_format("%s/%s", run_folder, base_name(CONFIG_VOLUME_MOUNT));
	volume->kept = text_format("%s/%s", run_folder, base_name(CONFIG_VOLUME_KEPT));
	volume->mountinfo = strdup(mountinfo);
	volume->limit_ms = LIMIT_MS;
	if (!volume->label || !volume->run || !volume->mount || !volume->kept || !volume->mountinfo)
		return -ENOMEM;
	r = make_folder(volume->run);
	if (r >= 0)
		r = make_folder(volume->mount);
	if (r >= 0)
		r = make_folder(volume->kept);
	if (r >= 0)
		r = take_over(volume);
	if (r < 0)
		return r;
	config_volume_kept_clean(volume);
	*ret_volume = take_ptr(volume);
	return 0;
}

int config_volume_new(const char *label, struct config_volume **ret_volume)
{
	return config_volume_new_below(label, "/run/mvirt", "/proc/self/mountinfo", ret_volume);
}

/* The mount stays: the next hostd adopts it. */
void config_volume_free(struct config_volume *volume)
{
	if (!volume)
		return;
	free(volume->label);
	free(volume->run);
	free(volume->mount);
	free(volume->kept);
	free(volume->mountinfo);
	free(volume->device);
	free(volume);
}

int config_volume_in_child(void (*run)(const void *data, struct disk_child_answer *answer),
			   const void *data, int limit_ms, struct disk_child_answer *ret_answer)
{
	const struct disk_child_work work = {
		.name = "config-volume", .run = run, .data = data, .ends_with_hostd = true
	};

	return disk_child_run(&work, limit_ms, ret_answer);
}

struct mount_work {
	const char *node, *mount;
};

static void mount_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct mount_work *work = data;

	if (mount(work->node, work->mount, "vfat", MOUNT_FLAGS, MOUNT_OPTIONS) < 0)
		answer->error = -errno;
}

static int mount_it(const struct config_volume *volume, const char *node)
{
	const struct mount_work work = { node, volume->mount };
	struct disk_child_answer answer = {};
	int r = config_volume_in_child(mount_in_child, &work, volume->limit_ms, &answer);

	if (r == -ETIMEDOUT)
		log_error("config",
			  "%s: does not answer, so it is left alone: it was not mounted in %d s",
			  node, volume->limit_ms / 1000);
	else if (r < 0)
		log_error("config", "%s: cannot be mounted: %s", node, strerror(-r));
	return r;
}

int config_volume_offer(struct config_volume *volume, const char *node, const char *fs_label,
			const char *fs_type)
{
	_cleanup_free_ char *device = NULL;
	int r = 0;

	/* FAT labels know no case. */
	if (!fs_label || !fs_type || strcasecmp(fs_label, volume->label) != 0)
		return 0;
	if (volume->device && strcmp(volume->device, node) == 0)
		return 1;
	if (strcmp(fs_type, "vfat") != 0) {
		if (strcmp(fs_type, "iso9660") != 0)
			log_warning("config", "%s: labelled %s, but holds %s: only FAT is read",
				    node, fs_label, fs_type);
		return 0;
	}
	if (volume->device) {
		log_warning("config", "%s: also labelled %s, left alone: %s is in use", node,
			    fs_label, volume->device);
		return 0;
	}
	device = strdup(node);
	if (!device)
		return -ENOMEM;
	r = mount_it(volume, node);
	if (r < 0)
		return r;
	volume->device = take_ptr(device);
	log_notice("config", "%s: mounted, labelled %s", node, fs_label);
	return 1;
}

int config_volume_remove(struct config_volume *volume, const char *device_name)
{
	if (!volume->device || strcmp(base_name(volume->device), device_name) != 0)
		return 0;
	log_warning("config", "%s: was removed; files in memory stay in use", volume->device);
	config_volume_detach(volume);
	return 1;
}

/* Errors of a device that is gone, before its removal was reported. */
static bool is_device_gone(int error)
{
	return error == -EIO || error == -ENXIO || error == -ENODEV || error == -ETIMEDOUT;
}

void config_volume_read_failed(struct config_volume *volume, const char *path, int error)
{
	if (error == -ETIMEDOUT)
		log_error("config", "%s: %s: does not answer, no longer used", volume->device,
			  path);
	else
		log_error("config", "%s: %s: %s", volume->device, path, strerror(-error));
	if (is_device_gone(error))
		config_volume_detach(volume);
}

/* Shared with the child. */
struct shared_text {
	size_t length;
	char text[CONFIG_BYTES_MAX + 1];
};

struct read_work {
	const char *mount;
	struct shared_text *shared;
};

static void read_in_child(const void *data, struct disk_child_answer *answer)
{
	const struct read_work *work = data;
	_cleanup_fd_ int mount_fd = open(work->mount, O_PATH | O_DIRECTORY | O_CLOEXEC);
	_cleanup_free_ char *text = NULL;
	size_t length = 0;

	answer->error =
		mount_fd < 0 ? -errno
			     : file_read(mount_fd, CONFIG_FILE, CONFIG_BYTES_MAX, &text, &length);
	if (answer->error < 0)
		return;
	memcpy(work->shared->text, text, length + 1);
	work->shared->length = length;
}

static int copy_text(const struct config_volume *volume, const struct shared_text *shared,
		     char **ret_text)
{
	_cleanup_free_ char *text = strdup(shared->text);

	if (!text)
		return -ENOMEM;
	if (strlen(text) != shared->length) {
		log_error("config", "%s: %s: holds NUL bytes; save it as UTF-8, not UTF-16",
			  volume->device, CONFIG_FILE);
		return -EILSEQ;
	}
	*ret_text = take_ptr(text);
	return 0;
}

static int read_from_volume(struct config_volume *volume, char **ret_text)
{
	struct read_work work = { .mount = volume->mount };
	struct disk_child_answer answer = {};
	void *shared = mmap(NULL, sizeof(*work.shared), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int r = 0;

	if (shared == MAP_FAILED)
		return -errno;
	work.shared = shared;
	r = config_volume_in_child(read_in_child, &work, volume->limit_ms, &answer);
	if (r >= 0)
		r = copy_text(volume, shared, ret_text);
	(void)munmap(shared, sizeof(*work.shared));
	return r;
}

/* Kept beside the boot files, not among them: a guest's kernel may have any name. */
static void keep_config(struct config_volume *volume, const char *text)
{
	_cleanup_fd_ int run_fd = open(volume->run, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = run_fd < 0 ? -errno : file_replace(run_fd, CONFIG_FILE, text, strlen(text), 0600);

	if (r < 0)
		log_warning("config", "%s: cannot be kept in memory: %s", CONFIG_FILE,
			    strerror(-r));
}

static int read_kept_config(struct config_volume *volume, char **ret_text)
{
	_cleanup_fd_ int run_fd = open(volume->run, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (run_fd < 0)
		return -errno;
	return file_read(run_fd, CONFIG_FILE, CONFIG_BYTES_MAX, ret_text, NULL);
}

int config_volume_read_config(struct config_volume *volume, char **ret_text)
{
	char *text = NULL;
	int r = 0;

	if (!volume->device)
		return read_kept_config(volume, ret_text);
	r = read_from_volume(volume, &text);
	if (r >= 0) {
		keep_config(volume, text);
		*ret_text = text;
		return 0;
	}
	if (!is_device_gone(r))
		return r;
	config_volume_read_failed(volume, CONFIG_FILE, r);
	return read_kept_config(volume, ret_text);
}

int config_volume_open_disk(struct config_volume *volume, const char *path, int *ret_fd)
{
	if (!volume->device)
		return -ENOMEDIUM;
	return config_volume_open_file(volume, path, ret_fd);
}

const char *config_volume_device(const struct config_volume *volume)
{
	return volume->device;
}
