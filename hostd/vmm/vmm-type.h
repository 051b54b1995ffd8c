/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a VMM brings, behind vmm.h. Nobody but the files of vmm/ includes this. */
#pragma once

#include "vmm/vmm.h"

/* As vmm.h says of each; a verb that is NULL is not supported. */
struct vmm_type {
	const char *name, *label, *control_name;
	struct verdict (*check)(const struct guest_config *config);
	uint64_t (*overhead)(const struct guest_config *config, bool kvm);
	int (*make_plan)(const struct vmm_machine *machine, struct vmm_plan *ret_plan);
	int (*connect)(sd_event *event, const char *folder, const struct vmm_callbacks *callbacks,
		       struct vmm **ret_vmm);
	void (*free)(struct vmm *vmm);
	int (*powerdown)(struct vmm *vmm, vmm_done_t done, void *userdata);
	int (*pause)(struct vmm *vmm, vmm_done_t done, void *userdata);
	int (*resume)(struct vmm *vmm, vmm_done_t done, void *userdata);
	int (*ask_state)(struct vmm *vmm, vmm_state_done_t done, void *userdata);
	int (*add_device)(struct vmm *vmm, const struct vmm_device *device, vmm_done_t done,
			  void *userdata);
	int (*remove_device)(struct vmm *vmm, enum vmm_device_kind kind, size_t index, bool force,
			     vmm_done_t done, void *userdata);
	int (*take_picture)(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
	int (*open_display)(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
	int (*snapshot)(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
};

/* Those that this hostd has, ended by NULL; the first is the default. In vmm-list.c; the hostd of
 * the fault tests has another list in its place, and the one that is shipped has nothing but QEMU
 * in it. */
extern const struct vmm_type *const vmm_types[];

/* The first member of each VMM's own. */
struct vmm {
	const struct vmm_type *type;
};
