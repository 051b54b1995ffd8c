// SPDX-License-Identifier: GPL-2.0-or-later
// The whole process in a thread: this test is hostd, the guest's VNC server and the keyboard. The
// screen is a file in memory.
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "screen/screen-control.h"
#include "screen/screen-input.h"

#define WIDTH 8
#define HEIGHT 6
#define PATIENCE_MS 10000
#define CTRL_ALT (SCREEN_MODIFIER_CTRL | SCREEN_MODIFIER_ALT)

static struct {
	pthread_t thread;
	int control_fd, their_control_fd, keyboard_fd, server_fd, framebuffer_fd;
	uint32_t *pixels;
	int result;
} run;

static void *run_thread(void *)
{
	run.result = screen_run(run.their_control_fd, run.framebuffer_fd);
	return NULL;
}

static void pair(int type, int *ret_ours, int *ret_theirs)
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds), 0);
	*ret_ours = fds[0];
	*ret_theirs = fds[1];
}

static void request(enum screen_request_kind kind, const struct screen_setup *setup, int fd)
{
	struct screen_request packet = { .kind = kind };
	struct iovec piece = { &packet, sizeof(packet) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (setup)
		packet.setup = *setup;
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
						 .cmsg_type = SCM_RIGHTS,
						 .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	assert_int_equal(sendmsg(run.control_fd, &message, MSG_NOSIGNAL), sizeof(packet));
	fd_close(fd);
}

static const struct screen_setup standard = {
	.width = WIDTH,
	.height = HEIGHT,
	.stride = WIDTH * 4,
	.format = { .bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } },
	.scale = SCREEN_SCALE_NONE,
	.hotkeys = { .dashboard = { CTRL_ALT, KEY_F1 },
		     .end = { CTRL_ALT, KEY_ESC },
		     .guests = { CTRL_ALT, KEY_F2 } },
};

static int begin(void **)
{
	int theirs = -EBADF;

	memset(&run, 0, sizeof(run));
	run.server_fd = -EBADF;
	run.framebuffer_fd = memfd_create("screen", MFD_CLOEXEC);
	assert_int_equal(ftruncate(run.framebuffer_fd, WIDTH * HEIGHT * 4), 0);
	run.pixels = mmap(NULL, WIDTH * HEIGHT * 4, PROT_READ | PROT_WRITE, MAP_SHARED,
			  run.framebuffer_fd, 0);
	pair(SOCK_SEQPACKET, &run.control_fd, &run.their_control_fd);
	assert_int_equal(pthread_create(&run.thread, NULL, run_thread, NULL), 0);
	request(SCREEN_REQUEST_SETUP, &standard, -EBADF);
	pair(SOCK_STREAM, &run.keyboard_fd, &theirs);
	request(SCREEN_REQUEST_DEVICE, NULL, theirs);
	return 0;
}

static int end(void **)
{
	run.control_fd = fd_close(run.control_fd);
	assert_int_equal(pthread_join(run.thread, NULL), 0);
	fd_close(run.their_control_fd);
	fd_close(run.keyboard_fd);
	fd_close(run.server_fd);
	fd_close(run.framebuffer_fd);
	(void)munmap(run.pixels, WIDTH * HEIGHT * 4);
	return 0;
}

static void wait_for(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
}

static uint32_t expect_report(enum screen_report_kind kind)
{
	struct screen_report packet = {};

	wait_for(run.control_fd);
	assert_int_equal(recv(run.control_fd, &packet, sizeof(packet), 0), sizeof(packet));
	assert_int_equal(packet.kind, kind);
	return packet.value;
}

static void expect_bytes(const void *bytes, size_t length)
{
	uint8_t got[64] = {};

	assert_true(length <= sizeof(got));
	for (size_t n = 0; n < length;) {
		ssize_t r = 0;

		wait_for(run.server_fd);
		r = recv(run.server_fd, got + n, length - n, 0);
		assert_true(r > 0);
		n += (size_t)r;
	}
	assert_memory_equal(got, bytes, length);
}

#define EXPECT(bytes) expect_bytes((bytes), sizeof(bytes) - 1)

