// SPDX-License-Identifier: GPL-2.0-or-later
// The power button: KEY_POWER of any input device. Keyboards have one too, so hostd asks the kernel
// to withhold all their other keys: typing must not wake hostd.
#include "power.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/input.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "machine/device/input-nodes.h"
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
	struct input_nodes *nodes;
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

/* A removed device reports ENODEV. */
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

/* Failure only costs wake-ups. */
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

static void on_found(const char *path, void *userdata)
{
	int r = power_button_add_input(userdata, path);

	if (r < 0)
		log_debug("power", "%s: %s", path, strerror(-r));
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
	r = input_nodes_new(event, on_found, button, &button->nodes);
	if (r < 0)
		return r;
	input_nodes_scan(button->nodes);
	*ret_button = take_ptr(button);
	return 0;
}

void power_button_free(struct power_button *button)
{
	if (!button)
		return;
	while (button->inputs)
		input_free(button->inputs);
	input_nodes_free(button->nodes);
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

void power_tell_progress(void)
{
	(void)kill(1, SIGALRM);
}
