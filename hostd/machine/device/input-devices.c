// SPDX-License-Identifier: GPL-2.0-or-later
// Keyboards and pointers, opened.
#include "input-devices.h"

#include <fcntl.h>
#include <linux/input.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "input-nodes.h"

struct input_devices {
	input_device_added_t added;
	void *userdata;
	struct input_nodes *nodes;
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

static void on_found(const char *path, void *userdata)
{
	struct input_devices *devices = userdata;
	_cleanup_fd_ int fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		log_debug("screen", "%s: %s", path, strerror(errno));
	else if (is_wanted(fd))
		devices->added(take_fd(&fd), devices->userdata);
}

void input_devices_scan(struct input_devices *devices)
{
	input_nodes_scan(devices->nodes);
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
	r = input_nodes_new(event, on_found, devices, &devices->nodes);
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
	input_nodes_free(devices->nodes);
	free(devices);
}
