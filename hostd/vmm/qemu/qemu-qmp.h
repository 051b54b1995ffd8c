/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of QEMU's machine protocol (QMP): one JSON object a line, over a stream socket. */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>
#include <systemd/sd-json.h>

#include "base/cleanup.h"

struct qemu_qmp;

/* A longer line of QEMU's ends the connection. What hostd asks for has answers of a few hundred. */
#define QEMU_QMP_LINE_BYTES_MAX (64UL * 1024)
/* More than this unsent, or so many commands without an answer, make qemu_qmp_execute() fail. */
#define QEMU_QMP_UNSENT_BYTES_MAX (1024UL * 1024)
#define QEMU_QMP_UNANSWERED_MAX 64
/* Of what QEMU sends so much is read in a second, some thousand events; it waits with the rest. */
#define QEMU_QMP_READ_BYTES_PER_SECOND (128UL * 1024)

/* Each may be NULL, and may call any function here, qemu_qmp_free() included. */
struct qemu_qmp_callbacks {
	/* The greeting and the capabilities are done: qemu_qmp_execute() works. Once. */
	void (*ready)(void *userdata);
	/* data is borrowed, and NULL for an event without. */
	void (*event)(const char *name, sd_json_variant *data, void *userdata);
	/*
	 * The connection is over, and all replies have been answered; only qemu_qmp_free() is
	 * left to do. Once. error is -ECONNRESET when QEMU closed it, -EMSGSIZE for a line that is
	 * too long, -EBADMSG for one that is not QMP (both are logged with what is wrong), -EPROTO
	 * when QEMU refuses the capabilities, or another -errno of the socket.
	 */
	void (*closed)(int error, void *userdata);
	void *userdata;
};

/* Exactly one of the two is not NULL, both are borrowed. Of a command that QEMU can answer no more
 * the error is QEMU_QMP_CLOSED. */
#define QEMU_QMP_CLOSED "the connection to QEMU is closed"
typedef void (*qemu_qmp_reply_t)(sd_json_variant *result, const char *error, void *userdata);

/*
 * Connects without waiting; callbacks are only called from the event loop. An answer that was due
 * to an earlier connection, which QEMU gives to the next, is passed over. Returns 0 or -errno:
 * -ENOENT and -ECONNREFUSED without a QEMU, -EAGAIN when it is not accepting another.
 */
int qemu_qmp_new(sd_event *event, const char *socket_path,
		 const struct qemu_qmp_callbacks *callbacks, struct qemu_qmp **ret_qmp);
/* Unanswered commands get their reply, an error, from here. No other callback is called. */
void qemu_qmp_free(struct qemu_qmp *qmp);
DEFINE_CLEANUP(struct qemu_qmp *, qemu_qmp_free);

/*
 * Sends a command; arguments (an object) and reply may be NULL. Replies find their command by id,
 * so they may come in any order; each reply is called exactly once. Returns 0, -ENOTCONN before
 * ready, after closed and where qmp is NULL (as it is for a reply that comes of qemu_qmp_free()),
 * -ENOBUFS when QEMU does not read or answer, or -ENOMEM; then reply is not called.
 */
int qemu_qmp_execute(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
		     qemu_qmp_reply_t reply, void *userdata);

/*
 * The same with a file descriptor, as "add-fd", "getfd" take it; it is closed in any case. -EBUSY
 * while QEMU has not taken an earlier one.
 */
int qemu_qmp_execute_with_fd(struct qemu_qmp *qmp, const char *command, sd_json_variant *arguments,
			     int fd_consume, qemu_qmp_reply_t reply, void *userdata);

/* For tests: a client on a connected socket, which it takes over; bytes as if QEMU had sent them.
 */
int qemu_qmp_new_connected(sd_event *event, int fd_consume,
			   const struct qemu_qmp_callbacks *callbacks, struct qemu_qmp **ret_qmp);
void qemu_qmp_receive(struct qemu_qmp *qmp, const void *data, size_t length);
