// SPDX-License-Identifier: GPL-2.0-or-later
// The process as a client of a real QEMU, whose guest is a boot sector of ours: it fills the screen
// with the color of the key that was pressed last.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "screen/screen-control.h"
#include "screen/screen-input.h"

#define QEMU "/usr/bin/qemu-system-x86_64"
#define PATIENCE_MS 60000
#define WIDTH 800
#define HEIGHT 600

/* 16-bit code: mode 13h (320 x 200, 256 colors); then for ever: a key, and its color everywhere. */
static const uint8_t boot_sector[] = {
	0xb8, 0x13, 0x00, 0xcd, 0x10, /* mov ax, 13h; int 10h */
	0xb8, 0x00, 0xa0, 0x8e, 0xc0, /* mov ax, a000h; mov es, ax */
	0x31, 0xc0, 0xcd, 0x16, /* xor ax, ax; int 16h */
	0x24, 0x0f, /* and al, 0fh */
	0x31, 0xff, 0xb9, 0x00, 0xfa, /* xor di, di; mov cx, 64000 */
	0xf3, 0xaa, /* rep stosb */
	0xeb, 0xf1, /* again */
};

static struct {
	char folder[32], disk[64], socket[64];
	pid_t pid;
	pthread_t thread;
	int control_fd, their_control_fd, keyboard_fd, framebuffer_fd;
	size_t bytes;
	uint8_t *pixels;
} run;

static void *run_thread(void *)
{
	(void)screen_run(run.their_control_fd, run.framebuffer_fd);
	return NULL;
}

static void wait_ms(long ms)
{
	(void)nanosleep(&(struct timespec){ 0, ms * 1000000 }, NULL);
}

