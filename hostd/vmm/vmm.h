/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The door in front of a virtual machine monitor (VMM): everything that the rest of hostd may know
 * of the program that runs a guest. What other VMMs offer for each verb, and what follows for this
 * file, is in docs/decisions/vmm.md.
 */
#pragma once

#include <stddef.h>
#include <systemd/sd-event.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/verdict.h"
#include "config/config.h"
#include "process/guest-process.h"

/* A kind of VMM; there is one object of each, for ever. */
struct vmm_type;
/* A connection to a VMM that runs. */
struct vmm;

/* The one that guests run with, and one by its name; NULL when there is none of it. */
const struct vmm_type *vmm_default(void);
const struct vmm_type *vmm_find(const char *name);
/* "qemu". */
const char *vmm_name(const struct vmm_type *type);
/* What people know it by: "QEMU". */
const char *vmm_label(const struct vmm_type *type);
/* What its listening control socket is called in the guest's folder, without ".sock". */
const char *vmm_control_name(const struct vmm_type *type);

/* --- devices --- */

/* In parentheses their fds; one that is not said to be optional has to be there. */
enum vmm_device_kind {
	VMM_DEVICE_CONTROL, /* how it is spoken with (listening socket) */
	VMM_DEVICE_SERIAL, /* a serial port; 0 is the console (listening socket) */
	VMM_DEVICE_ACCELERATOR, /* (/dev/kvm, read-write) */
	VMM_DEVICE_KERNEL, /* to be booted (file, read-only); so the next */
	VMM_DEVICE_INITRD,
	VMM_DEVICE_VARIABLES, /* UEFI's variable store (file, read-write) */
	VMM_DEVICE_VSOCK, /* (/dev/vhost-vsock, read-write) */
	VMM_DEVICE_NIC, /* (its tap, unless it is behind NAT of the VMM's own; optional:
			   /dev/vhost-net) */
	VMM_DEVICE_DISK, /* (file or disk; read-write, or read-only as the definition says) */
	VMM_DEVICE_CDROM, /* a drive (optional: what lies in it, read-only) */
	VMM_DEVICE_SEED, /* cloud-init's medium (file, read-only) */
	VMM_DEVICE_MEDIUM, /* what lies in drive index; comes and goes while the guest runs
			      (read-only) */
	VMM_DEVICE_COUNT,
};

/* "disk", "nic"…; NULL out of range. */
const char *vmm_device_kind_name(enum vmm_device_kind kind);

#define VMM_DEVICE_FDS_MAX 2

struct vmm_device {
	enum vmm_device_kind kind;
	size_t index; /* in the definition's list of its kind */
	int fds[VMM_DEVICE_FDS_MAX]; /* in the order above, -EBADF: none. Whose they are, users say
				      */
	enum disk_format format; /* of a disk: RAW or QCOW2, never AUTO: nobody is to guess */
	bool direct; /* of a disk: the fd has O_DIRECT */
	uint8_t mac[6]; /* of a NIC */
	uint32_t cid; /* of a vsock: the guest's context id */
};

/* The devices of a definition, in the order of their kinds, without fds. Returns 0 with a new
 * array, to be freed, or -ENOMEM. */
int vmm_list_devices(const struct guest_config *config, bool kvm, struct vmm_device **ret_devices,
		     size_t *ret_count);

/* --- what is started --- */

/* A definition, and what was opened for it. */
struct vmm_machine {
	const struct guest_config *config;
	bool kvm; /* otherwise the VMM emulates the processor: no isolation */
	const struct vmm_device *devices;
	size_t device_count;
};

/* A program that is to be started for the guest. */
struct vmm_process {
	const char *kind; /* "vmm", which is the guest's life; others help it */
	/* All but name, index and limits. What it points to is the plan's, but for the fds. */
	struct guest_process_spec spec;
	struct text_list argv;
	struct process_fd *fds;
	struct guest_process_file *files;
};

/* The first is the VMM itself. */
struct vmm_plan {
	struct vmm_process *processes;
	size_t count;
};

/* Whether this VMM can do what the definition asks for; pure. */
struct verdict vmm_check(const struct vmm_type *type, const struct guest_config *config);
/* What its process uses beyond the guest's memory, before anything alike was measured; pure. */
uint64_t vmm_overhead(const struct vmm_type *type, const struct guest_config *config, bool kvm);
/*
 * What to start; no more than memory is touched. The machine's fds must stay open until it is
 * started. Returns 0 with a plan that is the caller's, -EBADF where a device has no fd, -EINVAL for
 * a disk whose format is not said, or -ENOMEM.
 */
int vmm_make_plan(const struct vmm_type *type, const struct vmm_machine *machine,
		  struct vmm_plan *ret_plan);
void vmm_plan_done(struct vmm_plan *plan);

