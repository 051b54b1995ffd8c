// SPDX-License-Identifier: GPL-2.0-or-later
// The list of disks and NICs: libudev finds them, sysfs describes them, and a child for each disk
// reads its content.
#include "devices.h"

#include <errno.h>
#include <libudev.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "device-attributes.h"
#include "disk-probe.h"
#include "nic-mac.h"

/* How long the first scan waits for the slowest disk; later answers are reported when they come. */
#define SCAN_MS 2000
/* Hundreds of disks on one controller appear at once. */
#define MONITOR_BYTES (1024 * 1024)

/* A disk whose content is being probed. */
struct pending {
	struct devices *devices;
	struct pending *next;
	struct disk_probe *probe;
	struct disk_device disk;
};

struct devices {
	sd_event *event;
	const struct loader *loader;
	struct devices_callbacks callbacks;
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event_source *monitor_source;
	struct pending *pending;
	struct disk_device *disks;
	size_t disk_count;
	struct nic_device *nics;
	char **nic_syspaths; /* same index as in nics */
	size_t nic_count;
};

static struct disk_device *find_disk(const struct devices *devices, const char *name)
{
	for (size_t i = 0; i < devices->disk_count; i++)
		if (strcmp(devices->disks[i].name, name) == 0)
			return &devices->disks[i];
	return NULL;
}

static void forget_disk(struct devices *devices, const char *name)
{
	struct disk_device *disk = find_disk(devices, name), gone = {};

	if (!disk)
		return;
	gone = *disk;
	memmove(disk, disk + 1,
		(size_t)(devices->disks + --devices->disk_count - disk) * sizeof(*disk));
	if (devices->callbacks.disk_removed)
		devices->callbacks.disk_removed(gone.name, devices->callbacks.userdata);
	disk_device_done(&gone);
}

/* Reports a disk, unless nothing has changed. */
static void report_disk(struct devices *devices, struct disk_device *disk_consume)
{
	_cleanup_(disk_device_done) struct disk_device disk = *disk_consume;
	struct disk_device *known = find_disk(devices, disk.name), *grown = NULL;

	*disk_consume = (struct disk_device){};
	if (known && disk_device_equal(known, &disk))
		return;
	if (known)
		forget_disk(devices, disk.name);
	grown = reallocarray(devices->disks, devices->disk_count + 1, sizeof(*grown));
	if (!grown) {
		log_error("disks", "%s: out of memory", disk.name);
		return;
	}
	devices->disks = grown;
	known = &grown[devices->disk_count++];
	*known = disk;
	disk = (struct disk_device){};
	if (devices->callbacks.disk_added)
		devices->callbacks.disk_added(known, devices->callbacks.userdata);
}

static void pending_free(struct pending *pending)
{
	struct pending **link = &pending->devices->pending;

	while (*link && *link != pending)
		link = &(*link)->next;
	if (*link)
		*link = pending->next;
	disk_probe_cancel(pending->probe);
	disk_device_done(&pending->disk);
	free(pending);
}

static void cancel_pending(struct devices *devices, const char *name)
{
	for (struct pending *pending = devices->pending; pending; pending = pending->next)
		if (strcmp(pending->disk.name, name) == 0) {
			pending_free(pending);
			return;
		}
}

static char *copy_or_null(const char *text)
{
	return *text ? strdup(text) : NULL;
}

/* The attribute's size is stale for a drive that has just checked its medium. */
static void on_content(const struct disk_content *content, void *userdata)
{
	struct pending *pending = userdata;
	struct devices *devices = pending->devices;
	struct disk_device disk = pending->disk;

	pending->disk = (struct disk_device){};
	pending->probe = NULL;
	pending_free(pending);
	disk.label = copy_or_null(content->label);
	disk.type = copy_or_null(content->type);
	disk.uuid = copy_or_null(content->uuid);
	disk.loaded = content->loaded;
	if (!disk.skipped)
		disk.skipped = copy_or_null(content->skipped);
	if (content->size_bytes > 0)
		disk.size_bytes = content->size_bytes;
	else if (strcmp(content->skipped, "no medium") == 0)
		disk.size_bytes = 0;
	report_disk(devices, &disk);
}

