// SPDX-License-Identifier: GPL-2.0-or-later
// QMP's socket: how it is connected, and how fast it is read.
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/log.h"
#include "vmm/qemu/qemu-qmp-internal.h"

/* At once: some thirty events, so that nobody waits long for a guest that spams. */
#define READ_BYTES (4UL * 1024)
#define SECOND_USEC UINT64_C(1000000)
#define TIMER_ACCURACY_USEC UINT64_C(10000)

static int on_second(sd_event_source *, uint64_t, void *userdata)
{
	struct qemu_qmp *qmp = userdata;

	qmp->second_source = sd_event_source_disable_unref(qmp->second_source);
	qmp->second_bytes = 0;
	return qemu_qmp_watch(qmp, qmp->out.length > 0);
}

/* Counts what was read. A QEMU that sends more than it may in a second is read again in the next:
 * it costs hostd's time, which is everybody's. */
static void count_bytes(struct qemu_qmp *qmp, size_t length)
{
	sd_event *event = sd_event_source_get_event(qmp->source);

	qmp->second_bytes += length;
	/* Without a timer nothing is held back, as nothing would let it go. */
	if (!qmp->second_source &&
	    sd_event_add_time_relative(event, &qmp->second_source, CLOCK_MONOTONIC, SECOND_USEC,
				       TIMER_ACCURACY_USEC, on_second, qmp) < 0)
		qmp->second_bytes = 0;
	if (qmp->second_bytes < QEMU_QMP_READ_BYTES_PER_SECOND)
		return;
	(void)qemu_qmp_watch(qmp, qmp->out.length > 0);
	if (!qmp->told_fast)
		log_warning(qmp->subject, "QMP: more than %lu KiB in a second: it is read slowly",
			    QEMU_QMP_READ_BYTES_PER_SECOND / 1024);
	qmp->told_fast = true;
}

static int on_io(sd_event_source *, int fd, uint32_t revents, void *userdata)
{
	struct qemu_qmp *qmp = userdata;
	char data[READ_BYTES];
	ssize_t length = 0;
	int r = 0;

	qemu_qmp_enter(qmp);
	if (revents & EPOLLOUT)
		r = qemu_qmp_flush(qmp);
	/* Its last words come even when it does not listen any more. */
	if (revents & ~(uint32_t)EPOLLOUT) {
		length = recv(fd, data, sizeof(data), MSG_DONTWAIT);
		if (length > 0) {
			r = 0;
			count_bytes(qmp, (size_t)length);
			qemu_qmp_receive(qmp, data, (size_t)length);
		} else if (length == 0)
			r = -ECONNRESET;
		else if (errno != EAGAIN && errno != EINTR)
			r = -errno;
	}
	if (r < 0)
		qemu_qmp_end(qmp, r);
	qemu_qmp_leave(qmp);
	return 0;
}

int qemu_qmp_new_connected(sd_event *event, int fd_consume,
			   const struct qemu_qmp_callbacks *callbacks, struct qemu_qmp **ret_qmp)
{
	_cleanup_fd_ int fd = fd_consume;
	_cleanup_free_ struct qemu_qmp *qmp = calloc(1, sizeof(*qmp));
	int r = 0;

	if (!qmp)
		return -ENOMEM;
	qmp->callbacks = *callbacks;
	qmp->out_fd = -EBADF;
	(void)strcpy(qmp->subject, "qmp");
	qmp->commands_end = &qmp->commands;
	r = sd_event_add_io(event, &qmp->source, fd, EPOLLIN, on_io, qmp);
	if (r < 0)
		return r;
	qmp->fd = take_fd(&fd);
	*ret_qmp = take_ptr(qmp);
	return 0;
}

/* The socket is called FOLDER/NAME/qmp.sock. */
static void set_subject(struct qemu_qmp *qmp, const char *socket_path)
{
	const char *end = strrchr(socket_path, '/'), *start = end;

	while (start && start > socket_path && start[-1] != '/')
		start--;
	if (start && end > start && end - start <= NAME_LENGTH_MAX)
		(void)snprintf(qmp->subject, sizeof(qmp->subject), "guest %.*s", (int)(end - start),
			       start);
}

/* Ids grow by one a command, and time by more: none of this connection was one of an earlier's, of
 * whatever hostd of this boot. */
static uint64_t first_id(void)
{
	struct timespec now = {};

	(void)clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

int qemu_qmp_new(sd_event *event, const char *socket_path,
		 const struct qemu_qmp_callbacks *callbacks, struct qemu_qmp **ret_qmp)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	_cleanup_fd_ int fd = -EBADF;
	int r = 0;

	if (strlen(socket_path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, socket_path, strlen(socket_path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return -errno;
	r = qemu_qmp_new_connected(event, take_fd(&fd), callbacks, ret_qmp);
	if (r < 0)
		return r;
	set_subject(*ret_qmp, socket_path);
	(*ret_qmp)->first_id = (*ret_qmp)->next_id = first_id();
	return 0;
}
