// SPDX-License-Identifier: GPL-2.0-or-later
// evdev files. Any other file (in tests: a pipe) counts as a keyboard and a mouse.
#include "screen-devices.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "screen/rfb.h"

#define EVENTS_AT_ONCE 64

static bool has_bit(const uint64_t *bits, unsigned int code)
{
	return bits[code / 64] >> code % 64 & 1;
}

static void read_axis(int fd, unsigned int code, struct screen_axis *axis)
{
	struct input_absinfo info = {};

	if (ioctl(fd, EVIOCGABS(code), &info) >= 0 && info.minimum < info.maximum)
		*axis = (struct screen_axis){ info.minimum, info.maximum };
}

/* A touchpad reports places too, but of the finger on it, not on the screen. */
static bool is_touchpad(int fd)
{
	uint64_t properties = 0, keys[SCREEN_KEY_WORDS] = {};

	if (ioctl(fd, EVIOCGPROP(sizeof(properties)), &properties) >= 0 &&
	    has_bit(&properties, INPUT_PROP_DIRECT))
		return false;
	return ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0 &&
	       has_bit(keys, BTN_TOOL_FINGER);
}

static void sync_keys(struct screen_devices *devices, size_t index)
{
	uint64_t keys[SCREEN_KEY_WORDS] = {};

	(void)ioctl(devices->items[index].fd, EVIOCGKEY(sizeof(keys)), keys);
	screen_input_sync(&devices->input, &devices->items[index].device, keys);
}

static void light(const struct screen_devices *devices, size_t index)
{
	const struct input_event events[] = {
		{ .type = EV_LED, .code = LED_NUML, .value = (devices->leds & RFB_LED_NUM) != 0 },
		{ .type = EV_LED, .code = LED_CAPSL, .value = (devices->leds & RFB_LED_CAPS) != 0 },
		{ .type = EV_LED,
		  .code = LED_SCROLLL,
		  .value = (devices->leds & RFB_LED_SCROLL) != 0 },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};

	if (devices->items[index].grabbed && devices->items[index].has_keys)
		(void)!write(devices->items[index].fd, events, sizeof(events));
}

/* Nothing important is lost between the states: no key is held. */
static void apply_grab(struct screen_devices *devices)
{
	for (size_t i = 0; i < devices->count && devices->input.held_count == 0; i++) {
		if (devices->items[i].grabbed == devices->want_grab)
			continue;
		(void)ioctl(devices->items[i].fd, EVIOCGRAB, devices->want_grab ? 1 : 0);
		devices->items[i].grabbed = devices->want_grab;
		light(devices, i);
	}
}

int screen_devices_add(struct screen_devices *devices, int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;
	uint64_t keys[SCREEN_KEY_WORDS] = {};
	size_t index = devices->count;
	bool is_evdev = false;

	if (devices->count == SCREEN_DEVICES_MAX)
		return -ENOSPC;
	is_evdev = ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) >= 0;
	memset(&devices->items[index], 0, sizeof(devices->items[index]));
	devices->items[index].has_keys = !is_evdev || has_bit(keys, KEY_LEFTCTRL) ||
					 has_bit(keys, KEY_F1) || has_bit(keys, KEY_ESC);
	if (is_evdev && !is_touchpad(fd)) {
		read_axis(fd, ABS_X, &devices->items[index].device.x);
		read_axis(fd, ABS_Y, &devices->items[index].device.y);
	}
	devices->items[index].fd = take_fd(&fd);
	devices->count++;
	if (is_evdev)
		sync_keys(devices, index);
	apply_grab(devices);
	return 0;
}

static void remove_device(struct screen_devices *devices, size_t index)
{
	static const uint64_t none[SCREEN_KEY_WORDS];

	screen_input_sync(&devices->input, &devices->items[index].device, none);
	fd_close(devices->items[index].fd);
	devices->count--;
	memmove(&devices->items[index], &devices->items[index + 1],
		(devices->count - index) * sizeof(devices->items[0]));
}

void screen_devices_done(struct screen_devices *devices)
{
	for (size_t i = 0; i < devices->count; i++)
		fd_close(devices->items[i].fd);
	devices->count = 0;
}

/* Discards what a mouse did while nobody read it. */
static void drain(const struct screen_devices *devices, size_t index)
{
	struct input_event events[EVENTS_AT_ONCE];

	while (read(devices->items[index].fd, events, sizeof(events)) == sizeof(events))
		;
}

void screen_devices_grab(struct screen_devices *devices, bool grab)
{
	for (size_t i = 0; i < devices->count && grab && !devices->want_grab; i++)
		if (!devices->items[i].has_keys)
			drain(devices, i);
	devices->want_grab = grab;
	apply_grab(devices);
}

void screen_devices_set_leds(struct screen_devices *devices, unsigned int leds)
{
	devices->leds = leds;
	for (size_t i = 0; i < devices->count; i++)
		light(devices, i);
}

void screen_devices_poll(const struct screen_devices *devices, struct pollfd *ret_polls)
{
	for (size_t i = 0; i < devices->count; i++) {
		bool wanted = devices->want_grab || devices->items[i].has_keys;

		ret_polls[i] = (struct pollfd){ .fd = wanted ? devices->items[i].fd : -1,
						.events = POLLIN };
	}
}

/* Returns whether the device still exists. */
static bool read_device(struct screen_devices *devices, size_t index)
{
	struct input_event events[EVENTS_AT_ONCE];
	ssize_t n = read(devices->items[index].fd, events, sizeof(events));

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	for (size_t i = 0; i < (size_t)n / sizeof(events[0]); i++)
		if (screen_input_event(&devices->input, &devices->items[index].device, &events[i]))
			sync_keys(devices, index);
	return n > 0;
}

void screen_devices_read(struct screen_devices *devices, const struct pollfd *polls, size_t count)
{
	for (size_t i = count; i-- > 0;)
		if (polls[i].fd >= 0 && polls[i].revents && !read_device(devices, i))
			remove_device(devices, i);
	apply_grab(devices);
}