static void make_disk(void)
{
	uint8_t sector[512] = {};
	_cleanup_fd_ int fd = open(run.disk, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	memcpy(sector, boot_sector, sizeof(boot_sector));
	sector[510] = 0x55;
	sector[511] = 0xaa;
	assert_int_equal(write(fd, sector, sizeof(sector)), sizeof(sector));
	assert_int_equal(ftruncate(fd, 1440L * 1024), 0);
}

static void start_qemu(void)
{
	char drive[128], vnc[128];

	(void)snprintf(drive, sizeof(drive), "if=floppy,format=raw,file=%s", run.disk);
	(void)snprintf(vnc, sizeof(vnc), "unix:%s,share=ignore", run.socket);
	run.pid = fork();
	if (run.pid == 0) {
		execl(QEMU, QEMU, "-accel", "tcg", "-machine", "pc", "-m", "32", "-nodefaults",
		      "-vga", "std", "-display", "none", "-drive", drive, "-vnc", vnc, "-boot", "a",
		      NULL);
		_exit(127);
	}
	assert_true(run.pid > 0);
}

static int connect_qemu(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", run.socket);
	for (int waited = 0; waited < PATIENCE_MS; waited += 50) {
		if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
			return fd;
		wait_ms(50);
	}
	fail_msg("QEMU does not listen: %s", strerror(errno));
	return -EBADF;
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

static void expect_report(enum screen_report_kind kind)
{
	struct pollfd poll_fd = { .fd = run.control_fd, .events = POLLIN };
	struct screen_report packet = {};

	/* Each change of the guest's mode is a new first picture. */
	do {
		assert_int_equal(poll(&poll_fd, 1, PATIENCE_MS), 1);
		assert_int_equal(recv(run.control_fd, &packet, sizeof(packet), 0), sizeof(packet));
	} while (packet.kind == SCREEN_REPORT_DRAWN && packet.kind != kind);
	assert_int_equal(packet.kind, kind);
}

static void type(unsigned int code, int value)
{
	const struct input_event events[] = {
		{ .type = EV_KEY, .code = (uint16_t)code, .value = value },
		{ .type = EV_SYN, .code = SYN_REPORT },
	};

	assert_int_equal(write(run.keyboard_fd, events, sizeof(events)), sizeof(events));
}

/* The process draws while this looks: each pixel is read again until it is right. */
static bool shows(const struct pixel_format *format, unsigned int x, unsigned int y, uint32_t rgb)
{
	size_t at = ((size_t)y * WIDTH + x) * pixel_bytes(format);

	return pixel_to_rgb(format, pixel_load(format, run.pixels + at)) == rgb;
}

/* Types the key until the guest, which may still be booting, shows its color. */
static void type_until(const struct pixel_format *format, unsigned int code, uint32_t rgb)
{
	for (int waited = 0; waited < PATIENCE_MS; waited += 200) {
		type(code, 1);
		type(code, 0);
		for (int i = 0; i < 10; i++) {
			if (shows(format, WIDTH / 2, HEIGHT / 2, rgb) &&
			    shows(format, 250, 210, rgb) && shows(format, 550, 390, rgb))
				return;
			wait_ms(20);
		}
	}
	fail_msg("the guest does not show %06x", rgb);
}

static int begin(void **)
{
	int pair[2];

	memset(&run, 0, sizeof(run));
	(void)strcpy(run.folder, "/tmp/mvirt-screen-XXXXXX");
	assert_non_null(mkdtemp(run.folder));
	(void)snprintf(run.disk, sizeof(run.disk), "%s/disk", run.folder);
	(void)snprintf(run.socket, sizeof(run.socket), "%s/vnc", run.folder);
	make_disk();
	start_qemu();
	run.bytes = WIDTH * HEIGHT * 4;
	run.framebuffer_fd = memfd_create("screen", MFD_CLOEXEC);
	assert_int_equal(ftruncate(run.framebuffer_fd, (off_t)run.bytes), 0);
	run.pixels = mmap(NULL, run.bytes, PROT_READ, MAP_SHARED, run.framebuffer_fd, 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	run.control_fd = pair[0];
	run.their_control_fd = pair[1];
	assert_int_equal(pthread_create(&run.thread, NULL, run_thread, NULL), 0);
	return 0;
}

static int end(void **)
{
	run.control_fd = fd_close(run.control_fd);
	(void)pthread_join(run.thread, NULL);
	(void)kill(run.pid, SIGKILL);
	(void)waitpid(run.pid, NULL, 0);
	fd_close(run.their_control_fd);
	fd_close(run.keyboard_fd);
	fd_close(run.framebuffer_fd);
	(void)munmap(run.pixels, run.bytes);
	(void)unlink(run.disk);
	(void)unlink(run.socket);
	(void)rmdir(run.folder);
	return 0;
}

static void show(const struct pixel_format *format, enum screen_scale scale)
{
	const struct screen_setup setup = {
		.width = WIDTH,
		.height = HEIGHT,
		.stride = WIDTH * pixel_bytes(format),
		.format = *format,
		.scale = scale,
		.hotkeys = { .dashboard = { SCREEN_MODIFIER_CTRL, KEY_F1 } },
	};
	int pair[2];

	request(SCREEN_REQUEST_SETUP, &setup, -EBADF);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	run.keyboard_fd = pair[0];
	request(SCREEN_REQUEST_DEVICE, NULL, pair[1]);
	request(SCREEN_REQUEST_DISPLAY, NULL, connect_qemu());
	expect_report(SCREEN_REPORT_DRAWN);
}

static void test_32_bits(void **)
{
	static const struct pixel_format format = {
		.bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 }
	};

	show(&format, SCREEN_SCALE_NONE);
	type_until(&format, KEY_1, 0x0000a8);
	type_until(&format, KEY_2, 0x00a800);
	type_until(&format, KEY_4, 0xa80000);
	assert_true(shows(&format, 0, 0, 0));
	assert_true(shows(&format, WIDTH - 1, HEIGHT - 1, 0));
	/* Another key's release, and a hotkey, change nothing. */
	type(KEY_2, 0);
	type(KEY_LEFTCTRL, 1);
	type(KEY_F1, 1);
	expect_report(SCREEN_REPORT_DASHBOARD);
	type(KEY_F1, 0);
	type(KEY_LEFTCTRL, 0);
	wait_ms(300);
	assert_true(shows(&format, WIDTH / 2, HEIGHT / 2, 0xa80000));
	(void)kill(run.pid, SIGKILL);
	expect_report(SCREEN_REPORT_LOST);
}

static void test_24_bits_fit(void **)
{
	static const struct pixel_format format = {
		.bits = 24, .red = { 0, 8 }, .green = { 8, 8 }, .blue = { 16, 8 }
	};

	show(&format, SCREEN_SCALE_FIT);
	type_until(&format, KEY_1, 0x0000a8);
	type_until(&format, KEY_4, 0xa80000);
	assert_true(shows(&format, 1, HEIGHT / 2, 0xa80000)); /* to the edges */
}

static void test_16_bits_integer(void **)
{
	static const struct pixel_format format = {
		.bits = 16, .red = { 11, 5 }, .green = { 5, 6 }, .blue = { 0, 5 }
	};

	show(&format, SCREEN_SCALE_INTEGER);
	/* 0xa8 in 5 and 6 bits */
	type_until(&format, KEY_1, 0x0000ac);
	type_until(&format, KEY_2, 0x00aa00);
}

static void test_skipped(void **)
{
	print_message("# there is no " QEMU " here\n");
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_32_bits, begin, end),
		cmocka_unit_test_setup_teardown(test_24_bits_fit, begin, end),
		cmocka_unit_test_setup_teardown(test_16_bits_integer, begin, end),
	};
	const struct CMUnitTest skipped[] = { cmocka_unit_test(test_skipped) };

	if (access(QEMU, X_OK) < 0)
		return cmocka_run_group_tests(skipped, NULL, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
