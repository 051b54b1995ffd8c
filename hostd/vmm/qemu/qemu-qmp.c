// SPDX-License-Identifier: GPL-2.0-or-later
// A client of QEMU's machine protocol: qemu.git, docs/interop/qmp-spec.rst.
#include "qemu-qmp.h"

#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#include "base/log.h"
#include "base/text.h"
#include "config/config-name.h"

/* At once: some thirty events, so that nobody waits long for a guest that spams. */
#define READ_BYTES (4UL * 1024)
#define SECOND_USEC UINT64_C(1000000)
#define TIMER_ACCURACY_USEC UINT64_C(10000)
/* A buffer that has grown over this is given back when it is empty. */
#define KEEP_BYTES (64UL * 1024)

enum qmp_state {
	QMP_STATE_GREETING, /* waits for QEMU's first line */
	QMP_STATE_NEGOTIATING, /* waits for the reply to qmp_capabilities */
	QMP_STATE_READY,
	QMP_STATE_CLOSED,
};

/* A command without its reply. */
struct command {
	struct command *next;
	uint64_t id;
	qemu_qmp_reply_t reply; /* NULL: nobody wants to know */
	void *userdata;
};

struct bytes {
	char *data;
	size_t length, room;
};

struct qemu_qmp {
	struct qemu_qmp_callbacks callbacks;
	char subject[sizeof("guest ") + NAME_LENGTH_MAX]; /* of its lines in the log */
	sd_event_source *source;
	int fd; /* owned */
	enum qmp_state state;
	uint64_t first_id, next_id; /* lower ones are of connections before this one */
	struct command *commands, **commands_end; /* in the order they were sent */
	unsigned int unanswered; /* how many they are */
	struct bytes in, out;
	sd_event_source *second_source; /* of the second that began at its first byte */
	size_t second_bytes; /* read in it */
	bool told_fast; /* that it sends more */
	int out_fd; /* owned: goes with the byte at out_fd_at; -EBADF: none */
	size_t out_fd_at;
	unsigned int calls; /* of ours that are on the stack and may call callbacks */
	bool freed; /* qemu_qmp_free() was called from one of them */
};

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

static int bytes_append(struct bytes *bytes, const void *data, size_t length)
{
	int r = bytes_reserve(bytes, length);

	if (r < 0)
		return r;
	memcpy(bytes->data + bytes->length, data, length);
	bytes->length += length;
	return 0;
}

static void bytes_drop(struct bytes *bytes, size_t length)
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

static void enter(struct qemu_qmp *qmp)
{
	qmp->calls++;
}

/* After this qmp may be gone. */
static void leave(struct qemu_qmp *qmp)
{
	if (--qmp->calls == 0 && qmp->freed)
		destroy(qmp);
}

static bool is_over(const struct qemu_qmp *qmp)
{
	return qmp->freed || qmp->state == QMP_STATE_CLOSED;
}

static void answer(struct command *command, sd_json_variant *result, const char *error)
{
	qemu_qmp_reply_t reply = command->reply;
	void *userdata = command->userdata;

	free(command);
	if (reply)
		reply(result, error, userdata);
}

/* To be called within enter() and leave(). */
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
		answer(command, NULL, "the connection to QEMU is closed");
	}
	qmp->commands_end = &qmp->commands;
	qmp->unanswered = 0;
}

static void end(struct qemu_qmp *qmp, int error)
{
	if (is_over(qmp))
		return;
	disconnect(qmp);
	if (!qmp->freed && qmp->callbacks.closed)
		qmp->callbacks.closed(error, qmp->callbacks.userdata);
}

/* QEMU is at fault: says what is wrong. */
__attribute__((format(printf, 3, 4))) static void end_with(struct qemu_qmp *qmp, int error,
							   const char *format, ...)
{
	_cleanup_free_ char *what = NULL;
	va_list arguments;

	if (is_over(qmp))
		return;
	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) < 0)
		what = NULL;
	va_end(arguments);
	log_warning(qmp->subject, "QMP is given up: %s", what ? what : strerror(-error));
	end(qmp, error);
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

static int watch(struct qemu_qmp *qmp, bool unsent)
{
	bool reads = qmp->second_bytes < QEMU_QMP_READ_BYTES_PER_SECOND;

	return sd_event_source_set_io_events(qmp->source,
					     (reads ? EPOLLIN : 0) | (unsent ? EPOLLOUT : 0));
}

