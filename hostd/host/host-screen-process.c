// SPDX-License-Identifier: GPL-2.0-or-later
// mvirt-screen as a child: it gets a framebuffer and a socket, and through the socket everything
// else. When it dies it is started again, later each time.
#include "host-screen-process.h"

#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "process/supervisor.h"
#include "process/uids.h"

#define PROGRAM "/usr/bin/mvirt-screen"
#define NAMESPACES (CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define ROOT_OPTIONS "size=4k,nr_inodes=1,mode=0755"
#define MEMORY_BYTES_MAX (512UL << 20)
#define OPEN_FILES_MAX 32
#define THREADS_MAX 80
#define STACK_BYTES_MAX (1UL << 20)

struct screen_process {
	struct screen_process_callbacks callbacks;
	sd_event *event;
	int framebuffer_fd; /* weak */
	struct screen_setup setup;
	struct supervisor *supervisor;
	int control_fd; /* owned */
	sd_event_source *control_source, *begin;
};

static void forget(struct screen_process *process)
{
	process->control_source = sd_event_source_disable_unref(process->control_source);
	process->control_fd = fd_close(process->control_fd);
}

static void on_ended(const struct supervisor_end *told, void *userdata)
{
	struct screen_process *process = userdata;
	_cleanup_free_ char *why = told->end ? process_end_last_line(told->end) : NULL;

	forget(process);
	if (!told->end) {
		log_error("screen", "%s cannot be started: %s", PROGRAM, strerror(-told->error));
		return;
	}
	if (told->end->status > 128)
		log_error("screen", "mvirt-screen was killed by signal %d: it is started again",
			  told->end->status - 128);
	else
		log_error("screen", "mvirt-screen ended: %s: it is started again",
			  why ?: "without a word");
	process->callbacks.ended(process->callbacks.userdata);
}

/* Its end is on_ended()'s. */
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

/* Every file that it uses is passed to it, so its root is empty. */
static int spawn(struct screen_process *process, int control_fd)
{
	static char name[] = "mvirt-screen";
	static char *const argv[] = { name, NULL };
	static const struct process_root root = { .options = ROOT_OPTIONS };
	static const struct confine_limit limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, OPEN_FILES_MAX },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_NPROC, THREADS_MAX },
		{ RLIMIT_FSIZE, PROCESS_OUTPUT_MAX },
		{ RLIMIT_STACK, STACK_BYTES_MAX },
		{ RLIMIT_AS, MEMORY_BYTES_MAX },
	};
	const struct process_fd fds[] = { { control_fd, SCREEN_FD_CONTROL },
					  { process->framebuffer_fd, SCREEN_FD_FRAMEBUFFER } };
	const struct process_spec spec = {
		.program = PROGRAM,
		.argv = argv,
		.errors = PROCESS_KEPT,
		.fds = fds,
		.fd_count = ELEMENTS(fds),
		.namespaces = NAMESPACES,
		.root = &root,
		.uid = PROCESS_UID_SCREEN,
		.limits = limits,
		.limit_count = ELEMENTS(limits),
	};

	return supervisor_spawn(process->supervisor, &spec);
}

static int start(struct supervisor *, void *userdata)
{
	struct screen_process *process = userdata;
	const struct screen_request setup = { .kind = SCREEN_REQUEST_SETUP,
					      .setup = process->setup };
	_cleanup_fd_ int theirs = -EBADF;
	int pair[2], r = 0;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	process->control_fd = pair[0];
	theirs = pair[1];
	r = spawn(process, theirs);
	if (r >= 0)
		r = sd_event_add_io(process->event, &process->control_source, process->control_fd,
				    EPOLLIN, on_control, process);
	if (r >= 0)
		r = send_packet(process, &setup, -EBADF);
	if (r < 0)
		return r;
	process->callbacks.started(process->callbacks.userdata);
	return 0;
}

static int on_begin(sd_event_source *, void *userdata)
{
	struct screen_process *process = userdata;

	(void)supervisor_start(process->supervisor);
	return 0;
}

DEFINE_CLEANUP(struct screen_process *, screen_process_free);

int screen_process_new(sd_event *event, int framebuffer_fd, const struct screen_setup *setup,
		       const struct screen_process_callbacks *callbacks,
		       struct screen_process **ret_process)
{
	_cleanup_(screen_process_freep) struct screen_process *process =
		calloc(1, sizeof(*process));
	struct supervisor_settings settings = {
		/* One that ran for half a minute is not one that cannot run. */
		.backoff = { .min_usec = 500000, .max_usec = 60000000, .held_usec = 30000000 },
		.start = start,
		.ended = on_ended,
		.userdata = process,
	};

	if (!process)
		return -ENOMEM;
	process->callbacks = *callbacks;
	process->event = sd_event_ref(event);
	process->framebuffer_fd = framebuffer_fd;
	process->setup = *setup;
	process->control_fd = -EBADF;
	/* From the loop: started() wants the caller to be ready. */
	if (supervisor_new(event, &settings, &process->supervisor) < 0 ||
	    sd_event_add_defer(event, &process->begin, on_begin, process) < 0)
		return -ENOMEM;
	*ret_process = take_ptr(process);
	return 0;
}

void screen_process_free(struct screen_process *process)
{
	if (!process)
		return;
	sd_event_source_disable_unref(process->begin);
	supervisor_free(process->supervisor);
	forget(process);
	sd_event_unref(process->event);
	free(process);
}

bool screen_process_runs(const struct screen_process *process)
{
	return process->control_fd >= 0;
}
