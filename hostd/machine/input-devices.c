// SPDX-License-Identifier: GPL-2.0-or-later
// Keyboards and pointers, found by libudev from the kernel's own events: no udevd runs here.
#include "input-devices.h"

#include <fcntl.h>
#include <libudev.h>
#include <linux/input.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/log.h"

struct input_devices {
	input_device_added_t added;
	void *userdata;
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event_source *source;
};

static_assert(INPUT_BITS_WORDS * 64 >= KEY_CNT);

static bool has(const uint64_t *bits, unsigned int bit)
{
	return bits[bit / 64] >> bit % 64 & 1;
}

bool input_device_is_wanted(const uint64_t keys[static INPUT_BITS_WORDS], uint64_t movements,
			    uint64_t places)
{
	bool has_buttons = has(keys, BTN_LEFT) || has(keys, BTN_TOUCH);

	if (has(keys, KEY_A) || has(keys, KEY_ESC) || has(keys, KEY_KP0) || has(keys, KEY_ENTER))
		return true;
	return has_buttons && (has(&movements, REL_X) || has(&places, ABS_X));
}

static bool is_wanted(int fd)
{
	uint64_t keys[INPUT_BITS_WORDS] = {}, movements = 0, places = 0;

	(void)ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys);
	(void)ioctl(fd, EVIOCGBIT(EV_REL, sizeof(movements)), &movements);
	(void)ioctl(fd, EVIOCGBIT(EV_ABS, sizeof(places)), &places);
	return input_device_is_wanted(keys, movements, places);
}

/* The evdev nodes alone: mouse0 and js0 are the same hardware again. */
static void add_device(struct input_devices *devices, struct udev_device *device)
{
	const char *node = udev_device_get_devnode(device);
	const char *name = udev_device_get_sysname(device);
	_cleanup_fd_ int fd = -EBADF;

	if (!node || !name || strncmp(name, "event", strlen("event")) != 0)
		return;
	fd = open(node, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		log_debug("screen", "%s: %s", node, strerrordesc_np(errno));
	else if (is_wanted(fd))
		devices->added(take_fd(&fd), devices->userdata);
}

static int on_monitor(sd_event_source *, int, uint32_t, void *userdata)
{
	struct input_devices *devices = userdata;
	struct udev_device *device = udev_monitor_receive_device(devices->monitor);
	const char *action = device ? udev_device_get_action(device) : NULL;

	if (action && strcmp(action, "add") == 0)
		add_device(devices, device);
	udev_device_unref(device);
	return 0;
}

void input_devices_scan(struct input_devices *devices)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(devices->udev);
	struct udev_list_entry *entry = NULL;

	if (!enumerate)
		return;
	if (udev_enumerate_add_match_subsystem(enumerate, "input") >= 0 &&
	    udev_enumerate_scan_devices(enumerate) >= 0)
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
		{
			struct udev_device *device = udev_device_new_from_syspath(
				devices->udev, udev_list_entry_get_name(entry));

			if (!device)
				continue;
			add_device(devices, device);
			udev_device_unref(device);
		}
	udev_enumerate_unref(enumerate);
}

static int listen_for_inputs(struct input_devices *devices, sd_event *event)
{
	int r = 0;

	devices->udev = udev_new();
	if (!devices->udev)
		return -ENOMEM;
	devices->monitor = udev_monitor_new_from_netlink(devices->udev, "kernel");
	if (!devices->monitor)
		return errno > 0 ? -errno : -ENOMEM;
	r = udev_monitor_filter_add_match_subsystem_devtype(devices->monitor, "input", NULL);
	if (r >= 0)
		r = udev_monitor_enable_receiving(devices->monitor);
	if (r < 0)
		return r;
	return sd_event_add_io(event, &devices->source, udev_monitor_get_fd(devices->monitor),
			       EPOLLIN, on_monitor, devices);
}

DEFINE_CLEANUP(struct input_devices *, input_devices_free);

int input_devices_new(sd_event *event, input_device_added_t added, void *userdata,
		      struct input_devices **ret_devices)
{
	_cleanup_(input_devices_freep) struct input_devices *devices = calloc(1, sizeof(*devices));
	int r = 0;

	if (!devices)
		return -ENOMEM;
	devices->added = added;
	devices->userdata = userdata;
	r = listen_for_inputs(devices, event);
	if (r < 0)
		return r;
	input_devices_scan(devices);
	*ret_devices = take_ptr(devices);
	return 0;
}

void input_devices_free(struct input_devices *devices)
{
	if (!devices)
		return;
	sd_event_source_disable_unref(devices->source);
	udev_monitor_unref(devices->monitor);
	udev_unref(devices->udev);
	free(devices);
}
