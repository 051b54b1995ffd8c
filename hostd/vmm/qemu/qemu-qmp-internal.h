/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the client share, from below: qemu-qmp.c (its life, sending),
 * qemu-qmp-receive.c (what QEMU says), qemu-qmp-connect.c (the socket). Nobody else includes this.
 */
#pragma once

#include "base/text.h"
#include "config/config-name.h"
#include "vmm/qemu/qemu-qmp.h"

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

int qemu_qmp_bytes_append(struct bytes *bytes, const void *data, size_t length);
void qemu_qmp_bytes_drop(struct bytes *bytes, size_t length);

/* What calls callbacks stands between these two; after the second qmp may be gone. */
void qemu_qmp_enter(struct qemu_qmp *qmp);
void qemu_qmp_leave(struct qemu_qmp *qmp);
bool qemu_qmp_is_over(const struct qemu_qmp *qmp);

/* Ends the connection; the second says what is wrong, because QEMU is at fault. */
void qemu_qmp_end(struct qemu_qmp *qmp, int error);
__attribute__((format(printf, 3, 4))) void qemu_qmp_end_with(struct qemu_qmp *qmp, int error,
							     const char *format, ...);

/* As much as QEMU takes; the loop calls again for the rest. Returns 0 or -errno. */
int qemu_qmp_flush(struct qemu_qmp *qmp);
/* What the socket is watched for. */
int qemu_qmp_watch(struct qemu_qmp *qmp, bool unsent);

/* Consumes the command. */
void qemu_qmp_answer(struct command *command, sd_json_variant *result, const char *error);
/* Whatever the state is; fd -EBADF for none. */
int qemu_qmp_send(struct qemu_qmp *qmp, const char *name, sd_json_variant *arguments,
		  int fd_consume, qemu_qmp_reply_t reply, void *userdata);
