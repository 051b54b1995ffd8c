// SPDX-License-Identifier: GPL-2.0-or-later
// Anything as QEMU's side of QMP, in pieces of any size; the first byte chooses the pieces and
// where the client is freed. Each command is answered exactly once, and closed() comes at most
// once. Each input makes a line of log; -close_fd_mask=2 keeps it away.
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "vmm/qemu/qemu-qmp.h"

#define COMMANDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct qemu_qmp *qmp;
	unsigned int sent, answered, closed, events, free_at_event;
};

static void on_reply(sd_json_variant *result, const char *error, void *userdata)
{
	struct run *run = userdata;

	if (!result == !error)
		__builtin_trap();
	run->answered++;
}

static void execute(struct run *run)
{
	if (run->sent < COMMANDS_MAX &&
	    qemu_qmp_execute(run->qmp, "query-status", NULL, on_reply, run) == 0)
		run->sent++;
}

static void on_ready(void *userdata)
{
	struct run *run = userdata;

	execute(run);
	execute(run);
}

static void on_event(const char *name, sd_json_variant *data, void *userdata)
{
	struct run *run = userdata;

	if (!name || (data && !sd_json_variant_is_object(data)) || run->closed)
		__builtin_trap();
	if (++run->events == run->free_at_event)
		qemu_qmp_free(take_ptr(run->qmp));
	else
		execute(run);
}

static void on_closed(int error, void *userdata)
{
	struct run *run = userdata;

	if (error >= 0 || ++run->closed > 1 || run->sent != run->answered)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static sd_event *event;
	struct run run = {};
	struct qemu_qmp_callbacks callbacks = {
		.ready = on_ready, .event = on_event, .closed = on_closed, .userdata = &run
	};
	size_t piece = 0;
	int pair[2];

	if (size < 1 || (!event && sd_event_new(&event) < 0))
		return 0;
	piece = (data[0] & 0x0f) ? (size_t)(data[0] & 0x0f) * 3 : size;
	run.free_at_event = data[0] >> 4;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return 0;
	if (qemu_qmp_new_connected(event, pair[1], &callbacks, &run.qmp) < 0)
		__builtin_trap();
	for (size_t at = 1; at < size && run.qmp; at += piece)
		qemu_qmp_receive(run.qmp, data + at, size - at < piece ? size - at : piece);
	qemu_qmp_free(run.qmp);
	if (run.sent != run.answered)
		__builtin_trap();
	fd_close(pair[0]);
	return 0;
}
