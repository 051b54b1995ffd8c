// SPDX-License-Identifier: GPL-2.0-or-later
// The power button: KEY_POWER of any input device. Keyboards have one too, so the kernel is asked
// to keep all their other keys to itself: typing must not wake hostd up.
#include "power.h"

#include <errno.h>
#include <fcntl.h>
#include <libudev.h>
#include <linux/input.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "power-button-input.h"

#define BITS_BYTES(highest) ((highest) / 8 + 1)

struct button_input {
	struct power_button *button;
	struct button_input *next;
	sd_event_source *source; /* owns the fd */
};

struct power_button {
	sd_event *event;
	void (*pressed)(void *userdata);
	void *userdata;
	struct udev *udev;
	struct udev_monitor *monitor;
	sd_event_source *monitor_source;
	struct button_input *inputs;
};

static void input_free(struct button_input *input)
{
	struct button_input **link = &input->button->inputs;

	while (*link && *link != input)
		link = &(*link)->next;
	if (*link)
		*link = input->next;
	sd_event_source_disable_unref(input->source);
	free(input);
}

/* A device that goes away says so with ENODEV. */
static int on_input(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct button_input *input = userdata;
	struct power_button *button = input->button;
	struct input_event events[16];
	unsigned int presses = 0;
	ssize_t got = read(fd, events, sizeof(events));

	(void)source;
	if (got < 0 && (errno == EAGAIN || errno == EINTR) && !(revents & EPOLLHUP))
		return 0;
	if (got <= 0) {
		input_free(input);
		return 0;
	}
	for (size_t i = 0; i < (size_t)got / sizeof(events[0]); i++)
		if (events[i].type == EV_KEY && events[i].code == KEY_POWER && events[i].value == 1)
			presses++;
	for (; presses > 0; presses--)
		button->pressed(button->userdata);
	return 0;
}

static bool has_power_key(int fd)
{
	uint8_t keys[BITS_BYTES(KEY_MAX)] = {};

	if (ioctl(fd, EVIOCGBIT(EV_KEY, sizeof(keys)), keys) < 0)
		return false;
	return keys[KEY_POWER / 8] & 1U << KEY_POWER % 8;
}

/* Failure costs wake-ups only. */
static void want_power_key_only(int fd)
{
	static const unsigned int unwanted[] = { EV_REL, EV_ABS, EV_MSC, EV_SW, EV_LED, EV_SND };
	uint8_t keys[BITS_BYTES(KEY_MAX)] = {};
	struct input_mask mask = { .type = EV_KEY, .codes_size = sizeof(keys) };

	keys[KEY_POWER / 8] = 1U << KEY_POWER % 8;
	mask.codes_ptr = (uintptr_t)keys;
	(void)ioctl(fd, EVIOCSMASK, &mask);
	for (size_t i = 0; i < ELEMENTS(unwanted); i++) {
		mask = (struct input_mask){ .type = unwanted[i] };
		(void)ioctl(fd, EVIOCSMASK, &mask);
	}
}

int power_button_add_input(struct power_button *button, const char *node)
{
	_cleanup_fd_ int fd = open(node, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct button_input *input = NULL;
	int r = 0;

	if (fd < 0)
		return -errno;
	if (!has_power_key(fd))
		return 0;
	want_power_key_only(fd);
	input = calloc(1, sizeof(*input));
	if (!input)
		return -ENOMEM;
	r = sd_event_add_io(button->event, &input->source, fd, EPOLLIN, on_input, input);
	if (r < 0) {
		free(input);
		return r;
	}
	(void)sd_event_source_set_io_fd_own(input->source, true);
	(void)take_fd(&fd);
	input->button = button;
	input->next = button->inputs;
	button->inputs = input;
	return 1;
}

/* The evdev nodes alone: mouse0 and js0 are the same hardware again. */
static void add_device(struct power_button *button, struct udev_device *device)
{
	const char *node = udev_device_get_devnode(device);
	const char *name = udev_device_get_sysname(device);
	int r = 0;

	if (!node || !name || strncmp(name, "event", strlen("event")) != 0)
		return;
	r = power_button_add_input(button, node);
	if (r < 0)
		log_debug("power", "%s: %s", node, strerror(-r));
}

static int on_monitor(sd_event_source *source, int fd, uint32_t revents, void *userdata)
{
	struct power_button *button = userdata;
	struct udev_device *device = udev_monitor_receive_device(button->monitor);

	(void)source;
	(void)fd;
	(void)revents;
	if (!device)
		return 0;
	/* What is removed tells it on its own fd. */
	if (udev_device_get_action(device) && strcmp(udev_device_get_action(device), "add") == 0)
		add_device(button, device);
	udev_device_unref(device);
	return 0;
}

static void scan(struct power_button *button)
{
	struct udev_enumerate *enumerate = udev_enumerate_new(button->udev);
	struct udev_list_entry *entry = NULL;

	if (!enumerate)
		return;
	if (udev_enumerate_add_match_subsystem(enumerate, "input") >= 0 &&
	    udev_enumerate_scan_devices(enumerate) >= 0)
		udev_list_entry_foreach(entry, udev_enumerate_get_list_entry(enumerate))
		{
			struct udev_device *device = udev_device_new_from_syspath(
				button->udev, udev_list_entry_get_name(entry));

			if (!device)
				continue;
			add_device(button, device);
			udev_device_unref(device);
		}
	udev_enumerate_unref(enumerate);
}

static int listen_for_inputs(struct power_button *button)
{
	int r = 0;

	button->udev = udev_new();
	if (!button->udev)
		return -ENOMEM;
	/* No udevd runs here: the kernel's own events. */
	button->monitor = udev_monitor_new_from_netlink(button->udev, "kernel");
	if (!button->monitor)
		return errno > 0 ? -errno : -ENOMEM;
	r = udev_monitor_filter_add_match_subsystem_devtype(button->monitor, "input", NULL);
	if (r >= 0)
		r = udev_monitor_enable_receiving(button->monitor);
	if (r < 0)
		return r;
	return sd_event_add_io(button->event, &button->monitor_source,
			       udev_monitor_get_fd(button->monitor), EPOLLIN, on_monitor, button);
}

DEFINE_CLEANUP(struct power_button *, power_button_free);

int power_button_new(sd_event *event, void (*pressed)(void *userdata), void *userdata,
		     struct power_button **ret_button)
{
	_cleanup_(power_button_freep) struct power_button *button = calloc(1, sizeof(*button));
	int r = 0;

	if (!button)
		return -ENOMEM;
	button->event = sd_event_ref(event);
	button->pressed = pressed;
	button->userdata = userdata;
	r = listen_for_inputs(button);
	if (r < 0)
		return r;
	scan(button);
	*ret_button = take_ptr(button);
	return 0;
}

void power_button_free(struct power_button *button)
{
	if (!button)
		return;
	while (button->inputs)
		input_free(button->inputs);
	sd_event_source_disable_unref(button->monitor_source);
	udev_monitor_unref(button->monitor);
	udev_unref(button->udev);
	sd_event_unref(button->event);
	free(button);
}

int power_request(enum power_action action)
{
	int signal_number = SIGUSR2;

	switch (action) {
	case POWER_OFF:
		signal_number = SIGUSR2;
		break;
	case POWER_REBOOT:
		signal_number = SIGTERM;
		break;
	}
	return kill(1, signal_number) < 0 ? -errno : 0;
}
