// SPDX-License-Identifier: GPL-2.0-or-later
// What mvirt-screen costs: frames of a stream that was made before, over a socket, to a screen in
// memory. Prints the processor time a frame, the share of one processor at 30 frames a second, how
// often each pixel is copied, and instructions where the kernel counts them for us.
#include <errno.h>
#include <linux/perf_event.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "screen/screen-control.h"
#include "screen/screen-framebuffer.h"

#define WIDTH 1920
#define HEIGHT 1080
#define FRAMES 60
#define RATE 30
#define LIMIT_PERCENT 25

struct bench {
	const char *name;
	unsigned int width, height; /* of the guest */
	struct pixel_format format; /* of the screen */
	enum screen_scale scale;
	bool is_limited; /* to LIMIT_PERCENT */
};

#define XRGB { .bits = 32, .red = { 16, 8 }, .green = { 8, 8 }, .blue = { 0, 8 } }
#define BGR24 { .bits = 24, .red = { 0, 8 }, .green = { 8, 8 }, .blue = { 16, 8 } }
#define RGB565 { .bits = 16, .red = { 11, 5 }, .green = { 5, 6 }, .blue = { 0, 5 } }

static const struct bench benches[] = {
	{ "the screen's size, 32 bits", WIDTH, HEIGHT, XRGB, SCREEN_SCALE_NONE, true },
	{ "the screen's size, 16 bits", WIDTH, HEIGHT, RGB565, SCREEN_SCALE_NONE, true },
	{ "the screen's size, 24 bits", WIDTH, HEIGHT, BGR24, SCREEN_SCALE_NONE, true },
	{ "centered, 1280x1024", 1280, 1024, XRGB, SCREEN_SCALE_NONE, true },
	{ "doubled, 960x540", 960, 540, XRGB, SCREEN_SCALE_INTEGER, true },
	{ "fitted, 1280x720", 1280, 720, XRGB, SCREEN_SCALE_FIT, true },
	{ "fitted, 2560x1440", 2560, 1440, XRGB, SCREEN_SCALE_FIT, true },
};

struct worker {
	int control_fd, framebuffer_fd, counter_fd;
	struct rusage usage;
};

/* Instructions of this thread, or -1. */
static int open_counter(void)
{
	struct perf_event_attr attributes = {
		.type = PERF_TYPE_HARDWARE,
		.size = sizeof(attributes),
		.config = PERF_COUNT_HW_INSTRUCTIONS,
	};

	return (int)syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0);
}

static void *work(void *userdata)
{
	struct worker *worker = userdata;

	worker->counter_fd = open_counter();
	(void)screen_run(worker->control_fd, worker->framebuffer_fd);
	(void)getrusage(RUSAGE_THREAD, &worker->usage);
	return NULL;
}

