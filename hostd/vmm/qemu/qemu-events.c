// SPDX-License-Identifier: GPL-2.0-or-later
// What QEMU says of its guest, in the words of vmm.h: qemu.git, qapi/run-state.json.
#include <string.h>

#include "base/text.h"
#include "vmm/qemu/qemu-internal.h"

static const char *text_field(sd_json_variant *data, const char *key)
{
	sd_json_variant *value = data ? sd_json_variant_by_key(data, key) : NULL;

	return value && sd_json_variant_is_string(value) ? sd_json_variant_string(value) : NULL;
}

static struct vmm_event on_shutdown(sd_json_variant *data)
{
	const char *reason = text_field(data, "reason");
	enum vmm_ending ending = VMM_ENDING_POWER_OFF;

	if (text_equal(reason, "guest-reset"))
		ending = VMM_ENDING_RESET;
	else if (text_equal(reason, "guest-panic"))
		ending = VMM_ENDING_PANIC;
	else if (text_equal(reason, "host-error"))
		ending = VMM_ENDING_ERROR;
	return (struct vmm_event){ .kind = VMM_EVENT_ENDING, .ending = ending, .detail = reason };
}

static struct vmm_event on_reset(sd_json_variant *data)
{
	return (struct vmm_event){ .kind = VMM_EVENT_RESET, .detail = text_field(data, "reason") };
}

static struct vmm_event on_panicked(sd_json_variant *)
{
	return (struct vmm_event){ .kind = VMM_EVENT_PANICKED };
}

static struct vmm_event on_stop(sd_json_variant *)
{
	return (struct vmm_event){ .kind = VMM_EVENT_HALTED };
}

static struct vmm_event on_resume(sd_json_variant *)
{
	return (struct vmm_event){ .kind = VMM_EVENT_RESUMED };
}

static struct vmm_event on_watchdog(sd_json_variant *data)
{
	const char *action = text_field(data, "action");

	return (struct vmm_event){ .kind = VMM_EVENT_WATCHDOG,
				   .detail = action,
				   .ending = text_equal(action, "poweroff") ? VMM_ENDING_POWER_OFF
									    : VMM_ENDING_NONE };
}

static struct vmm_event on_block_error(sd_json_variant *data)
{
	return (struct vmm_event){ .kind = VMM_EVENT_DISK_ERROR,
				   .detail = text_field(data, "reason"),
				   .device = text_field(data, "node-name"),
				   .operation = text_field(data, "operation") };
}

void qemu_on_event(const char *name, sd_json_variant *data, void *userdata)
{
	static const struct {
		const char *name;
		struct vmm_event (*translate)(sd_json_variant *data);
	} events[] = {
		{ "SHUTDOWN", on_shutdown },          { "RESET", on_reset },
		{ "GUEST_PANICKED", on_panicked },    { "STOP", on_stop },
		{ "BLOCK_IO_ERROR", on_block_error }, { "RESUME", on_resume },
		{ "WATCHDOG", on_watchdog },
	};
	const struct qemu *qemu = userdata;

	for (size_t i = 0; i < ELEMENTS(events); i++)
		if (strcmp(events[i].name, name) == 0) {
			const struct vmm_event event = events[i].translate(data);

			if (qemu->callbacks.event)
				qemu->callbacks.event(&event, qemu->callbacks.userdata);
			return; /* qemu may be gone */
		}
}

/* --- query-status --- */

struct question {
	vmm_state_done_t done;
	void *userdata;
};

static enum vmm_state read_state(const char *status)
{
	static const struct {
		const char *status;
		enum vmm_state state;
	} states[] = {
		{ "running", VMM_STATE_RUNNING },         { "paused", VMM_STATE_PAUSED },
		{ "io-error", VMM_STATE_HALTED },         { "watchdog", VMM_STATE_HALTED },
		{ "guest-panicked", VMM_STATE_PANICKED }, { "internal-error", VMM_STATE_BROKEN },
	};

	for (size_t i = 0; i < ELEMENTS(states); i++)
		if (text_equal(states[i].status, status))
			return states[i].state;
	return VMM_STATE_OTHER;
}

static void on_status(sd_json_variant *result, const char *error, void *userdata)
{
	_cleanup_free_ struct question *question = userdata;
	const char *status = text_field(result, "status");

	question->done(error ? -EIO : 0, read_state(status), error ? error : status,
		       question->userdata);
}

int qemu_ask_state(struct vmm *vmm, vmm_state_done_t done, void *userdata)
{
	_cleanup_free_ struct question *question = malloc(sizeof(*question));
	int r = -ENOMEM;

	if (!question)
		return r;
	*question = (struct question){ .done = done, .userdata = userdata };
	r = qemu_qmp_execute(qemu_of(vmm)->qmp, "query-status", NULL, on_status, question);
	if (r >= 0)
		(void)take_ptr(question);
	return r;
}
