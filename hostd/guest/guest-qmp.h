/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A client of QEMU's machine protocol (QMP): one JSON object a line, over a stream socket. */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>
#include <systemd/sd-json.h>

#include "base/cleanup.h"

struct guest_qmp;

/* A longer line of QEMU's ends the connection. What hostd asks for has answers of a few hundred. */
#define GUEST_QMP_LINE_BYTES_MAX (64UL * 1024)
/* More than this unsent, or so many commands without an answer, make guest_qmp_execute() fail. */
#define GUEST_QMP_UNSENT_BYTES_MAX (1024UL * 1024)
#define GUEST_QMP_UNANSWERED_MAX 64
/* Of what QEMU sends so much is read in a second, some thousand events; it waits with the rest. */
#define GUEST_QMP_READ_BYTES_PER_SECOND (128UL * 1024)

/* Each may be NULL, and may call any function here, guest_qmp_free() included. */
struct guest_qmp_callbacks {
	/* The greeting and the capabilities are done: guest_qmp_execute() works. Once. */
	void (*ready)(void *userdata);
	/* data is borrowed, and NULL for an event without. */
	void (*event)(const char *name, sd_json_variant *data, void *userdata);
	/*
	 * The connection is over, and all replies have been answered; only guest_qmp_free() is
	 * left to do. Once. error is -ECONNRESET when QEMU closed it, -EMSGSIZE for a line that is
	 * too long, -EBADMSG for one that is not QMP (both are logged with what is wrong), -EPROTO
	 * when QEMU refuses the capabilities, or another -errno of the socket.
	 */
	void (*closed)(int error, void *userdata);
	void *userdata;
};

/* Exactly one of the two is not NULL, both are borrowed. */
typedef void (*guest_qmp_reply_t)(sd_json_variant *result, const char *error, void *userdata);

/*
 * Connects without waiting; callbacks are only called from the event loop. An answer that was due
 * to an earlier connection, which QEMU gives to the next, is passed over. Returns 0 or -errno:
 * -ENOENT and -ECONNREFUSED without a QEMU, -EAGAIN when it is not accepting another.
 */
int guest_qmp_new(sd_event *event, const char *socket_path,
		  const struct guest_qmp_callbacks *callbacks, struct guest_qmp **ret_qmp);
/* Unanswered commands get their reply, an error, from here. No other callback is called. */
void guest_qmp_free(struct guest_qmp *qmp);
DEFINE_CLEANUP(struct guest_qmp *, guest_qmp_free);

/*
 * Sends a command; arguments (an object) and reply may be NULL. Replies find their command by id,
 * so they may come in any order; each reply is called exactly once. Returns 0, -ENOTCONN before
 * ready, after closed and where qmp is NULL (as it is for a reply that comes of guest_qmp_free()),
 * -ENOBUFS when QEMU does not read or answer, or -ENOMEM; then reply is not called.
 */
int guest_qmp_execute(struct guest_qmp *qmp, const char *command, sd_json_variant *arguments,
		      guest_qmp_reply_t reply, void *userdata);

/*
 * The same with a file descriptor, as "add-fd", "getfd" take it; it is closed in any case. -EBUSY
 * while QEMU has not taken an earlier one.
 */
int guest_qmp_execute_with_fd(struct guest_qmp *qmp, const char *command,
			      sd_json_variant *arguments, int fd_consume, guest_qmp_reply_t reply,
			      void *userdata);

/* For tests: a client on a connected socket, which it takes over; bytes as if QEMU had sent them.
 */
int guest_qmp_new_connected(sd_event *event, int fd_consume,
			    const struct guest_qmp_callbacks *callbacks,
			    struct guest_qmp **ret_qmp);
void guest_qmp_receive(struct guest_qmp *qmp, const void *data, size_t length);
