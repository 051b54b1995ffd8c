/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A connection to a QEMU, behind vmm.h: qemu.c (the connection, simple verbs), qemu-events.c (what
 * it says), qemu-medium.c, qemu-display.c. Nobody else includes this. */
#pragma once

#include "vmm/qemu/qemu-qmp.h"
#include "vmm/vmm-type.h"

struct qemu {
	struct vmm vmm;
	struct vmm_callbacks callbacks;
	struct qemu_qmp *qmp; /* NULL as soon as it is being freed */
	unsigned int media_changing; /* a bit for each CD-ROM drive */
	bool takes_picture;
};

static inline struct qemu *qemu_of(struct vmm *vmm)
{
	return (struct qemu *)vmm;
}

/* qemu-call.c */
/* A verb that is one command: done is told its reply. arguments may be NULL; with fd (consumed)
 * -EBADF for none. Returns as the verbs do. */
int qemu_call(struct qemu *qemu, const char *command, sd_json_variant *arguments, int fd_consume,
	      vmm_done_t done, void *userdata);

/* qemu-plan.c */
struct verdict qemu_check(const struct guest_config *config);
uint64_t qemu_overhead(const struct guest_config *config, bool kvm);
int qemu_make_plan(const struct vmm_machine *machine, struct vmm_plan *ret_plan);

/* qemu-events.c */
/* As the callback of struct qemu_qmp_callbacks; userdata is the struct qemu. */
void qemu_on_event(const char *name, sd_json_variant *data, void *userdata);
int qemu_ask_state(struct vmm *vmm, vmm_state_done_t done, void *userdata);

/* qemu-medium.c */
int qemu_add_device(struct vmm *vmm, const struct vmm_device *device, vmm_done_t done,
		    void *userdata);
int qemu_remove_device(struct vmm *vmm, enum vmm_device_kind kind, size_t index, bool force,
		       vmm_done_t done, void *userdata);

/* qemu-display.c */
int qemu_open_display(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
int qemu_take_picture(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