static int probe_disk(struct devices *devices, struct disk_device *disk_consume)
{
	struct pending *pending = calloc(1, sizeof(*pending));
	int r = 0;

	if (!pending)
		return -ENOMEM;
	pending->devices = devices;
	r = disk_probe_start(devices->event, disk_consume->node,
			     disk_consume->parent ? NULL : devices->loader, on_content, pending,
			     &pending->probe);
	if (r < 0) {
		free(pending);
		return r;
	}
	pending->disk = *disk_consume;
	*disk_consume = (struct disk_device){};
	pending->next = devices->pending;
	devices->pending = pending;
	return 0;
}

static void add_disk(struct devices *devices, struct udev_device *device)
{
	_cleanup_(disk_device_done) struct disk_device disk = {};
	const char *node = udev_device_get_devnode(device);
	int r = disk_attributes_read(udev_device_get_syspath(device), &disk);

	if (r < 0)
		log_error("disks", "%s: %s", udev_device_get_sysname(device), strerror(-r));
	if (r <= 0 || !node)
		return;
	cancel_pending(devices, disk.name);
	disk.node = strdup(node);
	if (!disk.node)
		return;
	if (disk.size_bytes > 0 || disk.removable) {
		r = probe_disk(devices, &disk);
		if (r >= 0)
			return;
		if (!disk.skipped)
			disk.skipped = text_format("cannot be probed: %s", strerror(-r));
	}
	report_disk(devices, &disk);
}

static void remove_disk(struct devices *devices, const char *name)
{
	cancel_pending(devices, name);
	forget_disk(devices, name);
}

static void forget_nic(struct devices *devices, size_t index)
{
	struct nic_device gone = devices->nics[index];

	free(devices->nic_syspaths[index]);
	devices->nic_count--;
	for (size_t i = index; i < devices->nic_count; i++) {
		devices->nics[i] = devices->nics[i + 1];
		devices->nic_syspaths[i] = devices->nic_syspaths[i + 1];
	}
	if (devices->callbacks.nic_removed)
		devices->callbacks.nic_removed(gone.name, devices->callbacks.userdata);
	nic_device_done(&gone);
}

static bool find_nic(const struct devices *devices, const char *name, size_t *ret_index)
{
	for (size_t i = 0; i < devices->nic_count; i++)
		if (strcmp(devices->nics[i].name, name) == 0) {
			*ret_index = i;
			return true;
		}
	return false;
}

static int append_nic(struct devices *devices, struct nic_device *nic_consume, const char *syspath)
{
	struct nic_device *nics = NULL;
	char **syspaths = NULL, *copy = NULL;

	nics = reallocarray(devices->nics, devices->nic_count + 1, sizeof(*nics));
	if (!nics)
		return -ENOMEM;
	devices->nics = nics;
	syspaths = reallocarray(devices->nic_syspaths, devices->nic_count + 1, sizeof(*syspaths));
	if (!syspaths)
		return -ENOMEM;
	devices->nic_syspaths = syspaths;
	copy = strdup(syspath);
	if (!copy)
		return -ENOMEM;
	nics[devices->nic_count] = *nic_consume;
	syspaths[devices->nic_count++] = copy;
	*nic_consume = (struct nic_device){};
	return 0;
}

static void add_nic(struct devices *devices, struct udev_device *device)
{
	_cleanup_(nic_device_done) struct nic_device nic = {};
	const char *syspath = udev_device_get_syspath(device);
	char mac[NIC_MAC_TEXT_BYTES];
	size_t index = 0;
	int r = nic_attributes_read(syspath, &nic);

	if (r == 0 || (r > 0 && find_nic(devices, nic.name, &index)))
		return;
	if (r > 0 && nic_permanent_mac(nic.name, mac) == 0) {
		free(nic.mac);
		nic.mac = strdup(mac);
	}
	if (r > 0)
		r = append_nic(devices, &nic, syspath);
	if (r < 0) {
		log_error("nics", "%s: %s", udev_device_get_sysname(device), strerror(-r));
		return;
	}
	if (devices->callbacks.nic_added)
		devices->callbacks.nic_added(&devices->nics[devices->nic_count - 1],
					     devices->callbacks.userdata);
}

static void remove_nic(struct devices *devices, const char *name)
{
	size_t index = 0;

	if (find_nic(devices, name, &index))
		forget_nic(devices, index);
}

