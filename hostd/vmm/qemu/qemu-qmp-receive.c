// SPDX-License-Identifier: GPL-2.0-or-later
// What QEMU says on QMP: qemu.git, docs/interop/qmp-spec.rst. Each handler may leave qmp closed or
// freed.
#include <string.h>

#include "base/log.h"
#include "vmm/qemu/qemu-qmp-internal.h"

static void on_capabilities(sd_json_variant *, const char *error, void *userdata)
{
	struct qemu_qmp *qmp = userdata;

	if (qemu_qmp_is_over(qmp))
		return;
	if (error) {
		qemu_qmp_end_with(qmp, -EPROTO, "QEMU refuses qmp_capabilities: %s", error);
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
		qemu_qmp_end_with(qmp, -EBADMSG, "the first line is not a greeting");
		return;
	}
	qmp->state = QMP_STATE_NEGOTIATING;
	r = qemu_qmp_send(qmp, "qmp_capabilities", NULL, -EBADF, on_capabilities, qmp);
	if (r < 0)
		qemu_qmp_end(qmp, r);
}

static void handle_event(struct qemu_qmp *qmp, sd_json_variant *message, sd_json_variant *name)
{
	sd_json_variant *data = sd_json_variant_by_key(message, "data");

	if (!sd_json_variant_is_string(name) || (data && !sd_json_variant_is_object(data)))
		qemu_qmp_end_with(qmp, -EBADMSG,
				  "an event without a name, or with data that is no object");
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
			qemu_qmp_end_with(qmp, -EBADMSG, "an error without a description");
			return;
		}
	}
	if (id && sd_json_variant_is_unsigned(id))
		command = take_command(qmp, sd_json_variant_unsigned(id));
	if (!command)
		qemu_qmp_end_with(qmp, -EBADMSG, "a reply to no command%s%s", text ? ": " : "",
				  text ? sd_json_variant_string(text) : "");
	else
		qemu_qmp_answer(command, text ? NULL : result,
				text ? sd_json_variant_string(text) : NULL);
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
		qemu_qmp_end_with(qmp, -EBADMSG, "a line that is neither event, reply nor error");
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
		qemu_qmp_end_with(qmp, -EBADMSG, "a line with a NUL in it");
		return;
	}
	r = sd_json_parse(line, 0, &message, NULL, &column);
	if (r == -ENOMEM)
		qemu_qmp_end(qmp, r);
	else if (r < 0)
		qemu_qmp_end_with(qmp, -EBADMSG, "a line that is not JSON, at column %u: %.80s",
				  column, line);
	else if (!sd_json_variant_is_object(message))
		qemu_qmp_end_with(qmp, -EBADMSG, "a line that is not an object: %.80s", line);
	else
		handle_message(qmp, message);
}

/* Takes the whole lines out of the buffer; its first bytes are known to hold no line end. */
static void handle_lines(struct qemu_qmp *qmp, size_t searched)
{
	size_t done = 0;

	while (!qemu_qmp_is_over(qmp)) {
		char *start = qmp->in.data + done, *newline = NULL;
		size_t length = 0;

		newline = memchr(qmp->in.data + searched, '\n', qmp->in.length - searched);
		length = newline ? (size_t)(newline - start) : qmp->in.length - done;
		if (length > QEMU_QMP_LINE_BYTES_MAX)
			qemu_qmp_end_with(qmp, -EMSGSIZE, "a line of more than %lu bytes",
					  QEMU_QMP_LINE_BYTES_MAX);
		else if (newline) {
			*newline = '\0';
			handle_line(qmp, start, length);
		}
		if (!newline)
			break;
		searched = done += length + 1;
	}
	qemu_qmp_bytes_drop(&qmp->in, done);
}

void qemu_qmp_receive(struct qemu_qmp *qmp, const void *data, size_t length)
{
	size_t searched = qmp->in.length;
	int r = 0;

	if (qemu_qmp_is_over(qmp) || length == 0)
		return;
	qemu_qmp_enter(qmp);
	r = qemu_qmp_bytes_append(&qmp->in, data, length);
	if (r < 0)
		qemu_qmp_end(qmp, r);
	else
		handle_lines(qmp, searched);
	qemu_qmp_leave(qmp);
}