/* As much as QEMU takes; the loop calls again for the rest. */
static int flush(struct qemu_qmp *qmp)
{
	while (qmp->out.length > 0) {
		ssize_t sent = send_some(qmp);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno != EAGAIN)
			return -errno;
		if (sent < 0)
			break;
		bytes_drop(&qmp->out, (size_t)sent);
	}
	return watch(qmp, qmp->out.length > 0);
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
static int execute(struct qemu_qmp *qmp, const char *name, sd_json_variant *arguments,
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
	r = bytes_append(&qmp->out, text, length);
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
	if (flush(qmp) < 0)
		(void)watch(qmp, true);
	return 0;
}

int qemu_qmp_execute(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
		     qemu_qmp_reply_t reply, void *userdata)
{
	if (!qmp || qmp->freed || qmp->state != QMP_STATE_READY)
		return -ENOTCONN;
	return execute(qmp, command, arguments, -EBADF, reply, userdata);
}

int qemu_qmp_execute_with_fd(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
			     int fd_consume, qemu_qmp_reply_t reply, void *userdata)
{
	if (!qmp || qmp->freed || qmp->state != QMP_STATE_READY) {
		fd_close(fd_consume);
		return -ENOTCONN;
	}
	return execute(qmp, command, arguments, fd_consume, reply, userdata);
}

/* --- what QEMU says: each handler may leave qmp closed or freed --- */

static void on_capabilities(sd_json_variant *, const char *error, void *userdata)
{
	struct qemu_qmp *qmp = userdata;

	if (is_over(qmp))
		return;
	if (error) {
		end_with(qmp, -EPROTO, "QEMU refuses qmp_capabilities: %s", error);
		return;
	}
	qmp->state = QMP_STATE_READY;
	if (qmp->callbacks.ready)
		qmp->callbacks.ready(qmp->callbacks.userdata);
}

static void handle_greeting(struct qemu_qmp *qmp, sd_json_variant *message)
{
	int r = 0;

	if (!sd_json_variant_is_object(sd_json_variant_by_key(message, "QMP"))) {
		end_with(qmp, -EBADMSG, "the first line is not a greeting");
		return;
	}
	qmp->state = QMP_STATE_NEGOTIATING;
	r = execute(qmp, "qmp_capabilities", NULL, -EBADF, on_capabilities, qmp);
	if (r < 0)
		end(qmp, r);
}

static void handle_event(struct qemu_qmp *qmp, sd_json_variant *message, sd_json_variant *name)
{
	sd_json_variant *data = sd_json_variant_by_key(message, "data");

	if (!sd_json_variant_is_string(name) || (data && !sd_json_variant_is_object(data)))
		end_with(qmp, -EBADMSG, "an event without a name, or with data that is no object");
	else if (qmp->callbacks.event)
		qmp->callbacks.event(sd_json_variant_string(name), data, qmp->callbacks.userdata);
}

/* Takes the command out of the list, or returns NULL. */
static struct command *take_command(struct qemu_qmp *qmp, uint64_t id)
{
	for (struct command **link = &qmp->commands; *link; link = &(*link)->next) {
		struct command *command = *link;

		if (command->id != id)
			continue;
		*link = command->next;
		if (!*link)
			qmp->commands_end = link;
		qmp->unanswered--;
		return command;
	}
	return NULL;
}

/* QEMU sends an answer to whoever is connected when it has it. */
static bool is_of_another(const struct qemu_qmp *qmp, sd_json_variant *message)
{
	sd_json_variant *id = sd_json_variant_by_key(message, "id");

	return id && sd_json_variant_is_unsigned(id) &&
	       sd_json_variant_unsigned(id) < qmp->first_id;
}