/* An interface was renamed, or a NIC went into another namespace and came back. */
static void rename_nic(struct devices *devices, struct udev_device *device)
{
	const char *old_path = udev_device_get_property_value(device, "DEVPATH_OLD");
	const char *slash = old_path ? strrchr(old_path, '/') : NULL;

	if (slash)
		remove_nic(devices, slash + 1);
	add_nic(devices, device);
}

static void add_device(struct devices *devices, struct udev_device *device)
{
	if (text_equal(udev_device_get_subsystem(device), "block"))
		add_disk(devices, device);
	else if (text_equal(udev_device_get_subsystem(device), "net"))
		add_nic(devices, device);
}

/* A block device's "change" means a new medium, size or partition table. */
static void on_device(struct devices *devices, struct udev_device *device)
{
	const char *action = udev_device_get_action(device);
	const char *name = udev_device_get_sysname(device);
	bool block = text_equal(udev_device_get_subsystem(device), "block");

	if (text_equal(action, "add") || (block && text_equal(action, "change")))
		add_device(devices, device);
	else if (text_equal(action, "remove") && block)
		remove_disk(devices, name);
	else if (text_equal(action, "remove"))
		remove_nic(devices, name);
	else if (text_equal(action, "move") && !block)
		rename_nic(devices, device);
}

static int scan_subsystem(struct devices *devices, const char *subsystem, struct text_list *names)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(devices->udev);
	struct udev_list_entry *entry = NULL;
	int r = -ENOMEM;

	if (!enumerate)
		return r;
	r = udev_enumerate_add_match_subsystem(enumerate, subsystem);
	if (r >= 0)
		r = udev_enumerate_scan_devices(enumerate);
	for (entry = r >= 0 ? udev_enumerate_get_list_entry(enumerate) : NULL; entry && r >= 0;
	     entry = udev_list_entry_get_next(entry)) {
		struct udev_device *device = udev_device_new_from_syspath(
			devices->udev, udev_list_entry_get_name(entry));

		if (!device)
			continue;
		r = text_list_add(names, udev_device_get_sysname(device));
		add_device(devices, device);
		udev_device_unref(device);
	}
	udev_enumerate_unref(enumerate);
	return r;
}

static bool is_listed(const struct text_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], name) == 0)
			return true;
	return false;
}

/* Finds what exists and, after lost events, what is gone. */
static int scan(struct devices *devices)
{
	_cleanup_(text_list_done) struct text_list disks = {}, nics = {};
	int r = scan_subsystem(devices, "block", &disks);

	if (r >= 0)
		r = scan_subsystem(devices, "net", &nics);
	if (r < 0)
		return r;
	for (size_t i = devices->disk_count; i > 0; i--)
		if (i <= devices->disk_count && !is_listed(&disks, devices->disks[i - 1].name))
			remove_disk(devices, devices->disks[i - 1].name);
	for (size_t i = devices->nic_count; i > 0; i--)
		if (i <= devices->nic_count && !is_listed(&nics, devices->nics[i - 1].name))
			forget_nic(devices, i - 1);
	return 0;
}

static void receive(struct devices *devices)
{
	struct udev_device *device = udev_monitor_receive_device(devices->monitor);
	int r = 0;

	if (device) {
		on_device(devices, device);
		udev_device_unref(device);
		return;
	}
	if (errno != ENOBUFS)
		return;
	log_warning("devices", "events were lost: scanning again");
	r = scan(devices);
	if (r < 0)
		log_error("devices", "scan failed: %s", strerror(-r));
}

static int on_monitor(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	(void)source;
	(void)fd;
	(void)revents;
	receive(userdata);
	return 0;
}

static int listen_for_devices(struct devices *devices)
{
	int r = 0;

	devices->udev = udev_new();
	if (!devices->udev)
		return -ENOMEM;
	/* No udevd runs here, so listen to the kernel's own events. */
	devices->monitor = udev_monitor_new_from_netlink(devices->udev, "kernel");
	if (!devices->monitor)
		return errno > 0 ? -errno : -ENOMEM;
	(void)udev_monitor_set_receive_buffer_size(devices->monitor, MONITOR_BYTES);
	r = udev_monitor_filter_add_match_subsystem_devtype(devices->monitor, "block", NULL);
	if (r >= 0)
		r = udev_monitor_filter_add_match_subsystem_devtype(devices->monitor, "net", NULL);
	if (r >= 0)
		r = udev_monitor_enable_receiving(devices->monitor);
	if (r < 0)
		return r;
	return sd_event_add_io(devices->event, &devices->monitor_source,
			       udev_monitor_get_fd(devices->monitor), EPOLLIN, on_monitor, devices);
}

