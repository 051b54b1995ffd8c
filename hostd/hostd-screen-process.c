// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt-screen as a child: it gets a framebuffer and a socket, and through the socket everything
// else. When it dies it is started again, later each time.
#include "hostd-screen-process.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "storage/image/image-child.h"

#define PROGRAM "/usr/bin/mvirt-screen"
#define DELAY_MIN_USEC UINT64_C(500000)
#define DELAY_MAX_USEC UINT64_C(60000000)
/* One that ran for so long is not one that cannot run. */
#define HEALTHY_USEC UINT64_C(30000000)
#define ACCURACY_USEC UINT64_C(10000)

struct screen_process {
	struct screen_process_callbacks callbacks;
	sd_event *event;
	int framebuffer_fd; /* weak */
	struct screen_setup setup;
	struct image_child child;
	int control_fd; /* owned */
	sd_event_source *control_source, *child_source, *timer;
	uint64_t started_usec, delay_usec;
};

static int start(struct screen_process *process);

static void forget(struct screen_process *process)
{
	process->control_source = sd_event_source_disable_unref(process->control_source);
	process->child_source = sd_event_source_disable_unref(process->child_source);
	process->control_fd = fd_close(process->control_fd);
	image_child_done(&process->child);
}

static int on_timer(sd_event_source *, uint64_t, void *userdata)
{
	struct screen_process *process = userdata;
	int r = 0;

	process->timer = sd_event_source_disable_unref(process->timer);
	r = start(process);
	if (r < 0)
		log_error("screen", "%s cannot be started: %s", PROGRAM, strerrordesc_np(-r));
	return 0;
}

static void start_later(struct screen_process *process)
{
	uint64_t now_usec = 0;

	(void)sd_event_now(process->event, CLOCK_MONOTONIC, &now_usec);
	if (now_usec - process->started_usec >= HEALTHY_USEC || process->delay_usec == 0)
		process->delay_usec = DELAY_MIN_USEC;
	(void)sd_event_add_time_relative(process->event, &process->timer, CLOCK_MONOTONIC,
					 process->delay_usec, ACCURACY_USEC, on_timer, process);
	if (process->delay_usec < DELAY_MAX_USEC)
		process->delay_usec *= 2;
}

static int on_child(sd_event_source *, int, uint32_t, void *userdata)
{
	struct screen_process *process = userdata;
	_cleanup_free_ char *why = image_child_error(&process->child);
	int status = image_child_reap(&process->child);

	if (status == -EAGAIN)
		return 0;
	if (status > 128)
		log_error("screen", "mvirt-screen was killed by signal %d: it is started again",
			  status - 128);
	else
		log_error("screen", "mvirt-screen ended: %s: it is started again",
			  why ?: "without a word");
	forget(process);
	start_later(process);
	process->callbacks.ended(process->callbacks.userdata);
	return 0;
}

/* Its end is on_child()'s. */
static int on_control(sd_event_source *source, int fd, uint32_t, void *userdata)
{
	struct screen_process *process = userdata;
	struct screen_report report = {};
	ssize_t n = recv(fd, &report, sizeof(report), MSG_DONTWAIT);

	if (n == sizeof(report))
		process->callbacks.report((enum screen_report_kind)report.kind, report.value,
					  process->callbacks.userdata);
	else if (n == 0 || (n < 0 && errno != EAGAIN))
		(void)sd_event_source_set_enabled(source, SD_EVENT_OFF);
	return 0;
}

static int send_packet(struct screen_process *process, const struct screen_request *request,
		       int fd_consume)
{
	_cleanup_fd_ int fd = fd_consume;
	struct screen_request packet = *request;
	struct iovec piece = { &packet, sizeof(packet) };
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {};
	struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };

	if (process->control_fd < 0)
		return -ESRCH;
	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		control.head.cmsg_level = SOL_SOCKET;
		control.head.cmsg_type = SCM_RIGHTS;
		control.head.cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(&control.head), &fd, sizeof(fd));
	}
	return sendmsg(process->control_fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int screen_process_send(struct screen_process *process, enum screen_request_kind kind,
			int fd_consume)
{
	return send_packet(process, &(struct screen_request){ .kind = kind }, fd_consume);
}

static int start_child(struct screen_process *process, int control_fd)
{
	static char name[] = "mvirt-screen";
	static char *const argv[] = { name, NULL };
	const struct image_child_spec spec = {
		.program = PROGRAM,
		.argv = argv,
		.uid = SCREEN_PROCESS_UID,
		.fds = { control_fd, process->framebuffer_fd },
		.fd_count = 2,
		.image_fd = -EBADF,
		.output_fd = -EBADF,
	};

	static_assert(SCREEN_FD_CONTROL == 3 && SCREEN_FD_FRAMEBUFFER == 4);
	return image_child_start(&spec, &process->child);
}

static int start(struct screen_process *process)
{
	const struct screen_request setup = { .kind = SCREEN_REQUEST_SETUP,
					      .setup = process->setup };
	_cleanup_fd_ int theirs = -EBADF;
	int pair[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	process->control_fd = pair[0];
	theirs = pair[1];
	(void)sd_event_now(process->event, CLOCK_MONOTONIC, &process->started_usec);
	r = start_child(process, theirs);
	if (r >= 0)
		r = sd_event_add_io(process->event, &process->control_source, process->control_fd,
				    EPOLLIN, on_control, process);
	if (r >= 0)
		r = sd_event_add_io(process->event, &process->child_source, process->child.pidfd,
				    EPOLLIN, on_child, process);
	if (r >= 0)
		r = send_packet(process, &setup, -EBADF);
	if (r < 0) {
		image_child_kill(&process->child);
		forget(process);
		return r;
	}
	process->callbacks.started(process->callbacks.userdata);
	return 0;
}

DEFINE_CLEANUP(struct screen_process *, screen_process_free);

int screen_process_new(sd_event *event, int framebuffer_fd, const struct screen_setup *setup,
		       const struct screen_process_callbacks *callbacks,
		       struct screen_process **ret_process)
{
	_cleanup_(screen_process_freep) struct screen_process *process =
		calloc(1, sizeof(*process));

	if (!process)
		return -ENOMEM;
	process->callbacks = *callbacks;
	process->event = sd_event_ref(event);
	process->framebuffer_fd = framebuffer_fd;
	process->setup = *setup;
	process->control_fd = -EBADF;
	process->child = (struct image_child)IMAGE_CHILD_NONE;
	/* From the loop: started() wants the caller to be ready. */
	if (sd_event_add_time_relative(event, &process->timer, CLOCK_MONOTONIC, 0, ACCURACY_USEC,
				       on_timer, process) < 0)
		return -ENOMEM;
	*ret_process = take_ptr(process);
	return 0;
}

void screen_process_free(struct screen_process *process)
{
	if (!process)
		return;
	image_child_kill(&process->child);
	if (process->child.pidfd >= 0) {
		(void)image_child_wait(&process->child, 1000);
		(void)image_child_reap(&process->child);
	}
	forget(process);
	sd_event_source_disable_unref(process->timer);
	sd_event_unref(process->event);
	free(process);
}

bool screen_process_runs(const struct screen_process *process)
{
	return process->control_fd >= 0;
}
