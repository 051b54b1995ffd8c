// SPDX-License-Identifier: GPL-2.0-or-later
// One command of QMP as a verb of vmm.h.
#include "vmm/qemu/qemu-internal.h"

struct call {
	vmm_done_t done;
	void *userdata;
};

static void on_reply(sd_json_variant *, const char *error, void *userdata)
{
	_cleanup_free_ struct call *call = userdata;

	if (call->done)
		call->done(!error                               ? 0
			   : text_equal(error, QEMU_QMP_CLOSED) ? -ENOTCONN
								: -EIO,
			   error, call->userdata);
}

int qemu_call(struct qemu *qemu, const char *command, sd_json_variant *arguments, int fd_consume,
	      vmm_done_t done, void *userdata)
{
	_cleanup_free_ struct call *call = malloc(sizeof(*call));
	_cleanup_fd_ int fd = fd_consume;
	int r = -ENOMEM;

	if (!call)
		return r;
	*call = (struct call){ .done = done, .userdata = userdata };
	/* The reply may come, and free the call, before this returns. */
	r = fd >= 0 ? qemu_qmp_execute_with_fd(qemu->qmp, command, arguments, take_fd(&fd),
					       on_reply, call)
		    : qemu_qmp_execute(qemu->qmp, command, arguments, on_reply, call);
	if (r >= 0)
		(void)take_ptr(call);
	return r;
}
