// SPDX-License-Identifier: GPL-2.0-or-later
// A client of QEMU's machine protocol: its life, and what is sent.
#include "qemu-qmp.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/log.h"
#include "base/text.h"
#include "vmm/qemu/qemu-qmp-internal.h"

/* A buffer that has grown over this is given back when it is empty. */
#define KEEP_BYTES (64UL * 1024)

/* Makes room for length more bytes. */
static int bytes_reserve(struct bytes *bytes, size_t length)
{
	size_t room = bytes->room ? bytes->room : 4096;
	char *data = NULL;

	if (bytes->room - bytes->length >= length)
		return 0;
	while (room - bytes->length < length)
		room *= 2;
	data = realloc(bytes->data, room);
	if (!data)
		return -ENOMEM;
	bytes->data = data;
	bytes->room = room;
	return 0;
}

int qemu_qmp_bytes_append(struct bytes *bytes, const void *data, size_t length)
{
	int r = bytes_reserve(bytes, length);

	if (r < 0)
		return r;
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	return 0;
}

void qemu_qmp_bytes_drop(struct bytes *bytes, size_t length)
{
	bytes->length -= length;
	memmove(bytes->data, bytes->data + length, bytes->length);
	if (bytes->length == 0 && bytes->room > KEEP_BYTES) {
		free(bytes->data);
		*bytes = (struct bytes){};
	}
}

/* --- the life of the object --- */

static void destroy(struct qemu_qmp *qmp)
{
	free(qmp->in.data);
	free(qmp->out.data);
	free(qmp);
}

void qemu_qmp_enter(struct qemu_qmp *qmp)
{
	qmp->calls++;
}

/* After this qmp may be gone. */
void qemu_qmp_leave(struct qemu_qmp *qmp)
{
	if (--qmp->calls == 0 && qmp->freed)
		destroy(qmp);
}

bool qemu_qmp_is_over(const struct qemu_qmp *qmp)
{
	return qmp->freed || qmp->state == QMP_STATE_CLOSED;
}

void qemu_qmp_answer(struct command *command, sd_json_variant *result, const char *error)
{
	qemu_qmp_reply_t reply = command->reply;
	void *userdata = command->userdata;

	free(command);
	if (reply)
		reply(result, error, userdata);
}

/* To be called within qemu_qmp_enter() and qemu_qmp_leave(). */
static void disconnect(struct qemu_qmp *qmp)
{
	struct command *command = NULL;

	qmp->state = QMP_STATE_CLOSED;
	qmp->source = sd_event_source_disable_unref(qmp->source);
	qmp->second_source = sd_event_source_disable_unref(qmp->second_source);
	qmp->fd = fd_close(qmp->fd);
	qmp->out_fd = fd_close(qmp->out_fd);
	while ((command = qmp->commands)) {
		qmp->commands = command->next;
		qemu_qmp_answer(command, NULL, QEMU_QMP_CLOSED);
	}
	qmp->commands_end = &qmp->commands;
	qmp->unanswered = 0;
}

void qemu_qmp_end(struct qemu_qmp *qmp, int error)
{
	if (qemu_qmp_is_over(qmp))
		return;
	disconnect(qmp);
	if (!qmp->freed && qmp->callbacks.closed)
		qmp->callbacks.closed(error, qmp->callbacks.userdata);
}

/* QEMU is at fault: says what is wrong. */
__attribute__((format(printf, 3, 4))) void qemu_qmp_end_with(struct qemu_qmp *qmp, int error,
							     const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list arguments;

	if (qemu_qmp_is_over(qmp))
		return;
	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);
	log_warning(qmp->subject, "QMP is given up: %s", what ? what : strerror(-error));
	qemu_qmp_end(qmp, error);
}

/* --- sending --- */

/* What comes before a file descriptor, or that and all after it. Returns what send(2) does. */
static ssize_t send_some(struct qemu_qmp *qmp)
{
	bool with_fd = qmp->out_fd >= 0 && qmp->out_fd_at == 0;
	size_t length = qmp->out_fd >= 0 && !with_fd ? qmp->out_fd_at : qmp->out.length;
	alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
	struct iovec bytes = { .iov_base = qmp->out.data, .iov_len = length };
	struct msghdr message = { .msg_iov = &bytes, .msg_iovlen = 1 };
	struct cmsghdr *header = NULL;
	ssize_t sent = 0;

	if (with_fd) {
		message.msg_control = control;
		message.msg_controllen = sizeof(control);
		header = CMSG_FIRSTHDR(&message);
		*header = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
					    .cmsg_type = SCM_RIGHTS,
					    .cmsg_len = CMSG_LEN(sizeof(int)) };
		memcpy(CMSG_DATA(header), &qmp->out_fd, sizeof(int));
	}
	sent = sendmsg(qmp->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (sent > 0 && with_fd)
		qmp->out_fd = fd_close(qmp->out_fd);
	else if (sent > 0 && qmp->out_fd >= 0)
		qmp->out_fd_at -= (size_t)sent;
	return sent;
}