static void request(int control_fd, const struct screen_request *packet, int fd)
{
	struct screen_request copy = *packet;
	struct iovec piece = { &copy, sizeof(copy) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	if (sendmsg(control_fd, &message, MSG_NOSIGNAL) < 0)
		exit(1);
}

static void serve(int fd, const uint8_t *data, size_t length)
{
	uint8_t ignored[4096];

	for (size_t at = 0; at < length;) {
		ssize_t n = write(fd, data + at, length - at);

		if (n <= 0)
			exit(1);
		at += (size_t)n;
		while (recv(fd, ignored, sizeof(ignored), MSG_DONTWAIT) > 0)
			;
	}
}

static size_t put_head(uint8_t *at, unsigned int width, unsigned int height)
{
	const uint8_t head[16] = { 0,
				   0,
				   0,
				   1,
				   0,
				   0,
				   0,
				   0,
				   (uint8_t)(width >> 8),
				   (uint8_t)width,
				   (uint8_t)(height >> 8),
				   (uint8_t)height };

	memcpy(at, head, sizeof(head));
	return sizeof(head);
}

static void handshake(int fd, unsigned int width, unsigned int height)
{
	uint8_t bytes[] =
		"RFB 003.008\n\1\1\0\0\0\0\0\0\0\0\40\30\0\1\0\377\0\377\0\377\20\10\0\0\0"
		"\0\0\0\0\1q";

	bytes[18] = (uint8_t)(width >> 8);
	bytes[19] = (uint8_t)width;
	bytes[20] = (uint8_t)(height >> 8);
	bytes[21] = (uint8_t)height;
	serve(fd, bytes, sizeof(bytes) - 1);
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* Returns whether it is within its limit. */
static bool run(const struct bench *bench, int frames, double *ret_seconds)
{
	const struct screen_request setup = {
		.kind = SCREEN_REQUEST_SETUP,
		.setup = { .width = WIDTH,
			   .height = HEIGHT,
			   .stride = WIDTH * pixel_bytes(&bench->format),
			   .format = bench->format,
			   .scale = bench->scale },
	};
	struct worker worker = { .counter_fd = -1 };
	struct pixel_format asked = {};
	size_t size = 0, at = 0;
	uint8_t *frame = NULL;
	uint64_t instructions = 0;
	pthread_t thread;
	int control[2], server[2];

	pixel_format_nearest(&bench->format, &asked);
	size = (size_t)bench->width * bench->height * pixel_bytes(&asked);
	frame = malloc(size + 16);
	worker.framebuffer_fd = memfd_create("screen", MFD_CLOEXEC);
	if (!frame || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, server) < 0)
		exit(1);
	worker.control_fd = control[1];
	(void)pthread_create(&thread, NULL, work, &worker);
	request(control[0], &setup, -1);
	request(control[0], &(struct screen_request){ .kind = SCREEN_REQUEST_DISPLAY }, server[1]);
	(void)close(server[1]);
	handshake(server[0], bench->width, bench->height);
	at = put_head(frame, bench->width, bench->height);
	for (int i = 0; i < frames; i++) {
		memset(frame + at, i * 17, size);
		serve(server[0], frame, at + size);
	}
	/* Its end comes behind the last frame. */
	(void)shutdown(server[0], SHUT_WR);
	for (struct screen_report report = {}; report.kind != SCREEN_REPORT_LOST;)
		if (recv(control[0], &report, sizeof(report), 0) <= 0)
			exit(1);
	(void)close(control[0]);
	(void)pthread_join(thread, NULL);
	if (worker.counter_fd < 0 ||
	    read(worker.counter_fd, &instructions, sizeof(instructions)) != sizeof(instructions))
		instructions = 0;
	fd_close(worker.counter_fd);
	*ret_seconds = seconds(&worker.usage.ru_utime) + seconds(&worker.usage.ru_stime);
	if (frames == FRAMES) {
		double percent = *ret_seconds / FRAMES * RATE * 100;

		printf("%-28s %6.2f ms a frame (%4.2f user), %5.1f %% of a processor at %d/s",
		       bench->name, *ret_seconds / FRAMES * 1e3,
		       seconds(&worker.usage.ru_utime) / FRAMES * 1e3, percent, RATE);
		if (instructions)
			printf(", %.2f instructions a pixel",
			       (double)instructions / FRAMES / WIDTH / HEIGHT);
		printf("%s\n", bench->is_limited && percent > LIMIT_PERCENT ? "  TOO MUCH" : "");
	}
	fd_close(worker.framebuffer_fd);
	fd_close(control[1]);
	fd_close(server[0]);
	free(frame);
	return !bench->is_limited || *ret_seconds / FRAMES * RATE * 100 <= LIMIT_PERCENT;
}

/* A picture that does not change: nothing runs. */
static bool run_idle(void)
{
	struct worker worker = {};
	const struct screen_request setup = {
		.kind = SCREEN_REQUEST_SETUP,
		.setup = { .width = WIDTH, .height = HEIGHT, .stride = WIDTH * 4, .format = XRGB },
	};
	pthread_t thread;
	int control[2], server[2];
	long switches = 0;

	worker.framebuffer_fd = memfd_create("screen", MFD_CLOEXEC);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, control) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, server) < 0)
		exit(1);
	worker.control_fd = control[1];
	(void)pthread_create(&thread, NULL, work, &worker);
	request(control[0], &setup, -1);
	request(control[0], &(struct screen_request){ .kind = SCREEN_REQUEST_DISPLAY }, server[1]);
	handshake(server[0], 640, 480);
	(void)nanosleep(&(struct timespec){ 3, 0 }, NULL);
	(void)close(control[0]);
	(void)pthread_join(thread, NULL);
	switches = worker.usage.ru_nvcsw;
	printf("idle: %ld wake-ups in 3 s, of which a few are the handshake's\n", switches);
	return switches < 20;
}

int main(void)
{
	bool good = true;

	for (size_t i = 0; i < ELEMENTS(benches); i++) {
		double warm = 0, taken = 0;

		(void)run(&benches[i], 2, &warm);
		good = run(&benches[i], FRAMES, &taken) && good;
	}
	printf("copies of a pixel: 2 (socket to picture, picture to screen); 3 where it is "
	       "converted or "
	       "scaled\n");
	good = run_idle() && good;
	return good ? 0 : 1;
}