static void serve(const void *bytes, size_t length)
{
	assert_int_equal(send(run.server_fd, bytes, length, MSG_NOSIGNAL), length);
}

#define SERVE(bytes) serve((bytes), sizeof(bytes) - 1)

static void type(unsigned int code, int value)
{
	const struct input_event events[] = {
		{ .type = EV_KEY, .code = (uint16_t)code, .value = value },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};

	assert_int_equal(write(run.keyboard_fd, events, sizeof(events)), sizeof(events));
}

/* Handshake and one picture of 4 x 2, all of color 0x00ccbbaa. */
static void connect_display(void)
{
	int theirs = -EBADF;

	run.server_fd = fd_close(run.server_fd);
	pair(SOCK_STREAM, &run.server_fd, &theirs);
	request(SCREEN_REQUEST_DISPLAY, NULL, theirs);
	SERVE("RFB "
	      "003.008\n\1\1\0\0\0\0\0\4\0\2\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0\0\0\0\1q");
	EXPECT("RFB 003.008\n\1\1");
	/* resized: the first request comes before the wishes, and once more after them */
	EXPECT("\3\0\0\0\0\0\0\4\0\2");
	EXPECT("\0\0\0\0\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0\0");
	EXPECT("\2\0\0\7\0\0\0\0\377\377\376\314\377\377\377\41\377\377\376\376\377\377\376\377"
	       "\377\377\376\373\377\377\376\306");
	EXPECT("\3\0\0\0\0\0\0\4\0\2");
	/* raw key codes, then the picture */
	SERVE("\0\0\0\2\0\0\0\0\0\4\0\2\377\377\376\376\0\0\0\0\0\4\0\2\0\0\0\0"
	      "\252\273\314\0\252\273\314\0\252\273\314\0\252\273\314\0"
	      "\252\273\314\0\252\273\314\0\252\273\314\0\252\273\314\0");
	(void)expect_report(SCREEN_REPORT_DRAWN);
	EXPECT("\3\1\0\0\0\0\0\4\0\2");
	/* …and may it be as large as the screen? */
	EXPECT("\373\0\0\10\0\6\1\0\0\0\0\0\0\0\0\0\0\10\0\6\0\0\0\0");
}

static void test_picture(void **)
{
	memset(run.pixels, 0xff, WIDTH * HEIGHT * 4);
	connect_display();
	for (unsigned int y = 0; y < HEIGHT; y++)
		for (unsigned int x = 0; x < WIDTH; x++)
			assert_int_equal(run.pixels[y * WIDTH + x],
					 x >= 2 && x < 6 && y >= 2 && y < 4 ? 0xccbbaa : 0);
	/* A pixel changes, and only that is drawn. */
	memset(run.pixels, 0xff, WIDTH * HEIGHT * 4);
	SERVE("\0\0\0\1\0\1\0\1\0\1\0\1\0\0\0\0\1\2\3\0");
	EXPECT("\3\1\0\0\0\0\0\4\0\2");
	assert_int_equal(run.pixels[3 * WIDTH + 3], 0x030201);
	assert_int_equal(run.pixels[3 * WIDTH + 2], 0xffffffff);
	/* The guest takes the screen's size. */
	SERVE("\0\0\0\1\0\0\0\0\0\10\0\6\377\377\377\41");
	EXPECT("\3\0\0\0\0\0\0\10\0\6\3\0\0\0\0\0\0\10\0\6");
	/* What was there stays until the new picture is whole. */
	assert_int_equal(run.pixels[0], 0xffffffff);
}