int qemu_qmp_watch(struct qemu_qmp *qmp, bool unsent)
{
	bool reads = qmp->second_bytes < QEMU_QMP_READ_BYTES_PER_SECOND;

	return sd_event_source_set_io_events(qmp->source,
					     (reads ? EPOLLIN : 0) | (unsent ? EPOLLOUT : 0));
}

/* As much as QEMU takes; the loop calls again for the rest. */
int qemu_qmp_flush(struct qemu_qmp *qmp)
{
	while (qmp->out.length > 0) {
		ssize_t sent = send_some(qmp);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN)
			return -errno;
		if (sent < 0)
			break;
		qemu_qmp_bytes_drop(&qmp->out, (size_t)sent);
	}
	return qemu_qmp_watch(qmp, qmp->out.length > 0);
}

static int format_command(const char *name, sd_json_variant *arguments, uint64_t id,
			  char **ret_text)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *object = NULL;
	int r = sd_json_buildo(&object, SD_JSON_BUILD_PAIR_STRING("execute", name),
			       SD_JSON_BUILD_PAIR_CONDITION(arguments != NULL, "arguments",
							    SD_JSON_BUILD_VARIANT(arguments)),
			       SD_JSON_BUILD_PAIR_UNSIGNED("id", id));

	return r < 0 ? r : sd_json_variant_format(object, SD_JSON_FORMAT_NEWLINE, ret_text);
}

/* Errors of the socket are left to the loop, so that closed() is not called from here. */
int qemu_qmp_send(struct qemu_qmp *qmp, const char *name, sd_json_variant *arguments,
		  int fd_consume, qemu_qmp_reply_t reply, void *userdata)
{
	_cleanup_fd_ int fd = fd_consume;
	_cleanup_free_ struct command *command = malloc(sizeof(*command));
	_cleanup_free_ char *text = NULL;
	size_t length = 0;
	int r = 0;

	if (!command)
		return -ENOMEM;
	if (fd >= 0 && qmp->out_fd >= 0)
		return -EBUSY;
	if (qmp->unanswered >= QEMU_QMP_UNANSWERED_MAX)
		return -ENOBUFS;
	*command = (struct command){ .id = qmp->next_id, .reply = reply, .userdata = userdata };
	r = format_command(name, arguments, command->id, &text);
	if (r < 0)
		return r;
	length = strlen(text);
	if (qmp->out.length + length > QEMU_QMP_UNSENT_BYTES_MAX)
		return -ENOBUFS;
	r = qemu_qmp_bytes_append(&qmp->out, text, length);
	if (r < 0)
		return r;
	if (fd >= 0) {
		qmp->out_fd = take_fd(&fd);
		qmp->out_fd_at = qmp->out.length - length;
	}
	qmp->next_id++;
	qmp->unanswered++;
	*qmp->commands_end = command;
	qmp->commands_end = &take_ptr(command)->next;
	/* Also when the socket took nothing for want of memory: then the next try is the loop's. */
	if (qemu_qmp_flush(qmp) < 0)
		(void)qemu_qmp_watch(qmp, true);
	return 0;
}

int qemu_qmp_execute(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
		     qemu_qmp_reply_t reply, void *userdata)
{
	if (!qmp || qmp->freed || qmp->state != QMP_STATE_READY)
		return -ENOTCONN;
	return qemu_qmp_send(qmp, command, arguments, -EBADF, reply, userdata);
}

int qemu_qmp_execute_with_fd(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
			     int fd_consume, qemu_qmp_reply_t reply, void *userdata)
{
	if (!qmp || qmp->freed || qmp->state != QMP_STATE_READY) {
		fd_close(fd_consume);
		return -ENOTCONN;
	}
	return qemu_qmp_send(qmp, command, arguments, fd_consume, reply, userdata);
}

void qemu_qmp_free(struct qemu_qmp *qmp)
{
	if (!qmp || qmp->freed)
		return;
	qmp->freed = true;
	qemu_qmp_enter(qmp);
	disconnect(qmp);
	qemu_qmp_leave(qmp);
}
