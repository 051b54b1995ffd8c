// SPDX-License-Identifier: GPL-2.0-or-later
// The process's loop: hostd's messages, keyboard and mouse, the guest's picture. It sleeps in
// poll().
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "screen/screen-client.h"
#include "screen/screen-control.h"
#include "screen/screen-devices.h"

/* Larger framebuffers are refused. */
#define SIDE_MAX 16384
#define STRIDE_MAX (SIDE_MAX * 4 * 2)

struct screen {
	int control_fd;
	bool set_up;
	enum screen_request_kind mode;
	struct screen_framebuffer framebuffer;
	struct screen_client client;
	struct screen_devices devices;
	struct screen_hotkey_state hotkeys;
	uint64_t sent[SCREEN_KEY_WORDS]; /* keys that the guest has down */
	unsigned int buttons; /* as the guest knows them */
};

/* --- to hostd --- */

static void report(struct screen *screen, enum screen_report_kind kind, uint32_t value)
{
	const struct screen_report packet = { .kind = kind, .value = value };

	(void)!send(screen->control_fd, &packet, sizeof(packet), MSG_NOSIGNAL);
}

/* --- to the guest --- */

static void send_key(struct screen *screen, uint16_t code, bool down)
{
	uint64_t bit = UINT64_C(1) << code % 64;

	/* Keys that were pressed elsewhere are not released here. */
	if (!down && !(screen->sent[code / 64] & bit))
		return;
	if (down)
		screen->sent[code / 64] |= bit;
	else
		screen->sent[code / 64] &= ~bit;
	screen_client_key(&screen->client, code, down);
}

static void release_all(struct screen *screen)
{
	for (uint16_t code = 0; code < KEY_CNT; code++)
		send_key(screen, code, false);
	if (screen->buttons)
		screen_client_pointer(&screen->client, 0,
				      screen->devices.input.relative ? 0 : screen->devices.input.x,
				      screen->devices.input.relative ? 0 : screen->devices.input.y,
				      !screen->devices.input.relative);
	screen->buttons = 0;
}

static void on_drawn(void *userdata)
{
	report(userdata, SCREEN_REPORT_DRAWN, 0);
}

static void on_moved(void *userdata)
{
	struct screen *screen = userdata;

	screen_input_set_area(&screen->devices.input, &screen->client.draw.place);
}

static void on_leds(unsigned int leds, void *userdata)
{
	struct screen *screen = userdata;

	screen_devices_set_leds(&screen->devices, leds);
}

static void on_pointer_mode(bool absolute, void *userdata)
{
	struct screen *screen = userdata;

	screen->devices.input.relative = !absolute;
}

/* --- from the keyboards --- */

static void answer(struct screen *screen, uint16_t code)
{
	if (code == KEY_ENTER || code == KEY_KPENTER)
		report(screen, SCREEN_REPORT_YES, 0);
	else if (code == KEY_ESC)
		report(screen, SCREEN_REPORT_NO, 0);
}

static void on_key(uint16_t code, bool down, void *userdata)
{
	struct screen *screen = userdata;
	struct screen_action action = screen_hotkey_key(&screen->hotkeys, code, down);

	switch (action.kind) {
	case SCREEN_ACTION_PASS:
		if (screen->mode == SCREEN_REQUEST_DISPLAY)
			send_key(screen, code, down);
		else if (screen->mode == SCREEN_REQUEST_ASK && down)
			answer(screen, code);
		break;
	case SCREEN_ACTION_SWALLOW:
		break;
	case SCREEN_ACTION_DASHBOARD:
		report(screen, SCREEN_REPORT_DASHBOARD, 0);
		break;
	case SCREEN_ACTION_END:
		report(screen, SCREEN_REPORT_END, 0);
		break;
	case SCREEN_ACTION_GUEST:
		report(screen, SCREEN_REPORT_GUEST, action.guest);
		break;
	}
	/* The guest has seen the modifiers go down, and never the hotkey itself. */
	if (action.kind > SCREEN_ACTION_SWALLOW)
		release_all(screen);
}

static void on_pointer(unsigned int buttons, int x, int y, void *userdata)
{
	struct screen *screen = userdata;

	if (screen->mode != SCREEN_REQUEST_DISPLAY)
		return;
	screen->buttons = buttons;
	screen_client_pointer(&screen->client, buttons, x, y, !screen->devices.input.relative);
}

/* --- from hostd --- */

static int set_up(struct screen *screen, const struct screen_setup *setup, int framebuffer_fd)
{
	const struct screen_client_callbacks callbacks = {
		.drawn = on_drawn,
		.moved = on_moved,
		.leds = on_leds,
		.pointer_mode = on_pointer_mode,
		.userdata = screen,
	};
	int r = 0;

	if (screen->set_up || !pixel_format_valid(&setup->format) || setup->width == 0 ||
	    setup->width > SIDE_MAX || setup->height == 0 || setup->height > SIDE_MAX ||
	    setup->stride > STRIDE_MAX ||
	    setup->stride < setup->width * pixel_bytes(&setup->format) ||
	    setup->scale > SCREEN_SCALE_FIT)
		return -EINVAL;
	r = screen_framebuffer_init(&screen->framebuffer, framebuffer_fd, setup->stride,
				    setup->offset);
	if (r < 0)
		return r;
	screen_client_init(&screen->client, setup, &screen->framebuffer, &callbacks);
	screen->hotkeys.hotkeys = setup->hotkeys;
	screen->devices.input.callbacks = (struct screen_input_callbacks){ .key = on_key,
									   .pointer = on_pointer,
									   .userdata = screen };
	screen->devices.input.screen_width = setup->width;
	screen->devices.input.screen_height = setup->height;
	screen->set_up = true;
	return 0;
}