/* --- a connection --- */

/* What a VMM's process is about to end with. */
enum vmm_ending {
	VMM_ENDING_NONE, /* it goes on */
	VMM_ENDING_POWER_OFF,
	VMM_ENDING_RESET, /* the guest reboots, and its definition asks for another process then */
	VMM_ENDING_PANIC,
	VMM_ENDING_ERROR, /* the VMM cannot go on with the guest */
};

enum vmm_event_kind {
	VMM_EVENT_ENDING, /* the process is about to end; ending says why */
	VMM_EVENT_RESET, /* the guest was reset, and goes on in the same process */
	VMM_EVENT_PANICKED, /* the guest said so */
	VMM_EVENT_HALTED, /* its processors stand still: vmm_ask_state() tells why */
	VMM_EVENT_RESUMED,
	VMM_EVENT_WATCHDOG, /* it ran out; detail is what is done about it, ending what follows */
	VMM_EVENT_DISK_ERROR,
};

/* Strings are borrowed, and NULL where the VMM does not say. */
struct vmm_event {
	enum vmm_event_kind kind;
	enum vmm_ending ending;
	const char *detail; /* a reason or an action, in the VMM's words */
	const char *device, *operation; /* of VMM_EVENT_DISK_ERROR */
};

enum vmm_state {
	VMM_STATE_OTHER, /* on its way to another one; an event tells when it is there */
	VMM_STATE_RUNNING,
	VMM_STATE_PAUSED, /* on our word */
	VMM_STATE_HALTED, /* by the VMM: an I/O error, the watchdog */
	VMM_STATE_PANICKED,
	VMM_STATE_BROKEN, /* the guest in it cannot go on */
};

/* Each may be NULL, is called from the event loop only, and may call any function here, vmm_free()
 * included. */
struct vmm_callbacks {
	void (*ready)(void *userdata); /* the verbs work from here on. Once */
	void (*event)(const struct vmm_event *event, void *userdata);
	/* The connection is over, and every verb was answered: only vmm_free() is left to do. Once.
	 */
	void (*closed)(int error, void *userdata);
	void *userdata;
};

/*
 * Connects, without waiting, to the VMM whose control socket is in the folder. Any hostd may do so,
 * again and again, as long as the VMM runs. Returns 0 or -errno.
 */
int vmm_connect(const struct vmm_type *type, sd_event *event, const char *folder,
		const struct vmm_callbacks *callbacks, struct vmm **ret_vmm);
/* Lets go of it; it runs on. Verbs without an answer get one, an error, from here. NULL is nothing.
 */
void vmm_free(struct vmm *vmm);
DEFINE_CLEANUP(struct vmm *, vmm_free);

/*
 * The verbs return 0 when the VMM was asked, -ENOTCONN before ready and after closed (and for vmm
 * NULL), -EOPNOTSUPP for what this VMM does not do, -EBUSY or -ENOBUFS when it has not answered
 * earlier ones, or -errno. Where 0 was returned, done (if there is one) is called exactly once,
 * maybe before: with 0, or with -errno and a borrowed line that says why. fd_consume is closed in
 * any case.
 */
/* -ENOTCONN: the connection ended before the answer came. */
typedef void (*vmm_done_t)(int error, const char *why, void *userdata);

/* Presses the power button. */
int vmm_powerdown(struct vmm *vmm, vmm_done_t done, void *userdata);
int vmm_pause(struct vmm *vmm, vmm_done_t done, void *userdata);
int vmm_resume(struct vmm *vmm, vmm_done_t done, void *userdata);

/* text is the state in the VMM's words; without an answer error is not 0. */
typedef void (*vmm_state_done_t)(int error, enum vmm_state state, const char *text, void *userdata);
int vmm_ask_state(struct vmm *vmm, vmm_state_done_t done, void *userdata);

/*
 * A device that comes or goes while the guest runs; the device's fd is consumed. force takes it
 * from a guest that holds on to it; without it the guest is asked to let go, and -EBUSY is the
 * answer.
 */
int vmm_add_device(struct vmm *vmm, const struct vmm_device *device, vmm_done_t done,
		   void *userdata);
int vmm_remove_device(struct vmm *vmm, enum vmm_device_kind kind, size_t index, bool force,
		      vmm_done_t done, void *userdata);

/* What the display shows, written into the file behind the fd as PPM (P6, 8 bits). */
int vmm_take_picture(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
/* A client of the display: from now on the VMM speaks RFB (RFC 6143) on this connection, without
 * authentication, whether there is a hostd or not. */
int vmm_open_display(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
/* The guest's memory and devices, written into the file behind the fd. No VMM does it yet. */
int vmm_snapshot(struct vmm *vmm, int fd_consume, vmm_done_t done, void *userdata);