static int64_t now_ms(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Handles what comes within timeout_ms: answers of disks, then one event. Returns 0 or -errno. */
static int poll_once(struct devices *devices, int64_t timeout_ms)
{
	_cleanup_free_ struct pollfd *fds = NULL;
	_cleanup_free_ struct disk_probe **probes = NULL;
	size_t count = 0, i = 0;

	for (struct pending *p = devices->pending; p; p = p->next)
		count++;
	fds = calloc(count + 1, sizeof(*fds));
	probes = calloc(count + 1, sizeof(struct disk_probe *));
	if (!fds || !probes)
		return -ENOMEM;
	for (struct pending *p = devices->pending; p; p = p->next, i++) {
		probes[i] = p->probe;
		fds[i] = (struct pollfd){ .fd = disk_probe_fd(p->probe), .events = POLLIN };
	}
	fds[count].fd = udev_monitor_get_fd(devices->monitor);
	fds[count].events = POLLIN;
	if (poll(fds, count + 1, (int)timeout_ms) < 0)
		return errno == EINTR ? 0 : -errno;
	for (i = 0; i < count; i++)
		if (fds[i].revents)
			disk_probe_finish(probes[i]);
	if (fds[count].revents)
		receive(devices);
	return 0;
}

int devices_wait(struct devices *devices, bool (*enough)(void *userdata), void *userdata,
		 unsigned int timeout_ms)
{
	int64_t deadline_ms = now_ms() + timeout_ms;

	while (!enough(userdata)) {
		int64_t left_ms = deadline_ms - now_ms();
		int r = left_ms > 0 ? poll_once(devices, left_ms) : -ETIMEDOUT;

		if (r < 0)
			return r;
	}
	return 0;
}

bool devices_is_probing(const struct devices *devices)
{
	return devices->pending;
}

static bool has_no_pending(void *userdata)
{
	return !devices_is_probing(userdata);
}

DEFINE_CLEANUP(struct devices *, devices_free);

int devices_new(sd_event *event, const struct loader *loader,
		const struct devices_callbacks *callbacks, struct devices **ret_devices)
{
	_cleanup_(devices_freep) struct devices *devices = calloc(1, sizeof(*devices));
	int r = 0;

	if (!devices)
		return -ENOMEM;
	devices->event = sd_event_ref(event);
	devices->loader = loader;
	devices->callbacks = *callbacks;
	r = listen_for_devices(devices);
	if (r >= 0)
		r = scan(devices);
	if (r < 0)
		return r;
	/* The event loop handles slower ones. */
	(void)devices_wait(devices, has_no_pending, devices, SCAN_MS);
	*ret_devices = take_ptr(devices);
	return 0;
}

void devices_free(struct devices *devices)
{
	if (!devices)
		return;
	while (devices->pending)
		pending_free(devices->pending);
	sd_event_source_disable_unref(devices->monitor_source);
	udev_monitor_unref(devices->monitor);
	udev_unref(devices->udev);
	for (size_t i = 0; i < devices->disk_count; i++)
		disk_device_done(&devices->disks[i]);
	for (size_t i = 0; i < devices->nic_count; i++) {
		nic_device_done(&devices->nics[i]);
		free(devices->nic_syspaths[i]);
	}
	free(devices->disks);
	free(devices->nics);
	free(devices->nic_syspaths);
	sd_event_unref(devices->event);
	free(devices);
}

const struct disk_device *devices_disks(const struct devices *devices, size_t *ret_count)
{
	*ret_count = devices->disk_count;
	return devices->disks;
}

/* Carrier causes no event here, so it is read on request. */
const struct nic_device *devices_nics(const struct devices *devices, size_t *ret_count)
{
	for (size_t i = 0; i < devices->nic_count; i++)
		devices->nics[i].link = nic_link_read(devices->nic_syspaths[i]);
	*ret_count = devices->nic_count;
	return devices->nics;
}
