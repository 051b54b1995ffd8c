// SPDX-License-Identifier: GPL-2.0-or-later
// The door: finds who does it, and says so where nobody does.
#include "vmm.h"

#include <string.h>

#include "vmm/vmm-type.h"

const struct vmm_type *vmm_default(void)
{
	return vmm_types[0];
}

const struct vmm_type *vmm_find(const char *name)
{
	for (size_t i = 0; vmm_types[i]; i++)
		if (strcmp(vmm_types[i]->name, name) == 0)
			return vmm_types[i];
	return NULL;
}

const char *vmm_name(const struct vmm_type *type)
{
	return type->name;
}

const char *vmm_label(const struct vmm_type *type)
{
	return type->label;
}

const char *vmm_control_name(const struct vmm_type *type)
{
	return type->control_name;
}

struct verdict vmm_check(const struct vmm_type *type, const struct guest_config *config)
{
	return type->check(config);
}

uint64_t vmm_overhead(const struct vmm_type *type, const struct guest_config *config, bool kvm)
{
	return type->overhead(config, kvm);
}

int vmm_make_plan(const struct vmm_type *type, const struct vmm_machine *machine,
		  struct vmm_plan *ret_plan)
{
	return type->make_plan(machine, ret_plan);
}

int vmm_connect(const struct vmm_type *type, sd_event *event, const char *folder,
		const struct vmm_callbacks *callbacks, struct vmm **ret_vmm)
{
	return type->connect(event, folder, callbacks, ret_vmm);
}

void vmm_free(struct vmm *vmm)
{
	if (vmm)
		vmm->type->free(vmm);
}

/* Calls a verb of the type; 0 for fd where there is none to be closed. */
#define CALL(vmm, verb, ...)                \
	(!(vmm)               ? -ENOTCONN   \
	 : !(vmm)->type->verb ? -EOPNOTSUPP \
			      : (vmm)->type->verb((vmm), __VA_ARGS__))
#define CALL_WITH_FD(vmm, verb, fd, ...)                    \
	(!(vmm)               ? (fd_close(fd), -ENOTCONN)   \
	 : !(vmm)->type->verb ? (fd_close(fd), -EOPNOTSUPP) \
			      : (vmm)->type->verb((vmm), (fd), __VA_ARGS__))

int vmm_powerdown(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return CALL(vmm, powerdown, done, userdata);
}

int vmm_pause(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return CALL(vmm, pause, done, userdata);
}

int vmm_resume(struct vmm *vmm, vmm_done_t done, void *userdata)
{
	return CALL(vmm, resume, done, userdata);
}

int vmm_ask_state(struct vmm *vmm, vmm_state_done_t done, void *userdata)
{
	return CALL(vmm, ask_state, done, userdata);
}

int vmm_add_device(struct vmm *vmm, const struct vmm_device *device, vmm_done_t done,
		   void *userdata)
{
	if (vmm && vmm->type->add_device)
		return vmm->type->add_device(vmm, device, done, userdata);
	fd_close(device->fds[0]);
	fd_close(device->fds[1]);
	return vmm ? -EOPNOTSUPP : -ENOTCONN;
}

int vmm_remove_device(struct vmm *vmm, enum vmm_device_kind kind, size_t index, bool force,
		      vmm_done_t done, void *userdata)
{
	return CALL(vmm, remove_device, kind, index, force, done, userdata);
}

int vmm_take_picture(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	return CALL_WITH_FD(vmm, take_picture, fd_consume, done, userdata);
}

int vmm_open_display(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	return CALL_WITH_FD(vmm, open_display, fd_consume, done, userdata);
}

int vmm_snapshot(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata)
{
	return CALL_WITH_FD(vmm, snapshot, fd_consume, done, userdata);
}