static void test_keys(void **)
{
	connect_display();
	type(KEY_A, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\36");
	type(KEY_A, 2);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\36");
	type(KEY_A, 0);
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\36");
	type(KEY_RIGHTALT, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\270");
	type(KEY_FN, 1); /* QEMU has no such key */
	/* Lock lights are for the keyboard. */
	SERVE("\0\0\0\1\0\0\0\0\0\1\0\1\377\377\376\373\4");
	EXPECT("\3\1\0\0\0\0\0\4\0\2");
	type(KEY_RIGHTALT, 0);
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\270");
}

static void test_hotkeys(void **)
{
	connect_display();
	type(KEY_LEFTCTRL, 1);
	type(KEY_LEFTALT, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\35\377\0\0\1\0\0\0\0\0\0\0\70");
	type(KEY_F3, 1);
	assert_int_equal(expect_report(SCREEN_REPORT_GUEST), 1);
	/* The guest sees the modifiers released, and not F3. */
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\35\377\0\0\0\0\0\0\0\0\0\0\70");
	type(KEY_F3, 0);
	type(KEY_F1, 1);
	type(KEY_F1, 0);
	(void)expect_report(SCREEN_REPORT_DASHBOARD);
	type(KEY_LEFTALT, 0);
	type(KEY_LEFTCTRL, 0);
	type(KEY_B, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\60");
}

static void test_ask(void **)
{
	connect_display();
	type(KEY_LEFTCTRL, 1);
	type(KEY_LEFTALT, 1);
	type(KEY_ESC, 1);
	(void)expect_report(SCREEN_REPORT_END);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\35\377\0\0\1\0\0\0\0\0\0\0\70"
	       "\377\0\0\0\0\0\0\0\0\0\0\35");
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\70");
	request(SCREEN_REQUEST_ASK, NULL, -EBADF);
	type(KEY_ESC, 0);
	type(KEY_LEFTALT, 0);
	type(KEY_LEFTCTRL, 0);
	/* Meanwhile the guest goes on, but not on the screen. */
	SERVE("\0\0\0\1\0\1\0\1\0\1\0\1\0\0\0\0\1\2\3\0");
	EXPECT("\3\1\0\0\0\0\0\4\0\2");
	assert_int_equal(run.pixels[3 * WIDTH + 3], 0xccbbaa);
	type(KEY_X, 1);
	type(KEY_X, 0);
	type(KEY_ESC, 1);
	(void)expect_report(SCREEN_REPORT_NO);
	request(SCREEN_REQUEST_DISPLAY, NULL, -EBADF);
	type(KEY_ESC, 0);
	type(KEY_C, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\56");
	assert_int_equal(run.pixels[3 * WIDTH + 3], 0x030201);
	request(SCREEN_REQUEST_ASK, NULL, -EBADF);
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\56"); /* nothing stays held */
	type(KEY_ENTER, 1);
	(void)expect_report(SCREEN_REPORT_YES);
}

/* At the dashboard hotkeys are heard, and nothing else. */
static void test_aside(void **)
{
	uint8_t byte = 0;

	connect_display();
	request(SCREEN_REQUEST_ASIDE, NULL, -EBADF);
	wait_for(run.server_fd);
	assert_int_equal(recv(run.server_fd, &byte, 1, 0), 0); /* disconnected */
	type(KEY_P, 1);
	type(KEY_P, 0);
	type(KEY_LEFTCTRL, 1);
	type(KEY_LEFTALT, 1);
	type(KEY_F2, 1);
	assert_int_equal(expect_report(SCREEN_REPORT_GUEST), 0);
}

static void test_lost(void **)
{
	connect_display();
	type(KEY_LEFTCTRL, 1);
	type(KEY_LEFTALT, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\35\377\0\0\1\0\0\0\0\0\0\0\70");
	run.server_fd = fd_close(run.server_fd);
	assert_int_equal(expect_report(SCREEN_REPORT_LOST), ECONNRESET);
	type(KEY_F1, 1);
	(void)expect_report(SCREEN_REPORT_DASHBOARD);
	type(KEY_F1, 0);
	type(KEY_LEFTCTRL, 0);
	type(KEY_LEFTALT, 0);
	/* The next one is a new beginning. */
	connect_display();
	SERVE("\377");
	assert_int_equal(expect_report(SCREEN_REPORT_LOST), EPROTO);
}

/* A mouse where the guest has a tablet, and where it has a mouse. */
static void test_pointer(void **)
{
	static const struct input_event moves[] = {
		{ .type = EV_REL, .code = REL_X, .value = 1 },
		{ .type = EV_REL, .code = REL_Y, .value = 100 },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};

	connect_display();
	/* It begins at the picture's corner. */
	assert_int_equal(write(run.keyboard_fd, moves, sizeof(moves)), sizeof(moves));
	EXPECT("\5\0\0\1\0\1");
	type(BTN_RIGHT, 1);
	EXPECT("\5\4\0\1\0\1");
	request(SCREEN_REQUEST_MESSAGE, NULL, -EBADF);
	EXPECT("\5\0\0\1\0\1"); /* and is let go of */
	connect_display();
	SERVE("\0\0\0\1\0\0\0\0\0\4\0\2\377\377\376\377");
	EXPECT("\3\1\0\0\0\0\0\4\0\2");
	assert_int_equal(write(run.keyboard_fd, moves, sizeof(moves)), sizeof(moves));
	EXPECT("\5\4\200\0\200\143");
}

static void test_unplugged(void **)
{
	int theirs = -EBADF, ours[SCREEN_DEVICES_MAX];
	uint8_t byte = 0;

	connect_display();
	type(KEY_A, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\36");
	fd_close(run.keyboard_fd);
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\36");
	pair(SOCK_STREAM, &run.keyboard_fd, &theirs);
	request(SCREEN_REQUEST_DEVICE, NULL, theirs);
	type(KEY_B, 1);
	EXPECT("\377\0\0\1\0\0\0\0\0\0\0\60");
	/* More than there is room for are let go of. */
	for (size_t i = 0; i < ELEMENTS(ours); i++) {
		pair(SOCK_STREAM, &ours[i], &theirs);
		request(SCREEN_REQUEST_DEVICE, NULL, theirs);
	}
	wait_for(ours[SCREEN_DEVICES_MAX - 1]);
	assert_int_equal(recv(ours[SCREEN_DEVICES_MAX - 1], &byte, 1, 0), 0);
	assert_int_equal(recv(ours[SCREEN_DEVICES_MAX - 2], &byte, 1, MSG_DONTWAIT), -1);
	for (size_t i = 0; i < ELEMENTS(ours); i++)
		fd_close(ours[i]);
	type(KEY_B, 0);
	EXPECT("\377\0\0\0\0\0\0\0\0\0\0\60");
}

/* What hostd cannot mean ends the process. */
static void test_setup(void **)
{
	struct screen_setup wrong[] = { standard, standard, standard, standard, standard };

	wrong[0].stride = WIDTH * 4 - 1;
	wrong[1].width = 0;
	wrong[2].height = 1000000;
	wrong[3].format.bits = 8;
	wrong[4].scale = 3;
	for (size_t i = 0; i < ELEMENTS(wrong); i++) {
		struct screen_request packet = { .kind = SCREEN_REQUEST_SETUP, .setup = wrong[i] };
		int ours = -EBADF, theirs = -EBADF;

		pair(SOCK_SEQPACKET, &ours, &theirs);
		assert_int_equal(send(ours, &packet, sizeof(packet), 0), sizeof(packet));
		assert_int_equal(screen_run(theirs, run.framebuffer_fd), -EINVAL);
		assert_int_equal(send(ours, &packet, sizeof(packet) - 1, 0), sizeof(packet) - 1);
		assert_int_equal(screen_run(theirs, run.framebuffer_fd), -EBADMSG);
		packet = (struct screen_request){ .kind = SCREEN_REQUEST_ASIDE };
		assert_int_equal(send(ours, &packet, sizeof(packet), 0), sizeof(packet));
		assert_int_equal(screen_run(theirs, run.framebuffer_fd), -EINVAL);
		fd_close(ours);
		assert_int_equal(screen_run(theirs, run.framebuffer_fd), 0);
		fd_close(theirs);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_picture, begin, end),
		cmocka_unit_test_setup_teardown(test_keys, begin, end),
		cmocka_unit_test_setup_teardown(test_hotkeys, begin, end),
		cmocka_unit_test_setup_teardown(test_ask, begin, end),
		cmocka_unit_test_setup_teardown(test_aside, begin, end),
		cmocka_unit_test_setup_teardown(test_lost, begin, end),
		cmocka_unit_test_setup_teardown(test_pointer, begin, end),
		cmocka_unit_test_setup_teardown(test_unplugged, begin, end),
		cmocka_unit_test_setup_teardown(test_setup, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
