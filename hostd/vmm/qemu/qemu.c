// SPDX-License-Identifier: GPL-2.0-or-later
// A connection to a running QEMU, and the verbs that are one command of QMP.
#include "qemu.h"

#include "base/text.h"
#include "vmm/qemu/qemu-internal.h"

static int powerdown(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return qemu_call(qemu_of(vmm), "system_powerdown", NULL, -EBADF, done, userdata);
}

static int pause_guest(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return qemu_call(qemu_of(vmm), "stop", NULL, -EBADF, done, userdata);
}

static int resume_guest(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return qemu_call(qemu_of(vmm), "cont", NULL, -EBADF, done, userdata);
}

static void on_ready(void *userdata)
{
	const struct qemu *qemu = userdata;

	if (qemu->callbacks.ready)
		qemu->callbacks.ready(qemu->callbacks.userdata);
}

static void on_closed(int error, void *userdata)
{
	const struct qemu *qemu = userdata;

	if (qemu->callbacks.closed)
		qemu->callbacks.closed(error, qemu->callbacks.userdata);
}

static int connect_qemu(sd_event *event, const char *folder, const struct vmm_callbacks *callbacks,
			struct vmm **ret_vmm)
{
	_cleanup_free_ struct qemu *qemu = calloc(1, sizeof(*qemu));
	_cleanup_free_ char *path = text_format("%s/%s.sock", folder, qemu_type.control_name);
	const struct qemu_qmp_callbacks qmp_callbacks = {
		.ready = on_ready, .event = qemu_on_event, .closed = on_closed, .userdata = qemu
	};
	int r = 0;

	if (!qemu || !path)
		return -ENOMEM;
	qemu->vmm.type = &qemu_type;
	qemu->callbacks = *callbacks;
	r = qemu_qmp_new(event, path, &qmp_callbacks, &qemu->qmp);
	if (r < 0)
		return r;
	*ret_vmm = &take_ptr(qemu)->vmm;
	return 0;
}

/* Every command without its reply is answered by this, and who then asks more finds no connection.
 */
static void free_qemu(struct vmm *vmm)
{
	struct qemu *qemu = qemu_of(vmm);

	qemu_qmp_free(take_ptr(qemu->qmp));
	free(qemu);
}

const struct vmm_type qemu_type = {
	.name = "qemu",
	.label = "QEMU",
	.control_name = "qmp",
	.check = qemu_check,
	.overhead = qemu_overhead,
	.make_plan = qemu_make_plan,
	.connect = connect_qemu,
	.free = free_qemu,
	.powerdown = powerdown,
	.pause = pause_guest,
	.resume = resume_guest,
	.ask_state = qemu_ask_state,
	.add_device = qemu_add_device,
	.remove_device = qemu_remove_device,
	.take_picture = qemu_take_picture,
	.open_display = qemu_open_display,
};