static void set_mode(struct screen *screen, enum screen_request_kind mode)
{
	if (screen->mode == SCREEN_REQUEST_DISPLAY)
		release_all(screen);
	screen->mode = mode;
	screen_client_show(&screen->client, mode == SCREEN_REQUEST_DISPLAY);
	screen_devices_grab(&screen->devices, mode != SCREEN_REQUEST_ASIDE);
}

static int obey(struct screen *screen, const struct screen_request *request, int fd_consume,
		int framebuffer_fd)
{
	_cleanup_fd_ int fd = fd_consume;

	if (request->kind == SCREEN_REQUEST_SETUP)
		return set_up(screen, &request->setup, framebuffer_fd);
	if (!screen->set_up)
		return -EINVAL;
	switch ((enum screen_request_kind)request->kind) {
	case SCREEN_REQUEST_SETUP:
		break;
	case SCREEN_REQUEST_DEVICE:
		if (fd >= 0)
			(void)screen_devices_add(&screen->devices, take_fd(&fd));
		return 0;
	case SCREEN_REQUEST_DISPLAY:
		if (fd >= 0) {
			set_mode(screen, SCREEN_REQUEST_MESSAGE);
			screen->devices.input.relative = false;
			screen_devices_set_leds(&screen->devices, 0);
			(void)screen_client_connect(&screen->client, take_fd(&fd));
		}
		set_mode(screen, SCREEN_REQUEST_DISPLAY);
		return 0;
	case SCREEN_REQUEST_ASIDE:
	case SCREEN_REQUEST_MESSAGE:
		set_mode(screen, (enum screen_request_kind)request->kind);
		screen_client_close(&screen->client);
		return 0;
	case SCREEN_REQUEST_ASK:
		set_mode(screen, SCREEN_REQUEST_ASK);
		return 0;
	}
	return -EINVAL;
}

/* Returns 1, 0 when hostd has closed its end, or -errno. */
static int on_control(struct screen *screen, int framebuffer_fd)
{
	struct screen_request request = {};
	struct iovec piece = { &request, sizeof(request) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct msghdr message = { .msg_iov = &piece,
				  .msg_iovlen = 1,
				  .msg_control = &control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(screen->control_fd, &message, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *head = NULL;
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (n < 0)
		return errno == EINTR ? 1 : -errno;
	if (n == 0)
		return 0;
	head = CMSG_FIRSTHDR(&message);
	if (head && head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(head), sizeof(fd));
	if (n != sizeof(request))
		return -EBADMSG;
	r = obey(screen, &request, take_fd(&fd), framebuffer_fd);
	return r < 0 ? r : 1;
}

static void on_client(struct screen *screen, short events)
{
	int r = screen_client_work(&screen->client, events);

	if (r == 0)
		return;
	if (screen->mode == SCREEN_REQUEST_DISPLAY)
		screen->mode = SCREEN_REQUEST_MESSAGE;
	memset(screen->sent, 0, sizeof(screen->sent));
	screen->buttons = 0;
	screen_client_close(&screen->client);
	report(screen, SCREEN_REPORT_LOST, (uint32_t)-r);
}

/* Returns as on_control(). */
static int turn(struct screen *screen, int framebuffer_fd)
{
	enum { CONTROL, CLIENT, DEVICES };
	struct pollfd polls[DEVICES + SCREEN_DEVICES_MAX] = {};
	size_t count = screen->devices.count;

	polls[CONTROL] = (struct pollfd){ .fd = screen->control_fd, .events = POLLIN };
	polls[CLIENT] = (struct pollfd){ .fd = -1 };
	if (screen->set_up && screen->client.fd >= 0)
		polls[CLIENT] = (struct pollfd){ .fd = screen->client.fd,
						 .events = screen_client_events(&screen->client) };
	screen_devices_poll(&screen->devices, polls + DEVICES);
	if (poll(polls, DEVICES + count, -1) < 0)
		return errno == EINTR ? 1 : -errno;
	/* hostd's messages come first: they change what else there is to read. */
	if (polls[CONTROL].revents)
		return on_control(screen, framebuffer_fd);
	screen_devices_read(&screen->devices, polls + DEVICES, count);
	if (polls[CLIENT].revents)
		on_client(screen, polls[CLIENT].revents);
	return 1;
}

int screen_run(int control_fd, int framebuffer_fd)
{
	struct screen *screen = calloc(1, sizeof(*screen));
	int r = 1;

	if (!screen)
		return -ENOMEM;
	screen->control_fd = control_fd;
	screen->mode = SCREEN_REQUEST_ASIDE;
	while (r > 0)
		r = turn(screen, framebuffer_fd);
	if (screen->set_up)
		screen_client_close(&screen->client);
	screen_devices_done(&screen->devices);
	screen_framebuffer_done(&screen->framebuffer);
	free(screen);
	return r;
}