static void handle_reply(struct qemu_qmp *qmp, sd_json_variant *message, sd_json_variant *result,
			 sd_json_variant *error)
{
	sd_json_variant *id = sd_json_variant_by_key(message, "id"), *text = NULL;
	struct command *command = NULL;

	if (error) {
		text = sd_json_variant_is_object(error) ? sd_json_variant_by_key(error, "desc")
							: NULL;
		if (!text || !sd_json_variant_is_string(text)) {
			end_with(qmp, -EBADMSG, "an error without a description");
			return;
		}
	}
	if (id && sd_json_variant_is_unsigned(id))
		command = take_command(qmp, sd_json_variant_unsigned(id));
	if (!command)
		end_with(qmp, -EBADMSG, "a reply to no command%s%s", text ? ": " : "",
			 text ? sd_json_variant_string(text) : "");
	else
		answer(command, text ? NULL : result, text ? sd_json_variant_string(text) : NULL);
}

static void handle_message(struct qemu_qmp *qmp, sd_json_variant *message)
{
	sd_json_variant *event = sd_json_variant_by_key(message, "event"),
			*result = sd_json_variant_by_key(message, "return"),
			*error = sd_json_variant_by_key(message, "error");

	if ((result || error) && is_of_another(qmp, message))
		log_debug(qmp->subject, "QMP: an answer to an earlier connection");
	else if (qmp->state == QMP_STATE_GREETING)
		handle_greeting(qmp, message);
	else if (event)
		handle_event(qmp, message, event);
	else if (result || error)
		handle_reply(qmp, message, result, error);
	else
		end_with(qmp, -EBADMSG, "a line that is neither event, reply nor error");
}

/* A line without its end, NUL-terminated. */
static void handle_line(struct qemu_qmp *qmp, const char *line, size_t length)
{
	_cleanup_(sd_json_variant_unrefp) sd_json_variant *message = NULL;
	unsigned int column = 0;
	int r = 0;

	if (strspn(line, " \t\r") == length)
		return;
	if (strlen(line) != length) {
		end_with(qmp, -EBADMSG, "a line with a NUL in it");
		return;
	}
	r = sd_json_parse(line, 0, &message, NULL, &column);
	if (r == -ENOMEM)
		end(qmp, r);
	else if (r < 0)
		end_with(qmp, -EBADMSG, "a line that is not JSON, at column %u: %.80s", column,
			 line);
	else if (!sd_json_variant_is_object(message))
		end_with(qmp, -EBADMSG, "a line that is not an object: %.80s", line);
	else
		handle_message(qmp, message);
}

/* --- receiving --- */

/* Takes the whole lines out of the buffer; its first bytes are known to hold no line end. */
static void handle_lines(struct qemu_qmp *qmp, size_t searched)
{
	size_t done = 0;

	while (!is_over(qmp)) {
		char *start = qmp->in.data + done, *newline = NULL;
		size_t length = 0;

		newline = memchr(qmp->in.data + searched, '\n', qmp->in.length - searched);
		length = newline ? (size_t)(newline - start) : qmp->in.length - done;
		if (length > QEMU_QMP_LINE_BYTES_MAX)
			end_with(qmp, -EMSGSIZE, "a line of more than %lu bytes",
				 QEMU_QMP_LINE_BYTES_MAX);
		else if (newline) {
			*newline = '\0';
			handle_line(qmp, start, length);
		}
		if (!newline)
			break;
		searched = done += length + 1;
	}
	bytes_drop(&qmp->in, done);
}

void qemu_qmp_receive(struct qemu_qmp *qmp, const void *data, size_t length)
{
	size_t searched = qmp->in.length;
	int r = 0;

	if (is_over(qmp) || length == 0)
		return;
	enter(qmp);
	r = bytes_append(&qmp->in, data, length);
	if (r < 0)
		end(qmp, r);
	else
		handle_lines(qmp, searched);
	leave(qmp);
}

static int on_second(sd_event_source *, uint64_t, void *userdata)
{
	struct qemu_qmp *qmp = userdata;

	qmp->second_source = sd_event_source_disable_unref(qmp->second_source);
	qmp->second_bytes = 0;
	return watch(qmp, qmp->out.length > 0);
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
	(void)watch(qmp, qmp->out.length > 0);
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

	enter(qmp);
	if (revents & EPOLLOUT)
		r = flush(qmp);
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
		end(qmp, r);
	leave(qmp);
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

void qemu_qmp_free(struct qemu_qmp *qmp)
{
	if (!qmp || qmp->freed)
		return;
	qmp->freed = true;
	enter(qmp);
	disconnect(qmp);
	leave(qmp);
}
