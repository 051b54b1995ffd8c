// SPDX-License-Identifier: GPL-2.0-or-later
// A whole disk for a guest: found, checked, and opened so that the kernel keeps others away.
#include "disk-claim.h"

#include <fcntl.h>
#include <stdarg.h>
#include <string.h>

#include "base/text.h"
#include "disk-claim-internal.h"
#include "storage/volume/data-volume.h"

#define SERIAL "serial:"
#define BY_PATH "path:"

/* Shared by all steps. */
struct claim {
	const struct disk_use_paths *paths;
	const struct disk_claim_request *request;
	const struct disk_claim_device *devices;
	size_t count;
	const struct disk_claim_device *disk; /* the disk that was found */
	char **ret_why;
};

static int refuse(const struct claim *claim, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int refuse(const struct claim *claim, int error, const char *format, ...)
{
	va_list arguments;
	char *why = NULL;

	va_start(arguments, format);
	if (vasprintf(&why, format, arguments) < 0)
		why = NULL;
	va_end(arguments);
	if (!why)
		return -ENOMEM;
	*claim->ret_why = why;
	return error;
}

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* --- find it --- */

static int no_such(const struct claim *claim)
{
	return refuse(claim, -ENODEV, "there is no disk %s (`mvirt devices` lists them)",
		      claim->request->device);
}

/* A partition has its disk's serial number, but the serial names the disk. */
static int find_serial(struct claim *claim, const char *serial)
{
	for (size_t i = 0; i < claim->count; i++) {
		const struct disk_claim_device *device = &claim->devices[i];

		if (device->parent || !text_equal(device->serial, serial))
			continue;
		if (claim->disk)
			return refuse(claim, -ENOTUNIQ,
				      "%s and %s have the serial number %s: name one by \"path:…\" "
				      "or \"/dev/…\"",
				      claim->disk->node, device->node, serial);
		claim->disk = device;
	}
	return claim->disk ? 0 : no_such(claim);
}

/* path may be a link to the node. */
static int find_node(struct claim *claim, const char *path)
{
	_cleanup_free_ char *real = realpath(path, NULL);

	for (size_t i = 0; i < claim->count; i++)
		if (text_equal(claim->devices[i].node, path) ||
		    (real && text_equal(claim->devices[i].node, real))) {
			claim->disk = &claim->devices[i];
			return 0;
		}
	return no_such(claim);
}

static int find_path(struct claim *claim, const char *name)
{
	for (size_t i = 0; i < claim->count; i++)
		if (text_equal(claim->devices[i].path, name)) {
			claim->disk = &claim->devices[i];
			return 0;
		}
	return no_such(claim);
}

static int find(struct claim *claim)
{
	const char *device = claim->request->device;

	if (begins(device, SERIAL))
		return find_serial(claim, device + strlen(SERIAL));
	if (begins(device, BY_PATH))
		return find_path(claim, device + strlen(BY_PATH));
	if (begins(device, "/dev/"))
		return find_node(claim, device);
	return refuse(claim, -EINVAL, "\"%s\" is not \"serial:…\", \"path:…\" or \"/dev/…\"",
		      device);
}

bool disk_claim_finds(const char *device, const struct disk_claim_device *devices,
		      size_t device_count)
{
	const struct disk_claim_request request = { .device = device };
	_cleanup_free_ char *why = NULL;
	struct claim claim = {
		.request = &request,
		.devices = devices,
		.count = device_count,
		.ret_why = &why,
	};

	return find(&claim) != -ENODEV;
}

/* A serial number that two disks share may mean either. */
static bool means(const char *wanted, const char *real, const struct disk_claim_device *device)
{
	if (begins(wanted, SERIAL))
		return !device->parent && text_equal(device->serial, wanted + strlen(SERIAL));
	if (begins(wanted, BY_PATH))
		return text_equal(device->path, wanted + strlen(BY_PATH));
	return text_equal(device->node, wanted) || (real && text_equal(device->node, real));
}

bool disk_claim_gives(const char *device, const struct disk_claim_device *disk,
		      const struct disk_claim_device *devices, size_t device_count)
{
	_cleanup_free_ char *real = begins(device, "/dev/") ? realpath(device, NULL) : NULL;

	for (size_t i = 0; i < device_count; i++)
		if ((text_equal(devices[i].name, disk->name) ||
		     text_equal(devices[i].name, disk->parent)) &&
		    means(device, real, &devices[i]))
			return true;
	return false;
}

/* --- whether the guest may have it: each returns 0 or refuses --- */

static const struct disk_claim_device *device_of_node(const struct claim *claim, const char *node)
{
	for (size_t i = 0; node && i < claim->count; i++)
		if (text_equal(claim->devices[i].node, node))
			return &claim->devices[i];
	return NULL;
}

static bool has(const struct text_list *list, const char *text)
{
	for (size_t i = 0; i < list->count; i++)
		if (text_equal(list->items[i], text))
			return true;
	return false;
}

/* The configuration volume's disk, its file system, and devices on it; other partitions there are
 * free. */
static bool is_configuration(const struct claim *claim, const struct text_list *bases)
{
	const struct disk_claim_device *boot = device_of_node(claim, claim->request->boot_node);

	return boot && (has(bases, boot->name) || text_equal(boot->parent, claim->disk->name));
}

static int check_boot(const struct claim *claim)
{
	_cleanup_(text_list_done) struct text_list bases = {};
	int r = disk_use_bases(claim->paths, claim->disk->name, &bases);

	if (r < 0)
		return r == -ENODEV ? no_such(claim) : r;
	for (size_t i = 0; i < claim->count; i++)
		if (claim->devices[i].loaded && has(&bases, claim->devices[i].name))
			return refuse(claim, -EBUSY, "%s is this host's boot medium",
				      claim->disk->node);
	if (is_configuration(claim, &bases))
		return refuse(claim, -EBUSY, "%s holds this host's configuration",
			      claim->disk->node);
	return 0;
}

int disk_claim_check_boot(const struct disk_use_paths *paths, const struct disk_claim_device *disk,
			  const char *boot_node, const struct disk_claim_device *devices,
			  size_t device_count, char **ret_why)
{
	const struct disk_claim_request request = { .device = disk->node, .boot_node = boot_node };
	const struct claim claim = {
		.paths = paths,
		.request = &request,
		.devices = devices,
		.count = device_count,
		.disk = disk,
		.ret_why = ret_why,
	};

	return check_boot(&claim);
}

static int check_use(const struct claim *claim)
{
	_cleanup_free_ char *use = NULL;
	int r = disk_use_check(claim->paths, claim->disk->name, &use);

	if (r == -EBUSY && use)
		return refuse(claim, r, "%s", use);
	return r == -ENODEV ? no_such(claim) : r;
}

static bool is_part_of_disk(const struct claim *claim, const struct disk_claim_device *device)
{
	return device == claim->disk || text_equal(device->parent, claim->disk->name);
}

/* It may not be mounted yet, or be damaged; no guest gets it either way. */
static int check_data_volume(const struct claim *claim)
{
	for (size_t i = 0; i < claim->count; i++) {
		const struct disk_claim_device *device = &claim->devices[i];

		if (is_part_of_disk(claim, device) &&
		    text_equal(device->label, DATA_VOLUME_LABEL) &&
		    (text_equal(device->type, "ext4") || text_equal(device->type, "xfs")))
			return refuse(claim, -EBUSY,
				      "%s is labelled " DATA_VOLUME_LABEL ": it is a "
				      "data volume",
				      device->node);
	}
	return 0;
}

/* "ext4 "root"", or another description. */
static void put_content(FILE *out, const struct disk_claim_device *device)
{
	if (!device || !device->type) {
		(void)fputs("a partition", out);
		return;
	}
	(void)fputs(device->type, out);
	if (device->label && *device->label)
		(void)fprintf(out, " \"%s\"", device->label);
}

static const struct disk_claim_device *device_named(const struct claim *claim, const char *name)
{
	for (size_t i = 0; i < claim->count; i++)
		if (text_equal(claim->devices[i].name, name))
			return &claim->devices[i];
	return NULL;
}

/* Its content, "ext4 "root" on sdb1, a partition on sdb2"; NULL without memory, "" when it is
 * empty. */
static char *describe(const struct claim *claim, const struct text_list *partitions)
{
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	const char *comma = "";
	FILE *out = open_memstream(&text, &length);
	bool failed = false;

	if (!out)
		return NULL;
	if (claim->disk->type) {
		put_content(out, claim->disk);
		comma = ", ";
	}
	for (size_t i = 0; i < partitions->count; i++) {
		(void)fputs(comma, out);
		put_content(out, device_named(claim, partitions->items[i]));
		(void)fprintf(out, " on %s", partitions->items[i]);
		comma = ", ";
	}
	failed = ferror(out);
	if (fclose(out) != 0 || failed)
		return NULL;
	return take_ptr(text);
}

/* sysfs lists a partition before its content has been read; the device list does not. */
static int check_content(const struct claim *claim)
{
	_cleanup_(text_list_done) struct text_list partitions = {};
	_cleanup_free_ char *content = NULL;
	int r = disk_use_partitions(claim->paths, claim->disk->name, &partitions);

	if (r < 0)
		return r == -ENODEV ? no_such(claim) : r;
	content = describe(claim, &partitions);
	if (!content)
		return -ENOMEM;
	if (!*content)
		return 0;
	return refuse(claim, -EEXIST,
		      "%s holds %s: set allow-existing = true to let the guest write to it",
		      claim->disk->node, content);
}

static int check(const struct claim *claim)
{
	const bool writes = !claim->request->readonly;
	int r = check_boot(claim);

	if (r >= 0)
		r = check_use(claim);
	if (r >= 0 && writes)
		r = check_data_volume(claim);
	if (r >= 0 && writes && !claim->request->allow_existing)
		r = check_content(claim);
	return r;
}

/* --- open it --- */

static int refuse_open(const struct claim *claim, int error)
{
	const char *node = claim->disk->node;

	switch (error) {
	case -EBUSY:
		return refuse(
			claim, error,
			"%s is in use: another guest has it, or it is being checked or formatted",
			node);
	case -EROFS:
	case -EACCES:
		return refuse(claim, error, "%s is write-protected: set readonly = true", node);
	case -ENOENT:
	case -ENXIO:
	case -ENODEV:
		return refuse(claim, -ENODEV, "%s is gone", node);
	case -ENOMEDIUM:
		return refuse(claim, error, "%s: no medium", node);
	default:
		return refuse(claim, error, "%s cannot be opened: %s", node, strerror(-error));
	}
}

/* Several guests may read a disk, but not while one writes. Opening it exclusively for a moment
 * shows whether one does. */
static int open_node(const struct claim *claim, int *ret_fd)
{
	const char *node = claim->disk->node;
	const int flags = O_CLOEXEC | O_NOCTTY;
	_cleanup_fd_ int fd = -EBADF;

	fd = open(node, flags | O_EXCL | (claim->request->readonly ? O_RDONLY : O_RDWR));
	if (fd >= 0 && claim->request->readonly) {
		fd = fd_close(fd);
		fd = open(node, flags | O_RDONLY);
	}
	if (fd < 0)
		return -errno;
	*ret_fd = take_fd(&fd);
	return 0;
}

int disk_claim_open_at(const struct disk_use_paths *paths, const struct disk_claim_request *request,
		       const struct disk_claim_device *devices, size_t device_count, int *ret_fd,
		       char **ret_why)
{
	struct claim claim = {
		.paths = paths,
		.request = request,
		.devices = devices,
		.count = device_count,
		.ret_why = ret_why,
	};
	_cleanup_fd_ int fd = -EBADF;
	int r = find(&claim);

	if (r >= 0)
		r = check(&claim);
	if (r < 0)
		return r;
	r = open_node(&claim, &fd);
	if (r < 0)
		return refuse_open(&claim, r);
	*ret_fd = take_fd(&fd);
	return 0;
}

int disk_claim_open(const struct disk_claim_request *request,
		    const struct disk_claim_device *devices, size_t device_count, int *ret_fd,
		    char **ret_why)
{
	return disk_claim_open_at(&disk_use_paths, request, devices, device_count, ret_fd, ret_why);
}
